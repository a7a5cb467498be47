// Who leaves, what a member is worth and what is to come: worked examples, with their arithmetic.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { churn } from '../../src/reports/churn.ts';
import { forecast } from '../../src/reports/forecast.ts';
import { mrr } from '../../src/reports/mrr.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import { recovery } from '../../src/reports/recovery.ts';
import type { Row } from '../../src/reports/report.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn, type Seen } from './history.ts';

const utc: Reckoning = { timeZone: 'UTC', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asOf = new Date('2026-04-15T12:00:00Z');

function question(wanted: Partial<Question> = {}): Question {
  return ask({ from: '2026-01-01', to: '2026-05-01', by: 'month', currency: 'USD', ...wanted }, utc, asOf);
}

function pick(rows: readonly Row[], ...names: string[]) {
  return rows.map((row) => names.map((name) => row[name]));
}

const ended = (at: string, endReason: Seen['endReason'] & string): Seen => ({
  at,
  standing: 'ended',
  endedAt: at,
  endReason,
  // Stripe dates every end as if it had been asked for.
  cancelRequestedAt: at,
});

describe('who leaves', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    const begins = '2025-12-10T00:00:00Z';
    const plan = async (amount: number, ...seen: Seen[]) =>
      history.promises(await history.reader(), { amount, seen });
    // Four members at the start of January, 40.00 a month.
    await plan(1_000, { at: begins });
    // Lowers by 4.00 in January, raises by 2.00 in March.
    await plan(
      1_000,
      { at: begins },
      { at: '2026-01-20T00:00:00Z', amount: 600 },
      { at: '2026-03-20T00:00:00Z', amount: 800 },
    );
    // Asks in January, thinks again, asks in February; its paid time ends at midnight of the first of March: March's.
    await plan(
      1_000,
      { at: begins },
      { at: '2026-01-05T00:00:00Z', cancelRequestedAt: '2026-01-05T00:00:00Z' },
      { at: '2026-01-06T00:00:00Z' },
      { at: '2026-02-05T00:00:00Z', cancelRequestedAt: '2026-02-05T00:00:00Z' },
      { ...ended('2026-03-01T00:00:00Z', 'voluntary'), cancelRequestedAt: '2026-02-05T00:00:00Z' },
    );
    // Pauses in January and is lost while paused in February: not active then.
    await plan(
      1_000,
      { at: begins },
      { at: '2026-01-25T00:00:00Z', standing: 'paused' },
      ended('2026-02-20T00:00:00Z', 'involuntary'),
    );
    // Begins and leaves within February: in neither figure. Returns in April.
    const quick = await history.reader();
    await history.promises(quick, {
      amount: 500,
      seen: [{ at: '2026-02-02T00:00:00Z' }, ended('2026-02-26T00:00:00Z', 'involuntary')],
    });
    await history.promises(quick, { amount: 300, seen: [{ at: '2026-04-02T00:00:00Z' }] });
  });

  afterAll(() => fresh.drop());

  it('counts of those who stood at the start the ones who left, and who asked on the day of asking', async () => {
    const { rows, totals } = await churn.read(history.database, question());
    expect(
      pick(rows, 'active_at_start', 'churned', 'cancellations_requested', 'supporter_churn_rate'),
    ).toEqual([
      [4, 0, 1, 0],
      // Two and a paused one; the lost one was paused, the quick one new.
      [3, 0, 1, 0],
      // One of three.
      [3, 1, 0, expect.closeTo(1 / 3, 12)],
      [2, 0, 0, 0],
    ]);
    // Of the four, the one who ended and the one who was lost while paused; one person asked twice.
    expect(totals).toMatchObject({
      active_at_start: 4,
      churned: 2,
      cancellations_requested: 1,
      supporter_churn_rate: 0.5,
    });
  });

  it('takes what was lost and lowered as a share of the start, and gains only from the net', async () => {
    const { rows } = await churn.read(history.database, question());
    const { rows: moved } = await mrr.read(history.database, question());
    // 40.00; less 4.00, less 10.00 paused: 26.00; March begins with all of it, for what ends at its midnight is its own.
    expect(pick(moved, 'start_minor')).toEqual([[4_000], [2_600], [2_600], [1_800]]);
    expect(pick(rows, 'gross_mrr_churn_rate', 'net_mrr_churn_rate')).toEqual([
      // 4.00 / 40.00; a pause is neither lost nor lowered
      [0.1, 0.1],
      // the quick one's 5.00 / 26.00
      [expect.closeTo(5 / 26, 12), expect.closeTo(5 / 26, 12)],
      // 10.00 / 26.00, and less the 2.00 raised
      [expect.closeTo(10 / 26, 12), expect.closeTo(8 / 26, 12)],
      // nothing lost; the 3.00 that came back / 18.00
      [0, expect.closeTo(-3 / 18, 12)],
    ]);
  });

  it('says what a member is worth, from the mean of the months in which anybody stood', async () => {
    const { rows } = await churn.read(history.database, question());
    expect(pick(rows, 'arpu_minor', 'ltv_minor')).toEqual([
      // 26.00 / 3 members = 8.6667; nobody had left yet: January's rate is 0, those before are not defined
      [867, null],
      // 26.00 / 3
      [867, null],
      // 18.00 / 2 = 9.00; (0 + 0 + 1/3) / 3 = 1/9; 9.00 × 9
      [900, 8_100],
      // 21.00 / 3 = 7.00; April is still running, so March is the last full month: 7.00 × 9
      [700, 6_300],
    ]);
  });

  it('is not defined before there was anybody', async () => {
    const { rows } = await churn.read(history.database, question({ from: '2025-11-01', to: '2025-12-01' }));
    expect(rows).toEqual([
      {
        period: '2025-11-01',
        active_at_start: 0,
        churned: 0,
        cancellations_requested: 0,
        supporter_churn_rate: null,
        gross_mrr_churn_rate: null,
        net_mrr_churn_rate: null,
        arpu_minor: null,
        ltv_minor: null,
      },
    ]);
  });

  it('gives each currency its own rows, counts a person once in the whole, and adds no money there', async () => {
    const both = await history.reader();
    for (const currency of ['JPY', 'KWD'])
      await history.promises(both, {
        amount: 900,
        currency,
        seen: [{ at: '2026-01-02T00:00:00Z' }, ended('2026-03-05T00:00:00Z', 'voluntary')],
      });
    const range = { from: '2026-03-01', to: '2026-04-01', currency: null };
    const { rows, totals } = await churn.read(history.database, question(range));
    expect(pick(rows, 'currency', 'active_at_start', 'churned', 'arpu_minor')).toEqual([
      ['JPY', 1, 1, null],
      ['KWD', 1, 1, null],
      ['USD', 3, 1, 900],
    ]);
    expect(totals).toMatchObject({
      currency: null,
      // 3 and one person with two currencies
      active_at_start: 4,
      churned: 2,
      supporter_churn_rate: 0.5,
      gross_mrr_churn_rate: null,
      arpu_minor: null,
      ltv_minor: null,
    });
  });
});

