// A real browser for tests: an installed Chromium if CHROMIUM_PATH names one, else the one that npm brings.
import { existsSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import sparticuz from '@sparticuz/chromium';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export async function openBrowser(): Promise<Browser> {
  const named = process.env.CHROMIUM_PATH;
  const installed = [named, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    (path) => path && existsSync(path),
  );
  return chromium.launch({
    executablePath: installed ?? (await sparticuz.executablePath()),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--font-render-hinting=none',
    ],
  });
}

export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};
export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 900 } };

/** A page that fails the test when its browser complains: a blocked script, a missing file, an error. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions,
): Promise<{ page: Page; complaints: string[] }> {
  // Without motion, so that colours are measured when they have arrived.
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(8000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

/** What axe finds to mend, rule by rule with the places. `colours` looks at contrast alone: for a page seen whole in its other colours. */
export async function axeFinds(
  page: Page,
  { colours = false, notRules = [], not }: { colours?: boolean; notRules?: string[]; not?: string } = {},
): Promise<[string, string[]][]> {
  const axe = new AxeBuilder({ page });
  // Quicker, as it opens no page of its own; but it looks into every frame.
  axe.setLegacyMode(not !== 'iframe');
  if (colours) axe.withRules(['color-contrast']);
  if (notRules.length > 0) axe.disableRules(notRules);
  if (not !== undefined) axe.exclude(not);
  const { violations } = await axe.analyze();
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}
