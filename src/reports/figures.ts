// Figures: how each column is written for a person, and where it is explained.
import { type Currency, decimalString, exponentOf, formatMoney, isCurrency } from '../values/money.ts';
import type { PeriodLength } from '../values/period.ts';
import type { Figure } from '../words/english/reports.ts';
import type { Words } from '../words/words.ts';
import type { ReportName } from './answer.ts';
import { type MovementChoice, movementChoices } from './question.ts';
import type { Cell, Column, Row, Unconverted } from './report.ts';

/** What a table is drawn with. */
export interface Written {
  words: Words;
  timeZone: string;
  fiscalYearStart: number;
  by: PeriodLength;
  /** A column of the table says which currency its money is in. */
  saysCurrency: boolean;
}

/** The place of a column on the page of definitions: `gross_minor` stands at `#gross`. */
export function placeOf(column: Pick<Column, 'name'>, report: ReportName): string {
  const place = column.name.replace(/_minor$/, '').replaceAll('_', '-');
  return ownPlaces.has(`${report}-${place}`) ? `${report}-${place}` : place;
}

/** Where two reports mean something else by one name. */
const ownPlaces: ReadonlySet<string> = new Set([
  'letters-kind',
  'letters-sent',
  'letter-problems-problem',
  'letter-problems-ended',
  'letter-problems-returned',
  'suppressions-reason',
  'reminders-net',
  'retention-donors',
  'retention-rate',
  'growth-new',
  'growth-new-donors',
  'forecast-due',
]);

/** What a column is called and how it is counted. Throws for a column without words: a fault of the program. */
export function figureOf(words: Words, column: Pick<Column, 'name'>, report: ReportName): Figure {
  const figures: Readonly<Record<string, Figure>> = words.reports.figures;
  const figure = figures[placeOf(column, report)];
  if (!figure) throw new Error(`The column ${column.name} of ${report} has no words`);
  return figure;
}

/** A cell as a person reads it. `moneyIn` is the currency of rows that do not name one. */
export function textOf(written: Written, column: Column, row: Row, moneyIn: Currency): string {
  const { words } = written;
  const value = row[column.name] ?? null;
  switch (column.kind) {
    case 'period':
      return typeof value === 'string' ? periodText(written, value) : '';
    case 'currency':
      return value === null ? words.reports.totalAll : String(value);
    case 'money':
      return typeof value === 'number'
        ? columnMoneyText(words, value, currencyOf(row, moneyIn), !written.saysCurrency)
        : '–';
    case 'count':
      return typeof value === 'number' ? countText(words, value) : '–';
    case 'rate':
      return typeof value === 'number' ? percentText(words, value) : words.reports.notDefined;
    case 'instant':
      return typeof value === 'string' ? momentText(words, value, written.timeZone) : '–';
    case 'day':
      return typeof value === 'string'
        ? dateText(words, value, { day: 'numeric', month: 'short', year: 'numeric' })
        : '–';
    case 'seconds':
      return typeof value === 'number' ? words.reports.seconds(value) : '–';
    case 'unconverted':
      return Array.isArray(value) ? unconvertedText(words, value) : '';
    case 'id':
      return value === null ? '–' : `…${String(value).slice(-6)}`;
    case 'text':
      return valueText(words, column, value);
  }
}

/**
 * Money under money: always with all decimals, so that the points stand under each other, and without the currency's sign where
 * a column of its own says it.
 */
