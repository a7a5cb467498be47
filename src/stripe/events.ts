// What each of Stripe's events means to us: one row per type. The types here are the ones the webhook endpoint asks for.
import Stripe from 'stripe';
import { rankOf } from '../ledger/look.ts';
import type { Fact, Meaning, Question } from './fact.ts';
import {
  at,
  changedCard,
  completedSession,
  declinedAttempt,
  failedInvoice,
  heldInvoice,
  idOf,
  invoicePayment,
  lookAt,
  markIn,
  paidCharge,
  paidInvoice,
  refundSteps,
  subscriptionOf,
  toldDispute,
  toldWarning,
} from './translate.ts';

type Told<T extends Stripe.Event['type']> = Extract<Stripe.Event, { type: T }>;

/** What an event comes to, for people: the table in the README is made of these. An absent book is not touched. */
export interface Does {
  ledger?: string;
  membership?: string;
  movements?: string;
  letters?: string;
  /** Where no book is touched: why. */
  nothing?: string;
}

interface Row<T extends Stripe.Event['type']> {
  does: Does;
  /** Pure: an event of the pinned version in, its meaning out. */
  means: (event: Told<T>) => Meaning;
}

const notOurs: Meaning = { ignored: 'not begun by this service' };

const looked: Does = {
  membership: 'a look is kept; the newest look is the membership',
  movements: 'folded anew from all looks',
  letters: '*gift-ending* or *gift-lost*, once per ending',
};

/** A type that is asked for so that it is seen, counted and listed at the desk. */
function noted(why: string): { does: Does; means: () => Meaning } {
  return { does: { nothing: why }, means: () => ({ ignored: why }) };
}

const rows = {
  'checkout.session.completed': {
    does: {
      ledger: 'the checkout is completed, its reader and customer known',
      membership: 'becomes its reader’s',
      movements: 'folded, if it waited for its reader',
    },
    means: ({ data, created }) => kept(completedSession(data.object, at(created))),
  },
  'checkout.session.async_payment_succeeded': {
    does: {
      ledger: 'a debit that takes days has come: the checkout’s outcome; the money is told by its charge',
    },
    means: ({ data, created }) => settledSession(data.object, at(created), false),
  },
  'checkout.session.async_payment_failed': {
    does: {
      ledger: 'a debit that takes days has failed: the checkout’s outcome; its reader and customer known',
      letters: '*debit-failed*, once per checkout',
    },
    means: ({ data, created }) => settledSession(data.object, at(created), true),
  },
  'checkout.session.expired': {
    does: { ledger: 'the checkout has expired, unless it was completed' },
    means: ({ data }) => {
      const checkoutId = markIn(data.object.metadata);
      return checkoutId === null ? notOurs : { facts: [{ fact: 'session-expired', checkoutId }] };
    },
  },

  'customer.subscription.created': {
    does: looked,
    means: ({ data, created }) => kept(lookAt(data.object, { lookedAt: at(created), rank: rankOf.created })),
  },
  'customer.subscription.updated': {
    does: {
      ...looked,
      letters:
        '*gift-ending* or *gift-lost*, once per ending; *amount-changed*, once per change; *paused*, once per pause; *card-changed*, once per card',
    },
    means: updatedSubscription,
  },
  'customer.subscription.paused': {
    does: looked,
    means: ({ data, created }) => kept(lookAt(data.object, { lookedAt: at(created), rank: rankOf.updated })),
  },
  'customer.subscription.resumed': {
    does: looked,
    means: ({ data, created }) => kept(lookAt(data.object, { lookedAt: at(created), rank: rankOf.updated })),
  },
  'customer.subscription.deleted': {
    does: looked,
    means: ({ data, created }) => kept(lookAt(data.object, { lookedAt: at(created), rank: rankOf.deleted })),
  },

  'invoice.paid': {
    does: {
      ledger: 'a payment, once per invoice; its reader and customer known',
      membership: 'becomes its reader’s',
      movements: 'folded, if it waited for its reader',
      letters:
        '*thank-you* for the first, *renewal-receipt* for later ones, *recovered* in its place where an attempt had failed',
    },
    means: ({ data }) => kept(paidInvoice(data.object)),
  },
  'invoice.payment_failed': {
    does: {
      ledger: 'a failed attempt, once per invoice and attempt',
      letters: '*payment-failed*, once per attempt that will be repeated',
    },
    means: ({ data, created }) => kept(failedInvoice(data.object, at(created))),
  },
  'invoice.payment_action_required': {
    does: { letters: '*action-required*, once per invoice, in place of *payment-failed*' },
    means: ({ data, created }) => kept(heldInvoice(data.object, at(created))),
  },
  'invoice.finalization_failed': {
    does: { nothing: 'an invoice that Stripe could not draw up: an error is logged, a person must look' },
    means: ({ data }) =>
      subscriptionOf(data.object) === null
        ? notOurs
        : { ignored: 'an invoice could not be drawn up', alert: true },
  },
  'invoice.voided': noted('no money moved: the subscription tells what follows'),
  'invoice.marked_uncollectible': noted('no money moved: the subscription tells what follows'),
  'invoice.upcoming': noted('yearly renewals are announced by our own round, in time'),
  'invoice_payment.paid': {
    does: { ledger: 'which payment intent paid which invoice' },
    means: ({ data }) => kept(invoicePayment(data.object)),
  },

  'charge.succeeded': {
    does: { ledger: 'a one-off payment, once per payment intent', letters: '*thank-you*' },
    means: ({ data, created }) =>
      kept(paidCharge(data.object, at(created)), { ignored: 'a renewal’s charge: told by its invoice' }),
  },
  'charge.updated': {
    does: { ledger: 'the fee and the settlement are asked for' },
    means: ({ data }) => {
      const paymentIntentId = idOf(data.object.payment_intent);
      const settles = paymentIntentId !== null && data.object.balance_transaction !== null;
      return settles
        ? { facts: [{ fact: 'settles', paymentIntentId }] }
        : { ignored: 'its balance transaction is not there yet' };
    },
  },
  'charge.refunded': noted('told by the refund’s own events'),

  'refund.created': {
    does: { ledger: 'a refund, once, on its own date', letters: '*refunded*' },
    means: ({ data }) => kept(refundSteps(data.object, null)),
  },
  'refund.updated': {
    does: { ledger: 'the refund if it was not known; cancelled, the money is back', letters: '*refunded*' },
    // A refund's failure has an event of its own; a cancelled one is told only here.
    means: ({ data, created }) =>
      kept(refundSteps(data.object, data.object.status === 'canceled' ? at(created) : null)),
  },
  'refund.failed': {
    does: { ledger: 'the refund if it was not known; failed, the money is back', letters: '*refunded*' },
    means: ({ data, created }) => kept(refundSteps(data.object, at(created))),
  },

  'charge.dispute.created': {
    does: { ledger: 'the dispute: reason, amount, and by when it must be answered' },
    means: ({ data, created }) => kept(toldDispute(data.object, at(created))),
  },
  'charge.dispute.updated': {
    does: { ledger: 'the dispute as it stands' },
    means: ({ data, created }) => kept(toldDispute(data.object, at(created))),
  },
  'charge.dispute.closed': {
    does: { ledger: 'the dispute, won or lost; lost, the money withdrawn stays away' },
    means: ({ data, created }) => kept(toldDispute(data.object, at(created))),
  },
  'charge.dispute.funds_withdrawn': {
    does: { ledger: 'the amount withdrawn, once, with the dispute’s fee when it is settled' },
    means: ({ data, created }) => kept(toldDispute(data.object, at(created))),
  },
  'charge.dispute.funds_reinstated': {
    does: { ledger: 'the amount given back, once' },
    means: ({ data, created }) => kept(toldDispute(data.object, at(created))),
  },
  'radar.early_fraud_warning.created': {
    does: { ledger: 'the warning, for staff to weigh; no money moved' },
    means: ({ data, created }) => kept(toldWarning(data.object, at(created))),
  },
  'radar.early_fraud_warning.updated': {
    does: { ledger: 'the warning as it stands' },
    means: ({ data, created }) => kept(toldWarning(data.object, at(created))),
  },

  'customer.updated': {
    does: { letters: '*card-changed*, once per card' },
    means: ({ data, created }) => {
      const isOfCard = data.previous_attributes?.invoice_settings !== undefined;
      const facts = isOfCard ? changedCard(data.object, at(created)) : [];
      return kept(facts, { ignored: 'only the card concerns us' });
    },
  },
  'customer.deleted': noted('its subscriptions tell of their end; the money stays'),
  'payment_method.automatically_updated': noted('cards are looked up when one is about to expire'),
  'mandate.updated': noted('an invoice that cannot be collected tells of it'),
  'payment_intent.payment_failed': {
    does: { ledger: 'a declined attempt at a new gift is counted: many at once are told to staff' },
    means: ({ data, created }) =>
      kept(declinedAttempt(data.object, at(created)), {
        ignored: 'an attempt without money: a renewal’s is told by its invoice',
      }),
  },
  'payment_intent.processing': noted(
    'money on its way: the checkout is shown as processing until its charge tells',
  ),
  'payout.paid': noted('money between Stripe and the bank'),
} satisfies { [T in Stripe.Event['type']]?: Row<T> };

