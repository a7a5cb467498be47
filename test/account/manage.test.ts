// A letter's link opens one reader's gift at Stripe, by a button, and nothing else.
import request from 'supertest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkToken } from '../../src/outside/tokens.ts';
import { type Door, openDoor, textOf } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.close());

const fromHere = { 'Sec-Fetch-Site': 'same-origin' };

test('the page says which gift it is about, and names nobody', async () => {
  const reader = await door.reader('ada@example.org', { name: 'Ada Reader' });
  await door.gift(reader);
  const page = await request(door.app).get(door.manageLink(reader)).expect(200);
  expect(textOf(page.text)).toContain('$5 a month');
  expect(textOf(page.text)).toContain('Active');
  expect(page.text).not.toContain('ada@example.org');
  expect(page.text).not.toContain('Ada Reader');
  expect(page.headers['cache-control']).toBe('no-store');
});

test('opening the page changes nothing at Stripe; the button opens the portal of the gift', async () => {
  const reader = await door.reader('ada@example.org');
  const { stripeCustomerId } = await door.gift(reader);
  const path = door.manageLink(reader);
  await request(door.app).get(path).expect(200);
  expect(await portalsOpened()).toEqual([]);
  const answer = await request(door.app).post(path).set(fromHere).type('form').send({}).expect(303);
  expect(answer.headers.location).toMatch(new RegExp(`^${door.stripe.url}/p/session/`));
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(await portalsOpened()).toEqual([stripeCustomerId]);
});

test('the portal is our own: the card and the ending, no address, no amounts, and back to our page', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader);
  const press = () => request(door.app).post(door.manageLink(reader)).set(fromHere).type('form').send({});
  await press().expect(303);
  await press().expect(303);
  const saved = await door.services.stripe.billingPortal.configurations.list();
  expect(saved.data).toHaveLength(1);
  expect(saved.data[0]).toMatchObject({
    metadata: { favor: 'portal' },
    default_return_url: 'http://localhost:3000/account/manage/back',
    features: {
      customer_update: { enabled: false },
      invoice_history: { enabled: false },
      payment_method_update: { enabled: true },
      subscription_cancel: { enabled: true, mode: 'at_period_end' },
      subscription_update: { enabled: false },
    },
  });
  await request(door.app).get('/account/manage/back').expect(200);
});

test('a running gift goes before a newer one that has ended', async () => {
  const reader = await door.reader('ada@example.org');
  const running = await door.gift(reader, { startedAt: new Date('2025-01-01T00:00:00Z') });
  await door.gift(reader, {
    standing: 'ended',
    endedAt: new Date('2026-02-20T00:00:00Z'),
    startedAt: new Date('2026-02-01T00:00:00Z'),
  });
  await request(door.app).post(door.manageLink(reader)).set(fromHere).type('form').send({}).expect(303);
  expect(await portalsOpened()).toEqual([running.stripeCustomerId]);
});

test('of gifts that have all ended the newest is shown as ended', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader, {
    standing: 'ended',
    amountMinor: 300n,
    startedAt: new Date('2024-01-01T00:00:00Z'),
  });
  await door.gift(reader, {
    standing: 'ended',
    amountMinor: 700n,
    endedAt: new Date('2026-02-20T00:00:00Z'),
  });
  const page = await request(door.app).get(door.manageLink(reader)).expect(200);
  expect(textOf(page.text)).toContain('Your gift has ended');
  expect(textOf(page.text)).toContain('$7 a month');
  expect(textOf(page.text)).toContain('Ended on 20 February 2026');
  expect(textOf(page.text)).not.toContain('$3');
});

test('gifts of different customers each have their own button, and each opens its own portal', async () => {
  const reader = await door.reader('ada@example.org');
  const monthly = await door.gift(reader);
  const yearly = await door.gift(reader, { interval: 'year', amountMinor: 6000n });
  const path = door.manageLink(reader);
  const page = await request(door.app).get(path).expect(200);
  expect(textOf(page.text)).toContain('$60 a year');
  expect(page.text.match(/Go to Stripe/g)).toHaveLength(2);
  for (const gift of [monthly, yearly]) {
    await request(door.app).post(path).set(fromHere).type('form').send({ gift: gift.id }).expect(303);
  }
  expect((await portalsOpened()).sort()).toEqual([monthly.stripeCustomerId, yearly.stripeCustomerId].sort());
});

test('gifts of one customer share a button', async () => {
  const reader = await door.reader('ada@example.org');
  const { stripeCustomerId } = await door.gift(reader);
  await door.gift(reader, { stripeCustomerId, interval: 'year', amountMinor: 6000n });
  const page = await request(door.app).get(door.manageLink(reader)).expect(200);
  expect(page.text.match(/Go to Stripe/g)).toHaveLength(1);
  expect(textOf(page.text)).toContain('$5 a month');
  expect(textOf(page.text)).toContain('$60 a year');
});

