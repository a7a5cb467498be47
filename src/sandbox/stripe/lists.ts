// Lists: filtered, newest first, in pages, as Stripe's list endpoints answer.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import type { Kind, Kinds } from './kinds.ts';
import type { Range } from './parameters.ts';
import { created, flag, oneOf, paging, parameters, read, text, whole } from './parameters.ts';
import { invalid, missing } from './refusals.ts';
import type { Column, ListQuery } from './store.ts';

const defaultLimit = 10;
const monthSeconds = 30 * 86_400;

interface Paging {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
  created?: Range | undefined;
}

export function listSessions(act: Act, raw: unknown): Stripe.ApiList<Stripe.Checkout.Session> {
  const asked = read(
    parameters<Stripe.Checkout.SessionListParams>()({
      ...paging,
      created,
      customer: text().optional(),
      customer_details: z.strictObject({ email: text() }).optional(),
      payment_intent: text().optional(),
      status: oneOf('complete', 'expired', 'open').optional(),
      subscription: text().optional(),
    }),
    raw,
  );
  return page(act, 'checkout.session', '/v1/checkout/sessions', asked, {
    where: where({
      customer: asked.customer,
      email: asked.customer_details?.email,
      payment_intent: asked.payment_intent,
      state: asked.status,
      subscription: asked.subscription,
    }),
  });
}

export function listCustomers(act: Act, raw: unknown): Stripe.ApiList<Stripe.Customer> {
  const asked = read(
    parameters<Stripe.CustomerListParams>()({ ...paging, created, email: text().optional() }),
    raw,
  );
  return page(act, 'customer', '/v1/customers', asked, { where: where({ email: asked.email }) });
}

export function listSubscriptions(act: Act, raw: unknown): Stripe.ApiList<Stripe.Subscription> {
  const asked = read(
    parameters<Stripe.SubscriptionListParams>()({
      ...paging,
      created,
      customer: text().optional(),
      status: oneOf(
        'active',
        'all',
        'canceled',
        'ended',
        'incomplete',
        'incomplete_expired',
        'past_due',
        'paused',
        'trialing',
        'unpaid',
      ).optional(),
    }),
    raw,
  );
  const live = ['active', 'incomplete', 'past_due', 'paused', 'trialing', 'unpaid', 'incomplete_expired'];
  const among = {
    all: undefined,
    ended: ['canceled', 'incomplete_expired'],
    none: live,
  };
  const values =
    asked.status === undefined
      ? among.none
      : asked.status === 'all'
        ? among.all
        : asked.status === 'ended'
          ? among.ended
          : [asked.status];
  return page(act, 'subscription', '/v1/subscriptions', asked, {
    where: where({ customer: asked.customer }),
    among: values === undefined ? undefined : { column: 'state', values },
  });
}

export function listInvoices(act: Act, raw: unknown): Stripe.ApiList<Stripe.Invoice> {
  const asked = read(
    parameters<Stripe.InvoiceListParams>()({
      ...paging,
      collection_method: oneOf('charge_automatically', 'send_invoice').optional(),
      created,
      customer: text().optional(),
      status: oneOf('draft', 'open', 'paid', 'uncollectible', 'void').optional(),
      subscription: text().optional(),
    }),
    raw,
  );
  if (asked.collection_method === 'send_invoice')
    return { object: 'list', data: [], has_more: false, url: '/v1/invoices' };
  return page(act, 'invoice', '/v1/invoices', asked, {
    where: where({ customer: asked.customer, state: asked.status, subscription: asked.subscription }),
  });
}

export function listInvoicePayments(act: Act, raw: unknown): Stripe.ApiList<Stripe.InvoicePayment> {
  const asked = read(
    parameters<Stripe.InvoicePaymentListParams>()({
      ...paging,
      created,
      invoice: text().optional(),
      payment: z
        .strictObject({
          payment_intent: text().optional(),
          payment_record: text().optional(),
          type: oneOf('payment_intent', 'payment_record'),
        })
        .optional(),
      status: oneOf('canceled', 'open', 'paid').optional(),
    }),
    raw,
  );
  if (asked.payment?.type === 'payment_intent' && asked.payment.payment_intent === undefined) {
    throw invalid(
      'Missing required param: payment[payment_intent].',
      'payment[payment_intent]',
      'parameter_missing',
    );
  }
  return page(act, 'invoice_payment', '/v1/invoice_payments', asked, {
    where: where({
      invoice: asked.invoice,
      payment_intent: asked.payment?.payment_intent ?? asked.payment?.payment_record,
      state: asked.status,
    }),
  });
}

