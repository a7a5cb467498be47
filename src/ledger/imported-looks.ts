// What an imported membership was from one moment to the next, as looks: the same facts that Stripe's events would have told.
import { addMonths, localDate, startOfDay } from '../values/calendar.ts';
import { type LookFacts, type Rank, rankOf } from './look.ts';

/** A membership as another system knew it. Amounts are minor units a month or a year. */
export interface ImportedLife {
  amountMinor: bigint;
  currency: string;
  interval: 'month' | 'year';
  startedAt: Date;
  pausedAt: Date | null;
  resumedAt: Date | null;
  cancelRequestedAt: Date | null;
  endedAt: Date | null;
  endReason: 'voluntary' | 'involuntary' | null;
  /** In their order; each holds from its moment on. */
  amountChanges: readonly { from: Date; amountMinor: bigint }[];
}

export interface ImportedLook {
  lookedAt: Date;
  rank: Rank;
  facts: LookFacts;
}

/**
 * One look for every moment at which something changed, in their order. Where an ending was asked for and no end is told, it
 * ends with the time paid for (metrics, fine print); the end may lie ahead.
 */
export function looksOf(life: ImportedLife, zone: string): ImportedLook[] {
  const paidUntil = renewalsOf(life, zone);
  const endsAt = life.endedAt ?? (life.cancelRequestedAt === null ? null : paidUntil(life.cancelRequestedAt));
  const beginning = life.startedAt.getTime();
  const moments = [
    life.startedAt,
    ...life.amountChanges.map(({ from }) => from),
    ...[life.pausedAt, life.resumedAt, life.cancelRequestedAt, endsAt].filter((moment) => moment !== null),
  ]
    // A change of the first day holds from the beginning, and nothing changes after the end.
    .map((moment) => Math.max(moment.getTime(), beginning))
    .filter((moment) => endsAt === null || moment <= endsAt.getTime());
  return [...new Set(moments)]
    .sort((one, other) => one - other)
    .map((moment) => lookAt(life, endsAt, new Date(moment), paidUntil));
}

function lookAt(
  life: ImportedLife,
  endsAt: Date | null,
  lookedAt: Date,
  paidUntil: (moment: Date) => Date,
): ImportedLook {
  const isOver = endsAt !== null && lookedAt >= endsAt;
  const has = (moment: Date | null) => moment !== null && moment <= lookedAt;
  const isPaused = has(life.pausedAt) && !has(life.resumedAt);
  const isEnding = has(life.cancelRequestedAt);
  return {
    lookedAt,
    rank: isOver ? rankOf.deleted : lookedAt <= life.startedAt ? rankOf.created : rankOf.updated,
    facts: {
      standing: isOver ? 'ended' : isPaused ? 'paused' : 'active',
      amountMinor:
        life.amountChanges.findLast(({ from }) => from <= lookedAt)?.amountMinor ?? life.amountMinor,
      currency: life.currency,
      interval: life.interval,
      startedAt: life.startedAt,
      periodEndsAt: paidUntil(lookedAt),
      cancelRequestedAt: isEnding ? life.cancelRequestedAt : null,
      endsAt: isEnding && !isOver ? endsAt : null,
      endedAt: isOver ? endsAt : null,
      endReason: isOver ? (life.endReason ?? 'voluntary') : null,
    },
  };
}

/** The end of the period in which a moment lies: periods begin at the hour of the start, on its day of the month or the month's last. */
function renewalsOf({ startedAt, interval }: ImportedLife, zone: string): (moment: Date) => Date {
  const startedOn = localDate(startedAt, zone);
  const hour = startedAt.getTime() - startOfDay(startedOn, zone).getTime();
  const monthsEach = interval === 'month' ? 1 : 12;
  const renewal = (count: number) =>
    new Date(startOfDay(addMonths(startedOn, count * monthsEach), zone).getTime() + hour);
  return (moment) => {
    // No zone is so far from another that a day more would not bring it past the moment.
    const months = monthsBetween(startedAt, new Date(moment.getTime() - 2 * 86_400_000));
    let count = Math.max(1, Math.floor(months / monthsEach));
    while (renewal(count) <= moment) count += 1;
    return renewal(count);
  };
}

function monthsBetween(one: Date, other: Date): number {
  const months = (moment: Date) => moment.getUTCFullYear() * 12 + moment.getUTCMonth();
  return months(other) - months(one) - (other.getUTCDate() < one.getUTCDate() ? 1 : 0);
}
