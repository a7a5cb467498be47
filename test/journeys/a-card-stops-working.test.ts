// A card stops working: the reader is told at each attempt, and in the end the gift is lost, not ended by them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-05-05T10:00:00Z');
});
afterAll(() => service.close());

test('a renewal that fails makes the membership past due, which still counts as promised', async () => {
  await service.give({
    frequency: 'month',
    amountMinor: 700,
    email: 'eli@example.org',
    card: '4000000000000341',
  });
  await service.advance('P1M');
  await service.advance('PT4H');
  expect(await service.rows('select standing from memberships')).toEqual([{ standing: 'past_due' }]);
  expect(await service.rows('select count(*)::int as n from payments')).toEqual([{ n: 1 }]);
  expect(await service.rows('select attempt, amount_minor from payment_failures')).toEqual([
    { attempt: 1, amount_minor: '700' },
  ]);
  expect(await service.rows('select sum(mrr_delta)::float as mrr from membership_changes')).toEqual([
    { mrr: 700 },
  ]);
  expect(await service.letters('eli@example.org')).toHaveLength(2);
});

test('when Stripe gives up, the promise ends as involuntary, with one goodbye', async () => {
  await service.advance('P1M');
  expect(await service.rows('select standing, end_reason from memberships')).toEqual([
    { standing: 'ended', end_reason: 'involuntary' },
  ]);
  const movements = await service.rows(
    'select movement, mrr_delta::float as delta from membership_changes order by happened_at',
  );
  expect(movements).toEqual([
    { movement: 'new', delta: 700 },
    { movement: 'churn_involuntary', delta: -700 },
  ]);
  const kinds = await service.rows<{ kind: string; n: number }>(
    "select kind, count(*)::int as n from letters where kind = 'gift-lost' group by kind",
  );
  expect(kinds).toEqual([{ kind: 'gift-lost', n: 1 }]);
  const failures = await service.rows<{ n: number }>('select count(*)::int as n from payment_failures');
  const told = await service.rows<{ n: number }>(
    "select count(*)::int as n from letters where kind = 'payment-failed' and state = 'sent'",
  );
  // The last attempt is told by the goodbye.
  expect(told[0]?.n).toBe((failures[0]?.n ?? 0) - 1);
});
