// Beginning a checkout: an intent here, a session there, and honest words when Stripe is away.
import type { RequestListener } from 'node:http';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sessionFor } from '../../src/donate/checkout.ts';
import type { Gift } from '../../src/donate/gift.ts';
import { linkToken } from '../../src/outside/tokens.ts';
import type { Frequency } from '../../src/values/money.ts';
import { type Door, openDoor } from './door.ts';

let door: Door;
const opened: string[] = [];

beforeAll(async () => {
  door = await openDoor({
    reminderOpened: async (_tx, _now, reminderId) => {
      opened.push(reminderId);
    },
  });
});
beforeEach(async () => {
  await door.rows('truncate checkouts, idempotent_answers, limits cascade');
});
afterAll(() => door.close());

const monthly = { frequency: 'month', currency: 'USD', amount_minor: 500 };
const begin = (body: object, headers: Record<string, string> = {}) =>
  request(door.site).post('/api/v1/checkouts').set(headers).send(body);
const submit = (fields: Record<string, string>, site = door.site) =>
  request(site)
    .post('/donate')
    .type('form')
    .set({ Accept: 'text/html', 'Sec-Fetch-Site': 'same-origin' })
    .send(
      new URLSearchParams({
        frequency: 'month',
        currency: 'USD',
        amount_month: '5.00',
        ...fields,
      }).toString(),
    );
const sessionOf = async (url: string) => {
  const [id = ''] = /cs_test_[A-Za-z0-9]+/.exec(url) ?? [];
  return door.services.stripe.checkout.sessions.retrieve(id, { expand: ['line_items'] });
};

describe('Stripe is asked for', () => {
  test('a monthly gift as a subscription that carries our mark', async () => {
    const answer = await begin({ ...monthly, source: { article: 'the-river', campaign: 'spring' } });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { id, url } = answer.body;
    const session = await sessionOf(url);
    expect(session).toMatchObject({
      mode: 'subscription',
      client_reference_id: id,
      metadata: { favor_checkout: id, favor_kind: 'month' },
      success_url: `http://localhost:3000/thanks?checkout=${id}`,
      currency: 'usd',
      amount_total: 500,
    });
    expect(session.cancel_url).toBe(
      'http://localhost:3000/donate?frequency=month&currency=USD&amount=5.00&locale=en&article=the-river&campaign=spring&cancelled=yes',
    );
    expect(await door.rows('select * from checkouts')).toMatchObject([
      {
        id,
        state: 'open',
        frequency: 'month',
        amount_minor: '500',
        fees_covered_minor: '0',
        currency: 'USD',
        article: 'the-river',
        campaign: 'spring',
        stripe_session_id: session.id,
      },
    ]);
  });

  test('a one-off gift as a donation, the covered fees within one amount', async () => {
    const { body } = await begin({
      ...monthly,
      frequency: 'once',
      amount_minor: 2500,
      cover_fees: true,
      email: 'reader@example.org',
    });
    const session = await sessionOf(body.url);
    // (2500 + 30) / 0.971 = 2605.6
    expect(session).toMatchObject({
      mode: 'payment',
      submit_type: 'donate',
      amount_total: 2606,
      customer_email: 'reader@example.org',
    });
    expect(await door.rows('select amount_minor, fees_covered_minor from checkouts')).toEqual([
      { amount_minor: '2606', fees_covered_minor: '106' },
    ]);
    expect(JSON.stringify(await door.rows('select * from checkouts'))).not.toContain('reader@example.org');
  });

  test('yen without decimals', async () => {
    const { body } = await begin({ frequency: 'year', currency: 'JPY', amount_minor: 6000 });
    expect(await sessionOf(body.url)).toMatchObject({ amount_total: 6000, currency: 'jpy' });
  });
});

describe('our mark is also on what brings the money, so that each of Stripe’s objects is known as ours by itself', () => {
  const gift = (frequency: Frequency): Gift & { locale: 'en' } => ({
    frequency,
    amount: { amountMinor: 500n, currency: 'USD' },
    cover: { amountMinor: 0n, currency: 'USD' },
    locale: 'en',
    address: null,
    source: {},
    reminderToken: null,
  });

  test.each(['once', 'month', 'year'] as const)('%s', (frequency) => {
    const params = sessionFor(door.services, 'an-intent', gift(frequency));
    const mark = {
      favor_checkout: 'an-intent',
      favor_kind: frequency,
      favor_amount: '500',
      favor_locale: 'en',
    };
    expect(params).toMatchObject({ client_reference_id: 'an-intent', metadata: mark });
    if (frequency === 'once') {
      expect(params.payment_intent_data?.metadata).toEqual(mark);
      expect(params.subscription_data).toBeUndefined();
    } else {
      expect(params.subscription_data?.metadata).toEqual(mark);
      expect(params.payment_intent_data).toBeUndefined();
      expect(params.line_items?.[0]?.price_data?.recurring).toEqual({ interval: frequency });
    }
  });

  test.each(['once', 'month', 'year'] as const)(
    '%s, with a name that tells nothing where that is wished',
    (frequency) => {
      const { config } = door.services;
      const discreet = { ...config, publication: { ...config.publication, discreet: true } };
      const plain = JSON.stringify(sessionFor({ config }, 'an-intent', gift(frequency)));
      const params = JSON.stringify(sessionFor({ config: discreet }, 'an-intent', gift(frequency)));
      expect(plain).toContain(config.publication.name);
      expect(params).not.toContain(config.publication.name);
      expect(params).not.toContain('statement_descriptor');
    },
  );
});

