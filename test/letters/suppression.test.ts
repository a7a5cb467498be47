// Suppression: which letters are kept back from an address, and what lets them through again.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { forgetReader } from '../../src/ledger/reader.ts';
import type { LetterClass } from '../../src/letters/outbox.ts';
import { isSuppressed, lift, type SuppressionReason, suppress } from '../../src/letters/suppression.ts';
import { transact } from '../../src/outside/database.ts';
import { suppressions } from '../../src/schema.ts';
import { openPostOffice, type PostOffice } from './post-office.ts';

let post: PostOffice;

beforeAll(async () => {
  post = await openPostOffice();
});

beforeEach(async () => {
  await post.clear();
});

afterAll(async () => {
  await post.close();
});

const classes: LetterClass[] = ['access', 'money', 'confirm', 'reminder'];
const hash = () => post.services.keys.addressHash('anna@example.org');
const suppressAs = (reader: string, reason: SuppressionReason) =>
  transact(post.services, (tx) => suppress(tx, post.services.now(), reader, reason));

async function keptBack(): Promise<LetterClass[]> {
  const kept: LetterClass[] = [];
  for (const each of classes) if (await isSuppressed(post.services.database, hash(), each)) kept.push(each);
  return kept;
}

test.each([
  ['unsubscribed', ['confirm', 'reminder']],
  ['blocked', ['confirm', 'reminder']],
  ['complaint', ['confirm', 'reminder']],
  ['dead-address', ['access', 'money', 'confirm', 'reminder']],
] as const)('%s keeps back %j', async (reason, kept) => {
  const reader = await post.reader('anna@example.org');
  expect(await keptBack()).toEqual([]);
  expect(await suppressAs(reader, reason)).toBe('suppressed');
  expect(await keptBack()).toEqual(kept);
});

test('a dead address comes back to life; an unsubscribed one stays so', async () => {
  const reader = await post.reader('anna@example.org');
  await suppressAs(reader, 'unsubscribed');
  await suppressAs(reader, 'dead-address');
  await suppressAs(reader, 'blocked');
  expect(await keptBack()).toEqual(classes);
  await transact(post.services, (tx) => lift(tx, hash()));
  expect(await keptBack()).toEqual(['confirm', 'reminder']);
});

test('it outlives the reader, as a hash; a forgotten reader has nothing left to suppress', async () => {
  const reader = await post.reader('anna@example.org');
  await suppressAs(reader, 'unsubscribed');
  await transact(post.services, (tx) => forgetReader(tx, post.services.now(), reader));
  expect(await keptBack()).toEqual(['confirm', 'reminder']);
  expect(await suppressAs(reader, 'blocked')).toBe('forgotten');
  expect(await post.services.database.select().from(suppressions)).toHaveLength(1);
});