function columnMoneyText(words: Words, amountMinor: number, currency: Currency, hasSign: boolean): string {
  const digits = exponentOf(currency);
  const format = new Intl.NumberFormat(words.locale, {
    ...(hasSign && { style: 'currency', currency }),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(decimalString({ amountMinor: BigInt(amountMinor), currency }));
}

export function moneyText(words: Words, amountMinor: number, currency: Currency): string {
  return formatMoney({ amountMinor: BigInt(amountMinor), currency }, words.locale);
}

export function countText(words: Words, count: number): string {
  return new Intl.NumberFormat(words.locale).format(count);
}

export function percentText(words: Words, rate: number): string {
  const digits = Math.abs(rate) < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(words.locale, { style: 'percent', maximumFractionDigits: digits }).format(
    rate,
  );
}

export function unconvertedText(words: Words, amounts: readonly Unconverted[]): string {
  const said = amounts.map((each) =>
    isCurrency(each.currency)
      ? moneyText(words, each.amount_minor, each.currency)
      : `${each.amount_minor} ${each.currency}`,
  );
  return said.join(', ');
}

/** An instant in the publication's time: "23 Nov 2026, 21:40". */
export function momentText(words: Words, instant: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat(dateLanguage(words), {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
  });
  return spoken(words, format.format(new Date(instant)));
}

/** A period by its first day, as short as its length allows. */
function periodText(
  { words, by, fiscalYearStart }: Pick<Written, 'words' | 'by' | 'fiscalYearStart'>,
  firstOn: string,
) {
  // A clipped month still says its month, a clipped or fiscal year its first day.
  if (by === 'month') return dateText(words, firstOn, { month: 'short', year: 'numeric' });
  if (by === 'year' && fiscalYearStart === 1 && firstOn.endsWith('-01-01')) return firstOn.slice(0, 4);
  return dateText(words, firstOn, { day: 'numeric', month: 'short', year: 'numeric' });
}

/** A day or a part of it in words: "23 November". */
export function dateText(words: Words, day: string, parts: Intl.DateTimeFormatOptions): string {
  const format = new Intl.DateTimeFormat(dateLanguage(words), { ...parts, timeZone: 'UTC' });
  return spoken(words, format.format(new Date(`${day}T12:00:00Z`)));
}

/** The currency a row's money is in. */
export function currencyOf(row: Row, moneyIn: Currency): Currency {
  const { currency } = row;
  return isCurrency(currency) ? currency : moneyIn;
}

function valueText(words: Words, column: Column, value: Cell): string {
  if (value === null && column.name === 'within_days') return words.reports.laterThanAll;
  if (value === null)
    return column.name === 'key' || column.name === 'source' ? words.reports.unattributed : '–';
  const text = String(value);
  return valueNames(words, column.name)[text] ?? text;
}

/** A movement is called as the column that sums it up; `churned` sums up two of them. */
export function movementText({ reports }: Words, movement: MovementChoice): string {
  if (movement === 'churned') return reports.churnedChoice;
  const { figures } = reports;
  const terms: Record<Exclude<MovementChoice, 'churned'>, Figure> = {
    ...figures,
    churn_voluntary: figures['churn-voluntary'],
    churn_involuntary: figures['churn-involuntary'],
  };
  return terms[movement].term;
}

/** Words for values of our own making; what others named stays as it is. */
function valueNames(words: Words, column: string): Readonly<Record<string, string>> {
  const { reports, common } = words;
  if (column === 'movement')
    return Object.fromEntries(movementChoices.map((each) => [each, movementText(words, each)]));
  if (column === 'within_days') return reports.withinDays;
  if (column === 'kind') return { ...common.frequency, ...reports.letterKinds };
  if (column === 'problem') return reports.letterProblems;
  if (column === 'scope') return reports.suppressionScopes;
  if (column === 'stage') return reports.stages;
  if (column === 'choice') return reports.choices;
  if (column === 'component' || column === 'source') return reports.components;
  if (column === 'work') return reports.workNames;
  if (column === 'state') return reports.eventStates;
  if (column === 'donor_type') return reports.donorTypes;
  if (column === 'standing') return reports.standings;
  if (column === 'dispute_state') return reports.disputeStates;
  if (column === 'reason') return { ...reports.disputeReasons, ...reports.suppressionReasons };
  return column === 'key' ? { ...reports.components, ...common.frequency } : {};
}

/** The abbreviated "year" after Russian dates stumbles over the sentence's own marks. */
function spoken(words: Words, date: string): string {
  return words.locale === 'ru' ? date.replace(/\sг\./, '') : date;
}

/** Days as a newspaper writes them: the day before the month. */
function dateLanguage(words: Words): string {
  return words.locale === 'en' ? 'en-GB' : words.locale;
}
