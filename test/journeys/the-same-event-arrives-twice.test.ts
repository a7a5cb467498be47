// The same event arrives twice, or twenty times at once: it is noted once, and nothing it causes is doubled.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-06-01T10:00:00Z');
});
afterAll(() => service.close());

test('with every webhook delivered three times there is one payment, one membership and one letter', async () => {
  service.sandbox.stripe?.setFaults({ webhooks: { duplicate: 3 } });
  await service.give({ frequency: 'month', amountMinor: 300, email: 'fay@example.org' });
  expect(await service.rows('select count(*)::int as n from payments')).toEqual([{ n: 1 }]);
  expect(await service.rows('select count(*)::int as n from memberships')).toEqual([{ n: 1 }]);
  expect(await service.letters('fay@example.org')).toHaveLength(1);
  service.sandbox.stripe?.setFaults({});
});

test('twenty copies of one event at the same moment are answered 200 and kept once', async () => {
  const events = await service.services.stripe.events.list({ type: 'invoice.paid', limit: 1 });
  const event = events.data[0];
  const body = JSON.stringify(event);
  const header = service.services.stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret: service.config.stripe.webhookSecrets[0] ?? '',
    timestamp: Math.floor(service.services.machineNow().getTime() / 1000),
  });
  const send = () =>
    fetch(`${service.url}/webhooks/stripe`, {
      method: 'POST',
      headers: { 'stripe-signature': header },
      body,
    });
  const answers = await Promise.all(Array.from({ length: 20 }, send));
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
  await service.settled();
  expect(
    await service.rows('select count(*)::int as n from stripe_events where id = $1', [event?.id]),
  ).toEqual([{ n: 1 }]);
  expect(await service.rows('select count(*)::int as n from payments')).toEqual([{ n: 1 }]);
});

test('a body that Stripe did not sign, or signed for another secret or time, is refused and not stored', async () => {
  const body = JSON.stringify({
    id: 'evt_forged',
    object: 'event',
    type: 'invoice.paid',
    created: 1,
    data: { object: {} },
  });
  const stamp = Math.floor(service.services.machineNow().getTime() / 1000);
  const sign = (secret: string, timestamp: number) =>
    service.services.stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
  const own = service.config.stripe.webhookSecrets[0] ?? '';
  for (const header of [
    '',
    'nonsense',
    sign('whsec_other', stamp),
    sign(own, stamp - 301),
    sign(own, stamp + 400),
  ]) {
    const answer = await fetch(`${service.url}/webhooks/stripe`, {
      method: 'POST',
      headers: { 'stripe-signature': header },
      body,
    });
    expect(answer.status, header).toBe(400);
  }
  expect(await service.rows("select 1 from stripe_events where id = 'evt_forged'")).toEqual([]);
});
