// A record of a file to import: its columns by name, and what is found wrong with them while it is read.
import type { Identified } from '../../ledger/imported.ts';
import { type Currency, isCurrency } from '../../values/money.ts';
import { readMajor } from './amounts.ts';
import type { ReadMoment } from './moments.ts';

/** One thing wrong with one row, said so that somebody can mend it. */
export interface BadRow {
  line: number;
  /** Null where the row as a whole cannot be read. */
  column: string | null;
  externalId: string | null;
  problem: string;
}

export interface Rows<Row> {
  rows: ({ line: number } & Identified<Row>)[];
  bad: BadRow[];
}

export interface Reading {
  line: number;
  /** The text of a column, without the blanks around it; empty where there is none. */
  text(column: string): string;
  moment: ReadMoment;
  /** Says what is wrong with a column; the row is then left out. */
  wrong(column: string, problem: string): void;
}

export function readRequired(reading: Reading, column: string): string {
  const text = reading.text(column);
  if (text === '') reading.wrong(column, 'is empty: every row needs it');
  return text;
}

/** A text to be kept as it is; null where there is none. */
export function readShort(reading: Reading, column: string, longest: number): string | null {
  const text = reading.text(column);
  if (text === '') return null;
  if (/\p{Cc}|\uFFFD/u.test(text))
    reading.wrong(column, 'holds control characters or is not UTF-8: save the file as UTF-8');
  else if (text.length > longest) reading.wrong(column, `is longer than ${longest} characters: shorten it`);
  return text;
}

/** The name that the other system knows the row by. */
export function readExternalId(reading: Reading, column = 'external_id'): string {
  readRequired(reading, column);
  return readShort(reading, column, 200) ?? '';
}

export function readChoice<C extends string>(
  reading: Reading,
  column: string,
  choices: readonly C[],
  usual: C | null,
): C | null {
  const text = reading.text(column).toLowerCase();
  if (text === '' && usual !== null) return usual;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) reading.wrong(column, `must be one of ${choices.join(', ')}`);
  return found ?? null;
}

export function readCurrency(reading: Reading): Currency | null {
  const text = readRequired(reading, 'currency').toUpperCase();
  if (text === '') return null;
  if (isCurrency(text)) return text;
  reading.wrong('currency', 'is no currency: write its ISO code, as in USD');
  return null;
}

/** Above zero; null where it is not, or not known since the currency is not. */
export function readPositive(reading: Reading, column: string, currency: Currency | null): bigint | null {
  readRequired(reading, column);
  const amountMinor = readAmount(reading, column, currency);
  if (amountMinor !== 0n) return amountMinor;
  reading.wrong(column, 'is zero: leave out rows that brought no money');
  return null;
}

/** Zero or above; null where the column is empty. */
export function readAmount(reading: Reading, column: string, currency: Currency | null): bigint | null {
  const text = reading.text(column);
  if (text === '' || currency === null) return null;
  const amount = readMajor(text, currency);
  if (typeof amount === 'bigint') return amount;
  reading.wrong(column, amount.wrong);
  return null;
}

export function readMoment(reading: Reading, column: string): Date | null {
  const text = reading.text(column);
  if (text === '') return null;
  const moment = reading.moment(text);
  if (moment === null) reading.wrong(column, 'is no moment: write 2024-03-01, or 2024-03-01T12:30:00Z');
  return moment;
}

export function readRequiredMoment(reading: Reading, column: string): Date | null {
  readRequired(reading, column);
  return readMoment(reading, column);
}
