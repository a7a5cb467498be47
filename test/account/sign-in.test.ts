// Readers sign in by a letter: whoever asks learns nothing of who gives, and of link, code and browser two are needed.
import express from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountRoutes } from '../../src/account/routes.ts';
import { sweepSignIns } from '../../src/account/sign-in.ts';
import { forgetReader } from '../../src/ledger/reader.ts';
import { suppress } from '../../src/letters/suppression.ts';
import { transact } from '../../src/outside/database.ts';
import { linkToken, signInCode } from '../../src/outside/tokens.ts';
import { sayErrors } from '../../src/web/errors.tsx';
import { sweepSessions } from '../../src/web/session.ts';
import { type Door, openDoor, textOf } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.close());

const fromHere = { 'Sec-Fetch-Site': 'same-origin' };
type Browser = ReturnType<typeof request.agent>;
const newBrowser = (): Browser => request.agent(door.app);
const post = (browser: Browser, path: string, form: object) =>
  browser.post(path).set(fromHere).type('form').send(form);
const ask = (browser: Browser, email: string) => post(browser, '/account/sign-in', { email });
const askByProgram = (body: object) => request(door.app).post('/api/v1/account/sign-ins').send(body);

/** A supporter who gives every month. */
async function supporter(address = 'ada@example.org', locale = 'en'): Promise<string> {
  const reader = await door.reader(address, { locale });
  await door.gift(reader);
  return reader;
}

/** What stands in the newest sign-in letter: as the letter's row says, since that is all there is of it. */
async function newestLetter(): Promise<{ path: string; code: string; wrong: string }> {
  const { rows } = await door.database.pool.query(
    "select facts->>'signInId' as id, created_at from letters where kind = 'sign-in' order by letters.id desc limit 1",
  );
  const { id, created_at: writtenAt } = rows[0];
  const until = new Date(writtenAt.getTime() + 600_000);
  const code = signInCode(door.services.keys, id);
  return {
    path: `/account/sign-in/${linkToken(door.services.keys, 'sign-in', id, until)}`,
    code,
    wrong: code === '000000' ? '000001' : '000000',
  };
}

const sessionsAlive = async () =>
  (await door.database.pool.query('select reader_id from sessions where ended_at is null')).rows.length;

