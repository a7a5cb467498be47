// Second gifts: a reader began a regular gift while an older one runs; which pairs there are, what was chosen and what came of it.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, ne, sql } from 'drizzle-orm';
import { held } from '../outside/claim.ts';
import type { Reads, Tx } from '../outside/database.ts';
import { memberships, readers, secondGifts } from '../schema.ts';
import { rankOf } from './look.ts';
import type { Plan } from './membership.ts';
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
  /** False where nothing but our own asking told of it. */
  told: boolean;
}

/**
 * Notes what is to be mended among readers' gifts, with the readers locked. Which pairs there are follows from what is known of
 * the gifts, and each dates from the newer one's beginning: one that follows no longer, and that nobody has begun on, goes.
 * Answers the pairs of these readers.
 */
export async function noteSecondGifts(
  tx: Tx,
  now: Date,
  plansOf: ReadonlyMap<string, readonly Plan[]>,
): Promise<SecondGift[]> {
  const several = [...plansOf].filter(([, plans]) => plans.length > 1);
  if (several.length === 0) return [];
  const theirs = inArray(
    secondGifts.readerId,
    several.map(([readerId]) => readerId),
  );
  const known = await tx.select().from(secondGifts).where(theirs);
  const wanted = several.flatMap(([readerId, plans]) =>
    pairsOf(plans.flatMap(promisedBy), now).map((pair) => ({ readerId, ...pair })),
  );
  const fresh = wanted.filter((pair) => !known.some((row) => isSamePair(row, pair)));
  const gone = known.filter((row) => isUntouched(row) && !wanted.some((pair) => isSamePair(row, pair)));
  if (gone.length > 0) {
    await tx.delete(secondGifts).where(
      and(
        inArray(
          secondGifts.id,
          gone.map(({ id }) => id),
        ),
        // Whoever has begun on it in between carries it through.
        eq(secondGifts.attempts, 0),
      ),
    );
  }
  if (fresh.length > 0) {
    await tx.insert(secondGifts).values(
      fresh.map(({ begunAt, ...pair }) => ({
        id: randomUUIDv7(),
        ...pair,
        state: 'waiting' as const,
        createdAt: begunAt,
        dueAt: now,
      })),
    );
  }
  return fresh.length + gone.length === 0 ? known : tx.select().from(secondGifts).where(theirs);
}

/** What another system collects cannot be ended from here. */
function promisedBy({ membershipId, stripeSubscriptionId, newest, looks }: Plan): Promised[] {
  if (stripeSubscriptionId === null) return [];
  return [
    {
      id: membershipId,
      stripeSubscriptionId,
      standing: newest.standing as Standing,
      startedAt: newest.startedAt,
      endsAt: newest.endsAt,
      told: looks.some(({ rank }) => rank !== rankOf.asked),
    },
  ];
}

function isSamePair(row: SecondGift, pair: { olderId: string; newerId: string }): boolean {
  return row.olderId === pair.olderId && row.newerId === pair.newerId;
}

function isUntouched(row: SecondGift): boolean {
  return row.state === 'waiting' && row.attempts === 0 && row.chosenAt === null;
}

/**
 * The newest running gift, beside each older one that could still be charged. One that is set to end already will not be; and
 * what began more than three days ago has been charged as its reader knows: history that is read in late is left alone. So is an
 * older gift that only a walk through Stripe has shown: what its reader chose may have been lost with what was here before.
 */
export function pairsOf(
  promised: readonly Promised[],
  now: Date,
): { olderId: string; newerId: string; begunAt: Date }[] {
  const [newest, ...older] = promised
    .filter(({ standing }) => standing !== 'ended' && standing !== 'incomplete')
    .sort(
      (a, b) =>
        b.startedAt.getTime() - a.startedAt.getTime() ||
        (a.stripeSubscriptionId < b.stripeSubscriptionId ? 1 : -1),
    );
  const isYoung = newest && newest.startedAt.getTime() > now.getTime() - youngDays * 86_400_000;
  if (!newest || !isYoung || !runs(newest.standing)) return [];
  return older
    .filter(
      ({ standing, endsAt, told }) => told && endsAt === null && (runs(standing) || standing === 'unpaid'),
    )
    .map(({ id }) => ({ olderId: id, newerId: newest.id, begunAt: newest.startedAt }));
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
        chosenAt: sql`coalesce(${secondGifts.chosenAt}, ${now.toISOString()}::timestamptz)`,
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
 * Whether an ending was asked for by us, since a newer gift took this one's place; `askedAt` is when it was asked for. Stripe
 * tells its moments in whole seconds, rounded down.
 */
export function endedForNewer(pairs: readonly SecondGift[], olderId: string, askedAt: Date): boolean {
  return pairs.some(
    (pair) =>
      pair.olderId === olderId &&
      askedAt.getTime() >= pair.createdAt.getTime() - 5000 &&
      (pair.chosenAt === null || askedAt < pair.chosenAt),
  );
}
