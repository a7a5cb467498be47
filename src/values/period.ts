// Period: half-open stretches of local days that reports count in, and the instants at which they begin and end.
import { Temporal } from 'temporal-polyfill';
import { addDays, isDate, localDate, startOfDay } from './calendar.ts';
import { type Fault, fault, inField } from './refusal.ts';

export type PeriodLength = (typeof periodLengths)[number];

export const periodLengths = ['day', 'week', 'month', 'year'] as const;

/** `[startsAt, endsAt)`, named by its first day inside. `until` is the first day no longer inside. */
export interface Period {
  readonly firstOn: string;
  readonly until: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

export function isPeriodLength(text: unknown): text is PeriodLength {
  return periodLengths.some((length) => length === text);
}

/**
 * Every period from the day `from` up to, not including, the day `to`, without holes. Weeks begin on Monday, years with the
 * first day of `fiscalYearStart` (1–12). An unaligned `from` or `to` clips the first or last period.
 */
export function periodsBetween(
  from: string,
  to: string,
  by: PeriodLength,
  zone: string,
  fiscalYearStart = 1,
): Period[] {
  const periods: Period[] = [];
  for (let firstOn = from; firstOn < to; ) {
    const until = earlier(nextStart(firstOn, by, fiscalYearStart), to);
    periods.push(period(firstOn, until, zone));
    firstOn = until;
  }
  return periods;
}

/** One period of any two days. */
export function period(firstOn: string, until: string, zone: string): Period {
  return { firstOn, until, startsAt: startOfDay(firstOn, zone), endsAt: startOfDay(until, zone) };
}

/** The whole period in which an instant lies. */
export function periodAround(instant: Date, by: PeriodLength, zone: string, fiscalYearStart = 1): Period {
  const firstOn = startOf(localDate(instant, zone), by, fiscalYearStart);
  return period(firstOn, nextStart(firstOn, by, fiscalYearStart), zone);
}

/** The month of an instant, by its first day. */
export function monthOf(instant: Date, zone: string): string {
  return startOf(localDate(instant, zone), 'month', 1);
}

/** The fiscal year that begins in this calendar year. */
export function fiscalYear(year: number, zone: string, fiscalYearStart = 1): Period {
  const firstOn = new Temporal.PlainDate(year, fiscalYearStart, 1).toString();
  return period(firstOn, nextStart(firstOn, 'year', fiscalYearStart), zone);
}

/** Reads what a report is asked for; more periods than a page or a chart can bear are refused. */
export function readRange(
  from: string,
  to: string,
  by: string,
): { from: string; to: string; by: PeriodLength } | Fault {
  if (!isDay(from) || !isDay(to) || from >= to || !isPeriodLength(by)) return fault('period-malformed');
  const days = Temporal.PlainDate.from(from).until(to, { largestUnit: 'day' }).days;
  if (days / daysIn[by] > mostPeriods) return fault('period-too-long', { most: mostPeriods });
  if (!isDate(from)) return inField('from', fault('date-too-soon', { earliestOn: '1900-01-01' }));
  if (!isDate(to)) return inField('to', fault('date-too-late', { latestOn: '2199-12-31' }));
  return { from, to, by };
}

/** A day of any year, though reports reach only so far. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text);
    return true;
  } catch {
    return false;
  }
}

/** The first day of the period in which this day lies. */
export function startOf(date: string, by: PeriodLength, fiscalYearStart = 1): string {
  const day = Temporal.PlainDate.from(date);
  if (by === 'day') return date;
  if (by === 'week') return addDays(date, 1 - day.dayOfWeek);
  if (by === 'month') return day.with({ day: 1 }).toString();
  const monthsIn = (day.month - fiscalYearStart + 12) % 12;
  return day.with({ day: 1 }).subtract({ months: monthsIn }).toString();
}

function nextStart(date: string, by: PeriodLength, fiscalYearStart: number): string {
  const start = Temporal.PlainDate.from(startOf(date, by, fiscalYearStart));
  return start.add(oneOf[by]).toString();
}

function earlier(one: string, other: string): string {
  return one < other ? one : other;
}

const mostPeriods = 4_000;
const daysIn = { day: 1, week: 7, month: 28, year: 365 } as const;
const oneOf = { day: { days: 1 }, week: { weeks: 1 }, month: { months: 1 }, year: { years: 1 } } as const;
