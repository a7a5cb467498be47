// Stripe's words into ours: pure, and the last place where a Stripe type is spoken. Shapes are those of the pinned API version.
import type Stripe from 'stripe';
import type { AdjustmentStep } from '../ledger/adjustment.ts';
import type { LookFacts } from '../ledger/look.ts';
import type { Standing } from '../ledger/standing.ts';
import type { Fact, Person } from './fact.ts';

/** Our mark on what we begin: the intent's id, on the session, the payment intent or the subscription. */
const checkoutMark = 'favor_checkout';

export function at(seconds: number): Date {
  return new Date(seconds * 1000);
}

export function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (reference === null || reference === undefined) return null;
  return typeof reference === 'string' ? reference : reference.id;
}

/** The intent that an object's metadata names, or null when the object is not ours. */
export function markIn(metadata: Stripe.Metadata | null | undefined): string | null {
  const mark = metadata?.[checkoutMark];
  return mark !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(mark) ? mark : null;
}

/** A finished checkout: who it was and when, where an event tells it. It carries no money; the charge or the invoice does. */
export function completedSession(session: Stripe.Checkout.Session, completedAt: Date | null): Fact[] {
  const checkoutId = session.client_reference_id === null ? null : markIn(session.metadata);
  if (checkoutId === null || checkoutId !== session.client_reference_id) return [];
  const details = session.customer_details;
  return [
    {
      fact: 'session-completed',
      checkoutId,
      stripeSessionId: session.id,
      stripeCustomerId: idOf(session.customer),
      person: personOf(details?.email ?? session.customer_email, details?.name),
      completedAt,
    },
  ];
}

/**
 * A one-off gift's charge. Only a charge that succeeded and carries our mark is money.
 * `toldAt` is when its success was told: a method that settles later succeeds days after its charge was made.
 */
export function paidCharge(charge: Stripe.Charge, toldAt: Date | null): Fact[] {
  const checkoutId = markIn(charge.metadata);
  const paymentIntentId = idOf(charge.payment_intent);
  if (checkoutId === null || paymentIntentId === null || charge.status !== 'succeeded' || !charge.paid)
    return [];
  return [
    {
      fact: 'paid-charge',
      checkoutId,
      stripeCustomerId: idOf(charge.customer),
      person: personOf(charge.billing_details.email ?? charge.receipt_email, charge.billing_details.name),
      charge: {
        paymentIntentId,
        chargeId: charge.id,
        amountMinor: BigInt(charge.amount_captured),
        currency: charge.currency.toUpperCase(),
        paidAt: succeededAt(charge, toldAt),
        method: charge.payment_method_details?.type ?? null,
        country: countryOf(charge),
      },
    },
  ];
}

/** Charges that settle later are told of hours or days after they were made; any nearer moment is the same instant. */
function succeededAt(charge: Stripe.Charge, toldAt: Date | null): Date {
  const made = at(charge.created);
  return toldAt !== null && toldAt.getTime() - made.getTime() > 3_600_000 ? toldAt : made;
}

export function countryOf(charge: Stripe.Charge): string | null {
  return charge.payment_method_details?.card?.country ?? charge.billing_details.address?.country ?? null;
}

/** A membership's paid invoice; nothing when no money moved or the subscription is not ours. */
export function paidInvoice(invoice: Stripe.Invoice): Fact[] {
  const ours = subscriptionOf(invoice);
  const stripeCustomerId = idOf(invoice.customer);
  const paidAt = invoice.status_transitions.paid_at;
  if (ours === null || stripeCustomerId === null || invoice.status !== 'paid') return [];
  if (paidAt === null || invoice.amount_paid === 0) return [];
  const periodEnd = Math.max(...invoice.lines.data.map((line) => line.period.end), 0);
  return [
    {
      fact: 'paid-invoice',
      checkoutId: ours.checkoutId,
      stripeCustomerId,
      person: personOf(invoice.customer_email, invoice.customer_name),
      invoice: {
        invoiceId: invoice.id,
        stripeSubscriptionId: ours.stripeSubscriptionId,
        amountMinor: BigInt(invoice.amount_paid),
        currency: invoice.currency.toUpperCase(),
        paidAt: at(paidAt),
        country: invoice.customer_address?.country ?? null,
      },
      first: invoice.billing_reason === 'subscription_create',
      periodEndsAt: periodEnd === 0 ? null : at(periodEnd),
    },
    ...paymentsOf(invoice),
  ];
}

