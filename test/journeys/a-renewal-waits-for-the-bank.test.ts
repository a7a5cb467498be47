// A renewal waits for the bank: one letter asks the reader to confirm, its link leads to Stripe's page, and the money is thanked for once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkIn, startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-05-05T10:00:00Z');
});
afterAll(() => service.close());

const subjects = async (to: string) => (await service.letters(to)).map(({ subject }) => subject);
const statesOf = (kind: string) =>
  service.rows<{ state: string }>('select state from letters where kind = $1 order by created_at', [kind]);

test('the reader is asked to confirm, and not told as well that the payment failed', async () => {
  const { sessionId } = await service.beginCheckout({ frequency: 'month', amountMinor: 700 });
  const payer = { card: '4000002760003184', email: 'ines@example.org', name: 'A Reader', country: 'US' };
  await service.sandbox.stripe?.pay(sessionId, payer);
  await service.sandbox.stripe?.pay(sessionId, { ...payer, authentication: 'complete' });
  await service.settled();
  await service.advance('P1M');
  await service.advance('PT4H');
  expect(await service.rows('select standing from memberships')).toEqual([{ standing: 'past_due' }]);
  expect(await statesOf('action-required')).toEqual([{ state: 'sent' }]);
  expect(await statesOf('payment-failed')).toEqual([{ state: 'cancelled' }]);
  expect(await subjects('ines@example.org')).toContain('Please confirm your payment');
});

test('the letter’s link leads to the open invoice, and to the gift once nothing is open', async () => {
  const letter = (await service.letters('ines@example.org')).find(
    ({ subject }) => subject === 'Please confirm your payment',
  );
  const link = linkIn(letter, /\/account\/manage\/[^/]+\/invoice/);
  const open = await fetch(link, { redirect: 'manual' });
  expect(open.status).toBe(303);
  const invoice = open.headers.get('location') ?? '';
  expect(invoice.startsWith(service.stripeUrl)).toBe(true);
  const paid = await fetch(`${invoice}/pay`, {
    method: 'POST',
    body: new URLSearchParams({ card: '4000002760003184', authentication: 'complete' }),
  });
  expect(paid.status).toBe(200);
  await service.settled();
  const closed = await fetch(link, { redirect: 'manual' });
  expect(closed.headers.get('location')).toMatch(/^\/account\/manage\/[^/]+$/);
});

test('the money that came after all is thanked for once, with its receipt', async () => {
  expect(await service.rows('select standing from memberships')).toEqual([{ standing: 'active' }]);
  expect(await service.rows('select count(*)::int as n from payments')).toEqual([{ n: 2 }]);
  expect(await statesOf('recovered')).toEqual([{ state: 'sent' }]);
  expect(await statesOf('renewal-receipt')).toEqual([{ state: 'cancelled' }]);
  expect(await subjects('ines@example.org')).toHaveLength(3);
});
