// Goals at the desk: set, changed and ended by finance, by form and by program; seen by all, drawn with words for who cannot see.
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inviteStaff } from '../../src/staff/invite.ts';
import type { Role } from '../../src/staff/roles.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
const cookies: Partial<Record<Role, string>> = {};

beforeAll(async () => {
  service = await startService('2026-08-03T09:00:00Z');
  for (const role of ['viewer', 'finance'] as const) {
    const link = await inviteStaff(service.services, `${role}@example.org`, role);
    const body = new URLSearchParams({ password: 'boats come in with the tide' });
    const welcomed = await fetch(link, { method: 'POST', body, redirect: 'manual' });
    cookies[role] = String(welcomed.headers.get('set-cookie')).split(';')[0] ?? '';
  }
  await service.give({
    frequency: 'once',
    amountMinor: 2_500,
    campaign: 'harvest',
    email: 'ola@example.org',
  });
});
afterAll(() => service.close());

async function pageAt(path: string, role: Role = 'finance') {
  const answer = await fetch(`${service.url}${path}`, { headers: { cookie: cookies[role] ?? '' } });
  return { status: answer.status, document: parseHTML(await answer.text()).document };
}

async function post(
  path: string,
  fields: Record<string, string>,
  role: Role = 'finance',
  from = '/staff/goals',
) {
  const { document } = await pageAt(`${from}?locale=en`, role);
  const form_token = document.querySelector('[name=form_token]')?.getAttribute('value') ?? '';
  return fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { cookie: cookies[role] ?? '' },
    body: new URLSearchParams({ form_token, locale: 'en', ...fields }),
    redirect: 'manual',
  });
}

function byProgram(path: string, body: object, role: Role = 'finance', headers: Record<string, string> = {}) {
  return fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: cookies[role] ?? '', ...headers },
    body: JSON.stringify(body),
  });
}

const harvest = {
  title: 'The harvest',
  campaign: 'harvest',
  amount: '100.00',
  currency: 'USD',
  first_on: '2026-08-01',
  last_on: '2026-08-31',
};
const wish = {
  title: 'All of us',
  target_minor: 50_000,
  currency: 'USD',
  first_on: '2026-08-01',
  last_on: '2026-12-31',
};

test('a goal that is set stands on the desk with what came in, also in words', async () => {
  expect((await post('/staff/goals', harvest)).status).toBe(303);
  const { document } = await pageAt('/staff?locale=en', 'viewer');
  const section = document.querySelector('.goal');
  expect(section?.textContent).toContain('$25 of $100, 25% of the target');
  expect(section?.textContent).toContain('29 days left, today included');
  expect(section?.querySelector('svg')?.getAttribute('aria-label')).toMatch(
    /^A bar filled to 25%: \$25 of \$100\. A line marks an even pace, \$\d/,
  );
  const { document: definitions } = await pageAt('/staff/definitions?locale=en', 'viewer');
  const counted = [...(section?.querySelectorAll('a.term') ?? [])].map((link) =>
    String(link.getAttribute('href')?.split('#')[1]),
  );
  expect(counted).toContain('goal-raised');
  for (const place of counted) expect(definitions.getElementById(place)?.textContent).toBeTruthy();
  const { document: russian } = await pageAt('/staff?locale=ru', 'viewer');
  expect(russian.querySelector('.goal')?.textContent?.replace(/\s/g, ' ')).toContain('25 $ из 100 $');
});

test('programs read the same figures', async () => {
  const answer = await fetch(`${service.url}/api/v1/goals`, { headers: { cookie: cookies.viewer ?? '' } });
  expect(await answer.json()).toMatchObject({
    as_of: expect.any(String),
    goals: [{ title: 'The harvest', target_minor: 10_000, raised_minor: 2_500, days_left: 29 }],
  });
});

test('the same form sent twice sets one goal', async () => {
  const key = '3f0c6a52-8f86-4c39-9d0a-0b8f3f1c2a11';
  for (const _ of [1, 2]) await post('/staff/goals', { ...harvest, title: 'Twice', key });
  expect(await service.rows("select id from goals where title = 'Twice'")).toHaveLength(1);
});

