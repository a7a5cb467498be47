// Question: what a report is asked for, read from an address bar: which days, in what steps, in which currency.
import { type Standing, standings } from '../ledger/standing.ts';
import { membershipChanges } from '../schema.ts';
import { addDays, addMonths, isDate } from '../values/calendar.ts';
import { type Currency, isCurrency, parseAmount } from '../values/money.ts';
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

export const donorTypes = ['none', 'one-time', 'repeat', 'member'] as const;
export type DonorType = (typeof donorTypes)[number];

/** What moved promised income; `churned` is whoever left of those who were there as the range begins. */
export const movementChoices = [...membershipChanges.movement.enumValues, 'churned', 'fx'] as const;
export type MovementChoice = (typeof movementChoices)[number];

/** Which of the supporters are meant; what is null does not matter. */
export interface SupporterFilter {
  type: DonorType | null;
  standing: Standing | null;
  /** ISO 3166 code of the newest payment's card. */
  country: string | null;
  /** Gave at least once through this campaign. */
  campaign: string | null;
  /** Gave on this day or later. */
  since: string | null;
  /** Gave at least this much in all, in major units of the currency asked for. */
  amount: string | null;
}

const everySupporter: SupporterFilter = {
  type: null,
  standing: null,
  country: null,
  campaign: null,
  since: null,
  amount: null,
};

export interface Question {
  /** The first day, and the first day no longer inside. */
  from: string;
  to: string;
  by: PeriodLength;
  currency: CurrencyChoice;
  of: Breakdown;
  /** Only Stripe's events in this state; null for all. */
  state: EventState | null;
  /** Only movements of this kind; null for all. */
  movement: MovementChoice | null;
  /** The calendar year in which the fiscal year begins that is asked for; null for the present one. */
  year: number | null;
  supporters: SupporterFilter;
  /** How many rows of a list are read at once. */
  most: number;
  /** Only rows of a list that follow this one, as its `next` named it; null from the first. */
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
  movement?: string | undefined;
  year?: string | undefined;
  type?: string | undefined;
  standing?: string | undefined;
  country?: string | undefined;
  campaign?: string | undefined;
  since?: string | undefined;
  amount?: string | undefined;
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
  const movement = asked.movement ? movementChoices.find((each) => each === asked.movement) : null;
  if (movement === undefined) faults.push(inField('movement', fault('choice-unknown')));
  const most = readMost(asked.most);
  if (isFault(most)) faults.push(inField('most', most));
  const before = asked.before || null;
  if (before !== null && !rowName.test(before) && !movementName.test(before))
    faults.push(inField('before', fault('value-malformed')));
  const year = readYear(asked.year);
  if (isFault(year)) faults.push(inField('year', year));
  const supporters = readFilter(asked, isFault(currency) ? null : currency, reckoning);
  if (Array.isArray(supporters)) faults.push(...supporters);
  const range = readDays(asked, reckoning, asOf);
  if (isFault(range)) faults.push(inField(range.field ?? fieldOfRange(asked), range));
  if (isFault(currency) || !of || state === undefined || isFault(most) || isFault(range)) return faults;
  if (faults.length > 0 || movement === undefined || isFault(year) || Array.isArray(supporters))
    return faults;
  return ask({ ...range, currency, of, state, movement, year, supporters, most, before }, reckoning, asOf);
}

/** A question put by the program itself. `from` must lie before `to`. */
export function ask(
  wanted: Pick<Question, 'from' | 'to' | 'by'> &
    Partial<
      Pick<Question, 'currency' | 'of' | 'state' | 'movement' | 'year' | 'supporters' | 'most' | 'before'>
    >,
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
    movement: null,
    year: null,
    supporters: everySupporter,
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
export function queryOf(question: Question): URLSearchParams {
  const { from, to, by, currency, movement, year, supporters } = question;
  const said = { currency, movement, year: year === null ? null : String(year), ...supporters };
  const kept = Object.entries(said).filter((entry): entry is [string, string] => entry[1] !== null);
  return new URLSearchParams({ from, to, by, ...Object.fromEntries(kept) });
}

function readCurrency(text: string | undefined): CurrencyChoice | Fault {
  if (text === undefined || text === '') return null;
  if (text === 'reporting') return text;
  const code = text.toUpperCase();
  return isCurrency(code) ? code : fault('currency-unknown');
}

function readYear(text: string | undefined): number | null | Fault {
  if (text === undefined || text === '') return null;
  return /^(19|20|21)\d\d$/.test(text) ? Number(text) : fault('value-malformed');
}

function readFilter(
  asked: Asked,
  currency: CurrencyChoice,
  { reportingCurrency }: Reckoning,
): SupporterFilter | Fault[] {
  const faults: Fault[] = [];
  const chosen = <T extends string>(field: 'type' | 'standing', choices: readonly T[]): T | null => {
    const text = asked[field];
    const found = choices.find((each) => each === text);
    if (text && !found) faults.push(inField(field, fault('choice-unknown')));
    return found ?? null;
  };
  const filter = {
    type: chosen('type', donorTypes),
    standing: chosen('standing', standings),
    country: asked.country?.toUpperCase() || null,
    campaign: asked.campaign || null,
    since: asked.since || null,
    amount: asked.amount || null,
  };
  if (filter.country !== null && !/^[A-Z]{2}$/.test(filter.country))
    faults.push(inField('country', fault('value-malformed')));
  if (filter.since !== null && !isDate(filter.since)) faults.push(inField('since', fault('date-malformed')));
  if (filter.amount !== null) {
    const amountMinor = parseAmount(filter.amount, isCurrency(currency) ? currency : reportingCurrency);
    if (isFault(amountMinor)) faults.push(inField('amount', amountMinor));
  }
  return faults.length > 0 ? faults : filter;
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

/** The days that are meant where none are said. */
export function usualDays(by: PeriodLength, reckoning: Reckoning, asOf: Date): { from: string; to: string } {
  const to = usualEnd(by, reckoning, asOf);
  return { from: usualStart(to, by, reckoning.fiscalYearStart), to };
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
/** A row's id; of a person's row where each currency has a block, its currency too. */
const rowName = /^([A-Z]{3}:)?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** A movement's: its moment in milliseconds, its currency, its kind and its supporter. */
export const movementName = /^\d{1,14}:[A-Z]{3}:[a-z_]{2,20}:[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