/** An attempt at a membership's invoice that brought nothing. The first invoice of all is the checkout's own affair. */
export function failedInvoice(invoice: Stripe.Invoice, failedAt: Date): Fact[] {
  const ours = subscriptionOf(invoice);
  const stripeCustomerId = idOf(invoice.customer);
  if (ours === null || stripeCustomerId === null || invoice.billing_reason === 'subscription_create')
    return [];
  return [
    {
      fact: 'failed-invoice',
      stripeSubscriptionId: ours.stripeSubscriptionId,
      stripeCustomerId,
      failed: {
        stripeInvoiceId: invoice.id,
        attempt: invoice.attempt_count,
        amountMinor: BigInt(invoice.amount_remaining),
        currency: invoice.currency.toUpperCase(),
        failedAt,
      },
      nextAttemptAt: invoice.next_payment_attempt === null ? null : at(invoice.next_payment_attempt),
    },
  ];
}

/** An attempt at a membership's invoice that waits for the reader: their bank wants them to confirm it. */
export function heldInvoice(invoice: Stripe.Invoice, heldAt: Date): Fact[] {
  return failedInvoice(invoice, heldAt).flatMap((fact) =>
    fact.fact === 'failed-invoice'
      ? [
          {
            fact: 'held-invoice',
            stripeSubscriptionId: fact.stripeSubscriptionId,
            stripeCustomerId: fact.stripeCustomerId,
            held: fact.failed,
          },
        ]
      : [],
  );
}

export function invoicePayment(payment: Stripe.InvoicePayment): Fact[] {
  const paymentIntentId = idOf(payment.payment.payment_intent);
  const invoiceId = idOf(payment.invoice);
  if (paymentIntentId === null || invoiceId === null || payment.status !== 'paid') return [];
  return [{ fact: 'invoice-payment', invoiceId, paymentIntentId }];
}

/** A subscription as it is in this object; nothing when it is not ours or holds no plan we could have begun. */
export function lookAt(
  subscription: Stripe.Subscription,
  moment: { lookedAt: Date; rank: 0 | 1 | 2 | 3; before?: Partial<Stripe.Subscription> | null },
): Fact[] {
  const checkoutId = markIn(subscription.metadata);
  const stripeCustomerId = idOf(subscription.customer);
  const facts = lookFacts(subscription);
  if (checkoutId === null || stripeCustomerId === null || facts === null) return [];
  const before = moment.before ? lookFacts(merged(subscription, moment.before)) : null;
  return [
    {
      fact: 'look',
      look: {
        stripeSubscriptionId: subscription.id,
        stripeCustomerId,
        checkoutId,
        facts,
        lookedAt: moment.lookedAt,
        rank: moment.rank,
        replaced: before,
        resumesAt: resumption(subscription),
        provisional: false,
      },
    },
  ];
}

/**
 * A refund is booked on its own date once Stripe has taken it on. One that fails gives the money back when Stripe books it
 * back; where that booking is not at hand, on the day that is told.
 */
export function refundSteps(refund: Stripe.Refund, toldAt: Date | null): Fact[] {
  const paymentIntentId = idOf(refund.payment_intent);
  if (paymentIntentId === null) return [];
  const step: Omit<AdjustmentStep, 'kind' | 'happenedAt'> = {
    stripeId: refund.id,
    part: 1,
    amountMinor: BigInt(refund.amount),
    currency: refund.currency.toUpperCase(),
  };
  const facts: Fact[] = [
    {
      fact: 'adjustment',
      paymentIntentId,
      step: { ...step, kind: 'refund', happenedAt: at(refund.created) },
    },
  ];
  const back = refund.failure_balance_transaction;
  const failedAt = back !== null && typeof back === 'object' ? at(back.created) : toldAt;
  if ((refund.status === 'failed' || refund.status === 'canceled') && failedAt !== null) {
    facts.push({
      fact: 'adjustment',
      paymentIntentId,
      step: { ...step, kind: 'refund_failed', happenedAt: failedAt },
    });
  }
  return facts;
}

