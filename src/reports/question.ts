// Question: what a report is asked for, read from an address bar: which days, in what steps, in which currency.
import { addDays, addMonths } from '../values/calendar.ts';
import { type Currency, isCurrency } from '../values/money.ts';
import {
  isDay,
  isPeriodLength,
  type Period,
  type PeriodLength,
  period,
  periodAround,
  periodsBetween,
  readRange,
  startOf,
} from '../values/period.ts';
import { type Fault, fault, inField, isFault } from '../values/refusal.ts';

/** How the publication counts: its days, its years and the currency it reports in. */
export interface Reckoning {
  timeZone: string;
  fiscalYearStart: number;
  reportingCurrency: Currency;
}

/** One currency alone; everything in the reporting currency; or (null) one block of rows per currency. */
export type CurrencyChoice = Currency | 'reporting' | null;

export const breakdowns = [
  'article',
  'campaign',
  'component',
  'referrer',
  'country',
  'currency',
  'method',
  'kind',
] as const;
export type Breakdown = (typeof breakdowns)[number];

export const eventStates = ['waiting', 'dead', 'ignored', 'done'] as const;
export type EventState = (typeof eventStates)[number];

export interface Question {
  /** The first day, and the first day no longer inside. */
  from: string;
  to: string;
  by: PeriodLength;
  currency: CurrencyChoice;
  of: Breakdown;
  /** Only Stripe's events in this state; null for all. */
  state: EventState | null;
  /** How many rows of a list are read at once. */
  most: number;
  /** Only rows of a list that follow the one with this id; null from the first. */
  before: string | null;
  periods: readonly [Period, ...Period[]];
  whole: Period;
  asOf: Date;
  reckoning: Reckoning;
}

/** The names a question may use in an address. */
export interface Asked {
  from?: string | undefined;
  to?: string | undefined;
  by?: string | undefined;
  currency?: string | undefined;
  of?: string | undefined;
  state?: string | undefined;
  most?: string | undefined;
  before?: string | undefined;
}

/** Reads a question; what is not said becomes the stretch up to now that suits the step. */
export function readQuestion(asked: Asked, reckoning: Reckoning, asOf: Date): Question | Fault[] {
  const faults: Fault[] = [];
  const currency = readCurrency(asked.currency);
  if (isFault(currency)) faults.push(inField('currency', currency));
  const of = breakdowns.find((each) => each === (asked.of ?? 'article'));
  if (!of) faults.push(inField('of', fault('choice-unknown')));
  const state = asked.state ? eventStates.find((each) => each === asked.state) : null;
  if (state === undefined) faults.push(inField('state', fault('choice-unknown')));
  const most = readMost(asked.most);
  if (isFault(most)) faults.push(inField('most', most));
  const before = asked.before || null;
  if (before !== null && !uuid.test(before)) faults.push(inField('before', fault('value-malformed')));
  const range = readDays(asked, reckoning, asOf);
  if (isFault(range)) faults.push(inField(range.field ?? fieldOfRange(asked), range));
  if (isFault(currency) || !of || state === undefined || isFault(most) || isFault(range)) return faults;
  return faults.length > 0 ? faults : ask({ ...range, currency, of, state, most, before }, reckoning, asOf);
}

/** A question put by the program itself. `from` must lie before `to`. */
export function ask(
  wanted: Pick<Question, 'from' | 'to' | 'by'> &
    Partial<Pick<Question, 'currency' | 'of' | 'state' | 'most' | 'before'>>,
  reckoning: Reckoning,
  asOf: Date,
): Question {
  const { from, to, by } = wanted;
  const { timeZone, fiscalYearStart } = reckoning;
  const whole = period(from, to, timeZone);
  const [first = whole, ...others] = periodsBetween(from, to, by, timeZone, fiscalYearStart);
  return {
    currency: null,
    of: 'article',
    state: null,
    most: rowsOfPage,
    before: null,
    ...wanted,
    periods: [first, ...others],
    whole,
    asOf,
    reckoning,
  };
}

/** The question as an address's query, so that a page can be kept and shared. */
export function queryOf(question: Pick<Question, 'from' | 'to' | 'by' | 'currency'>): URLSearchParams {
  const { from, to, by, currency } = question;
  return new URLSearchParams({ from, to, by, ...(currency === null ? {} : { currency }) });
}

function readCurrency(text: string | undefined): CurrencyChoice | Fault {
  if (text === undefined || text === '') return null;
  if (text === 'reporting') return text;
  const code = text.toUpperCase();
  return isCurrency(code) ? code : fault('currency-unknown');
}

function readMost(text: string | undefined): number | Fault {
  if (text === undefined || text === '') return rowsOfPage;
  const most = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return most >= 1 && most <= mostRows ? most : fault('value-malformed');
}

function readDays(
  asked: Asked,
  reckoning: Reckoning,
  asOf: Date,
): { from: string; to: string; by: PeriodLength } | Fault {
  const by = asked.by || 'month';
  if (!isPeriodLength(by)) return fault('period-malformed');
  for (const day of [asked.from, asked.to]) if (day && !isDay(day)) return fault('period-malformed');
  const to = asked.to || usualEnd(by, reckoning, asOf);
  return readRange(asked.from || usualStart(to, by, reckoning.fiscalYearStart), to, by);
}

/** The end of the period we are in. */
function usualEnd(by: PeriodLength, { timeZone, fiscalYearStart }: Reckoning, asOf: Date): string {
  return periodAround(asOf, by, timeZone, fiscalYearStart).until;
}

function usualStart(to: string, by: PeriodLength, fiscalYearStart: number): string {
  const lastDay = addDays(to, -1);
  if (by === 'day') return addDays(to, -31);
  if (by === 'week') return startOf(addDays(lastDay, -12 * 7), 'week');
  if (by === 'month') return startOf(addMonths(startOf(lastDay, 'month'), -11), 'month');
  return startOf(addMonths(startOf(lastDay, 'year', fiscalYearStart), -48), 'year', fiscalYearStart);
}

function fieldOfRange(asked: Asked): string {
  if (asked.by && !isPeriodLength(asked.by)) return 'by';
  return asked.from && !isDay(asked.from) ? 'from' : 'to';
}

const rowsOfPage = 100;
const mostRows = 10_000;
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
