// Giving in a real browser, on a phone and at a desk: the appeal under an article, the payment page, the thanks.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';
import { axeFinds, desktop, openBrowser, openPage, phone } from './browser.ts';

let service: TestService;
let browser: Browser;
let articleUrl: string;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService('2026-03-01T12:00:00Z'), openBrowser()]);
  // The machine's other name: to the browser the article is another site than the service.
  articleUrl = `${service.url.replace('localhost', '127.0.0.1')}/sandbox/article`;
});
// One test looks through many pages, and a busy machine is slow.
vi.setConfig({ testTimeout: 60_000 });

afterAll(async () => {
  await browser?.close();
  await service?.close();
});

/** Pays on the stand-in's page as a reader would, with the card it suggests. */
async function pay(page: Page, email: string): Promise<void> {
  await page.waitForURL(/\/c\/pay\/cs_test_/);
  await page.locator('input[name="email"]').fill(email);
  await page.locator('button[type="submit"]').first().click();
  await page.waitForURL(/\/thanks\?checkout=/);
}

describe.each([
  ['a phone', phone],
  ['a desk', desktop],
])('on %s', (_name, device) => {
  test('a reader goes from the article over the payment page to the thanks', async () => {
    const { page, complaints } = await openPage(browser, device);
    await page.goto(articleUrl);
    await page.locator('iframe').scrollIntoViewIfNeeded();
    const appeal = page.frameLocator('iframe');
    await appeal.getByRole('radio', { name: 'Every year' }).check();
    await appeal.getByRole('radio', { name: '$120' }).check();
    const button = appeal.getByRole('button');
    expect(await button.innerText()).toContain('Support yearly with $120');
    await button.click();
    await pay(page, `year-${device.viewport?.width}@example.org`);
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await page.getByText('Your first $120 has arrived.').isVisible()).toBe(true);
    await service.settled();
    expect(
      await service.rows(
        'select kind, amount_minor, article, campaign, component from payments where amount_minor = 12000',
      ),
    ).toContainEqual({
      kind: 'year',
      amount_minor: '12000',
      article: 'the-river-gauge',
      campaign: 'sandbox',
      component: 'appeal',
    });
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('the appeal is as tall as it needs to be, also when its own amount opens', async () => {
    const { page } = await openPage(browser, device);
    await page.goto(articleUrl);
    await page.locator('iframe').scrollIntoViewIfNeeded();
    const appeal = page.frameLocator('iframe');
    const heights = async () => [
      await page.locator('iframe').evaluate((frame) => frame.getBoundingClientRect().height),
      await appeal.locator('.appeal').evaluate((part) => Math.ceil(part.getBoundingClientRect().height)),
    ];
    await appeal.getByRole('radio', { name: 'Other amount' }).check();
    await appeal.getByLabel('Your amount').fill('7.50');
    await expect
      .poll(async () => {
        const [frame, content] = await heights();
        return frame === content;
      })
      .toBe(true);
    expect(await appeal.getByRole('button').innerText()).toContain('Support monthly with $7.50');
    await page.context().close();
  });

  test('nothing is wider than the screen, and axe finds nothing to mend', async () => {
    const { page } = await openPage(browser, device);
    const { id } = await service.beginCheckout({ frequency: 'month', amountMinor: 500 });
    for (const path of [
      '/donate',
      '/donate?locale=ru&currency=CZK&frequency=year&amount=1234',
      '/embed/appeal',
      `/thanks?checkout=${id}`,
      '/nothing-here',
    ]) {
      await page.goto(service.url + path);
      const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect([path, content]).toEqual([path, screen]);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const found = await axeFinds(page, { colours: colorScheme === 'dark' });
        expect([path, colorScheme, found]).toEqual([path, colorScheme, []]);
      }
    }
    await page.context().close();
  });
});

describe('without a script', () => {
  test('the page follows the choice and the form works', async () => {
    const { page } = await openPage(browser, { ...phone, javaScriptEnabled: false });
    await page.goto(`${service.url}/donate`);
    await page.getByRole('radio', { name: 'Once' }).check();
    await page.getByRole('radio', { name: '$50' }).check();
    expect(await page.getByRole('button', { name: 'Give $50 once' }).isVisible()).toBe(true);
    // (5000 + 30) / 0.971 = 5180.2
    await page.getByRole('checkbox', { name: 'Add $1.81 so that the whole gift reaches us' }).check();
    // The button names what is charged.
    await page.getByRole('button', { name: 'Give $51.81 once', exact: true }).click();
    await pay(page, 'no-script@example.org');
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await page.getByText('Your gift of $51.81 has arrived.').isVisible()).toBe(true);
    await page.context().close();
  });

  test('the article leads to the donate page, and the gift is counted to the article', async () => {
    const { page } = await openPage(browser, { ...phone, javaScriptEnabled: false });
    await page.goto(articleUrl);
    await page.getByRole('link', { name: 'Support us' }).click();
    await page.waitForURL(/\/donate\?/);
    await page.getByRole('button').click();
    await page.waitForURL(/\/c\/pay\/cs_test_/);
    expect(
      await service.rows("select article, campaign, component from checkouts where component = 'donate'"),
    ).toContainEqual({ article: 'the-river-gauge', campaign: 'sandbox', component: 'donate' });
    await page.context().close();
  });

  test('a reader who goes back finds what they chose', async () => {
    const { page } = await openPage(browser, { ...phone, javaScriptEnabled: false });
    await page.goto(`${service.url}/donate?frequency=year&amount=75`);
    await page.getByRole('button').click();
    await page.waitForURL(/\/c\/pay\/cs_test_/);
    await page.getByRole('link', { name: /back/i }).first().click();
    await page.waitForURL(/\/donate\?/);
    expect(await page.getByText('You came back without paying. Nothing was charged.').isVisible()).toBe(true);
    expect(await page.getByLabel('Every year').isChecked()).toBe(true);
    expect(await page.getByLabel('Your amount').inputValue()).toBe('75.00');
    await page.context().close();
  });
});

test('the button names the whole of an own amount while the fees are covered', async () => {
  const { page } = await openPage(browser, desktop);
  await page.goto(`${service.url}/donate?frequency=once&amount=33`);
  await page.getByRole('button', { name: 'Give $33 once', exact: true }).waitFor();
  // (3300 + 30) / 0.971 = 3429.5
  await page.getByRole('checkbox', { name: 'Add $1.30' }).check();
  await page.getByRole('button', { name: 'Give $34.30 once', exact: true }).waitFor();
  await page.getByLabel('Your amount').fill('');
  await page.getByRole('button', { name: 'Give once', exact: true }).waitFor();
  await page.getByLabel('Your amount').fill('25');
  await page.getByRole('button', { name: 'Give $26.06 once', exact: true }).click();
  await page.waitForURL(/\/c\/pay\/cs_test_/);
  expect(await page.getByText('$26.06').first().isVisible()).toBe(true);
  await page.context().close();
});

test('by keyboard alone: the choice, the own amount, the button', async () => {
  const { page } = await openPage(browser, desktop);
  await page.goto(`${service.url}/donate`);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('value'))).toBe('month');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  // The script brings the reader to the field that has just opened.
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('amount');
  await page.keyboard.type('33');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/c\/pay\/cs_test_/);
  await page.context().close();
});
