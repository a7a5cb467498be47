// The same creating request, sent twice, is done once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal } from '../../src/values/refusal.ts';
import { answerOnce, answerOnceWaiting, sweepIdempotentAnswers } from '../../src/web/idempotency.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';

let fresh: FreshDatabase;
let services: TestServices;

beforeAll(async () => {
  fresh = await freshDatabase();
  services = await testServices({ databaseUrl: fresh.url, now: '2026-03-01T12:00:00Z' });
});
afterAll(async () => {
  await services.close();
  await fresh.drop();
});

/** Counts how often it is done. */
function work(body: unknown = { id: 'one' }) {
  const done = { times: 0 };
  return {
    done,
    act: async () => {
      done.times += 1;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { status: 201, body };
    },
  };
}
const ask = (key: string | null, body: unknown, act: () => Promise<{ status: number; body: unknown }>) =>
  answerOnce(services, { scope: 'things', key, body }, act);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof Refusal ? `${error.code} ${error.status}` : String(error)),
  );

test('the same key and body get the first answer again, in whatever order the body was written', async () => {
  const { act, done } = work();
  expect(await ask('same', { a: 1, b: [2, { c: 3 }] }, act)).toEqual({
    status: 201,
    body: { id: 'one' },
    again: false,
  });
  expect(await ask('same', { b: [2, { c: 3 }], a: 1 }, act)).toEqual({
    status: 201,
    body: { id: 'one' },
    again: true,
  });
  expect(done.times).toBe(1);
});

test('the same key with another body is refused', async () => {
  const { act } = work();
  await ask('other-body', { amount: 1 }, act);
  expect(await codeOf(ask('other-body', { amount: 2 }, act))).toBe('idempotency-mismatch 422');
});

test('of twenty at once one acts and the others are told to wait', async () => {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const done = { times: 0 };
  const asked = Array.from({ length: 20 }, () =>
    codeOf(
      ask('at-once', {}, async () => {
        done.times += 1;
        await finished;
        return { status: 201, body: {} };
      }),
    ),
  );
  // The others have their answer while the first is still at work.
  const first = await Promise.race(asked);
  expect(first).toBe('idempotency-in-flight 409');
  await new Promise((resolve) => setTimeout(resolve, 200));
  finish();
  const answers = await Promise.all(asked);
  expect(answers.toSorted()).toEqual([
    'done',
    ...Array.from({ length: 19 }, () => 'idempotency-in-flight 409'),
  ]);
  expect(done.times).toBe(1);
});

test('a form that came five times waits for the first and gets its answer', async () => {
  const { act, done } = work();
  const waited = await Promise.all(
    Array.from({ length: 5 }, () =>
      answerOnceWaiting(services, { scope: 'things', key: 'form', body: {} }, act),
    ),
  );
  expect(waited.filter(({ again }) => !again)).toHaveLength(1);
  expect(waited.map(({ body }) => body)).toEqual(Array.from({ length: 5 }, () => ({ id: 'one' })));
  expect(done.times).toBe(1);
});

test('what failed is forgotten, so that it can be tried again', async () => {
  const fails = () => ask('fails', {}, async () => Promise.reject(new Error('Stripe is away')));
  await expect(fails()).rejects.toThrow('Stripe is away');
  const { act } = work();
  expect(await ask('fails', {}, act)).toMatchObject({ again: false });
});

test('a request whose instance died is taken over after a minute, by one', async () => {
  const never = ask('died', {}, () => new Promise(() => {}));
  void never;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { act, done } = work();
  services.pass(59);
  expect(await codeOf(ask('died', {}, act))).toBe('idempotency-in-flight 409');
  services.pass(2);
  const answers = await Promise.all(Array.from({ length: 8 }, () => codeOf(ask('died', {}, act))));
  expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
  expect(done.times).toBe(1);
});

test('after a day the key is free again, and what was kept is gone', async () => {
  const { act, done } = work();
  await ask('a-day', { amount: 1 }, act);
  services.pass(24 * 3600 + 1);
  await ask('a-day', { amount: 2 }, act);
  expect(done.times).toBe(2);
  services.pass(24 * 3600 + 1);
  await sweepIdempotentAnswers(services);
  expect((await fresh.pool.query('select 1 from idempotent_answers')).rowCount).toBe(0);
});

test('keys of different doors are different, none at all means no memory', async () => {
  const { act, done } = work();
  await ask('shared', {}, act);
  await answerOnce(services, { scope: 'other-things', key: 'shared', body: {} }, act);
  await ask(null, {}, act);
  await ask(null, {}, act);
  expect(done.times).toBe(4);
});

test('neither keys nor answers can be read in the database', async () => {
  await ask('readable-key', { email: 'reader@example.org' }, work({ url: 'https://pay.example/secret' }).act);
  const { rows } = await fresh.pool.query(
    "select key, body_hash, encode(answer_sealed, 'escape') as answer from idempotent_answers",
  );
  expect(JSON.stringify(rows)).not.toMatch(/readable-key|reader@example\.org|secret/);
});
