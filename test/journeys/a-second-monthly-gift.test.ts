// A second monthly gift of one reader: taken, and then mended, so that nobody is charged twice for a month without knowing it.
import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Services } from '../../src/outside/services.ts';
import { keepOnePromise } from '../../src/stripe/one-promise.ts';
import { linkIn, press, startService, type TestService } from '../harness/service.ts';

let service: TestService;

// Months of several gifts go by in one test, and a busy machine is slow.
vi.setConfig({ testTimeout: 60_000 });
beforeAll(async () => {
  service = await startService('2026-01-10T10:00:00Z');
});
afterAll(() => service.close());

const monthly = (email: string, amountMinor: number, card?: string) =>
  service.give({ frequency: 'month', amountMinor, email, ...(card !== undefined && { card }) });

interface Plan {
  id: string;
  amount: number;
  standing: string;
  ends: boolean;
}

/** The memberships of whoever has this address, the oldest first. */
function plansOf(email: string): Promise<Plan[]> {
  return service.rows<Plan & Record<string, unknown>>(
    `select stripe_subscription_id as id, amount_minor::int as amount, standing, ends_at is not null as ends
     from memberships where reader_id = $1 order by started_at`,
    [readerIds.get(email) ?? ''],
  );
}

const readerIds = new Map<string, string>();
async function know(email: string): Promise<void> {
  const hash = service.services.keys.addressHash(email);
  const [reader] = await service.rows<{ id: string }>('select id from readers where address_hash = $1', [
    hash,
  ]);
  readerIds.set(email, reader?.id ?? '');
}

const paidBy = async (email: string) =>
  (
    await service.rows<{ amount: number }>(
      'select amount_minor::int as amount from payments where reader_id = $1 order by paid_at',
      [readerIds.get(email) ?? ''],
    )
  ).map(({ amount }) => amount);

/** Letters that were not taken back before they went out. */
const lettersTo = async (email: string, kind: string) =>
  (
    await service.rows<{ n: number }>(
      "select count(*)::int as n from letters where reader_id = $1 and kind = $2 and state <> 'cancelled'",
      [readerIds.get(email) ?? '', kind],
    )
  )[0]?.n;

