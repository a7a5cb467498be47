// Reminded to give again: after a single gift from the browser that paid, and after a regular gift was ended.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { linkIn, press, startService, type TestService } from '../harness/service.ts';

// Months pass in some of these, and a busy machine is slow.
vi.setConfig({ testTimeout: 60_000 });

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-03-31T08:00:00Z', { PUBLICATION_TIME_ZONE: 'Europe/Riga' });
});
afterAll(() => service.close());

const remindersTo = async (email: string) =>
  (await service.letters(email)).filter(({ headers }) => /unsubscribe/i.test(JSON.stringify(headers)));
const page = async (path: string, cookie = '') =>
  (await fetch(service.url + path, { headers: { cookie, accept: 'text/html' } })).text();

test('a reader gives once and presses a day: one letter comes on it, and none before', async () => {
  const email = 'vera@example.org';
  const begun = await press(`${service.url}/donate`, {
    frequency: 'once',
    currency: 'EUR',
    amount: '20',
    article: 'the-river',
  });
  expect(begun.status).toBe(303);
  const cookie = begun.headers.getSetCookie().map((each) => each.split(';')[0] ?? '')[0] ?? '';
  expect(begun.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^gift=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/),
  ]);
  const sessionId = /cs_test_\w+/.exec(begun.headers.get('location') ?? '')?.[0] ?? '';
  await service.sandbox.stripe?.pay(sessionId, { card: '4242424242424242', email, name: 'V', country: 'LV' });
  await service.settled();

  const [checkout] = await service.rows<{ id: string }>('select id from checkouts');
  const thanks = `/thanks?checkout=${checkout?.id}`;
  const own = await page(thanks, cookie);
  expect(own).toContain('Would you like a reminder to give again?');
  expect(own).toContain('Tuesday 30 June');
  // Whoever else holds the address of that page is led to the form that asks for theirs.
  const others = await page(thanks);
  expect(others).not.toContain('/remind-me/again');
  expect(others).toContain('href="/remind-me?stage=again&amp;when=quarter');

  const asked = await fetch(`${service.url}/remind-me/again`, {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ proof: checkout?.id ?? '', when: 'quarter' }),
  });
  expect(asked.status).toBe(202);
  expect(await asked.text()).toContain('on Tuesday 30 June, in the morning');
  await service.sandbox.clock.to('2026-06-30T05:59:00Z');
  await service.settled();
  expect(await remindersTo(email)).toEqual([]);
  await service.sandbox.clock.to('2026-06-30T12:00:00Z');
  await service.settled();
  expect(await remindersTo(email)).toHaveLength(1);
  expect(await service.rows('select stage, component, article from reminders')).toEqual([
    { stage: 'again', component: 'thanks', article: 'the-river' },
  ]);
});

test('a reader ends a monthly gift and presses a day: the goodbye leads there, and one letter comes', async () => {
  const email = 'wim@example.org';
  await service.give({ frequency: 'month', amountMinor: 500, email });
  const [thanks] = await service.letters(email);
  const manage = linkIn(thanks, /\/account\/manage\/[\w-]+$/);
  expect(await (await fetch(manage)).text()).not.toContain('Perhaps again some day?');

  const [gift] = await service.rows<{ id: string }>('select stripe_subscription_id as id from memberships');
  await service.services.stripe.subscriptions.update(gift?.id ?? '', { cancel_at_period_end: true });
  await service.settled();
  const [goodbye] = await service.letters(email);
  const there = linkIn(goodbye, /\/account\/manage\/[\w-]+#remind$/);
  const text = await (await fetch(there)).text();
  expect(text).toContain('id="remind"');
  const proof = /\/manage\/([\w-]+)/.exec(there)?.[1] ?? '';
  expect((await press(`${service.url}/remind-me/again`, { proof, when: 'quarter' })).status).toBe(202);

  await service.advance('P4M');
  const kinds = await service.rows("select state, stage from reminders where stage = 'win-back'");
  expect(kinds).toEqual([{ state: 'sent', stage: 'win-back' }]);
  expect(await remindersTo(email)).toHaveLength(1);
});

test('a yearly gift that has just been paid for offers the one day that lies after it', async () => {
  const email = 'xenia@example.org';
  await service.give({ frequency: 'year', amountMinor: 5000, email });
  const [thanks] = await service.letters(email);
  const [gift] = await service.rows<{ id: string }>(
    "select stripe_subscription_id as id from memberships where interval = 'year'",
  );
  await service.services.stripe.subscriptions.update(gift?.id ?? '', { cancel_at_period_end: true });
  await service.settled();
  const text = await (await fetch(linkIn(thanks, /\/account\/manage\/[\w-]+$/))).text();
  expect(text).toContain('Ends on');
  // It ends on the very day that a year from now is: nobody who still gives is reminded.
  expect(text).toContain('A month after it has ended');
  expect(text.match(/name="when"/g)).toHaveLength(1);
});
