// Remind me later in a real browser: from the appeal to the letter, and from the letter to a gift.
import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';
import { desktop, openBrowser, openPage, phone } from './browser.ts';

let service: TestService;
let browser: Browser;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService('2026-01-31T12:00:00Z'), openBrowser()]);
});
// One test looks through many pages, and a busy machine is slow.
vi.setConfig({ testTimeout: 60_000 });

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

const linkIn = (text: string, path: RegExp) => {
  const [link] = text.match(new RegExp(`${service.url}${path.source}`)) ?? [];
  if (!link) throw new Error(`No link like ${path} in: ${text}`);
  return link;
};

test('from the appeal under an article to the letter a month later, and a gift through it', async () => {
  const { page, complaints } = await openPage(browser, { ...phone, timezoneId: 'Europe/Berlin' });
  await page.goto(`${service.url.replace('localhost', '127.0.0.1')}/sandbox/article`);
  await page.locator('iframe').scrollIntoViewIfNeeded();
  await page.frameLocator('iframe').getByRole('link', { name: 'Remind me later' }).click();
  await page.waitForURL(/\/remind-me\?/);
  // A month after the 31st of January is the last of February; it is named before anything is sent.
  await page.getByText(/We will write to you once, on Saturday,? 28 February/).waitFor();
  await page.getByLabel('E-mail address').fill('Patient@Example.org');
  await page.getByRole('button', { name: 'Remind me' }).click();
  await page.getByRole('heading', { name: 'Please look at your mail' }).waitFor();
  await service.settled();

  const [confirmation] = await service.letters('Patient@example.org');
  await page.goto(linkIn(confirmation?.text ?? '', /\/reminders\/[\w-]+/));
  await page.getByRole('button', { name: 'Yes, remind me' }).click();
  await page.getByText(/It is set: we will write to you once/).waitFor();

  await service.advance('P1M');
  const letters = await service.letters('Patient@example.org');
  expect(letters).toHaveLength(2);
  await page.goto(linkIn(letters[0]?.text ?? '', /\/reminders\/[\w-]+\/give/));
  await page.waitForURL(/\/donate\?/);
  await page.getByRole('button', { name: /Support monthly/ }).click();
  await page.waitForURL(/\/c\/pay\/cs_test_/);
  await page.locator('input[name="email"]').fill('patient@example.org');
  await page.locator('button[type="submit"]').first().click();
  await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  await service.settled();
  expect(
    await service.rows('select article, reminder_id is not null as through_reminder from payments'),
  ).toEqual([{ article: expect.anything(), through_reminder: true }]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('what is wrong is marked alike: the address, the day, an amount', async () => {
  const { page } = await openPage(browser, { ...desktop, javaScriptEnabled: false });
  const border = (name: string) =>
    page.locator(`[name="${name}"]`).evaluate((field) => {
      const { borderTopWidth, borderTopColor } = getComputedStyle(field.closest('.box') ?? field);
      return [borderTopWidth, borderTopColor];
    });
  await page.goto(`${service.url}/donate?amount=1`);
  await page.getByRole('button').click();
  const amount = await border('amount');
  expect(amount[0]).toBe('2px');
  await page.goto(`${service.url}/remind-me`);
  await page.getByLabel('On a day of my choice').check();
  await page.getByLabel('E-mail address').fill('nobody');
  await page.getByRole('button', { name: 'Remind me' }).click();
  expect(await border('email')).toEqual(amount);
  expect(await border('date')).toEqual(amount);
  await page.context().close();
});

test.each([
  ['a phone', phone],
  ['a desk', desktop],
])('on %s nothing is wider than the screen, and axe finds nothing to mend', async (_name, device) => {
  const { page } = await openPage(browser, device);
  for (const path of ['/remind-me', '/remind-me?locale=ru&article=the-river']) {
    await page.goto(service.url + path);
    const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect([path, content]).toEqual([path, screen]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
      expect([path, colorScheme, found]).toEqual([path, colorScheme, []]);
    }
  }
  await page.context().close();
});