export function listPaymentIntents(act: Act, raw: unknown): Stripe.ApiList<Stripe.PaymentIntent> {
  const asked = read(
    parameters<Stripe.PaymentIntentListParams>()({ ...paging, created, customer: text().optional() }),
    raw,
  );
  return page(act, 'payment_intent', '/v1/payment_intents', asked, {
    where: where({ customer: asked.customer }),
  });
}

export function listCharges(act: Act, raw: unknown): Stripe.ApiList<Stripe.Charge> {
  const asked = read(
    parameters<Stripe.ChargeListParams>()({
      ...paging,
      created,
      customer: text().optional(),
      payment_intent: text().optional(),
    }),
    raw,
  );
  return page(act, 'charge', '/v1/charges', asked, {
    where: where({ customer: asked.customer, payment_intent: asked.payment_intent }),
  });
}

export function listRefunds(act: Act, raw: unknown): Stripe.ApiList<Stripe.Refund> {
  const asked = read(
    parameters<Stripe.RefundListParams>()({
      ...paging,
      charge: text().optional(),
      created,
      payment_intent: text().optional(),
    }),
    raw,
  );
  return page(act, 'refund', '/v1/refunds', asked, {
    where: where({ charge: asked.charge, payment_intent: asked.payment_intent }),
  });
}

export function listDisputes(act: Act, raw: unknown): Stripe.ApiList<Stripe.Dispute> {
  const asked = read(
    parameters<Stripe.DisputeListParams>()({
      ...paging,
      charge: text().optional(),
      created,
      payment_intent: text().optional(),
    }),
    raw,
  );
  return page(act, 'dispute', '/v1/disputes', asked, {
    where: where({ charge: asked.charge, payment_intent: asked.payment_intent }),
  });
}

export function listFraudWarnings(act: Act, raw: unknown): Stripe.ApiList<Stripe.Radar.EarlyFraudWarning> {
  const asked = read(
    parameters<Stripe.Radar.EarlyFraudWarningListParams>()({
      ...paging,
      charge: text().optional(),
      created,
      payment_intent: text().optional(),
    }),
    raw,
  );
  return page(act, 'radar.early_fraud_warning', '/v1/radar/early_fraud_warnings', asked, {
    where: where({ charge: asked.charge, payment_intent: asked.payment_intent }),
  });
}

export function listBalanceTransactions(act: Act, raw: unknown): Stripe.ApiList<Stripe.BalanceTransaction> {
  const asked = read(
    parameters<Stripe.BalanceTransactionListParams>()({
      ...paging,
      created,
      currency: text().optional(),
      payout: text().optional(),
      source: text().optional(),
      type: text().optional(),
    }),
    raw,
  );
  return page(act, 'balance_transaction', '/v1/balance_transactions', asked, {
    where: where({ charge: asked.source, state: asked.type, invoice: asked.payout }),
  });
}

/** Thirty days back and no further, at most twenty types at once. */
export function listEvents(act: Act, raw: unknown): Stripe.ApiList<Stripe.EventBase> {
  const asked = read(
    parameters<Stripe.EventListParams>()({
      ...paging,
      created,
      delivery_success: flag.optional(),
      type: text().optional(),
      types: z.array(text()).max(20, 'You may pass up to 20 event types').optional(),
    }),
    raw,
  );
  if (asked.type !== undefined && asked.types !== undefined) {
    throw invalid(
      'You may only specify one of these parameters: type, types.',
      'type',
      'parameters_exclusive',
    );
  }
  const types = asked.types ?? (asked.type === undefined ? undefined : [asked.type]);
  const undelivered =
    "EXISTS (SELECT 1 FROM stripe_deliveries d WHERE d.event = o.id AND d.status <> 'delivered')";
  const listed = page(
    act,
    'event',
    '/v1/events',
    {
      ...asked,
      created: { ...asked.created, gte: Math.max(asked.created?.gte ?? 0, act.at - monthSeconds) },
    },
    {
      among: types === undefined ? undefined : { column: 'state', values: types.map((type) => type) },
      and:
        asked.delivery_success === undefined
          ? undefined
          : { sql: asked.delivery_success ? `NOT ${undelivered}` : undelivered, values: [] },
    },
  );
  return { ...listed, data: listed.data.map((event) => withPending(act, event)) };
}

export function withPending(act: Act, event: Stripe.EventBase): Stripe.EventBase {
  return { ...event, pending_webhooks: act.store.pendingDeliveries(event.id) };
}

export function listEndpoints(act: Act, raw: unknown): Stripe.ApiList<Stripe.WebhookEndpoint> {
  const asked = read(parameters<Stripe.WebhookEndpointListParams>()({ ...paging }), raw);
  return page(act, 'webhook_endpoint', '/v1/webhook_endpoints', asked, {});
}

