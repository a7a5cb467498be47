// The doctor: says how everything stands, and mends what is wrong at Stripe when asked.
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../src/commands/doctor/finding.ts';
import { type Mailbox, openMailbox } from '../../src/sandbox/mailbox.ts';
import { openPassingStore } from '../../src/sandbox/store.ts';
import { type StripeStandIn, startStripeStandIn } from '../../src/sandbox/stripe/stand-in.ts';
import { pinnedVersion, subscribedTypes } from '../../src/stripe/events.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { appKey, calledAt, favor, favorJson, wholeEnvironment } from './terminal.ts';

let database: FreshDatabase;
let stripe: StripeStandIn;
let mailbox: Mailbox;
let services: TestServices;
let env: Record<string, string>;
beforeEach(async () => {
  database = await freshDatabase();
  const now = () => calledAt;
  stripe = await startStripeStandIn({ store: new DatabaseSync(':memory:'), now, machineNow: now, port: 0 });
  mailbox = await openMailbox({ store: openPassingStore(), now, port: 0 });
  services = await testServices({
    databaseUrl: database.url,
    stripeUrl: stripe.url,
    now: calledAt,
    env: { APP_KEYS: appKey },
  });
  env = {
    ...wholeEnvironment({ databaseUrl: database.url, stripeUrl: stripe.url, smtpUrl: mailbox.url }),
    BASE_URL: 'https://support.example.org',
    MAIL_FROM: 'The Gazette <letters@gazette.invalid>',
  };
});
afterEach(async () => {
  await services.close();
  await mailbox.close();
  await stripe.close();
  await database.drop();
});

const findings = async (...args: string[]) => {
  const answer = await favorJson<{ ok: boolean; findings: Finding[] }>(env, 'doctor', ...args);
  return answer.findings;
};
const of = (all: Finding[], check: string) => all.find((each) => each.check === check);

test('a fresh account is said to lack the endpoint and the portal, and nothing is changed', async () => {
  const found = await findings();
  expect(found.filter(({ state }) => state === 'problem').map(({ check }) => check)).toEqual([
    'webhook endpoint',
    'billing portal',
  ]);
  expect((await services.stripe.webhookEndpoints.list()).data).toHaveLength(0);
  expect((await services.stripe.billingPortal.configurations.list()).data).toHaveLength(0);
  const { code, said } = await favor(env, 'doctor');
  expect(code).toBe(1);
  expect(said).toContain('→ npm run favor -- doctor --fix');
});

test('--fix makes the endpoint and the portal, prints the signing secret once, and then all is well', async () => {
  const made = await findings('--fix');
  const endpoint = of(made, 'webhook endpoint');
  expect(endpoint).toMatchObject({
    state: 'mended',
    todo: expect.stringContaining('STRIPE_WEBHOOK_SECRETS'),
  });
  expect(endpoint?.secret).toMatch(/^whsec_/);
  const { data } = await services.stripe.webhookEndpoints.list();
  expect(data).toHaveLength(1);
  expect(data[0]).toMatchObject({
    url: 'https://support.example.org/webhooks/stripe',
    api_version: pinnedVersion,
    enabled_events: [...subscribedTypes],
    status: 'enabled',
  });
  const again = await findings('--fix');
  expect(again.every(({ state }) => state === 'ok' || state === 'noted')).toBe(true);
  expect(of(again, 'webhook endpoint')?.secret).toBeUndefined();
  expect((await services.stripe.webhookEndpoints.list()).data).toHaveLength(1);
});

test('an endpoint that is off and lacks events is named, and put right in its place', async () => {
  const { id } = await services.stripe.webhookEndpoints.create({
    url: 'https://support.example.org/webhooks/stripe',
    enabled_events: ['invoice.paid', 'invoice.created'],
    api_version: pinnedVersion,
  });
  await services.stripe.webhookEndpoints.update(id, { disabled: true });
  const says = of(await findings(), 'webhook endpoint')?.says;
  expect(says).toContain('switched off');
  expect(says).toContain('lacks checkout.session.completed');
  expect(says).toContain('nobody here needs: invoice.created');
  expect(of(await findings('--fix'), 'webhook endpoint')?.state).toBe('mended');
  expect(await services.stripe.webhookEndpoints.retrieve(id)).toMatchObject({
    status: 'enabled',
    enabled_events: [...subscribedTypes],
  });
});

