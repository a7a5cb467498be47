// Stripe's events from the command line: seen, and let wait once more.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stripeEvents } from '../../src/schema.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { appKey, calledAt, favor, favorJson, wholeEnvironment } from './terminal.ts';

let database: FreshDatabase;
let services: TestServices;
let env: Record<string, string>;
beforeEach(async () => {
  database = await freshDatabase();
  services = await testServices({ databaseUrl: database.url, now: calledAt, env: { APP_KEYS: appKey } });
  env = wholeEnvironment({ databaseUrl: database.url });
  await keep('evt_done', { state: 'done', type: 'invoice.paid', minutesAgo: 30 });
  await keep('evt_dead', { state: 'dead', type: 'charge.succeeded', problem: 'TypeError', minutesAgo: 20 });
  await keep('evt_dead_too', { state: 'dead', type: 'invoice.paid', minutesAgo: 10 });
});
afterEach(async () => {
  await services.close();
  await database.drop();
});

test('events are listed newest first, by state and type', async () => {
  const ids = async (...args: string[]) => {
    const { events } = await favorJson<{ events: { id: string }[] }>(env, 'events', 'list', ...args);
    return events.map(({ id }) => id);
  };
  expect(await ids()).toEqual(['evt_dead_too', 'evt_dead', 'evt_done']);
  expect(await ids('--limit', '1')).toEqual(['evt_dead_too']);
  expect(await ids('--state', 'dead')).toEqual(['evt_dead_too', 'evt_dead']);
  expect(await ids('--state', 'dead', '--type', 'invoice.paid')).toEqual(['evt_dead_too']);
  expect((await favor(env, 'events', 'list')).said).toMatch(
    /evt_dead +charge\.succeeded +dead +10 .*TypeError/,
  );
  expect((await favor(env, 'events', 'list', '--state', 'waiting')).said).toBe('No such events.');
});

test('a replayed event waits again with all its tries, and takes the claim from whoever held it', async () => {
  const answer = await favor(env, 'events', 'replay', 'evt_dead');
  expect(answer.code).toBe(0);
  expect(await rowOf('evt_dead')).toMatchObject({
    state: 'waiting',
    attempts: 0,
    problem: null,
    done_at: null,
    leased_until: null,
    due_at: calledAt,
    fence: '5',
  });
  expect(await rowOf('evt_dead_too')).toMatchObject({ state: 'dead' });
});

test('all dead events can be replayed at once; an unknown id ends with 1 and is named', async () => {
  const { replayed } = await favorJson<{ replayed: string[] }>(env, 'events', 'replay', '--state', 'dead');
  expect(replayed.sort()).toEqual(['evt_dead', 'evt_dead_too']);
  const answer = await favor(env, 'events', 'replay', 'evt_done', 'evt_unheard');
  expect(answer.code).toBe(1);
  expect(answer.said).toContain('evt_unheard');
  expect(await rowOf('evt_done')).toMatchObject({ state: 'waiting' });
});

async function keep(
  id: string,
  told: { state: 'done' | 'dead'; type: string; minutesAgo: number; problem?: string },
): Promise<void> {
  const at = new Date(calledAt.getTime() - told.minutesAgo * 60_000);
  await services.database.insert(stripeEvents).values({
    id,
    type: told.type,
    state: told.state,
    createdAt: at,
    receivedAt: at,
    doneAt: at,
    dueAt: at,
    attempts: 10,
    fence: 4,
    leasedUntil: at,
    problem: told.problem ?? null,
  });
}

async function rowOf(id: string) {
  const { rows } = await database.pool.query('select * from stripe_events where id = $1', [id]);
  return rows[0];
}
