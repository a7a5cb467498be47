// Letters in a real browser: open to everyone by day and by night, and no wider than the narrowest phone.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleLinks } from '../../src/letters/links.ts';
import { writeLetter } from '../../src/letters/render.ts';
import { type Sample, sampleNames, sampleRow } from '../../src/letters/samples.ts';
import { readSettings } from '../../src/outside/config.ts';
import { locales } from '../../src/values/locale.ts';
import { axeFinds, openBrowser } from './browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 60_000);
afterAll(() => browser.close());

const read = readSettings({ PUBLICATION_NAME: 'The River Gazette' });
if ('faults' in read) throw new Error('The settings of this test are wrong');
const { settings } = read;
const htmlOf = (sample: Sample, locale: string) =>
  writeLetter(settings, exampleLinks('https://support.example.org'), sampleRow(sample, locale), {
    name: null,
  }).html;

test.each(['light', 'dark'] as const)(
  '%s: nothing that a screen reader or weak eyes would miss',
  async (scheme) => {
    const context = await browser.newContext({ viewport: { width: 720, height: 900 }, colorScheme: scheme });
    const page = await context.newPage();
    // Between them they have everything that letters are made of.
    for (const sample of ['thank-you', 'annual-statement', 'sign-in', 'reminder'] as const) {
      await page.setContent(htmlOf(sample, 'ru'));
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(ground).toBe(scheme === 'dark' ? 'rgb(25, 22, 19)' : 'rgb(250, 247, 241)');
      // A letter is no page of a site: it has no regions.
      expect(await axeFinds(page, { notRules: ['region', 'landmark-one-main'] })).toEqual([]);
    }
    await context.close();
  },
  60_000,
);

test('on the narrowest phone nothing is cut off, in either language', async () => {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  const wide: string[] = [];
  for (const sample of sampleNames) {
    for (const locale of locales) {
      await page.setContent(htmlOf(sample, locale));
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${sample} in ${locale}: ${width}`);
    }
  }
  expect(wide).toEqual([]);
  await context.close();
}, 60_000);
