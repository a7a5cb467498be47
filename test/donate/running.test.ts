// A reader who is known and gives every month already is shown that before they begin a second gift.
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { transact } from '../../src/outside/database.ts';
import { linkToken, sessionToken } from '../../src/outside/tokens.ts';
import { beginSession } from '../../src/web/session.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
let reader: string;
let gift: string;
let cookie: string;

beforeAll(async () => {
  service = await startService('2026-03-02T10:00:00Z');
  await service.give({ frequency: 'month', amountMinor: 500, email: 'ada@example.org' });
  const [row] = await service.rows<{ id: string; reader_id: string }>(
    'select id, reader_id from memberships',
  );
  reader = row?.reader_id ?? '';
  gift = row?.id ?? '';
});
afterAll(() => service.close());

beforeEach(async () => {
  const { services } = service;
  const machineNow = services.machineNow();
  const id = await transact(services, (tx) =>
    beginSession(tx, machineNow, { readerId: reader }, { hours: 1, endingId: null }),
  );
  cookie = `reader=${sessionToken(services.keys, 'reader', id, machineNow)}`;
});
afterEach(() => service.rows("update memberships set standing = 'active', ends_at = null"));

const site = () => request(service.url);
const giving = { frequency: 'month', currency: 'USD', amount: '8', locale: 'en', article: 'the-river' };
const give = (form: object, as = cookie) => site().post('/donate').set('Cookie', as).type('form').send(form);
const checkouts = async () => (await service.rows('select 1 from checkouts')).length;

test('the donate page says so, and leads to the amount', async () => {
  const page = await site().get('/donate').set('Cookie', cookie).expect(200);
  expect(page.text).toContain('You give $5 a month already');
  expect(page.text).toContain(`/account/gifts/amount?locale=en&amp;gift=${gift}`);
  expect(page.headers['cache-control']).toBe('no-store');
  const stranger = await site().get('/donate').expect(200);
  expect(stranger.text).not.toContain('You give $5');
});

test('a second one is not begun before its reader has said that both are meant', async () => {
  const before = await checkouts();
  const page = await give(giving).expect(409);
  // What was chosen stands ready, as the new amount of the gift that runs and as a gift beside it.
  expect(page.text).toContain(`gift=${gift}&amp;amount=8`);
  expect(page.text).toContain('name="besides" value="yes"');
  expect(page.text).toContain('name="article" value="the-river"');
  expect(await checkouts()).toBe(before);
  const amount = await site().get(`/account/gifts/amount?gift=${gift}&amount=8`).set('Cookie', cookie);
  expect(amount.text).toContain('value="8"');
  await give({ ...giving, besides: 'yes' }).expect(303);
  expect(await checkouts()).toBe(before + 1);
});

test('a single gift is one press away as ever, and so is a first one of somebody who is not known', async () => {
  await give({ ...giving, frequency: 'once' }).expect(303);
  await give(giving, '').expect(303);
});

test('programs are told the same', async () => {
  const begin = (body: object) => site().post('/api/v1/checkouts').set('Cookie', cookie).send(body);
  const wanted = { frequency: 'year', currency: 'USD', amount_minor: 6000 };
  const refused = await begin(wanted).expect(409);
  expect(refused.body.type).toContain('gift-runs-already');
  await begin({ ...wanted, besides: true }).expect(201);
  await begin({ ...wanted, frequency: 'once' }).expect(201);
});

test('one that is overdue wants another card instead', async () => {
  await service.rows("update memberships set standing = 'past_due'");
  const page = await give(giving).expect(409);
  expect(page.text).toContain('a second gift is not needed');
  expect(page.text).toMatch(/href="\/account\?locale=en"[^>]*>\s*Change my card/);
});

test('one that is over is no reason to ask', async () => {
  await service.rows("update memberships set standing = 'ended'");
  await give(giving).expect(303);
});

test('the link of one’s own reminder is known by as well, but its reader signs in first', async () => {
  const [made] = await service.rows<{ id: string }>(
    `insert into reminders (id, reader_id, state, stage, choice, time_zone, locale, send_on, created_at, due_at)
     values (gen_random_uuid(), $1, 'sent', 'before', 'month', 'UTC', 'en', '2026-02-01', '2026-01-01', '2026-02-01') returning id`,
    [reader],
  );
  const reminder = linkToken(service.services.keys, 'reminder', made?.id ?? '', null);
  const page = await give({ ...giving, reminder }, '').expect(409);
  expect(page.text).toContain('href="/account?locale=en"');
  expect(page.text).not.toContain(gift);
  await give({ ...giving, reminder, besides: 'yes' }, '').expect(303);
  await give({ ...giving, reminder: 'bent' }, '').expect(303);
});

test('both that were meant go on, and no letter asks which; what a stranger says of it counts for nothing', async () => {
  await service.sandbox.clock.advance('PT1H');
  const begun = await give({ ...giving, amount: '12', besides: 'yes' }).expect(303);
  const sessionId = /cs_test_[A-Za-z0-9]+/.exec(String(begun.headers.location))?.[0] ?? '';
  await service.sandbox.stripe?.pay(sessionId, {
    card: '4242424242424242',
    email: 'ada@example.org',
    name: 'Ada',
    country: 'US',
  });
  await service.settled();
  expect(
    await service.rows(
      `select amount_minor::int as amount, standing, ends_at as ends from memberships where reader_id = $1 order by started_at`,
      [reader],
    ),
  ).toEqual([
    { amount: 500, standing: 'active', ends: null },
    { amount: 1200, standing: 'active', ends: null },
  ]);
  expect(await service.rows('select from second_gifts')).toEqual([]);
  await give({ ...giving, besides: 'yes' }, '').expect(303);
  const [newest] = await service.rows('select besides from checkouts order by id desc limit 1');
  expect(newest).toEqual({ besides: false });
});