test('an endpoint of another API version gets a new one beside it, and is left for a person to delete', async () => {
  const old = await services.stripe.webhookEndpoints.create({
    url: 'https://support.example.org/webhooks/stripe',
    enabled_events: [...subscribedTypes],
  });
  expect(of(await findings(), 'webhook endpoint')?.says).toContain(old.id);
  const mended = of(await findings('--fix'), 'webhook endpoint');
  expect(mended?.todo).toContain(`delete ${old.id}`);
  const all = (await findings()).filter(({ check }) => check === 'webhook endpoint');
  expect(all.map(({ state }) => state)).toEqual(['ok', 'noted']);
  expect(all[1]?.says).toContain(old.id);
});

test('a portal that lets addresses be edited is put right', async () => {
  await findings('--fix');
  const [saved] = (await services.stripe.billingPortal.configurations.list()).data;
  await services.stripe.billingPortal.configurations.update(saved?.id ?? '', {
    features: {
      customer_update: { enabled: true, allowed_updates: ['email'] },
      subscription_cancel: { enabled: true, mode: 'immediately' },
    },
  });
  const says = of(await findings(), 'billing portal')?.says;
  expect(says).toContain('e-mail addresses can be edited');
  expect(says).toContain('gifts end at once');
  await findings('--fix');
  const [mended] = (await services.stripe.billingPortal.configurations.list()).data;
  expect(mended).toMatchObject({
    id: saved?.id,
    features: {
      customer_update: { enabled: false },
      subscription_cancel: { enabled: true, mode: 'at_period_end' },
    },
  });
});

test('a machine’s own address cannot be reached by Stripe: the way to forward events is named', async () => {
  env.BASE_URL = 'http://localhost:3000';
  for (const args of [[], ['--fix']]) {
    const found = of(await findings(...args), 'webhook endpoint');
    expect(found?.state).toBe('problem');
    expect(found?.todo).toContain('stripe listen --forward-to http://localhost:3000/webhooks/stripe');
  }
  expect((await services.stripe.webhookEndpoints.list()).data).toHaveLength(0);
});

test('a key that may not do it is told apart from a Stripe that is away', async () => {
  stripe.setFaults({ calls: { path: '/v1/webhook_endpoints', status: 403, times: 1 } });
  expect(of(await findings(), 'webhook endpoint')?.says).toContain('may not do this');
  stripe.setFaults({ calls: { path: '/v1/account', status: 401, times: 1 } });
  const [unknown, ...others] = (await findings()).filter(({ check }) => check === 'Stripe');
  expect(unknown?.says).toContain('does not know this key');
  expect(others).toEqual([]);
  stripe.setFaults({ calls: { path: '/v1/account', status: 500, times: 9 } });
  expect(of(await findings(), 'Stripe')?.todo).toContain('try again');
});

test('a clock that is off is told', async () => {
  const skewed = await startStripeStandIn({
    store: new DatabaseSync(':memory:'),
    now: () => new Date(calledAt.getTime() + 400_000),
    machineNow: () => calledAt,
    port: 0,
  });
  env.STRIPE_API_URL = skewed.url;
  const clock = of(await findings(), 'clock');
  expect(clock).toMatchObject({ state: 'problem', says: expect.stringContaining('400 s') });
  await skewed.close();
});

test('migrations that are missing, keys that do not open and a silent mail server are each told', async () => {
  await favor(env, 'staff', 'list');
  env.APP_KEYS = 'quite another key and just as long as it';
  env.SMTP_URL = 'smtp://127.0.0.1:9';
  const found = await findings();
  expect(of(found, 'keys')?.state).toBe('problem');
  expect(of(found, 'mail server')?.says).toContain('does not answer');
  await database.pool.query('delete from drizzle.__drizzle_migrations');
  expect(of(await findings(), 'migrations')?.todo).toContain('npm run favor -- migrate');
});

test('rows under an older key are noted, and looking makes no key', async () => {
  expect(of(await findings(), 'keys')).toMatchObject({ state: 'ok' });
  env.APP_KEYS = `a newer key that was put in front of it,${appKey}`;
  await favor(wholeEnvironment({ databaseUrl: database.url }), 'staff', 'add', 'editor@example.org');
  const keys = of(await findings(), 'keys');
  expect(keys).toMatchObject({ state: 'noted', todo: 'npm run favor -- rotate' });
  await database.pool.query('delete from wrapped_keys');
  expect(of(await findings(), 'keys')?.says).toContain('nothing is sealed yet');
  expect((await database.pool.query('select * from wrapped_keys')).rows).toEqual([]);
});

test('every fault of the configuration is a line, and no value is repeated', async () => {
  env.APP_KEYS = 'short-secret';
  env.STRIPE_SECRET_KEY = 'sk_secret';
  const { code, said } = await favor(env, 'doctor');
  expect(code).toBe(1);
  expect(said).toContain('APP_KEYS');
  expect(said).toContain('STRIPE_SECRET_KEY');
  expect(said).not.toMatch(/short-secret|sk_secret/);
});