test('what is wrong is said by its field, and what was typed stays', async () => {
  const answer = await post('/staff/goals', {
    ...harvest,
    title: ' ',
    amount: '1,000',
    first_on: '2026-09-01',
    last_on: '2026-08-01',
  });
  expect(answer.status).toBe(422);
  const { document } = parseHTML(await answer.text());
  const said = [...document.querySelectorAll('.faults li')].map((line) => line.textContent);
  expect(said).toHaveLength(3);
  expect(said[0]).toBe('Please write something here.');
  expect(said[2]).toContain('The earliest day we can do is Tuesday 1 September');
  expect(document.querySelector('[name=amount]')?.getAttribute('value')).toBe('1,000');
});

test('finance changes and ends it; it stays in the list and leaves the desk', async () => {
  const [row] = await service.rows<{ id: string }>("select id from goals where title = 'Twice'");
  const path = `/staff/goals/${row?.id}`;
  const { document } = await pageAt(`${path}?locale=en`);
  expect(document.querySelector('[name=amount]')?.getAttribute('value')).toBe('100.00');
  expect((await post(path, { ...harvest, title: 'Changed', campaign: '' })).status).toBe(303);
  expect(await service.rows('select title, campaign from goals where id = $1', [row?.id])).toEqual([
    { title: 'Changed', campaign: null },
  ]);
  for (const _ of [1, 2]) expect((await post(`${path}/end`, {})).status).toBe(303);
  expect((await post(path, harvest)).status).toBe(409);
  const list = await pageAt('/staff/goals?locale=en', 'viewer');
  expect(list.document.querySelector('tbody')?.textContent).toContain('taken off the desk');
  expect((await pageAt('/staff?locale=en')).document.querySelectorAll('.goal')).toHaveLength(1);
});

test('who may only look gets no form, and is refused', async () => {
  const { document } = await pageAt('/staff/goals?locale=en', 'viewer');
  expect(document.querySelector('form[action="/staff/goals"]')).toBeNull();
  expect((await post('/staff/goals', harvest, 'viewer', '/staff/report-letters')).status).toBe(403);
  expect((await byProgram('/api/v1/goals', wish, 'viewer')).status).toBe(403);
});

test('a form from another site, or without this session’s token, changes nothing', async () => {
  const before = await service.rows('select id from goals');
  const body = new URLSearchParams(harvest);
  const headers = { cookie: cookies.finance ?? '' };
  for (const more of [{}, { 'sec-fetch-site': 'cross-site' }]) {
    const answer = await fetch(`${service.url}/staff/goals`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body,
    });
    expect(answer.status).toBe(403);
  }
  const foreign = await byProgram('/api/v1/goals', wish, 'finance', { 'sec-fetch-site': 'cross-site' });
  expect(foreign.status).toBe(403);
  expect(await service.rows('select id from goals')).toEqual(before);
});

test('a program sets, changes and ends one by the same rules', async () => {
  const key = { 'idempotency-key': 'goal-1' };
  const set = await byProgram('/api/v1/goals', wish, 'finance', key);
  expect(set.status).toBe(201);
  const goal = (await set.json()) as { id: string };
  expect(goal).toEqual({ id: expect.any(String), ...wish, campaign: null, ended_at: null });
  expect(await (await byProgram('/api/v1/goals', wish, 'finance', key)).json()).toEqual(goal);
  const changed = await byProgram(`/api/v1/goals/${goal.id}`, { act: 'change', ...wish, campaign: 'winter' });
  expect(await changed.json()).toMatchObject({ id: goal.id, campaign: 'winter' });
  const ended = await byProgram(`/api/v1/goals/${goal.id}`, { act: 'end' });
  expect(await ended.json()).toMatchObject({ ended_at: expect.any(String) });
  for (const [wrong, field] of [
    [{ ...wish, target_minor: 1.5 }, 'target_minor'],
    [{ ...wish, target_minor: 0 }, 'target_minor'],
    [{ ...wish, currency: 'XXX' }, 'currency'],
    [{ ...wish, last_on: '2026-07-31' }, 'last_on'],
    [{ ...wish, first_on: '2026-02-30' }, 'first_on'],
  ] as const) {
    const answer = await byProgram('/api/v1/goals', wrong);
    const { errors } = (await answer.json()) as { errors: { field: string }[] };
    expect([answer.status, errors.map((each) => each.field)]).toEqual([422, [field]]);
  }
});
