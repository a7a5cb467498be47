// Remind me later in a real browser: from the appeal to the letter, and from the letter to a gift.
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { linkToken } from '../../src/outside/tokens.ts';
import { dueDay } from '../../src/reminders/reminder.ts';
import { addDays, formatDay, localDate } from '../../src/values/calendar.ts';
import { askAndConfirm, press, startService, type TestService } from '../harness/service.ts';
import { axeFinds, desktop, openBrowser, openPage, phone } from './browser.ts';

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

/** A reminder's own pages as it is waiting and as it is stopped, the link that blocks, and a gift that has ended. */
async function knownPages(): Promise<string[]> {
  const { services } = service;
  const email = 'known@example.org';
  const ids: string[] = [];
  for (const act of ['change', 'stop']) {
    await askAndConfirm(service, { email: `${act}-${email}`, when: 'month' });
    const [row] = await service.rows<{ id: string }>('select id from reminders order by id desc limit 1');
    if (!row) throw new Error('No reminder');
    ids.push(row.id);
    await press(`${service.url}/reminders/${linkToken(services.keys, 'reminder', row.id, null)}`, {
      act,
      when: 'year',
    });
  }
  await service.give({ frequency: 'month', amountMinor: 500, email });
  const [gift] = await service.rows<{ id: string; reader: string }>(
    'select stripe_subscription_id as id, reader_id as reader from memberships order by id desc limit 1',
  );
  await services.stripe.subscriptions.cancel(gift?.id ?? '');
  await service.settled();
  const link = (purpose: 'reminder' | 'block', at: number) =>
    linkToken(services.keys, purpose, ids[at] ?? '', null);
  const until = new Date(services.now().getTime() + 86_400_000);
  const manage = linkToken(services.keys, 'manage', gift?.reader ?? '', until);
  return [
    `/reminders/${link('reminder', 0)}`,
    `/reminders/${link('reminder', 1)}`,
    `/unsubscribe/${link('block', 0)}`,
    `/account/manage/${manage}?locale=ru`,
  ];
}

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

test.each([
  ['with a script', true],
  ['without any script', false],
])('%s: paid once, reminded again by one press, put off, stopped and taken back', async (_name, script) => {
  const { page, complaints } = await openPage(browser, { ...phone, javaScriptEnabled: script });
  const address = script ? 'again@example.org' : 'again-plain@example.org';
  await page.goto(`${service.url}/donate?frequency=once`);
  await page.locator('form.giving button').click();
  await page.waitForURL(/\/c\/pay\/cs_test_/);
  await page.locator('input[name="email"]').fill(address);
  await page.locator('button[type="submit"]').first().click();
  await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  const today = service.services.now();
  const day = formatDay(dueDay({ choice: 'quarter' }, today, 'UTC'), 'en', localDate(today, 'UTC'));
  await page.getByLabel('Write discreetly').check();
  await page.getByRole('button', { name: `In three months ${day}` }).click();
  await page.getByText(`we will do so once, on ${day}, in the morning`).waitFor();
  await page.getByRole('link', { name: 'Choose another day, or stop it' }).click();
  await page.getByText('It will be discreet').waitFor();
  await page.getByText('Choose another day').click();
  await page.getByLabel('In a year').check();
  await page.getByRole('button', { name: 'Change the day' }).click();
  await page.getByRole('button', { name: `Undo: back to ${day}` }).click();
  await page.getByText(`It is set: we will write to you once, on ${day}, in the morning.`).waitFor();
  await page.getByRole('button', { name: 'Stop the reminder' }).click();
  await page.getByText('No letter will come').waitFor();
  await page.getByRole('button', { name: `Undo: back to ${day}` }).click();
  await page.getByText(`It is set: we will write to you once, on ${day}, in the morning.`).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a day of one’s own is told in words as it is chosen, and saved to a calendar without an address', async () => {
  const { page, complaints } = await openPage(browser, { ...desktop, timezoneId: 'Pacific/Auckland' });
  await page.goto(`${service.url}/remind-me?article=the-river`);
  const chosen = addDays(localDate(service.services.now(), 'Pacific/Auckland'), 50);
  await page.getByLabel('On a day of my choice').check();
  await page.getByText('We will write to you once, on the day you choose, in the morning.').waitFor();
  await page.getByLabel('Day', { exact: true }).fill(chosen);
  const today = localDate(service.services.now(), 'Pacific/Auckland');
  const words = formatDay(chosen, 'en', today);
  await page.getByText(`We will write to you once, on ${words}, in the morning.`).waitFor();
  await page.getByRole('link', { name: 'Save it to my calendar instead' }).click();
  await page.getByLabel('On a day of my choice').check();
  await page.getByLabel('Day', { exact: true }).fill(chosen);
  await page.getByText(`Your calendar will remind you on ${words}, at nine in the morning.`).waitFor();
  expect(await page.getByLabel('E-mail address').count()).toBe(0);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save to my calendar' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('reminder.ics');
  expect(readFileSync(await file.path(), 'utf8')).toContain(`DTSTART:${chosen.replaceAll('-', '')}T090000`);
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
  ['a phone', phone, ['light', 'dark']],
  ['a desk', desktop, ['dark']],
] as const)(
  'on %s nothing is wider than the screen, and axe finds nothing to mend',
  async (_name, device, schemes) => {
    const { page } = await openPage(browser, device);
    const paths = ['/remind-me', '/remind-me?locale=ru&article=the-river'];
    if (device === phone) paths.push('/remind-me/calendar', ...(await knownPages()));
    for (const path of paths) {
      await page.goto(service.url + path);
      const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect([path, content]).toEqual([path, screen]);
      // The parts are the same: what the first pages show in both schemes, the others need show in one.
      for (const colorScheme of path.startsWith('/remind-me') ? schemes : (['dark'] as const)) {
        await page.emulateMedia({ colorScheme });
        const found = await axeFinds(page, {
          colours: colorScheme === 'dark' && path.startsWith('/remind-me'),
        });
        expect([path, colorScheme, found]).toEqual([path, colorScheme, []]);
      }
    }
    await page.context().close();
  },
);
