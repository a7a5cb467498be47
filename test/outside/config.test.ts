// The environment: read once, checked whole, every fault named, no secret told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  completeConfig,
  describeFaults,
  environmentNames,
  readSettings,
  type Settings,
} from '../../src/outside/config.ts';

const production = {
  NODE_ENV: 'production',
  BASE_URL: 'https://support.gazette.org',
  PUBLICATION_NAME: 'The Gazette',
  DATABASE_URL: 'postgres://favor:kq83hdka@db.internal:5432/favor',
  APP_KEYS: 'q7Wm2ZpX0cVn5RtY8uIo3EaSdFgHjKlB4=',
  STRIPE_SECRET_KEY: 'sk_live_51Hq7Wm2ZpX0cVn5RtY8',
  STRIPE_WEBHOOK_SECRETS: 'whsec_q7Wm2ZpX0cVn5RtY8uIo3Ea',
  SMTP_URL: 'smtps://favor:9dkq03hf@mail.gazette.org:465',
  MAIL_FROM: 'The Gazette <letters@gazette.org>',
};

test('an empty environment is a whole sandbox', () => {
  const settings = settingsOf({});
  expect(settings.standIns).toEqual(['database', 'keys', 'stripe', 'mail']);
  expect(settings).toMatchObject({
    production: false,
    baseUrl: 'http://localhost:3000',
    port: 3000,
    trustedProxyHops: 0,
    publication: {
      name: 'The Small Gazette',
      timeZone: 'UTC',
      locales: ['en', 'ru'],
      fiscalYearStart: 1,
      reportingCurrency: 'USD',
    },
    reminderConfirmation: 'required',
    sandbox: { folder: '.sandbox', stripePort: 3001, smtpPort: 3002 },
  });
});

test('what is empty or blank is not configured', () => {
  expect(settingsOf({ DATABASE_URL: '', PORT: '  ', STRIPE_SECRET_KEY: '' })).toEqual(settingsOf({}));
});

test('a production environment that is whole needs no stand-in', () => {
  const settings = settingsOf(production);
  expect(settings.standIns).toEqual([]);
  const config = completeConfig(settings);
  expect(config.secure).toBe(true);
  expect(config.stripe.live).toBe(true);
  expect(Object.isFrozen(config.publication)).toBe(true);
});

test('the sandbox’s ports follow the service’s own', () => {
  expect(settingsOf({ PORT: '4000' })).toMatchObject({
    baseUrl: 'http://localhost:4000',
    sandbox: { stripePort: 4001, smtpPort: 4002 },
  });
  expect(settingsOf({ PORT: '4000', SANDBOX_STRIPE_PORT: '5000' }).sandbox.stripePort).toBe(5000);
});

test('every fault is named at once: what is wrong, what is missing and what contradicts', () => {
  const { BASE_URL: _baseUrl, SMTP_URL: _smtpUrl, ...rest } = production;
  const named = faultsOf({
    ...rest,
    PORT: 'many',
    FISCAL_YEAR_START: '13',
    APP_KEYS: 'short',
    STRIPE_API_URL: 'http://localhost:3001',
    MAIL_DKIM_DOMAIN: 'gazette.org',
  }).map(({ name }) => name);
  expect(new Set(named)).toEqual(
    new Set([
      'PORT',
      'FISCAL_YEAR_START',
      'APP_KEYS',
      'BASE_URL',
      'SMTP_URL',
      'STRIPE_API_URL',
      'MAIL_DKIM_KEY',
    ]),
  );
});

test('two keys wrong in the same way are one fault', () => {
  expect(faultsOf({ APP_KEYS: 'aaaaaaaaaaaaa,bbbbbbbbbbbbb' })).toHaveLength(2);
});