describe('asking', () => {
  test('the account page asks for an address, and works without a script', async () => {
    const page = await request(door.app).get('/account').expect(200);
    expect(page.text).toContain('action="/account/sign-in"');
    expect(page.text).not.toContain('<script');
  });

  test('someone who gives is written to, in the language of their gift', async () => {
    const reader = await supporter('ada@example.org', 'ru');
    const browser = newBrowser();
    const answer = await ask(browser, ' Ada@Example.org ').expect(303);
    const page = await browser.get(String(answer.headers.location)).expect(200);
    expect(textOf(page.text)).toContain('a letter with a link and a code is on its way');
    expect(page.text).toContain('autocomplete="one-time-code"');
    expect(await lettersQueued()).toEqual([
      { kind: 'sign-in', class: 'access', reader_id: reader, locale: 'ru', facts: expect.anything() },
    ]);
    expect(door.services.nudges).toContain('letters');
  });

  test('the answer is the same for one who gives, one who only wished to be reminded, one forgotten and nobody', async () => {
    await supporter('gives@example.org');
    await door.reader('reminded@example.org');
    await door.gift(await door.reader('tried@example.org'), { standing: 'incomplete' });
    const forgotten = await supporter('forgotten@example.org');
    await transact(door.services, (tx) => forgetReader(tx, door.services.now(), forgotten));
    const pages = new Set<string>();
    const answers = new Set<string>();
    for (const who of ['gives', 'reminded', 'tried', 'forgotten', 'nobody']) {
      const browser = newBrowser();
      pages.add(told(await ask(browser, `${who}@example.org`)));
      pages.add(told(await browser.get('/account/sign-in')));
      answers.add(told(await askByProgram({ email: `${who}@example.org` }).expect(202)));
    }
    expect([...pages]).toHaveLength(2);
    expect([...answers]).toHaveLength(1);
    expect(await lettersQueued()).toHaveLength(2);
  });

  test('an answer never leaves at once, so that a row more written does not show', async () => {
    await supporter('gives@example.org');
    for (const who of ['gives', 'nobody']) {
      let answered = false;
      const asking = ask(newBrowser(), `${who}@example.org`).then(() => {
        answered = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 120));
      expect(answered).toBe(false);
      await asking;
    }
  });

  test('ten letters a day are written to an address, and the eleventh answer is the same', async () => {
    await supporter();
    const answers = new Set<string>();
    for (let times = 0; times < 12; times += 1) answers.add(told(await ask(newBrowser(), 'ada@example.org')));
    expect([...answers]).toHaveLength(1);
    expect(await lettersQueued()).toHaveLength(10);
    door.services.pass(86_400);
    await ask(newBrowser(), 'ada@example.org');
    expect(await lettersQueued()).toHaveLength(11);
  });

  test('what is no address is said at its field, and what was typed stays', async () => {
    const page = await ask(newBrowser(), 'ada@').expect(422);
    expect(page.text).toContain('value="ada@"');
    expect(page.text).toContain('aria-invalid="true"');
    const problem = await askByProgram({ email: 'ada@' }).expect(422);
    expect(problem.body.errors).toEqual([
      expect.objectContaining({ field: 'email', code: 'address-malformed' }),
    ]);
    await askByProgram({ email: ['ada@example.org'] }).expect(422);
    await askByProgram({ email: 'ada@example.org', admin: true }).expect(422);
  });

  test('a form from another site is refused, and a network that asks too often must wait', async () => {
    const elsewhere = request(door.app).post('/account/sign-in').set('Sec-Fetch-Site', 'cross-site');
    await elsewhere.type('form').send({ email: 'ada@example.org' }).expect(403);
    const strict = express();
    strict.use(accountRoutes(door.services, { askingsPerNetwork: 2 }));
    strict.use(sayErrors(door.services));
    const again = () =>
      request(strict).post('/api/v1/account/sign-ins').send({ email: 'nobody@example.org' });
    // One was spent above.
    await again().expect(202);
    const refused = await again().expect(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('no address, no code and no link stand anywhere in what is kept', async () => {
    await supporter();
    await ask(newBrowser(), 'ada@example.org');
    const { code, path } = await newestLetter();
    const { rows } = await door.database.pool.query(
      'select to_jsonb(l)::text as row from letters l union all select to_jsonb(s)::text from reader_sign_ins s',
    );
    expect(rows).toHaveLength(2);
    for (const { row } of rows) {
      expect(row).not.toContain('ada');
      expect(row).not.toContain(code);
      expect(row).not.toContain(path.slice(-30));
    }
  });
});

describe('coming in', () => {
  test('in the browser that asked, a press behind the link is enough; looking uses nothing up', async () => {
    const reader = await supporter();
    const browser = newBrowser();
    await ask(browser, 'ada@example.org');
    const { path } = await newestLetter();
    for (let looks = 0; looks < 3; looks += 1) await request(door.app).get(path).expect(200);
    const page = await browser.get(path).expect(200);
    expect(page.text).not.toContain('name="code"');
    expect(page.headers['cache-control']).toBe('no-store');
    expect(await sessionsAlive()).toBe(0);
    await post(browser, path, {})
      .expect(303)
      .expect('location', /^\/account\?/);
    const overview = await browser.get('/account').expect(200);
    expect(textOf(overview.text)).toContain('$5 a month');
    expect(overview.text).not.toContain('ada@example.org');
    const { rows } = await door.database.pool.query('select reader_id from sessions');
    expect(rows).toEqual([{ reader_id: reader }]);
  });

  test('in the browser that asked, the code alone is enough, however it is grouped', async () => {
    await supporter();
    const browser = newBrowser();
    await ask(browser, 'ada@example.org');
    const { code } = await newestLetter();
    await post(browser, '/account/sign-in/code', { code: ` ${code.slice(0, 3)} ${code.slice(3)} ` }).expect(
      303,
    );
    expect(textOf((await browser.get('/account')).text)).toContain('$5 a month');
  });

  test('another browser needs the link and the code', async () => {
    await supporter();
    await ask(newBrowser(), 'ada@example.org');
    const { path, code, wrong } = await newestLetter();
    const other = newBrowser();
    expect((await other.get(path).expect(200)).text).toContain('name="code"');
    await post(other, path, {}).expect(422);
    await post(other, '/account/sign-in/code', { code }).expect(410);
    const refused = await post(other, path, { code: wrong }).expect(422);
    expect(textOf(refused.text)).toContain('This is not the code');
    await post(other, path, { code }).expect(303);
    expect(await sessionsAlive()).toBe(1);
  });

  test('a browser that asked for another address is another browser', async () => {
    await supporter('ada@example.org');
    await supporter('ben@example.org');
    await ask(newBrowser(), 'ada@example.org');
    const { path } = await newestLetter();
    const stranger = newBrowser();
    await ask(stranger, 'ben@example.org');
    expect((await stranger.get(path)).text).toContain('name="code"');
    await post(stranger, path, {}).expect(422);
    expect(await sessionsAlive()).toBe(0);
  });

  test('twenty at once make one session', async () => {
    await supporter();
    const asked = await ask(newBrowser(), 'ada@example.org');
    const [cookie = ''] = String(asked.headers['set-cookie']).split(';');
    const { path, code } = await newestLetter();
    const by = [
      () => request(door.app).post(path).set(fromHere).set('Cookie', cookie).type('form').send({}),
      () => request(door.app).post('/api/v1/account/sessions').set('Cookie', cookie).send({ code }),
    ];
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => by[at % 2]?.()));
    expect(answers.filter((answer) => answer && answer.status < 400)).toHaveLength(1);
    expect(await sessionsAlive()).toBe(1);
  });

  test('five wrong codes are the most, also when many are tried at once', async () => {
    await supporter();
    const asked = await ask(newBrowser(), 'ada@example.org');
    const [cookie = ''] = String(asked.headers['set-cookie']).split(';');
    const { code, wrong } = await newestLetter();
    const attempt = (typed: string) =>
      request(door.app).post('/api/v1/account/sessions').set('Cookie', cookie).send({ code: typed });
    const answers = await Promise.all(Array.from({ length: 12 }, () => attempt(wrong)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 422)).toHaveLength(4);
    expect(statuses.filter((status) => status === 410)).toHaveLength(8);
    await attempt(code).expect(410);
    expect(await sessionsAlive()).toBe(0);
  });

  test('a wrong code is answered the same whether a letter was written or not', async () => {
    await supporter('gives@example.org');
    const answers = new Map<string, string[]>();
    for (const who of ['gives', 'nobody']) {
      const browser = newBrowser();
      await ask(browser, `${who}@example.org`);
      const told: string[] = [];
      for (let tries = 0; tries < 6; tries += 1) {
        const { status, text } = await post(browser, '/account/sign-in/code', { code: '1' });
        told.push(`${status} ${text}`);
      }
      answers.set(who, told);
    }
    expect(answers.get('gives')).toEqual(answers.get('nobody'));
  });

  test('link and code are good for ten minutes', async () => {
    await supporter();
    const browser = newBrowser();
    await ask(browser, 'ada@example.org');
    const { path, code } = await newestLetter();
    door.services.pass(601);
    const page = await browser.get(path).expect(410);
    expect(page.text).toContain('action="/account/sign-in"');
    await post(browser, path, {}).expect(410);
    await post(browser, path, { code }).expect(410);
    await post(browser, '/account/sign-in/code', { code }).expect(410);
    await request(door.app).post('/api/v1/account/sessions').send({ code }).expect(410);
    expect(await sessionsAlive()).toBe(0);
  });

  test('a link of another purpose and a bent one let nobody in', async () => {
    const reader = await supporter();
    const { keys, now } = door.services;
    const soon = new Date(now().getTime() + 600_000);
    for (const token of [linkToken(keys, 'manage', reader, soon), 'nothing']) {
      await request(door.app).get(`/account/sign-in/${token}`).expect(404);
      await post(newBrowser(), `/account/sign-in/${token}`, { code: '123456' }).expect(404);
    }
  });

  test('it lifts what a letter that came back meanwhile had held back, and nothing that the reader wished', async () => {
    const reader = await supporter();
    const browser = newBrowser();
    await ask(browser, 'ada@example.org');
    const { path } = await newestLetter();
    const { now } = door.services;
    await transact(door.services, (tx) => suppress(tx, now(), reader, 'dead-address'));
    await transact(door.services, (tx) => suppress(tx, now(), reader, 'unsubscribed'));
    await browser.get(path).expect(200);
    await post(browser, path, {}).expect(303);
    const { rows } = await door.database.pool.query('select reason from suppressions');
    expect(rows).toEqual([{ reason: 'unsubscribed' }]);
  });
});

describe('a session', () => {
  async function signedIn(address = 'ada@example.org'): Promise<Browser> {
    const browser = newBrowser();
    door.services.pass(1);
    await ask(browser, address);
    await post(browser, (await newestLetter()).path, {}).expect(303);
    return browser;
  }

  const formTokenOn = async (browser: Browser) =>
    /name="form_token" value="([^"]+)"/.exec((await browser.get('/account')).text)?.[1] ?? '';

  test('has a cookie that no script and no other site gets at, and a new id at each sign-in', async () => {
    await supporter();
    const browser = newBrowser();
    await ask(browser, 'ada@example.org');
    const first = await post(browser, (await newestLetter()).path, {});
    const cookies = String(first.headers['set-cookie']);
    expect(cookies).toMatch(/reader=[^;]+; Path=\/; HttpOnly; SameSite=Lax/);
    door.services.pass(1);
    await ask(browser, 'ada@example.org');
    await post(browser, (await newestLetter()).path, {}).expect(303);
    // The one that the browser had before is over.
    expect(await sessionsAlive()).toBe(1);
  });

  test('ends at once by signing out, also for a copy of its cookie', async () => {
    await supporter();
    const browser = await signedIn();
    const form_token = await formTokenOn(browser);
    const cookie = `reader=${browser.jar.getCookie('reader', { domain: '127.0.0.1', path: '/', secure: false, script: false })?.value}`;
    const copy = () => request(door.app).get('/api/v1/account').set('Cookie', cookie);
    await copy().expect(200);
    await post(browser, '/account/sign-out', { form_token }).expect(303);
    await copy().expect(401);
    expect(textOf((await browser.get('/account?left=yes')).text)).toContain('You are signed out');
  });

  test('ends on all devices by one press', async () => {
    await supporter();
    const [one, other] = [await signedIn(), await signedIn()];
    await post(one, '/account/sign-out', { form_token: await formTokenOn(one), everywhere: 'yes' });
    await other.get('/api/v1/account').expect(401);
    await one.get('/api/v1/account').expect(401);
    const last = await signedIn();
    await last.post('/api/v1/account/sign-outs').send({ everywhere: true }).expect(200);
    expect(await sessionsAlive()).toBe(0);
  });

  test('has forms that no other page can post', async () => {
    await supporter();
    const browser = await signedIn();
    for (const path of [
      '/account/gifts',
      '/account/gifts/amount',
      '/account/gifts/letters',
      '/account/sign-out',
    ]) {
      await post(browser, path, { discreet: 'yes' }).expect(403);
      await post(browser, path, { form_token: `1.${'A'.repeat(43)}` }).expect(403);
    }
    await browser.get('/account').expect(200);
  });

  test('is given a new name after a quarter of an hour, and lives for thirty days', async () => {
    await supporter();
    const browser = await signedIn();
    door.services.pass(16 * 60);
    const renewed = await browser.get('/account').expect(200);
    expect(String(renewed.headers['set-cookie'])).toContain('reader=');
    door.services.pass(30 * 86_400);
    expect((await browser.get('/account')).text).toContain('action="/account/sign-in"');
    door.services.pass(86_400);
    await sweepSessions(door.services);
    await sweepSignIns(door.services);
    const { rows } = await door.database.pool.query(
      'select 1 from sessions union all select 1 from reader_sign_ins',
    );
    expect(rows).toEqual([]);
  });

  test('ends when its reader is forgotten, and a staff cookie opens nothing here', async () => {
    const reader = await supporter();
    const browser = await signedIn();
    const value = browser.jar.getCookie('reader', {
      domain: '127.0.0.1',
      path: '/',
      secure: false,
      script: false,
    })?.value;
    await request(door.app).get('/api/v1/account').set('Cookie', `reader=${value}`).expect(200);
    await request(door.app).get('/api/v1/account').set('Cookie', `reader=${value}x`).expect(401);
    await transact(door.services, (tx) => forgetReader(tx, door.services.now(), reader));
    await browser.get('/api/v1/account').expect(401);
  });

  test('opens the same acts as the letter’s link: the portal, the amount, how letters look', async () => {
    await supporter();
    const browser = await signedIn();
    const form_token = await formTokenOn(browser);
    const opened = await post(browser, '/account/gifts', { form_token }).expect(303);
    expect(opened.headers.location).toMatch(new RegExp(`^${door.stripe.url}/p/session/`));
    const amount = await browser.get('/account/gifts/amount?amount=9.50').expect(200);
    expect(amount.text).toContain('value="9.50"');
    expect(amount.text).toContain('action="/account/gifts/amount"');
    const refused = await post(browser, '/account/gifts/amount', { form_token, amount: '0' }).expect(422);
    expect(textOf(refused.text)).toContain('The smallest monthly gift');
    await post(browser, '/account/gifts/letters', { form_token, discreet: 'yes' })
      .expect(303)
      .expect('location', /^\/account\?.*#letters$/);
    expect((await browser.get('/api/v1/account')).body).toMatchObject({ discreet: true });
    await browser.post('/api/v1/account/letters').send({ discreet: false }).expect(200);
    const elsewhere = browser.post('/api/v1/account/letters').set('Sec-Fetch-Site', 'cross-site');
    await elsewhere.send({ discreet: true }).expect(403);
    const portal = await browser.post('/api/v1/account/portals').send({}).expect(201);
    expect(portal.body.url).toContain('/p/session/');
    await request(door.app).post('/api/v1/account/portals').send({}).expect(401);
  });

  test('without one, the pages behind it lead to the sign-in', async () => {
    for (const path of ['/account/gifts', '/account/gifts/amount', '/account/years/2026']) {
      await request(door.app).get(path).expect(303).expect('location', '/account');
    }
    await post(newBrowser(), '/account/gifts', {}).expect(303).expect('location', '/account');
    await post(newBrowser(), '/account/sign-out', {}).expect(303);
    await request(door.app).get('/api/v1/account').expect(401);
  });
});

async function lettersQueued(): Promise<unknown[]> {
  const { rows } = await door.database.pool.query(
    'select kind, class, reader_id, locale, facts from letters order by created_at',
  );
  return rows;
}

/** Everything of an answer that a stranger could compare; the cookie differs with every asking. */
function told(answer: request.Response): string {
  const { date: _date, ...headers } = answer.headers;
  const cookie = String(headers['set-cookie'] ?? '').replace(/asking=[\w-]{59}/, 'asking=…');
  return JSON.stringify([answer.status, { ...headers, 'set-cookie': cookie }, answer.text]);
}
