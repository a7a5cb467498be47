// The thanks page says what happened, from the ledger.
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { outcomeOf } from '../../src/donate/thanks.tsx';
import { checkoutById } from '../../src/ledger/checkout.ts';
import { notePaidCharges } from '../../src/ledger/payment.ts';
import { findOrMakeReader } from '../../src/ledger/reader.ts';
import { transact } from '../../src/outside/database.ts';
import { type Door, openDoor } from './door.ts';

let door: Door;
let look: () => Promise<void> = async () => {};
let looks = 0;

beforeAll(async () => {
  door = await openDoor({
    lookAtCheckout: async () => {
      looks += 1;
      await look();
    },
  });
});
beforeEach(() => {
  look = async () => {};
  looks = 0;
});
afterAll(() => door.close());

async function begun(frequency = 'month', locale?: string): Promise<string> {
  const body = { frequency, currency: 'USD', amount_minor: 500, ...(locale && { locale }) };
  const answer = await request(door.site).post('/api/v1/checkouts').send(body);
  return answer.body.id;
}
const show = (id: string, query = '') =>
  request(door.site).get(`/thanks?checkout=${id}${query}`).set('Accept', 'text/html');
/** As the ledger notes it when Stripe tells of the charge. */
const paid = (id: string) =>
  transact(door.services, async (tx) => {
    const now = door.services.now();
    const readerId = await findOrMakeReader(tx, now, {
      hash: door.services.keys.addressHash(id),
      sealed: door.services.keys.seal('address', 'reader@example.org'),
      locale: 'en',
    });
    const intent = await checkoutById(tx, id);
    if (intent === null) throw new Error('No such checkout');
    const paid = {
      paymentIntentId: `pi_${id}`,
      chargeId: `ch_${id}`,
      amountMinor: 500n,
      currency: 'USD',
      paidAt: now,
      method: 'card',
      country: 'US',
    };
    await notePaidCharges(tx, [{ paid, readerId, intent }]);
  });

describe('it says', () => {
  test('thank you, once money is in the ledger, and asks Stripe no more', async () => {
    const id = await begun();
    await paid(id);
    const page = await show(id);
    expect(page.status).toBe(200);
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.text).toContain('Your first $5 has arrived. From now on you support us every month.');
    expect(page.text).not.toContain('http-equiv="refresh"');
    expect(looks).toBe(0);
  });

  test('thank you at once, when a look at Stripe brings the payment before its webhook', async () => {
    const id = await begun('once');
    look = async () => {
      await paid(id);
    };
    expect((await show(id)).text).toContain('Your gift of $5 has arrived.');
    expect(looks).toBe(1);
  });

  test('that it is on its way while the bank has not confirmed, and looks again by itself', async () => {
    const id = await begun();
    await door.rows(`update checkouts set state = 'completed', completed_at = now() where id = '${id}'`);
    const page = await show(id);
    expect(page.text).toContain('Your payment is on its way');
    expect(page.text).toContain('http-equiv="refresh"');
  });

  test('that it does not know yet, when Stripe cannot be asked', async () => {
    const id = await begun();
    look = () => Promise.reject(new Error('away'));
    const page = await show(id);
    expect(page.status).toBe(200);
    expect(page.text).toContain('you need not pay a second time');
    expect(page.text).toContain('http-equiv="refresh"');
  });

  test.each([
    ['the reader has not paid', "state = 'open'", 'The payment is not finished'],
    ['the payment page has closed', "state = 'expired'", 'Nothing was charged'],
    [
      'the bank refused in the end',
      "state = 'completed', completed_at = now(), async_failed = true",
      'There was no payment',
    ],
  ])('that nothing was charged when %s, with the way back', async (_name, change, words) => {
    const id = await begun();
    await door.rows(`update checkouts set ${change} where id = '${id}'`);
    const page = await show(id);
    expect(page.text).toContain(words);
    expect(page.text).toContain('Nothing was charged');
    expect(page.text).toContain(
      'href="/donate?frequency=month&amp;currency=USD&amp;locale=en&amp;amount=5.00"',
    );
    expect(page.text).not.toContain('http-equiv="refresh"');
  });
});

