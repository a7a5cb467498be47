// Every address of the API the stand-in answers, with what it does there.
import type Stripe from 'stripe';
import { account } from './account.ts';
import type { Act } from './act.ts';
import { change, get, tell } from './act.ts';
import { createPrice, createProduct, updatePrice, updateProduct } from './catalogue.ts';
import { billNow, collect, createSubscription, endAllOf, finaliseAndCollect } from './collection.ts';
import { createCustomer, forgetCustomer, retrieveCustomer, updateCustomer } from './customers.ts';
import { closeDispute, updateDispute } from './disputes.ts';
import { createEndpoint, deleteEndpoint, updateEndpoint } from './endpoints.ts';
import { type Confirmed, cancelIntent, confirmIntent, createIntent, updateIntent } from './intents.ts';
import { invoicePaying, markUncollectible, updateInvoice, voidInvoice } from './invoices.ts';
import type { Kind, Kinds } from './kinds.ts';
import {
  listBalanceTransactions,
  listCharges,
  listConfigurations,
  listCustomers,
  listDisputes,
  listEndpoints,
  listEvents,
  listFraudWarnings,
  listInvoicePayments,
  listInvoices,
  listLineItems,
  listPaymentIntents,
  listPaymentMethods,
  listPrices,
  listProducts,
  listRefunds,
  listSessions,
  listSubscriptions,
  withPending,
} from './lists.ts';
import { mergeMetadata, metadata, parameters, read, text } from './parameters.ts';
import { attach, createMethod, detach, methodNamed } from './payment-methods.ts';
import { createConfiguration, openPortal, updateConfiguration } from './portal.ts';
import { createRefund, updateRefund } from './refunds.ts';
import type { ErrorBody } from './refusals.ts';
import { invalid, refusal } from './refusals.ts';
import { createSession, expireSession, updateSession } from './sessions.ts';
import {
  cancelSubscription,
  pauseSubscription,
  readCreation,
  resumePaused,
  updateSubscription,
} from './subscriptions.ts';

/** What an address answers; a refused card is an answer that keeps its effects, unlike a refused request. */
export type Answer = { status: 200; body: object } | { status: 402; error: ErrorBody };

export interface Resource {
  method: 'DELETE' | 'GET' | 'POST';
  path: string;
  act(act: Act, ids: Record<string, string>, raw: unknown): Answer;
}

const nothing = parameters<object>()({});

