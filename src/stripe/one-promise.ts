// One promise per reader: a second regular gift is taken, and then its reader is kept from being charged twice without knowing it.
import { sql } from 'drizzle-orm';
import Stripe from 'stripe';
import {
  decideSecondGift,
  type Keeps,
  pairById,
  postponeSecondGift,
  rivalsOf,
  type SecondGift,
  settleSecondGift,
} from '../ledger/second-gift.ts';
import { messageDomain, type NewLetter, queueLetter } from '../letters/outbox.ts';
import { claimDue, nextDue } from '../outside/claim.ts';
import { transact } from '../outside/database.ts';
import { describeError, problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { secondGifts } from '../schema.ts';
import { at, idOf } from './translate.ts';
import {
  endedOtherwise,
  hasEnded,
  isPaidFor,
  latestEnd,
  restsFor,
  ruleFor,
  runsAtStripe,
  weighed,
  willNotBeCharged,
  wouldDouble,
} from './two-plans.ts';

/**
 * The rule. When a reader's newer regular gift runs, two gifts are not charged for one time unless the reader says so. Anyone may
 * type anyone's address, so that a newer gift never ends an older one that is not overdue by itself:
 *   - Paid with the card or account of the older one, or where that is overdue, the newer gift goes on. The older one is set to
 *     end with its paid time; what is overdue, unpaid or paused, or was drawn up but not collected, ends at once, and what is
 *     open on it is no longer collected.
 *   - Paid otherwise, the older gift goes on and the newer one ends with the time that it has paid for. A monthly older gift that
 *     would be collected meanwhile rests until then. Should the older one end first, the newer one goes on.
 *   - A renewal that was collected since the newer gift began, before we could act, is sent back whole.
 * Then the reader gets one letter. Its button leads to the choice: the newer, the older, or both.
 *
 * What the rule comes to is kept before anything is asked for. Every step reads how things stand at Stripe and asks only for what
 * is missing there, so that it may begin anew after a crash at any point. The letter is written with the note that all is done.
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
    await keepPromise(services, pair, row, {
      newer: await planOrNone(services.stripe, newer),
      older: await planOrNone(services.stripe, older),
    });
  } catch (error) {
    const minutes = backoffMinutes[row.attempts - 1] ?? backoffMinutes.at(-1) ?? 0;
    const facts = { secondGift: row.id, attempt: row.attempts, ...describeError(error) };
    if (row.attempts > 3) services.log.error(facts, 'Two gifts may be charged for one time');
    else services.log.warn(facts, 'Two gifts could not be seen to yet');
    const dueAt = new Date(services.now().getTime() + minutes * 60_000);
    await transact(services, (tx) => postponeSecondGift(tx, row, dueAt, problemOf(error)));
  }
}

type Pair = NonNullable<Awaited<ReturnType<typeof pairById>>>;

interface Plans {
  newer: Stripe.Subscription | null;
  older: Stripe.Subscription | null;
}

async function keepPromise(services: Services, pair: Pair, row: SecondGift, plans: Plans): Promise<void> {
  const overtaken = () => transact(services, (tx) => settleSecondGift(tx, row, 'overtaken'));
  const keeps = pair.row.decidedAt === null ? await decide(services, row, plans) : pair.row.keeps;
  if (keeps === null) return void (await overtaken());
  const kept = await actsOf[keeps](services.stripe, row, plans);
  if (kept === null) return void (await overtaken());
  await transact(services, async (tx) => {
    const settled = await settleSecondGift(tx, row, 'settled');
    // Whoever chose has read the letter.
    if (!settled || keeps === 'both' || row.chosenAt !== null) return;
    await queueLetter(
      tx,
      services.now(),
      messageDomain(services.config),
      letterOf(pair, keeps, kept.plans, kept.sentBack),
    );
  });
}

/** What the rule comes to, kept for all older gifts beside this newer one; null where nothing would be charged twice. */
async function decide(services: Services, row: SecondGift, { newer, older }: Plans): Promise<Keeps | null> {
  if (newer === null || older === null || !runsAtStripe(newer)) return null;
  if (willNotBeCharged(newer) || (willNotBeCharged(older) && older.status !== 'unpaid')) return null;
  const olders = [older];
  for (const id of await rivalsOf(services.database, row)) {
    const rival = await planOrNone(services.stripe, id);
    if (rival !== null && !willNotBeCharged(rival)) olders.push(rival);
  }
  const kept = await transact(services, (tx) =>
    decideSecondGift(tx, services.now(), row, ruleFor(newer, olders)),
  );
  if (kept === null) throw new Error('Another instance sees to these two gifts');
  return kept;
}

interface BothPlans {
  newer: Stripe.Subscription;
  older: Stripe.Subscription;
}

/** Does at Stripe what is still missing there; null where it came otherwise. */
type Acts = (
  stripe: Stripe,
  row: SecondGift,
  plans: Plans,
) => Promise<{ plans: BothPlans; sentBack: bigint } | null>;

const actsOf: Record<Keeps, Acts> = { newer: keepNewer, older: keepOlder, both: keepBoth };

async function keepNewer(stripe: Stripe, row: SecondGift, { newer, older }: Plans) {
  if (newer === null || older === null || !runsAtStripe(newer)) return null;
  const goesOn = row.chosenAt === null ? newer : await goOn(stripe, row, newer);
  if (endedOtherwise(older, row.createdAt)) return null;
  const plans = {
    newer: goesOn,
    older: willNotBeEnded(older) ? older : await endOlder(stripe, row, older, newer),
  };
  // Whoever once chose knows what the older gift brought since.
  const sentBack = row.chosenAt === null ? await sendBackRenewals(stripe, row, older, newer.start_date) : 0n;
  return { plans, sentBack };
}

/** Set to end, or over already. */
function willNotBeEnded(older: Stripe.Subscription): boolean {
  return hasEnded(older) || older.cancel_at_period_end || older.cancel_at !== null;
}

async function keepOlder(stripe: Stripe, row: SecondGift, { newer, older }: Plans) {
  if (newer === null || older === null || !runsAtStripe(newer)) {
    if (newer !== null && older !== null) await wake(stripe, row, older, newer);
    return null;
  }
  if (row.chosenAt === null && willNotBeCharged(older)) {
    // The only one that is left need not end.
    if (newer.cancellation_details?.comment === comment) await goOn(stripe, row, newer);
    return null;
  }
  const goesOn = row.chosenAt === null ? older : await goOn(stripe, row, older);
  const ends = willNotBeCharged(newer) ? newer : await setToEnd(stripe, row, newer);
  const plans = { newer: ends, older: await rest(stripe, row, goesOn, newer) };
  if (row.chosenAt !== null) return { plans, sentBack: 0n };
  const sentBack = wasMonthly(older) ? await sendBackRenewals(stripe, row, older, newer.start_date) : 0n;
  await sendBackRenewals(stripe, row, newer, newer.start_date);
  return { plans, sentBack };
}

/** The reader wants both: each goes on, if it still can. */
async function keepBoth(stripe: Stripe, row: SecondGift, { newer, older }: Plans) {
  const over = newer === null || older === null || hasEnded(older) || hasEnded(newer);
  if (newer !== null && !hasEnded(newer)) await goOn(stripe, row, newer);
  if (older !== null && !hasEnded(older)) {
    if (newer !== null) await wake(stripe, row, older, newer);
    await goOn(stripe, row, older);
  }
  return over ? null : { plans: { newer, older }, sentBack: 0n };
}

const comment = 'Two gifts of one reader: one of them goes on.';

async function endOlder(
  stripe: Stripe,
  row: SecondGift,
  older: Stripe.Subscription,
  newer: Stripe.Subscription,
): Promise<Stripe.Subscription> {
  if (isPaidFor(older, newer)) return setToEnd(stripe, row, older, restsFor(older, newer));
  const wanted = { invoice_now: false, prorate: false, cancellation_details: { comment } };
  return stripe.subscriptions.cancel(older.id, wanted, keyOf(row, `cancel-${older.id}`));
}

function setToEnd(
  stripe: Stripe,
  row: SecondGift,
  plan: Stripe.Subscription,
  rests = false,
): Promise<Stripe.Subscription> {
  return stripe.subscriptions.update(
    plan.id,
    { cancel_at_period_end: true, cancellation_details: { comment }, ...(rests && { pause_collection: '' }) },
    keyOf(row, `end-${plan.id}`),
  );
}

async function goOn(
  stripe: Stripe,
  row: SecondGift,
  plan: Stripe.Subscription,
): Promise<Stripe.Subscription> {
  if (!plan.cancel_at_period_end) return plan;
  return stripe.subscriptions.update(plan.id, { cancel_at_period_end: false }, keyOf(row, `keep-${plan.id}`));
}

/** The time that the newer gift has paid for is not collected once more. */
async function rest(
  stripe: Stripe,
  row: SecondGift,
  older: Stripe.Subscription,
  newer: Stripe.Subscription,
): Promise<Stripe.Subscription> {
  if (!wouldDouble(older, newer)) return older;
  return stripe.subscriptions.update(
    older.id,
    { pause_collection: { behavior: 'void', resumes_at: latestEnd(newer) } },
    keyOf(row, `rest-${older.id}`),
  );
}

async function wake(
  stripe: Stripe,
  row: SecondGift,
  older: Stripe.Subscription,
  newer: Stripe.Subscription,
): Promise<void> {
  if (hasEnded(older) || !restsFor(older, newer)) return;
  await stripe.subscriptions.update(older.id, { pause_collection: '' }, keyOf(row, `wake-${older.id}`));
}

function wasMonthly(plan: Stripe.Subscription): boolean {
  return plan.items.data.every((item) => item.price.recurring?.interval === 'month');
}

/** What renewals of a gift brought after the newer one had begun goes back, once. Answers how much. */
async function sendBackRenewals(
  stripe: Stripe,
  row: SecondGift,
  plan: Stripe.Subscription,
  since: number,
): Promise<bigint> {
  const renewals = await stripe.invoices.list({
    subscription: plan.id,
    status: 'paid',
    // Stripe draws a renewal up about an hour before it collects it.
    created: { gte: since - 86_400 },
    limit: 10,
  });
  let sentBack = 0n;
  for (const invoice of renewals.data) {
    const paidAt = invoice.status_transitions.paid_at ?? 0;
    if (invoice.billing_reason !== 'subscription_cycle' || paidAt < since) continue;
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
  keeps: 'newer' | 'older',
  plans: BothPlans,
  sentBack: bigint,
): NewLetter<'second-gift'> {
  const ends = plans[keeps === 'newer' ? 'older' : 'newer'];
  const over = hasEnded(ends);
  const endsAt = over ? ends.ended_at : (ends.cancel_at ?? latestEnd(ends));
  const rests = keeps === 'older' && restsFor(plans.older, plans.newer);
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
      keeps,
      over,
      endsAt: (endsAt === null ? older.periodEndsAt : at(endsAt)).toISOString(),
      rests,
      sentBackMinor: sentBack === 0n ? null : sentBack.toString(),
    },
  };
}

async function planOrNone(stripe: Stripe, id: string): Promise<Stripe.Subscription | null> {
  try {
    return await stripe.subscriptions.retrieve(id, { expand: weighed });
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return null;
    throw error;
  }
}

/** One key for each claim: a repeat within it is the same call; a later claim has read anew how things stand. */
function keyOf(row: SecondGift, act: string): Stripe.RequestOptions {
  return { idempotencyKey: `second-gift-${row.id}-${row.fence}-${act}` };
}