describe('each of these is refused, by name', () => {
  test.each([
    ['BASE_URL', 'support.gazette.org'],
    ['BASE_URL', 'ftp://gazette.org'],
    ['BASE_URL', 'https://gazette.org/support'],
    ['BASE_URL', 'https://gazette.org/?a=b'],
    ['BASE_URL', 'https://user@gazette.org'],
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PORT', '3e3'],
    ['TRUSTED_PROXY_HOPS', '-1'],
    ['PUBLICATION_NAME', 'x'.repeat(81)],
    ['PUBLICATION_TIME_ZONE', 'Mars/Olympus'],
    ['PUBLICATION_LOCALES', 'en,fr'],
    ['PUBLICATION_LOCALES', ','],
    ['FISCAL_YEAR_START', '0'],
    ['REPORTING_CURRENCY', 'usd'],
    ['REPORTING_CURRENCY', 'XXX'],
    ['DATABASE_URL', 'mysql://localhost/favor'],
    ['REPORTS_DATABASE_URL', 'replica'],
    ['STRIPE_SECRET_KEY', 'pk_test_51Hq7Wm2ZpX0cVn5RtY8'],
    ['STRIPE_WEBHOOK_SECRETS', 'secret'],
    ['STRIPE_API_URL', 'localhost:3001'],
    ['SMTP_URL', 'https://mail.gazette.org'],
    ['MAIL_FROM', 'The Gazette'],
    ['MAIL_FROM', 'a@gazette.org, b@gazette.org'],
    ['MAIL_DKIM_KEY', 'MIIEvQ'],
    ['MAIL_CONNECTIONS', '0'],
    ['MAIL_THROTTLES', 'gmail.com=20'],
    ['MAIL_THROTTLES', 'gmail=20/s'],
    ['MAIL_THROTTLES', '*=0/s'],
    ['REMINDER_CONFIRMATION', 'maybe'],
    ['EMBED_ORIGINS', 'gazette.org'],
    ['EMBED_ORIGINS', 'https://gazette.org/'],
    ['METRICS_TOKEN', 'short'],
    ['LOG_LEVEL', 'loud'],
    ['SANDBOX_STRIPE_PORT', 'x'],
  ])('%s=%s', (name, value) => {
    expect(faultsOf({ [name]: value }).map((fault) => fault.name)).toContain(name);
  });
});

describe('secrets', () => {
  test.each([
    ['APP_KEYS', 'short'],
    ['APP_KEYS', 'a'.repeat(40)],
    ['APP_KEYS', 'change-me-change-me-change-me-change-me'],
    ['APP_KEYS', 'this-is-an-example-key-of-forty-characters'],
    ['STRIPE_SECRET_KEY', 'sk_live_xxxxxxxxxxxxxxxx'],
    ['STRIPE_WEBHOOK_SECRETS', 'whsec_xxxxxxxxxxxxxxxxxxxxxxxx'],
    ['STRIPE_WEBHOOK_SECRETS', 'whsec_abc123'],
    ['METRICS_TOKEN', 'changeme-changeme-changeme'],
  ])('production refuses %s=%s and does not repeat it', (name, value) => {
    const faults = faultsOf({ ...production, [name]: value });
    expect(faults.map((fault) => fault.name)).toContain(name);
    expect(describeFaults(faults)).not.toContain(value);
  });

  test('no value of any variable is ever told', () => {
    const bent = Object.fromEntries(
      environmentNames.map((name) => [name, `unheard-of-${name.toLowerCase()}`]),
    );
    const told = describeFaults(faultsOf(bent));
    expect(told).toContain('PORT');
    expect(told).not.toContain('unheard-of');
  });
});

describe('production refuses every stand-in', () => {
  test.each([
    'BASE_URL',
    'DATABASE_URL',
    'APP_KEYS',
    'STRIPE_SECRET_KEY',
    'SMTP_URL',
    'MAIL_FROM',
    'PUBLICATION_NAME',
  ])('without %s', (name) => {
    expect(faultsOf({ ...production, [name]: '' }).map((fault) => fault.name)).toContain(name);
  });

  test('with another Stripe address, or without https', () => {
    const named = (env: Record<string, string>) =>
      faultsOf({ ...production, ...env }).map(({ name }) => name);
    expect(named({ STRIPE_API_URL: 'https://stripe.gazette.org' })).toEqual(
      expect.arrayContaining(['STRIPE_API_URL']),
    );
    expect(
      named({ STRIPE_SECRET_KEY: 'sk_test_51Hq7Wm2ZpX0cVn5RtY8', STRIPE_API_URL: 'http://localhost:1' }),
    ).toEqual(['STRIPE_API_URL']);
    expect(named({ BASE_URL: 'http://support.gazette.org' })).toEqual(['BASE_URL']);
  });
});

