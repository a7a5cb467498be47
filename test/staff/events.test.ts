// Stripe's events for people: seen by state, and replayed by a button that finance and admin alone have.
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stripeEvents } from '../../src/schema.ts';
import { inviteStaff } from '../../src/staff/invite.ts';
import type { Role } from '../../src/staff/roles.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
const cookies: Partial<Record<Role, string>> = {};

beforeAll(async () => {
  service = await startService('2026-08-03T09:00:00Z', { METRICS_TOKEN: 'a token of these tests' });
  for (const role of ['viewer', 'finance'] as const) cookies[role] = await signIn(role);
  await service.give({ frequency: 'once', amountMinor: 900, email: 'ola@example.org' });
});
afterAll(() => service.close());

async function signIn(role: Role): Promise<string> {
  const link = await inviteStaff(service.services, `${role}@example.org`, role);
  const welcomed = await fetch(link, {
    method: 'POST',
    body: new URLSearchParams({ password: 'boats come in with the tide' }),
    redirect: 'manual',
  });
  return String(welcomed.headers.get('set-cookie')).split(';')[0] ?? '';
}

async function pageOf(role: Role, path: string) {
  const answer = await fetch(`${service.url}${path}`, { headers: { cookie: cookies[role] ?? '' } });
  const html = await answer.text();
  return { status: answer.status, html, document: parseHTML(html).document };
}

function post(role: Role | null, fields: Record<string, string>): Promise<Response> {
  return fetch(`${service.url}/staff/events/replay`, {
    method: 'POST',
    headers: role === null ? {} : { cookie: cookies[role] ?? '' },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  });
}

