// Collecting: an invoice is tried, paid or tried again, and the subscription follows what came of it.
import type Stripe from 'stripe';
import type { Act } from './act.ts';
import { defer, get, tell } from './act.ts';
import {
  draftInvoice,
  finaliseInvoice,
  intentOf,
  markFailed,
  markPaid,
  markUncollectible,
  subscriptionOf,
  voidInvoice,
} from './invoices.ts';
import type { Attempt, Manner } from './payments.ts';
import { attemptPayment, bookCharge } from './payments.ts';
import { idOrNull } from './prices.ts';
import type { Beginning } from './subscriptions.ts';
import {
  beginSubscription,
  endSubscription,
  expireIncomplete,
  hasEnded,
  periodOf,
  turn,
} from './subscriptions.ts';

/** Days until the next try after each failure; after the last one the subscription ends. */
const retryAfterDays = [3, 5, 7];
const incompleteForSeconds = 23 * 3600;

type Collected = Attempt | { outcome: 'no_payment_method' };

/** Tries to take the invoice's money; the subscription is moved by what came of it. */
export function collect(
  act: Act,
  open: Stripe.Invoice,
  how: {
    method?: string | undefined;
    authentication?: Manner['authentication'];
    offSession: boolean;
    first?: boolean;
    /** Asked for by a person or the API: a failure then leaves the schedule of retries as it is. */
    byHand?: boolean;
  },
): Collected {
  const byHand = how.byHand === true && open.attempt_count > 0;
  const intent = intentOf(act, open);
  const method = how.method ?? methodFor(act, open);
  if (!intent || method === null) {
    fail(act, open, false, byHand);
    return { outcome: 'no_payment_method' };
  }
  const attempt = attemptPayment(act, intent, get(act, 'payment_method', method, 'payment_method'), {
    offSession: how.offSession,
    authentication: how.authentication,
    first: how.first ?? false,
    challengeUrl: `${act.baseUrl}/i/${open.id}`,
  });
  if (attempt.outcome === 'paid') settleInvoice(act, get(act, 'invoice', open.id), attempt.charge);
  if (attempt.outcome === 'declined') fail(act, open, false, byHand);
  // On a page the reader answers the challenge at once; only an absent one makes it a failure.
  if (attempt.outcome === 'requires_action' && how.offSession) fail(act, open, true, byHand);
  return attempt;
}

/** The invoice's money is there: the invoice, then the subscription, then the charge's bookkeeping. */
export function settleInvoice(act: Act, open: Stripe.Invoice, charge: Stripe.Charge | null): Stripe.Invoice {
  act.store.forgetDue('payment-retried', open.id);
  const paid = markPaid(act, open);
  const id = subscriptionOf(paid);
  const subscription = id === null ? undefined : act.store.find('subscription', id);
  if (
    subscription &&
    ['incomplete', 'past_due', 'unpaid'].includes(subscription.status) &&
    isLatest(subscription, paid)
  ) {
    act.store.forgetDue('subscription-expires', subscription.id);
    turn(act, subscription, { status: 'active' });
  }
  if (charge) bookCharge(act, charge);
  return paid;
}

/** A debit answered no, days later. */
export function failInvoice(act: Act, open: Stripe.Invoice): void {
  fail(act, open, false);
}

/** A draft becomes collectable, unless collection is paused. */
export function finaliseAndCollect(act: Act, draft: Stripe.Invoice): void {
  const subscription = get(act, 'subscription', subscriptionOf(draft) ?? '');
  if (subscription.pause_collection?.behavior === 'keep_as_draft' || draft.auto_advance === false) return;
  const { invoice } = finaliseInvoice(act, draft, 'Subscription update');
  if (subscription.pause_collection?.behavior === 'void') {
    voidInvoice(act, invoice);
    return;
  }
  if (subscription.pause_collection?.behavior === 'mark_uncollectible') {
    markUncollectible(act, invoice);
    return;
  }
  collect(act, invoice, { offSession: true });
}

