// Kept sums: a report put together from them is the report counted anew, whatever changed, whenever it is asked and folded.
import fc from 'fast-check';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reads } from '../../src/outside/database.ts';
import { churn } from '../../src/reports/churn.ts';
import { forecast } from '../../src/reports/forecast.ts';
import { gifts } from '../../src/reports/gifts.ts';
import { giving } from '../../src/reports/giving.ts';
import { income } from '../../src/reports/income.ts';
import { mrr } from '../../src/reports/mrr.ts';
import { compareSums, foldChanges, rebuildSums } from '../../src/reports/prepared-fold.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import { recovery } from '../../src/reports/recovery.ts';
import { recoveryTimes } from '../../src/reports/recovery-times.ts';
import type { Report } from '../../src/reports/report.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { type History, historyIn } from './history.ts';

const now = '2026-12-15T12:00:00Z';
const reckoning: Reckoning = { timeZone: 'America/New_York', fiscalYearStart: 4, reportingCurrency: 'USD' };

const ranges: Pick<Question, 'from' | 'to' | 'by'>[] = [
  { from: '2026-01-01', to: '2026-07-01', by: 'month' },
  { from: '2025-12-10', to: '2026-03-20', by: 'month' },
  { from: '2025-04-01', to: '2027-04-01', by: 'year' },
  { from: '2026-02-20', to: '2026-03-20', by: 'day' },
  { from: '2026-02-20', to: '2026-04-20', by: 'week' },
];
const currencies = [null, 'USD', 'EUR', 'reporting'] as const;
const questionsOf = (range: (typeof ranges)[number]) =>
  currencies.map((currency) => ask({ ...range, currency }, reckoning, new Date(now)));
const prepared: Report[] = [income, giving, mrr, churn, forecast, recovery, recoveryTimes, gifts];

describe('kept sums', () => {
  let fresh: FreshDatabase;
  let history: History;
  let services: TestServices;

  beforeEach(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    services = await testServices({
      databaseUrl: fresh.url,
      now,
      env: { PUBLICATION_TIME_ZONE: reckoning.timeZone, FISCAL_YEAR_START: '4', REPORTING_CURRENCY: 'USD' },
    });
  });

  afterEach(async () => {
    await services.close();
    await fresh.drop();
  });

  it('give the report that counting everything gives, before and after each change is folded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 14 }),
        fc.constantFrom(...ranges),
        async (steps, range) => {
          const questions = questionsOf(range);
          await empty(fresh.pool);
          await rebuildSums(services);
          const told = teller(history, fresh.pool);
          for (const each of steps) {
            if (each.does === 'fold') await foldChanges(services, 2);
            else await told(each);
          }
          await expectAlike(fresh.pool, history.database, questions);
          while (await foldChanges(services, 2));
          expect(await changes(fresh.pool)).toBe(0);
          await expectAlike(fresh.pool, history.database, questions);
          expect((await compareSums(services))?.differing).toBe(0);
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 6) },
    );
  }, 60_000);
});

/** The same answers with kept sums and, for a moment, without. */
async function expectAlike(pool: pg.Pool, reads: Reads, questions: readonly Question[]): Promise<void> {
  const kept = await Promise.all(questions.map((question) => answers(reads, question)));
  const { rows } = await pool.query('delete from kept_books returning *');
  expect(rows).toHaveLength(1);
  const counted = await Promise.all(questions.map((question) => answers(reads, question)));
  await pool.query('insert into kept_books select * from jsonb_populate_recordset(null::kept_books, $1)', [
    JSON.stringify(rows),
  ]);
  expect(kept).toEqual(counted);
}

function answers(reads: Reads, question: Question) {
  return Promise.all(
    prepared.map(async (report) => ({
      report: report.name,
      from: question.from,
      by: question.by,
      currency: question.currency,
      ...(await report.read(reads, report.suits?.(question) ?? question)),
    })),
  );
}

async function changes(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query('select count(*)::int as number from changed_facts');
  return rows[0].number;
}

async function empty(pool: pg.Pool): Promise<void> {
  await pool.query(
    'truncate readers, customers, memberships, membership_looks, membership_changes, payments, adjustments, payment_failures cascade',
  );
}

const moment = fc
  .date({ min: new Date('2025-11-01T00:00:00Z'), max: new Date('2026-12-01T00:00:00Z'), noInvalidDate: true })
  .map((at) => new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000).toISOString());
const amount = fc.integer({ min: 100, max: 5_000 });
const currency = fc.constantFrom('USD', 'EUR', 'JPY');
const reader = fc.integer({ min: 0, max: 3 });
const nth = fc.integer({ min: 0, max: 20 });

type Step =
  | { does: 'fold' }
  | {
      does: 'give';
      reader: number;
      at: string;
      amount: number;
      currency: string;
      kind: 'once' | 'month' | 'year';
      settled: boolean;
    }
  | { does: 'collect'; nth: number; at: string; hours: number }
  | { does: 'settle'; nth: number; rate: number }
  | { does: 'move'; nth: number; at: string }
  | { does: 'return'; nth: number; at: string; kind: 'refund' | 'dispute_withdrawn'; settled: boolean }
  | {
      does: 'promise';
      reader: number;
      at: string;
      amount: number;
      currency: string;
      interval: 'month' | 'year';
      after: After;
      fails: boolean;
    };