describe('a live key', () => {
  const { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRETS } = production;

  test('is refused with another Stripe address', () => {
    const faults = faultsOf({
      STRIPE_SECRET_KEY,
      STRIPE_WEBHOOK_SECRETS,
      STRIPE_API_URL: 'http://localhost:3001',
    });
    expect(faults.map(({ name }) => name)).toContain('STRIPE_API_URL');
  });

  test('is refused outside production', () => {
    expect(faultsOf({ STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRETS }).map(({ name }) => name)).toEqual([
      'STRIPE_SECRET_KEY',
    ]);
  });

  test('of the restricted kind is live as well', () => {
    const settings = settingsOf({ ...production, STRIPE_SECRET_KEY: 'rk_live_51Hq7Wm2ZpX0cVn5RtY8' });
    expect(settings.stripe?.live).toBe(true);
  });
});

test('a Stripe key needs its signing secrets, and the other way round', () => {
  const key = 'sk_test_51Hq7Wm2ZpX0cVn5RtY8';
  expect(faultsOf({ STRIPE_SECRET_KEY: key }).map(({ name }) => name)).toEqual(['STRIPE_WEBHOOK_SECRETS']);
  const secrets = production.STRIPE_WEBHOOK_SECRETS;
  expect(faultsOf({ STRIPE_WEBHOOK_SECRETS: secrets }).map(({ name }) => name)).toEqual([
    'STRIPE_SECRET_KEY',
  ]);
});

test('lists are split and trimmed, newest first', () => {
  const settings = settingsOf({
    ...production,
    APP_KEYS: ` ${production.APP_KEYS} , ${[...production.APP_KEYS].reverse().join('')},`,
    EMBED_ORIGINS: 'https://gazette.org, https://www.gazette.org',
  });
  expect(settings.appKeys).toHaveLength(2);
  expect(settings.appKeys?.[0]).toBe(production.APP_KEYS);
  expect(settings.embedOrigins).toEqual(['https://gazette.org', 'https://www.gazette.org']);
});

test('the sender is read with and without a name; a line break makes it unreadable', () => {
  expect(settingsOf({ MAIL_FROM: '"The Gazette" <letters@gazette.org>' }).mail.from).toEqual({
    name: 'The Gazette',
    address: 'letters@gazette.org',
  });
  expect(settingsOf({ MAIL_FROM: 'letters@gazette.org' }).mail.from).toEqual({
    name: null,
    address: 'letters@gazette.org',
  });
  expect(faultsOf({ MAIL_FROM: 'A <a@gazette.org>\nBcc: b@gazette.org' })).toHaveLength(1);
});

test('throttles are read by provider and for all together', () => {
  expect(settingsOf({ MAIL_THROTTLES: 'Gmail.com+googlemail.com=20/s, *=90/m' }).mail.throttles).toEqual([
    { domains: ['gmail.com', 'googlemail.com'], perSecond: 20 },
    { domains: ['*'], perSecond: 1.5 },
  ]);
});

describe('.env.example', () => {
  const example = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8');

  test('names every variable that is read, in the same order, and no other', () => {
    expect([...example.matchAll(/^([A-Z][A-Z_]*)=/gm)].map(([, name]) => name)).toEqual(environmentNames);
  });

  test('gives each group a sentence', () => {
    for (const group of example.split('\n\n').slice(1)) expect(group).toMatch(/^# .*[.]\n/);
  });

  test('copied as it is, it says what an empty environment says', () => {
    expect(settingsOf(parseEnv(example))).toEqual(settingsOf({}));
  });
});

function settingsOf(env: Record<string, string | undefined>): Settings {
  const read = readSettings(env);
  if ('faults' in read) throw new Error(describeFaults(read.faults));
  return read.settings;
}

function faultsOf(env: Record<string, string | undefined>) {
  const read = readSettings(env);
  return 'faults' in read ? read.faults : [];
}