/** The subscription's period has begun anew outside its rhythm: billed at once. */
export function billNow(act: Act, subscription: Stripe.Subscription): Stripe.Subscription {
  const period = periodOf(subscription);
  const draft = draftInvoice(
    act,
    subscription,
    'subscription_update',
    period,
    { start: act.at, end: act.at },
    null,
  );
  const linked = turn(act, subscription, { latest_invoice: draft.id });
  if (linked.pause_collection) return linked;
  const { invoice } = finaliseInvoice(act, draft, 'Subscription update');
  collect(act, invoice, { offSession: true });
  return get(act, 'subscription', subscription.id);
}

/** A subscription from the API: its first invoice is tried with the payment method it names. */
export function createSubscription(
  act: Act,
  facts: Beginning & { behaviour: string },
): { subscription: Stripe.Subscription; attempt: Collected | null } {
  const begun = beginSubscription(act, facts);
  const { invoice } = firstInvoice(act, begun);
  defer(act, 'subscription-expires', begun.id, act.at + incompleteForSeconds);
  const attempt =
    facts.behaviour === 'default_incomplete'
      ? null
      : collect(act, invoice, { offSession: false, first: true });
  return { subscription: get(act, 'subscription', begun.id), attempt };
}

export function firstInvoice(
  act: Act,
  begun: Stripe.Subscription,
  paidBy?: Stripe.PaymentIntent,
): { subscription: Stripe.Subscription; invoice: Stripe.Invoice } {
  const draft = draftInvoice(
    act,
    begun,
    'subscription_create',
    periodOf(begun),
    { start: act.at, end: act.at },
    null,
  );
  const subscription = { ...begun, latest_invoice: draft.id };
  act.store.replace('subscription', subscription);
  const { invoice } = finaliseInvoice(act, draft, 'Subscription creation', paidBy);
  return { subscription, invoice };
}

function fail(act: Act, open: Stripe.Invoice, needsAction: boolean, byHand = false): void {
  if (byHand) {
    if (needsAction) tell(act, 'invoice.payment_action_required', open);
    tell(act, 'invoice.payment_failed', open);
    return;
  }
  const id = subscriptionOf(open);
  const subscription = id === null ? undefined : act.store.find('subscription', id);
  const live = subscription !== undefined && !hasEnded(subscription);
  const retries = live && subscription.status !== 'incomplete' && open.auto_advance !== false;
  const days = retries ? retryAfterDays[open.attempt_count] : undefined;
  const nextAt = days === undefined ? null : act.at + days * 86_400;
  act.store.forgetDue('payment-retried', open.id);
  markFailed(act, open, nextAt, needsAction);
  if (nextAt !== null) defer(act, 'payment-retried', open.id, nextAt);
  if (!live) return;
  const fallsBehind = subscription.status === 'active' && isLatest(subscription, open);
  const failing = fallsBehind ? turn(act, subscription, { status: 'past_due' }) : subscription;
  if (retries && nextAt === null) endSubscription(act, failing, 'payment_failed');
}

function isLatest(subscription: Stripe.Subscription, invoice: Stripe.Invoice): boolean {
  return idOrNull(subscription.latest_invoice) === invoice.id;
}

function methodFor(act: Act, invoice: Stripe.Invoice): string | null {
  const subscription = act.store.find('subscription', subscriptionOf(invoice) ?? '');
  const customer = act.store.find('customer', idOrNull(invoice.customer) ?? '');
  return (
    idOrNull(subscription?.default_payment_method) ??
    idOrNull(customer?.invoice_settings.default_payment_method)
  );
}

/** A customer's subscriptions end with the customer. */
export function endAllOf(act: Act, customer: Stripe.Customer): void {
  const { data } = act.store.list('subscription', { limit: 100, where: { customer: customer.id } });
  for (const subscription of data) {
    if (!hasEnded(subscription)) endSubscription(act, subscription, 'cancellation_requested');
  }
}

/** A debit that began a subscription failed in the end. */
export function loseFirstPayment(act: Act, invoice: Stripe.Invoice): void {
  fail(act, invoice, false);
  const subscription = act.store.find('subscription', subscriptionOf(invoice) ?? '');
  if (subscription?.status !== 'incomplete') return;
  expireIncomplete(act, subscription);
  const open = get(act, 'invoice', invoice.id);
  if (open.status === 'open') voidInvoice(act, open);
}
