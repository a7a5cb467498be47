// Income: what came in, went back and was kept by fees, counted by the publication's own days.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { income } from '../../src/reports/income.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn } from './history.ts';

const riga: Reckoning = { timeZone: 'Europe/Riga', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asOf = new Date('2026-06-15T12:00:00Z');

function question(wanted: Partial<Question>, reckoning = riga): Question {
  return ask({ from: '2026-01-01', to: '2026-04-01', by: 'month', ...wanted }, reckoning, asOf);
}

/** Only the named columns, so that a test shows what it is about. */
function only(rows: readonly Readonly<Record<string, unknown>>[], ...names: string[]) {
  return rows.map((row) => names.map((name) => row[name]));
}

describe('income', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    const anna = await history.reader();
    const boris = await history.reader();

    // January: 100.00 with 3.00 to cover fees, fee 3.20; and 20.00, fee 0.88.
    const large = await history.gives(anna, {
      at: '2026-01-10T10:00:00Z',
      amount: 10_000,
      covered: 300,
      fee: 320,
    });
    await history.gives(boris, { at: '2026-01-20T10:00:00Z', amount: 2_000, fee: 88 });
    // February: nothing received; 25.00 of January's 100.00 goes back.
    await history.returns(large, 'USD', { kind: 'refund', at: '2026-02-03T10:00:00Z', amount: 2_500 });
    // March: 20.00 again, its fee not told yet; a dispute takes 20.00 and 15.00 for the trouble, and loses the 20.00 back.
    const disputed = await history.gives(boris, { at: '2026-03-05T10:00:00Z', amount: 2_000 });
    await history.returns(disputed, 'USD', {
      kind: 'dispute_withdrawn',
      at: '2026-03-10T10:00:00Z',
      amount: 2_000,
      fee: 1_500,
    });
    await history.returns(disputed, 'USD', {
      kind: 'dispute_reinstated',
      at: '2026-03-25T10:00:00Z',
      amount: 2_000,
    });
    // In euro: 50.00 settled as 55.00 USD with 1.98 fee; and 10.00 that has not been settled.
    await history.gives(anna, {
      at: '2026-02-11T10:00:00Z',
      amount: 5_000,
      covered: 100,
      currency: 'EUR',
      fee: 180,
      settled: { amount: 5_500, fee: 198, currency: 'USD' },
    });
    await history.gives(anna, { at: '2026-02-12T10:00:00Z', amount: 1_000, currency: 'EUR' });
  });

  afterAll(() => fresh.drop());

  it('books a refund on its own day, not on the gift’s', async () => {
    const { rows } = await income.read(history.database, question({ currency: 'USD' }));
    expect(only(rows, 'period', 'payments', 'gross_minor', 'refunds_minor', 'net_minor')).toEqual([
      // 12,000 − 0 − 0 − (320 + 88)
      ['2026-01-01', 2, 12_000, 0, 11_592],
      // 0 − 2,500
      ['2026-02-01', 0, 0, 2_500, -2_500],
      // 2,000 − (2,000 − 2,000) − 1,500
      ['2026-03-01', 1, 2_000, 0, 500],
    ]);
  });

  it('takes a dispute on its day and gives a dispute won back on its own', async () => {
    const { rows } = await income.read(
      history.database,
      question({ currency: 'USD', from: '2026-03-01', to: '2026-04-01', by: 'week' }),
    );
    expect(only(rows, 'period', 'disputes_minor', 'fees_minor')).toEqual([
      ['2026-03-01', 0, 0],
      ['2026-03-02', 0, 0],
      ['2026-03-09', 2_000, 1_500],
      ['2026-03-16', 0, 0],
      ['2026-03-23', -2_000, 0],
      ['2026-03-30', 0, 0],
    ]);
  });

  it('counts the whole range in the totals: gross − refunds − disputes − fees = net', async () => {
    const { totals } = await income.read(history.database, question({ currency: 'USD' }));
    expect(totals).toEqual({
      period: null,
      currency: 'USD',
      payments: 3,
      gross_minor: 14_000,
      fees_covered_minor: 300,
      refunds_minor: 2_500,
      disputes_minor: 0,
      fees_minor: 1_908,
      net_minor: 14_000 - 2_500 - 0 - 1_908,
      first_gifts: 2,
      repeat_gifts: 1,
      unconverted: [],
    });
  });

  it('never adds currencies: a block for each, and in the whole only what is counted', async () => {
    const { rows, totals, totalsByCurrency } = await income.read(history.database, question({}));
    expect(only(rows, 'currency', 'period', 'gross_minor')).toEqual([
      ['EUR', '2026-01-01', 0],
      ['EUR', '2026-02-01', 6_000],
      ['EUR', '2026-03-01', 0],
      ['USD', '2026-01-01', 12_000],
      ['USD', '2026-02-01', 0],
      ['USD', '2026-03-01', 2_000],
    ]);
    expect(only(totalsByCurrency, 'currency', 'gross_minor', 'first_gifts')).toEqual([
      ['EUR', 6_000, 1],
      ['USD', 14_000, 2],
    ]);
    // Anna's first gift in euro is her second of all: two people, so two first gifts.
    expect(totals).toMatchObject({
      payments: 5,
      gross_minor: null,
      net_minor: null,
      first_gifts: 2,
      repeat_gifts: 3,
    });
  });

  it('turns what was settled into the reporting currency and shows the rest beside it', async () => {
    const { rows, totals } = await income.read(history.database, question({ currency: 'reporting' }));
    expect(rows[1]).toMatchObject({
      currency: 'USD',
      payments: 2,
      gross_minor: 5_500,
      // 1.00 EUR of 50.00 that became 55.00: 1.10
      fees_covered_minor: 110,
      refunds_minor: 2_500,
      fees_minor: 198,
      net_minor: 5_500 - 2_500 - 198,
      first_gifts: 0,
      unconverted: [{ currency: 'EUR', amount_minor: 1_000 }],
    });
    expect(totals).toMatchObject({
      gross_minor: 14_000 + 5_500,
      unconverted: [{ currency: 'EUR', amount_minor: 1_000 }],
    });
  });

  it('shows days without gifts as zero, also where nothing was ever given', async () => {
    const { rows } = await income.read(
      history.database,
      question({ from: '2019-12-30', to: '2020-01-02', by: 'day', currency: 'JPY' }),
    );
    expect(only(rows, 'period', 'currency', 'payments', 'net_minor')).toEqual([
      ['2019-12-30', 'JPY', 0, 0],
      ['2019-12-31', 'JPY', 0, 0],
      ['2020-01-01', 'JPY', 0, 0],
    ]);
  });

  it('is the same for a closed month whether later months are asked for or not', async () => {
    const alone = await income.read(history.database, question({ to: '2026-02-01', currency: 'USD' }));
    const among = await income.read(history.database, question({ to: '2027-01-01', currency: 'USD' }));
    expect(among.rows[0]).toEqual(alone.rows[0]);
  });
});

