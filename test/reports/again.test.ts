// Who gives again, what giving gains and loses, and who is missed: worked examples, with their arithmetic.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerReport, type ReportName } from '../../src/reports/answer.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import type { Row } from '../../src/reports/report.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn } from './history.ts';

const riga: Reckoning = { timeZone: 'Europe/Riga', fiscalYearStart: 4, reportingCurrency: 'USD' };
const asOf = new Date('2026-04-10T12:00:00Z');

function question(wanted: Partial<Question> = {}): Question {
  return ask({ from: '2026-01-01', to: '2026-04-01', by: 'month', currency: 'USD', ...wanted }, riga, asOf);
}

function pick(rows: readonly Row[], ...names: string[]) {
  return rows.map((row) => names.map((name) => row[name]));
}

describe('people who give', () => {
  let fresh: FreshDatabase;
  let history: History;
  const people: Record<'anna' | 'boris' | 'vera' | 'gita' | 'dace', string> = {
    anna: '',
    boris: '',
    vera: '',
    gita: '',
    dace: '',
  };

  const told = (name: ReportName, wanted: Partial<Question> = {}) =>
    answerReport(history.database, name, question(wanted));

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    // Lists go by the readers' ids, and those of one millisecond come in no order.
    const made = await Promise.all(Object.keys(people).map(() => history.reader()));
    const [anna = '', boris = '', vera = '', gita = '', dace = ''] = made.toSorted();
    Object.assign(people, { anna, boris, vera, gita, dace });
    const gives = (reader: string, at: string, amount: number, currency = 'USD') =>
      history.gives(reader, { at, amount, currency });
    // Anna: 10.00 in December, 20.00 in January, 15.00 in February.
    await gives(anna, '2025-12-10T10:00:00Z', 1_000);
    await gives(anna, '2026-01-10T10:00:00Z', 2_000);
    await gives(anna, '2026-02-10T10:00:00Z', 1_500);
    // Boris: 30.00 for the first time in January, of which 10.00 goes back in January and the rest in February.
    const large = await gives(boris, '2026-01-15T10:00:00Z', 3_000);
    await history.returns(large, 'USD', { kind: 'refund', at: '2026-01-20T10:00:00Z', amount: 1_000 });
    await history.returns(large, 'USD', { kind: 'refund', at: '2026-02-03T10:00:00Z', amount: 2_000 });
    // Vera: 5.00 in December, wholly refunded at once; 8.00 in February, the last minute of January in UTC.
    const undone = await gives(vera, '2025-12-20T10:00:00Z', 500);
    await history.returns(undone, 'USD', { kind: 'refund', at: '2025-12-21T10:00:00Z', amount: 500 });
    await gives(vera, '2026-01-31T22:00:00Z', 800);
    // Gita: 7.00 in December and in February, and in March 7.00 that a refund takes and, failing, brings back.
    await gives(gita, '2025-12-05T10:00:00Z', 700);
    await gives(gita, '2026-02-05T10:00:00Z', 700);
    const restored = await gives(gita, '2026-03-05T10:00:00Z', 700);
    await history.returns(restored, 'USD', { kind: 'refund', at: '2026-03-06T10:00:00Z', amount: 700 });
    await history.returns(restored, 'USD', {
      kind: 'refund_failed',
      at: '2026-03-08T10:00:00Z',
      amount: 700,
    });
    // Dace: 4.00 two fiscal years ago and 6.00 in euro last year, settled as 6.60 USD; and Anna is a member from February.
    await gives(dace, '2024-03-31T20:59:59Z', 400);
    await history.gives(dace, {
      at: '2025-03-31T20:59:59Z',
      amount: 600,
      currency: 'EUR',
      settled: { amount: 660, fee: 0, currency: 'USD' },
    });
    await history.promises(anna, {
      amount: 500,
      seen: [
        { at: '2026-02-10T10:00:00Z' },
        {
          at: '2026-03-20T10:00:00Z',
          standing: 'ended',
          endedAt: '2026-03-20T10:00:00Z',
          endReason: 'voluntary',
        },
      ],
    });
  });

  afterAll(() => fresh.drop());

  it('are retained when they give in the next month too, new only by their first gift ever', async () => {
    const { rows, totals } = await told('retention', { from: '2025-12-01' });
    expect(
      pick(
        rows,
        'donors',
        'retained',
        'rate',
        'new_donors',
        'new_retained',
        'new_rate',
        'repeat_donors',
        'repeat_rate',
      ),
    ).toEqual([
      // Anna and Gita; Vera's gift was refunded before the month ended. Anna gives again.
      [2, 1, 0.5, 2, 1, 0.5, 0, null],
      // Anna and Boris, whose refund of February does not undo January. Anna gives again.
      [2, 1, 0.5, 1, 0, 0, 1, 1],
      // Anna, Vera (since midnight in Riga) and Gita; Vera's first gift was December's. Gita gives again.
      [3, 1, expect.closeTo(1 / 3, 12), 0, 0, null, 3, expect.closeTo(1 / 3, 12)],
      // Gita; April has not ended.
      [1, 0, null, 0, 0, null, 1, null],
    ]);
    // Anna, Vera and Gita; all of Boris's gift went back before the four months ended. The next four have not.
    expect(totals).toMatchObject({ donors: 3, retained: 0, rate: null, new_donors: 3, repeat_donors: 0 });
  });

  it('move giving from month to month by gains and losses that add up', async () => {
    const { rows } = await told('growth');
    const money = ['previous', 'new', 'recaptured', 'upgraded', 'lapsed', 'downgraded', 'current'];
    expect(pick(rows, ...money.map((part) => `${part}_minor`))).toEqual([
      // Anna 10 → 20, Boris new with 30 − 10, Gita's 7 no more: 17 + 20 + 10 − 7 = 40
      [1_700, 2_000, 0, 1_000, 700, 0, 4_000],
      // Anna 20 → 15, Boris no more, Vera and Gita won back: 40 + 8 + 7 − 20 − 5 = 30
      [4_000, 0, 1_500, 0, 2_000, 500, 3_000],
      // Gita as much as before, Anna and Vera no more: 30 − 15 − 8 = 7
      [3_000, 0, 0, 0, 2_300, 0, 700],
    ]);
    expect(pick(rows, ...money.map((part) => `${part}_donors`))).toEqual([
      [2, 1, 0, 1, 1, 0, 2],
      [2, 0, 2, 0, 1, 1, 3],
      [3, 0, 0, 0, 2, 0, 1],
    ]);
  });

  it('are compared by whole stretches in the totals', async () => {
    const { totals } = await told('growth');
    // October to December: 10 + 7; January to March: Anna 35, Vera 8, Gita 14; Boris's gift went back within them.
    expect(totals).toMatchObject({
      previous_minor: 1_700,
      current_minor: 5_700,
      // 35 − 10 and 14 − 7
      upgraded_minor: 3_200,
      recaptured_minor: 800,
      new_minor: 0,
      lapsed_minor: 0,
    });
  });

  it('are followed by the month of their first gift', async () => {
    const { rows, totals } = await told('cohorts', { from: '2025-12-01', to: '2026-03-15' });
    expect(pick(rows, 'cohort', 'size', 'offset', 'giving', 'not_churned')).toEqual([
      // Anna, Vera, Gita; Anna is a member from February on
      ['2025-12-01', 3, 0, 3, 0],
      ['2025-12-01', 3, 1, 1, 0],
      ['2025-12-01', 3, 2, 3, 1],
      ['2025-12-01', 3, 3, 1, 1],
      // Boris, never a member
      ['2026-01-01', 1, 0, 1, null],
      ['2026-01-01', 1, 1, 0, null],
      ['2026-01-01', 1, 2, 0, null],
      ['2026-02-01', 0, 0, 0, null],
      ['2026-02-01', 0, 1, 0, null],
      ['2026-03-01', 0, 0, 0, null],
    ]);
    // All four as they are in March
    expect(pick([totals ?? {}], 'cohort', 'size', 'offset', 'giving', 'not_churned')).toEqual([
      [null, 4, null, 1, 1],
    ]);
  });

  it('are missed when they gave last fiscal year and not in this one', async () => {
    const { anna, boris, dace, gita, vera } = people;
    // The fiscal year that began in April 2026 has seen nothing yet; the one before saw all but Boris's, which went back.
    const { rows, totals, question: asked } = await told('lybunt');
    expect([asked.from, asked.to, asked.year]).toEqual(['2026-04-01', '2027-04-01', 2026]);
    expect(rows).toEqual([
      // 10 + 20 + 15
      {
        reader_id: anna,
        first_gift_on: '2025-12-10',
        last_gift_on: '2026-02-10',
        gifts: 3,
        last_year_minor: 4_500,
        lifetime_minor: 4_500,
      },
      {
        reader_id: gita,
        first_gift_on: '2025-12-05',
        last_gift_on: '2026-03-05',
        gifts: 3,
        last_year_minor: 2_100,
        lifetime_minor: 2_100,
      },
      // The refunded gift is the first all the same, and counts for nothing.
      {
        reader_id: vera,
        first_gift_on: '2025-12-20',
        last_gift_on: '2026-02-01',
        gifts: 1,
        last_year_minor: 800,
        lifetime_minor: 800,
      },
    ]);
    expect(totals).toMatchObject({ donors: 3, gifts: 7, last_year_minor: 7_400 });
    expect(rows.map((row) => row.reader_id)).not.toContain(boris);
    // A year earlier only Dace had given at all, a second before the year of 2024 and in euro before that of 2025.
    const all = await told('lybunt', { year: 2025, currency: 'reporting' });
    expect(pick(all.rows, 'reader_id', 'gifts', 'last_year_minor', 'lifetime_minor')).toEqual([
      [dace, 2, 660, 1_060],
    ]);
    const dollars = await told('lybunt', { year: 2025 });
    expect(dollars.rows).toEqual([]);
  });

  it('are missed for longer when any earlier year counts', async () => {
    const { dace } = people;
    const { rows } = await told('sybunt', { year: 2025 });
    expect(pick(rows, 'reader_id', 'first_gift_on', 'gifts', 'last_year_minor', 'lifetime_minor')).toEqual([
      [dace, '2024-03-31', 1, 0, 400],
    ]);
    // Each currency has its rows, and a person counts once in the whole.
    const blocks = await told('sybunt', { year: 2026, currency: null });
    expect(pick(blocks.rows, 'currency', 'lifetime_minor')).toEqual([
      ['EUR', 600],
      ['USD', 4_500],
      ['USD', 2_100],
      ['USD', 800],
      ['USD', 400],
    ]);
    expect(blocks.totals).toMatchObject({ donors: 4, gifts: 9, lifetime_minor: null });
  });

  describe('as a list', () => {
    const listed = async (filter: Partial<Question['supporters']>, wanted: Partial<Question> = {}) => {
      const { supporters } = question();
      const { rows } = await told('supporters', { ...wanted, supporters: { ...supporters, ...filter } });
      return rows;
    };
    const nameOf = (row: Row) => Object.entries(people).find(([, id]) => id === row.reader_id)?.[0];
    const names = async (filter: Partial<Question['supporters']>, wanted: Partial<Question> = {}) =>
      (await listed(filter, wanted)).map(nameOf);

    it('stand with what they gave and promise, the newest first', async () => {
      const rows = await listed({}, { currency: 'reporting' });
      expect(rows.map(nameOf)).toEqual(['dace', 'gita', 'vera', 'boris', 'anna']);
      expect(pick(rows, 'donor_type', 'standing', 'gifts', 'given_minor', 'mrr_minor')).toEqual([
        ['repeat', null, 2, 1_060, 0],
        ['repeat', null, 3, 2_100, 0],
        ['repeat', null, 2, 800, 0],
        ['one-time', null, 1, 0, 0],
        ['repeat', 'ended', 3, 4_500, 0],
      ]);
    });

    it('are filtered by how, when and how much they give', async () => {
      expect(await names({ type: 'one-time' })).toEqual(['dace', 'boris']);
      expect(await names({ standing: 'ended' })).toEqual(['anna']);
      expect(await names({ since: '2026-02-01' })).toEqual(['gita', 'vera', 'anna']);
      expect(await names({ amount: '21' })).toEqual(['gita', 'anna']);
      expect(await names({ amount: '21.01' })).toEqual(['anna']);
      expect(await names({}, { currency: 'EUR' })).toEqual(['dace']);
      expect(await names({ country: 'LV' })).toEqual([]);
      expect(await names({ campaign: 'spring' })).toEqual([]);
    });

    it('are read on from any of them, each currency by itself', async () => {
      const all = await told('supporters', { currency: null });
      expect(all.rows).toHaveLength(6);
      const pages: Row[] = [];
      for (let before: string | null = null; ; ) {
        const page = await told('supporters', { currency: null, most: 1, before });
        pages.push(...page.rows);
        before = page.place?.next ?? null;
        if (before === null) break;
      }
      expect(pages).toEqual(all.rows);
    });

    it('leave out who neither gave nor promised, unless asked for', async () => {
      const nobody = await history.reader();
      expect(await names({})).toHaveLength(5);
      expect((await listed({ type: 'none' })).map((row) => row.reader_id)).toEqual([nobody]);
    });
  });
});

