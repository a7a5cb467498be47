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
 * What stays open falls back to the digest, so that the order depends on the set of looks and never on arrival.
 */
export function inOrder<T extends Ordered>(looks: readonly T[]): T[] {
  return secondsOf(looks).flatMap((second) => second.looks);
}

/** The look that decides now, or 'undecided' when those of the last second contradict each other and none says it came last. */
export function newest<T extends Ordered>(looks: readonly T[]): T | 'undecided' | null {
  const last = secondsOf(looks).at(-1);
  if (last === undefined) return null;
  return last.decided ? (last.looks.at(-1) ?? null) : 'undecided';
}

/**
 * What a membership's looks come to. A look by asking that only settled a tie (`provisional`) counts while what was told
 * does not decide by itself, and is then of no more use: so the looks kept are the same whether the tie was
 * ever met on the way or not. Until it is settled, an undecided second gives what its order by digest gives.
 */
export function verdictOf<T extends Ordered & { provisional: boolean }>(
  looks: readonly T[],
): { look: T | null; undecided: boolean; spent: T[] } {
  const provisional = looks.filter((look) => look.provisional);
  const told = newest(looks.filter((look) => !look.provisional));
  if (told !== null && told !== 'undecided') return { look: told, undecided: false, spent: provisional };
  const settled = newest(looks);
  const look = settled === 'undecided' ? (inOrder(looks).at(-1) ?? null) : settled;
  return { look, undecided: settled === 'undecided', spent: [] };
}

interface Second<T> {
  looks: T[];
  decided: boolean;
}

function secondsOf<T extends Ordered>(looks: readonly T[]): Second<T>[] {
  const groups = Map.groupBy(looks, (look) => `${look.lookedAt.getTime()}:${look.rank}`);
  const sorted = [...groups.values()].sort(
    (a, b) => moment(a) - moment(b) || (a[0]?.rank ?? 0) - (b[0]?.rank ?? 0),
  );
  const seconds: Second<T>[] = [];
  for (const group of sorted) {
    seconds.push(chained(withoutEchoes(group), seconds.at(-1)?.looks.at(-1)?.digest ?? null));
  }
  return seconds;
}

function moment(group: readonly Ordered[]): number {
  return group[0]?.lookedAt.getTime() ?? 0;
}

/** One change told by two events, of which only one says what was before: the other adds nothing. */
function withoutEchoes<T extends Ordered>(group: readonly T[]): T[] {
  const links = group.filter((look) => look.replaced !== null);
  const known = new Set(links.flatMap((look) => [look.digest, look.replaced]));
  return group.filter((look) => look.replaced !== null || !known.has(look.digest));
}

/** Looks of one second, each after the one it replaced. Decided when every way of chaining them ends in the same look. */
function chained<T extends Ordered>(group: readonly T[], before: string | null): Second<T> {
  const sorted = group.toSorted((a, b) => compare(a.digest, b.digest) || compare(a.replaced, b.replaced));
  const chains = sorted.length > mostInASecond ? [] : chainsOf(sorted, null);
  const following = chains.filter((chain) => chain[0]?.replaced === before);
  const possible = following.length > 0 ? following : chains;
  const [first] = possible;
  if (first === undefined) return { looks: loosely(sorted), decided: false };
  return { looks: first, decided: new Set(possible.map((chain) => chain.at(-1)?.digest)).size === 1 };
}

/** Bounds the search; nobody changes a plan more often within one second. */
const mostInASecond = 7;

/** Every order in which each look replaces the one before it; `after` is what the first must replace. */
function chainsOf<T extends Ordered>(looks: readonly T[], after: string | null): T[][] {
  if (looks.length === 0) return [[]];
  return looks.flatMap((look, index) => {
    if (after !== null && look.replaced !== after) return [];
    return chainsOf(looks.toSpliced(index, 1), look.digest).map((rest) => [look, ...rest]);
  });
}

/** Where a part of the chain is missing: each after the one it replaced, as far as that is known. */
function loosely<T extends Ordered>(sorted: readonly T[]): T[] {
  const rest = [...sorted];
  const ordered: T[] = [];
  while (rest.length > 0) {
    const free = rest.findIndex(
      (look) => !rest.some((other) => other !== look && other.digest === look.replaced),
    );
    ordered.push(...rest.splice(Math.max(free, 0), 1));
  }
  return ordered;
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  return (a ?? '') < (b ?? '') ? -1 : 1;
}
