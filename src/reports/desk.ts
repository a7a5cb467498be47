// Desk: the figures of the month so far beside the same days of the month before, and what staff look at first.
import { sql } from 'drizzle-orm';
import type { Database } from '../outside/database.ts';
import { addDays, addMonths, localDate } from '../values/calendar.ts';
import { type Currency, isCurrency } from '../values/money.ts';
import { startOf } from '../values/period.ts';
import { type Answer, answerReport } from './answer.ts';
import { readIncome } from './income.ts';
import { readMembers } from './mrr.ts';
import { ask, type CurrencyChoice, type Question, type Reckoning } from './question.ts';
import { answered, type Row, type Unconverted } from './report.ts';

/** A stretch of days; `to` is no longer inside. */
export interface Days {
  from: string;
  to: string;
}

export interface Desk {
  asOf: Date;
  currency: Exclude<CurrencyChoice, null>;
  /** What the figures are in. */
  moneyIn: Currency;
  /** Every currency that a gift or a promise was ever made in. */
  currencies: readonly Currency[];
  days: Days;
  daysBefore: Days;
  income: Row;
  incomeBefore: Row;
  members: Row;
  /** Promises of which no exchange rate is known: in none of the figures. */
  promisesUnconverted: readonly Unconverted[];
  membersBefore: Row;
  giving: Answer;
  gifts: Answer;
  reminders: Answer;
  work: Answer;
}

/** Reads the whole desk from one snapshot. */
export function readDesk(
  database: Database,
  reckoning: Reckoning,
  asOf: Date,
  currency: Desk['currency'],
): Promise<Desk> {
  const { days, daysBefore } = monthSoFar(asOf, reckoning.timeZone);
  const monthStart = startOf(days.from, 'month');
  const year = { from: addMonths(monthStart, -11), to: addMonths(monthStart, 1) };
  const asked = (range: Days, more: Partial<Pick<Question, 'most' | 'by'>> = {}) =>
    ask({ ...range, by: 'year', currency, ...more }, reckoning, asOf);
  return database.transaction(
    async (tx) => {
      const members = await readMembers(tx, asked(days));
      return {
        asOf,
        currency,
        moneyIn: currency === 'reporting' ? reckoning.reportingCurrency : currency,
        currencies: await currenciesUsed(tx),
        days,
        daysBefore,
        income: wholeOf(await readIncome(tx, asked(days))),
        incomeBefore: wholeOf(await readIncome(tx, asked(daysBefore))),
        members: wholeOf(members),
        promisesUnconverted: members.unconverted,
        membersBefore: wholeOf(await readMembers(tx, asked(daysBefore))),
        giving: await answerReport(tx, 'giving', asked(year, { by: 'month' })),
        // One by one they stand in their own currencies.
        gifts: await answerReport(tx, 'gifts', {
          ...asked(year, { by: 'month', most: newestGifts }),
          currency: currency === 'reporting' ? null : currency,
        }),
        reminders: await answerReport(tx, 'reminders', asked(year, { by: 'month' })),
        work: await answerReport(tx, 'work', asked(days)),
      };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/**
 * The month up to and including today, and as many days of the month before. A shorter month before is taken whole: all of
 * February stands beside 1–31 March.
 */
export function monthSoFar(asOf: Date, timeZone: string): { days: Days; daysBefore: Days } {
  const today = localDate(asOf, timeZone);
  const from = startOf(today, 'month');
  const fromBefore = addMonths(from, -1);
  const sameDay = addDays(fromBefore, Number(today.slice(-2)));
  return {
    days: { from, to: addDays(today, 1) },
    daysBefore: { from: fromBefore, to: sameDay < from ? sameDay : from },
  };
}

/** Every currency that a gift or a promise was ever made in. */
export async function currenciesUsed(tx: Parameters<typeof answered>[0]): Promise<Currency[]> {
  const found = await answered(
    tx,
    sql`select currency from payments union select currency from membership_changes order by currency`,
  );
  return found.map((line) => line.currency).filter(isCurrency);
}

function wholeOf({ totals }: { totals: Row | null }): Row {
  if (!totals) throw new Error('One currency was asked for and has no whole');
  return totals;
}

const newestGifts = 12;