/**
 * Money that a dispute took, gave back when it was won, and may take once more: every telling of a dispute carries the bookings
 * so far, each with its own date. The rest of a dispute's life moves no money.
 */
export function disputeSteps(dispute: Stripe.Dispute): Fact[] {
  const paymentIntentId = idOf(dispute.payment_intent);
  if (paymentIntentId === null || dispute.amount === 0) return [];
  return bookingsOf(dispute).map(({ booked, kind, part }) => ({
    fact: 'adjustment',
    paymentIntentId,
    step: {
      kind,
      stripeId: dispute.id,
      part,
      amountMinor: BigInt(dispute.amount),
      currency: dispute.currency.toUpperCase(),
      happenedAt: at(booked.created),
    },
  }));
}

/** A dispute's bookings as steps: each the so-many-th of its kind. */
export function bookingsOf(dispute: Stripe.Dispute): {
  booked: Stripe.BalanceTransaction;
  kind: 'dispute_withdrawn' | 'dispute_reinstated';
  part: number;
}[] {
  const parts = { dispute_withdrawn: 0, dispute_reinstated: 0 };
  return dispute.balance_transactions
    .toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))
    .map((booked) => {
      const kind = booked.amount < 0 ? 'dispute_withdrawn' : 'dispute_reinstated';
      parts[kind] += 1;
      return { booked, kind, part: parts[kind] };
    });
}

/** A dispute as it stands at a moment, with the money it has moved so far. */
export function toldDispute(dispute: Stripe.Dispute, toldAt: Date): Fact[] {
  const paymentIntentId = idOf(dispute.payment_intent);
  if (paymentIntentId === null) return [];
  const dueBy = dispute.evidence_details.due_by;
  return [
    {
      fact: 'dispute',
      paymentIntentId,
      dispute: {
        stripeDisputeId: dispute.id,
        status: dispute.status,
        reason: dispute.reason,
        amountMinor: BigInt(dispute.amount),
        currency: dispute.currency.toUpperCase(),
        openedAt: at(dispute.created),
        answerBy: dueBy === null ? null : at(dueBy),
        answered: dispute.evidence_details.submission_count > 0,
        toldAt,
      },
    },
    ...disputeSteps(dispute),
  ];
}

/** What a bank reported as fraud before anybody contested it. */
export function toldWarning(warning: Stripe.Radar.EarlyFraudWarning, toldAt: Date): Fact[] {
  const paymentIntentId = idOf(warning.payment_intent);
  if (paymentIntentId === null) return [];
  const { id: stripeWarningId, fraud_type: fraudType, actionable, created } = warning;
  return [
    {
      fact: 'fraud-warning',
      paymentIntentId,
      warning: { stripeWarningId, fraudType, actionable, warnedAt: at(created), toldAt },
    },
  ];
}

/**
 * An attempt at a new gift that was declined: a single one by our mark; a regular one, whose mark comes with its subscription,
 * by what Stripe writes on a checkout's first attempt, before there is a customer. A renewal's has its invoice.
 */
export function declinedAttempt(intent: Stripe.PaymentIntent, declinedAt: Date): Fact[] {
  const begins = intent.description === 'Subscription creation' && idOf(intent.customer) === null;
  if (markIn(intent.metadata) === null && !begins) return [];
  return [{ fact: 'declined', decline: { stripePaymentIntentId: intent.id, declinedAt } }];
}

/** Another card than the one that came with the checkout, which stands on the subscription itself. */
export function changedCard(customer: Stripe.Customer, changedAt: Date): Fact[] {
  const card = idOf(customer.invoice_settings.default_payment_method);
  if (card === null) return [];
  return [
    { fact: 'card-changed', stripeCustomerId: customer.id, stripeSubscriptionId: null, card, changedAt },
  ];
}