test('it speaks the language of the checkout, or the one asked for', async () => {
  const id = await begun('month', 'ru');
  await paid(id);
  expect((await show(id)).text).toContain('<html lang="ru"');
  expect((await show(id, '&locale=en')).text).toContain('<html lang="en"');
});

test('what the address says changes nothing', async () => {
  const id = await begun();
  const page = await show(id, '&paid=yes&amount=100000&state=completed');
  expect(page.text).toContain('Nothing was charged');
});

test('it leads back to an article only where the publisher has one', async () => {
  for (const [article, shown] of [
    ['http://127.0.0.1:3000/sandbox/article', true],
    ['https://elsewhere.example/article', false],
  ] as const) {
    const id = await begun();
    await paid(id);
    await door.rows(`update checkouts set article = '${article}' where id = '${id}'`);
    expect((await show(id)).text.includes(`href="${article}"`)).toBe(shown);
  }
});

test.each([['nothing'], ['00000000-0000-7000-8000-000000000000'], ["'; drop table checkouts; --"]])(
  'there is no page for the checkout %s',
  async (id) => {
    expect((await show(encodeURIComponent(id))).status).toBe(404);
  },
);

test.each([
  ['begun', false, false, 'open'],
  ['open', false, false, 'open'],
  ['open', false, true, 'paid'],
  ['completed', false, false, 'processing'],
  ['completed', true, false, 'failed'],
  ['completed', false, true, 'paid'],
  ['expired', false, false, 'expired'],
  ['expired', false, true, 'paid'],
  ['abandoned', false, false, 'expired'],
] as const)('%s, refused in the end %s, money here %s: %s', (state, asyncFailed, money, outcome) => {
  expect(outcomeOf({ state, asyncFailed }, money)).toBe(outcome);
});

describe('after a single gift', () => {
  async function gave(frequency: string): Promise<{ id: string; cookie: string }> {
    const answer = await request(door.site)
      .post('/api/v1/checkouts')
      .send({ frequency, currency: 'USD', amount_minor: 500, source: { article: 'river' } });
    await paid(answer.body.id);
    const [cookie = ''] = String(answer.headers['set-cookie']).split(';');
    return { id: answer.body.id, cookie };
  }
  const shown = async (id: string, cookie: string) => (await show(id).set('Cookie', cookie)).text;

  test('the browser that paid can be reminded to give again by one press, for half an hour', async () => {
    const { id, cookie } = await gave('once');
    const page = await shown(id, cookie);
    expect(page).toContain(`name="proof" value="${id}"`);
    // 1 March and three months, half a year, a year.
    for (const day of ['Monday 1 June', 'Tuesday 1 September', 'Monday 1 March 2027']) {
      expect(page).toContain(day);
    }
    expect(page).not.toContain('name="email"');
    const before = door.services.now();
    door.services.pass(1801);
    try {
      expect(await shown(id, cookie)).not.toContain('name="proof"');
    } finally {
      door.services.set(before);
    }
  });

  test('any other browser is led to the form that asks for an address', async () => {
    const { id } = await gave('once');
    const other = await gave('once');
    for (const cookie of ['', other.cookie, 'gift=nonsense']) {
      const page = await shown(id, cookie);
      expect(page).not.toContain('name="proof"');
      expect(page).toContain(
        'href="/remind-me?stage=again&amp;when=quarter&amp;component=thanks&amp;locale=en&amp;article=river"',
      );
    }
  });

  test('after a regular one nothing is offered: it comes by itself', async () => {
    const { id, cookie } = await gave('month');
    expect(await shown(id, cookie)).not.toContain('/remind-me');
  });
});
