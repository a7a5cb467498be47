// A reader chooses to be written to discreetly, by the link of any of their letters, and takes it back as easily.
import { eq } from 'drizzle-orm';
import request from 'supertest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readers } from '../../src/schema.ts';
import { type Door, openDoor, textOf } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.close());

const fromHere = { 'Sec-Fetch-Site': 'same-origin' };

async function discreet(readerId: string): Promise<boolean | undefined> {
  const [row] = await door.services.database
    .select({ discreet: readers.discreet })
    .from(readers)
    .where(eq(readers.id, readerId));
  return row?.discreet;
}

test('a button makes letters discreet, another makes them as usual; looking changes nothing', async () => {
  const reader = await door.reader('ada@example.org');
  await door.gift(reader);
  const path = door.manageLink(reader);
  const press = async (choice: string) =>
    request(door.app)
      .post(`${path}/letters`)
      .set(fromHere)
      .type('form')
      .send({ discreet: choice, locale: 'en' });
  expect(textOf((await request(door.app).get(path)).text)).toContain('Write to me discreetly');
  expect(await discreet(reader)).toBe(false);
  for (let twice = 0; twice < 2; twice += 1) {
    const answer = await press('yes');
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe(`${path}?locale=en#letters`);
    expect(await discreet(reader)).toBe(true);
  }
  const page = textOf((await request(door.app).get(path)).text);
  expect(page).toContain('We write to you discreetly');
  expect(page).toContain('Write to me as usual');
  await press('no');
  expect(await discreet(reader)).toBe(false);
});

test('whoever gave once only may choose it too', async () => {
  const reader = await door.reader('ada@example.org');
  const page = await request(door.app)
    .get(`${door.manageLink(reader)}?locale=ru`)
    .expect(200);
  expect(textOf(page.text)).toContain('Пишите мне неприметно');
});

test('programs may as well, and nobody without a whole link', async () => {
  const reader = await door.reader('ada@example.org');
  const token = door.manageLink(reader).split('/').at(-1);
  const ask = (body: object) => request(door.app).post('/api/v1/account/letters').send(body);
  await ask({ token, discreet: true }).expect(200, { discreet: true });
  expect(await discreet(reader)).toBe(true);
  await ask({ token: 'nothing', discreet: false }).expect(404);
  await ask({ token, discreet: 'perhaps' }).expect(422);
  await request(door.app)
    .post('/account/manage/nothing/letters')
    .set(fromHere)
    .type('form')
    .send({ discreet: 'no' })
    .expect(404);
  await request(door.app)
    .post(`${door.manageLink(reader)}/letters`)
    .set({ 'Sec-Fetch-Site': 'cross-site' })
    .type('form')
    .send({ discreet: 'no' })
    .expect(403);
  expect(await discreet(reader)).toBe(true);
});

test('a forgotten reader has nothing to choose', async () => {
  const reader = await door.reader('ada@example.org');
  const path = door.manageLink(reader);
  await door.services.database
    .update(readers)
    .set({ erasedAt: door.services.now(), addressHash: null, addressSealed: null })
    .where(eq(readers.id, reader));
  await request(door.app)
    .post(`${path}/letters`)
    .set(fromHere)
    .type('form')
    .send({ discreet: 'yes' })
    .expect(404);
  expect(await discreet(reader)).toBe(false);
});
