// Someone who has given in the meantime is not reminded, whatever they gave and however late Stripe says so.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askAndConfirm, startService, type TestService } from '../harness/service.ts';

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
