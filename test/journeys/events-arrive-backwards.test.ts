// Events arrive backwards: whatever order Stripe's deliveries come in, the books end the same.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
const books = {
  payments: `select kind, amount_minor, currency, paid_at, membership_id is not null as linked, fees_covered_minor
    from payments order by paid_at, amount_minor`,
  memberships: `select standing, amount_minor, started_at, period_ends_at, ends_at, ended_at, end_reason, reader_id is not null as known
    from memberships order by started_at`,
  movements:
    'select currency, happened_at, movement, mrr_delta, members from membership_changes order by happened_at',
  adjustments: 'select kind, amount_minor, happened_at from adjustments order by happened_at',
  letters: 'select kind, key from letters order by key',
  readers: 'select count(*)::int as n from readers',
};

async function readBooks(): Promise<Record<string, unknown>> {
  const read: Record<string, unknown> = {};
  for (const [name, query] of Object.entries(books)) read[name] = await service.rows(query);
  return JSON.parse(JSON.stringify(read));
}

beforeAll(async () => {
  service = await startService('2026-02-01T10:00:00Z');
});
afterAll(() => service.close());

test('a history told forwards, backwards and all mixed up ends in the same books', async () => {
  const events = new Map<string, { id: string }>();
  // Stripe lists the last thirty days alone, so what was told is gathered on the way.
  const gather = async () => {
    const page = await service.services.stripe.events.list({ limit: 100 });
    for (const event of page.data.toReversed()) events.set(event.id, event);
  };
  await service.give({ frequency: 'once', amountMinor: 1500, email: 'gil@example.org' });
  await service.give({ frequency: 'month', amountMinor: 400, email: 'gil@example.org' });
  await gather();
  await service.advance('P29D');
  const [payment] = await service.rows<{ pi: string }>(
    "select stripe_payment_intent_id as pi from payments where kind = 'once'",
  );
  await service.services.stripe.refunds.create({ payment_intent: payment?.pi ?? '', amount: 500 });
  const [membership] = await service.rows<{ id: string }>(
    'select stripe_subscription_id as id from memberships',
  );
  await service.services.stripe.subscriptions.update(membership?.id ?? '', { cancel_at_period_end: true });
  await service.settled();
  await gather();
  await service.advance('P31D');
  await gather();
  const told = await readBooks();
  expect(told.payments).toHaveLength(3);
  expect(told.adjustments).toHaveLength(1);
  expect(told.movements).toHaveLength(2);
  expect(events.size).toBeGreaterThan(25);

  const forwards = [...events.values()];
  const mixed = forwards.toSorted((a, b) => (a.id.slice(-3) < b.id.slice(-3) ? -1 : 1));
  for (const order of [forwards.toReversed(), mixed]) {
    await forgetBooks();
    for (const event of order) await deliver(event);
    await service.settled();
    expect(
      await service.rows("select id, problem from stripe_events where state in ('waiting', 'dead')"),
    ).toEqual([]);
    expect(withoutIds(await readBooks())).toEqual(withoutIds(told));
  }
}, 120_000);

/** Everything that webhooks brought; what readers chose (checkouts) stays. */
async function forgetBooks(): Promise<void> {
  await service.rows('update checkouts set reader_id = null');
  await service.rows(`truncate letters, adjustments, payments, invoice_payments, payment_failures, membership_changes,
    membership_looks, memberships, customers, stripe_events cascade`);
  await service.rows('update checkouts set completed_at = null');
  await service.rows('delete from readers');
}

async function deliver(event: { id: string }): Promise<void> {
  const body = JSON.stringify(event);
  const header = service.services.stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret: service.config.stripe.webhookSecrets[0] ?? '',
    timestamp: Math.floor(service.services.machineNow().getTime() / 1000),
  });
  const answer = await fetch(`${service.url}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': header },
    body,
  });
  expect(answer.status).toBe(200);
  // One at a time, so that each is applied before the next is told.
  await service.settled();
}

/** Keys made of our own ids differ from run to run; those of Stripe's do not. */
function withoutIds(read: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(read).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ours'));
}
