// Someone who has given in the meantime is not reminded, whatever they gave and however late Stripe says so.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { favor, wholeEnvironment } from '../commands/terminal.ts';
import { askAndConfirm, startService, type TestService } from '../harness/service.ts';
import { giftHead } from '../ledger/other-system.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-04-01T08:00:00Z');
});
afterAll(() => service.close());

const reminded = (email: string) =>
  service
    .letters(email)
    .then((letters) => letters.filter((letter) => /unsubscribe/i.test(JSON.stringify(letter.headers))));

test('a gift after asking, once or monthly, takes the place of the reminder', async () => {
  for (const [email, frequency] of [
    ['jana@example.org', 'once'],
    ['karl@example.org', 'month'],
  ] as const) {
    await askAndConfirm(service, { email });
    await service.give({ frequency, amountMinor: 1000, email });
  }
  await askAndConfirm(service, { email: 'lena@example.org' });
  await service.advance('P40D');
  expect(await reminded('jana@example.org')).toEqual([]);
  expect(await reminded('karl@example.org')).toEqual([]);
  expect(await reminded('lena@example.org')).toHaveLength(1);
});

test('a gift that is refunded later does not bring the reminder back', async () => {
  const email = 'mara@example.org';
  await askAndConfirm(service, { email });
  await service.give({ frequency: 'once', amountMinor: 700, email });
  const [payment] = await service.rows<{ pi: string }>(
    'select stripe_payment_intent_id as pi from payments order by paid_at desc limit 1',
  );
  await service.services.stripe.refunds.create({ payment_intent: payment?.pi ?? '' });
  await service.advance('P40D');
  expect(await reminded(email)).toEqual([]);
});

test('who already gives every month is not reminded, though the form answers the same', async () => {
  const email = 'nils@example.org';
  await service.give({ frequency: 'month', amountMinor: 400, email });
  await askAndConfirm(service, { email }).catch(() => {});
  await service.advance('P40D');
  expect(await reminded(email)).toEqual([]);
});

test('a gift that another system took counts when it is read in, if it was made after the asking', async () => {
  const [before, since] = ['olga@example.org', 'pavel@example.org'];
  for (const email of [before, since]) await askAndConfirm(service, { email });
  const folder = mkdtempSync(join(tmpdir(), 'favor-journey-'));
  const path = join(folder, 'gifts.csv');
  const [{ day } = { day: '' }] = await service.rows<{ day: string }>(
    `select max(created_at)::date::text as day from reminders`,
  );
  const row = (id: string, email: string, at: string) =>
    `${id},${email},,${at},9.00,USD,once,,,,,succeeded,,,`;
  writeFileSync(
    path,
    [giftHead, row('g1', before, '2020-01-01'), row('g2', since, `${day}T23:59:00Z`)].join('\n'),
  );
  await service.advance('P1D');
  const { code } = await favor(
    {
      ...wholeEnvironment({ databaseUrl: service.config.databaseUrl, stripeUrl: service.stripeUrl }),
      APP_KEYS: service.sandbox.appKeys.join(','),
    },
    'import',
    path,
  );
  rmSync(folder, { recursive: true });
  expect(code).toBe(0);
  await service.advance('P40D');
  expect(await reminded(before)).toHaveLength(1);
  expect(await reminded(since)).toEqual([]);
  expect(await service.rows('select state from reminders order by id desc limit 2')).toEqual([
    { state: 'satisfied' },
    { state: 'sent' },
  ]);
});