describe('disputes', () => {
  it('say what is to be done, the most urgent first', async () => {
    const fresh = await freshDatabase();
    const history = historyIn(fresh.pool);
    const reader = await history.reader();
    const payment = await history.gives(reader, { at: '2026-03-01T10:00:00Z', amount: 1_000 });
    const told = [
      ['dp_won', 'won', '2026-03-02', null, true, 3],
      ['dp_long_ago', 'lost', '2025-03-02', null, true, 3],
      ['dp_bank', 'under_review', '2026-03-03', null, true, 2],
      ['dp_late', 'needs_response', '2026-03-04', '2026-04-09', false, 0],
      ['dp_soon', 'needs_response', '2026-03-05', '2026-04-12', false, 0],
      ['dp_sooner', 'needs_response', '2026-03-06', '2026-04-11', false, 0],
      ['dp_asked', 'warning_needs_response', '2026-03-07', '2026-04-11', false, 0],
    ] as const;
    for (const [id, status, openedOn, answerOn, answered, step] of told)
      await fresh.pool.query(
        `insert into disputes (id, payment_id, stripe_dispute_id, status, reason, amount_minor, currency, opened_at, answer_by,
          answered, step, told_at)
        values (gen_random_uuid(), $1, $2, $3, 'general', 1000, 'USD', $4, $5, $6, $7, $4)`,
        [payment, id, status, openedOn, answerOn, answered, step],
      );
    const { rows } = await answerReport(history.database, 'disputes', question());
    expect(pick(rows, 'stripe_dispute_id', 'dispute_state', 'answer_by')).toEqual([
      ['dp_sooner', 'to-answer', '2026-04-11T00:00:00.000Z'],
      ['dp_soon', 'to-answer', '2026-04-12T00:00:00.000Z'],
      ['dp_asked', 'to-weigh', '2026-04-11T00:00:00.000Z'],
      ['dp_bank', 'at-the-bank', null],
      ['dp_late', 'too-late', null],
      ['dp_won', 'won', null],
    ]);
    await fresh.drop();
  });
});
