// How long failed payments took to be collected: a worked example, with its arithmetic.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerReport } from '../../src/reports/answer.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import type { Row } from '../../src/reports/report.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn } from './history.ts';

const utc: Reckoning = { timeZone: 'UTC', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asOf = new Date('2026-04-15T12:00:00Z');

function question(wanted: Partial<Question> = {}): Question {
  return ask({ from: '2026-01-01', to: '2026-02-01', by: 'month', currency: 'USD', ...wanted }, utc, asOf);
}

function pick(rows: readonly Row[]) {
  return rows.map((row) =>
    ['within_days', 'bills', 'recovered_minor', 'share', 'share_so_far'].map((name) => row[name]),
  );
}

describe('failed payments that were collected', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    const reader = await history.reader();
    const plan = async (currency: string) =>
      history.promises(reader, { amount: 1_000, currency, seen: [{ at: '2025-12-01T00:00:00Z' }] });
    const dollars = await plan('USD');
    const euros = await plan('EUR');
    let number = 0;
    const bill = async (failedAt: string, paidAt: string | null, amount: number, euro?: number) => {
      number += 1;
      const invoice = `in_${number}`;
      const membershipId = euro === undefined ? dollars : euros;
      const currency = euro === undefined ? 'USD' : 'EUR';
      await history.fails(membershipId, { at: failedAt, invoice, amount, currency });
      if (paidAt === null) return;
      await history.gives(reader, {
        kind: 'month',
        at: paidAt,
        amount,
        currency,
        membershipId,
        invoice,
        ...(euro !== undefined && { settled: { amount: euro, fee: 0, currency: 'USD' } }),
      });
      // A second attempt in vain changes nothing of when it began.
      await history.fails(membershipId, { at: paidAt, invoice, amount, currency, attempt: 2 });
    };
    // One day to the second; 2 days; 3 days and a second; 10 days, collected in February; 20 days; never.
    await bill('2026-01-02T10:00:00Z', '2026-01-03T10:00:00Z', 1_000);
    await bill('2026-01-03T10:00:00Z', '2026-01-05T10:00:00Z', 2_000);
    await bill('2026-01-04T10:00:00Z', '2026-01-07T10:00:01Z', 500);
    await bill('2026-01-25T10:00:00Z', '2026-02-04T10:00:00Z', 700);
    await bill('2026-01-10T10:00:00Z', '2026-01-30T10:00:00Z', 300);
    await bill('2026-01-11T10:00:00Z', null, 9_000);
    // Of February; and one in euro, 4 days, each worth 1.10.
    await bill('2026-02-01T00:00:00Z', '2026-02-01T12:00:00Z', 4_000);
    await bill('2026-01-12T10:00:00Z', '2026-01-16T10:00:00Z', 600, 660);
  });

  afterAll(() => fresh.drop());

  const times = (wanted: Partial<Question> = {}) =>
    answerReport(history.database, 'recovery-times', question(wanted));

  it('stand in the first row whose days were enough, and half of them needed the median', async () => {
    const { rows, totals } = await times();
    expect(pick(rows)).toEqual([
      [1, 1, 1_000, 1 / 5, 1 / 5],
      [3, 1, 2_000, 1 / 5, 2 / 5],
      // 3 days and a second
      [7, 1, 500, 1 / 5, 3 / 5],
      [14, 1, 700, 1 / 5, 4 / 5],
      [null, 1, 300, 1 / 5, 1],
    ]);
    // 1, 2, 3, 10 and 20 days: the third is 3 days and the hour that began; 10.00 + 20.00 + 5.00 + 7.00 + 3.00
    expect(totals).toMatchObject({ bills: 5, recovered_minor: 4_500, share: 1, median_days: 3.0417 });
  });

  it('sum to what the report of failed payments says was collected, in any currency', async () => {
    for (const currency of ['USD', 'EUR', 'reporting'] as const) {
      const recovery = await answerReport(history.database, 'recovery', question({ currency }));
      expect((await times({ currency })).totals?.recovered_minor).toBe(recovery.totals?.recovered_minor);
    }
    const { rows, totals } = await times({ currency: 'reporting' });
    // 5.00 and 6.00 EUR at 1.10; of six the middle ones took 73 and 96 hours.
    expect(pick(rows)[2]).toEqual([7, 2, 1_160, expect.closeTo(2 / 6, 12), expect.closeTo(4 / 6, 12)]);
    expect(totals?.median_days).toBeCloseTo(84.5 / 24, 4);
  });

  it('have a block for each currency, and one median over all', async () => {
    const { rows, totals, totalsByCurrency } = await times({ currency: null });
    expect(rows.map((row) => [row.currency, row.bills])).toEqual([
      ...[0, 0, 1, 0, 0].map((bills) => ['EUR', bills]),
      ...[1, 1, 1, 1, 1].map((bills) => ['USD', bills]),
    ]);
    expect(totals).toMatchObject({ bills: 6, recovered_minor: null });
    expect(totalsByCurrency.map((row) => row.median_days)).toEqual([4, 3.0417]);
  });

  it('have no share and no median where there are none', async () => {
    const { rows, totals } = await times({ from: '2025-01-01', to: '2025-02-01' });
    expect(pick(rows)).toEqual([1, 3, 7, 14, null].map((days) => [days, 0, 0, null, null]));
    expect(totals).toMatchObject({ bills: 0, share: null, median_days: null });
  });
});
