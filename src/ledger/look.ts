// A look: a subscription as it was at a moment. Looks are kept for good; their order decides what a membership is.
import { createHash } from 'node:crypto';
import type { Standing } from './standing.ts';

/** Stripe's subscription in our words: what a look keeps. */
export interface LookFacts {
  standing: Standing;
  amountMinor: bigint;
  currency: string;
  interval: 'month' | 'year';
  startedAt: Date;
  periodEndsAt: Date;
  cancelRequestedAt: Date | null;
  endsAt: Date | null;
  endedAt: Date | null;
  endReason: 'voluntary' | 'involuntary' | null;
}

/** Within one second Stripe may tell several things: a beginning comes first, an end last, an answer to a question in between. */
export const rankOf = { created: 0, updated: 1, asked: 2, deleted: 3 } as const;
export type Rank = (typeof rankOf)[keyof typeof rankOf];

export interface Ordered {
  lookedAt: Date;
  rank: number;
  digest: string;
  replaced: string | null;
}

/** A look's digest: the same facts give the same digest, so one change told by two events is one look. */
export function digestOf(facts: LookFacts): string {
  const parts = [
    facts.standing,
    facts.amountMinor.toString(),
    facts.currency,
    facts.interval,
    facts.startedAt.toISOString(),
    facts.periodEndsAt.toISOString(),
    facts.cancelRequestedAt?.toISOString() ?? '',
    facts.endsAt?.toISOString() ?? '',
    facts.endedAt?.toISOString() ?? '',
    facts.endReason ?? '',
  ];
  return createHash('sha256').update(parts.join('|')).digest('hex').slice(0, 32);
}

/**
 * Looks in the order in which they were true: by moment, by rank, and within that by which says it replaced which.
 * What stays open falls back to the digest, so that the order never depends on arrival.
 */
export function inOrder<T extends Ordered>(looks: readonly T[]): T[] {
  const groups = Map.groupBy(looks, (look) => `${look.lookedAt.getTime()}:${look.rank}`);
  return [...groups.values()]
    .sort((a, b) => moment(a) - moment(b) || (a[0]?.rank ?? 0) - (b[0]?.rank ?? 0))
    .flatMap(chained);
}

/** The look that decides now, or 'undecided' when two of the same second contradict each other and neither says it came later. */
export function newest<T extends Ordered>(looks: readonly T[]): T | 'undecided' | null {
  const last = inOrder(looks).at(-1);
  if (!last) return null;
  const rivals = looks.filter(
    (look) =>
      look.lookedAt.getTime() === last.lookedAt.getTime() &&
      look.rank === last.rank &&
      look.digest !== last.digest,
  );
  if (rivals.length === 0) return last;
  const ends = [last, ...rivals].filter(
    (look) => ![last, ...rivals].some((other) => other.replaced === look.digest),
  );
  const [only] = ends;
  return ends.length === 1 && only ? only : 'undecided';
}

function moment(group: readonly Ordered[]): number {
  return group[0]?.lookedAt.getTime() ?? 0;
}

/** Orders looks of one second: each after the one it replaced. */
function chained<T extends Ordered>(group: T[]): T[] {
  const rest = [...group].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const ordered: T[] = [];
  while (rest.length > 0) {
    const free = rest.findIndex(
      (look) => !rest.some((other) => other !== look && other.digest === look.replaced),
    );
    ordered.push(...rest.splice(Math.max(free, 0), 1));
  }
  return ordered;
}
