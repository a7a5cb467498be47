// `favor reconcile`: says what it does and what differed, and how it ended.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';
import { favor, favorJson, wholeEnvironment } from './terminal.ts';

let service: TestService;
let env: Record<string, string>;
beforeAll(async () => {
  service = await startService('2026-03-01T10:00:00Z');
  env = {
    ...wholeEnvironment({ databaseUrl: service.config.databaseUrl, stripeUrl: service.stripeUrl }),
    APP_KEYS: service.sandbox.appKeys.join(','),
  };
  await service.give({ frequency: 'month', amountMinor: 500, email: 'ben@example.org' });
});
afterAll(() => service.close());

test('agreement is said in one sentence, with the sums of both sides', async () => {
  const { code, said, noted } = await favor(env, 'reconcile');
  expect([code, noted]).toEqual([0, expect.stringContaining('checkouts: 1 looked at so far, 0 mended')]);
  expect(said).toMatch(/^Our books agree with Stripe\.\n/);
  expect(said).toMatch(/payment +USD +5\.00 +5\.00 +0\.00 +0 +0 +0 +0/);
});

test('what was missed is mended and told of; from a day on', async () => {
  service.sandbox.stripe?.setFaults({ webhooks: { drop: 1 } });
  await service.give({ frequency: 'once', amountMinor: 1234, email: 'ada@example.org' });
  const report = await favorJson<{ money: unknown[]; whole: boolean; since: string }>(
    env,
    'reconcile',
    '--since',
    '2026-03-01',
  );
  expect(report).toMatchObject({
    since: '2026-03-01T00:00:00.000Z',
    whole: true,
    money: [{ kind: 'payment', currency: 'USD', drift_minor: 1234, missing: 1, mended: 1, left: 0 }],
  });
});

test('what cannot be mended ends it with 1', async () => {
  await service.rows('update payments set amount_minor = 1 where amount_minor = 1234');
  const { code, said } = await favor(env, 'reconcile');
  expect(code).toBe(1);
  expect(said).toContain('A person must look.');
});

test('a day that is none, and a rate that is none, are refused before anything is asked', async () => {
  for (const wrong of [['--since', 'yesterday'], ['--rate', '0'], ['everything']]) {
    expect((await favor(env, 'reconcile', ...wrong)).code).toBe(2);
  }
});
