// The made-up readers: the same every time, and what they do through the doors ends in the books.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDoors } from '../../src/sandbox/demo-doors.ts';
import { type Planned, planYear } from '../../src/sandbox/demo-plan.ts';
import { startService, type TestService } from '../harness/service.ts';

const begins = new Date('2026-03-01T00:00:00Z');
const year = { begins, ends: new Date('2027-03-01T00:00:00Z'), first: 1, count: 370 };

describe('a year of made-up readers', () => {
  const planned = planYear(year);

  test('is the same year every time', () => {
    expect(planYear(year)).toEqual(planned);
  });

  test('lies between its two ends, in the order of time', () => {
    const moments = planned.map(({ at }) => at.getTime());
    expect(moments).toEqual(moments.toSorted((a, b) => a - b));
    expect(moments[0]).toBeGreaterThanOrEqual(year.begins.getTime());
    expect(moments.at(-1)).toBeLessThan(year.ends.getTime());
  });

  test('has readers of many countries, each at a documentation address and network of their own', () => {
    const readers = new Map(planned.map(({ reader }) => [reader.number, reader]));
    expect(readers.size).toBeGreaterThan(350);
    const of = (part: 'address' | 'network' | 'currency' | 'locale') =>
      new Set([...readers.values()].map((reader) => reader[part]));
    expect(of('address').size).toBe(readers.size);
    expect(of('network').size).toBe(readers.size);
    expect(of('currency').size).toBeGreaterThanOrEqual(6);
    expect(of('locale').size).toBe(2);
    for (const address of of('address')) expect(address).toMatch(/^reader-\d+@example\.org$/);
  });

  test('has everything in it that a desk should show', () => {
    const done = new Set(planned.map(({ act }) => act.does));
    expect(done.size).toBe(9);
    const cards = planned.flatMap(({ act }) => (act.does === 'give' ? act.cards : []));
    // A decline, a card that stops working, a dispute, a debit that settles later, one that fails.
    for (const card of ['4000000000000002', '4000000000000341', '4000000000000259']) {
      expect(cards).toContain(card);
    }
    expect(cards.some((card) => card.startsWith('DE'))).toBe(true);
  });
});

describe('through the doors', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService('2026-03-01T00:00:00Z', { TRUSTED_PROXY_HOPS: '1' });
  });
  afterAll(() => service.close());

  test('one of each act is taken, and Stripe and the books agree in the end', async () => {
    const { sandbox, services, url } = service;
    if (!sandbox.stripe || !sandbox.mailbox) throw new Error('The sandbox lacks a stand-in');
    const doors = {
      baseUrl: url,
      payments: sandbox.stripe,
      stripe: services.stripe,
      mailbox: sandbox.mailbox,
    };
    const perform = openDoors(doors);
    const coming = livesWithAll(planYear({ ...year, ends: new Date('2026-08-01T00:00:00Z') })).map(perform);
    for (let next = coming.shift(); next; next = coming.shift()) {
      if (next.at > sandbox.now()) await sandbox.clock.to(next.at.toISOString());
      coming.push(...(await next.happen()));
      coming.sort((a, b) => a.at.getTime() - b.at.getTime());
    }
    await service.advance('P10D');
    const intents = await services.stripe.paymentIntents
      .list({ limit: 100 })
      .autoPagingToArray({ limit: 1000 });
    const paid = intents.filter((intent) => intent.status === 'succeeded').map((intent) => intent.id);
    const kept = await service.rows<{ id: string }>('select stripe_payment_intent_id as id from payments');
    expect(kept.map((row) => row.id).sort()).toEqual(paid.sort());
    expect(await service.rows("select 1 from stripe_events where state in ('waiting', 'dead')")).toEqual([]);
    expect(await service.rows('select 1 from adjustments where settled_at is null')).toEqual([]);
    const movements = await service.rows<{ movement: string }>(
      'select distinct movement from membership_changes',
    );
    expect(movements.map((row) => row.movement)).toEqual(
      expect.arrayContaining(['new', 'paused', 'churn_voluntary']),
    );
    const gave = await service.rows('select 1 from reminders where gave_at is not null');
    expect(gave.length).toBeGreaterThan(0);
  }, 180_000);
});

/** The whole lives of the first readers who do each of the things, and of one for each way a reminder ends. */
function livesWithAll(planned: Planned[]): Planned[] {
  const known = new Set<string>();
  const chosen = new Set<number>();
  for (const { reader, act } of planned) {
    const what = act.does === 'ask to be reminded' ? `reminded: ${act.confirms && act.end}` : act.does;
    if (known.has(what)) continue;
    known.add(what);
    chosen.add(reader.number);
  }
  return planned.filter(({ reader }) => chosen.has(reader.number));
}
