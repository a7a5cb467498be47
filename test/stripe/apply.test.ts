// Applying beside each other: one customer's events that are held up do not hold up anybody else's, and two instances do not do the same twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-06-01T10:00:00Z');
});
afterAll(() => service.close());

test('a reader’s gift is in the books while many events of another’s wait for something', async () => {
  await service.give({ frequency: 'month', amountMinor: 500, email: 'held@example.org' });
  const [held] = await service.rows<{ customer: string; subscription: string }>(
    'select stripe_customer_id as customer, stripe_subscription_id as subscription from memberships',
  );
  const client = await service.pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [held?.customer]);
    // More than are ever worked on at once.
    for (let change = 0; change < 12; change += 1) {
      const ending = { cancel_at_period_end: change % 2 === 0 };
      await service.services.stripe.subscriptions.update(held?.subscription ?? '', ending);
    }
    const free = await service.beginCheckout({ frequency: 'once', amountMinor: 900 });
    await service.sandbox.stripe?.pay(free.sessionId, {
      card: '4242424242424242',
      email: 'free@example.org',
    });
    // Lock waits end after ten seconds, after which nobody would be held up any more.
    const paid = 'select 1 from payments where checkout_id = $1';
    for (let looks = 0; looks < 160 && (await service.rows(paid, [free.id])).length === 0; looks += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await service.rows(paid, [free.id])).toHaveLength(1);
    const waiting = await service.rows("select 1 from stripe_events where state = 'waiting'");
    expect(waiting.length).toBeGreaterThan(8);
  } finally {
    await client.query('rollback');
    client.release();
  }
  await service.settled();
  expect(await service.rows("select 1 from stripe_events where state = 'waiting'")).toEqual([]);
}, 40_000);

test('two instances apply what one of them accepted, each event once, also where nothing but its sealed body is left', async () => {
  const other = await service.secondInstance();
  const before = await service.rows('select id from payments');
  const gifts = [];
  for (const address of ['ada', 'ben', 'cyr', 'dan', 'eva', 'fay']) {
    const gift = await service.beginCheckout({ frequency: 'once', amountMinor: 1300 });
    gifts.push(gift.id);
    // The other instance has never seen these events in the clear.
    other.services.nudge('events');
    await service.sandbox.stripe?.pay(gift.sessionId, {
      card: '4242424242424242',
      email: `${address}@example.org`,
    });
    other.rounds.nudge('events');
  }
  await service.settled();
  await other.rounds.settled();
  const paid = await service.rows<{ id: string }>(
    'select checkout_id as id from payments where checkout_id = any($1::uuid[])',
    [gifts],
  );
  expect(paid.map(({ id }) => id).toSorted()).toEqual(gifts.toSorted());
  expect(await service.rows('select id from payments')).toHaveLength(before.length + gifts.length);
  const unfinished =
    "select id from stripe_events where state in ('waiting', 'dead') or attempts = 0 and state = 'done'";
  expect(await service.rows(unfinished)).toEqual([]);
}, 40_000);