export const resources: readonly Resource[] = [
  resource('GET', '/v1/account', () => account),

  resource('POST', '/v1/checkout/sessions', (act, _, raw) => createSession(act, raw)),
  resource('GET', '/v1/checkout/sessions', (act, _, raw) => listSessions(act, raw)),
  resource('GET', '/v1/checkout/sessions/:id', retrieval('checkout.session')),
  resource('POST', '/v1/checkout/sessions/:id', (act, { id = '' }, raw) => updateSession(act, id, raw)),
  resource('POST', '/v1/checkout/sessions/:id/expire', (act, { id = '' }, raw) => {
    read(nothing, raw);
    return expireSession(act, get(act, 'checkout.session', id));
  }),
  resource('GET', '/v1/checkout/sessions/:id/line_items', (act, { id = '' }, raw) =>
    listLineItems(act, id, raw),
  ),

  resource('POST', '/v1/customers', (act, _, raw) => createCustomer(act, raw)),
  resource('GET', '/v1/customers', (act, _, raw) => listCustomers(act, raw)),
  resource('GET', '/v1/customers/:id', (act, { id = '' }, raw) => {
    read(nothing, raw);
    return retrieveCustomer(act, id);
  }),
  resource('POST', '/v1/customers/:id', (act, { id = '' }, raw) => updateCustomer(act, id, raw)),
  resource('DELETE', '/v1/customers/:id', (act, { id = '' }) => {
    const customer = get(act, 'customer', id);
    endAllOf(act, customer);
    return forgetCustomer(act, get(act, 'customer', id));
  }),
  resource('GET', '/v1/customers/:id/payment_methods', (act, { id = '' }, raw) => {
    get(act, 'customer', id);
    return listPaymentMethods(act, id, raw, `/v1/customers/${id}/payment_methods`);
  }),

  resource('GET', '/v1/payment_methods', (act, _, raw) =>
    listPaymentMethods(act, undefined, raw, '/v1/payment_methods'),
  ),
  resource('POST', '/v1/payment_methods', (act, _, raw) => createMethod(act, raw)),
  resource('GET', '/v1/payment_methods/:id', retrieval('payment_method')),
  resource('POST', '/v1/payment_methods/:id/attach', (act, { id = '' }, raw) => {
    const asked = read(parameters<Stripe.PaymentMethodAttachParams>()({ customer: text() }), raw);
    const customer = get(act, 'customer', asked.customer, 'customer');
    return attach(act, methodNamed(act, id, customer), customer.id);
  }),
  resource('POST', '/v1/payment_methods/:id/detach', (act, { id = '' }, raw) => {
    read(nothing, raw);
    return detach(act, id);
  }),

  {
    method: 'POST',
    path: '/v1/subscriptions',
    act(act, _, raw) {
      const facts = readCreation(act, raw);
      const { subscription, attempt } = createSubscription(act, facts);
      if (facts.behaviour === 'error_if_incomplete' && attempt && attempt.outcome !== 'paid') {
        const error = refusedPayment(attempt);
        throw refusal(402, error);
      }
      if (!facts.cancelAtPeriodEnd) return { status: 200, body: subscription };
      return { status: 200, body: updated(act, subscription.id, { cancel_at_period_end: 'true' }) };
    },
  },
  resource('GET', '/v1/subscriptions', (act, _, raw) => listSubscriptions(act, raw)),
  resource('GET', '/v1/subscriptions/:id', retrieval('subscription')),
  resource('POST', '/v1/subscriptions/:id', (act, { id = '' }, raw) => updated(act, id, raw)),
  resource('DELETE', '/v1/subscriptions/:id', (act, { id = '' }, raw) => cancelSubscription(act, id, raw)),
  resource('POST', '/v1/subscriptions/:id/pause', (act, { id = '' }, raw) => {
    read(parameters<Stripe.SubscriptionPauseParams>()({ type: text().optional() }), raw);
    return pauseSubscription(act, id);
  }),
  resource('POST', '/v1/subscriptions/:id/resume', (act, { id = '' }, raw) => {
    read(
      parameters<Stripe.SubscriptionResumeParams>()({
        billing_cycle_anchor: text().optional(),
        proration_behavior: text().optional(),
      }),
      raw,
    );
    return billNow(act, resumePaused(act, id));
  }),

  resource('GET', '/v1/invoices', (act, _, raw) => listInvoices(act, raw)),
  resource('GET', '/v1/invoices/:id', retrieval('invoice')),
  resource('POST', '/v1/invoices/:id', (act, { id = '' }, raw) => updateInvoice(act, id, raw)),
  resource('GET', '/v1/invoices/:id/lines', (act, { id = '' }) => get(act, 'invoice', id).lines),
  resource('POST', '/v1/invoices/:id/finalize', (act, { id = '' }) => {
    const draft = get(act, 'invoice', id);
    if (draft.status !== 'draft')
      throw invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.");
    finaliseAndCollect(act, change(act, 'invoice', draft, { auto_advance: true }));
    return get(act, 'invoice', id);
  }),
  {
    method: 'POST',
    path: '/v1/invoices/:id/pay',
    act(act, { id = '' }, raw) {
      const asked = read(invoicePaying, raw);
      const invoice = get(act, 'invoice', id);
      if (invoice.status === 'paid') throw invalid('Invoice is already paid');
      if (invoice.status !== 'open') {
        throw invalid(
          `This invoice has a status of ${invoice.status} and cannot be paid.`,
          undefined,
          'invoice_not_payable',
        );
      }
      const attempt = collect(act, invoice, {
        method: asked.payment_method,
        offSession: asked.off_session !== false,
        byHand: true,
      });
      if (attempt.outcome === 'paid' || attempt.outcome === 'processing') {
        return { status: 200, body: get(act, 'invoice', id) };
      }
      return { status: 402, error: refusedPayment(attempt) };
    },
  },
  resource('POST', '/v1/invoices/:id/void', (act, { id = '' }, raw) => {
    read(nothing, raw);
    return voidInvoice(act, get(act, 'invoice', id));
  }),
  resource('POST', '/v1/invoices/:id/mark_uncollectible', (act, { id = '' }, raw) => {
    read(nothing, raw);
    return markUncollectible(act, get(act, 'invoice', id));
  }),

  resource('GET', '/v1/invoice_payments', (act, _, raw) => listInvoicePayments(act, raw)),
  resource('GET', '/v1/invoice_payments/:id', retrieval('invoice_payment')),

  resource('GET', '/v1/payment_intents', (act, _, raw) => listPaymentIntents(act, raw)),
  resource('GET', '/v1/payment_intents/:id', retrieval('payment_intent')),
  { method: 'POST', path: '/v1/payment_intents', act: (act, _, raw) => tried(createIntent(act, raw)) },
  {
    method: 'POST',
    path: '/v1/payment_intents/:id/confirm',
    act: (act, { id = '' }, raw) => tried(confirmIntent(act, id, raw)),
  },
  resource('POST', '/v1/payment_intents/:id/cancel', (act, { id = '' }, raw) => cancelIntent(act, id, raw)),
  resource('POST', '/v1/payment_intents/:id', (act, { id = '' }, raw) => updateIntent(act, id, raw)),

  resource('GET', '/v1/charges', (act, _, raw) => listCharges(act, raw)),
  resource('GET', '/v1/charges/:id', retrieval('charge')),
  resource('POST', '/v1/charges/:id', (act, { id = '' }, raw) => {
    const asked = read(
      parameters<Stripe.ChargeUpdateParams>()({ description: text().optional(), metadata }),
      raw,
    );
    const charge = get(act, 'charge', id);
    const changed = change(act, 'charge', charge, {
      ...(asked.description === undefined ? {} : { description: asked.description }),
      metadata: mergeMetadata(charge.metadata, asked.metadata),
    });
    tell(act, 'charge.updated', changed, charge);
    return changed;
  }),
  resource('GET', '/v1/charges/:id/refunds', (act, { id = '' }, raw) => {
    get(act, 'charge', id);
    return { ...listRefunds(act, { ...hash(raw), charge: id }), url: `/v1/charges/${id}/refunds` };
  }),

  resource('POST', '/v1/refunds', (act, _, raw) => createRefund(act, raw)),
  resource('GET', '/v1/refunds', (act, _, raw) => listRefunds(act, raw)),
  resource('GET', '/v1/refunds/:id', retrieval('refund')),
  resource('POST', '/v1/refunds/:id', (act, { id = '' }, raw) => updateRefund(act, id, raw)),

  resource('GET', '/v1/disputes', (act, _, raw) => listDisputes(act, raw)),
  resource('GET', '/v1/disputes/:id', retrieval('dispute')),
  resource('POST', '/v1/disputes/:id', (act, { id = '' }, raw) => updateDispute(act, id, raw)),
  resource('POST', '/v1/disputes/:id/close', (act, { id = '' }, raw) => {
    read(nothing, raw);
    return closeDispute(act, id);
  }),

  resource('GET', '/v1/radar/early_fraud_warnings', (act, _, raw) => listFraudWarnings(act, raw)),
  resource('GET', '/v1/radar/early_fraud_warnings/:id', retrieval('radar.early_fraud_warning')),

  resource('GET', '/v1/balance_transactions', (act, _, raw) => listBalanceTransactions(act, raw)),
  resource('GET', '/v1/balance_transactions/:id', retrieval('balance_transaction')),

  resource('GET', '/v1/events', (act, _, raw) => listEvents(act, raw)),
  resource('GET', '/v1/events/:id', (act, { id = '' }, raw) => {
    read(nothing, raw);
    return withPending(act, get(act, 'event', id));
  }),
  resource('POST', '/v1/events/:id/retry', (act, { id = '' }) => {
    const event = get(act, 'event', id);
    act.store.retryDeliveries(id, act.at * 1000);
    return event;
  }),

  resource('POST', '/v1/webhook_endpoints', (act, _, raw) => createEndpoint(act, raw)),
  resource('GET', '/v1/webhook_endpoints', (act, _, raw) => listEndpoints(act, raw)),
  resource('GET', '/v1/webhook_endpoints/:id', retrieval('webhook_endpoint')),
  resource('POST', '/v1/webhook_endpoints/:id', (act, { id = '' }, raw) => updateEndpoint(act, id, raw)),
  resource('DELETE', '/v1/webhook_endpoints/:id', (act, { id = '' }) => deleteEndpoint(act, id)),

  resource('POST', '/v1/billing_portal/configurations', (act, _, raw) => createConfiguration(act, raw)),
  resource('GET', '/v1/billing_portal/configurations', (act, _, raw) => listConfigurations(act, raw)),
  resource('GET', '/v1/billing_portal/configurations/:id', retrieval('billing_portal.configuration')),
  resource('POST', '/v1/billing_portal/configurations/:id', (act, { id = '' }, raw) =>
    updateConfiguration(act, id, raw),
  ),
  resource('POST', '/v1/billing_portal/sessions', (act, _, raw) => openPortal(act, raw)),

  resource('POST', '/v1/products', (act, _, raw) => createProduct(act, raw)),
  resource('POST', '/v1/products/:id', (act, { id = '' }, raw) => updateProduct(act, id, raw)),
  resource('POST', '/v1/prices', (act, _, raw) => createPrice(act, raw)),
  resource('POST', '/v1/prices/:id', (act, { id = '' }, raw) => updatePrice(act, id, raw)),
  resource('GET', '/v1/products', (act, _, raw) => listProducts(act, raw)),
  resource('GET', '/v1/products/:id', retrieval('product')),
  resource('GET', '/v1/prices', (act, _, raw) => listPrices(act, raw)),
  resource('GET', '/v1/prices/:id', retrieval('price')),
];

