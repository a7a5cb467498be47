// Stripe's door: what is ours and what is not, what cannot be decided, and what needs a person.
import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
let paid: Stripe.Event;
beforeAll(async () => {
  service = await startService('2026-08-03T09:00:00Z');
  await service.give({ frequency: 'month', amountMinor: 900, email: 'ola@example.org' });
  const events = await service.services.stripe.events.list({ type: 'invoice.paid', limit: 1 });
  paid = events.data[0] as Stripe.Event;
});
afterAll(() => service.close());

async function deliver(event: object): Promise<number> {
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
  await service.settled();
  return answer.status;
}

const stateOf = async (id: string) =>
  (
    await service.rows<{ state: string; problem: string | null }>(
      'select state, problem from stripe_events where id = $1',
      [id],
    )
  )[0];
const counted = async () =>
  (
    await service.rows(
      'select (select count(*)::int from payments) as payments, (select count(*)::int from readers) as readers',
    )
  )[0];

describe('an event that is not for us is answered 200, noted with its reason, and changes nothing', () => {
  const cases: [string, (event: Stripe.Event) => object, string][] = [
    [
      'live, while we are a test',
      (event) => ({ ...event, id: 'evt_live', livemode: true }),
      'live, and we are not',
    ],
    [
      'of a connected account',
      (event) => ({ ...event, id: 'evt_account', account: 'acct_1' }),
      'another account',
    ],
    [
      'of a type we never asked for',
      (event) => ({ ...event, id: 'evt_type', type: 'topup.created' }),
      'a type that changes nothing here',
    ],
    [
      'of a type nobody knows',
      (event) => ({ ...event, id: 'evt_future', type: 'moon.rose' }),
      'a type that changes nothing here',
    ],
    [
      'a thin one',
      () => ({
        id: 'evt_thin',
        object: 'v2.core.event',
        type: 'v1.billing.meter.error',
        livemode: false,
        created: '2026-08-03T09:00:00Z',
      }),
      'a thin event',
    ],
  ];
  test.each(cases)('%s', async (_name, made, reason) => {
    const before = await counted();
    const event = made(paid);
    expect(await deliver(event)).toBe(200);
    expect(await stateOf((event as { id: string }).id)).toEqual({ state: 'ignored', problem: reason });
    expect(await counted()).toEqual(before);
  });

  test('another product’s payment in the same account, by card and by subscription', async () => {
    const before = await counted();
    const foreign = JSON.parse(
      JSON.stringify(paid).replaceAll('favor_checkout', 'order_number'),
    ) as Stripe.Event;
    expect(await deliver({ ...foreign, id: 'evt_product' })).toBe(200);
    expect(await stateOf('evt_product')).toMatchObject({ state: 'ignored' });
    const stolen = JSON.stringify(paid).replaceAll(
      /"favor_checkout":"[^"]+"/g,
      '"favor_checkout":"01890000-0000-7000-8000-00000000dead"',
    );
    expect(await deliver({ ...(JSON.parse(stolen) as Stripe.Event), id: 'evt_unknown_intent' })).toBe(200);
    expect(await stateOf('evt_unknown_intent')).toMatchObject({ state: 'ignored' });
    expect(await counted()).toEqual(before);
  });
});