describe('an older gift that is paid for', () => {
  const email = 'dora@example.org';
  let second: string;
  const chooseByProgram = (keeps: string) =>
    fetch(`${service.url}/api/v1/account/second-gifts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: second.split('/').at(-1), keeps }),
    });

  test('is set to end with its paid time, and its reader is told once; the payer’s page says nothing of it', async () => {
    await monthly(email, 500);
    await service.advance('P15D');
    const { id } = await monthly(email, 700);
    await know(email);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([
      { amount: 500, standing: 'active', ends: true },
      { amount: 700, standing: 'active', ends: false },
    ]);
    const thanks = await (await fetch(`${service.url}/thanks?checkout=${id}`)).text();
    expect(thanks).not.toMatch(/older|two gifts|\$5/);
    expect(await lettersTo(email, 'second-gift')).toBe(1);
    expect(await lettersTo(email, 'gift-ending')).toBe(0);
    const [letter] = await service.letters(email);
    expect(letter?.subject).toBe('You had a gift already');
    expect(letter?.text).toContain('The older gift of $5 a month ends on Tuesday 10 February');
    second = linkIn(letter, /\/account\/second\//);
  });

  test('opening the letter’s link changes nothing; its button keeps both', async () => {
    const page = await (await fetch(second)).text();
    expect(page).toContain('Keep both');
    expect(page).not.toContain(email);
    expect((await plansOf(email))[0]?.ends).toBe(true);
    expect((await press(second, { keeps: 'both' })).status).toBe(303);
    expect((await press(second, { keeps: 'both' })).status).toBe(303);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([{ ends: false }, { ends: false }]);
    expect(await (await fetch(second)).text()).toContain('Both gifts go on');
  });

  test('the choice can be taken back, by a program too; that ending is the reader’s own and confirmed as any other', async () => {
    await service.advance('PT1M');
    expect((await chooseByProgram('newer')).status).toBe(202);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([{ ends: true }, { ends: false }]);
    expect([await lettersTo(email, 'second-gift'), await lettersTo(email, 'gift-ending')]).toEqual([1, 1]);
    expect((await chooseByProgram('neither')).status).toBe(422);
    expect((await press(second, { keeps: 'both' })).status).toBe(303);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([{ ends: false }, { ends: false }]);
  });

  test('kept beside the newer one, it is collected on its own day, as its reader knows', async () => {
    await service.advance('P17D');
    await service.advance('PT3H');
    expect(await paidBy(email)).toEqual([500, 700, 500]);
    expect(await lettersTo(email, 'refunded')).toBe(0);
  });

  test('the letter’s link is good until the older gift was to end, and leads to a fresh one after', async () => {
    expect((await chooseByProgram('newer')).status).toBe(410);
    expect(await (await fetch(second)).text()).toContain('Sign in');
  });
});

test('left alone, the older gift is not charged again, and the newer one goes on', async () => {
  const email = 'erin@example.org';
  await monthly(email, 500);
  await service.advance('P15D');
  await monthly(email, 700);
  await know(email);
  await service.advance('P40D');
  await service.advance('PT3H');
  expect(await paidBy(email)).toEqual([500, 700, 700]);
  expect(await plansOf(email)).toMatchObject([
    { amount: 500, standing: 'ended' },
    { amount: 700, standing: 'active' },
  ]);
  expect(await lettersTo(email, 'second-gift')).toBe(1);
  expect(await lettersTo(email, 'gift-ending')).toBe(0);
});

test('an older gift that is overdue ends at once, and what is open on it is not collected any more', async () => {
  const email = 'faye@example.org';
  await monthly(email, 600, '4000000000000341');
  await service.advance('P1M');
  await service.advance('PT4H');
  await monthly(email, 800);
  await know(email);
  await service.settled();
  const [older, newer] = await plansOf(email);
  expect([older?.standing, newer?.standing]).toEqual(['ended', 'active']);
  const [letter] = await service.letters(email);
  expect(letter?.text).toContain('had a payment outstanding');
  expect(letter?.text).not.toContain('/account/second/');
  await service.advance('P20D');
  expect(await paidBy(email)).toEqual([600, 800]);
  expect(await lettersTo(email, 'gift-lost')).toBe(0);
  expect(await lettersTo(email, 'second-gift')).toBe(1);
});

describe('a newer gift that is paid for in another way may be anybody’s', () => {
  const mastercard = '5555555555554444';
  const chargedIn = async (email: string, from: string, to: string) =>
    (
      await service.rows<{ amount: number }>(
        `select amount_minor::int as amount from payments where reader_id = $1 and paid_at >= $2 and paid_at < $3 order by paid_at`,
        [readerIds.get(email) ?? '', from, to],
      )
    ).map(({ amount }) => amount);
  /** Stripe's moments are whole seconds, rounded down. */
  const today = () => `${service.services.now().toISOString().slice(0, 19)}Z`;

  test('the older one goes on and is never ended; nothing is charged twice for one time; the newer one ends', async () => {
    const email = 'ivy@example.org';
    await monthly(email, 500);
    await service.advance('P15D');
    const begun = today();
    await monthly(email, 200, mastercard);
    await know(email);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([
      { amount: 500, standing: 'paused', ends: false },
      { amount: 200, standing: 'active', ends: true },
    ]);
    expect([
      await lettersTo(email, 'second-gift'),
      await lettersTo(email, 'paused'),
      await lettersTo(email, 'gift-ending'),
    ]).toEqual([1, 0, 0]);
    const [letter] = await service.letters(email);
    expect(letter?.text).toContain('we cannot tell whether it was you');
    expect(letter?.text).toMatch(/rests until .* and goes on as before on/);
    expect(letter?.text).toContain('you need not do anything');
    await service.advance('P1M');
    await service.advance('PT3H');
    expect(await chargedIn(email, begun, today())).toEqual([200]);
    expect(await plansOf(email)).toMatchObject([
      { amount: 500, standing: 'active', ends: false },
      { amount: 200, standing: 'ended' },
    ]);
    await service.advance('P1M');
    await service.advance('PT3H');
    expect(await chargedIn(email, begun, today())).toEqual([200, 500]);
    expect(await lettersTo(email, 'gift-ending')).toBe(0);
    expect(await lettersTo(email, 'gift-lost')).toBe(0);
  });

  test('a year given by a stranger does not end a monthly gift, and its reader lets it go on by a button', async () => {
    const email = 'jane@example.org';
    await monthly(email, 900);
    await service.advance('PT1H');
    await service.give({ frequency: 'year', amountMinor: 3000, email, card: mastercard });
    await know(email);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([
      { standing: 'paused', ends: false },
      { standing: 'active', ends: true },
    ]);
    const [letter] = await service.letters(email);
    const way = linkIn(letter, /\/account\/second\//);
    expect(await (await fetch(way)).text()).toContain('Only the older gift goes on');
    expect((await press(way, { keeps: 'both' })).status).toBe(303);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([
      { standing: 'active', ends: false },
      { standing: 'active', ends: false },
    ]);
    // Stripe counts in seconds: which choice is the later one must show.
    await service.advance('PT1M');
    expect((await press(way, { keeps: 'older' })).status).toBe(303);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([
      { standing: 'paused', ends: false },
      { standing: 'active', ends: true },
    ]);
    await service.advance('PT1M');
    expect((await press(way, { keeps: 'newer' })).status).toBe(303);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([
      { standing: 'active', ends: true },
      { standing: 'active', ends: false },
    ]);
    expect(await lettersTo(email, 'second-gift')).toBe(1);
  });

  test('a yearly gift is not made to rest for a month: its renewal is announced', async () => {
    const email = 'kate@example.org';
    await service.give({ frequency: 'year', amountMinor: 6000, email });
    await service.advance('P1D');
    await monthly(email, 300, mastercard);
    await know(email);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([
      { amount: 6000, standing: 'active', ends: false },
      { amount: 300, standing: 'active', ends: true },
    ]);
  });

  test('should the older one be ended first, the newer one goes on in its place', async () => {
    const email = 'lena@example.org';
    await monthly(email, 500);
    await service.advance('P2D');
    await monthly(email, 700, mastercard);
    await know(email);
    await service.settled();
    const [older] = await plansOf(email);
    await service.services.stripe.subscriptions.cancel(older?.id ?? '');
    await service.settled();
    await service.advance('PT10S');
    expect(await plansOf(email)).toMatchObject([
      { amount: 500, standing: 'ended' },
      { amount: 700, standing: 'active', ends: false },
    ]);
    expect(await lettersTo(email, 'gift-ending')).toBe(1);
  });

  test('one that is overdue ends all the same, whatever the newer one is paid with', async () => {
    const email = 'mara@example.org';
    await monthly(email, 600, '4000000000000341');
    await service.advance('P1M');
    await service.advance('PT4H');
    await monthly(email, 800, mastercard);
    await know(email);
    await service.settled();
    expect(await plansOf(email)).toMatchObject([{ standing: 'ended' }, { standing: 'active', ends: false }]);
  });
});

test('who comes back after a gift has ended, or only gives once more, has no second gift', async () => {
  const email = 'gwen@example.org';
  await monthly(email, 500);
  await know(email);
  const [plan] = await plansOf(email);
  await service.services.stripe.subscriptions.update(plan?.id ?? '', { cancel_at_period_end: true });
  await service.settled();
  // Stripe counts in seconds: which gift is the newer one must show.
  await service.advance('PT1M');
  await monthly(email, 900);
  await service.give({ frequency: 'once', amountMinor: 2000, email });
  await service.settled();
  expect(await plansOf(email)).toMatchObject([{ ends: true }, { ends: false }]);
  expect(await lettersTo(email, 'second-gift')).toBe(0);
  expect(await lettersTo(email, 'gift-ending')).toBe(1);
});

test('another card for one gift leaves the other gift’s card alone', async () => {
  const email = 'hana@example.org';
  await monthly(email, 500);
  await service.advance('PT1H');
  await service.give({ frequency: 'year', amountMinor: 6000, email });
  await know(email);
  const { stripe } = service.services;
  const [one, other] = await plansOf(email);
  const cardOf = async (id = '') => {
    const subscription = await stripe.subscriptions.retrieve(id, { expand: ['customer'] });
    const { customer } = subscription;
    if (typeof customer === 'string' || customer.deleted) throw new Error('Not expanded');
    return [
      customer.id,
      subscription.default_payment_method,
      customer.invoice_settings.default_payment_method,
    ];
  };
  const before = await cardOf(other?.id);
  const [letter] = (await service.letters(email)).filter(({ text }) => text.includes('/account/manage/'));
  const { rows } = await service.pool.query('select id from memberships where stripe_subscription_id = $1', [
    one?.id,
  ]);
  const opened = await press(linkIn(letter, /\/account\/manage\//), { gift: rows[0]?.id, to: 'card' });
  const portal = opened.headers.get('location') ?? '';
  await press(`${portal}/card`, { card: '5555555555554444' });
  await service.settled();
  expect(await cardOf(other?.id)).toEqual(before);
  expect((await cardOf(one?.id))[0]).not.toBe(before[0]);
});

describe('killed at any point', () => {
  /** What a pair asks of Stripe when the older gift was collected once more before it could be stopped. */
  const calls = [
    'subscriptions.retrieve',
    'subscriptions.retrieve',
    'subscriptions.update',
    'invoices.list',
    'invoicePayments.list',
    'refunds.list',
    'refunds.create',
  ];
  const changing = ['subscriptions.update', 'refunds.create'];
  /** Before each call, and after those that changed something there. */
  const points = calls.flatMap((call, at) => [
    { after: at + 1, acted: false },
    ...(changing.includes(call) ? [{ after: at + 1, acted: true }] : []),
  ]);
  const emailAt = (index: number) => `killed-${index}@example.org`;

  test('Stripe out of reach while an older gift is collected once more: all pairs wait', async () => {
    await all((index) => 300 + index);
    await service.advance('P30D');
    service.sandbox.stripe?.setFaults({ calls: { path: '/v1/subscriptions/', status: 403, times: 100_000 } });
    await all(() => 900);
    for (const index of points.keys()) await know(emailAt(index));
    await service.advance('P1D');
    await service.advance('PT5H');
    for (const [index] of points.entries()) {
      expect(await paidBy(emailAt(index))).toEqual([300 + index, 900, 300 + index]);
    }
    // From here on the house's own rounds find every pair taken, and each test is the worker that holds it.
    await service.rows("update second_gifts set leased_until = '2100-01-01' where state = 'waiting'");
    service.sandbox.stripe?.setFaults({});
  });

  async function all(amountOf: (index: number) => number): Promise<void> {
    for (const index of points.keys()) {
      const { sessionId } = await service.beginCheckout({ frequency: 'month', amountMinor: amountOf(index) });
      const email = emailAt(index);
      await service.sandbox.stripe?.pay(sessionId, {
        card: '4242424242424242',
        email,
        name: '',
        country: 'US',
      });
    }
    await service.settled();
  }

  test.each(points)('$after calls into it (done at Stripe: $acted)', async ({ after, acted }) => {
    const index = points.findIndex((point) => point.after === after && point.acted === acted);
    const email = emailAt(index);
    await service.rows(
      `update second_gifts set leased_until = '2099-01-01', due_at = $2 where reader_id = $1`,
      [readerIds.get(email), service.services.now()],
    );
    await dyingAfter(calls[after - 1] ?? '', after, acted);
    await service.rows('update second_gifts set leased_until = null where reader_id = $1', [
      readerIds.get(email),
    ]);
    await service.settled();
    await service.settled();
    const [older] = await plansOf(email);
    expect(older).toMatchObject({ ends: true, standing: 'active' });
    const back = await service.rows(
      `select a.kind, a.amount_minor::int as amount from adjustments a join payments p on p.id = a.payment_id
       where p.reader_id = $1`,
      [readerIds.get(email)],
    );
    expect(back).toEqual([{ kind: 'refund', amount: 300 + index }]);
    expect(await lettersTo(email, 'second-gift')).toBe(1);
    expect(await lettersTo(email, 'gift-ending')).toBe(0);
  });

  /** A worker that dies at its so-many-th call: it never hears the answer, and does nothing more. */
  async function dyingAfter(name: string, after: number, acted: boolean): Promise<void> {
    const { services } = service;
    let made = 0;
    let die: (told: string) => void = () => {};
    const death = new Promise<string>((resolve) => {
      die = resolve;
    });
    const mortal = <T extends object>(part: T, path: string): T =>
      new Proxy(part, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key);
          const here = path === '' ? String(key) : `${path}.${String(key)}`;
          if (typeof value === 'function' && path !== '') {
            return async (...args: unknown[]) => {
              made += 1;
              if (made < after) return value.apply(target, args);
              if (made === after && acted) await value.apply(target, args);
              die(here);
              return new Promise(() => {});
            };
          }
          return typeof value === 'object' && value !== null ? mortal(value, here) : value;
        },
      });
    const worker: Services = {
      ...services,
      stripe: mortal<Stripe>(services.stripe, ''),
      machineNow: () => new Date('2099-06-01T00:00:00Z'),
    };
    const diedAt = await Promise.race([death, keepOnePromise(worker).then(() => 'it lived')]);
    expect(diedAt).toBe(name);
  }
});