describe('what is to come', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    const plan = async (amount: number, paidUntil: string, interval: 'month' | 'year', ...seen: Seen[]) =>
      history.promises(await history.reader(), { amount, interval, paidUntil, seen });
    const begins = { at: '2026-01-31T12:00:00Z' };
    await plan(1_000, '2026-04-30T12:00:00Z', 'month', begins);
    await plan(6_000, '2027-01-31T12:00:00Z', 'year', begins);
    // Past due still counts; paused, set to end and ended do not.
    await plan(200, '2026-05-03T00:00:00Z', 'month', begins, {
      at: '2026-04-03T00:00:00Z',
      standing: 'past_due',
    });
    await plan(7_777, '2026-05-03T00:00:00Z', 'month', begins, {
      at: '2026-04-03T00:00:00Z',
      standing: 'paused',
    });
    await plan(8_888, '2026-05-03T00:00:00Z', 'month', begins, {
      at: '2026-04-03T00:00:00Z',
      cancelRequestedAt: '2026-04-03T00:00:00Z',
    });
    // Five stood at the start of March, one of them left in it: 1/5; February's rate is 0.
    await plan(500, '2026-03-31T00:00:00Z', 'month', begins, ended('2026-03-31T00:00:00Z', 'voluntary'));
  });

  afterAll(() => fresh.drop());

  it('is what each month brings if nothing changes, and what stays of it at the mean churn', async () => {
    const coming = forecast.suits?.(question({ from: '2020-01-01', to: '2020-02-01' })) ?? question();
    const { rows, totals } = await forecast.read(history.database, coming);
    // Six stood at the start of February and of March: (0/6 + 1/6) / 2 = 1/12 leave a month.
    const stays = (months: number) => (11 / 12) ** months;
    const due = [1_200, 1_200, 1_200, 1_200, 1_200, 1_200, 1_200, 1_200, 7_200, 1_200, 1_200, 1_200];
    expect(pick(rows, 'period', 'due_minor', 'expected_minor')).toEqual(
      due.map((amount, at) => [
        ['05', '06', '07', '08', '09', '10', '11', '12'][at]
          ? `2026-${String(at + 5).padStart(2, '0')}-01`
          : `2027-${String(at - 7).padStart(2, '0')}-01`,
        amount,
        Math.round(amount * stays(at + 1)),
      ]),
    );
    // 12 × 12.00 + 60.00
    expect(totals).toMatchObject({ due_minor: 20_400 });
  });

  it('expects nothing where nobody could have left yet', async () => {
    const empty = await freshDatabase();
    const { database } = historyIn(empty.pool);
    const coming = forecast.suits?.(question()) ?? question();
    const { rows } = await forecast.read(database, coming);
    expect(pick(rows, 'due_minor', 'expected_minor')).toEqual(Array(12).fill([0, null]));
    await empty.drop();
  });
});

