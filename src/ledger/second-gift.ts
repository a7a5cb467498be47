// Second gifts: a reader began a regular gift while an older one runs; which pairs there are, what was chosen and what came of it.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, ne, sql } from 'drizzle-orm';
import { held } from '../outside/claim.ts';
import type { Reads, Tx } from '../outside/database.ts';
import { checkouts, memberships, readers, secondGifts } from '../schema.ts';
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
 * A pair whose newer gift was to end beside an older one waits again when that one ends first. Answers the pairs of these readers.
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
  const unknown = wanted.filter((pair) => !known.some((row) => isSamePair(row, pair)));
  const meant = await meantBesides(tx, unknown);
  const fresh = unknown.filter(({ newerId }) => !meant.has(newerId));
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
  const woken = await wakeWidowed(
    tx,
    now,
    known,
    new Map(several.flatMap(([, plans]) => plans.map(byMembership))),
  );
  return fresh.length + gone.length + woken === 0 ? known : tx.select().from(secondGifts).where(theirs);
}

/** Newer gifts of which their reader said beforehand that they mean both: there is nothing to mend. */
async function meantBesides(reads: Reads, pairs: readonly { newerId: string }[]): Promise<Set<string>> {
  if (pairs.length === 0) return new Set();
  const rows = await reads
    .select({ id: memberships.id })
    .from(memberships)
    .innerJoin(checkouts, and(eq(checkouts.id, memberships.checkoutId), checkouts.besides))
    .where(
      inArray(
        memberships.id,
        pairs.map(({ newerId }) => newerId),
      ),
    );
  return new Set(rows.map(({ id }) => id));
}

function byMembership(plan: Plan): [string, Plan['newest']] {
  return [plan.membershipId, plan.newest];
}

/** The newer gift was to end beside an older one that will not be charged any more: then it need not. Answers how many there are. */
async function wakeWidowed(
  tx: Tx,
  now: Date,
  known: readonly SecondGift[],
  looks: ReadonlyMap<string, Plan['newest']>,
): Promise<number> {
  const widowed = known.filter(({ state, keeps, chosenAt, olderId, newerId }) => {
    const [older, newer] = [looks.get(olderId), looks.get(newerId)];
    if (state !== 'settled' || keeps !== 'older' || chosenAt !== null || !older || !newer) return false;
    const isOver = older.endsAt !== null || !runs(older.standing as Standing);
    return isOver && newer.endsAt !== null && runs(newer.standing as Standing);
  });
  if (widowed.length > 0) {
    await tx
      .update(secondGifts)
      .set({ state: 'waiting', dueAt: now, attempts: 0, problem: null })
      .where(
        inArray(
          secondGifts.id,
          widowed.map(({ id }) => id),
        ),
      );
  }
  return widowed.length;
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
  return row.state === 'waiting' && row.attempts === 0 && row.decidedAt === null;
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

/** Stripe's names of the older gifts that wait beside the same newer one; the rule looks at all of them. */
export async function rivalsOf(reads: Reads, row: SecondGift): Promise<string[]> {
  const rows = await reads
    .select({ id: memberships.stripeSubscriptionId })
    .from(secondGifts)
    .innerJoin(memberships, eq(memberships.id, secondGifts.olderId))
    .where(and(eq(secondGifts.newerId, row.newerId), ne(secondGifts.id, row.id)));
  return rows.flatMap(({ id }) => id ?? []);
}

/**
 * Keeps what the rule comes to, for all pairs of the newer gift, before anything is asked for: a step that begins anew goes on by
 * what was decided. Answers what holds: what was decided before stands. Null when the claim is gone.
 */
export async function decideSecondGift(
  tx: Tx,
  now: Date,
  row: SecondGift,
  keeps: 'newer' | 'older',
): Promise<Keeps | null> {
  const decided = {
    keeps: sql`case when ${secondGifts.decidedAt} is null then ${keeps} else ${secondGifts.keeps} end`,
    decidedAt: sql`coalesce(${secondGifts.decidedAt}, ${now.toISOString()}::timestamptz)`,
  };
  const [own] = await tx
    .update(secondGifts)
    .set(decided)
    .where(held(secondGifts, row))
    .returning({ keeps: secondGifts.keeps });
  if (!own) return null;
  await tx
    .update(secondGifts)
    .set(decided)
    .where(and(eq(secondGifts.newerId, row.newerId), eq(secondGifts.state, 'waiting')));
  return own.keeps;
}

/** Keeps what a reader chose; whoever is at work for the former choice finds its claim gone. The same choice again changes nothing. */
export async function chooseGifts(tx: Tx, now: Date, id: string, keeps: Keeps): Promise<void> {
  await tx
    .update(secondGifts)
    .set({
      keeps,
      // The first time stands: what was ended before it was our doing, what is ended after it is the reader's.
      chosenAt: sql`coalesce(${secondGifts.chosenAt}, ${now.toISOString()}::timestamptz)`,
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
 * Whether an ending of one of a pair's gifts was asked for by the rule; `askedAt` is when it was asked for. Stripe tells its
 * moments in whole seconds, rounded down.
 */
export function endedByRule(pairs: readonly SecondGift[], membershipId: string, askedAt: Date): boolean {
  return pairs.some((pair) => {
    const ended = pair.keeps === 'older' ? pair.newerId : pair.olderId;
    // Which of them the rule ended is not told any more once the reader chose otherwise.
    const could = pair.chosenAt === null ? [ended] : [pair.olderId, pair.newerId];
    return could.includes(membershipId) && isByRule(pair, askedAt);
  });
}

/** Whether a monthly gift rests by the rule, since a newer one has paid for that time. */
export function restsByRule(pairs: readonly SecondGift[], membershipId: string, pausedAt: Date): boolean {
  return pairs.some(
    (pair) =>
      pair.olderId === membershipId &&
      (pair.keeps === 'older' || pair.chosenAt !== null) &&
      isByRule(pair, pausedAt),
  );
}

function isByRule({ createdAt, decidedAt, chosenAt }: SecondGift, at: Date): boolean {
  if (decidedAt === null || at.getTime() < createdAt.getTime() - 5000) return false;
  return chosenAt === null || at < chosenAt;
}
