// Notices: who is told ahead of time, of what, and only once.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askStripe } from '../../src/stripe/ask.ts';
import { meaningOf } from '../../src/stripe/events.ts';
import { tellAhead } from '../../src/stripe/notices.ts';
import { keepWhole } from '../../src/stripe/together.ts';
import { understand } from '../../src/stripe/understand.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type Act, type History, happen } from './history.ts';

let database: FreshDatabase;
let history: History;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(async () => {
  await history.close();
  await database.drop();
});

async function begin(acts: Act[]): Promise<void> {
  history = await happen(database.url, acts);
  const { services } = history;
  for (const event of history.events) {
    await understand(meaningOf(event), {
      ask: (question) => askStripe(services, question),
      keep: async (facts) => (await keepWhole(services, { facts })).question,
    });
  }
}

async function toldOn(day: string): Promise<string[]> {
  history.services.set(`${day}T03:00:00Z`);
  await tellAhead(history.services);
  const { rows } = await database.pool.query<{ kind: string; at: string }>(
    "select kind, coalesce(facts->>'renewsAt', facts->>'expiresOn') as at from letters where kind in ('renewal-ahead', 'card-expiring') order by kind",
  );
  return rows.map(({ kind, at }) => `${kind} ${at.slice(0, 10)}`);
}

const yearly: Act = { act: 'give', who: 0, frequency: 'year', amount: 3000, card: 'good' };
const monthly: Act = { act: 'give', who: 0, frequency: 'month', amount: 500, card: 'good' };

test('a yearly gift is announced once, a month before it renews', async () => {
  await begin([yearly]);
  expect(await toldOn('2026-12-31')).toEqual([]);
  expect(await toldOn('2027-01-02')).toEqual(['renewal-ahead 2027-01-31']);
  expect(await toldOn('2027-01-20')).toEqual(['renewal-ahead 2027-01-31']);
});

test('a monthly gift, and a yearly one that is set to end, are not announced', async () => {
  await begin([monthly, yearly, { act: 'end with the period', of: 1 }]);
  expect(await toldOn('2026-02-20')).toEqual([]);
  expect(await toldOn('2027-01-20')).toEqual([]);
});

test('a card is told of once, in the month before its last', async () => {
  await begin([monthly]);
  const [method] = (await history.services.stripe.paymentMethods.list({ limit: 1 })).data;
  const { exp_year: year = 0, exp_month: month = 0 } = method?.card ?? {};
  const of = (months: number, day: string) =>
    new Date(Date.UTC(year, month - 1 + months)).toISOString().slice(0, 8) + day;
  const lastDay = new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
  expect(await toldOn(of(-2, '29'))).toEqual([]);
  expect(await toldOn(of(-1, '01'))).toEqual([`card-expiring ${lastDay}`]);
  expect(await toldOn(of(-1, '29'))).toEqual([`card-expiring ${lastDay}`]);
});

test('while Stripe is away, renewals are announced all the same', async () => {
  await begin([yearly]);
  history.away();
  expect(await toldOn('2027-01-02')).toEqual(['renewal-ahead 2027-01-31']);
});
