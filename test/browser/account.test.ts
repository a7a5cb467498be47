// Looking after a monthly gift in a real browser: from the letter to Stripe's page and back, and to a new link.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';
import { axeFinds, desktop, openBrowser, openPage, phone } from './browser.ts';

let service: TestService;
let browser: Browser;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService('2026-03-02T10:00:00Z'), openBrowser()]);
});
// One test looks through many pages, and a busy machine is slow.
vi.setConfig({ testTimeout: 60_000 });

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

test('the thank-you letter’s link ends a monthly gift at Stripe, and a letter confirms it', async () => {
  await service.give({ frequency: 'month', amountMinor: 700, email: 'steady@example.org' });
  const { page, complaints } = await openPage(browser, phone);
  await page.goto(await linkFor('steady@example.org'));
  await page.getByText('$7 a month').waitFor();
  await page.getByRole('button', { name: 'Go to Stripe' }).click();
  await page.waitForURL(/\/p\/session\//);
  await page.getByRole('button', { name: /cancel|end/i }).click();
  await page.getByRole('button', { name: 'Confirm the cancellation' }).click();
  await page.getByRole('link', { name: /back|return/i }).click();
  await page.getByRole('heading', { name: 'You can close this page' }).waitFor();
  await service.settled();
  const [newest] = await service.letters('steady@example.org');
  expect(newest?.subject).toBe('Your gift will end');
  await page.goto(await linkFor('steady@example.org'));
  await page.getByText('Ends on 2 April 2026').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a lost link is mailed anew, and the new one opens the same gift', async () => {
  await service.give({ frequency: 'year', amountMinor: 6000, email: 'yearly@example.org' });
  const before = (await service.letters('yearly@example.org')).length;
  const { page, complaints } = await openPage(browser, desktop);
  await page.goto(`${service.url}/account`);
  await page.getByRole('link', { name: 'Mail me my link' }).click();
  await page.getByLabel('E-mail address').fill('Yearly@example.org');
  await page.getByRole('button', { name: 'Mail me my link' }).click();
  await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
  await service.settled();
  expect(await service.letters('yearly@example.org')).toHaveLength(before + 1);
  await page.goto(await linkFor('yearly@example.org'));
  await page.getByText('$60 a year').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('on phone and desk nothing is wider than the screen, and axe finds nothing to mend', async () => {
  await service.give({ frequency: 'month', amountMinor: 500, email: 'looked-at@example.org' });
  await service.advance('PT1H');
  await service.give({ frequency: 'year', amountMinor: 6000, email: 'looked-at@example.org' });
  const manage = new URL(await linkFor('looked-at@example.org')).pathname;
  const amount = `${manage}/amount`;
  const second = new URL(await linkFor('looked-at@example.org', '/account/second/')).pathname;
  const own = [manage, `${manage}0`, amount, second, `${second}0`];
  const paths = ['/account', '/account/link', '/account/link?mailed=yes', ...own];
  for (const device of [phone, desktop]) {
    const { page } = await openPage(browser, device);
    for (const path of paths) {
      for (const locale of ['en', 'ru']) {
        await page.goto(`${service.url}${path}${path.includes('?') ? '&' : '?'}locale=${locale}`);
        const [content, screen] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          innerWidth,
        ]);
        expect([path, locale, content]).toEqual([path, locale, screen]);
      }
      // The others are made of the same parts.
      if (device === desktop || ![manage, amount, second, '/account/link'].includes(path)) continue;
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const found = await axeFinds(page, { colours: colorScheme === 'dark' });
        expect([path, colorScheme, found]).toEqual([path, colorScheme, []]);
      }
    }
    await page.context().close();
  }
});

test('the letter’s link changes the amount from the next payment on', async () => {
  await service.give({ frequency: 'month', amountMinor: 800, email: 'more@example.org' });
  const { page, complaints } = await openPage(browser, phone);
  await page.goto(await linkFor('more@example.org'));
  await page.getByRole('link', { name: 'Change the amount' }).click();
  await page.getByLabel('New amount a month').fill('1');
  await page.getByRole('button', { name: 'Change the amount' }).click();
  await page.getByText('The smallest monthly gift is $2').first().waitFor();
  await page.getByLabel('New amount a month').fill('12.50');
  await page.getByRole('button', { name: 'Change the amount' }).click();
  await page.getByText('Stripe has taken on the change to $12.50 a month').waitFor();
  await service.settled();
  await page.getByRole('link', { name: 'Back to my gift' }).click();
  await page.getByText('$12.50 a month').waitFor();
  // The refusal of the first amount is the browser's only complaint.
  expect(complaints.filter((each) => !each.includes('422'))).toEqual([]);
  await page.context().close();
});

/** The link to their gift in the newest letter that has one. */
async function linkFor(email: string, to = '/account/manage/'): Promise<string> {
  for (const { text } of await service.letters(email)) {
    const [link] = text.match(new RegExp(`${service.url}${to}[\\w-]+`)) ?? [];
    if (link) return link;
  }
  throw new Error('No letter has a link');
}