describe('sent twice', () => {
  test('with one Idempotency-Key it is one checkout; with another body it is refused', async () => {
    const key = { 'Idempotency-Key': 'a-key' };
    const [first, second] = [await begin(monthly, key), await begin({ ...monthly }, key)];
    expect(second.body).toEqual(first.body);
    expect(second.status).toBe(201);
    const other = await begin({ ...monthly, amount_minor: 600 }, key);
    expect([other.status, other.body.type]).toEqual([422, 'tag:small-favor,2026:idempotency-mismatch']);
    expect(await door.rows('select 1 from checkouts')).toHaveLength(1);
  });

  test('a double click is one checkout', async () => {
    const answers = await Promise.all([
      submit({ key: 'a-form' }),
      submit({ key: 'a-form' }),
      submit({ key: 'a-form' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1);
    expect(await door.rows('select 1 from checkouts')).toHaveLength(1);
  });

  test('back in the browser with another amount it is another checkout', async () => {
    const first = await submit({ key: 'a-form' });
    const second = await submit({ key: 'a-form', amount_month: '10.00' });
    expect(second.headers.location).not.toBe(first.headers.location);
    expect(await door.rows('select amount_minor from checkouts order by created_at, id')).toEqual([
      { amount_minor: '500' },
      { amount_minor: '1000' },
    ]);
  });

  test('after the first has lapsed it is a new one, and after it was completed it leads to the thanks', async () => {
    const first = await submit({ key: 'a-form' });
    await door.rows("update checkouts set state = 'expired'");
    const second = await submit({ key: 'a-form' });
    expect(second.headers.location).not.toBe(first.headers.location);
    await door.rows("update checkouts set state = 'completed' where state = 'open'");
    const third = await submit({ key: 'a-form' });
    expect(third.headers.location).toMatch(/^\/thanks\?checkout=/);
    expect(await door.rows('select 1 from checkouts')).toHaveLength(2);
  });
});

describe('a reminder’s link', () => {
  const reminderId = '0190f3a0-0000-7000-8000-000000000001';

  test('is carried to the intent and counted there', async () => {
    const token = linkToken(door.services.keys, 'reminder', reminderId, null);
    await submit({ reminder: token });
    expect(await door.rows('select reminder_id from checkouts')).toEqual([{ reminder_id: reminderId }]);
    expect(opened).toEqual([reminderId]);
  });

  test('that is not whole takes nothing from the gift', async () => {
    expect((await submit({ reminder: 'not-a-token' })).status).toBe(303);
    expect(await door.rows('select reminder_id from checkouts')).toEqual([{ reminder_id: null }]);
  });
});

describe('when Stripe', () => {
  const failing: Record<string, RequestListener> = {
    'answers with errors': (_req, res) => {
      res.writeHead(500, { 'content-type': 'application/json' });
      res.end('{"error":{"type":"api_error","message":"trouble"}}');
    },
    'hangs up': (req) => {
      req.socket.destroy();
    },
    'says nothing': () => {},
    // Never silent for long, so that only the whole wait can end it.
    'answers drop by drop': (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const drops = setInterval(() => res.write(' '), 300);
      res.on('close', () => clearInterval(drops));
    },
  };

  test.each(Object.entries(failing))(
    '%s, the reader soon reads that nothing was charged, and keeps what was chosen',
    async (_name, answer) => {
      const site = await door.withStripe(answer);
      const [form, api] = await Promise.all([
        submit({ amount_month: 'other', amount: '7.50', campaign: 'spring' }, site),
        request(site).post('/api/v1/checkouts').send(monthly),
      ]);
      expect(form.status).toBe(503);
      expect(form.text).toContain('Nothing was charged.');
      expect(form.text).toContain('value="7.50"');
      expect(form.text).toContain('name="campaign" value="spring"');
      expect([api.status, api.body.type]).toEqual([503, 'tag:small-favor,2026:payments-unavailable']);
      expect(await door.rows('select state, stripe_session_id from checkouts')).toEqual([
        { state: 'abandoned', stripe_session_id: null },
        { state: 'abandoned', stripe_session_id: null },
      ]);
    },
  );

  test('was away and is back, the same form works', async () => {
    let away = true;
    const down = await door.withStripe((req, res) => {
      if (away) return req.socket.destroy();
      const through = new URL(req.url ?? '', door.stripe.url);
      const body: Buffer[] = [];
      req.on('data', (part: Buffer) => body.push(part));
      req.on('end', async () => {
        const answer = await fetch(through, {
          method: req.method ?? 'POST',
          headers: {
            authorization: req.headers.authorization ?? '',
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: Buffer.concat(body),
        });
        res.writeHead(answer.status, { 'content-type': 'application/json' });
        res.end(await answer.text());
      });
    });
    expect((await submit({ key: 'patient' }, down)).status).toBe(503);
    away = false;
    expect((await submit({ key: 'patient' }, down)).status).toBe(303);
  });
});

describe('a gift that the donate page itself begins is counted to it', () => {
  const hidden = async (query: string) => {
    const { text } = await request(door.site).get(`/donate${query}`).set('Accept', 'text/html');
    return /name="component" value="([^"]*)"/.exec(text)?.[1];
  };

  test.each([
    ['', 'donate'],
    ['?amount=10&campaign=spring', 'donate'],
    ['?component=letter', 'letter'],
    [`?campaign=${'a'.repeat(3000)}`, 'donate'],
  ])('/donate%s', async (query, component) => {
    expect(await hidden(query)).toBe(component);
  });

  test('also where a form says nothing of it; a request says it for itself', async () => {
    await submit({});
    await submit({ component: 'appeal' });
    await begin(monthly);
    expect(await door.rows('select component from checkouts order by created_at, id')).toEqual([
      { component: 'donate' },
      { component: 'appeal' },
      { component: null },
    ]);
  });
});

test('the currency’s sign stands on the side where the language has it', async () => {
  const box = async (locale: string) => {
    const { text } = await request(door.site).get(`/donate?locale=${locale}`).set('Accept', 'text/html');
    return /<div class="box">(.*?)<\/div>/.exec(text)?.[1];
  };
  expect(await box('en')).toMatch(/^<span class="sign"[^>]*>\$<\/span><input/);
  expect(await box('ru')).toMatch(/^<input[^>]*><span class="sign"[^>]*>\$<\/span>$/);
});

test.each([
  ['put', '/donate', 'GET, HEAD, POST'],
  ['get', '/api/v1/checkouts', 'POST'],
  ['delete', '/thanks', 'GET, HEAD'],
] as const)('%s %s: 405, and what it does answer to', async (method, path, allowed) => {
  const answer = await request(door.site)[method](path);
  expect([answer.status, answer.headers.allow]).toEqual([405, allowed]);
});

test('the mark of SEPA stands only where euros are given', async () => {
  const shown = async (currency: string) =>
    (await request(door.site).get(`/donate?currency=${currency}`).set('Accept', 'text/html')).text;
  expect(await shown('EUR')).toContain('SEPA');
  expect(await shown('USD')).not.toContain('SEPA');
});

describe('a form is refused', () => {
  test('from elsewhere', async () => {
    const answer = await request(door.site)
      .post('/donate')
      .type('form')
      .set({ Accept: 'text/html', 'Sec-Fetch-Site': 'cross-site', Origin: 'https://elsewhere.example' })
      .send('frequency=month&currency=USD&amount=5');
    expect(answer.status).toBe(403);
    expect(await door.rows('select 1 from checkouts')).toEqual([]);
  });

  test('with too small an amount, in words that say what to do', async () => {
    const answer = await submit({ amount_month: 'other', amount: '1' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('The smallest monthly gift is $2. Please enter 2 or more.');
    expect(answer.text).toContain('aria-invalid="true"');
    const api = await begin({ ...monthly, amount_minor: 100 });
    expect(api.body).toMatchObject({
      status: 422,
      errors: [
        {
          field: 'amount_minor',
          code: 'amount-too-small',
          detail: 'The smallest monthly gift is $2. Please give 200 minor units or more.',
        },
      ],
    });
  });

  test('with far too large an amount, in words that name the largest', async () => {
    const answer = await submit({ amount_month: 'other', amount: '99999999999999999999' });
    expect(answer.text).toContain('The largest monthly gift we can take here is $1,000.');
    expect((await begin({ ...monthly, amount_minor: 1e20 })).body.detail).toContain('$1,000');
  });

  test('in a request, in words that speak of minor units', async () => {
    const { body } = await begin({ ...monthly, amount_minor: 5.5 });
    expect(body.errors).toEqual([
      {
        field: 'amount_minor',
        code: 'amount-not-minor',
        detail: 'Please give the amount as a whole number of minor units.',
      },
    ]);
  });

  test('and still leads to the other language, with what was chosen', async () => {
    const { text } = await submit({
      amount_month: 'other',
      amount: '1',
      cover_fees: 'yes',
      campaign: 'spring',
      email: 'reader@example.org',
    });
    const [, href = ''] = /<a href="([^"]+)" lang="ru"/.exec(text) ?? [];
    expect(href.replaceAll('&amp;', '&')).toBe(
      '/donate?frequency=month&currency=USD&amount=1&cover_fees=yes&component=donate&campaign=spring&locale=ru',
    );
  });

  test('in the language it was shown in', async () => {
    expect((await submit({ amount_month: 'other', amount: '1', locale: 'ru' })).text).toContain(
      'Самый маленький ежемесячный взнос',
    );
  });
});