function replayByProgram(role: Role | null, body: object, headers: Record<string, string> = {}) {
  return fetch(`${service.url}/api/v1/events/replays`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(role !== null && { cookie: cookies[role] ?? '' }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
}

/** The gift's own event, as it stands when every try has failed. */
async function giveUp(): Promise<string> {
  const [given] = await service.rows<{ id: string }>(
    "update stripe_events set state = 'dead', problem = 'TypeError', attempts = 10, done_at = null where type = 'charge.succeeded' returning id",
  );
  return given?.id ?? '';
}

async function stateOf(id: string): Promise<unknown> {
  return (await service.rows('select state, problem from stripe_events where id = $1', [id]))[0];
}

const ready = async () => (await (await fetch(`${service.url}/health/ready`)).json()) as Ready;
interface Ready {
  ok: boolean;
  checks: { events: { ok: boolean; dead: number } };
}

test('while nothing was given up, nobody is asked to look', async () => {
  const { document } = await pageOf('viewer', '/staff?locale=en');
  expect(document.querySelector('#needs-person')).toBeNull();
  expect((await ready()).checks.events.dead).toBe(0);
  const { html } = await pageOf('viewer', '/staff/events?locale=en');
  expect(html).toContain('Nothing waits.');
});

test('an event that was given up stands on the desk, in the readiness and in the figures, and readiness stands', async () => {
  await giveUp();
  const { document } = await pageOf('viewer', '/staff?locale=en');
  expect(document.querySelector('#needs-person')?.parentElement?.textContent).toContain(
    '1 event of Stripe’s',
  );
  const { ok, checks } = await ready();
  expect([ok, checks.events.ok, checks.events.dead]).toEqual([true, true, 1]);
  const figures = await fetch(`${service.url}/metrics`, {
    headers: { authorization: 'Bearer a token of these tests' },
  });
  const said = await figures.text();
  expect(said).toContain('favor_rows{table="stripe_events",state="dead"} 1');
  expect(said).toMatch(/favor_event_delay_seconds\{quantile="0.99"\} \d/);
});

test('it comes first on the page of events, with its problem; who may only look gets no button', async () => {
  const id = await giveUp();
  const { document } = await pageOf('viewer', '/staff/events?locale=en');
  const row = document.querySelector('tbody tr');
  expect(row?.textContent).toContain('charge.succeeded');
  expect(row?.textContent).toContain('TypeError');
  expect(row?.querySelector('code')?.getAttribute('title')).toBe(id);
  expect(document.querySelector('form[action="/staff/events/replay"]')).toBeNull();
  expect(document.body.textContent).toContain('Someone with the role Finance or Admin');
});

test('what was passed over is counted by its reason, and the delay is told', async () => {
  await service.services.database.insert(stripeEvents).values(
    ['evt_a', 'evt_b', 'evt_c'].map((id) => ({
      id,
      type: 'topup.created',
      state: 'ignored' as const,
      problem: id === 'evt_c' ? 'a thin event' : 'another account',
      createdAt: service.services.now(),
      receivedAt: service.services.now(),
      dueAt: service.services.now(),
    })),
  );
  const { document } = await pageOf('viewer', '/staff/events?state=ignored&locale=en');
  const reasons = [...document.querySelectorAll('#reasons + ul li')].map((each) => each.textContent);
  expect(reasons).toEqual(expect.arrayContaining(['another account: 2', 'a thin event: 1']));
  expect(document.body.textContent).toMatch(/half within [\d.]+ s, 99 of 100 within [\d.]+ s/);
});

test('the delay is from Stripe’s creation to our commit, of the last day alone', async () => {
  await service.rows(
    "update stripe_events set done_at = created_at + interval '2 seconds' where state = 'done'",
  );
  await service.services.database.insert(stripeEvents).values({
    id: 'evt_long_ago',
    type: 'invoice.paid',
    state: 'done',
    createdAt: new Date('2026-07-01T09:00:00Z'),
    receivedAt: new Date('2026-07-01T09:00:00Z'),
    doneAt: new Date('2026-07-02T09:00:00Z'),
    dueAt: new Date('2026-07-01T09:00:00Z'),
  });
  const { document } = await pageOf('viewer', '/staff/events?locale=en');
  expect(document.body.textContent).toMatch(/half within 2 s, 99 of 100 within 2 s/);
});

describe('a replay', () => {
  test('by the button lets the event be applied, and counts nothing twice', async () => {
    const id = await giveUp();
    const { document } = await pageOf('finance', '/staff/events?state=dead');
    const forms = [...document.querySelectorAll('form[action="/staff/events/replay"]')];
    expect(forms).toHaveLength(2);
    const fields = Object.fromEntries(
      [...(forms.at(-1)?.querySelectorAll('input') ?? [])].map((input) => [
        input.getAttribute('name') ?? '',
        input.getAttribute('value') ?? '',
      ]),
    );
    expect(fields.events).toBe(id);
    const pressed = await post('finance', fields);
    expect([pressed.status, pressed.headers.get('location')]).toEqual([
      303,
      '/staff/events?state=dead&replayed=1',
    ]);
    const after = await pageOf('finance', '/staff/events?state=dead&replayed=1&locale=en');
    expect(after.html).toContain('1 event waits to be applied once more.');
    await service.settled();
    expect(await stateOf(id)).toEqual({ state: 'done', problem: null });
    expect(await service.rows('select count(*)::int as n from payments')).toEqual([{ n: 1 }]);
    expect(await service.rows("select count(*)::int as n from letters where kind = 'thank-you'")).toEqual([
      { n: 1 },
    ]);
  });

  test('is refused to who may only look, without the session’s own form, and to strangers', async () => {
    const id = await giveUp();
    const { document } = await pageOf('finance', '/staff/events?state=dead');
    const token = document.querySelector('input[name=form_token]')?.getAttribute('value') ?? '';
    expect((await post('viewer', { events: id, form_token: token })).status).toBe(403);
    expect((await post('finance', { events: id })).status).toBe(403);
    expect((await post(null, { events: id, form_token: token })).status).toBe(401);
    expect(await stateOf(id)).toEqual({ state: 'dead', problem: 'TypeError' });
  });

  test('by a program obeys the same rules', async () => {
    const id = await giveUp();
    expect((await replayByProgram(null, { events: [id] })).status).toBe(401);
    expect((await replayByProgram('viewer', { events: [id] })).status).toBe(403);
    const elsewhere = { origin: 'https://elsewhere.example.org' };
    expect((await replayByProgram('finance', { events: [id] }, elsewhere)).status).toBe(403);
    expect((await replayByProgram('finance', { events: ['what?'] })).status).toBe(422);
    expect(await stateOf(id)).toEqual({ state: 'dead', problem: 'TypeError' });
    const answer = await replayByProgram('finance', { events: [id, 'evt_unheard'] });
    expect(await answer.json()).toEqual({ replayed: [id], unknown: ['evt_unheard'] });
    await service.settled();
    expect(await stateOf(id)).toEqual({ state: 'done', problem: null });
  });
});
