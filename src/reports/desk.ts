// Desk: the figures of the month so far beside the same days of the month before, and what staff look at first.
import { sql } from 'drizzle-orm';
import type { Database, Reads } from '../outside/database.ts';
import { addDays, addMonths, localDate } from '../values/calendar.ts';
import { type Currency, isCurrency } from '../values/money.ts';
import { startOf } from '../values/period.ts';
import { type Alarms, readAlarms } from './alarms.ts';
import { type Answer, answerReport } from './answer.ts';
import { type GoalProgress, readGoals } from './goals.ts';
import { readIncome } from './income.ts';
import { type Pause, readPauses } from './letter-problems.ts';
import { readMembers } from './mrr.ts';
import { ask, type CurrencyChoice, type Question, type Reckoning } from './question.ts';
import { recovery } from './recovery.ts';
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
  daysYearBefore: Days;
  income: Row;
  incomeBefore: Row;
  incomeYearBefore: Row;
  members: Row;
  /** Promises of which no exchange rate is known: in none of the figures. */
  promisesUnconverted: readonly Unconverted[];
  membersBefore: Row;
  membersYearBefore: Row;
  /** Monthly value that is past due now, in minor units, and how many people promised it. */
  overdue: { amountMinor: number; people: number };
  /** Disputes that wait for an answer, and when the first of them must be given. */
  disputes: { count: number; firstBy: string | null };
  /** What banks and cards tell of fraud before it costs anything. */
  alarms: Alarms;
  /** The newest comparison with Stripe that was made of our own accord or asked for; null where there was none. */
  reconciled: { endedAt: string | null; agrees: boolean } | null;
  giving: Answer;
  gifts: Answer;
  /** Where letters wait since we are refused for what we are. */
  pauses: readonly Pause[];
  reminders: Answer;
  /** What the newsroom set out to raise, and how far it has come. */
  goals: readonly GoalProgress[];
  work: Answer;
}

/** Reads the whole desk from one snapshot. */
export function readDesk(
  database: Database,
  reckoning: Reckoning,
  asOf: Date,
  currency: Desk['currency'],
): Promise<Desk> {
  const { days, daysBefore, daysYearBefore } = monthSoFar(asOf, reckoning.timeZone);
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
        daysYearBefore,
        income: wholeOf(await readIncome(tx, asked(days))),
        incomeBefore: wholeOf(await readIncome(tx, asked(daysBefore))),
        incomeYearBefore: wholeOf(await readIncome(tx, asked(daysYearBefore))),
        members: wholeOf(members),
        promisesUnconverted: members.unconverted,
        membersBefore: wholeOf(await readMembers(tx, asked(daysBefore))),
        membersYearBefore: wholeOf(await readMembers(tx, asked(daysYearBefore))),
        overdue: await readOverdue(tx, asked(days)),
        disputes: await readDisputesToAnswer(tx, asOf),
        alarms: await readAlarms(tx, asOf),
        reconciled: await readReconciled(tx),
        giving: await answerReport(tx, 'giving', asked(year, { by: 'month' })),
        // One by one they stand in their own currencies.
        gifts: await answerReport(tx, 'gifts', {
          ...asked(year, { by: 'month', most: newestGifts }),
          currency: currency === 'reporting' ? null : currency,
        }),
        pauses: await readPauses(tx),
        reminders: await answerReport(tx, 'reminders', asked(year, { by: 'month' })),
        goals: await readGoals(tx, reckoning, asOf),
        work: await answerReport(tx, 'work', asked(days)),
      };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/**
 * The month up to and including today, as many days of the month before, and the same days a year ago. A shorter month before
 * is taken whole: all of February stands beside 1–31 March.
 */
export function monthSoFar(
  asOf: Date,
  timeZone: string,
): { days: Days; daysBefore: Days; daysYearBefore: Days } {
  const today = localDate(asOf, timeZone);
  const from = startOf(today, 'month');
  const fromBefore = addMonths(from, -1);
  const sameDay = addDays(fromBefore, Number(today.slice(-2)));
  return {
    days: { from, to: addDays(today, 1) },
    daysBefore: { from: fromBefore, to: sameDay < from ? sameDay : from },
    daysYearBefore: { from: addMonths(from, -12), to: addDays(addMonths(today, -12), 1) },
  };
}

export async function readOverdue(tx: Reads, question: Question): Promise<Desk['overdue']> {
  const only = question.currency === 'reporting' ? null : question.currency;
  const [line = {}] = await answered(
    tx,
    sql`select count(distinct reader_id) as people from memberships
      where standing = 'past_due' and currency = coalesce(${only}::text, currency)`,
  );
  const { at_risk_minor: amountMinor } = wholeOf(await recovery.read(tx, question));
  return { amountMinor: Number(amountMinor), people: Number(line.people ?? 0) };
}

export async function readDisputesToAnswer(tx: Reads, asOf: Date): Promise<Desk['disputes']> {
  const [line = {}] = await answered(
    tx,
    sql`select count(*) as waiting, min(answer_by) as first_by from disputes
      where answer_by > ${asOf.toISOString()}::timestamptz and not answered
        and status in ('needs_response', 'warning_needs_response')`,
  );
  return { count: Number(line.waiting ?? 0), firstBy: momentOf(line.first_by) };
}

async function readReconciled(tx: Reads): Promise<Desk['reconciled']> {
  const [line] = await answered(
    tx,
    sql`select ended_at, coalesce((found->'report'->>'whole')::boolean, false) as agrees
      from reconciliations order by began_at desc limit 1`,
  );
  return line ? { endedAt: momentOf(line.ended_at), agrees: line.agrees === true } : null;
}

function momentOf(told: unknown): string | null {
  return typeof told === 'string' ? new Date(told).toISOString() : null;
}

/** Every currency that a gift or a promise was ever made in: of sums and those who changed since; of all facts only where no sums are kept. */
export async function currenciesUsed(tx: Reads): Promise<Currency[]> {
  const found = await answered(
    tx,
    sql`
with changed as materialized (select distinct reader_id from changed_facts)
select currency from kept_money where mode = 'own' and grain = 'month' and exists (select from kept_books)
group by currency
having sum(facts) > 0
union
select currency from kept_promises
where mode = 'own' and grain = 'month' and since_on is null and currency <> '---' and exists (select from kept_books)
group by currency
having sum(facts) > 0
union
select currency from payments where reader_id in (select reader_id from changed)
union
select currency from membership_changes where reader_id in (select reader_id from changed)
union
select currency from payments where not exists (select from kept_books)
union
select currency from membership_changes where not exists (select from kept_books)
order by currency`,
  );
  return found.map((line) => line.currency).filter(isCurrency);
}

function wholeOf({ totals }: { totals: Row | null }): Row {
  if (!totals) throw new Error('One currency was asked for and has no whole');
  return totals;
}

const newestGifts = 12;