describe('whose days income is counted in', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    const reader = await history.reader();
    // Riga is two hours ahead in winter and three in summer; its clocks go forward on 29 March 2026 at 01:00 UTC.
    for (const at of [
      '2026-01-31T21:59:59.999Z', // 31 January 23:59:59.999
      '2026-01-31T22:00:00.000Z', // 1 February 00:00
      '2026-03-28T22:00:00.000Z', // 29 March 00:00, a day of 23 hours
      '2026-03-29T20:59:59.999Z', // 29 March 23:59:59.999 in summer time
      '2026-03-29T21:00:00.000Z', // 30 March 00:00
    ]) {
      await history.gives(reader, { at, amount: 100 });
    }
  });

  afterAll(() => fresh.drop());

  it('ends a month at the publication’s midnight', async () => {
    const { rows } = await income.read(history.database, question({ currency: 'USD' }));
    expect(only(rows, 'period', 'payments')).toEqual([
      ['2026-01-01', 1],
      ['2026-02-01', 1],
      ['2026-03-01', 3],
    ]);
  });

  it('keeps the day of a clock change whole', async () => {
    const { rows } = await income.read(
      history.database,
      question({ from: '2026-03-28', to: '2026-03-31', by: 'day', currency: 'USD' }),
    );
    expect(only(rows, 'period', 'payments')).toEqual([
      ['2026-03-28', 0],
      ['2026-03-29', 2],
      ['2026-03-30', 1],
    ]);
  });

  it('clips the first and last step of an unaligned range and names it by its first day inside', async () => {
    const { rows } = await income.read(
      history.database,
      question({ from: '2026-01-31', to: '2026-03-30', by: 'month', currency: 'USD' }),
    );
    expect(only(rows, 'period', 'payments')).toEqual([
      ['2026-01-31', 1],
      ['2026-02-01', 1],
      ['2026-03-01', 2],
    ]);
  });

  it('begins years with the fiscal year', async () => {
    const { rows } = await income.read(
      history.database,
      question(
        { from: '2025-02-01', to: '2027-02-01', by: 'year', currency: 'USD' },
        { ...riga, fiscalYearStart: 2 },
      ),
    );
    expect(only(rows, 'period', 'payments')).toEqual([
      ['2025-02-01', 1],
      ['2026-02-01', 4],
    ]);
  });
});