export function listConfigurations(
  act: Act,
  raw: unknown,
): Stripe.ApiList<Stripe.BillingPortal.Configuration> {
  const asked = read(
    parameters<Stripe.BillingPortal.ConfigurationListParams>()({
      ...paging,
      active: flag.optional(),
      is_default: flag.optional(),
    }),
    raw,
  );
  const conditions = [
    ...(asked.active === undefined ? [] : [`json_extract(o.body, '$.active') = ${asked.active ? 1 : 0}`]),
    ...(asked.is_default === undefined
      ? []
      : [`json_extract(o.body, '$.is_default') = ${asked.is_default ? 1 : 0}`]),
  ];
  return page(act, 'billing_portal.configuration', '/v1/billing_portal/configurations', asked, {
    and: conditions.length === 0 ? undefined : { sql: conditions.join(' AND '), values: [] },
  });
}

export function listProducts(act: Act, raw: unknown): Stripe.ApiList<Stripe.Product> {
  const asked = read(
    parameters<Stripe.ProductListParams>()({ ...paging, active: flag.optional(), created }),
    raw,
  );
  return page(act, 'product', '/v1/products', asked, { and: activeOnly(asked.active) });
}

export function listPrices(act: Act, raw: unknown): Stripe.ApiList<Stripe.Price> {
  const asked = read(
    parameters<Stripe.PriceListParams>()({
      ...paging,
      active: flag.optional(),
      created,
      product: text().optional(),
    }),
    raw,
  );
  const active = activeOnly(asked.active);
  const product = asked.product;
  return page(act, 'price', '/v1/prices', asked, {
    and:
      product === undefined
        ? active
        : {
            sql: `json_extract(o.body, '$.product') = ?${active ? ` AND ${active.sql}` : ''}`,
            values: [product],
          },
  });
}

export function listPaymentMethods(
  act: Act,
  customer: string | undefined,
  raw: unknown,
  url: string,
): Stripe.ApiList<Stripe.PaymentMethod> {
  const asked = read(
    parameters<Stripe.PaymentMethodListParams>()({
      ...paging,
      customer: text().optional(),
      type: oneOf('card', 'sepa_debit').optional(),
    }),
    raw,
  );
  const type = asked.type;
  return page(act, 'payment_method', url, asked, {
    where: where({ customer: customer ?? asked.customer }),
    and: type === undefined ? undefined : { sql: "json_extract(o.body, '$.type') = ?", values: [type] },
  });
}

export function listLineItems(act: Act, session: string, raw: unknown): Stripe.ApiList<Stripe.LineItem> {
  const asked = read(
    parameters<Stripe.Checkout.SessionListLineItemsParams>()({ limit: whole(1, 100).optional() }),
    raw,
  );
  if (!act.store.find('checkout.session', session)) throw missing('checkout.session', session, 'session');
  const items = act.store.note('checkout.session', session)?.items ?? [];
  const limit = asked.limit ?? defaultLimit;
  return {
    object: 'list',
    data: items.slice(0, limit),
    has_more: items.length > limit,
    url: `/v1/checkout/sessions/${session}/line_items`,
  };
}

function page<K extends Kind>(
  act: Act,
  kind: K,
  url: string,
  asked: Paging,
  query: Pick<ListQuery, 'among' | 'and' | 'where'>,
): Stripe.ApiList<Kinds[K]> {
  if (asked.starting_after !== undefined && asked.ending_before !== undefined) {
    throw invalid(
      'You may only specify one of these parameters: starting_after, ending_before.',
      'starting_after',
      'parameters_exclusive',
    );
  }
  for (const param of ['starting_after', 'ending_before'] as const) {
    const cursor = asked[param];
    if (cursor !== undefined && !act.store.find(kind, cursor)) throw missing(kind, cursor, param, 400);
  }
  const { data, hasMore } = act.store.list(kind, {
    limit: asked.limit ?? defaultLimit,
    startingAfter: asked.starting_after,
    endingBefore: asked.ending_before,
    created: asked.created,
    ...query,
  });
  return { object: 'list', data, has_more: hasMore, url };
}

function where(filters: Partial<Record<Column, string | undefined>>): Partial<Record<Column, string>> {
  const given: Partial<Record<Column, string>> = {};
  for (const column of [
    'customer',
    'payment_intent',
    'charge',
    'subscription',
    'invoice',
    'state',
    'email',
  ] as const) {
    const value = filters[column];
    if (value !== undefined) given[column] = value;
  }
  return given;
}

function activeOnly(active: boolean | undefined): ListQuery['and'] {
  return active === undefined
    ? undefined
    : { sql: `json_extract(o.body, '$.active') = ${active ? 1 : 0}`, values: [] };
}
