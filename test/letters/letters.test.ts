// Every letter, in every language: the same in both parts, light on its feet, and leading nowhere but home.
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { greetableName, renderLetter } from '../../src/letters/render.ts';
import { type Sample, sampleNames, sampleRow } from '../../src/letters/samples.ts';
import type { Message } from '../../src/outside/smtp.ts';
import { readLinkToken } from '../../src/outside/tokens.ts';
import { locales } from '../../src/values/locale.ts';
import { wordsFor } from '../../src/words/words.ts';
import { openPostOffice, type PostOffice } from './post-office.ts';

let post: PostOffice;

beforeAll(async () => {
  post = await openPostOffice({
    env: {
      BASE_URL: 'https://support.example.org',
      PUBLICATION_NAME: 'The River Gazette & Sons',
      MAIL_FROM: 'Anna of the Gazette <letters@example.org>',
    },
  });
});

afterAll(async () => {
  await post.close();
});

const write = (sample: Sample, locale: string, { discreet = false } = {}) =>
  renderLetter(post.services, sampleRow(sample, locale), {
    address: 'anna@example.org',
    name: 'Анна Berg-O’Hara',
    invitation: 3,
    discreet,
  });

const every = sampleNames.flatMap((sample) => locales.map((locale) => [sample, locale] as const));

