// Bearer tokens for programs that read reports: made, used, limited and taken back.
import supertest from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isReportName, reports } from '../../src/reports/answer.ts';
import { startService, type TestService } from '../harness/service.ts';
import { favor, favorJson, wholeEnvironment } from './terminal.ts';

let service: TestService;
let env: Record<string, string>;
let site: ReturnType<typeof supertest>;
beforeAll(async () => {
  service = await startService('2026-03-01T10:00:00Z');
  env = {
    ...wholeEnvironment({ databaseUrl: service.config.databaseUrl, stripeUrl: service.stripeUrl }),
    APP_KEYS: service.sandbox.appKeys.join(','),
  };
  site = supertest(service.url);
  await service.give({ frequency: 'month', amountMinor: 500, email: 'ben@example.org' });
});
afterAll(() => service.close());

const add = (...args: string[]) =>
  favorJson<{ id: string; role: string; token: string }>(env, 'token', 'add', ...args);

test('a token reads every report, as JSON and as a file, and nothing else', async () => {
  const { role, token } = await add();
  expect(role).toBe('viewer');
  for (const name of Object.keys(reports).filter(isReportName)) {
    const { body } = await site.get(`/api/v1/reports/${name}`).auth(token, { type: 'bearer' }).expect(200);
    expect(body.name).toBe(name);
    const file = await site.get(`/api/v1/reports/${name}.csv`).auth(token, { type: 'bearer' }).expect(200);
    expect(file.type).toBe('text/csv');
    expect(file.headers['cache-control']).toBe('no-store');
  }
  await site.get('/staff').auth(token, { type: 'bearer' }).expect(303);
  await site
    .post('/api/v1/events/replays')
    .auth(token, { type: 'bearer' })
    .send({ events: ['evt_1'] })
    .expect(401);
});

test('without one, with another or with a changed one it is a 401 that says so', async () => {
  const { token } = await add('--role', 'finance', '--label', 'the monthly sheet');
  const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
  for (const wrong of ['nonsense', changed, `favor_${'A'.repeat(22)}_${'A'.repeat(43)}`, '']) {
    const refused = await site.get('/api/v1/reports/income').set('Authorization', `Bearer ${wrong}`);
    expect([refused.status, refused.type]).toEqual([401, 'application/problem+json']);
    expect(refused.headers['www-authenticate']).toContain('invalid_token');
    expect(refused.body.type).toContain('token-wrong');
  }
  const { body } = await site.get('/api/v1/reports/income').expect(401);
  expect(body.type).toContain('sign-in-needed');
});

test('it is kept as a hash; the list tells its role, its use and its end, and it ends at once', async () => {
  const { id, token } = await add('--label', 'to be revoked');
  const [, , secret = ''] = token.split('_');
  const kept = await service.rows<{ row: string }>('select t::text as row from report_tokens t');
  expect(
    kept.some(
      ({ row }) => row.includes(secret) || row.includes(Buffer.from(secret, 'base64url').toString('hex')),
    ),
  ).toBe(false);
  await site.get('/api/v1/reports/mrr').auth(token, { type: 'bearer' }).expect(200);
  const { said } = await favor(env, 'token', 'list');
  expect(said).toMatch(
    new RegExp(`${id} +viewer +to be revoked +\\d{4}-\\d\\d-\\d\\d +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d`),
  );
  expect(await favorJson(env, 'token', 'revoke', id)).toEqual({ revoked: id });
  await site.get('/api/v1/reports/mrr').auth(token, { type: 'bearer' }).expect(401);
  expect((await favor(env, 'token', 'revoke', id)).code).toBe(1);
  const { tokens } = await favorJson<{ tokens: { id: string; revoked_at: string | null }[] }>(
    env,
    'token',
    'list',
  );
  expect(tokens.find((each) => each.id === id)?.revoked_at).not.toBeNull();
});

test('who guesses, and who asks without end, is made to wait', async () => {
  const { id, token } = await add();
  await service.rows('delete from limits');
  await site.get('/api/v1/reports/mrr').auth(token, { type: 'bearer' }).expect(200);
  await service.rows('update limits set hits = 600');
  const slower = await site.get('/api/v1/reports/mrr').auth(token, { type: 'bearer' }).expect(429);
  expect(slower.headers['retry-after']).toBe('60');
  await service.rows('delete from limits');
  for (let guess = 0; guess < 30; guess += 1)
    await site.get('/api/v1/reports/mrr').set('Authorization', 'Bearer wrong').expect(401);
  await site.get('/api/v1/reports/mrr').set('Authorization', 'Bearer wrong').expect(429);
  // A good one of the same network is not kept waiting by it.
  await site.get('/api/v1/reports/mrr').auth(token, { type: 'bearer' }).expect(200);
  expect((await favor(env, 'token', 'revoke', id)).code).toBe(0);
});

test('a role that is none, and a verb that is none, are wrong use', async () => {
  expect((await favor(env, 'token', 'add', '--role', 'boss')).code).toBe(2);
  expect((await favor(env, 'token')).code).toBe(2);
  expect((await add('admin')).role).toBe('admin');
});
