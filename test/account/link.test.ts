// A lost link is mailed anew: whoever asks learns nothing of who gives.
import express from 'express';
import request from 'supertest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accountRoutes } from '../../src/account/routes.ts';
import { readLinkToken } from '../../src/outside/tokens.ts';
import { sayErrors } from '../../src/web/errors.tsx';
import { type Door, openDoor, textOf } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.close());

const fromHere = { 'Sec-Fetch-Site': 'same-origin' };
const ask = (email: string) =>
  request(door.app).post('/account/link').set(fromHere).type('form').send({ email });
const askByProgram = (body: object) => request(door.app).post('/api/v1/account/links').send(body);

test('the account page leads to the form, and the form works without a script', async () => {
  const page = await request(door.app).get('/account').expect(200);
  expect(page.text).toContain('href="/account/link?locale=en"');
  const form = await request(door.app).get('/account/link').expect(200);
  expect(form.text).toContain('method="post"');
  expect(form.text).not.toContain('<script');
});

test('someone who gives every month is written to, in the language of their gift', async () => {
  const reader = await door.reader('ada@example.org', { locale: 'ru' });
  const { id } = await door.gift(reader);
  const answer = await ask(' Ada@Example.org ').expect(303);
  const page = await request(door.app).get(String(answer.headers.location)).expect(200);
  expect(textOf(page.text)).toContain('a letter with the link is on its way');
  expect(await lettersQueued()).toEqual([
    { kind: 'manage-link', class: 'access', reader_id: reader, locale: 'ru', facts: { membershipId: id } },
  ]);
  expect(door.services.nudges).toContain('letters');
});

test('the answer is the same, to the byte, for one who gives, one who gave once, one forgotten and nobody', async () => {
  await door.gift(await door.reader('gives@example.org'));
  await door.reader('once@example.org');
  await door.gift(await door.reader('tried@example.org'), { standing: 'incomplete' });
  const forgotten = await door.reader('forgotten@example.org');
  await door.gift(forgotten);
  await door.database.pool.query('update readers set erased_at = now(), address_hash = null where id = $1', [
    forgotten,
  ]);
  const pages = new Set<string>();
  const answers = new Set<string>();
  for (const who of ['gives', 'once', 'tried', 'forgotten', 'nobody']) {
    pages.add(told(await ask(`${who}@example.org`)));
    answers.add(told(await askByProgram({ email: `${who}@example.org` }).expect(202)));
  }
  expect([...pages]).toHaveLength(1);
  expect([...answers]).toHaveLength(1);
  expect(await lettersQueued()).toHaveLength(1);
});

test('an answer never leaves at once, so that a row more written does not show', async () => {
  await door.gift(await door.reader('gives@example.org'));
  for (const who of ['gives', 'nobody']) {
    let answered = false;
    const asking = ask(`${who}@example.org`).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(answered).toBe(false);
    await asking;
  }
});

test('the mailed link is the reader’s own and good for 30 days', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader);
  const token = door.manageLink(reader).split('/').at(-1) ?? '';
  const { keys, now } = door.services;
  const after = (days: number) => new Date(now().getTime() + days * 86_400_000);
  expect(readLinkToken(keys, 'manage', token, after(29.9))).toEqual({ id: reader });
  expect(readLinkToken(keys, 'manage', token, after(30))).toEqual({ fault: 'expired' });
});

test('asking again within ten minutes writes no second letter; later it does, six times a day at most', async () => {
  await door.gift(await door.reader('ada@example.org'));
  await ask('ada@example.org').expect(303);
  await ask('ada@example.org').expect(303);
  expect(await lettersQueued()).toHaveLength(1);
  for (let times = 0; times < 8; times += 1) {
    door.services.pass(601);
    await ask('ada@example.org').expect(303);
  }
  // The first two asked for one letter; four more were allowed.
  expect(await lettersQueued()).toHaveLength(5);
  door.services.pass(86_400);
  await ask('ada@example.org').expect(303);
  expect(await lettersQueued()).toHaveLength(6);
});

test('what is no address is said at its field, and what was typed stays', async () => {
  const page = await ask('ada@').expect(422);
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
  const elsewhere = request(door.app).post('/account/link').set('Sec-Fetch-Site', 'cross-site');
  await elsewhere.type('form').send({ email: 'ada@example.org' }).expect(403);
  const strict = express();
  strict.use(accountRoutes(door.services, { linksPerNetwork: 2 }));
  strict.use(sayErrors(door.services));
  const again = () => request(strict).post('/api/v1/account/links').send({ email: 'nobody@example.org' });
  // One was spent above.
  await again().expect(202);
  const refused = await again().expect(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
});

test('a repeated request with the same key is answered the same', async () => {
  await door.gift(await door.reader('ada@example.org'));
  const send = (body: object) => askByProgram(body).set('Idempotency-Key', 'one');
  const first = await send({ email: 'ada@example.org' }).expect(202);
  expect((await send({ email: 'ada@example.org' }).expect(202)).body).toEqual(first.body);
  await send({ email: 'ben@example.org' }).expect(422);
});

test('no address is in the letter’s row', async () => {
  await door.gift(await door.reader('ada@example.org'));
  await ask('ada@example.org').expect(303);
  const { rows } = await door.database.pool.query('select to_jsonb(letters)::text as row from letters');
  expect(rows).toHaveLength(1);
  expect(rows[0].row).not.toContain('ada');
});

async function lettersQueued(): Promise<unknown[]> {
  const { rows } = await door.database.pool.query(
    'select kind, class, reader_id, locale, facts from letters order by created_at',
  );
  return rows;
}

/** Everything of an answer that a stranger could compare. */
function told(answer: request.Response): string {
  const { date: _date, ...headers } = answer.headers;
  return JSON.stringify([answer.status, headers, answer.text]);
}
