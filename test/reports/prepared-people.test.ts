// Kept sums of people: who gave again, what giving gained and lost, cohorts and who is missed are told alike with and without them.
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerReport, type ReportName, rangesOf } from '../../src/reports/answer.ts';
import { noteAsked } from '../../src/reports/kept-ranges.ts';
import { compareSums, foldChanges, rebuildSums } from '../../src/reports/prepared-fold.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { type History, historyIn } from './history.ts';

const now = '2026-12-15T12:00:00Z';
const reckoning: Reckoning = { timeZone: 'America/New_York', fiscalYearStart: 4, reportingCurrency: 'USD' };
const forgetAll = [
  'adjustments',
  'payments',
  'membership_changes',
  'membership_looks',
  'memberships',
  'readers',
  'kept_ranges',
]
  .map((table) => `delete from ${table}`)
  .join(';');

type Asked = { name: ReportName } & Partial<Question> & Pick<Question, 'from' | 'to' | 'by'>;

const months = { from: '2026-01-01', to: '2026-07-01', by: 'month' } as const;
const years = { from: '2025-04-01', to: '2027-04-01', by: 'year' } as const;
const asked: Asked[] = (['retention', 'growth'] as const).flatMap((name) => [
  { name, ...months },
  { name, ...years },
  { name, from: '2026-03-01', to: '2026-04-01', by: 'month' },
  { name, from: '2025-04-01', to: '2026-04-01', by: 'month' },
  { name, from: '2025-12-10', to: '2026-03-20', by: 'month' },
  { name, from: '2026-02-20', to: '2026-03-05', by: 'day' },
  { name, from: '2026-02-20', to: '2026-04-20', by: 'week' },
]);
asked.push(
  { name: 'cohorts', ...months },
  { name: 'cohorts', from: '2025-01-01', to: '2026-03-01', by: 'month' },
);
asked.push({ name: 'cohorts', from: '2025-06-10', to: '2026-03-20', by: 'month' });
for (const name of ['lybunt', 'sybunt'] as const)
  for (const year of [2024, 2025, 2026, 2027])
    for (const most of [1, 100]) asked.push({ name, year, most, ...years });
const currencies = [null, 'USD', 'EUR', 'reporting'] as const;

describe('kept sums of people', () => {
  let fresh: FreshDatabase;
  let history: History;
  let services: TestServices;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    services = await testServices({
      databaseUrl: fresh.url,
      now,
      env: { PUBLICATION_TIME_ZONE: reckoning.timeZone, FISCAL_YEAR_START: '4', REPORTING_CURRENCY: 'USD' },
    });
  });

  afterAll(async () => {
    await services.close();
    await fresh.drop();
  });

  const told = (each: Asked) =>
    answerReport(history.database, each.name, ask(each, reckoning, new Date(now)));
  const toldAll = (some: readonly Asked[]) => Promise.all(some.map(told));

  /** The same answers with kept sums and, for a moment, without. */
  async function expectAlike(some: readonly Asked[]): Promise<void> {
    const kept = await toldAll(some);
    const { rows } = await fresh.pool.query('delete from kept_books returning *');
    expect(rows).toHaveLength(1);
    const counted = await toldAll(some);
    await fresh.pool.query(
      'insert into kept_books select * from jsonb_populate_recordset(null::kept_books, $1)',
      [JSON.stringify(rows)],
    );
    expect(kept).toEqual(counted);
  }

  it('give the report that counting everything gives, before and after each change is folded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 16 }),
        fc.shuffledSubarray(asked, { minLength: 3, maxLength: 3 }),
        async (steps, ranges) => {
          await fresh.pool.query(forgetAll);
          await rebuildSums(services);
          const some = ranges.flatMap((each) => currencies.map((currency) => ({ ...each, currency })));
          const tell = teller(history, fresh.pool);
          for (const each of steps) {
            if (each.does === 'fold') await foldChanges(services, 2);
            else if (each.does === 'ask') {
              const wanted = some[each.nth % some.length] ?? { name: 'growth', ...months };
              await noteAsked(services, rangesOf(wanted.name, ask(wanted, reckoning, new Date(now))));
            } else await tell(each);
          }
          await expectAlike(some);
          while (await foldChanges(services, 2));
          const { rows } = await fresh.pool.query(
            "select count(*)::int as waiting from kept_ranges where state = 'waiting'",
          );
          expect(rows).toEqual([{ waiting: 0 }]);
          await expectAlike(some);
          expect((await compareSums(services))?.differing).toBe(0);
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 8) },
    );
  }, 120_000);
});

