// Report: what every report is made of, so that page, CSV and JSON carry the same columns and rows of one statement.
import type { SQL } from 'drizzle-orm';
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import type { KeptRange } from './stretch.ts';

/** What a column holds; decides how a page writes it. Money is integer minor units in its row's currency. */
export type ColumnKind =
  | 'period'
  | 'currency'
  | 'count'
  | 'money'
  | 'rate'
  | 'text'
  | 'id'
  | 'instant'
  | 'day'
  | 'seconds'
  | 'unconverted';

export interface Column {
  name: string;
  kind: ColumnKind;
}

/** Money that could not be turned into the reporting currency, in its own. */
export interface Unconverted {
  currency: string;
  amount_minor: number;
}

export type Cell = string | number | null | readonly Unconverted[];
export type Row = Readonly<Record<string, Cell>>;

export interface Figures {
  rows: readonly Row[];
  /** The same columns for the whole range, and what else is counted of it; money is null where it would add up different currencies. */
  totals: Row | null;
  /** Where no currency was asked for: the whole range of each. */
  totalsByCurrency: readonly Row[];
  /** What the whole range could not turn into the reporting currency and so leaves out. */
  unconverted: readonly Unconverted[];
  /** Of reminders: the same counts by one thing at a time, which `by` says, for the page. */
  ways?: readonly Row[];
  /** Of a list that can be read on from any of its rows: where this page of it stands. */
  place?: ListPlace;
}

export interface ListPlace {
  /** How many rows there are in all, where they are counted, and how many of them stand before the first one here. */
  count: number | null;
  passed: number;
  /** What `before` must be for the rows that follow; null where none do. */
  next: string | null;
}

export interface Report {
  name: string;
  /** What is meant where no currency is asked for; one block per currency unless said otherwise. */
  usualCurrency?: 'reporting';
  /** The question that this report answers, where that is not the one asked: other days, or always by month. */
  suits?(question: Question): Question;
  columns(question: Question): readonly Column[];
  /** Stretches that it is quickly told of once sums are kept of them; see kept-ranges.ts. */
  ranges?(question: Question): readonly KeptRange[];
  /** One statement, read only. */
  read(reads: Reads, question: Question): Promise<Figures>;
}

/** Where no currency is asked for there is a block of rows for each, so each row says which it belongs to. */
export function inBlocks(
  columns: readonly Column[],
  { currency }: Pick<Question, 'currency'>,
): readonly Column[] {
  const [first, ...others] = columns;
  if (currency !== null || !first) return columns;
  return [first, { name: 'currency', kind: 'currency' }, ...others];
}

/** Period starts for `width_bucket`, and the whole range, as one row that the statements share. */
export function givenPeriods(question: Question): SQL {
  return sql`
    select
      ${sql.param(question.periods.map((each) => each.startsAt.toISOString()))}::timestamptz[] as starts,
      ${question.whole.startsAt.toISOString()}::timestamptz as starts_at,
      ${question.whole.endsAt.toISOString()}::timestamptz as ends_at,
      ${question.currency === 'reporting' ? question.reckoning.reportingCurrency : null}::text as reporting,
      ${question.currency === 'reporting' ? null : question.currency}::text as only_currency,
      ${question.reckoning.reportingCurrency}::text as house_currency`;
}

/** The periods by number (from 1) and name. */
export function namedPeriods(question: Question): SQL {
  return sql`
    select bucket::int, period
    from unnest(${sql.param(question.periods.map((each) => each.firstOn))}::text[]) with ordinality as p(period, bucket)`;
}

/** The currencies that get a block: the one asked for, else those in this part of a statement, else the house's, so that there are rows at all. */
export function blocksOf(part: string): SQL {
  const rows = sql.identifier(part);
  return sql`
  select coalesce(given.reporting, given.only_currency) as currency from given
  where coalesce(given.reporting, given.only_currency) is not null
  union
  select currency from ${rows} where currency is not null
  union
  select house_currency from given
  where given.reporting is null and given.only_currency is null and not exists (select from ${rows})`;
}

/** An amount of a payment `p` in the currency that the statement's `given` reports in, at the payment's own rate; null where none is known. */
export function worth(amount: SQL, currency = sql`given.reporting`): SQL {
  return sql`case
      when ${currency} is null or p.currency = ${currency} then ${amount}
      when p.settled_currency = ${currency} then ${amount} * p.settled_amount_minor / p.amount_minor
    end`;
}

/** A row as Postgres answers it: whole numbers come as text. */
export type Answered = Record<string, unknown>;

/** Runs the statement of a report. */
export async function answered(reads: Reads, statement: SQL): Promise<Answered[]> {
  const result = await reads.execute(statement);
  return result.rows;
}

/** The columns of a report, read from an answered row. */
export function rowOf(columns: readonly Column[], found: Answered): Row {
  return Object.fromEntries(columns.map((column) => [column.name, cellOf(column, found[column.name])]));
}

function cellOf(column: Column, value: unknown): Cell {
  if (column.kind === 'unconverted') return unconvertedOf(value);
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (
    column.kind === 'count' ||
    column.kind === 'money' ||
    column.kind === 'rate' ||
    column.kind === 'seconds'
  )
    return exactNumber(value);
  return String(value);
}

/** A list of amounts as `jsonb_agg` answers it. */
export function unconvertedOf(value: unknown): Unconverted[] {
  if (!Array.isArray(value)) return [];
  return value.map((each) => ({
    currency: String(each.currency),
    amount_minor: exactNumber(each.amount_minor),
  }));
}

/** JSON's numbers are exact up to 2^53: ninety trillion in a currency with cents. Beyond that a figure must fail, not lie. */
function exactNumber(value: unknown): number {
  const number = Number(value);
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) {
    throw new RangeError('A figure is too large to be told exactly');
  }
  // Postgres may answer -0 for a rounded negative zero.
  return number === 0 ? 0 : number;
}
