// Checkouts: what a reader meant to give, from the choice to its outcome at Stripe. An intent is not a gift.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { isAnyOf, type Reads, rowsOf, type Tx } from '../outside/database.ts';
import { checkouts } from '../schema.ts';
import { type Currency, type Frequency, isCurrency, isFrequency } from '../values/money.ts';

export type Checkout = typeof checkouts.$inferSelect;

export interface Intent {
  frequency: Frequency;
  /** All that Stripe is to charge, in minor units: what the reader adds to cover fees is part of it. */
  amountMinor: bigint;
  feesCoveredMinor: bigint;
  currency: Currency;
  locale: string;
  article: string | null;
  campaign: string | null;
  component: string | null;
  referrer: string | null;
  reminderId: string | null;
  /** A regular gift beside one that runs, as its reader, who was known, has said. */
  besides: boolean;
}

/** Notes an intent before Stripe hears of it, and answers its id: our reference and idempotency key there. */
export async function noteIntent(tx: Tx, now: Date, intent: Intent): Promise<string> {
  const id = randomUUIDv7();
  await tx.insert(checkouts).values({ id, state: 'begun', ...intent, createdAt: now });
  return id;
}

/**
 * What Stripe's objects carry of an intent: our reference on each, and enough beside it to write the intent anew should it
 * be lost here. Nothing personal; an absent mark says no or nothing (https://docs.stripe.com/metadata: 500 characters each).
 */
export function marksOf(id: string, intent: Intent): Record<string, string> {
  const marks = {
    [markNames.id]: id,
    [markNames.frequency]: intent.frequency,
    [markNames.amount]: intent.amountMinor.toString(),
    [markNames.feesCovered]: intent.feesCoveredMinor > 0n ? intent.feesCoveredMinor.toString() : null,
    [markNames.locale]: intent.locale,
    [markNames.article]: intent.article,
    [markNames.campaign]: intent.campaign,
    [markNames.component]: intent.component,
    [markNames.referrer]: intent.referrer,
    [markNames.reminder]: intent.reminderId,
    [markNames.besides]: intent.besides ? 'yes' : null,
  };
  return Object.fromEntries(
    Object.entries(marks).flatMap(([name, value]) => (value ? [[name, value.slice(0, 500)]] : [])),
  );
}

/** An intent as its marks tell it; the amount and the currency are the object's own where they are not marked. */
export interface MarkedIntent extends Intent {
  id: string;
  createdAt: Date;
}

/** Reads an intent off its marks; null when they are not ours. What was made before there were more marks is known by what it is. */
export function intentFromMarks(
  marks: Record<string, string> | null | undefined,
  object: { frequency: Frequency; amountMinor: bigint; currency: string; createdAt: Date },
): MarkedIntent | null {
  const id = marks?.[markNames.id];
  if (
    !marks ||
    id === undefined ||
    !isCurrency(object.currency) ||
    !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
  )
    return null;
  const said = (name: keyof typeof markNames) => marks[markNames[name]] ?? null;
  const minor = (text: string | null) => (text !== null && /^\d{1,15}$/.test(text) ? BigInt(text) : null);
  const frequency = said('frequency');
  const reminder = said('reminder');
  return {
    id,
    frequency: isFrequency(frequency) ? frequency : object.frequency,
    amountMinor: minor(said('amount')) || object.amountMinor,
    feesCoveredMinor: minor(said('feesCovered')) ?? 0n,
    currency: object.currency,
    locale: said('locale') ?? 'en',
    article: said('article'),
    campaign: said('campaign'),
    component: said('component'),
    referrer: said('referrer'),
    reminderId:
      reminder !== null && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(reminder) ? reminder : null,
    besides: said('besides') === 'yes',
    createdAt: object.createdAt,
  };
}

/** Writes intents that Stripe's objects name and that are not here: only for whoever rebuilds, never for a stray webhook. Answers how many were new. */
export async function adoptIntents(tx: Tx, marked: readonly MarkedIntent[]): Promise<number> {
  if (marked.length === 0) return 0;
  const written = await tx
    .insert(checkouts)
    .values(marked.map((intent) => ({ state: 'open' as const, ...intent })))
    .onConflictDoNothing()
    .returning({ id: checkouts.id });
  return written.length;
}

