// Looking after a monthly gift in a real browser: from the letter to Stripe's page and back, and signed in.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Letter } from '../../src/sandbox/mailbox.ts';
import { linkIn, startService, type TestService } from '../harness/service.ts';
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

/** Asks for a sign-in letter in this browser, and answers it. */
async function askToSignIn(page: Page, email: string): Promise<Letter> {
  await page.goto(`${service.url}/account`);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Mail me a link' }).click();
  await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
  await service.settled();
  const [letter] = await service.letters(email);
  if (letter === undefined) throw new Error('No letter has come');
  return letter;
}

const codeIn = ({ text }: Letter) => /^\d{3}\s?\d{3}$/m.exec(text)?.[0] ?? '';

test('a letter signs in: by its link here, by link and code elsewhere; and signing out is at once', async () => {
  await service.give({ frequency: 'year', amountMinor: 6000, email: 'yearly@example.org' });
  const { page, complaints } = await openPage(browser, desktop);
  const letter = await askToSignIn(page, 'yearly@example.org');
  const link = linkIn(letter, /\/account\/sign-in\//);
  const other = await openPage(browser, phone);
  await other.page.goto(link);
  await other.page.getByText('another browser').waitFor();
  await page.goto(link);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Your support' }).waitFor();
  await page.getByText('$60 a year').waitFor();
  await page.getByRole('link', { name: '2026' }).click();
  await page.getByText('In all').waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out').waitFor();
  await page.goto(`${service.url}/account`);
  await page.getByLabel('E-mail address').waitFor();
  const second = await askToSignIn(page, 'yearly@example.org');
  await other.page.goto(linkIn(second, /\/account\/sign-in\//));
  await other.page.getByLabel('Code from the letter').fill(codeIn(second));
  await other.page.getByRole('button', { name: 'Sign in' }).click();
  await other.page.getByRole('heading', { name: 'Your support' }).waitFor();
  expect([...complaints, ...other.complaints]).toEqual([]);
  await other.page.context().close();
  await page.context().close();
});

test('without a script the code that is typed where it was asked for opens all of one’s own pages', async () => {
  await service.give({ frequency: 'month', amountMinor: 600, email: 'typed@example.org' });
  const { page } = await openPage(browser, { ...phone, javaScriptEnabled: false });
  const letter = await askToSignIn(page, 'typed@example.org');
  await page.getByLabel('Code from the letter').fill('1');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This is not the code').first().waitFor();
  await page.getByLabel('Code from the letter').fill(codeIn(letter));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Change the amount' }).click();
  await page.getByLabel('New amount a month').fill('9');
  await page.getByRole('button', { name: 'Change the amount' }).click();
  await page.getByText('Stripe has taken on the change to $9 a month').waitFor();
  await service.settled();
  // Whoever gives already is shown it before giving a second time.
  await page.goto(`${service.url}/donate`);
  await page.getByText('You give $9 a month already').waitFor();
  await page.getByRole('button').first().click();
  await page.getByRole('heading', { name: 'You give already' }).waitFor();
  await page.getByRole('link', { name: 'Change the amount instead' }).click();
  await page.getByRole('heading', { name: 'Change the amount' }).waitFor();
  await page.getByRole('link', { name: 'Back to my gift' }).click();
  await page.getByRole('heading', { name: 'Your support' }).waitFor();
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
  const paths = ['/account', '/account/sign-in', ...own];
  const inside = ['/account?in', '/account/years/2026', '/account/gifts/amount', '/donate'];
  for (const device of [phone, desktop]) {
    const { page } = await openPage(browser, device);
    const link = linkIn(await askToSignIn(page, 'looked-at@example.org'), /\/account\/sign-in\//);
    await page.goto(`${service.url}/account/sign-in`);
    for (const path of [...paths, new URL(link).pathname, ...inside]) {
      if (path === inside[0]) {
        await page.goto(link);
        await page.getByRole('button', { name: 'Sign in' }).click();
      }
      for (const locale of ['en', 'ru']) {
        await page.goto(`${service.url}${path}${path.includes('?') ? '&' : '?'}locale=${locale}`);
        const [content, screen] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          innerWidth,
        ]);
        expect([path, locale, content]).toEqual([path, locale, screen]);
      }
      // The others are made of the same parts.
      if (
        device === desktop ||
        !['/account', manage, amount, second, '/account/sign-in', ...inside].includes(path)
      )
        continue;
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