/** Which subscription of ours an invoice belongs to. */
export function subscriptionOf(
  invoice: Stripe.Invoice,
): { checkoutId: string; stripeSubscriptionId: string } | null {
  const details = invoice.parent?.subscription_details;
  const checkoutId = markIn(details?.metadata);
  const stripeSubscriptionId = idOf(details?.subscription);
  return checkoutId === null || stripeSubscriptionId === null ? null : { checkoutId, stripeSubscriptionId };
}

function paymentsOf(invoice: Stripe.Invoice): Fact[] {
  return (invoice.payments?.data ?? []).flatMap(invoicePayment);
}

function personOf(address: string | null | undefined, name: string | null | undefined): Person | null {
  const written = address?.trim() ?? '';
  return written === '' ? null : { address: written, name: name ?? null };
}

function resumption({ pause_collection: pause }: Stripe.Subscription): Date | null {
  return typeof pause?.resumes_at === 'number' ? at(pause.resumes_at) : null;
}

function lookFacts(subscription: Stripe.Subscription): LookFacts | null {
  const items = subscription.items.data;
  const interval = intervalOf(items[0]?.price.recurring?.interval);
  if (interval === null) return null;
  const periodEnd = Math.max(...items.map((item) => item.current_period_end));
  const ended = subscription.ended_at;
  const endsAt = subscription.cancel_at ?? (subscription.cancel_at_period_end ? periodEnd : null);
  const standing = standingOf(subscription);
  const over = standing === 'ended';
  return {
    standing,
    amountMinor: items.reduce(
      (sum, item) => sum + BigInt((item.price.unit_amount ?? 0) * (item.quantity ?? 1)),
      0n,
    ),
    currency: subscription.currency.toUpperCase(),
    interval,
    startedAt: at(subscription.start_date),
    periodEndsAt: at(periodEnd),
    cancelRequestedAt: subscription.canceled_at === null ? null : at(subscription.canceled_at),
    endsAt: endsAt === null || over ? null : at(endsAt),
    endedAt: ended === null ? null : at(ended),
    // A plan whose first payment never came has ended without ever having begun.
    endReason: subscription.status === 'canceled' ? endReasonOf(subscription) : null,
  };
}

/**
 * Stripe's status in our words. `paused` has a reason, and two of them mean the card failed for good
 * (https://docs.stripe.com/api/subscriptions/object#subscription_object-status_details). A status not known here changes nothing that counts.
 */
function standingOf(subscription: Stripe.Subscription): Standing {
  switch (subscription.status) {
    case 'active':
    case 'trialing':
      return subscription.pause_collection === null ? 'active' : 'paused';
    case 'past_due':
      return subscription.pause_collection === null ? 'past_due' : 'paused';
    case 'paused': {
      const reason = subscription.status_details?.paused.subscription.type;
      return reason === 'final_payment_failure' || reason === 'first_payment_failure' ? 'unpaid' : 'paused';
    }
    case 'unpaid':
      return 'unpaid';
    case 'canceled':
    case 'incomplete_expired':
      return 'ended';
    default:
      return 'incomplete';
  }
}

function endReasonOf(subscription: Stripe.Subscription): 'voluntary' | 'involuntary' {
  const reason = subscription.cancellation_details?.reason;
  return reason === 'payment_failed' || reason === 'payment_disputed' ? 'involuntary' : 'voluntary';
}

/** We begin monthly and yearly plans only. */
function intervalOf(told: string | undefined): 'month' | 'year' | null {
  return told === 'month' || told === 'year' ? told : null;
}

/** The object as it was before: hashes are told in part, lists whole. */
function merged<T extends object>(now: T, before: Partial<T>): T {
  const whole: Record<string, unknown> = { ...(now as Record<string, unknown>) };
  for (const [name, was] of Object.entries(before)) {
    const is = whole[name];
    whole[name] = isHash(is) && isHash(was) ? merged(is, was) : was;
  }
  return whole as T;
}

function isHash(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
