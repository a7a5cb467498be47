// A reader gives every month for a year, and then ends it at Stripe's portal.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-01-31T10:00:00Z');
});
afterAll(() => service.close());

test('the promise begins with the first payment', async () => {
  await service.give({ frequency: 'month', amountMinor: 500, email: 'dora@example.org' });
  expect(
    await service.rows('select standing, amount_minor, currency, interval from reporting.memberships'),
  ).toEqual([{ standing: 'active', amount_minor: '500', currency: 'USD', interval: 'month' }]);
  expect(await service.rows('select movement, mrr_delta::float as delta from membership_changes')).toEqual([
    { movement: 'new', delta: 500 },
  ]);
  expect(await service.rows('select kind, membership_id is not null as linked from payments')).toEqual([
    { kind: 'month', linked: true },
  ]);
});

test('twelve renewals by the clock are twelve more payments, on the last days of short months', async () => {
  await service.advance('P1Y');
  await service.advance('PT3H');
  const paid = await service.rows<{ day: string }>(
    'select paid_at::date::text as day from payments order by paid_at',
  );
  expect(paid.map(({ day }) => day)).toEqual([
    '2026-01-31',
    '2026-02-28',
    '2026-03-31',
    '2026-04-30',
    '2026-05-31',
    '2026-06-30',
    '2026-07-31',
    '2026-08-31',
    '2026-09-30',
    '2026-10-31',
    '2026-11-30',
    '2026-12-31',
    '2027-01-31',
  ]);
  expect(await service.rows('select count(*)::int as n from membership_changes')).toEqual([{ n: 1 }]);
}, 120_000);

test('each payment has its fee and its receipt', async () => {
  const unsettled = await service.rows('select 1 from payments where settled_at is null or fee_minor <> 45');
  expect(unsettled).toEqual([]);
  const letters = await service.letters('dora@example.org');
  expect(letters.filter(({ subject }) => !/in 2026/.test(subject))).toHaveLength(13);
});

test('in January one letter tells the year, on a morning', async () => {
  const letters = await service.letters('dora@example.org');
  const [statement, ...others] = letters.filter(({ subject }) => subject === 'Your gifts in 2026');
  expect(others).toEqual([]);
  expect(statement?.at.toISOString()).toMatch(/^2027-01-05T(09|10):/);
  expect(statement?.text).toContain('in 2026 you gave us 12 gifts');
  expect(statement?.text).toMatch(/^In all: +\$60$/m);
});

test('ended by the reader, it runs to the end of the paid month and then churns voluntarily, with one letter', async () => {
  const [membership] = await service.rows<{ id: string }>(
    'select stripe_subscription_id as id from memberships',
  );
  await service.services.stripe.subscriptions.update(membership?.id ?? '', { cancel_at_period_end: true });
  await service.settled();
  const [promised] = await service.rows(
    'select standing, ends_at is not null as ends, ended_at from memberships',
  );
  expect(promised).toEqual({ standing: 'active', ends: true, ended_at: null });
  const before = (await service.letters('dora@example.org')).length;
  await service.advance('P2M');
  expect(await service.rows('select standing, end_reason from memberships')).toEqual([
    { standing: 'ended', end_reason: 'voluntary' },
  ]);
  const movements = await service.rows(
    'select movement, mrr_delta::float as delta, happened_at::date::text as day from membership_changes order by happened_at',
  );
  expect(movements).toEqual([
    { movement: 'new', delta: 500, day: '2026-01-31' },
    { movement: 'churn_voluntary', delta: -500, day: '2027-02-28' },
  ]);
  expect(before).toBe(15);
  expect(await service.letters('dora@example.org')).toHaveLength(15);
}, 60_000);
