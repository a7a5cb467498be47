// Two plans: how a reader's older and newer gift stand at Stripe, and which of them goes on by the rule; pure.
import type Stripe from 'stripe';
import { at, idOf } from './translate.ts';

/** What Stripe must be asked for with a plan that is weighed here. */
export const weighed = [
  'latest_invoice',
  'default_payment_method',
  'customer.invoice_settings.default_payment_method',
];

/**
 * Which gift goes on. Anyone may type an address: that a newer gift is its reader's is shown by the card or account it is paid
 * with being the older one's. What is overdue may end all the same.
 */
export function ruleFor(
  newer: Stripe.Subscription,
  olders: readonly Stripe.Subscription[],
): 'newer' | 'older' {
  return olders.every((older) => isOverdue(older) || arePaidAlike(older, newer)) ? 'newer' : 'older';
}

function isOverdue({ status, status_details: details }: Stripe.Subscription): boolean {
  const paused = details?.paused.subscription.type;
  if (status === 'paused') return paused === 'final_payment_failure' || paused === 'first_payment_failure';
  return status === 'past_due' || status === 'unpaid';
}

/** The same number under any name: Stripe's fingerprint tells (https://docs.stripe.com/api/cards/object#card_object-fingerprint). */
function arePaidAlike(one: Stripe.Subscription, other: Stripe.Subscription): boolean {
  const fingerprint = fingerprintOf(one);
  return fingerprint !== null && fingerprint === fingerprintOf(other);
}

function fingerprintOf({ customer, default_payment_method: own }: Stripe.Subscription): string | null {
  const customers =
    typeof customer === 'string' || 'deleted' in customer
      ? null
      : customer.invoice_settings.default_payment_method;
  const method = idOf(own) === null ? customers : own;
  if (method === null || typeof method === 'string') return null;
  const { card, sepa_debit: sepa, us_bank_account: bank, bacs_debit: bacs } = method;
  return (card ?? sepa ?? bank ?? bacs)?.fingerprint ?? null;
}

/** Paid for, and nothing more is about to be collected: its time may run out. */
export function isPaidFor(older: Stripe.Subscription, newer: Stripe.Subscription): boolean {
  const invoice = older.latest_invoice;
  const pauses = older.pause_collection !== null && !restsFor(older, newer);
  if (older.status !== 'active' || pauses || invoice === null || typeof invoice === 'string') return false;
  // A debit that was asked for before the newer gift began is on its way, and pays for this time. What rests owes nothing.
  const asked = invoice.status === 'open' && invoice.created < newer.start_date;
  return invoice.status === 'paid' || invoice.status === 'void' || asked;
}

/** Rests by the rule, for the time that the newer gift has paid for. */
export function restsFor(
  { pause_collection: pause }: Stripe.Subscription,
  newer: Stripe.Subscription,
): boolean {
  return pause?.behavior === 'void' && pause.resumes_at === latestEnd(newer);
}

/**
 * Whether an older gift would be collected in the time that the newer one has paid for, of which nobody knows by then. A yearly
 * renewal is announced by letter 30 days ahead, and a year is not to be lost for a month.
 */
export function wouldDouble(older: Stripe.Subscription, newer: Stripe.Subscription): boolean {
  const until = latestEnd(newer);
  const resumesAt = older.pause_collection === null ? latestEnd(older) : older.pause_collection.resumes_at;
  const isMonthly = older.items.data.every((item) => item.price.recurring?.interval === 'month');
  return isMonthly && older.status === 'active' && resumesAt !== null && resumesAt < until;
}

/** Before the pair was noted, or because the card was given up on: no doing of ours. Stripe's moments are whole seconds. */
export function endedOtherwise(older: Stripe.Subscription, notedAt: Date): boolean {
  if (!hasEnded(older)) return false;
  const before = at(older.ended_at ?? 0).getTime() < notedAt.getTime() - 5000;
  return before || older.cancellation_details?.reason !== 'cancellation_requested';
}

export function willNotBeCharged(plan: Stripe.Subscription): boolean {
  return hasEnded(plan) || plan.status === 'unpaid' || plan.cancel_at_period_end || plan.cancel_at !== null;
}

export function runsAtStripe({ status }: Stripe.Subscription): boolean {
  return status === 'active' || status === 'trialing' || status === 'past_due';
}

export function hasEnded({ status }: Stripe.Subscription): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}

/** When what is paid for ends, in Stripe's seconds. */
export function latestEnd(plan: Stripe.Subscription): number {
  return Math.max(...plan.items.data.map((item) => item.current_period_end));
}
