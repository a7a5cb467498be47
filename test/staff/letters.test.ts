// The letters of one supporter: seen by support and up, with the supporter's own facts or with examples that say so.
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inviteStaff } from '../../src/staff/invite.ts';
import { readersKinds } from '../../src/staff/letter-preview.ts';
import type { Role } from '../../src/staff/roles.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
let supporter: string;
const cookies: Partial<Record<Role, string>> = {};

beforeAll(async () => {
  service = await startService('2026-08-03T09:00:00Z');
  for (const role of ['viewer', 'support'] as const) {
    const link = await inviteStaff(service.services, `${role}@example.org`, role);
    const body = new URLSearchParams({ password: 'boats come in with the tide' });
    const welcomed = await fetch(link, { method: 'POST', body, redirect: 'manual' });
    cookies[role] = String(welcomed.headers.get('set-cookie')).split(';')[0] ?? '';
  }
  await service.give({ frequency: 'month', amountMinor: 1234, email: 'ola@example.org', name: 'Ola Reader' });
  const [row] = await service.rows<{ id: string }>('select id from readers');
  supporter = row?.id ?? '';
});
afterAll(() => service.close());

const get = (path: string, role: Role | null = 'support') =>
  fetch(`${service.url}/staff/supporters/${path}`, {
    headers: role === null ? {} : { cookie: cookies[role] ?? '' },
    redirect: 'manual',
  });
const pageAt = async (path: string) => parseHTML(await (await get(path)).text()).document;

test('the list says which were written and when, and leads to all of them', async () => {
  const page = await pageAt(`${supporter}/letters?locale=en`);
  const rows = [...page.querySelectorAll('tbody tr')].map((row) => row.textContent ?? '');
  expect(rows).toHaveLength(readersKinds.length);
  expect(rows.find((row) => row.startsWith('Thanks for a gift'))).toContain('3 August 2026');
  expect(rows.find((row) => row.startsWith('Refund'))).toContain('none yet');
});

test('a letter that was written shows what it told, as it was sent', async () => {
  const page = await pageAt(`${supporter}/letters/thank-you?locale=en`);
  expect(page.querySelector('[role=status]')?.textContent).toBe(
    'Written to this supporter on 3 August 2026.',
  );
  expect(page.body.textContent).toContain('Thank you for supporting The Small Gazette');
  const [sent] = await service.letters('ola@example.org');
  const shown = page.querySelector('pre')?.textContent?.trim() ?? '';
  const withoutLinks = (text: string) =>
    text
      .replace(/http\S+/g, '')
      .replaceAll('\r', '')
      .trim();
  expect(withoutLinks(shown)).toBe(withoutLinks(sent?.text ?? ''));
  expect(shown).toContain('Dear Ola Reader');
  expect(shown).toContain('$12.34');
});

test('one that was not has the supporter’s own gift where it can, and says what is an example', async () => {
  const failed = await pageAt(`${supporter}/letters/payment-failed?locale=en`);
  expect(failed.querySelector('[role=status]')?.textContent).toContain('days and the rest are examples');
  expect(failed.querySelector('pre')?.textContent).toContain('your monthly gift of $12.34');
  const reminder = await pageAt(`${supporter}/letters/reminder?locale=en`);
  expect(reminder.querySelector('[role=status]')?.textContent).toContain('All that it tells is an example');
});

test.each(readersKinds)('%s can be looked at', async (kind) => {
  expect((await get(`${supporter}/letters/${kind}`)).status).toBe(200);
  const answer = await get(`${supporter}/letters/${kind}/html`);
  expect(answer.status).toBe(200);
  const html = await answer.text();
  for (const link of html.match(/href="[^"]+"/g) ?? []) {
    expect(link).toMatch(/this-is-an-example-link-of-the-same-length-it-opens-nothing|\/donate"/);
  }
  expect(html).not.toContain('ola@example.org');
});

test('the letter stands in a fenced frame, and the page lets nothing but it be framed', async () => {
  const page = await get(`${supporter}/letters/thank-you`);
  expect(page.headers.get('content-security-policy')).toContain("frame-src 'self'");
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(page.headers.get('cache-control')).toBe('no-store');
  const letter = await get(`${supporter}/letters/thank-you/html`);
  expect(letter.headers.get('content-security-policy')).toMatch(/frame-ancestors 'self';sandbox$/);
  expect(letter.headers.get('x-frame-options')).toBeNull();
  expect(letter.headers.get('cache-control')).toBe('no-store');
});

test('no address is shown, and only support and up may look', async () => {
  const paths = [
    `${supporter}/letters`,
    `${supporter}/letters/thank-you`,
    `${supporter}/letters/thank-you/html`,
  ];
  for (const path of paths) {
    expect(await (await get(path)).text()).not.toContain('ola@example.org');
    expect((await get(path, 'viewer')).status).toBe(403);
    expect((await get(path, null)).status).toBe(303);
  }
});

test('nobody of that number, and no letter of that name', async () => {
  const nobody = '01930000-0000-7000-8000-000000000000';
  for (const path of [
    `${nobody}/letters`,
    `${nobody}/letters/thank-you`,
    'ola/letters/thank-you',
    `${supporter}/letters/staff-invitation`,
    `${supporter}/letters/love-letter`,
    `${supporter}/letters/constructor`,
  ]) {
    expect((await get(path)).status).toBe(404);
  }
});

test('every look leaves a line that says who looked at whom and at which letter, and that nothing changes', async () => {
  await service.advance('PT1H');
  const since = service.services.now();
  const lines = () =>
    service.rows('select act, subject, reader_id as reader from audit_log where at >= $1 order by id', [
      since,
    ]);
  expect(await lines()).toEqual([]);
  await get(`${supporter}/letters`);
  // The page and the letter in its frame are one look.
  await get(`${supporter}/letters/refunded`);
  await get(`${supporter}/letters/refunded/html`);
  await get(`${supporter}/letters/thank-you`, 'viewer');
  await get('01930000-0000-7000-8000-000000000000/letters/refunded');
  expect(await lines()).toEqual([
    { act: 'letters-listed', subject: null, reader: supporter },
    { act: 'letter-seen', subject: 'refunded', reader: supporter },
  ]);
  for (const change of [
    "update audit_log set act = 'letter-seen'",
    'delete from audit_log',
    'truncate audit_log',
  ]) {
    await expect(service.rows(change)).rejects.toThrow('neither changed nor deleted');
  }
});
