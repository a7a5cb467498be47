// Stripe misbehaving: too busy, broken, slow, silent. Nothing is doubled, the reader soon reads an honest page, and what waits is done later.
import type Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Faults } from '../../src/sandbox/stripe/stand-in.ts';
import { linkIn, press, startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-03-02T10:00:00Z');
});
afterEach(() => service.sandbox.stripe?.setFaults({}));
afterAll(() => service.close());

const misbehave = (calls: NonNullable<Faults['calls']>) => service.sandbox.stripe?.setFaults({ calls });
const sessionsPath = '/v1/checkout/sessions';

async function sessionsOf(checkoutId: string): Promise<Stripe.Checkout.Session[]> {
  const { data } = await service.services.stripe.checkout.sessions.list({ limit: 100 });
  return data.filter((session) => session.client_reference_id === checkoutId);
}

async function giveByForm(
  key: string,
): Promise<{ status: number; text: string; location: string | null; ms: number }> {
  const begun = performance.now();
  const answer = await fetch(`${service.url}/donate`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin', accept: 'text/html' },
    body: new URLSearchParams({
      frequency: 'once',
      currency: 'USD',
      amount_once: 'other',
      amount: '31',
      key,
    }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    text,
    location: answer.headers.get('location'),
    ms: performance.now() - begun,
  };
}

const latestCheckout = async () => {
  const [row] = await service.rows<{ id: string; state: string }>(
    'select id, state from checkouts order by created_at desc, id desc limit 1',
  );
  return row ?? { id: '', state: '' };
};

describe('while a checkout is begun', () => {
  const passing: [string, Omit<NonNullable<Faults['calls']>, 'path'>][] = [
    ['refuses twice as too busy', { status: 429, times: 2 }],
    ['fails once before it acts', { status: 500, times: 1 }],
    ['closes the connection before it acts', { status: 0, times: 1 }],
    ['acts, and its answer is lost', { status: 0, times: 1, after_effect: true }],
    ['acts slowly', { status: 200, times: 1, delay_ms: 1200 }],
    ['acts so slowly that the first try is given up', { status: 200, times: 1, delay_ms: 2600 }],
  ];
  test.each(passing)('and Stripe %s: the reader gets to the one payment page', async (name, fault) => {
    misbehave({ path: sessionsPath, ...fault });
    const answer = await giveByForm(name);
    service.sandbox.stripe?.setFaults({});
    const { id, state } = await latestCheckout();
    const sessions = await sessionsOf(id);
    expect([answer.status, state, sessions.length]).toEqual([303, 'open', 1]);
    expect(answer.location).toContain(sessions[0]?.id);
    expect(answer.ms).toBeLessThan(5000);
  });

  test('and Stripe acts, but says 500 and remembers that: nothing is charged, nobody has that page, the next try is a new one', async () => {
    misbehave({ path: sessionsPath, status: 500, times: 1, after_effect: true });
    const first = await giveByForm('saved');
    expect(first.status).toBe(503);
    expect(first.text).toContain('Nothing was charged.');
    expect(first.text).toContain('value="31"');
    const abandoned = await latestCheckout();
    expect(abandoned.state).toBe('abandoned');
    expect(await sessionsOf(abandoned.id)).toHaveLength(1);
    const second = await giveByForm('saved');
    expect(second.status).toBe(303);
    const begun = await latestCheckout();
    expect(begun.id).not.toBe(abandoned.id);
    expect(await sessionsOf(begun.id)).toHaveLength(1);
    await service.advance('P2D');
    expect(await service.rows(`select state from checkouts where id = '${abandoned.id}'`)).toEqual([
      { state: 'expired' },
    ]);
  });

  const lasting: [string, Omit<NonNullable<Faults['calls']>, 'path'>][] = [
    ['is too busy', { status: 429, times: 50 }],
    ['is broken', { status: 500, times: 50 }],
    ['hangs up', { status: 0, times: 50 }],
    ['says nothing', { status: 200, times: 50, delay_ms: 20_000 }],
  ];
  test.each(lasting)('and Stripe %s: an honest page, within five seconds', async (name, fault) => {
    misbehave({ path: sessionsPath, ...fault });
    const answer = await giveByForm(`long ${name}`);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('Nothing was charged.');
    expect(answer.ms).toBeLessThan(5000);
    expect((await latestCheckout()).state).toBe('abandoned');
  });
});

describe('after the payment', () => {
  /** A gift that is paid, of which no webhook has told yet. */
  async function paidUnheard(email: string): Promise<string> {
    const { id, sessionId } = await service.beginCheckout({ frequency: 'once', amountMinor: 4100 });
    service.sandbox.stripe?.setFaults({ webhooks: { delay_s: 600 } });
    await service.sandbox.stripe?.pay(sessionId, {
      card: '4242424242424242',
      email,
      name: 'A Reader',
      country: 'US',
    });
    return id;
  }

  test.each([
    ['is slow', { status: 200, times: 50, delay_ms: 20_000 }],
    ['is broken', { status: 500, times: 50 }],
    ['hangs up', { status: 0, times: 50 }],
  ])(
    'and Stripe %s: the thanks page says within five seconds that it is not sure, and later that it is',
    async (name, fault) => {
      const id = await paidUnheard(`${name.replace(' ', '-')}@example.org`);
      service.sandbox.stripe?.setFaults({
        webhooks: { delay_s: 600 },
        calls: { path: sessionsPath, ...fault },
      });
      const begun = performance.now();
      const page = await fetch(`${service.url}/thanks?checkout=${id}`);
      expect(performance.now() - begun).toBeLessThan(5000);
      expect(page.status).toBe(200);
      expect(await service.rows(`select 1 from payments where checkout_id = '${id}'`)).toEqual([]);
      service.sandbox.stripe?.setFaults({});
      await fetch(`${service.url}/thanks?checkout=${id}`);
      await service.settled();
      await service.advance('PT15M');
      expect(await service.rows(`select amount_minor from payments where checkout_id = '${id}'`)).toEqual([
        { amount_minor: '4100' },
      ]);
    },
  );

  test.each([
    ['too busy', { status: 429, times: 6 }],
    ['broken', { status: 500, times: 6 }],
    ['cutting connections', { status: 0, times: 6 }],
  ])('and Stripe is %s when fees are asked for: they come later, once', async (name, fault) => {
    misbehave({ path: '/v1/payment_intents', ...fault });
    const { id } = await service.give({
      frequency: 'once',
      amountMinor: 5200,
      email: `${name.replaceAll(' ', '-')}-fees@example.org`,
    });
    service.sandbox.stripe?.setFaults({});
    await service.advance('P1D');
    // 2.9 % and 0.30 of 52.00.
    expect(await service.rows(`select fee_minor from payments where checkout_id = '${id}'`)).toEqual([
      { fee_minor: '181' },
    ]);
  });
});

describe('while a member looks after their gift', () => {
  let manage: string;
  beforeAll(async () => {
    await service.give({ frequency: 'month', amountMinor: 6100, email: 'member@example.org' });
    const [letter] = await service.letters('member@example.org');
    manage = linkIn(letter, /\/account\/manage\//);
  });

  const ways: [string, string, () => Promise<Response>][] = [
    ['another card', '/v1/billing_portal', () => press(manage, { to: 'card' })],
    ['another amount', '/v1/subscriptions', () => press(`${manage}/amount`, { amount: '70' })],
  ];
  const troubles: [string, Omit<NonNullable<Faults['calls']>, 'path'>][] = [
    ['says nothing', { status: 200, times: 50, delay_ms: 20_000 }],
    ['is broken', { status: 500, times: 50 }],
  ];
  test.each(
    ways.flatMap(([what, path, ask]) =>
      troubles.map(([name, fault]) => [`${what}, and Stripe ${name}`, path, ask, fault] as const),
    ),
  )(
    '%s: an honest page within five seconds, and nothing is changed',
    async (_what, path, ask, fault) => {
      misbehave({ path, ...fault });
      const begun = performance.now();
      const answer = await ask();
      expect(performance.now() - begun).toBeLessThan(5000);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toMatch(/cannot be reached|Nothing was (charged|changed)/);
      expect(
        await service.rows('select amount_minor::int as amount from memberships where amount_minor >= 6100'),
      ).toEqual([{ amount: 6100 }]);
    },
    20_000,
  );

  test('and Stripe says nothing of the invoice that a letter leads to: the reader’s own page, within five seconds', async () => {
    misbehave({ path: '/v1/invoices', status: 200, times: 50, delay_ms: 20_000 });
    const begun = performance.now();
    const answer = await fetch(`${manage}/invoice`);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('$61')]);
  });
});