/** The types our webhook endpoint asks Stripe for, and no more. */
export const subscribedTypes = Object.keys(rows) as (keyof typeof rows)[];

/** Type by type, what an event does. */
export const whatEventsDo: readonly (readonly [type: string, does: Does])[] = subscribedTypes.map((type) => [
  type,
  rows[type].does,
]);

export const pinnedVersion = Stripe.API_VERSION;

/** What an event means. One in another API version is rendered in another shape: then the object itself is asked for. */
export function meaningOf(event: Stripe.Event): Meaning {
  if (!isRow(event.type)) return { ignored: 'a type that changes nothing here' };
  const row: { does: Does; means: (event: never) => Meaning } = rows[event.type];
  if (event.api_version === pinnedVersion || row.does.nothing !== undefined) return row.means(event as never);
  return askInstead(event);
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
  return { ask: { about, id, told: { type: event.type, at: at(event.created) } } };
}

const asking: Record<string, Question['about']> = {
  'checkout.session': 'session',
  'customer.subscription': 'subscription',
  invoice: 'invoice',
  invoice_payment: 'invoice-payment',
  charge: 'charge',
  refund: 'refund',
  'charge.dispute': 'dispute',
  'radar.early_fraud_warning': 'fraud-warning',
  customer: 'card',
};

function kept(facts: Fact[], otherwise: Meaning = notOurs): Meaning {
  return facts.length > 0 ? { facts } : otherwise;
}

function settledSession(session: Stripe.Checkout.Session, moment: Date, failed: boolean): Meaning {
  const checkoutId = markIn(session.metadata);
  if (checkoutId === null) return notOurs;
  const settled = { fact: 'session-settled' as const, checkoutId, at: moment, failed };
  // Of a debit that failed the reader is told, so that who they are must be known here.
  return { facts: failed ? [...completedSession(session, null), settled] : [settled] };
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
