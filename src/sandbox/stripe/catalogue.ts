// The catalogue: products and prices that a client makes and changes by itself.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, get, tell } from './act.ts';
import {
  currency,
  flag,
  mergeMetadata,
  metadata,
  oneOf,
  parameters,
  read,
  text,
  unsettable,
  webAddress,
  whole,
} from './parameters.ts';
import { mostAmount, newProduct, priceFor, recurring } from './prices.ts';
import { invalid } from './refusals.ts';

const productCreation = parameters<Stripe.ProductCreateParams>()({
  active: flag.optional(),
  description: unsettable().optional(),
  metadata,
  name: text(250),
  statement_descriptor: text(22).optional(),
  url: webAddress.optional(),
});

const productChange = parameters<Stripe.ProductUpdateParams>()({
  active: flag.optional(),
  description: unsettable().optional(),
  metadata,
  name: text(250).optional(),
  statement_descriptor: text(22).optional(),
  url: z.union([z.literal('').transform(() => null), webAddress]).optional(),
});

const taxBehaviour = oneOf('exclusive', 'inclusive', 'unspecified');

const priceCreation = parameters<Stripe.PriceCreateParams>()({
  active: flag.optional(),
  currency,
  lookup_key: text(200).optional(),
  metadata,
  nickname: text().optional(),
  product: text().optional(),
  product_data: z.strictObject({ active: flag.optional(), metadata, name: text(250) }).optional(),
  recurring: recurring.optional(),
  tax_behavior: taxBehaviour.optional(),
  unit_amount: whole(0, mostAmount),
});

const priceChange = parameters<Stripe.PriceUpdateParams>()({
  active: flag.optional(),
  lookup_key: text(200).optional(),
  metadata,
  nickname: unsettable().optional(),
});

export function createProduct(act: Act, raw: unknown): Stripe.Product {
  const asked = read(productCreation, raw);
  return newProduct(act, {
    active: asked.active ?? true,
    description: asked.description ?? null,
    metadata: mergeMetadata({}, asked.metadata),
    name: asked.name,
    statement_descriptor: asked.statement_descriptor ?? null,
    url: asked.url ?? null,
  });
}

export function updateProduct(act: Act, id: string, raw: unknown): Stripe.Product {
  const asked = read(productChange, raw);
  const product = get(act, 'product', id);
  const changed = change(act, 'product', product, {
    ...(asked.active === undefined ? {} : { active: asked.active }),
    ...(asked.description === undefined ? {} : { description: asked.description }),
    ...(asked.name === undefined ? {} : { name: asked.name }),
    ...(asked.statement_descriptor === undefined ? {} : { statement_descriptor: asked.statement_descriptor }),
    ...(asked.url === undefined ? {} : { url: asked.url }),
    metadata: mergeMetadata(product.metadata, asked.metadata),
    updated: act.at,
  });
  tell(act, 'product.updated', changed, product);
  return changed;
}

export function createPrice(act: Act, raw: unknown): Stripe.Price {
  const asked = read(priceCreation, raw);
  const { product, product_data: own, recurring: rhythm, tax_behavior: tax } = asked;
  if ((product === undefined) === (own === undefined))
    throw invalid('You must specify either `product` or `product_data` when creating a price.', 'product');
  return priceFor(
    act,
    {
      currency: asked.currency,
      unit_amount: asked.unit_amount,
      ...(product !== undefined && { product }),
      ...(own !== undefined && { product_data: { name: own.name, metadata: own.metadata } }),
      ...(rhythm !== undefined && { recurring: rhythm }),
      ...(tax !== undefined && { tax_behavior: tax }),
    },
    '',
    {
      active: asked.active ?? true,
      lookup_key: asked.lookup_key ?? null,
      metadata: mergeMetadata({}, asked.metadata),
      nickname: asked.nickname ?? null,
    },
  );
}

export function updatePrice(act: Act, id: string, raw: unknown): Stripe.Price {
  const asked = read(priceChange, raw);
  const price = get(act, 'price', id);
  const changed = change(act, 'price', price, {
    ...(asked.active === undefined ? {} : { active: asked.active }),
    ...(asked.lookup_key === undefined ? {} : { lookup_key: asked.lookup_key }),
    ...(asked.nickname === undefined ? {} : { nickname: asked.nickname }),
    metadata: mergeMetadata(price.metadata, asked.metadata),
  });
  tell(act, 'price.updated', changed, price);
  return changed;
}
