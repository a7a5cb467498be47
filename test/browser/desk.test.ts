// The desk in a real browser: from the invitation's link to the figures, on a phone and on a desk, in light and dark.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { inviteStaff } from '../../src/staff/invite.ts';
import type { Role } from '../../src/staff/roles.ts';
import { startService, type TestService } from '../harness/service.ts';
import { axeFinds, desktop, openBrowser, openPage, phone } from './browser.ts';

let service: TestService;
let browser: Browser;

// One test looks through many pages, and a busy machine is slow.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  [service, browser] = await Promise.all([startService('2026-03-10T12:00:00Z'), openBrowser()]);
  await service.give({ frequency: 'once', amountMinor: 2_500, email: 'once@example.org' });
  await service.give({ frequency: 'month', amountMinor: 500, email: 'monthly@example.org' });
  await service.give({ frequency: 'year', amountMinor: 6_000, currency: 'EUR', email: 'yearly@example.org' });
  await service.rows(
    "update stripe_events set state = 'dead', problem = 'TypeError' where type = 'charge.succeeded'",
  );
});

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

async function welcome(page: Page, address: string, role: Role = 'viewer'): Promise<void> {
  await page.goto(await inviteStaff(service.services, address, role));
  await page.getByLabel('New password').fill('a lamp in the window of the press');
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.waitForURL('**/staff');
}

test('somebody invited sets a password, counts the month, opens a report and leaves', async () => {
  const { page, complaints } = await openPage(browser, desktop);
  await welcome(page, 'editor@example.org');
  await page.getByText('Promised monthly income').first().waitFor();
  expect(await page.locator('[aria-labelledby=year] .chart .wide svg').isVisible()).toBe(true);
  expect(await page.locator('[aria-labelledby=year] .chart .narrow svg').isVisible()).toBe(false);

  // The figure leads to its definition, and the browser goes back to the desk.
  await page.getByRole('link', { name: 'Gross', exact: true }).first().click();
  await page.waitForURL('**/staff/definitions#gross');
  await page.goBack();

  await page.getByRole('navigation').getByRole('link', { name: 'Income', exact: true }).click();
  await page.getByLabel('In steps of').selectOption('day');
  await page.getByLabel('Currency').selectOption('EUR');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/by=day&currency=EUR/);
  expect(await page.locator('tfoot').innerText()).toContain('60.00');

  await page.goto(`${service.url}/staff`);
  await page.getByRole('link', { name: /The gift of €60.* at Stripe/ }).click();
  await page.waitForURL(`${service.stripeUrl}/dashboard/payments/**`);
  await page.goBack();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/staff/sign-in');
  await page.goto(`${service.url}/staff`);
  await page.waitForURL('**/staff/sign-in?next=%2Fstaff');
  expect(complaints).toEqual([]);
  await page.context().close();
});

test.each([
  ['a phone', '/staff', phone],
  ['a phone', '/staff/reports/mrr', phone],
  ['a desk', '/staff/reports/mrr', desktop],
] as const)(
  'on %s, a table on %s that goes on shows it, and the keyboard reaches it',
  async (name, path, device) => {
    const { page } = await openPage(browser, device);
    await welcome(page, `scrolls${path.length}-${name.replace(' ', '-')}@example.org`);
    await page.goto(service.url + path);
    const table = page.getByRole('region', { name: /this table can be scrolled sideways/ }).first();
    const shown = await table.evaluate((region) => {
      const { backgroundImage, backgroundAttachment } = getComputedStyle(region);
      return [backgroundImage.split('linear-gradient').length - 1, backgroundAttachment];
    });
    // A shadow at either end, which the ends of the table cover.
    expect(shown).toEqual([4, 'local, local, scroll, scroll']);
    const [whole, room] = await table.evaluate((region) => [region.scrollWidth, region.clientWidth]);
    expect(name === 'a desk' ? Number(whole) <= Number(room) : Number(whole) > Number(room)).toBe(true);
    await table.focus();
    if (name === 'a phone') {
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => table.evaluate((region) => region.scrollLeft)).toBeGreaterThan(0);
    }
    await page.context().close();
  },
);

test.each([
  ['a phone', 'light', phone],
  ['a desk', 'dark', desktop],
] as const)(
  'on %s, %s, nothing is wider than the screen, and axe finds nothing to mend',
  async (name, colorScheme, device) => {
    const { page } = await openPage(browser, { ...device, colorScheme });
    const look = async (path: string) => {
      await page.goto(service.url + path);
      const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect([path, content]).toEqual([path, screen]);
      const found = await axeFinds(page, { colours: colorScheme === 'dark' });
      expect([path, found]).toEqual([path, []]);
    };
    const invitation = new URL(await inviteStaff(service.services, 'next@example.org', 'viewer')).pathname;
    for (const path of ['/staff/sign-in', invitation, '/staff/welcome/none']) await look(path);
    await welcome(page, `${name.replace(' ', '-')}@example.org`, 'finance');
    for (const path of [
      '/staff',
      '/staff?locale=ru',
      '/staff/reports/mrr',
      '/staff/reports/gifts',
      '/staff/reports/movements',
      '/staff/reports/recovery-times?locale=ru',
      '/staff/reports/sources',
      '/staff/reports/cohorts',
      '/staff/reports/growth?locale=ru',
      '/staff/reports/lybunt?year=2026',
      '/staff/reports/supporters?amount=much',
      '/staff/reports/income?from=never',
      '/staff/events?state=done',
      '/staff/events?state=dead',
      '/staff/events?state=ignored&locale=ru',
      '/staff/letters',
      '/staff/letters?locale=ru',
      '/staff/reports/reminders',
      '/staff/definitions',
    ]) {
      await look(path);
    }
    await page.context().close();
  },
);
