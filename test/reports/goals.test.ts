// Goals: what was raised is what the report of sources says of the campaign; pace and estimate are reckoned from the days.
import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerReport } from '../../src/reports/answer.ts';
import { readGoals } from '../../src/reports/goals.ts';
import { ask, type Reckoning } from '../../src/reports/question.ts';
import { goals } from '../../src/schema.ts';
import { addDays } from '../../src/values/calendar.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn } from './history.ts';

const riga: Reckoning = { timeZone: 'Europe/Riga', fiscalYearStart: 1, reportingCurrency: 'EUR' };
let fresh: FreshDatabase;
let history: History;

beforeAll(async () => {
  fresh = await freshDatabase();
  history = historyIn(fresh.pool);
  const anna = await history.reader();
  const spring = { from: { campaign: 'spring' }, currency: 'EUR' };
  // The evening before in Riga, and the first minute of the first day.
  await history.gives(anna, { at: '2026-02-28T21:59:59Z', amount: 9_000, ...spring });
  await history.gives(anna, { at: '2026-02-28T22:00:00Z', amount: 10_000, fee: 175, ...spring });
  const second = await history.gives(anna, {
    at: '2026-03-05T10:00:00Z',
    amount: 20_000,
    fee: 325,
    ...spring,
  });
  const third = await history.gives(anna, { at: '2026-03-06T10:00:00Z', amount: 5_000, fee: 100, ...spring });
  await history.gives(anna, {
    at: '2026-03-07T10:00:00Z',
    amount: 700,
    from: { campaign: 'spring' },
    currency: 'USD',
  });
  await history.gives(anna, { at: '2026-03-08T10:00:00Z', amount: 1_100, currency: 'EUR' });
  await history.gives(anna, { at: '2026-03-31T21:00:00Z', amount: 6_000, ...spring });
  await history.returns(second, 'EUR', { kind: 'refund', at: '2026-03-09T10:00:00Z', amount: 2_500 });
  await history.returns(third, 'EUR', {
    kind: 'dispute_withdrawn',
    at: '2026-03-09T11:00:00Z',
    amount: 5_000,
    fee: 1_500,
  });
  await history.returns(third, 'EUR', {
    kind: 'dispute_reinstated',
    at: '2026-03-20T10:00:00Z',
    amount: 5_000,
  });
});
afterAll(() => fresh.drop());

async function goal(wanted: Partial<typeof goals.$inferInsert> = {}): Promise<string> {
  const id = randomUUIDv7();
  await history.database.delete(goals);
  await history.database.insert(goals).values({
    id,
    title: 'A car for the regions',
    campaign: 'spring',
    targetMinor: 100_000n,
    currency: 'EUR',
    firstOn: '2026-03-01',
    lastOn: '2026-03-31',
    createdAt: new Date('2026-02-01T00:00:00Z'),
    ...wanted,
  });
  return id;
}

async function progress(at: string) {
  const [found, ...others] = await readGoals(history.database, riga, new Date(at));
  expect(others).toEqual([]);
  if (!found) throw new Error('No goal is on the desk');
  return found;
}

it('counts gifts of its campaign, currency and days, less what went back on its own date', async () => {
  await goal();
  // 100 + 200 + 50 came in; 25 went back, and 50 by a dispute that was won later.
  expect(await progress('2026-04-10T12:00:00Z')).toMatchObject({
    gross: 35_000,
    wentBack: 2_500,
    raised: 32_500,
    fees: 2_100,
    daysLeft: 0,
    estimate: null,
    pace: 100_000,
  });
});

it.each([
  ['2026-03-01', '2026-03-31'],
  ['2026-03-09', '2026-03-09'],
  ['2026-02-01', '2026-03-06'],
  ['2026-03-10', '2026-04-10'],
])('says from %s to %s what the report of sources says of the campaign', async (firstOn, lastOn) => {
  await goal({ firstOn, lastOn });
  const asOf = new Date('2026-04-12T12:00:00Z');
  const found = await progress(`${addDays(lastOn, 2)}T12:00:00Z`);
  const question = ask(
    { from: firstOn, to: addDays(lastOn, 1), by: 'year', currency: 'EUR', of: 'campaign' },
    riga,
    asOf,
  );
  const { rows } = await answerReport(history.database, 'sources', question);
  const spring = rows.find((row) => row.key === 'spring');
  expect(found.gross).toBe(spring?.gross_minor);
  expect(found.raised - found.fees).toBe(spring?.net_minor);
});

it('without a campaign counts all gifts of its currency', async () => {
  await goal({ campaign: null });
  const found = await progress('2026-04-10T12:00:00Z');
  expect([found.gross, found.raised]).toEqual([36_100, 33_600]);
  const question = ask(
    { from: '2026-03-01', to: '2026-04-01', by: 'year', currency: 'EUR', of: 'campaign' },
    riga,
    new Date('2026-04-10T12:00:00Z'),
  );
  const { totals } = await answerReport(history.database, 'sources', question);
  expect([found.gross, found.raised - found.fees]).toEqual([totals?.gross_minor, totals?.net_minor]);
});

it('an even pace runs from the first instant to the last; the estimate goes on as it went', async () => {
  // Ten days, none of them of 23 or 25 hours.
  await goal({ firstOn: '2026-03-01', lastOn: '2026-03-10' });
  const half = await progress('2026-03-05T22:00:00Z');
  expect(half).toMatchObject({ raised: 27_500, pace: 50_000, estimate: 55_000, daysLeft: 5, daysUntil: 0 });
  const firstDay = await progress('2026-03-01T09:00:00Z');
  expect(firstDay).toMatchObject({ estimate: null, daysLeft: 10 });
  const lastDay = await progress('2026-03-10T21:59:00Z');
  expect([lastDay.daysLeft, lastDay.pace]).toEqual([1, 99_993]);
});

it('one to come says when it begins, and has no pace yet', async () => {
  await goal({ firstOn: '2026-05-01', lastOn: '2026-05-31' });
  expect(await progress('2026-04-10T12:00:00Z')).toMatchObject({
    raised: 0,
    pace: 0,
    estimate: null,
    daysUntil: 21,
  });
});

it('one that was taken off, or is over for more than a month, is not on the desk', async () => {
  const asOf = new Date('2026-04-10T12:00:00Z');
  await goal({ endedAt: new Date('2026-03-02T00:00:00Z') });
  expect(await readGoals(history.database, riga, asOf)).toEqual([]);
  await goal();
  expect(await readGoals(history.database, riga, new Date('2026-04-30T12:00:00Z'))).toHaveLength(1);
  expect(await readGoals(history.database, riga, new Date('2026-05-01T12:00:00Z'))).toEqual([]);
});
