// Second gifts: a reader began a regular gift while an older one runs; which pairs there are, what was chosen and what came of it.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, ne, notInArray, type SQL, sql } from 'drizzle-orm';
import { held } from '../outside/claim.ts';
import type { Reads, Tx } from '../outside/database.ts';
import { membershipLooks, memberships, readers, secondGifts } from '../schema.ts';
import { runs, type Standing } from './standing.ts';

export type SecondGift = typeof secondGifts.$inferSelect;
export type Keeps = SecondGift['keeps'];

/** What a pair is told by. */
export interface Promised {
  id: string;
  stripeSubscriptionId: string;
  standing: Standing;
  startedAt: Date;
  endsAt: Date | null;
}

/** Notes what is to be mended among a reader's gifts, with the reader locked. A pair that is known stays as it is. */
export async function noteSecondGifts(tx: Tx, now: Date, readerId: string): Promise<void> {
  const promised = await tx
    .select({
      id: memberships.id,
      stripeSubscriptionId: memberships.stripeSubscriptionId,
      standing: memberships.standing,
      startedAt: memberships.startedAt,
      endsAt: memberships.endsAt,
    })
    .from(memberships)
    .where(
      and(eq(memberships.readerId, readerId), notInArray(memberships.standing, ['ended', 'incomplete'])),
    );
  // What another system collects cannot be ended from here.
  const atStripe = promised.flatMap(({ stripeSubscriptionId, ...gift }) =>
    stripeSubscriptionId === null ? [] : [{ ...gift, stripeSubscriptionId }],
  );
  const pairs = pairsOf(atStripe, now);
  if (pairs.length === 0) return;
  await tx
    .insert(secondGifts)
    .values(
      pairs.map((pair) => ({
        id: randomUUIDv7(),
        readerId,
        ...pair,
        state: 'waiting' as const,
        createdAt: now,
        dueAt: now,
      })),
    )
    .onConflictDoNothing();
}

/**
 * The newest running gift, beside each older one that could still be charged. One that is set to end already will not be; and
 * what began more than three days ago has been charged as its reader knows: history that is read in late is left alone.
 */
export function pairsOf(promised: readonly Promised[], now: Date): { olderId: string; newerId: string }[] {
  const [newest, ...older] = promised.toSorted(
    (a, b) =>
      b.startedAt.getTime() - a.startedAt.getTime() ||
      (a.stripeSubscriptionId < b.stripeSubscriptionId ? 1 : -1),
  );
  const isYoung = newest && newest.startedAt.getTime() > now.getTime() - youngDays * 86_400_000;
  if (!newest || !isYoung || !runs(newest.standing)) return [];
  return older
    .filter(({ standing, endsAt }) => endsAt === null && (runs(standing) || standing === 'unpaid'))
    .map(({ id }) => ({ olderId: id, newerId: newest.id }));
}

const youngDays = 3;

/** The two gifts of a pair as they stand, and the language of their reader's letters; null where there is no such pair. */
export async function pairById(reads: Reads, id: string) {
  const [found] = await reads
    .select({ row: secondGifts, locale: readers.locale })
    .from(secondGifts)
    .innerJoin(readers, eq(readers.id, secondGifts.readerId))
    .where(eq(secondGifts.id, id));
  if (!found) return null;
  const { row, locale } = found;
  const both = await reads
    .select()
    .from(memberships)
    .where(inArray(memberships.id, [row.olderId, row.newerId]));
  const older = both.find((each) => each.id === row.olderId);
  const newer = both.find((each) => each.id === row.newerId);
  return older && newer ? { row, older, newer, locale } : null;
}

/** Keeps what a reader chose; whoever is at work for the former choice finds its claim gone. The same choice again changes nothing. */
export async function chooseGifts(tx: Tx, now: Date, id: string, keeps: Keeps): Promise<void> {
  await tx
    .update(secondGifts)
    .set({
      keeps,
      // The first time stands: what was ended before it was our doing, what is ended after it is the reader's.
      ...(keeps === 'both' && {
        keptBothAt: sql`coalesce(${secondGifts.keptBothAt}, ${now.toISOString()}::timestamptz)`,
      }),
      state: 'waiting',
      dueAt: now,
      attempts: 0,
      leasedUntil: null,
      problem: null,
      fence: sql`${secondGifts.fence} + 1`,
    })
    .where(
      and(
        eq(secondGifts.id, id),
        ne(secondGifts.keeps, keeps),
        inArray(secondGifts.state, ['waiting', 'settled']),
      ),
    );
}

/** Notes that Stripe does what was wanted, or that it came otherwise; false when the claim is gone. */
export async function settleSecondGift(
  tx: Tx,
  row: SecondGift,
  state: 'settled' | 'overtaken',
): Promise<boolean> {
  const written = await tx
    .update(secondGifts)
    .set({ state, problem: null, leasedUntil: null })
    .where(held(secondGifts, row))
    .returning({ id: secondGifts.id });
  return written.length > 0;
}

/** Lets a pair wait until Stripe can be asked again. */
export async function postponeSecondGift(
  tx: Tx,
  row: SecondGift,
  dueAt: Date,
  problem: string,
): Promise<void> {
  await tx.update(secondGifts).set({ dueAt, problem, leasedUntil: null }).where(held(secondGifts, row));
}

/**
 * For a row of `membership_looks`: whether its ending was asked for by us, since a newer gift took its place. Stripe tells its
 * moments in whole seconds, rounded down.
 */
export const endedForNewer: SQL<boolean> = sql<boolean>`exists (
  select from ${secondGifts}
  where ${secondGifts.olderId} = ${membershipLooks.membershipId}
    and coalesce(${membershipLooks.cancelRequestedAt}, ${membershipLooks.endedAt})
      >= ${secondGifts.createdAt} - interval '5 seconds'
    and (${secondGifts.keptBothAt} is null
      or coalesce(${membershipLooks.cancelRequestedAt}, ${membershipLooks.endedAt}) < ${secondGifts.keptBothAt}))`;