test('another product that sells once and by the month in the same account changes nothing, and is counted', async () => {
  const before = await counted();
  const { stripe } = service.services;
  const price = await stripe.prices.create({
    currency: 'usd',
    unit_amount: 900,
    recurring: { interval: 'month' },
    product_data: { name: 'A mug a month' },
  });
  const customer = await stripe.customers.create({
    // One of our own readers, too.
    email: 'ola@example.org',
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  await stripe.paymentIntents.create({
    amount: 1500,
    currency: 'usd',
    confirm: true,
    payment_method: 'pm_card_createDispute',
    metadata: { order: '7' },
  });
  await stripe.paymentIntents
    .create({ amount: 1500, currency: 'usd', confirm: true, payment_method: 'pm_card_chargeDeclined' })
    .catch(() => {});
  await service.settled();
  expect(await counted()).toEqual(before);
  expect(await service.rows('select 1 from memberships where amount_minor = 900')).toHaveLength(1);
  expect(await service.rows('select 1 from disputes union all select 1 from declines')).toEqual([]);
  const passedOver = await service.rows<{ type: string }>(
    `select type from stripe_events where state = 'ignored' and problem = 'not begun by this service'
     and type like 'charge.dispute.%' order by type`,
  );
  expect(passedOver.map(({ type }) => type)).toContain('charge.dispute.created');
});

test('an event in another API version is settled by asking Stripe for its object', async () => {
  await service.rows('truncate payments cascade');
  const object = { ...(paid.data.object as Stripe.Invoice), amount_paid: 1, parent: null };
  expect(await deliver({ ...paid, id: 'evt_older', api_version: '2023-10-16', data: { object } })).toBe(200);
  expect(await stateOf('evt_older')).toMatchObject({ state: 'done' });
  expect(await service.rows('select amount_minor from payments')).toEqual([{ amount_minor: '900' }]);
});

test('an attempt that failed, told in another version after its money came, is kept as that attempt', async () => {
  await service.give({
    frequency: 'month',
    amountMinor: 1300,
    email: 'una@example.org',
    card: '4000000000000341',
  });
  // Two attempts fail, then the reader pays by hand.
  await service.advance('P1M');
  await service.advance('P4D');
  const { stripe } = service.services;
  const failed = (await stripe.events.list({ type: 'invoice.payment_failed' })).data;
  const invoice = failed[0]?.data.object as Stripe.Invoice;
  await fetch(`${invoice.hosted_invoice_url}/pay`, {
    method: 'POST',
    body: new URLSearchParams({ card: '4242424242424242' }),
    redirect: 'manual',
  });
  await service.settled();
  const failures = () =>
    service.rows(
      `select attempt, amount_minor::int as amount, failed_at from payment_failures
       where stripe_invoice_id = $1 order by attempt`,
      [invoice.id],
    );
  const told = await failures();
  expect(told).toMatchObject([
    { attempt: 1, amount: 1300 },
    { attempt: 2, amount: 1300 },
  ]);
  await service.rows('delete from payment_failures where stripe_invoice_id = $1', [invoice.id]);
  for (const [index, event] of failed.entries()) {
    const object = { id: invoice.id, object: 'invoice' };
    await deliver({ ...event, id: `evt_late_${index}`, api_version: '2019-02-19', data: { object } });
  }
  expect(await failures()).toEqual(told);
});

test('another card, told in another version, is confirmed once', async () => {
  const [{ customer } = { customer: '' }] = await service.rows<{ customer: string }>(
    'select stripe_customer_id as customer from memberships where amount_minor = 900',
  );
  const { stripe } = service.services;
  const confirmed = () =>
    service.rows("select 1 from letters where kind = 'card-changed' and key like $1", [
      `card-changed:${customer}:%`,
    ]);
  const told = (id: string) =>
    deliver({
      ...paid,
      id,
      type: 'customer.updated',
      api_version: '2019-02-19',
      data: { object: { id: customer, object: 'customer' } },
    });
  expect(await told('evt_name')).toBe(200);
  expect(await stateOf('evt_name')).toMatchObject({ state: 'ignored' });
  const before = (await confirmed()).length;
  service.sandbox.stripe?.setFaults({ webhooks: { drop: 1 } });
  const card = await stripe.paymentMethods.attach('pm_card_mastercard', { customer });
  await stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } });
  await service.settled();
  service.sandbox.stripe?.setFaults({});
  expect(await confirmed()).toHaveLength(before);
  await told('evt_card');
  await told('evt_card_again');
  expect(await confirmed()).toHaveLength(before + 1);
});

test('a poisoned event is tried again, given up with its problem, blocks no other, and can be replayed', async () => {
  const poisoned = {
    ...paid,
    id: 'evt_poison',
    data: { object: { ...paid.data.object, status_transitions: null } },
  };
  expect(await deliver(poisoned)).toBe(200);
  expect(await stateOf('evt_poison')).toMatchObject({ state: 'waiting', problem: 'TypeError' });
  await service.give({ frequency: 'once', amountMinor: 1100, email: 'pia@example.org' });
  expect(await service.rows('select count(*)::int as n from payments where amount_minor = 1100')).toEqual([
    { n: 1 },
  ]);
  await service.advance('P3D');
  expect(await stateOf('evt_poison')).toMatchObject({ state: 'dead', problem: 'TypeError' });
});

test('a body is kept sealed, and only until its event is applied', async () => {
  const rows = await service.rows<{ state: string; kept: boolean; readable: boolean }>(
    "select state, body_sealed is not null as kept, position('ola@example.org' in encode(body_sealed, 'escape')) > 0 as readable from stripe_events",
  );
  expect(rows.filter((row) => row.kept && ['done', 'ignored'].includes(row.state))).toEqual([]);
  expect(rows.filter((row) => row.readable)).toEqual([]);
});

test('a gift in a currency without cents is settled in ours, with its rate and its fee in both', async () => {
  await service.give({ frequency: 'once', amountMinor: 3000, currency: 'JPY', email: 'rei@example.org' });
  const [row] = await service.rows<Record<string, string>>(
    "select amount_minor, fee_minor, settled_currency, settled_amount_minor, settled_fee_minor, settled_net_minor, exchange_rate from payments where currency = 'JPY'",
  );
  expect(row).toMatchObject({ amount_minor: '3000', settled_currency: 'USD' });
  const settled = Number(row?.settled_amount_minor);
  const settledFee = Number(row?.settled_fee_minor);
  expect(settled - settledFee).toBe(Number(row?.settled_net_minor));
  expect(Number(row?.fee_minor)).toBe(Math.round((settledFee * 3000) / settled));
  expect(Number(row?.exchange_rate)).toBeGreaterThan(0);
});

test('while Stripe cannot be reached, an event that needs asking waits and is applied later', async () => {
  service.sandbox.stripe?.setFaults({ calls: { path: '/v1/invoices', status: 500, times: 50 } });
  expect(await deliver({ ...paid, id: 'evt_later', api_version: '2023-10-16' })).toBe(200);
  expect(await stateOf('evt_later')).toMatchObject({ state: 'waiting' });
  service.sandbox.stripe?.setFaults({});
  await service.advance('PT1H');
  expect(await stateOf('evt_later')).toMatchObject({ state: 'done' });
}, 30_000);
