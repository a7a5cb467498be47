// Checkouts: what a reader meant to give, from the choice to its outcome at Stripe. An intent is not a gift.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { checkouts } from '../schema.ts';
import type { Currency, Frequency } from '../values/money.ts';

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
}

/** Notes an intent before Stripe hears of it, and answers its id: our reference and idempotency key there. */
export async function noteIntent(tx: Tx, now: Date, intent: Intent): Promise<string> {
  const id = randomUUIDv7();
  await tx.insert(checkouts).values({ id, state: 'begun', ...intent, createdAt: now });
  return id;
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

/** The reader went through the payment page. Whether money came is told by payments alone: some ways of paying take days. */
export async function completeCheckout(
  tx: Tx,
  checkoutId: string,
  completed: { stripeSessionId: string; readerId: string | null; completedAt: Date },
): Promise<Checkout | null> {
  const [row] = await tx
    .update(checkouts)
    .set({
      state: 'completed',
      stripeSessionId: completed.stripeSessionId,
      ...(completed.readerId !== null && { readerId: completed.readerId }),
      // Told twice, at different moments: the first stands, whichever came first to us.
      completedAt: sql`least(${checkouts.completedAt}, ${completed.completedAt.toISOString()}::timestamptz)`,
    })
    .where(eq(checkouts.id, checkoutId))
    .returning();
  return row ?? null;
}

/** The payment page closed unused. A completed checkout does not become expired, whatever order this is heard in. */
export async function expireCheckout(tx: Tx, checkoutId: string): Promise<void> {
  await tx
    .update(checkouts)
    .set({ state: 'expired' })
    .where(and(eq(checkouts.id, checkoutId), inArray(checkouts.state, ['begun', 'open', 'abandoned'])));
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
  const [row] = await reads.select().from(checkouts).where(eq(checkouts.id, checkoutId));
  return row ?? null;
}
