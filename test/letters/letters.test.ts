// Every letter, in every language: the same in both parts, light on its feet, and leading nowhere but home.
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { greetableName, renderLetter } from '../../src/letters/render.ts';
import type { Message } from '../../src/outside/smtp.ts';
import { readLinkToken } from '../../src/outside/tokens.ts';
import { locales } from '../../src/values/locale.ts';
import { wordsFor } from '../../src/words/words.ts';
import { openPostOffice, type PostOffice } from './post-office.ts';
import { type Sample, sampleNames, sampleRow } from './samples.ts';

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

const write = (sample: Sample, locale: string, name: string | null = 'Анна Berg-O’Hara') =>
  renderLetter(post.services, sampleRow(sample, locale), {
    address: 'anna@example.org',
    name,
    invitation: 3,
  });

const every = sampleNames.flatMap((sample) => locales.map((locale) => [sample, locale] as const));

describe.each(every)('%s in %s', (sample, locale) => {
  test('says the same in both parts', () => {
    const { html, text } = write(sample, locale);
    const { body, addresses } = readHtml(html);
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

test('amounts and days are in the reader’s own format', () => {
  const russian = write('thank-you', 'ru').text;
  expect(russian).toMatch(/5,45\s\$/);
  expect(russian).toContain('24 февраля 2027');
  const yen = write('thank-you:once', 'en').text;
  expect(yen).toContain('¥250,000');
});

test('as it arrives: parsed from what the mail server took', async () => {
  await post.clear();
  const { services } = post;
  const message = write('reminder', 'ru');
  await services.mailer.send(message);
  const [letter] = await post.mailbox.letters();
  expect(letter).toMatchObject({
    subject: message.subject,
    to: 'anna@example.org',
    text: expect.stringContaining('24 января 2027'),
  });
  expect(letter?.text.trim()).toBe(message.text.trim());
  expect(letter?.html?.trim()).toBe(message.html.trim());
  expect(letter?.headers).toMatchObject({
    from: expect.stringContaining('Anna of the Gazette'),
    'message-id': message.messageId,
    'auto-submitted': 'auto-generated',
    'content-language': 'ru',
    date: 'Wed, 24 Feb 2027 09:00:00 +0000',
    'list-unsubscribe': message.headers['List-Unsubscribe'],
    'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
  });
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

function readHtml(html: string): { body: string; addresses: string[] } {
  const { document } = parseHTML(html);
  const addresses = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href') ?? '');
  for (const block of document.querySelectorAll('p, h1, th, td, caption, br')) block.after(' ');
  return { body: document.body.textContent ?? '', addresses };
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
