// A newer key: everything sealed is brought under it, and the older one can go.
import { randomUUIDv7 } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findOrMakeReader, sealPerson } from '../../src/ledger/reader.ts';
import { transact } from '../../src/outside/database.ts';
import { unlockKeys } from '../../src/outside/keys.ts';
import { idempotentAnswers, readers, stripeEvents } from '../../src/schema.ts';
import { inviteStaff, staffList } from '../../src/staff/invite.ts';
import { parseAddress } from '../../src/values/address.ts';
import { isFault } from '../../src/values/refusal.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { appKey, calledAt, favor, favorJson, wholeEnvironment } from './terminal.ts';

const newerKey = 'the newer key of this test and as long';

let database: FreshDatabase;
let services: TestServices;
let env: Record<string, string>;
beforeEach(async () => {
  database = await freshDatabase();
  services = await testServices({ databaseUrl: database.url, now: calledAt, env: { APP_KEYS: appKey } });
  env = { ...wholeEnvironment({ databaseUrl: database.url }), APP_KEYS: `${newerKey},${appKey}` };
});
afterEach(async () => {
  await services.close();
  await database.drop();
});

interface Rotated {
  look_up_key_rewrapped: boolean;
  sealed_anew: { what: string; resealed: number; closed: number }[];
}

test('after rotating the newer key alone opens everything, and the same addresses are found', async () => {
  const reader = await aReader('ada@example.org', 'Ada');
  await inviteStaff(services, 'editor@example.org', 'admin');
  await anEvent('evt_1', 'the body');
  await anAnswer('one', '{"id":1}');
  const answer = await favorJson<Rotated>(env, 'rotate');
  expect(answer.look_up_key_rewrapped).toBe(true);
  expect(answer.sealed_anew.map(({ resealed }) => resealed)).toEqual([1, 1, 1, 1, 1]);

  const keys = await unlockKeys(services.database, [newerKey], calledAt);
  const [row] = await services.database.select().from(readers);
  expect(row?.id).toBe(reader);
  expect(keys.open('address', row?.addressSealed ?? Buffer.alloc(0)).toString()).toBe('ada@example.org');
  expect(keys.open('name', row?.nameSealed ?? Buffer.alloc(0)).toString()).toBe('Ada');
  expect(keys.addressHash('ada@example.org')).toEqual(row?.addressHash);
  expect(await staffList({ database: services.database, keys })).toHaveLength(1);
  const [event] = await services.database.select().from(stripeEvents);
  expect(keys.open('stripe-event', event?.bodySealed ?? Buffer.alloc(0)).toString()).toBe('the body');
  const [kept] = await services.database.select().from(idempotentAnswers);
  expect(keys.open('answer', kept?.answerSealed ?? Buffer.alloc(0)).toString()).toBe('{"id":1}');
});

test('rotating once more finds nothing to do', async () => {
  await aReader('ada@example.org', 'Ada');
  await favor(env, 'rotate');
  const again = await favorJson<Rotated>(env, 'rotate');
  expect(again.look_up_key_rewrapped).toBe(false);
  expect(again.sealed_anew.every(({ resealed, closed }) => resealed === 0 && closed === 0)).toBe(true);
});

test('more rows than a batch are all brought over, and forgotten readers stay empty', async () => {
  for (let number = 0; number < 450; number += 1) await anEvent(`evt_${number}`, `body ${number}`);
  const forgotten = await aReader('ada@example.org', 'Ada');
  await database.pool.query(
    'update readers set address_sealed = null, name_sealed = null, address_hash = null, erased_at = now() where id = $1',
    [forgotten],
  );
  const answer = await favorJson<Rotated>(env, 'rotate');
  expect(answer.sealed_anew.find(({ what }) => what === 'bodies of events')).toMatchObject({ resealed: 450 });
  expect(answer.sealed_anew[0]).toMatchObject({ resealed: 0 });
});

test('rows that no key opens are left, counted, and end with 1; with the key back they are brought over', async () => {
  const lost = 'a key that somebody took away too soon';
  const other = await testServices({
    databaseUrl: database.url,
    now: calledAt,
    env: { APP_KEYS: `${lost},${appKey}` },
  });
  await anEvent('evt_lost', 'the body', other);
  await anEvent('evt_1', 'the body');
  await other.close();
  const answer = await favor(env, 'rotate');
  expect(answer.code).toBe(1);
  expect(answer.said).toContain('1 rows are sealed with a key that is not in APP_KEYS');
  const back = await favorJson<Rotated>({ ...env, APP_KEYS: `${newerKey},${lost}` }, 'rotate');
  expect(back.sealed_anew.find(({ what }) => what === 'bodies of events')).toMatchObject({
    resealed: 1,
    closed: 0,
  });
});

async function aReader(address: string, name: string): Promise<string> {
  const parsed = parseAddress(address);
  if (isFault(parsed)) throw new Error(parsed.code);
  const person = sealPerson(services.keys, parsed, name, 'en');
  return transact(services, (tx) => findOrMakeReader(tx, calledAt, person));
}

async function anEvent(id: string, body: string, by: TestServices = services): Promise<void> {
  await by.database.insert(stripeEvents).values({
    id,
    type: 'invoice.paid',
    state: 'waiting',
    createdAt: calledAt,
    receivedAt: calledAt,
    dueAt: calledAt,
    bodySealed: by.keys.seal('stripe-event', body),
  });
}

async function anAnswer(key: string, answer: string): Promise<void> {
  await services.database.insert(idempotentAnswers).values({
    key: `${key}-${randomUUIDv7()}`,
    bodyHash: 'hash',
    status: 201,
    answerSealed: services.keys.seal('answer', answer),
    createdAt: calledAt,
  });
}
