// Breakdowns and funnels: parts that sum to the whole, with a row for what nobody can say.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gifts } from '../../src/reports/gifts.ts';
import { giving } from '../../src/reports/giving.ts';
import { income } from '../../src/reports/income.ts';
import { mrr } from '../../src/reports/mrr.ts';
import { ask, breakdowns, type Question, type Reckoning } from '../../src/reports/question.ts';
import { reminders } from '../../src/reports/reminders.ts';
import type { Row } from '../../src/reports/report.ts';
import { sources } from '../../src/reports/sources.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn } from './history.ts';

const utc: Reckoning = { timeZone: 'UTC', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asOf = new Date('2026-03-20T12:00:00Z');

function question(wanted: Partial<Question> = {}): Question {
  return ask({ from: '2026-01-01', to: '2026-04-01', by: 'month', currency: 'USD', ...wanted }, utc, asOf);
}

function pick(rows: readonly Row[], ...names: string[]) {
  return rows.map((row) => names.map((name) => row[name]));
}

function sumOf(rows: readonly Row[], name: string): number {
  return rows.reduce((sum, row) => sum + Number(row[name]), 0);
}

describe('where gifts come from', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    const anna = await history.reader();
    const boris = await history.reader();
    const vera = await history.reader();
    // Anna came by an article, twice; Boris by another; Vera typed the address.
    const river = { article: 'https://gazette.example.org/river', component: 'appeal' };
    const first = await history.gives(anna, {
      at: '2026-01-05T10:00:00Z',
      amount: 1_000,
      fee: 59,
      from: river,
      country: 'LV',
    });
    await history.gives(anna, { at: '2026-02-05T10:00:00Z', amount: 500, fee: 45, from: river });
    await history.gives(boris, {
      at: '2026-02-06T10:00:00Z',
      amount: 3_000,
      fee: 117,
      from: { article: 'https://gazette.example.org/library', component: 'appeal' },
    });
    await history.gives(vera, {
      at: '2026-03-07T10:00:00Z',
      amount: 200,
      from: { component: 'donate' },
      method: 'card',
    });
    await history.returns(first, 'USD', { kind: 'refund', at: '2026-02-10T10:00:00Z', amount: 1_000 });
    // Vera's monthly gift came from the donate page too; Anna had one before the range and left within it.
    await history.promises(vera, {
      amount: 200,
      component: 'donate',
      seen: [{ at: '2026-03-07T10:00:00Z' }],
    });
    await history.promises(anna, {
      amount: 900,
      component: 'appeal',
      seen: [
        { at: '2025-11-01T00:00:00Z' },
        {
          at: '2026-02-01T00:00:00Z',
          standing: 'ended',
          endedAt: '2026-02-01T00:00:00Z',
          endReason: 'voluntary',
        },
      ],
    });
    await history.promises(boris, {
      amount: 6_000,
      interval: 'year',
      seen: [{ at: '2026-02-06T10:00:00Z' }],
    });
  });

  afterAll(() => fresh.drop());

  it('tells articles apart, with a row for what is not attributed', async () => {
    const { rows } = await sources.read(history.database, question({ of: 'article' }));
    expect(pick(rows, 'key', 'payments', 'donors', 'gross_minor', 'net_minor')).toEqual([
      ['https://gazette.example.org/library', 1, 1, 3_000, 2_883],
      // 1,000 + 500 − 1,000 given back − 59 − 45
      ['https://gazette.example.org/river', 2, 1, 1_500, 396],
      [null, 1, 1, 200, 200],
    ]);
  });

  it('says which way members came, and what their promises are worth at the end', async () => {
    const { rows } = await sources.read(history.database, question({ of: 'component' }));
    expect(pick(rows, 'key', 'new_members', 'mrr_minor')).toEqual([
      ['appeal', 0, 0],
      ['donate', 1, 200],
      // Boris's 60.00 a year
      [null, 1, 500],
    ]);
  });

  it('sums to income and to promised income, whatever it is broken down by', async () => {
    const whole = await income.read(history.database, question());
    const promised = await mrr.read(history.database, question());
    for (const of of breakdowns) {
      const { rows, totals } = await sources.read(history.database, question({ of }));
      expect(sumOf(rows, 'payments')).toBe(whole.totals?.payments);
      expect(sumOf(rows, 'gross_minor')).toBe(whole.totals?.gross_minor);
      expect(sumOf(rows, 'net_minor')).toBe(whole.totals?.net_minor);
      expect(sumOf(rows, 'mrr_minor')).toBe(promised.totals?.end_minor);
      expect(totals).toMatchObject({ donors: 3, new_members: 2, gross_minor: 4_700, mrr_minor: 700 });
    }
  });

  it('says which currency a row is in only where no currency was asked for', async () => {
    expect(sources.columns(question()).map((column) => column.name)).toEqual([
      'key',
      'payments',
      'donors',
      'gross_minor',
      'net_minor',
      'new_members',
      'mrr_minor',
    ]);
    const { rows } = await sources.read(history.database, question({ currency: null, of: 'kind' }));
    expect(pick(rows, 'key', 'currency')).toContainEqual(['once', 'USD']);
  });

  it('divides the same gross by how often it is given', async () => {
    const { rows, totals } = await giving.read(history.database, question());
    expect(pick(rows, 'once_minor', 'gross_minor')).toEqual([
      [1_000, 1_000],
      [3_500, 3_500],
      [200, 200],
    ]);
    expect(totals).toMatchObject({ month_minor: 0, year_minor: 0, gross_minor: 4_700 });
  });

  it('lists the newest gifts first, with what went back', async () => {
    const { rows } = await gifts.read(history.database, question({ most: 3 }));
    expect(pick(rows, 'paid_at', 'amount_minor', 'returned_minor', 'fee_minor')).toEqual([
      ['2026-03-07T10:00:00.000Z', 200, 0, null],
      ['2026-02-06T10:00:00.000Z', 3_000, 0, 117],
      ['2026-02-05T10:00:00.000Z', 500, 0, 45],
    ]);
  });
});

