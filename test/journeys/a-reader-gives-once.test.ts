// A reader gives once: from the choice to the receipt, and to the refund that comes back from Stripe.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-03-10T12:00:00Z');
});
afterAll(() => service.close());

test('the gift is money once Stripe says so, on the day the charge succeeded, with its source', async () => {
  await service.give({ frequency: 'once', amountMinor: 2500, email: 'ann@example.org', campaign: 'spring' });
  const ledger = await service.rows(
    'select kind, amount_minor, currency, campaign, happened_at::date::text as day from reporting.ledger',
  );
  expect(ledger).toEqual([
    { kind: 'payment', amount_minor: '2500', currency: 'USD', campaign: 'spring', day: '2026-03-10' },
  ]);
});

test('Stripe’s fee is filled in: 2.9 % of 25.00 and 30 cents make 1.03', async () => {
  const rows = await service.rows('select fee_minor, net_minor from reporting.ledger');
  expect(rows).toEqual([{ fee_minor: '103', net_minor: '2397' }]);
});

test('the thanks page tells what happened, whatever the address bar says', async () => {
  const [checkout] = await service.rows<{ id: string }>('select id from checkouts');
  const page = await fetch(`${service.url}/thanks?checkout=${checkout?.id}`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('$25');
});

test('one thank-you letter with the receipt arrives', async () => {
  const letters = await service.letters('ann@example.org');
  expect(letters).toHaveLength(1);
  expect(letters[0]?.text).toContain('$25');
});

test('nothing the reader typed at Stripe stands readable anywhere but in the sealed column', async () => {
  const tables = await service.rows<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  for (const { name } of tables) {
    const found = await service.rows(
      `select 1 from ${name} t where t::text ilike '%ann@example.org%' limit 1`,
    );
    expect(found, name).toEqual([]);
  }
});

test('a refund at Stripe comes back as a step of its own and is written to the reader once', async () => {
  const [payment] = await service.rows<{ pi: string }>('select stripe_payment_intent_id as pi from payments');
  await service.services.stripe.refunds.create({ payment_intent: payment?.pi ?? '', amount: 1000 });
  await service.settled();
  const ledger = await service.rows(
    'select kind, amount_minor from reporting.ledger order by happened_at, kind',
  );
  expect(ledger).toEqual([
    { kind: 'payment', amount_minor: '2500' },
    { kind: 'refund', amount_minor: expect.stringMatching(/^-?1000$/) },
  ]);
  expect(await service.letters('ann@example.org')).toHaveLength(2);
});

test('a declined card is no gift, and the checkout stays open', async () => {
  const before = await service.rows('select id from payments');
  const begun = await service.beginCheckout({ frequency: 'once', amountMinor: 900 });
  const outcome = await service.sandbox.stripe?.pay(begun.sessionId, {
    card: '4000000000000002',
    email: 'bob@example.org',
  });
  await service.settled();
  expect(outcome?.outcome).toBe('declined');
  expect(await service.rows('select id from payments')).toEqual(before);
  const page = await fetch(`${service.url}/thanks?checkout=${begun.id}`);
  expect(await page.text()).not.toContain('$9.00 arrived');
  expect(await service.letters('bob@example.org')).toEqual([]);
});

test('a debit that settles later is “processing” first, and money on the day it settles', async () => {
  const begun = await service.give({
    frequency: 'once',
    amountMinor: 4000,
    currency: 'EUR',
    email: 'cora@example.org',
    card: 'AT611904300234573201',
  });
  expect(await service.rows("select 1 from payments where currency = 'EUR'")).toEqual([]);
  const waiting = await (await fetch(`${service.url}/thanks?checkout=${begun.id}`)).text();
  expect(waiting).toContain('http-equiv="refresh"');
  await service.advance('P5D');
  const paid = await service.rows<{ later: boolean }>(
    "select paid_at > '2026-03-12' as later from payments where currency = 'EUR'",
  );
  expect(paid).toEqual([{ later: true }]);
  expect(await service.letters('cora@example.org')).toHaveLength(1);
});

test('a debit that fails in the end is told by one letter, with the way to try once more', async () => {
  const begun = await service.give({
    frequency: 'once',
    amountMinor: 4100,
    currency: 'EUR',
    email: 'dan@example.org',
    card: 'AT861904300235473202',
  });
  expect(await service.letters('dan@example.org')).toEqual([]);
  await service.advance('P5D');
  const [letter, ...others] = await service.letters('dan@example.org');
  expect(others).toEqual([]);
  expect(letter?.subject).toBe('Your payment did not arrive');
  expect(letter?.text).toContain('Your gift of €41 was on its way from your bank account');
  expect(letter?.text).toContain('/donate?frequency=once&currency=EUR&amount=41.00&component=letter');
  expect(await service.rows('select 1 from payments where amount_minor = 4100')).toEqual([]);
  const page = await (await fetch(`${service.url}/thanks?checkout=${begun.id}`)).text();
  expect(page).not.toContain('http-equiv="refresh"');
});

test('a gift that is paused at Stripe is told by one letter, and again by another pause alone', async () => {
  await service.give({ frequency: 'month', amountMinor: 700, email: 'eve@example.org' });
  const [plan] = await service.rows<{ id: string }>(
    'select stripe_subscription_id as id from memberships order by created_at desc limit 1',
  );
  const { subscriptions } = service.services.stripe;
  const collect = async (pause: boolean, resumes_at?: number) => {
    await subscriptions.update(plan?.id ?? '', {
      pause_collection: pause ? { behavior: 'void', ...(resumes_at && { resumes_at }) } : '',
    });
    await service.advance('PT1H');
  };
  const told = async () =>
    (await service.letters('eve@example.org')).filter(({ subject }) => subject === 'Your gift is paused');
  await collect(true);
  expect(await told()).toHaveLength(1);
  expect((await told())[0]?.text).toContain('Your monthly gift of $7 rests. Nothing is charged meanwhile.');
  await collect(false);
  expect(await told()).toHaveLength(1);
  expect((await told())[0]?.text).toContain('It rests until it is taken up again.');
  await collect(true, Date.parse('2027-06-10T12:00:00Z') / 1000);
  expect(await told()).toHaveLength(2);
  // Where Stripe knows when it goes on, its reader does.
  expect((await told())[0]?.text).toContain('It goes on by itself on Thursday 10 June 2027');
});