describe('payments that failed', () => {
  let fresh: FreshDatabase;
  let history: History;
  let readerId: string;
  let plan: string;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    readerId = await history.reader();
    plan = await history.promises(readerId, {
      amount: 1_000,
      seen: [
        { at: '2026-01-05T00:00:00Z' },
        { at: '2026-02-05T00:00:00Z', standing: 'past_due' },
        { at: '2026-02-08T00:00:00Z' },
        { at: '2026-03-05T00:00:00Z', standing: 'past_due' },
      ],
    });
    const monthly = { kind: 'month', amount: 1_000, membershipId: plan } as const;
    // January at the first attempt; February at the third; March not yet.
    await history.gives(readerId, { ...monthly, at: '2026-01-05T00:00:00Z', invoice: 'in_1' });
    for (const [attempt, at] of [
      [1, '2026-02-05T00:00:00Z'],
      [2, '2026-02-06T00:00:00Z'],
    ] as const)
      await history.fails(plan, { at, attempt, invoice: 'in_2', amount: 1_000 });
    await history.gives(readerId, { ...monthly, at: '2026-02-08T00:00:00Z', invoice: 'in_2' });
    await history.fails(plan, { at: '2026-03-05T00:00:00Z', invoice: 'in_3', amount: 1_000 });
    // Another's yearly gift went through in February; one given once is no regular payment.
    const other = await history.reader();
    await history.gives(other, { kind: 'year', amount: 3_000, at: '2026-02-10T00:00:00Z', invoice: 'in_4' });
    await history.gives(other, { kind: 'once', amount: 9_900, at: '2026-02-11T00:00:00Z' });
  });

  afterAll(() => fresh.drop());

  const names = [
    'attempted_minor',
    'failed_first_minor',
    'recovered_minor',
    'failure_rate',
    'recovery_rate',
    'at_risk_minor',
  ];

  it('belong to the period of their first attempt, whenever they were collected', async () => {
    const { rows, totals } = await recovery.read(history.database, question());
    expect(pick(rows, ...names)).toEqual([
      [1_000, 0, 0, 0, null, 0],
      // 10.00 + 30.00, of which 10.00 failed and came later
      [4_000, 1_000, 1_000, 0.25, 1, 0],
      // nothing but the 10.00 that is still being tried, past due as the month ends and now
      [1_000, 1_000, 0, 1, 0, 1_000],
      [0, 0, 0, null, null, 1_000],
    ]);
    // 20.00 of 60.00 failed at first, half of that came
    expect(pick([totals ?? {}], ...names)).toEqual([
      [6_000, 2_000, 1_000, expect.closeTo(1 / 3, 12), 0.5, 1_000],
    ]);
  });

  it('take in the reporting currency the rate of their own payment, else of their supporter’s latest', async () => {
    const reader = await history.reader();
    const euro = await history.promises(reader, {
      amount: 500,
      currency: 'EUR',
      seen: [{ at: '2025-01-05T00:00:00Z' }],
    });
    const given = { kind: 'month', amount: 500, currency: 'EUR', membershipId: euro } as const;
    await history.gives(reader, {
      ...given,
      at: '2025-01-05T00:00:00Z',
      invoice: 'in_5',
      settled: { amount: 550, fee: 0, currency: 'USD' },
    });
    await history.fails(euro, { at: '2025-02-05T00:00:00Z', invoice: 'in_6', amount: 500, currency: 'EUR' });
    await history.gives(reader, {
      ...given,
      at: '2025-02-09T00:00:00Z',
      invoice: 'in_6',
      settled: { amount: 560, fee: 0, currency: 'USD' },
    });
    await history.fails(euro, { at: '2025-03-05T00:00:00Z', invoice: 'in_7', amount: 500, currency: 'EUR' });
    const stranger = await history.reader();
    const unknown = await history.promises(stranger, {
      amount: 700,
      currency: 'EUR',
      seen: [{ at: '2025-03-05T00:00:00Z' }],
    });
    await history.fails(unknown, {
      at: '2025-03-06T00:00:00Z',
      invoice: 'in_8',
      amount: 700,
      currency: 'EUR',
    });
    const { rows, unconverted } = await recovery.read(
      history.database,
      question({ currency: 'reporting', from: '2025-01-01', to: '2025-04-01' }),
    );
    expect(pick(rows, 'attempted_minor', 'failed_first_minor', 'recovered_minor')).toEqual([
      [550, 0, 0],
      [560, 560, 560],
      // 5.00 EUR at February's 1.12
      [560, 560, 0],
    ]);
    expect(unconverted).toEqual([{ currency: 'EUR', amount_minor: 700 }]);
  });
});