test("another reader's gift cannot be named", async () => {
  const ada = await door.reader('ada@example.org');
  await door.gift(ada);
  const other = await door.gift(await door.reader('ben@example.org'));
  const link = door.manageLink(ada);
  await request(door.app).post(link).set(fromHere).type('form').send({ gift: other.id }).expect(422);
  expect(await portalsOpened()).toEqual([]);
});

test('an expired link leads to the form for a new one, by page and by button', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader);
  const path = door.manageLink(reader);
  door.services.pass(30 * 86_400);
  for (const ask of [
    request(door.app).get(path),
    request(door.app).post(path).set(fromHere).type('form').send({}),
  ]) {
    const page = await ask.expect(410);
    expect(page.text).toContain('action="/account/sign-in"');
    expect(textOf(page.text)).not.toContain('$5');
  }
  expect(await portalsOpened()).toEqual([]);
});

test('a link of another purpose, a bent one and a forgotten reader’s open nothing', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader);
  const { keys, now } = door.services;
  const tomorrow = new Date(now().getTime() + 86_400_000);
  const good = door.manageLink(reader);
  for (const path of [
    `/account/manage/${linkToken(keys, 'unsubscribe', reader, tomorrow)}`,
    `${good.slice(0, 30)}${good[30] === 'A' ? 'B' : 'A'}${good.slice(31)}`,
    '/account/manage/nothing',
  ]) {
    const page = await request(door.app).get(path).expect(404);
    expect(page.text).toContain('action="/account/sign-in"');
    await request(door.app).post(path).set(fromHere).type('form').send({}).expect(404);
  }
  await request(door.app).get(good).expect(200);
  await door.database.pool.query('update readers set erased_at = now()');
  await request(door.app).get(good).expect(404);
  expect(await portalsOpened()).toEqual([]);
});

test('a form from another site is refused', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader);
  const post = request(door.app).post(door.manageLink(reader)).set('Sec-Fetch-Site', 'cross-site');
  await post.type('form').send({}).expect(403);
  expect(await portalsOpened()).toEqual([]);
});

test('while Stripe is away the page says so, changes nothing and keeps its button', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader);
  const path = door.manageLink(reader);
  door.stripe.setFaults({ calls: { path: '/v1/billing_portal/sessions', status: 500, times: 4 } });
  const page = await request(door.app).post(path).set(fromHere).type('form').send({}).expect(503);
  expect(textOf(page.text)).toContain('Nothing was changed');
  expect(page.text).toContain(`action="${path}"`);
  expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
});

test('a customer that Stripe has forgotten is told as gone', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader, { stripeCustomerId: 'cus_forgotten' });
  const post = request(door.app).post(door.manageLink(reader)).set(fromHere).type('form').send({});
  expect(textOf((await post.expect(404)).text)).toContain('nothing more will be charged');
});

test('the page speaks the language of the letter unless another is chosen', async () => {
  const reader = await door.reader('ada@example.org', { locale: 'ru' });
  await door.gift(reader, { endsAt: new Date('2026-04-02T10:00:00Z') });
  const path = door.manageLink(reader);
  const russian = await request(door.app).get(path).set('Accept-Language', 'en').expect(200);
  expect(russian.text).toContain('<html lang="ru"');
  expect(textOf(russian.text)).toContain('Закончится 2 апреля 2026');
  const english = await request(door.app).get(`${path}?locale=en`).expect(200);
  expect(textOf(english.text)).toContain('Ends on 2 April 2026');
  // What has an end already need not be ended: it can be kept after all.
  expect(textOf(english.text)).toContain('you can keep your gift after all');
  expect(textOf(english.text)).not.toContain('end your gift');
});

test('programs open the portal with the same rules', async () => {
  const reader = await door.reader('ada@example.org');
  const { stripeCustomerId } = await door.gift(reader);
  const token = door.manageLink(reader).split('/').at(-1);
  const post = () => request(door.app).post('/api/v1/account/portals');
  const opened = await post().send({ token }).expect(201);
  expect(opened.body.url).toMatch(new RegExp(`^${door.stripe.url}/p/session/`));
  expect(await portalsOpened()).toEqual([stripeCustomerId]);
  const refused = await post().send({ token: 'nothing' }).expect(404);
  expect(refused.type).toBe('application/problem+json');
  door.stripe.setFaults({ calls: { path: '/v1/billing_portal/sessions', status: 500, times: 4 } });
  expect((await post().send({ token }).expect(503)).body.type).toContain('payments-unavailable');
});

/** The customers whose portal was opened, as Stripe tells it. */
async function portalsOpened(): Promise<string[]> {
  const { data } = await door.services.stripe.events.list({ type: 'billing_portal.session.created' });
  return data.map((event) => {
    const opened = event.data.object;
    return 'customer' in opened && typeof opened.customer === 'string' ? opened.customer : '';
  });
}
