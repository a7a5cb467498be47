// The appeal: a small script for the publisher's page, and a frame that works without any.
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { askRoutes } from '../../src/ask/routes.ts';
import { completeConfig, readSettings } from '../../src/outside/config.ts';
import { openLog } from '../../src/outside/log.ts';
import { assetRoutes } from '../../src/web/assets.ts';
import { siteWith } from '../web/site.ts';

function site(env: Record<string, string> = {}) {
  const read = readSettings({ LOG_LEVEL: 'silent', ...env });
  if ('faults' in read) throw new Error(JSON.stringify(read.faults));
  const config = completeConfig(read.settings, {
    databaseUrl: 'postgres://nowhere',
    appKeys: ['for tests'],
    stripe: { secretKey: 'sk_test_00000000', webhookSecrets: [], apiUrl: 'http://localhost:3001' },
    smtpUrl: 'smtp://nowhere',
  });
  return siteWith({ config, log: openLog('silent') }, assetRoutes(), askRoutes({ config }));
}
const page = (query = '', env?: Record<string, string>) =>
  request(site(env)).get(`/embed/appeal${query}`).set('Accept', 'text/html');

describe('the script', () => {
  test('is under 5 kB, may be loaded by any site, and is asked for anew by its tag', async () => {
    const answer = await request(site()).get('/embed.js').set('Accept-Encoding', 'identity');
    expect(answer.status).toBe(200);
    expect(Buffer.byteLength(answer.text)).toBeLessThan(5000);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'public, max-age=300, stale-while-revalidate=86400',
    });
    const again = await request(site())
      .get('/embed.js')
      .set('If-None-Match', answer.headers.etag ?? '');
    expect(again.status).toBe(304);
  });
});

describe('the frame', () => {
  test('speaks in the publication’s own words, where it has any, and never takes them for markup', async () => {
    const own = await page('', { PUBLICATION_APPEAL: 'We were sued again <b>today</b>.' });
    expect(own.text).toContain('We were sued again &lt;b>today&lt;/b>.');
    expect((await page()).text).toContain('exists because some of its readers pay for it');
  });

  test('is one form of the donate page, which opens in place of the article', async () => {
    const { text, status } = await page('?article=the-river&campaign=spring&referrer=search.example.com');
    expect(status).toBe(200);
    expect(text).toContain('action="http://localhost:3000/donate" target="_top"');
    for (const [name, value] of [
      ['currency', 'USD'],
      ['article', 'the-river'],
      ['campaign', 'spring'],
      ['component', 'appeal'],
      ['referrer', 'search.example.com'],
    ]) {
      expect(text).toContain(`<input type="hidden" name="${name}" value="${value}"/>`);
    }
    expect(text).toMatch(/<input type="hidden" name="key" value="[0-9a-f-]{36}"\/>/);
    expect(text).toContain(
      'href="http://localhost:3000/remind-me?component=appeal&amp;article=the-river&amp;campaign=spring',
    );
    expect(text).toContain('from $2 a month');
  });

  test('may stand on the publisher’s site and on no other', async () => {
    const policyOf = async (path: string) =>
      (await request(site({ EMBED_ORIGINS: 'https://gazette.example.org' })).get(path)).headers[
        'content-security-policy'
      ];
    expect(await policyOf('/embed/appeal')).toContain(
      "frame-ancestors 'self' https://gazette.example.org http://127.0.0.1:3000",
    );
    expect(await policyOf('/anything-else')).toContain("frame-ancestors 'none'");
  });

  test('carries no script or style of its own, and stays small', async () => {
    const { text } = await page();
    expect(text).not.toMatch(/<style|\sstyle="|<script(?![^>]* src=)| on[a-z]+="/);
    const packed = await request(site()).get('/embed/appeal').set('Accept-Encoding', 'gzip');
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(Number(packed.headers['content-length'])).toBeLessThan(10_000);
  });

  test('speaks the page’s language and the publication’s currency', async () => {
    const { text } = await page('?locale=ru-RU', { REPORTING_CURRENCY: 'EUR' });
    expect(text).toContain('<html lang="ru"');
    expect(text).toContain('Вы дочитали до конца');
    expect(text).toContain('name="currency" value="EUR"');
    expect(text).toContain('SEPA');
    expect((await page()).text).not.toContain('SEPA');
    expect((await page('?currency=gbp')).text).toContain('name="currency" value="GBP"');
  });

  test('on a light page it is light, whatever the device prefers', async () => {
    expect((await page('?scheme=light')).text).toContain('data-scheme="light"');
    expect((await page('?scheme=other')).text).not.toContain('data-scheme');
  });

  test.each([
    ['marks', '?article=%3Cscript%3Ealert(1)%3C/script%3E'],
    ['a null character', '?article=a%00b'],
    ['the same field twice', '?article=a&article=b'],
    ['very long text', `?campaign=${'a'.repeat(5000)}`],
  ])('stands, whatever the address says: %s', async (_name, query) => {
    const { status, text } = await page(query);
    expect(status).toBe(200);
    expect(text).not.toContain('<script>');
    expect(text).toContain('name="component" value="appeal"');
  });
});

test('the style sheet and scripts keep for ever under names that carry their contents', async () => {
  const { text } = await page();
  const addresses = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(
    ([, address]) => address ?? '',
  );
  expect(addresses.length).toBeGreaterThanOrEqual(4);
  for (const address of addresses) {
    const answer = await request(site()).get(address).set('Accept-Encoding', 'br');
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(answer.headers['content-encoding']).toBe('br');
  }
  expect((await request(site()).get('/assets/reader.000000000000.css')).status).toBe(404);
  expect((await request(site()).get('/assets/..%2f..%2fpackage.json')).status).toBe(404);
});
