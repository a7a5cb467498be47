// Products and prices, made on the way when a checkout or a change of amount names its own.
import Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { get, keep, tell } from './act.ts';
import { decimalsOf } from './currencies.ts';
import { newId } from './kinds.ts';
import { currency, mergeMetadata, metadata, oneOf, text, whole } from './parameters.ts';
import { invalid } from './refusals.ts';

export const mostAmount = 99_999_999;

export const recurring = z.strictObject({
  interval: oneOf('day', 'week', 'month', 'year'),
  interval_count: whole(1, 1095).optional(),
});

export const checkoutPrice = z.strictObject({
  currency,
  product: text().optional(),
  product_data: z
    .strictObject({
      name: text(250),
      description: text().optional(),
      images: z.array(z.string()).optional(),
      metadata,
    })
    .optional(),
  recurring: recurring.optional(),
  tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified').optional(),
  unit_amount: whole(0, mostAmount),
});

export const itemPrice = z.strictObject({
  currency,
  product: text(),
  recurring,
  tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified').optional(),
  unit_amount: whole(0, mostAmount),
});

export function priceFor(
  act: Act,
  asked: z.infer<typeof checkoutPrice> | z.infer<typeof itemPrice>,
  param: string,
  about: Partial<Pick<Stripe.Price, 'active' | 'lookup_key' | 'metadata' | 'nickname'>> = {},
): Stripe.Price {
  if (decimalsOf(asked.currency) === 3 && asked.unit_amount % 10 !== 0) {
    throw invalid(
      `Invalid amount: ${asked.currency} amounts must be divisible by 10, since its smallest unit is not charged`,
      within(param, 'unit_amount'),
    );
  }
  const own = 'product_data' in asked ? asked.product_data : undefined;
  if ((asked.product === undefined) === (own === undefined)) {
    throw invalid('You must specify either `product` or `product_data` when creating a price.', param);
  }
  const product =
    asked.product === undefined
      ? newProduct(act, {
          // Made on the way it is not offered to others.
          active: about.active ?? false,
          description: own?.description ?? null,
          metadata: mergeMetadata({}, own?.metadata),
          name: own?.name ?? '',
        })
      : get(act, 'product', asked.product, within(param, 'product'));
  const price = keep(act, 'price', {
    id: newId('price'),
    object: 'price',
    active: false,
    billing_scheme: 'per_unit',
    created: act.at,
    currency: asked.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product: product.id,
    recurring:
      asked.recurring === undefined
        ? null
        : {
            interval: asked.recurring.interval,
            interval_count: asked.recurring.interval_count ?? 1,
            meter: null,
            trial_period_days: null,
            usage_type: 'licensed',
          },
    tax_behavior: asked.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: asked.recurring === undefined ? 'one_time' : 'recurring',
    unit_amount: asked.unit_amount,
    unit_amount_decimal: Stripe.Decimal.from(asked.unit_amount),
    ...about,
  });
  tell(act, 'price.created', price);
  return price;
}

/** The older face of a recurring price, still on every subscription item. */
export function planOf(price: Stripe.Price): Stripe.Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

/** An object's id, whether the declaration lets it be expanded or not. */
export function idOf(reference: string | { id: string }): string {
  return typeof reference === 'string' ? reference : reference.id;
}

export function idOrNull(reference: string | { id: string } | null | undefined): string | null {
  return reference === null || reference === undefined ? null : idOf(reference);
}

/** A parameter of its own, or one of a group. */
function within(group: string, name: string): string {
  return group === '' ? name : `${group}[${name}]`;
}

export function newProduct(
  act: Act,
  facts: Pick<Stripe.Product, 'active' | 'description' | 'metadata' | 'name'> &
    Partial<Pick<Stripe.Product, 'statement_descriptor' | 'url'>>,
): Stripe.Product {
  const product = keep(act, 'product', {
    id: newId('product'),
    object: 'product',
    created: act.at,
    default_price: null,
    images: [],
    livemode: false,
    marketing_features: [],
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: act.at,
    url: null,
    ...facts,
  });
  tell(act, 'product.created', product);
  return product;
}
