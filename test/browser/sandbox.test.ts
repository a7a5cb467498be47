// The sandbox's own pages in a real browser: open to everyone, without a complaint, and saying when the clock moves.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';
import { axeFinds, desktop, openBrowser, openPage } from './browser.ts';

describe('the sandbox’s pages', () => {
  let service: TestService;
  let browser: Browser;
  beforeAll(async () => {
    [service, browser] = await Promise.all([startService('2026-03-02T10:00:00Z'), openBrowser()]);
    await service.give({ frequency: 'month', amountMinor: 500, email: 'anna@example.org' });
    await service.beginCheckout({ frequency: 'once', amountMinor: 500 });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await service.close();
  });

  test.each([
    '/sandbox',
    '/sandbox/mailbox',
    '/sandbox/mailbox/1',
    '/sandbox/gallery',
    '/sandbox/gallery/sign-in',
  ])('%s is open to everyone', async (path) => {
    const { page, complaints } = await openPage(browser, desktop);
    await page.goto(service.url + path);
    expect(await axeFinds(page, { not: 'iframe' })).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('say that the clock is moving, and cannot move it twice at once', async () => {
    const { page, complaints } = await openPage(browser, desktop);
    await page.goto(`${service.url}/sandbox`);
    // Kept from leaving, so that the page can be looked at while it waits.
    await page.evaluate(() => {
      addEventListener('submit', (event) => event.preventDefault(), { once: true });
    });
    await page.getByRole('button', { name: 'A day on' }).click();
    expect(await page.getByRole('button', { name: 'Moving the clock…' }).isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'A year on' }).isDisabled()).toBe(true);

    await page.reload();
    const pressed = page.getByRole('button', { name: 'A day on' });
    await pressed.click();
    await page.waitForURL(/said=moved/);
    expect(await pressed.isEnabled()).toBe(true);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
