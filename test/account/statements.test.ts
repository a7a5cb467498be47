// Annual statements: who is written one, of what, when, and only once.
import { randomUUIDv7 } from 'node:crypto';
import { asc, eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { writeStatements } from '../../src/account/statements.ts';
import { adjustments, letters, payments, readers } from '../../src/schema.ts';
import { openPostOffice, type PostOffice } from '../letters/post-office.ts';

let post: PostOffice;
beforeAll(async () => {
  post = await openPostOffice({ env: { PUBLICATION_TIME_ZONE: 'Europe/Riga' } });
});
afterAll(() => post.close());
beforeEach(() => post.clear());

async function pay(readerId: string, paidAt: string, amountMinor = 500n, currency = 'USD', external = false) {
  const id = randomUUIDv7();
  await post.services.database.insert(payments).values({
    id,
    readerId,
    kind: 'once',
    ...(external ? { externalId: id } : { stripePaymentIntentId: `pi_${id}` }),
    amountMinor,
    feesCoveredMinor: 0n,
    currency,
    paidAt: new Date(paidAt),
    settleDueAt: new Date(paidAt),
  });
  return id;
}

async function sendBack(
  paymentId: string,
  amountMinor: bigint,
  kind: 'refund' | 'refund_failed' | 'dispute_withdrawn' | 'dispute_reinstated' = 'refund',
) {
  const at = new Date('2027-01-02T10:00:00Z');
  await post.services.database.insert(adjustments).values({
    id: randomUUIDv7(),
    paymentId,
    kind,
    stripeId: `re_${randomUUIDv7()}`,
    amountMinor,
    currency: 'USD',
    happenedAt: at,
    settleDueAt: at,
  });
}

async function nightOf(day: string) {
  post.services.set(`${day}T01:00:00Z`);
  await writeStatements(post.services);
  return post.services.database.select().from(letters).orderBy(asc(letters.createdAt), asc(letters.id));
}

test('what was given in the year of the publication’s zone, day by day and in all, in the reader’s language', async () => {
  const reader = await post.reader('anna@example.org', null, 'ru');
  // In Riga the year begins two hours before it does in Greenwich.
  await pay(reader, '2025-12-31T21:59:59Z', 9900n);
  await pay(reader, '2025-12-31T22:00:00Z', 100n);
  await pay(reader, '2026-06-01T08:00:00Z', 500n);
  await pay(reader, '2026-06-01T18:00:00Z', 700n);
  await pay(reader, '2026-06-01T18:00:00Z', 2500n, 'EUR');
  await pay(reader, '2026-12-31T21:59:59Z', 300n);
  await pay(reader, '2026-12-31T22:00:00Z', 9900n);
  const [letter, ...others] = await nightOf('2027-01-05');
  expect(others).toEqual([]);
  expect(letter).toMatchObject({
    kind: 'annual-statement',
    class: 'money',
    readerId: reader,
    locale: 'ru',
    key: `annual-statement:${reader}:2026`,
    facts: {
      year: 2026,
      gifts: 5,
      days: [
        { on: '2026-01-01', amountMinor: '100', currency: 'USD' },
        { on: '2026-06-01', amountMinor: '2500', currency: 'EUR' },
        { on: '2026-06-01', amountMinor: '1200', currency: 'USD' },
        { on: '2026-12-31', amountMinor: '300', currency: 'USD' },
      ],
      totals: [
        { currency: 'EUR', amountMinor: '2500', sentBackMinor: '0' },
        { currency: 'USD', amountMinor: '1600', sentBackMinor: '0' },
      ],
    },
  });
});

test('once a year, from the fifth of January on, in the morning', async () => {
  const reader = await post.reader('anna@example.org');
  await pay(reader, '2026-06-01T08:00:00Z');
  expect(await nightOf('2026-12-31')).toEqual([]);
  expect(await nightOf('2027-01-04')).toEqual([]);
  const [letter] = await nightOf('2027-01-05');
  // Nine to eleven in Riga.
  expect(letter?.dueAt.getTime()).toBeGreaterThanOrEqual(Date.parse('2027-01-05T07:00:00Z'));
  expect(letter?.dueAt.getTime()).toBeLessThan(Date.parse('2027-01-05T09:00:00Z'));
  expect(letter?.expiresAt.getTime()).toBe((letter?.dueAt.getTime() ?? 0) + 72 * 3_600_000);
  expect(await nightOf('2027-01-06')).toHaveLength(1);
  expect(await nightOf('2027-02-05')).toHaveLength(1);
  await pay(reader, '2027-06-01T08:00:00Z');
  expect(await nightOf('2028-01-31')).toHaveLength(2);
});

test('what went back is told; where all of it did, nothing is', async () => {
  const some = await post.reader('anna@example.org');
  const whole = await post.reader('berg@example.org');
  const first = await pay(some, '2026-06-01T08:00:00Z', 5000n);
  await sendBack(first, 1000n);
  await sendBack(first, 300n, 'refund_failed');
  await sendBack(await pay(some, '2026-07-01T08:00:00Z', 500n), 500n, 'dispute_withdrawn');
  await sendBack(await pay(whole, '2026-06-01T08:00:00Z', 500n), 500n);
  const written = await nightOf('2027-01-05');
  expect(written.map(({ readerId }) => readerId)).toEqual([some]);
  expect(written[0]?.facts).toMatchObject({
    totals: [{ currency: 'USD', amountMinor: '5500', sentBackMinor: '1200' }],
  });
});

test('nobody forgotten, and nobody who gave through another system alone', async () => {
  const forgotten = await post.reader('anna@example.org');
  await pay(forgotten, '2026-06-01T08:00:00Z');
  await post.services.database
    .update(readers)
    .set({ erasedAt: post.services.now(), addressHash: null, addressSealed: null })
    .where(eq(readers.id, forgotten));
  const elsewhere = await post.reader('berg@example.org');
  await pay(elsewhere, '2026-06-01T08:00:00Z', 500n, 'USD', true);
  const both = await post.reader('cole@example.org');
  await pay(both, '2026-03-01T08:00:00Z', 700n, 'USD', true);
  await pay(both, '2026-06-01T08:00:00Z', 500n);
  const written = await nightOf('2027-01-05');
  expect(written.map(({ readerId, facts }) => [readerId, facts.gifts])).toEqual([[both, 2]]);
});

test('two instances in the same night write one', async () => {
  const reader = await post.reader('anna@example.org');
  await pay(reader, '2026-06-01T08:00:00Z');
  post.services.set('2027-01-05T01:00:00Z');
  await Promise.all([writeStatements(post.services), writeStatements(post.services)]);
  expect(await post.services.database.select().from(letters)).toHaveLength(1);
});
