// What each of Stripe's events means to us: one row per type. The types here are the ones the webhook endpoint asks for.
import Stripe from 'stripe';
import { rankOf } from '../ledger/look.ts';
import type { Fact, Meaning, Question } from './fact.ts';
import {
  at,
  completedSession,
  disputeSteps,
  failedInvoice,
  idOf,
  invoicePayment,
  lookAt,
  markIn,
  paidCharge,
  paidInvoice,
  refundSteps,
} from './translate.ts';

type Told<T extends Stripe.Event['type']> = Extract<Stripe.Event, { type: T }>;

const notOurs: Meaning = { ignored: 'not begun by this service' };
const toldElsewhere: Meaning = { ignored: 'told by another event' };

/** One row per event type. Each is pure: an event of the pinned version in, its meaning out. */
const rows = {
  'checkout.session.completed': (event: Told<'checkout.session.completed'>) =>
    kept(completedSession(event.data.object, at(event.created))),
  'checkout.session.async_payment_succeeded': (event: Told<'checkout.session.async_payment_succeeded'>) =>
    settledSession(event.data.object, at(event.created), false),
  'checkout.session.async_payment_failed': (event: Told<'checkout.session.async_payment_failed'>) =>
    settledSession(event.data.object, at(event.created), true),
  'checkout.session.expired': (event: Told<'checkout.session.expired'>) => {
    const checkoutId = markIn(event.data.object.metadata);
    return checkoutId === null ? notOurs : { facts: [{ fact: 'session-expired', checkoutId }] };
  },

  'customer.subscription.created': (event: Told<'customer.subscription.created'>) =>
    kept(lookAt(event.data.object, { lookedAt: at(event.created), rank: rankOf.created })),
  'customer.subscription.updated': (event: Told<'customer.subscription.updated'>) =>
    updatedSubscription(event),
  'customer.subscription.paused': (event: Told<'customer.subscription.paused'>) =>
    kept(lookAt(event.data.object, { lookedAt: at(event.created), rank: rankOf.updated })),
  'customer.subscription.resumed': (event: Told<'customer.subscription.resumed'>) =>
    kept(lookAt(event.data.object, { lookedAt: at(event.created), rank: rankOf.updated })),
  'customer.subscription.deleted': (event: Told<'customer.subscription.deleted'>) =>
    kept(lookAt(event.data.object, { lookedAt: at(event.created), rank: rankOf.deleted })),

  'invoice.paid': (event: Told<'invoice.paid'>) => kept(paidInvoice(event.data.object)),
  'invoice.payment_failed': (event: Told<'invoice.payment_failed'>) =>
    kept(failedInvoice(event.data.object, at(event.created))),
  'invoice_payment.paid': (event: Told<'invoice_payment.paid'>) => kept(invoicePayment(event.data.object)),

  'charge.succeeded': (event: Told<'charge.succeeded'>) =>
    kept(paidCharge(event.data.object, at(event.created)), {
      ignored: 'a renewal’s charge: told by its invoice',
    }),
  'charge.updated': (event: Told<'charge.updated'>) => {
    const paymentIntentId = idOf(event.data.object.payment_intent);
    const settles = paymentIntentId !== null && event.data.object.balance_transaction !== null;
    return settles ? { facts: [{ fact: 'settles', paymentIntentId }] } : toldElsewhere;
  },
  'charge.refunded': () => toldElsewhere,

  'refund.created': (event: Told<'refund.created'>) => kept(refundSteps(event.data.object, null)),
  'refund.updated': (event: Told<'refund.updated'>) =>
    // A refund's failure has an event of its own; a cancelled one is told only here.
    kept(refundSteps(event.data.object, event.data.object.status === 'canceled' ? at(event.created) : null)),
  'refund.failed': (event: Told<'refund.failed'>) => kept(refundSteps(event.data.object, at(event.created))),

  'charge.dispute.funds_withdrawn': (event: Told<'charge.dispute.funds_withdrawn'>) =>
    kept(disputeSteps(event.data.object)),
  'charge.dispute.funds_reinstated': (event: Told<'charge.dispute.funds_reinstated'>) =>
    kept(disputeSteps(event.data.object)),

  'customer.updated': (event: Told<'customer.updated'>) => {
    const before = event.data.previous_attributes?.invoice_settings;
    const card = idOf(event.data.object.invoice_settings.default_payment_method);
    if (before === undefined || card === null) return toldElsewhere;
    const fact: Fact = {
      fact: 'card-changed',
      stripeCustomerId: event.data.object.id,
      stripeSubscriptionId: null,
      card,
      changedAt: at(event.created),
    };
    return { facts: [fact] };
  },
} satisfies { [T in Stripe.Event['type']]?: (event: Told<T>) => Meaning };

/** The types our webhook endpoint asks Stripe for, and no more. */
export const subscribedTypes = Object.keys(rows) as (keyof typeof rows)[];

export const pinnedVersion = Stripe.API_VERSION;

/** What an event means. One in another API version is rendered in another shape: then the object itself is asked for. */
export function meaningOf(event: Stripe.Event): Meaning {
  if (!isRow(event.type)) return { ignored: 'a type that changes nothing here' };
  if (event.api_version !== pinnedVersion) return askInstead(event);
  const row: (event: never) => Meaning = rows[event.type];
  return row(event as never);
}

function isRow(type: string): type is keyof typeof rows {
  return Object.hasOwn(rows, type);
}

/** What to ask Stripe where an event's own payload cannot decide. */
function askInstead(event: Stripe.Event): Meaning {
  const id = 'id' in event.data.object ? event.data.object.id : undefined;
  const about = asking[event.type.split('.').slice(0, -1).join('.')];
  if (typeof id !== 'string' || about === undefined)
    return { ignored: 'another API version, and nothing to ask for' };
  return { ask: { about, id } };
}

const asking: Record<string, Question['about']> = {
  'checkout.session': 'session',
  'customer.subscription': 'subscription',
  invoice: 'invoice',
  charge: 'charge',
  refund: 'refund',
  'charge.dispute': 'dispute',
};

function kept(facts: Fact[], otherwise: Meaning = notOurs): Meaning {
  return facts.length > 0 ? { facts } : otherwise;
}

function settledSession(session: Stripe.Checkout.Session, moment: Date, failed: boolean): Meaning {
  const checkoutId = markIn(session.metadata);
  if (checkoutId === null) return notOurs;
  return { facts: [{ fact: 'session-settled', checkoutId, at: moment, failed }] };
}

function updatedSubscription(event: Told<'customer.subscription.updated'>): Meaning {
  const subscription = event.data.object;
  const before = event.data.previous_attributes ?? null;
  const facts = lookAt(subscription, { lookedAt: at(event.created), rank: rankOf.updated, before });
  if (facts.length === 0) return notOurs;
  const card = idOf(subscription.default_payment_method);
  const customer = idOf(subscription.customer);
  // The first card comes with the checkout; only one that takes another's place is a change.
  if (before?.default_payment_method && card !== null && customer !== null) {
    facts.push({
      fact: 'card-changed',
      stripeCustomerId: customer,
      stripeSubscriptionId: subscription.id,
      card,
      changedAt: at(event.created),
    });
  }
  return { facts };
}