const moment = fc
  .date({ min: new Date('2024-11-01T00:00:00Z'), max: new Date('2026-12-01T00:00:00Z'), noInvalidDate: true })
  .map((at) => new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000).toISOString());
const amount = fc.integer({ min: 1, max: 9 }).map((each) => each * 300);
const currency = fc.constantFrom('USD', 'EUR', 'JPY');
const reader = fc.integer({ min: 0, max: 3 });
const nth = fc.integer({ min: 0, max: 20 });

type Step =
  | { does: 'fold' }
  | { does: 'ask'; nth: number }
  | { does: 'give'; reader: number; at: string; amount: number; currency: string; settled: boolean }
  | { does: 'settle'; nth: number; rate: number }
  | { does: 'move'; nth: number; at: string }
  | { does: 'return'; nth: number; days: number; whole: boolean; fails: boolean }
  | {
      does: 'promise';
      reader: number;
      at: string;
      amount: number;
      currency: string;
      after: 'runs' | 'pauses' | 'ends';
    };

const give: fc.Arbitrary<Step> = fc.record({
  does: fc.constant('give' as const),
  reader,
  at: moment,
  amount,
  currency,
  settled: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: give, weight: 4 },
  { arbitrary: fc.constant<Step>({ does: 'fold' }), weight: 2 },
  fc.record({ does: fc.constant('ask' as const), nth }),
  fc.record({ does: fc.constant('settle' as const), nth, rate: fc.integer({ min: 50, max: 150 }) }),
  fc.record({ does: fc.constant('move' as const), nth, at: moment }),
  fc.record({
    does: fc.constant('return' as const),
    nth,
    days: fc.integer({ min: 0, max: 200 }),
    whole: fc.boolean(),
    fails: fc.boolean(),
  }),
  fc.record({
    does: fc.constant('promise' as const),
    reader,
    at: moment,
    amount,
    currency,
    after: fc.constantFrom('runs' as const, 'pauses' as const, 'ends' as const),
  }),
);

/** Tells the ledger's tables a step, as webhooks would have; steps about a payment that is not there are nothing. */
function teller(history: History, pool: pg.Pool) {
  const readers: string[] = [];
  const payments: { id: string; currency: string; amount: number; at: string; isReturned: boolean }[] = [];
  const readerOf = async (number: number) => {
    readers[number] ??= await history.reader();
    return readers[number] ?? '';
  };
  return async (each: Exclude<Step, { does: 'fold' | 'ask' }>): Promise<void> => {
    if (each.does === 'promise') {
      const seen = laterOf[each.after].map(({ days, ...look }) => {
        const at = on(each.at, days);
        return {
          at,
          ...look,
          ...(look.standing === 'ended' && { endedAt: at, endReason: 'voluntary' as const }),
        };
      });
      await history.promises(await readerOf(each.reader), { ...each, seen: [{ at: each.at }, ...seen] });
      return;
    }
    if (each.does === 'give') {
      const { at, amount, currency, settled } = each;
      const known = settled && {
        settled: { amount: Math.round(amount * 1.1), fee: 30, currency: 'USD' },
      };
      const id = await history.gives(await readerOf(each.reader), { at, amount, currency, ...known });
      payments.push({ id, currency, amount, at, isReturned: false });
      return;
    }
    const payment = payments[each.nth % Math.max(payments.length, 1)];
    if (!payment) return;
    if (each.does === 'settle') {
      await pool.query(
        `update payments set settled_amount_minor = round(amount_minor * $2 / 100.0), settled_fee_minor = 27,
           settled_currency = 'USD', settled_at = paid_at where id = $1`,
        [payment.id, each.rate],
      );
    } else if (each.does === 'move') {
      await pool.query('update payments set paid_at = $2 where id = $1', [payment.id, each.at]);
    } else if (!payment.isReturned) {
      payment.isReturned = true;
      const back = { amount: each.whole ? payment.amount : payment.amount / 3 };
      const at = on(payment.at, each.days);
      await history.returns(payment.id, payment.currency, { kind: 'refund', at, ...back });
      if (each.fails)
        await history.returns(payment.id, payment.currency, {
          kind: 'refund_failed',
          at: on(at, 9),
          ...back,
        });
    }
  };
}

const laterOf = {
  runs: [],
  pauses: [
    { days: 30, standing: 'paused' as const },
    { days: 65, standing: 'active' as const },
  ],
  ends: [{ days: 70, standing: 'ended' as const }],
};

function on(at: string, days: number): string {
  return new Date(Date.parse(at) + days * 86_400_000).toISOString();
}