describe.each(every)('%s in %s', (sample, locale) => {
  test('says the same in both parts', () => {
    const { html, text } = write(sample, locale);
    const { body, addresses, preview } = readHtml(html);
    expect(text).toContain(preview);
    const { linkInWords } = wordsFor(locale).letters;
    const inHtml = wordsOf(body.replaceAll(linkInWords, ''), addresses);
    const inText = wordsOf(text.replaceAll(/:\n(?=http)/g, '\n'), addresses);
    expect(inText).toEqual(inHtml);
    for (const address of addresses) expect(text).toContain(address);
  });

  test('is one page of one language, with one heading and nothing to load', () => {
    const { html, text, subject } = write(sample, locale);
    const { document } = parseHTML(html);
    expect(document.documentElement.getAttribute('lang')).toBe(locale);
    expect(document.documentElement.getAttribute('dir')).toBe('ltr');
    expect(document.querySelectorAll('h1')).toHaveLength(1);
    expect(document.querySelectorAll('img, link, script, iframe, video, audio, object, form')).toHaveLength(
      0,
    );
    expect(html).not.toMatch(/url\(|@import|@font-face|background=/);
    expect(Buffer.byteLength(html)).toBeLessThan(60_000);
    expect(`${subject}${text}${html}`).not.toMatch(/undefined|null|NaN|\[object/);
    expect(`${subject}${text}`).not.toContain('!');
    expect(document.querySelector('title')?.textContent).toBe(subject);
    for (const table of document.querySelectorAll('table:not(.receipt)')) {
      expect(table.getAttribute('role')).toBe('presentation');
    }
  });

  test('leads only to our own address', () => {
    const { html, text } = write(sample, locale);
    const { addresses } = readHtml(html);
    for (const address of [...addresses, ...(text.match(/https?:\S+/g) ?? [])]) {
      expect(address).toMatch(/^https:\/\/support\.example\.org\//);
    }
  });

  test('is the same at every attempt', () => {
    expect(write(sample, locale)).toEqual(write(sample, locale));
  });
});

test('only the reminder may be unsubscribed from by one click', () => {
  const withOneClick = sampleNames.filter((sample) => write(sample, 'en').headers['List-Unsubscribe']);
  expect(withOneClick).toEqual(['reminder', 'reminder:again']);
  for (const sample of sampleNames) {
    expect(write(sample, 'en').headers['Auto-Submitted']).toBe('auto-generated');
  }
});

test('links are good for one purpose, for as long as is said', () => {
  const { keys } = post.services;
  const token = ({ text }: Message, before: string) =>
    new RegExp(`${before}/([\\w-]{59})`).exec(text)?.[1] ?? '';
  const manage = token(write('thank-you', 'en'), 'account/manage');
  const at = (moment: string) => new Date(moment);
  expect(readLinkToken(keys, 'manage', manage, at('2027-03-26T08:59:00Z'))).toEqual({
    id: '01930000-0000-7000-8000-000000000004',
  });
  expect(readLinkToken(keys, 'manage', manage, at('2027-03-26T09:00:00Z'))).toEqual({ fault: 'expired' });
  expect(readLinkToken(keys, 'reminder', manage, at('2027-02-24T09:00:00Z'))).toEqual({ fault: 'broken' });
  const invitation = token(write('staff-invitation', 'en'), 'staff/welcome');
  expect(readLinkToken(keys, 'invitation', invitation, at('2027-02-27T08:59:00Z'), '3')).toHaveProperty('id');
  expect(readLinkToken(keys, 'invitation', invitation, at('2027-02-27T08:59:00Z'), '4')).toEqual({
    fault: 'broken',
  });
});

test('the confirmation asks for nothing and greets nobody by name', () => {
  for (const locale of locales) {
    const { subject, text } = write('reminder-confirmation', locale);
    expect(`${subject} ${text}`).not.toMatch(/gift|support (us|The)|donat|give|поддерж|взнос|пожертв|Анна/i);
  }
});

test.each([
  ['Anna Berg', 'Anna Berg'],
  ['Мария-Луиза д’Артаньян', 'Мария-Луиза д’Артаньян'],
  ['A. B. Smith', 'A. B. Smith'],
  ['win.example.org', null],
  ['https://example.org', null],
  ['Call +1 555 0100', null],
  ['Anna\r\nBcc: eve@example.org', null],
  ['x'.repeat(80), null],
  ['', null],
])('greets %j as %j', (given, greeted) => {
  expect(greetableName(given)).toBe(greeted);
});

describe.each(every)('%s in %s, written discreetly', (sample, locale) => {
  const publication = 'The River Gazette & Sons';
  const seenOutside = ({ from, subject, html }: Message) =>
    `${from.name} ${subject} ${readHtml(html).preview}`;

  test('names the publication nowhere but at its end', () => {
    const letter = write(sample, locale, { discreet: true });
    const { body } = readHtml(letter.html);
    expect(seenOutside(letter)).not.toMatch(/gazette|river|sons/i);
    for (const words of [letter.text, body]) {
      expect(words.split(publication)).toHaveLength(2);
      expect(words.indexOf(publication)).toBeGreaterThan(words.length / 4);
    }
    expect(parseHTML(letter.html).document.querySelector('title')?.textContent).toBe(letter.subject);
  });

  test('speaks of no gift, support or newsroom where others may see it', () => {
    expect(seenOutside(write(sample, locale, { discreet: true }))).not.toMatch(
      /gift|support|donat|thank|editor|desk|взнос|поддерж|пожертв|спасибо|редакц/i,
    );
  });

  test('says the same in both parts', () => {
    const { html, text } = write(sample, locale, { discreet: true });
    expect(text.startsWith(`${readHtml(html).preview}\n`)).toBe(true);
  });
});

test('what the reader or the publication wishes holds, whichever of them wishes it', async () => {
  const row = sampleRow('reminder', 'en');
  const recipient = { address: 'anna@example.org', name: null, invitation: null };
  const { config, keys } = post.services;
  const plain = renderLetter(post.services, row, recipient);
  const wished = renderLetter(post.services, { ...row, facts: { ...row.facts, discreet: true } }, recipient);
  const everywhere = { ...config, publication: { ...config.publication, discreet: true } };
  const publications = renderLetter({ config: everywhere, keys }, row, recipient);
  expect(plain.from.name).toBe('Anna of the Gazette');
  expect(wished.from).toEqual({ name: 'Notifications', address: 'letters@example.org' });
  expect(publications).toEqual(wished);
});

test.each([
  ['en', 1, '1 gift.'],
  ['en', 12, '12 gifts.'],
  ['ru', 1, '1 взнос.'],
  ['ru', 3, '3 взноса.'],
  ['ru', 11, '11 взносов.'],
  ['ru', 21, '21 взнос.'],
])('a statement in %s counts %i as "%s"', (locale, gifts, counted) => {
  const row = sampleRow('annual-statement', locale);
  const { text } = renderLetter(
    post.services,
    { ...row, facts: { ...row.facts, gifts } },
    { address: 'anna@example.org', name: null, invitation: null },
  );
  expect(text).toContain(counted);
});

test('a statement tells every day, what went back, and the sum of what stayed by currency', () => {
  const { text } = write('annual-statement', 'en');
  const rows = text.split('\n').filter((line) => /^\S.*:\s{2,}\S/.test(line));
  expect(rows.map((line) => line.split(/:\s+/))).toEqual([
    ['1 March 2026', '$5'],
    ['1 April 2026', '$5'],
    ['12 October 2026', '€20'],
    ['24 December 2026', '$50'],
    ['In all, EUR', '€20'],
    ['Sent back, USD', '-$5'],
    ['In all, USD', '$55'],
  ]);
});

test('a statement of very many days tells the months', () => {
  const { text, html } = write('annual-statement:by-month', 'ru');
  expect(text).toMatch(/^Январь: +62\s\$$/m);
  expect(text).toMatch(/^Февраль: +56\s\$$/m);
  expect(text).toMatch(/^Всего: +730\s\$$/m);
  expect(html.length).toBeLessThan(20_000);
});

test('a letter about money says where the reader looks after it', () => {
  for (const sample of sampleNames) {
    const row = sampleRow(sample, 'en');
    if (row.class !== 'money' || row.readerId === null) continue;
    expect(write(sample, 'en').text).toMatch(/https:\/\/support\.example\.org\/account\/(manage|second)\//);
  }
});

test('the figures of a week stand beside those before, with what moved and what needs a person, and name nobody', () => {
  const { subject, text } = write('report-summary', 'en');
  expect(subject).toBe('The figures of the week');
  const rows = text.split('\n').filter((line) => /^\S.*:\s{2,}\S/.test(line));
  expect(rows.map((line) => line.split(/:\s{2,}/)).slice(0, 8)).toEqual([
    ['Came in', '€12,840.50 (before:\u00a0€11,403)'],
    ['Left after fees, refunds and disputes', '€12,099.12 (before:\u00a0€10,844.11)'],
    ['At the start', '€24,150'],
    ['New', '+€310.50'],
    ['Raised', '+€25'],
    ['Ended by supporters', '−€80'],
    ['Ended by failed payments', '−€30'],
    ['At the end', '€24,375.50'],
  ]);
  expect(text).toContain('1 dispute has to be answered, the first by 4 March 2027.');
  expect(text).toContain('12 supporters are past due, €94.50 a month at risk.');
  expect(text).toContain('https://support.example.org/staff/report-letters');
  expect(write('report-summary:monthly', 'en').text).toContain('Nothing needs a person right now.');
});

test('the sign-in’s link ends after ten minutes, and its code has six digits that are not the same for another', () => {
  const letter = write('sign-in', 'en');
  const token = /account\/sign-in\/([\w-]{59})/.exec(letter.text)?.[1] ?? '';
  const { keys } = post.services;
  expect(readLinkToken(keys, 'sign-in', token, new Date('2027-02-24T09:09:00Z'))).toHaveProperty('id');
  expect(readLinkToken(keys, 'sign-in', token, new Date('2027-02-24T09:10:00Z'))).toEqual({
    fault: 'expired',
  });
  const codeIn = (text: string) => /^\d{3}\u00a0\d{3}$/m.exec(text)?.[0] ?? '';
  expect(codeIn(letter.text)).not.toBe('');
  const row = sampleRow('sign-in', 'en');
  const other = renderLetter(
    post.services,
    { ...row, facts: { signInId: '01930000-0000-7000-8000-0000000000aa' } },
    { address: 'anna@example.org', name: null, invitation: null },
  );
  expect(codeIn(other.text)).not.toBe(codeIn(letter.text));
});

test('amounts and days are in the reader’s own format', () => {
  const russian = write('thank-you', 'ru').text;
  expect(russian).toMatch(/5,45\s\$/);
  expect(russian).toContain('24 февраля 2027');
  const yen = write('thank-you:once', 'en').text;
  expect(yen).toContain('¥250,000');
});

test('words are dark enough on what they stand on, by day and by night', () => {
  const { html } = write('thank-you', 'en');
  const night =
    /prefers-color-scheme: dark\)([\s\S]*)$/.exec(/<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '')?.[1] ??
    '';
  const colourOf = (name: string, property: string) =>
    new RegExp(`\\.${name} \\{[^}]*?(?<![-\\w])${property}: (#[0-9a-f]{6})`).exec(night)?.[1] ?? '';
  const sheet = colourOf('sheet', 'background-color');
  const paper = colourOf('paper', 'background-color');
  for (const [ink, ground] of [
    [colourOf('ink', 'color'), sheet],
    [colourOf('soft', 'color'), sheet],
    [colourOf('soft', 'color'), paper],
    [colourOf('accent', 'color'), paper],
    [colourOf('button-words', 'color'), colourOf('button', 'background-color')],
  ] as const) {
    expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5);
  }
  for (const [ink, ground] of [
    ['#221e18', '#fffdf9'],
    ['#5d5548', '#fffdf9'],
    ['#5d5548', '#faf7f1'],
    ['#1d4a72', '#faf7f1'],
    ['#ffffff', '#1d4a72'],
  ] as const) {
    expect(html).toContain(ink);
    expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5);
  }
});

function readHtml(html: string): { body: string; addresses: string[]; preview: string } {
  const { document } = parseHTML(html);
  const shown = document.querySelector('.preview');
  const preview = (shown?.textContent ?? '').replace(/[\s\u200c]+$/, '');
  shown?.remove();
  const addresses = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href') ?? '');
  for (const block of document.querySelectorAll('p, h1, th, td, caption, br')) block.after(' ');
  return { body: document.body.textContent ?? '', addresses, preview };
}

/** The words in their order, without addresses, colons of the receipt and the line above the fine print. */
function wordsOf(text: string, addresses: string[]): string[] {
  const withoutAddresses = addresses
    .sort((one, other) => other.length - one.length)
    .reduce((rest, address) => rest.replaceAll(address, ' '), text);
  return withoutAddresses
    .split(/\s+/)
    .map((word) => word.replace(/:$/, ''))
    .filter((word) => word !== '' && word !== '—');
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
