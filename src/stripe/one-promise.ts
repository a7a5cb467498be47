// One promise per reader: a second regular gift is taken, and then the older one is kept from being charged unknown to its reader.
import { sql } from 'drizzle-orm';
import Stripe from 'stripe';
import { pairById, postponeSecondGift, type SecondGift, settleSecondGift } from '../ledger/second-gift.ts';
import { messageDomain, type NewLetter, queueLetter } from '../letters/outbox.ts';
import { claimDue, nextDue } from '../outside/claim.ts';
import { transact } from '../outside/database.ts';
import { describeError, problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { secondGifts } from '../schema.ts';
import { at, idOf } from './translate.ts';

/**
 * The rule. When a reader's newer regular gift runs, the older one is not charged again unless the reader says so:
 *   - an older gift that is paid for is set to end with its paid time;
 *   - one that is overdue, unpaid or paused, or whose renewal was drawn up but not collected since the newer one began, ends at
 *     once, and what is open on it is no longer collected;
 *   - a renewal that was collected since the newer one began, before we could act, is sent back whole.
 * Then the reader gets one letter. Where the older gift still runs, its button leads to the choice to keep both.
 *
 * Every step reads how things stand at Stripe and asks only for what is missing there, so that it may begin anew after a crash
 * at any point. The letter is written with the note that all is done.
 */
export async function keepOnePromise(services: Services): Promise<void> {
  for (;;) {
    const rows = await claimDue(services.database, secondGifts, {
      now: services.now(),
      machineNow: services.machineNow(),
      leaseSeconds,
      most: batch,
      waiting: isWaiting,
    });
    if (rows.length === 0) return;
    for (const row of rows) await actOnce(services, row);
    services.nudge('letters');
  }
}

export function nextPromiseDue(services: Services): Promise<Date | null> {
  return nextDue(services.database, secondGifts, isWaiting);
}

const batch = 8;
/** A pair takes at most a handful of calls of eight seconds each, retries included. */
const leaseSeconds = 300;
const isWaiting = sql`${secondGifts.state} = 'waiting'`;
/** Then every four hours, each time with a line for whoever watches the log: money may be charged that should not be. */
const backoffMinutes = [0.1, 0.5, 2, 10, 30, 60, 240];

async function actOnce(services: Services, row: SecondGift): Promise<void> {
  try {
    const pair = await pairById(services.database, row.id);
    if (pair === null) throw new Error('A pair without its gifts');
    const { stripeSubscriptionId: older } = pair.older;
    const { stripeSubscriptionId: newer } = pair.newer;
    if (older === null || newer === null) throw new Error('A pair of which one is not at Stripe');
    const subscriptions = { older, newer };
    if (row.keeps === 'both') await keepBoth(services, row, subscriptions.older);
    else await keepNewer(services, row, pair, subscriptions);
  } catch (error) {
    const minutes = backoffMinutes[row.attempts - 1] ?? backoffMinutes.at(-1) ?? 0;
    const facts = { secondGift: row.id, attempt: row.attempts, ...describeError(error) };
    if (row.attempts > 3) services.log.error(facts, 'An older gift may be charged beside a newer one');
    else services.log.warn(facts, 'An older gift could not be seen to yet');
    const dueAt = new Date(services.now().getTime() + minutes * 60_000);
    await transact(services, (tx) => postponeSecondGift(tx, row, dueAt, problemOf(error)));
  }
}

type Pair = NonNullable<Awaited<ReturnType<typeof pairById>>>;

async function keepNewer(
  services: Services,
  row: SecondGift,
  pair: Pair,
  ids: { older: string; newer: string },
): Promise<void> {
  const { stripe } = services;
  const newer = await subscriptionOrNone(stripe, ids.newer);
  const found = await subscriptionOrNone(stripe, ids.older);
  const cameOtherwise =
    newer === null || found === null || !runsAtStripe(newer) || endedOtherwise(found, row);
  if (cameOtherwise) {
    await transact(services, (tx) => settleSecondGift(tx, row, 'overtaken'));
    return;
  }
  const older = willNotBeCharged(found) ? found : await stop(stripe, row, found, newer);
  // Whoever once chose to keep both knows what the older gift brought since.
  const sentBack = row.chosenAt === null ? await sendBackRenewals(stripe, row, older, newer) : 0n;
  await transact(services, async (tx) => {
    if (!(await settleSecondGift(tx, row, 'settled'))) return;
    await queueLetter(tx, services.now(), messageDomain(services.config), letterOf(pair, older, sentBack));
  });
}

/** The reader wants both: the older gift goes on, if it still can. */
async function keepBoth(services: Services, row: SecondGift, id: string): Promise<void> {
  const { stripe } = services;
  const older = await subscriptionOrNone(stripe, id);
  const over = older === null || hasEnded(older);
  if (older !== null && !over && older.cancel_at_period_end) {
    await stripe.subscriptions.update(id, { cancel_at_period_end: false }, keyOf(row, 'keep'));
  }
  await transact(services, (tx) => settleSecondGift(tx, row, over ? 'overtaken' : 'settled'));
}

async function stop(
  stripe: Stripe,
  row: SecondGift,
  older: Stripe.Subscription,
  newer: Stripe.Subscription,
): Promise<Stripe.Subscription> {
  const cancellation_details = { comment: 'A newer gift of the same reader took its place.' };
  if (isPaidFor(older, newer)) {
    const wanted = { cancel_at_period_end: true, cancellation_details };
    return stripe.subscriptions.update(older.id, wanted, keyOf(row, 'end'));
  }
  const wanted = { invoice_now: false, prorate: false, cancellation_details };
  return stripe.subscriptions.cancel(older.id, wanted, keyOf(row, 'end'));
}

/** Paid for, and nothing more is about to be collected: its time may run out. */
function isPaidFor(older: Stripe.Subscription, newer: Stripe.Subscription): boolean {
  const invoice = older.latest_invoice;
  if (older.status !== 'active' || older.pause_collection !== null) return false;
  if (invoice === null || typeof invoice === 'string') return false;
  // A debit that was asked for before the newer gift began is on its way, and pays for this time.
  return invoice.status === 'paid' || (invoice.status === 'open' && invoice.created < newer.start_date);
}

/** What the older gift brought after the newer one had begun goes back, once. Answers how much. */
async function sendBackRenewals(
  stripe: Stripe,
  row: SecondGift,
  older: Stripe.Subscription,
  newer: Stripe.Subscription,
): Promise<bigint> {
  const renewals = await stripe.invoices.list({
    subscription: older.id,
    status: 'paid',
    // Stripe draws a renewal up about an hour before it collects it.
    created: { gte: newer.start_date - 86_400 },
    limit: 10,
  });
  let sentBack = 0n;
  for (const invoice of renewals.data) {
    const paidAt = invoice.status_transitions.paid_at ?? 0;
    if (invoice.billing_reason !== 'subscription_cycle' || paidAt < newer.start_date) continue;
    const paid = await stripe.invoicePayments.list({ invoice: invoice.id, status: 'paid', limit: 10 });
    for (const payment of paid.data) {
      const intent = idOf(payment.payment.payment_intent);
      if (intent === null) continue;
      const known = await stripe.refunds.list({ payment_intent: intent, limit: 1 });
      // Sent back before a crash, or by somebody's hand: a whole payment goes back once.
      if (known.data.length === 0) {
        await stripe.refunds.create(
          { payment_intent: intent, reason: 'duplicate' },
          keyOf(row, `back-${intent}`),
        );
      }
      sentBack += BigInt(known.data[0]?.amount ?? payment.amount_paid ?? invoice.amount_paid);
    }
  }
  return sentBack;
}

function letterOf(
  { row, older, newer, locale }: Pair,
  stopped: Stripe.Subscription,
  sentBack: bigint,
): NewLetter<'second-gift'> {
  const over = hasEnded(stopped);
  const endsAt = over ? stopped.ended_at : (stopped.cancel_at ?? latestEnd(stopped));
  return {
    kind: 'second-gift',
    key: row.id,
    to: { readerId: row.readerId },
    locale,
    facts: {
      secondGiftId: row.id,
      amountMinor: older.amountMinor.toString(),
      currency: older.currency,
      kind: older.interval,
      newer: {
        amountMinor: newer.amountMinor.toString(),
        currency: newer.currency,
        kind: newer.interval,
        begunAt: newer.startedAt.toISOString(),
      },
      over,
      endsAt: (endsAt === null ? older.periodEndsAt : at(endsAt)).toISOString(),
      sentBackMinor: sentBack === 0n ? null : sentBack.toString(),
    },
  };
}

/** Before the pair was noted, or because the card was given up on: no doing of ours. Stripe's moments are whole seconds. */
function endedOtherwise(older: Stripe.Subscription, row: SecondGift): boolean {
  if (!hasEnded(older)) return false;
  const before = at(older.ended_at ?? 0).getTime() < row.createdAt.getTime() - 5000;
  return before || older.cancellation_details?.reason !== 'cancellation_requested';
}

function willNotBeCharged(older: Stripe.Subscription): boolean {
  return hasEnded(older) || older.cancel_at_period_end || older.cancel_at !== null;
}

function runsAtStripe({ status }: Stripe.Subscription): boolean {
  return status === 'active' || status === 'trialing' || status === 'past_due';
}

function hasEnded({ status }: Stripe.Subscription): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}

function latestEnd(subscription: Stripe.Subscription): number {
  return Math.max(...subscription.items.data.map((item) => item.current_period_end));
}

async function subscriptionOrNone(stripe: Stripe, id: string): Promise<Stripe.Subscription | null> {
  try {
    return await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return null;
    throw error;
  }
}

/** One key for each claim: a repeat within it is the same call; a later claim has read anew how things stand. */
function keyOf(row: SecondGift, act: string): Stripe.RequestOptions {
  return { idempotencyKey: `second-gift-${row.id}-${row.fence}-${act}` };
}