/** Notes which session at Stripe an intent became. Stripe may have told of its outcome first, which then stands. */
export async function noteSession(tx: Tx, checkoutId: string, stripeSessionId: string): Promise<void> {
  await tx
    .update(checkouts)
    .set({
      stripeSessionId,
      state: sql`case when ${checkouts.state} = 'begun' then 'open' else ${checkouts.state} end`,
    })
    .where(and(eq(checkouts.id, checkoutId), isNull(checkouts.stripeSessionId)));
}

/** Stripe gave no session, or its answer was lost: nobody has the address of a page to pay on, so nothing can come of it. */
export async function abandonIntent(tx: Tx, checkoutId: string): Promise<void> {
  await tx
    .update(checkouts)
    .set({ state: 'abandoned' })
    .where(and(eq(checkouts.id, checkoutId), eq(checkouts.state, 'begun')));
}

export interface CompletedCheckout {
  id: string;
  stripeSessionId: string;
  readerId: string | null;
  completedAt: Date | null;
}

/** Readers went through the payment page. Whether money came is told by payments alone: some ways of paying take days. */
export async function completeCheckouts(tx: Tx, completed: readonly CompletedCheckout[]): Promise<void> {
  if (completed.length === 0) return;
  await tx.execute(sql`
    update ${checkouts} set
      state = 'completed',
      stripe_session_id = given.stripe_session_id,
      reader_id = coalesce(given.reader_id, ${checkouts.readerId}),
      completed_at = least(${checkouts.completedAt}, given.completed_at)
    from ${rowsOf(checkouts, onePerCheckout(completed))} given where ${checkouts.id} = given.id`);
}

/** Told twice, at different moments: the first stands, whichever came first to us. */
function onePerCheckout(completed: readonly CompletedCheckout[]): CompletedCheckout[] {
  const byId = new Map<string, CompletedCheckout>();
  for (const one of completed) {
    const known = byId.get(one.id);
    const moments = [known?.completedAt, one.completedAt].filter((moment) => moment instanceof Date);
    byId.set(one.id, {
      ...one,
      readerId: one.readerId ?? known?.readerId ?? null,
      completedAt: moments.sort((a, b) => a.getTime() - b.getTime())[0] ?? null,
    });
  }
  return [...byId.values()];
}

/** Payment pages closed unused. A completed checkout does not become expired, whatever order this is heard in. */
export async function expireCheckouts(tx: Tx, checkoutIds: readonly string[]): Promise<void> {
  if (checkoutIds.length === 0) return;
  await tx
    .update(checkouts)
    .set({ state: 'expired' })
    .where(
      and(inArray(checkouts.id, [...checkoutIds]), inArray(checkouts.state, ['begun', 'open', 'abandoned'])),
    );
}

/** A way of paying that takes days has ended, well or not. */
export async function noteOutcome(
  tx: Tx,
  checkoutId: string,
  outcome: { at: Date; failed: boolean },
): Promise<void> {
  await tx
    .update(checkouts)
    .set({ outcomeAt: outcome.at, asyncFailed: outcome.failed })
    .where(eq(checkouts.id, checkoutId));
}

export async function checkoutById(reads: Reads, checkoutId: string): Promise<Checkout | null> {
  return (await checkoutsById(reads, [checkoutId])).get(checkoutId) ?? null;
}

/** Those of these intents that this service began, by their ids. */
export async function checkoutsById(
  reads: Reads,
  checkoutIds: readonly string[],
): Promise<Map<string, Checkout>> {
  if (checkoutIds.length === 0) return new Map();
  const rows = await reads.select().from(checkouts).where(isAnyOf(checkouts.id, checkoutIds));
  return new Map(rows.map((row) => [row.id, row]));
}

const markNames = {
  id: 'favor_checkout',
  frequency: 'favor_kind',
  amount: 'favor_amount',
  feesCovered: 'favor_fees_covered',
  locale: 'favor_locale',
  article: 'favor_article',
  campaign: 'favor_campaign',
  component: 'favor_component',
  referrer: 'favor_referrer',
  reminder: 'favor_reminder',
  besides: 'favor_besides',
} as const;
