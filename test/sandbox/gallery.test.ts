// The gallery: every letter there is, in every language, by day and by night, as it would be sent.
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classOf } from '../../src/letters/outbox.ts';
import { kindOf, sampleNames } from '../../src/letters/samples.ts';
import { wordsFor } from '../../src/words/words.ts';
import { startService, type TestService } from '../harness/service.ts';

describe('the gallery', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService('2027-02-24T09:00:00Z', { PUBLICATION_NAME: 'The River Gazette' });
  });
  afterAll(async () => {
    await service.close();
  });
  const get = (path: string) => fetch(`${service.url}/sandbox/gallery${path}`);
  const pageAt = async (path: string) => parseHTML(await (await get(path)).text()).document;

  test('leaves out no kind of letter', () => {
    expect([...new Set(sampleNames.map(kindOf))].sort()).toEqual(Object.keys(classOf).sort());
  });

  test('shows all of them on one page, and leads to each', async () => {
    const page = await pageAt('?locale=ru&screen=phone&scheme=dark');
    const frames = [...page.querySelectorAll('iframe')].map((frame) => frame.getAttribute('src') ?? '');
    expect(frames.toSorted()).toEqual(
      sampleNames.map((name) => `/sandbox/gallery/${name}/html?locale=ru&scheme=dark&discreet=no`).toSorted(),
    );
    const envelopes = [...page.querySelectorAll('.envelope')].map((each) => each.textContent ?? '');
    expect(envelopes[0]).toContain(wordsFor('ru').letters.thankYou.subject('The River Gazette'));
    const overview = await (await fetch(`${service.url}/sandbox`)).text();
    expect(overview).toContain('href="/sandbox/gallery"');
  });

  test('shows the text parts where they are asked for', async () => {
    const page = await pageAt('?part=text');
    expect(page.querySelectorAll('iframe')).toHaveLength(0);
    expect(page.querySelectorAll('pre')).toHaveLength(sampleNames.length);
  });

  test.each(sampleNames)('%s: a page of its own, in every way', async (name) => {
    const page = await pageAt(`/${name}`);
    expect(page.querySelectorAll('iframe')).toHaveLength(8);
    expect(page.querySelectorAll('pre')).toHaveLength(2);
    const discreet = await pageAt(`/${name}?discreet=yes`);
    expect(discreet.querySelector('.envelope')?.textContent).toMatch(/^Notifications /);
  });

  test('letters are fenced in: no script, nothing loaded, framed by this site alone', async () => {
    const answer = await get('/reminder/html?scheme=dark');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'self'");
    expect(policy).toContain('sandbox');
    const html = await answer.text();
    expect(html).toContain('@media all {');
    expect(html).toContain('<meta name="color-scheme" content="dark"');
    expect(await (await get('/reminder/html')).text()).not.toContain('prefers-color-scheme');
  });

  test('no link in it opens anything of anyone', async () => {
    for (const name of sampleNames) {
      const { document } = parseHTML(await (await get(`/${name}/html`)).text());
      for (const link of document.querySelectorAll('a')) {
        expect(link.getAttribute('href')).toMatch(
          /this-is-an-example-link-of-the-same-length-it-opens-nothing|\/donate$|\/staff(\/report-letters)?$/,
        );
      }
    }
    const opened = await fetch(
      `${service.url}/account/manage/this-is-an-example-link-of-the-same-length-it-opens-nothing`,
    );
    expect(opened.status).toBe(404);
  });

  test('a letter that is none, and a wish that is none', async () => {
    expect((await get('/no-such-letter')).status).toBe(404);
    expect((await get('/no-such-letter/html')).status).toBe(404);
    expect((await get('?locale=xx&screen=clock&scheme=pink')).status).toBe(200);
  });
});