describe('the way of reminders', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
    const reader = await history.reader();
    const day = (date: string) => new Date(`${date}T09:00:00Z`);
    const asked = { createdAt: day('2026-01-10'), component: 'appeal' };
    const confirmed = { ...asked, confirmedAt: day('2026-01-10') };
    await history.remindMe({ ...asked, state: 'unconfirmed' });
    await history.remindMe({ ...confirmed, state: 'cancelled', stoppedAt: day('2026-01-20') });
    await history.remindMe({ ...confirmed, state: 'waiting', dueAt: day('2026-06-01') });
    await history.remindMe({ ...confirmed, state: 'late', dueAt: day('2026-02-10') });
    const sent = {
      ...confirmed,
      state: 'sent' as const,
      dueAt: day('2026-02-10'),
      sentAt: day('2026-02-10'),
    };
    await history.remindMe(sent);
    await history.remindMe({ ...sent, openedAt: day('2026-02-11') });
    const gave = await history.remindMe({ ...sent, openedAt: day('2026-02-11'), gaveAt: day('2026-02-11') });
    const inDollars = { amount: 1_100, fee: 60, currency: 'USD' };
    const gift = await history.gives(reader, { at: '2026-02-11T09:30:00Z', amount: 2_000, reminderId: gave });
    await history.returns(gift, 'USD', { kind: 'refund', at: '2026-03-01T00:00:00Z', amount: 500 });
    await history.gives(reader, {
      at: '2026-02-12T09:30:00Z',
      amount: 1_000,
      currency: 'EUR',
      settled: inDollars,
      reminderId: gave,
    });
    await history.gives(reader, {
      at: '2026-02-12T09:31:00Z',
      amount: 300,
      currency: 'GBP',
      reminderId: gave,
    });
    // A gift by the same person that did not come through the reminder is not the reminder's.
    await history.gives(reader, { at: '2026-02-13T09:30:00Z', amount: 9_900 });
    await history.remindMe({
      createdAt: day('2026-03-02'),
      choice: 'week',
      stage: 'again',
      state: 'unconfirmed',
    });
  });

  afterAll(() => fresh.drop());

  it('is counted by the period of asking, each step a part of the one before', async () => {
    const { rows, totals, unconverted } = await reminders.read(
      history.database,
      question({ currency: 'reporting' }),
    );
    expect(rows).toEqual([
      {
        period: '2026-01-01',
        source: 'appeal',
        stage: 'before',
        choice: 'month',
        asked: 7,
        confirmed: 6,
        due: 4,
        sent: 3,
        opened: 2,
        gave: 1,
        // 20.00 − 5.00 given back + 11.00
        net_minor: 2_600,
      },
      {
        period: '2026-02-01',
        source: null,
        stage: null,
        choice: null,
        asked: 0,
        confirmed: 0,
        due: 0,
        sent: 0,
        opened: 0,
        gave: 0,
        net_minor: 0,
      },
      {
        period: '2026-03-01',
        source: null,
        stage: 'again',
        choice: 'week',
        asked: 1,
        confirmed: 0,
        due: 0,
        sent: 0,
        opened: 0,
        gave: 0,
        net_minor: 0,
      },
    ]);
    expect(totals).toMatchObject({ asked: 8, gave: 1, net_minor: 2_600 });
    expect(unconverted).toEqual([{ currency: 'GBP', amount_minor: 300 }]);
  });

  it('counts only gifts of the currency asked for', async () => {
    const { totals } = await reminders.read(history.database, question({ currency: 'EUR' }));
    expect(totals).toMatchObject({ asked: 8, gave: 1, net_minor: 1_000 });
  });
});
