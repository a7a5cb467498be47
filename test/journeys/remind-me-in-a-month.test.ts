// Remind me in a month: one letter on the promised day, and a gift through its link counted to it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localDate } from '../../src/values/calendar.ts';
import { wordsFor } from '../../src/words/words.ts';
import {
  askAndConfirm,
  askForReminder,
  linkIn,
  press,
  startService,
  type TestService,
} from '../harness/service.ts';

let service: TestService;
const reader = 'hana@example.org';
beforeAll(async () => {
  service = await startService('2026-01-31T15:00:00Z', { PUBLICATION_TIME_ZONE: 'Europe/Riga' });
});
afterAll(() => service.close());

test('asked on 31 January, it is promised for 28 February, and a letter asks to confirm', async () => {
  expect(await askForReminder(service, { email: reader, when: 'month' })).toBe('2026-02-28');
  const letters = await service.letters(reader);
  expect(letters).toHaveLength(1);
  expect(letters[0]?.headers).not.toHaveProperty('list-unsubscribe');
});

test('opening the link changes nothing: mail scanners open links', async () => {
  const [letter] = await service.letters(reader);
  const page = await fetch(linkIn(letter, /\/reminders\/[^/]+$/));
  expect(page.status).toBe(200);
  expect(await service.rows('select state from reporting.reminders')).toEqual([{ state: 'unconfirmed' }]);
});

test('the button confirms it, also when pressed twice', async () => {
  const [letter] = await service.letters(reader);
  const link = linkIn(letter, /\/reminders\/[^/]+$/);
  expect((await press(link, { act: 'confirm' })).status).toBe(303);
  expect((await press(link, { act: 'confirm' })).status).toBe(303);
  expect(await service.rows('select state, send_on::text from reporting.reminders')).toEqual([
    { state: 'waiting', send_on: '2026-02-28' },
  ]);
});

test('nothing is sent the evening before; on the day there is one letter, in the morning of the zone', async () => {
  await service.sandbox.clock.to('2026-02-28T06:59:00Z');
  await service.settled();
  expect(await service.letters(reader)).toHaveLength(1);
  await service.sandbox.clock.to('2026-02-28T12:00:00Z');
  await service.settled();
  const [letter, ...others] = await service.letters(reader);
  expect(others).toHaveLength(1);
  const sentAt = new Date(letter?.at ?? 0);
  expect(sentAt.getTime()).toBeGreaterThanOrEqual(Date.parse('2026-02-28T07:00:00Z'));
  expect(sentAt.getTime()).toBeLessThan(Date.parse('2026-02-28T09:00:00Z'));
  expect(JSON.stringify(letter?.headers).toLowerCase()).toContain('list-unsubscribe=one-click');
});

test('its link leads to the donate page, and a gift through it is counted to the reminder', async () => {
  const [letter] = await service.letters(reader);
  const give = await fetch(linkIn(letter, /\/reminders\/[^/]+\/give$/), { redirect: 'manual' });
  expect(give.status).toBe(303);
  const token = new URL(give.headers.get('location') ?? '', service.url).searchParams.get('reminder') ?? '';
  expect(await service.rows('select opened_at from reminders')).toEqual([{ opened_at: null }]);
  await service.give({ frequency: 'month', amountMinor: 500, email: reader, reminder: token });
  await service.advance('PT1M');
  expect(
    await service.rows(
      'select state, opened_at is not null as opened, gave_at is not null as gave from reminders',
    ),
  ).toEqual([{ state: 'satisfied', opened: true, gave: true }]);
  const [payment] = await service.rows('select component, reminder_id is not null as counted from payments');
  expect(payment).toMatchObject({ counted: true });
});

test('no second reminder ever follows', async () => {
  await service.advance('P2M');
  const kinds = await service.rows("select count(*)::int as n from letters where kind = 'reminder'");
  expect(kinds).toEqual([{ n: 1 }]);
});

test('one click in the mail program stops it at once, without cookie or form token', async () => {
  const other = 'ivo@example.org';
  await askForReminder(service, { email: other, when: 'week' });
  const [asking] = await service.letters(other);
  await press(linkIn(asking, /\/reminders\/[^/]+$/), { act: 'confirm' });
  await service.advance('P8D');
  const [reminder] = await service.letters(other);
  const header = JSON.stringify(reminder?.headers);
  const link = /https?:\/\/[^>"\\]+\/unsubscribe\/[^>"\\]+/.exec(header)?.[0] ?? '';
  const answer = await fetch(link, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
    redirect: 'manual',
  });
  expect(answer.status).toBe(200);
  expect(await service.rows('select reason, scope from reporting.suppressions')).toEqual([
    { reason: 'unsubscribed', scope: 'reminders' },
  ]);
  const sent = (await service.letters(other)).length;
  await askForReminder(service, { email: other, when: 'week' });
  await service.advance('P2M');
  expect(await service.letters(other)).toHaveLength(sent);
});

test('the letter names the day of asking as it was where the reader lives', async () => {
  // Twenty-five hours lie between these two: one of them is not the publication's day.
  const readers = { 'mere@example.org': 'Pacific/Kiritimati', 'sina@example.org': 'Pacific/Niue' };
  const asked = new Map<string, string>();
  for (const [email, zone] of Object.entries(readers)) {
    asked.set(email, localDate(service.sandbox.clock.now(), zone));
    await askAndConfirm(service, { email, when: 'week', time_zone: zone });
  }
  await service.advance('P9D');
  for (const [email, day] of asked) {
    const [letter] = await service.letters(email);
    expect(letter?.text).toContain(wordsFor('en').common.date(day));
  }
});
