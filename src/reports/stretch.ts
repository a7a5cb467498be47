// Stretch: the half-open pieces of time that a report compares: its periods and their neighbours, the whole range and its own.
import { type SQL, sql } from 'drizzle-orm';
import { addDays, addMonths, daysBetween } from '../values/calendar.ts';
import { type Period, period, periodAround, periodsBetween, startOf } from '../values/period.ts';
import type { Question } from './question.ts';

/** `periods` are numbered from 1; 0 is the one before the first. The whole range is 1 of its own set. */
export interface Stretch {
  set: 'periods' | 'whole' | 'months';
  number: number;
  piece: Period;
}

/** One set of a question's stretches, numbered from 0 on, for sums to be kept of. The same name is the same stretches. */
export interface KeptRange {
  name: string;
  starts: readonly string[];
  ends: readonly string[];
}

/**
 * Each period of the range and the whole of it, with what came before and what follows. The neighbours of a clipped period are
 * whole ones; those of the whole range are as long as it is, in months where it is made of months.
 */
export function withNeighbours(question: Question): Stretch[] {
  const { periods, whole } = question;
  const pieces = [before(question), ...periods, after(question)];
  return [
    ...pieces.map((piece, number) => ({ set: 'periods' as const, number, piece })),
    ...[movedBy(question, -1), whole, movedBy(question, 1)].map((piece, number) => ({
      set: 'whole' as const,
      number,
      piece,
    })),
  ];
}

/** `set_name`, `number`, `starts_at`, `ends_at` of each, as rows of a statement. */
export function stretchRows(stretches: readonly Stretch[]): SQL {
  const column = (of: (stretch: Stretch) => string | number) => sql.param(stretches.map(of));
  return sql`
    select set_name, number::int, starts_at, ends_at
    from unnest(
      ${column(({ set }) => set)}::text[],
      ${column(({ number }) => number)}::int[],
      ${column(({ piece }) => piece.startsAt.toISOString())}::timestamptz[],
      ${column(({ piece }) => piece.endsAt.toISOString())}::timestamptz[]
    ) as s(set_name, number, starts_at, ends_at)`;
}

function before({ periods, by, reckoning }: Question): Period {
  const { timeZone, fiscalYearStart } = reckoning;
  const start = startOf(periods[0].firstOn, by, fiscalYearStart);
  return period(startOf(addDays(start, -1), by, fiscalYearStart), start, timeZone);
}

function after({ periods, by, reckoning }: Question): Period {
  const { timeZone, fiscalYearStart } = reckoning;
  const last = periods.at(-1) ?? periods[0];
  const { endsAt } = periodAround(last.startsAt, by, timeZone, fiscalYearStart);
  return periodAround(endsAt, by, timeZone, fiscalYearStart);
}

function movedBy({ from, to, reckoning }: Question, times: -1 | 1): Period {
  const months = wholeMonths(from, to);
  const move = (day: string) =>
    months === null ? addDays(day, times * daysBetween(from, to)) : addMonths(day, times * months);
  return period(move(from), move(to), reckoning.timeZone);
}

/** How many months a range is made of; null where it begins or ends within one. */
function wholeMonths(from: string, to: string): number | null {
  if (!from.endsWith('-01') || !to.endsWith('-01')) return null;
  const monthOf = (day: string) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));
  return monthOf(to) - monthOf(from);
}

/**
 * The full months that a mean over six of them needs at any of these moments, numbered from 1, and for each moment the number of
 * its last: the newest month that had ended by then, and by now.
 */
export function fullMonthsUpTo(
  { asOf, reckoning: { timeZone } }: Question,
  moments: readonly Date[],
): { months: Period[]; lastOf: number[] } {
  const lasts = moments.map((moment) => {
    const until = moment < asOf ? moment : asOf;
    return addMonths(periodAround(until, 'month', timeZone).firstOn, -1);
  });
  const sorted = lasts.toSorted();
  const first = addMonths(sorted[0] ?? '', 1 - monthsOfMean);
  const end = addMonths(sorted.at(-1) ?? '', 1);
  const months = periodsBetween(first, end, 'month', timeZone);
  const place = new Map(months.map(({ firstOn }, index) => [firstOn, index + 1]));
  return { months, lastOf: lasts.map((last) => place.get(last) ?? 0) };
}

/** Over how many months churn is averaged (metric 11). */
export const monthsOfMean = 6;