type After = 'runs' | 'raised' | 'paused' | 'wishes' | 'ends' | 'lost';

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant('fold' as const) }),
  fc.record({
    does: fc.constant('give' as const),
    reader,
    at: moment,
    amount,
    currency,
    kind: fc.constantFrom('once' as const, 'month' as const, 'year' as const),
    settled: fc.boolean(),
  }),
  fc.record({ does: fc.constant('settle' as const), nth, rate: fc.integer({ min: 50, max: 150 }) }),
  fc.record({ does: fc.constant('move' as const), nth, at: moment }),
  fc.record({
    does: fc.constant('return' as const),
    nth,
    at: moment,
    kind: fc.constantFrom('refund' as const, 'dispute_withdrawn' as const),
    settled: fc.boolean(),
  }),
  fc.record({
    does: fc.constant('promise' as const),
    reader,
    at: moment,
    amount,
    currency,
    interval: fc.constantFrom('month' as const, 'year' as const),
    after: fc.constantFrom<After>('runs', 'raised', 'paused', 'wishes', 'ends', 'lost'),
    fails: fc.boolean(),
  }),
  fc.record({
    does: fc.constant('collect' as const),
    nth,
    at: moment,
    hours: fc.integer({ min: 1, max: 500 }),
  }),
);

/** Tells the ledger's tables a step, as webhooks would have; steps about a payment that is not there are nothing. */
function teller(history: History, pool: pg.Pool) {
  const readers: string[] = [];
  const payments: { id: string; currency: string; amount: number }[] = [];
  const bills: { readerId: string; membershipId: string; currency: string; amount: number }[] = [];
  return async (each: Exclude<Step, { does: 'fold' }>): Promise<void> => {
    if (each.does === 'give' || each.does === 'promise') {
      readers[each.reader] ??= await history.reader();
      const id = readers[each.reader] ?? '';
      if (each.does === 'promise') {
        const membershipId = await promise(history, id, each);
        const bill = { readerId: id, membershipId, currency: each.currency, amount: each.amount };
        if (each.fails)
          await history.fails(membershipId, { ...bill, at: each.at, invoice: `in_${bills.push(bill)}` });
        return;
      }
      payments.push({
        id: await history.gives(id, {
          at: each.at,
          amount: each.amount,
          currency: each.currency,
          kind: each.kind,
          covered: 7,
          ...(each.settled && {
            settled: { amount: Math.round(each.amount * 1.1), fee: 30, currency: 'USD' },
            fee: 33,
          }),
        }),
        currency: each.currency,
        amount: each.amount,
      });
      return;
    }
    if (each.does === 'collect') {
      const number = each.nth % Math.max(bills.length, 1);
      const bill = bills[number];
      if (!bill) return;
      const invoice = `in_${number + 1}`;
      const { rowCount } = await pool.query('select from payments where stripe_invoice_id = $1', [invoice]);
      if (rowCount !== 0) return;
      const at = new Date(Date.parse(each.at) + each.hours * 3_600_000).toISOString();
      await history.gives(bill.readerId, { ...bill, kind: 'month', at, invoice });
      return;
    }
    const payment = payments[each.nth % Math.max(payments.length, 1)];
    if (!payment) return;
    if (each.does === 'settle') {
      await pool.query(
        `update payments set fee_minor = 30, settled_amount_minor = round(amount_minor * $2 / 100.0), settled_fee_minor = 27,
           settled_currency = 'USD', settled_at = paid_at where id = $1`,
        [payment.id, each.rate],
      );
    } else if (each.does === 'move') {
      await pool.query('update payments set paid_at = $2 where id = $1', [payment.id, each.at]);
    } else {
      await history.returns(payment.id, payment.currency, {
        kind: each.kind,
        at: each.at,
        amount: Math.ceil(payment.amount / 3),
        ...(each.settled && { settled: { amount: -Math.ceil(payment.amount / 3), fee: 1, currency: 'USD' } }),
      });
    }
  };
}

async function promise(
  history: History,
  readerId: string,
  each: Extract<Step, { does: 'promise' }>,
): Promise<string> {
  const on = (days: number) => new Date(Date.parse(each.at) + days * 86_400_000).toISOString();
  const end = (endReason: 'voluntary' | 'involuntary') => ({
    at: on(70),
    standing: 'ended' as const,
    endedAt: on(70),
    endReason,
  });
  const laterOf = {
    runs: [],
    raised: [{ at: on(40), amount: each.amount * 2 }],
    paused: [{ at: on(30), standing: 'paused' as const }, { at: on(60) }],
    wishes: [{ at: on(20), cancelRequestedAt: on(20), endsAt: on(50) }],
    ends: [end('voluntary')],
    lost: [{ at: on(65), standing: 'past_due' as const }, end('involuntary')],
  };
  return history.promises(readerId, { ...each, seen: [{ at: each.at }, ...laterOf[each.after]] });
}
