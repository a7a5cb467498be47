// What time brings to a subscription: the announcement, the end of a period, the draft an hour later, the next try.
import type Stripe from 'stripe';
import type { Act } from './act.ts';
import { change, defer, get, tell } from './act.ts';
import { nextPeriodStart, rhythmOf } from './calendar.ts';
import { collect, failInvoice, finaliseAndCollect, loseFirstPayment, settleInvoice } from './collection.ts';
import type { Period } from './invoices.ts';
import { announceInvoice, draftInvoice } from './invoices.ts';
import type { Attempt } from './payments.ts';
import {
  endSubscription,
  expireIncomplete,
  hasEnded,
  periodOf,
  scheduleRenewal,
  turn,
  withPeriod,
} from './subscriptions.ts';

/** Stripe leaves a renewal's invoice a draft for about an hour before it finalises and charges it. */
const draftForSeconds = 3600;

export function endPeriod(act: Act, id: string): void {
  const subscription = act.store.find('subscription', id);
  if (!subscription || hasEnded(subscription) || subscription.status === 'paused') return;
  const billed = periodOf(subscription);
  if (billed.end !== act.at) return;
  if (subscription.cancel_at_period_end) {
    endSubscription(act, subscription, 'cancellation_requested');
    return;
  }
  if (subscription.status === 'incomplete') return;
  const period = nextPeriod(subscription, act.at);
  const renewed = change(act, 'subscription', subscription, { items: withPeriod(subscription, period) });
  const finalisesAt = act.at + draftForSeconds;
  const draft = draftInvoice(act, renewed, 'subscription_cycle', period, billed, finalisesAt);
  const linked = change(act, 'subscription', renewed, { latest_invoice: draft.id });
  tell(act, 'customer.subscription.updated', linked, subscription);
  scheduleRenewal(act, linked);
  defer(act, 'invoice-finalises', draft.id, finalisesAt);
}

export function announceRenewal(act: Act, id: string): void {
  const subscription = act.store.find('subscription', id);
  if (
    !subscription ||
    hasEnded(subscription) ||
    subscription.cancel_at_period_end ||
    subscription.status === 'paused'
  )
    return;
  const billed = periodOf(subscription);
  announceInvoice(act, subscription, nextPeriod(subscription, billed.end), billed);
}

export function finaliseDraft(act: Act, id: string): void {
  const draft = act.store.find('invoice', id);
  if (draft?.status === 'draft') finaliseAndCollect(act, draft);
}

export function retryInvoice(act: Act, id: string): void {
  const invoice = act.store.find('invoice', id);
  if (invoice?.status === 'open') collect(act, invoice, { offSession: true });
}

export function expireSubscription(act: Act, id: string): void {
  const subscription = act.store.find('subscription', id);
  if (subscription?.status === 'incomplete') expireIncomplete(act, subscription);
}

/** `cancel_at` has come. */
export function endOnItsDay(act: Act, id: string): void {
  const subscription = act.store.find('subscription', id);
  if (subscription && !hasEnded(subscription) && subscription.cancel_at === act.at)
    endSubscription(act, subscription, 'cancellation_requested');
}

export function resumeCollection(act: Act, id: string): void {
  const subscription = act.store.find('subscription', id);
  if (subscription?.pause_collection && !hasEnded(subscription))
    turn(act, subscription, { pause_collection: null });
}

/** A debit for an invoice has been answered. */
export function settleInvoicePayment(act: Act, invoiceId: string, attempt: Attempt): void {
  const invoice = get(act, 'invoice', invoiceId);
  if (invoice.status !== 'open') return;
  if (attempt.outcome === 'paid') {
    settleInvoice(act, invoice, attempt.charge);
    return;
  }
  if (invoice.billing_reason === 'subscription_create') loseFirstPayment(act, invoice);
  else failInvoice(act, invoice);
}

function nextPeriod(subscription: Stripe.Subscription, start: number): Period {
  const recurring = subscription.items.data[0]?.price.recurring;
  if (!recurring) throw new Error(`${subscription.id} has no recurring price`);
  return { start, end: nextPeriodStart(subscription.billing_cycle_anchor, rhythmOf(recurring), start) };
}
