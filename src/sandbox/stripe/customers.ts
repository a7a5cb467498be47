// Customers: made by the API or by a paid checkout, and their answers.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, get, keep, tell } from './act.ts';
import { newId, randomLetters } from './kinds.ts';
import { emailAddress, mergeMetadata, metadata, parameters, read, text, unsettable } from './parameters.ts';
import { attach, methodNamed } from './payment-methods.ts';
import { invalid, missing } from './refusals.ts';

export const noAddress: Stripe.Address = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};

const address = z
  .union([
    z.literal('').transform(() => null),
    z.strictObject({
      city: unsettable().optional(),
      country: unsettable(2).optional(),
      line1: unsettable().optional(),
      line2: unsettable().optional(),
      postal_code: unsettable().optional(),
      state: unsettable().optional(),
    }),
  ])
  .optional();

const creation = parameters<Stripe.CustomerCreateParams>()({
  address,
  description: unsettable().optional(),
  email: z.union([z.literal('').transform(() => null), emailAddress]).optional(),
  metadata,
  name: unsettable(256).optional(),
  payment_method: text().optional(),
  phone: unsettable(20).optional(),
  preferred_locales: z.array(z.string()).optional(),
  invoice_settings: z
    .strictObject({ default_payment_method: text().optional(), footer: text().optional() })
    .optional(),
});

const changing = parameters<Stripe.CustomerUpdateParams>()({
  address,
  description: unsettable().optional(),
  email: z.union([z.literal('').transform(() => null), emailAddress]).optional(),
  metadata,
  name: unsettable(256).optional(),
  phone: unsettable(20).optional(),
  preferred_locales: z.array(z.string()).optional(),
  invoice_settings: z
    .strictObject({ default_payment_method: text().optional(), footer: text().optional() })
    .optional(),
});

export function createCustomer(act: Act, raw: unknown): Stripe.Customer {
  const asked = read(creation, raw);
  const customer = newCustomer(act, {
    address: addressFrom(asked.address, null),
    description: asked.description ?? null,
    email: asked.email ?? null,
    name: asked.name ?? null,
    phone: asked.phone ?? null,
    metadata: mergeMetadata({}, asked.metadata),
    preferredLocales: asked.preferred_locales ?? [],
  });
  const { payment_method: named, invoice_settings: settings } = asked;
  const method =
    named === undefined
      ? null
      : attach(act, methodNamed(act, named, customer, 'payment_method'), customer.id);
  const wanted = settings?.default_payment_method;
  if (wanted !== undefined && (method === null || (wanted !== named && wanted !== method.id)))
    throw notAttached(wanted);
  return change(act, 'customer', customer, {
    invoice_settings: {
      ...customer.invoice_settings,
      default_payment_method: wanted === undefined ? null : (method?.id ?? null),
      footer: settings?.footer ?? null,
    },
  });
}

function notAttached(method: string): Error {
  return invalid(
    `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
    'invoice_settings[default_payment_method]',
    'resource_missing',
  );
}

export function newCustomer(
  act: Act,
  facts: {
    address: Stripe.Address | null;
    description?: string | null;
    email: string | null;
    name: string | null;
    phone?: string | null;
    metadata?: Stripe.Metadata;
    preferredLocales?: string[];
  },
): Stripe.Customer {
  const customer = keep(act, 'customer', {
    id: newId('customer'),
    object: 'customer',
    address: facts.address,
    balance: 0,
    created: act.at,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: facts.description ?? null,
    discount: null,
    email: facts.email,
    invoice_prefix: randomLetters(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: facts.metadata ?? {},
    name: facts.name,
    next_invoice_sequence: 1,
    phone: facts.phone ?? null,
    preferred_locales: facts.preferredLocales ?? [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  });
  tell(act, 'customer.created', customer);
  return customer;
}

export function updateCustomer(act: Act, id: string, raw: unknown): Stripe.Customer {
  const asked = read(changing, raw);
  const customer = get(act, 'customer', id);
  const method = asked.invoice_settings?.default_payment_method;
  if (
    method !== undefined &&
    get(act, 'payment_method', method, 'invoice_settings[default_payment_method]').customer !== id
  ) {
    throw notAttached(method);
  }
  const changed = change(act, 'customer', customer, {
    ...(asked.address === undefined ? {} : { address: addressFrom(asked.address, customer.address ?? null) }),
    ...(asked.description === undefined ? {} : { description: asked.description }),
    ...(asked.email === undefined ? {} : { email: asked.email }),
    ...(asked.name === undefined ? {} : { name: asked.name }),
    ...(asked.phone === undefined ? {} : { phone: asked.phone }),
    ...(asked.preferred_locales === undefined ? {} : { preferred_locales: asked.preferred_locales }),
    invoice_settings: {
      ...customer.invoice_settings,
      ...(method === undefined ? {} : { default_payment_method: method }),
      ...(asked.invoice_settings?.footer === undefined ? {} : { footer: asked.invoice_settings.footer }),
    },
    metadata: mergeMetadata(customer.metadata, asked.metadata),
  });
  tell(act, 'customer.updated', changed, customer);
  return changed;
}

/** A deleted customer is still answered, as an id and nothing more. */
export function retrieveCustomer(act: Act, id: string): Stripe.Customer | Stripe.DeletedCustomer {
  const found = act.store.find('customer', id) ?? act.store.find('deleted_customer', id);
  if (found === undefined) throw missing('customer', id);
  return found;
}

export function forgetCustomer(act: Act, customer: Stripe.Customer): Stripe.DeletedCustomer {
  act.store.remove('customer', customer.id);
  const deleted = keep(act, 'deleted_customer', { id: customer.id, object: 'customer', deleted: true });
  tell(act, 'customer.deleted', customer);
  return deleted;
}

function addressFrom(
  sent: { [K in keyof Stripe.Address]?: string | null | undefined } | null | undefined,
  known: Stripe.Address | null,
): Stripe.Address | null {
  if (sent === undefined) return known;
  if (sent === null) return null;
  const base = known ?? noAddress;
  return {
    city: sent.city === undefined ? base.city : sent.city,
    country: sent.country === undefined ? base.country : sent.country,
    line1: sent.line1 === undefined ? base.line1 : sent.line1,
    line2: sent.line2 === undefined ? base.line2 : sent.line2,
    postal_code: sent.postal_code === undefined ? base.postal_code : sent.postal_code,
    state: sent.state === undefined ? base.state : sent.state,
  };
}