function resource(
  method: Resource['method'],
  path: string,
  work: (act: Act, ids: Record<string, string>, raw: unknown) => object,
): Resource {
  return { method, path, act: (act, ids, raw) => ({ status: 200, body: work(act, ids, raw) }) };
}

function retrieval<K extends Kind>(
  kind: K,
): (act: Act, ids: Record<string, string>, raw: unknown) => Kinds[K] {
  return (act, { id = '' }, raw) => {
    read(nothing, raw);
    return get(act, kind, id);
  };
}

function updated(act: Act, id: string, raw: unknown): Stripe.Subscription {
  const { before, subscription, newPeriod } = updateSubscription(act, id, raw);
  if (newPeriod) return billNow(act, subscription);
  tell(act, 'customer.subscription.updated', subscription, before);
  return subscription;
}

/** A declined card is an answer that keeps its effects. */
function tried({ intent, attempt }: Confirmed): Answer {
  return attempt?.outcome === 'declined'
    ? { status: 402, error: refusedPayment(attempt) }
    : { status: 200, body: intent };
}

function refusedPayment(attempt: ReturnType<typeof collect>): ErrorBody {
  if (attempt.outcome === 'declined') {
    return {
      type: 'card_error',
      code: attempt.intent.last_payment_error?.code ?? 'card_declined',
      decline_code: attempt.declineCode,
      message: attempt.message,
      payment_intent: attempt.intent,
    };
  }
  if (attempt.outcome === 'requires_action') {
    return {
      type: 'card_error',
      code: 'invoice_payment_intent_requires_action',
      message: 'This payment requires additional user action before it can be completed successfully.',
      payment_intent: attempt.intent,
    };
  }
  return {
    type: 'card_error',
    code: 'missing',
    message:
      'There is no default_payment_method set on this Customer or Invoice. Please set a default payment method.',
  };
}

function hash(raw: unknown): object {
  return typeof raw === 'object' && raw !== null ? raw : {};
}
