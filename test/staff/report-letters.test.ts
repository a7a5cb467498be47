// Report letters: chosen at the desk, written once in the morning with the figures of the desk, and never to who has left.
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../../src/reports/answer.ts';
import { inviteStaff, removeStaff } from '../../src/staff/invite.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
const zone = 'Europe/Riga';

beforeAll(async () => {
  // A Wednesday.
  service = await startService('2026-08-05T09:00:00Z', {
    PUBLICATION_TIME_ZONE: zone,
    REPORTING_CURRENCY: 'USD',
    PUBLICATION_LOCALES: 'en,ru',
  });
});
afterAll(() => service.close());

async function join(address: string): Promise<string> {
  const link = await inviteStaff(service.services, address, 'viewer');
  const body = new URLSearchParams({ password: 'boats come in with the tide' });
  const welcomed = await fetch(link, { method: 'POST', body, redirect: 'manual' });
  return String(welcomed.headers.get('set-cookie')).split(';')[0] ?? '';
}

const pageOf = async (cookie: string) =>
  parseHTML(
    await (await fetch(`${service.url}/staff/report-letters?locale=en`, { headers: { cookie } })).text(),
  ).document;

async function choose(cookie: string, every: string, locale = 'en'): Promise<Response> {
  const form_token = (await pageOf(cookie)).querySelector('[name=form_token]')?.getAttribute('value') ?? '';
  return fetch(`${service.url}/staff/report-letters`, {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ form_token, every, locale }),
    redirect: 'manual',
  });
}

const lettersTo = async (address: string) =>
  (await service.letters(address)).filter(({ subject }) => /figures|Цифры/.test(subject));

test('a week is told on its Monday morning, once, with the figures of the desk, and names nobody', async () => {
  const editor = await join('editor@example.org');
  expect((await choose(editor, 'week')).status).toBe(303);
  expect((await pageOf(editor)).querySelector('[role=status]')?.textContent).toBe(
    'The next letter comes on Monday 10 August.',
  );
  await service.give({
    frequency: 'month',
    amountMinor: 1_234,
    email: 'ola@example.org',
    name: 'Ola Reader',
  });
  await service.advance('P7D');
  const letters = await lettersTo('editor@example.org');
  expect(letters.map(({ subject }) => subject)).toEqual(['The figures of the week']);
  const [{ text = '', at = '' } = {}] = letters;
  // Between 7 and 9 in Riga, three hours ahead.
  expect(new Date(at).toISOString()).toMatch(/^2026-08-10T0[45]:/);
  expect(text).toContain('3 August 2026 to 9 August 2026');
  const answer = await fetch(
    `${service.url}/api/v1/reports/income?from=2026-08-03&to=2026-08-10&by=week&currency=reporting`,
    { headers: { cookie: editor } },
  );
  const { totals } = (await answer.json()) as { totals: NonNullable<Answer['totals']> };
  expect(totals.gross_minor).toBe(1_234);
  expect(text).toContain('$12.34 (before:\u00a0$0)');
  expect(text).toContain(`$${Number(totals.net_minor) / 100} (before:\u00a0$0)`);
  expect(text).toMatch(/^New: +\+\$12\.34$/m);
  expect(text).toMatch(/^At the end: +\$12\.34$/m);
  expect(text).not.toMatch(/Ola|ola@/);
  await service.advance('P1D');
  expect(await lettersTo('editor@example.org')).toHaveLength(1);
});

test('the first of a month tells the month before, in the language it was asked for in', async () => {
  const reporter = await join('reporter@example.org');
  const chosen = await fetch(`${service.url}/api/v1/report-letters`, {
    method: 'POST',
    headers: { cookie: reporter, 'content-type': 'application/json' },
    body: JSON.stringify({ every: 'month', locale: 'ru' }),
  });
  expect(await chosen.json()).toEqual({
    every: 'month',
    next_at: expect.stringMatching(/^2026-09-01T0[45]:/),
  });
  await service.advance('P21D');
  const [letter, ...others] = await lettersTo('reporter@example.org');
  expect(others).toEqual([]);
  expect(letter?.subject).toBe('Цифры за месяц');
  expect(letter?.text).toContain('1 августа 2026 г. – 31 августа 2026 г.'.replaceAll(' г.', ' года'));
});

test('none is written to who asked for none, nor to who is no longer staff', async () => {
  const leaver = await join('leaver@example.org');
  await choose(leaver, 'week');
  const quiet = await join('quiet@example.org');
  await choose(quiet, 'week');
  await choose(quiet, 'none');
  expect((await pageOf(quiet)).querySelector('[role=status]')?.textContent).toBe(
    'You get no figures by letter.',
  );
  await removeStaff(service.services, 'leaver@example.org');
  await service.advance('P7D');
  expect(await lettersTo('leaver@example.org')).toEqual([]);
  expect(await lettersTo('quiet@example.org')).toEqual([]);
});
