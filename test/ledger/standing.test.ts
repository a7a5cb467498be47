// Standing: the function and the SQL are one rule.
import { randomUUIDv7 } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counts, countsInSql, runs, standings } from '../../src/ledger/standing.ts';
import { type Database, openDatabase } from '../../src/outside/database.ts';
import { memberships, readers } from '../../src/schema.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';

let fresh: FreshDatabase;
let database: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  database = openDatabase(fresh.url, { most: 2 });
});
afterAll(async () => {
  await database.$client.end();
  await fresh.drop();
});

const at = new Date('2026-07-01T00:00:00Z');
const around = [-1, 0, 1].map((ms) => new Date(at.getTime() + ms));
const cases = standings.flatMap((standing) =>
  around.flatMap((startedAt) => [null, ...around].map((endedAt) => ({ standing, startedAt, endedAt }))),
);

test('the function says which memberships count, to the millisecond', () => {
  const counting = cases.filter((each) => counts(each, at));
  // Active or past due; begun the instant before or at it; not ended, or ended after it.
  expect(counting).toHaveLength(2 * 2 * 2);
});

test('the SQL says the same of every case', async () => {
  const readerId = randomUUIDv7();
  await database.insert(readers).values({ id: readerId, locale: 'en', createdAt: at });
  const rows = cases.map((each) => ({
    ...each,
    id: randomUUIDv7(),
    readerId,
    stripeSubscriptionId: randomUUIDv7(),
    stripeCustomerId: 'cus_1',
    amountMinor: 100n,
    currency: 'USD',
    interval: 'month' as const,
    periodEndsAt: at,
    lookedAt: at,
    createdAt: at,
  }));
  await database.insert(memberships).values(rows);
  const said = await database.select({ id: memberships.id, counts: countsInSql(at) }).from(memberships);
  expect(said).toHaveLength(cases.length);
  for (const row of rows) {
    expect(
      said.find((each) => each.id === row.id)?.counts,
      JSON.stringify(row, (_k, v) => (typeof v === 'bigint' ? `${v}` : v)),
    ).toBe(counts(row, at));
  }
});

test('a paused promise still runs: its reader is not asked again', () => {
  expect(standings.filter(runs)).toEqual(['active', 'past_due', 'paused']);
});
