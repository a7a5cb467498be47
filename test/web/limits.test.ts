// How often: counted in Postgres, so that every instance counts the same.
import { Router } from 'express';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { limitNetwork, networkOf, spend, sweepLimits } from '../../src/web/limits.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { siteWith } from './site.ts';

let fresh: FreshDatabase;
let one: TestServices;
let other: TestServices;

beforeAll(async () => {
  fresh = await freshDatabase();
  const world = { databaseUrl: fresh.url, now: '2026-03-01T12:00:00Z', env: { TRUSTED_PROXY_HOPS: '1' } };
  one = await testServices(world);
  other = await testServices(world);
});
beforeEach(async () => {
  for (const services of [one, other]) services.set('2026-03-01T12:00:00Z');
  await fresh.pool.query('truncate limits');
});
afterAll(async () => {
  await one.close();
  await other.close();
  await fresh.drop();
});

function site(services: TestServices, most = 3) {
  const routes = Router();
  routes.post('/api/v1/things', limitNetwork(services, 'things', most, 60), (_req, res) => res.send('done'));
  return siteWith(services, routes);
}

const post = (services: TestServices, from: string) =>
  request(site(services)).post('/api/v1/things').set('X-Forwarded-For', from);

describe('a network', () => {
  test('is refused after so many requests, over all instances, and let in again when the window is over', async () => {
    for (const services of [one, other, one]) expect((await post(services, '192.0.2.7')).status).toBe(200);
    const refused = await post(other, '192.0.2.7');
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('60');
    expect(refused.body.type).toBe('tag:small-favor,2026:too-many-tries');
    expect((await post(one, '192.0.2.8')).status).toBe(200);
    one.pass(60);
    expect((await post(one, '192.0.2.7')).status).toBe(200);
  });

  test('is counted exactly when many requests come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => post(at % 2 ? one : other, '192.0.2.9')),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
  });

  test('cannot get away by naming other hops, or by other addresses of its own /64', async () => {
    for (const spoofed of ['1.1.1.1, 192.0.2.7', '2.2.2.2, 192.0.2.7', '192.0.2.7']) await post(one, spoofed);
    expect((await post(one, '9.9.9.9, 192.0.2.7')).status).toBe(429);
    for (const address of ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:ffff::3'])
      await post(one, address);
    expect((await post(one, '2001:db8:1:2:1:2:3:4')).status).toBe(429);
    expect((await post(one, '2001:db8:1:3::1')).status).toBe(200);
  });

  test('is kept as a hash only', async () => {
    await post(one, '192.0.2.7');
    const { rows } = await fresh.pool.query('select key from limits');
    expect(JSON.stringify(rows)).not.toContain('192.0.2.7');
    expect(rows[0].key).toMatch(/^things:/);
  });
});

test('an address is counted silently, each counter by its own name', async () => {
  const allowed = () => spend(one, 'letters', 'reader@example.org', 2, 3600);
  expect([await allowed(), await allowed(), await allowed()]).toEqual([true, true, false]);
  expect(await spend(other, 'letters', 'other@example.org', 2, 3600)).toBe(true);
  expect(await spend(other, 'links', 'reader@example.org', 2, 3600)).toBe(true);
  one.pass(3600);
  expect(await allowed()).toBe(true);
});

test('counters that have run out are forgotten', async () => {
  await spend(one, 'letters', 'reader@example.org', 2, 60);
  await spend(one, 'letters', 'other@example.org', 2, 7200);
  one.pass(61);
  await sweepLimits(one);
  expect((await fresh.pool.query('select 1 from limits')).rowCount).toBe(1);
});

test.each([
  ['no proxy is trusted', 0, '9.9.9.9', '192.0.2.1', '192.0.2.1'],
  ['one hop', 1, '9.9.9.9, 192.0.2.7', '10.0.0.1', '192.0.2.7'],
  ['two hops', 2, '9.9.9.9, 192.0.2.7, 10.0.0.2', '10.0.0.1', '192.0.2.7'],
  ['fewer hops than trusted', 2, '192.0.2.7', '10.0.0.1', '10.0.0.1'],
  ['what a hop says is no address', 1, '<script>', '10.0.0.1', '10.0.0.1'],
  ['an IPv4 address in IPv6 writing', 0, '', '::ffff:192.0.2.1', '192.0.2.1'],
])('%s: the network is %4$s', (_name, hops, forwarded, socket, network) => {
  const req = { get: () => forwarded, socket: { remoteAddress: socket } } as unknown as Parameters<
    typeof networkOf
  >[0];
  expect(networkOf(req, hops)).toBe(network);
});
