// Summary: what a period came to beside the one before, as the letter to staff tells it, from the statements of the desk.
import type { LetterFacts, MoneyFacts, Movement } from '../letters/outbox.ts';
import type { Database } from '../outside/database.ts';
import { addDays } from '../values/calendar.ts';
import { answerReport } from './answer.ts';
import { readDisputesToAnswer, readOverdue } from './desk.ts';
import { readIncome } from './income.ts';
import { readPauses } from './letter-problems.ts';
import { readMembers } from './mrr.ts';
import { ask, type Reckoning } from './question.ts';
import { reminders } from './reminders.ts';
import type { Figures, Row, Unconverted } from './report.ts';

/** A stretch of days, `to` no longer inside, and the one that it stands beside. */
export interface Summarised {
  every: 'week' | 'month';
  from: string;
  to: string;
  fromBefore: string;
}

/** Reads it all from one snapshot, in the reporting currency. What needs a person does so as of now. */
export function readSummary(
  database: Database,
  reckoning: Reckoning,
  asOf: Date,
  { every, from, to, fromBefore }: Summarised,
): Promise<LetterFacts['report-summary']> {
  const asked = (first: string, end: string) =>
    ask({ from: first, to: end, by: 'year', currency: 'reporting' }, reckoning, asOf);
  return database.transaction(
    async (tx) => {
      const now = asked(from, to);
      const income = wholeOf(await readIncome(tx, now));
      const before = wholeOf(await readIncome(tx, asked(fromBefore, from)));
      const read = await readMembers(tx, now);
      const members = wholeOf(read);
      const reminded = wholeOf(await reminders.read(tx, now));
      const disputes = await readDisputesToAnswer(tx, asOf);
      const overdue = await readOverdue(tx, now);
      const work = await answerReport(tx, 'work', now);
      return {
        every,
        firstOn: from,
        lastOn: addDays(to, -1),
        currency: reckoning.reportingCurrency,
        gross: { minor: minorIn(income, 'gross_minor'), before: minorIn(before, 'gross_minor') },
        net: { minor: minorIn(income, 'net_minor'), before: minorIn(before, 'net_minor') },
        promised: {
          startMinor: minorIn(members, 'start_minor'),
          endMinor: minorIn(members, 'end_minor'),
          moves: movesOf(members),
          unconverted: ownMoney(read.unconverted),
        },
        people: {
          new: countIn(members, 'new_supporters'),
          returned: countIn(members, 'returned_supporters'),
          lost: countIn(members, 'lost_supporters'),
          atEnd: countIn(members, 'supporters'),
        },
        reminders: {
          asked: countIn(reminded, 'asked'),
          confirmed: countIn(reminded, 'confirmed'),
          gave: countIn(reminded, 'gave'),
        },
        unconverted: Array.isArray(income.unconverted) ? ownMoney(income.unconverted) : [],
        needs: {
          disputes: disputes.firstBy === null ? null : { count: disputes.count, firstBy: disputes.firstBy },
          deadEvents: Number(work.rows.find((row) => row.work === 'stripe_events')?.given_up ?? 0),
          overdue: { people: overdue.people, minor: String(overdue.amountMinor) },
          pauses: (await readPauses(tx)).map(({ reason, provider }) => ({ reason, provider })),
        },
      };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/** The report tells losses as positive figures. */
const directions: Readonly<Record<Movement, 1 | -1>> = {
  new: 1,
  reactivation: 1,
  expansion: 1,
  resumed: 1,
  contraction: -1,
  churn_voluntary: -1,
  churn_involuntary: -1,
  paused: -1,
  fx: 1,
};

function movesOf(members: Row): { by: Movement; minor: string }[] {
  const all = Object.entries(directions) as [Movement, 1 | -1][];
  return all
    .map(([by, direction]) => ({ by, minor: direction * Number(members[`${by}_minor`]) }))
    .filter(({ minor }) => minor !== 0)
    .map(({ by, minor }) => ({ by, minor: String(minor) }));
}

function minorIn(row: Row, column: string): string {
  return String(Number(row[column]));
}

function countIn(row: Row, column: string): number {
  return Number(row[column] ?? 0);
}

function ownMoney(amounts: readonly Unconverted[]): MoneyFacts[] {
  return amounts.map(({ currency, amount_minor }) => ({ currency, amountMinor: String(amount_minor) }));
}

function wholeOf({ totals }: Pick<Figures, 'totals'>): Row {
  if (!totals) throw new Error('One currency was asked for and has no whole');
  return totals;
}
