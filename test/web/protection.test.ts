// Headers on every answer, and the guard of forms.
import { Router } from 'express';
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { completeConfig, readSettings } from '../../src/outside/config.ts';
import { openLog } from '../../src/outside/log.ts';
import { frameable, otherLoopback, personal, sameSite } from '../../src/web/protection.ts';
import { siteWith } from './site.ts';

function site(env: Record<string, string> = {}) {
  const read = readSettings({ LOG_LEVEL: 'silent', ...env });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const config = completeConfig(read.settings, {
    databaseUrl: 'postgres://nowhere',
    appKeys: ['for tests'],
    stripe: { secretKey: 'sk_test_00000000', webhookSecrets: [], apiUrl: 'http://localhost:3001' },
    smtpUrl: 'smtp://nowhere',
  });
  const routes = Router();
  routes.get('/page', (_req, res) => res.send('a page'));
  routes.get('/own', (_req, res) => {
    personal(res);
    res.send('a page of one reader');
  });
  routes.get('/frame', frameable(config), (_req, res) => res.send('a frame'));
  routes.post('/form', sameSite(config), (_req, res) => res.send('done'));
  routes.get('/breaks', () => {
    throw new Error('reader@example.org');
  });
  return siteWith({ config, log: openLog('silent') }, routes);
}

const production = {
  NODE_ENV: 'production',
  BASE_URL: 'https://support.example.org',
  DATABASE_URL: 'postgres://db/favor',
  APP_KEYS: 'mW0QzLr5vU8yK2tXc7NfJ4hB9sPdGaEe1',
  STRIPE_SECRET_KEY: 'sk_live_000000000',
  STRIPE_WEBHOOK_SECRETS: 'whsec_0000000000000000000',
  SMTP_URL: 'smtps://mail.example.org',
  MAIL_FROM: 'letters@example.org',
  PUBLICATION_NAME: 'The Gazette',
  EMBED_ORIGINS: 'https://gazette.example.org',
};

describe('headers', () => {
  test.each([
    ['a page', '/page', 200],
    ['a page that is not there', '/nowhere', 404],
    ['a page that breaks', '/breaks', 500],
    ['an address that cannot be read', '/%E0%A4%A', 404],
  ])('%s carries all of them', async (_name, path, status) => {
    const answer = await request(site()).get(path).set('Accept', 'text/html');
    expect(answer.status).toBe(status);
    const policy = answer.headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(answer.headers['x-powered-by']).toBeUndefined();
    expect(answer.text).not.toContain('reader@example.org');
  });

  test('forms may lead on to the payment pages, which a browser checks after the redirect too', async () => {
    const sandbox = await request(site()).get('/page');
    expect(sandbox.headers['content-security-policy']).toContain("form-action 'self' http://localhost:3001");
    const live = await request(site(production)).get('/page');
    expect(live.headers['content-security-policy']).toContain(
      "form-action 'self' https://checkout.stripe.com https://billing.stripe.com",
    );
  });

  test('the connection is pinned to https only where the service is reached by https', async () => {
    expect((await request(site()).get('/page')).headers['strict-transport-security']).toBeUndefined();
    expect((await request(site(production)).get('/page')).headers['strict-transport-security']).toBe(
      'max-age=31536000',
    );
  });

  test('the appeal alone may be framed, and only by the publisher', async () => {
    const live = await request(site(production)).get('/frame');
    expect(live.headers['content-security-policy']).toContain('frame-ancestors https://gazette.example.org');
    expect(live.headers['x-frame-options']).toBeUndefined();
    expect(live.headers['cross-origin-resource-policy']).toBe('cross-origin');
    const sandbox = await request(site()).get('/frame');
    expect(sandbox.headers['content-security-policy']).toContain(
      "frame-ancestors 'self' http://127.0.0.1:3000",
    );
  });

  test('a page of one reader is kept nowhere', async () => {
    expect((await request(site()).get('/own')).headers['cache-control']).toBe('no-store');
  });
});

describe('a form is taken', () => {
  test.each([
    ['from our own page', { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://localhost:3000' }, 200],
    ['from our own page in an older browser', { Origin: 'http://localhost:3000' }, 200],
    [
      'from our page in a frame that a privacy setting hides',
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' },
      200,
    ],
    ['when the reader loads its answer anew', { 'Sec-Fetch-Site': 'none' }, 200],
    ['from a program, which carries nobody’s cookies', {}, 200],
    ['from another site: no', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://elsewhere.example' }, 403],
    ['from another site in an older browser: no', { Origin: 'https://elsewhere.example' }, 403],
    ['from a page that hides where it is: no', { Origin: 'null' }, 403],
    [
      'from a neighbour on the same domain: no',
      { 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:9999' },
      403,
    ],
    ['from another site that hides its origin: no', { 'Sec-Fetch-Site': 'cross-site' }, 403],
  ])('%s', async (_name, headers, status) => {
    const answer = await request(site()).post('/form').set(headers).set('Accept', 'text/html');
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.text).toContain('This form did not come from our own page');
  });
});

test.each([
  ['http://localhost:3000', 'http://127.0.0.1:3000'],
  ['http://127.0.0.1:3000', 'http://localhost:3000'],
  ['https://support.example.org', null],
])('the other loopback name of %s is %s', (base, other) => {
  expect(otherLoopback(base)).toBe(other);
});
