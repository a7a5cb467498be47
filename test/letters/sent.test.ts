// Every letter as it is sent: what a mail server really took, parsed and its signature checked.
import { generateKeyPairSync } from 'node:crypto';
import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderLetter } from '../../src/letters/render.ts';
import { type Sample, sampleNames, sampleRow } from '../../src/letters/samples.ts';
import type { Message } from '../../src/outside/smtp.ts';
import { type Mailbox, openMailbox } from '../../src/sandbox/mailbox.ts';
import { openPassingStore } from '../../src/sandbox/store.ts';
import { locales } from '../../src/values/locale.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { checkDkim } from './dkim.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const store = openPassingStore();
let database: FreshDatabase;
let mailbox: Mailbox;
let services: TestServices;

beforeAll(async () => {
  database = await freshDatabase();
  mailbox = await openMailbox({ store, now: () => new Date('2027-02-24T09:00:00Z'), port: 0 });
  services = await testServices({
    databaseUrl: database.url,
    smtpUrl: mailbox.url,
    now: '2027-02-24T09:00:00Z',
    env: {
      BASE_URL: 'https://support.example.org',
      PUBLICATION_NAME: 'The River Gazette & Sons',
      MAIL_FROM: 'Anna of the Gazette <letters@example.org>',
      MAIL_DKIM_DOMAIN: 'example.org',
      MAIL_DKIM_SELECTOR: 'letters',
      MAIL_DKIM_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  });
});

afterAll(async () => {
  await services.close();
  await mailbox.close();
  store.close();
  await database.drop();
});

async function send(sample: Sample, locale: string): Promise<{ message: Message; raw: string }> {
  const message = renderLetter(services, sampleRow(sample, locale), {
    address: 'anna@example.org',
    name: 'Анна Berg-O’Hara',
    invitation: 3,
  });
  await services.mailer.send(message);
  const [row] = store.database.prepare('select raw from mailbox_letters order by id desc limit 1').all();
  return { message, raw: Buffer.from(row?.raw as Uint8Array).toString('latin1') };
}

test.each(sampleNames)('%s arrives whole in every language', async (sample) => {
  for (const locale of locales) {
    const { message, raw } = await send(sample, locale);
    const mail = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true });
    const header = (name: string) => mail.headers.get(name);
    expect(mail.subject).toBe(message.subject);
    expect(mail.text?.trim()).toBe(message.text.trim());
    expect(String(mail.html).trim()).toBe(message.html.trim());
    expect(mail.attachments).toEqual([]);
    expect(header('content-type')).toMatchObject({ value: 'multipart/alternative' });
    expect(header('auto-submitted')).toBe('auto-generated');
    expect(header('content-language')).toBe(locale);
    expect(mail.messageId).toBe(message.messageId);
    expect(mail.date?.toISOString()).toBe('2027-02-24T09:00:00.000Z');
    expect(mail.from?.value).toEqual([{ name: 'Anna of the Gazette', address: 'letters@example.org' }]);
    expect(mail.to).toMatchObject({ value: [{ name: '', address: 'anna@example.org' }] });
    // Old servers in between may take no more: lines of 998 characters, seven bits each.
    expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
    expect([...raw].every((character) => character.charCodeAt(0) < 128)).toBe(true);
    // Gmail cuts a letter off at 102 kB.
    expect(raw.length).toBeLessThan(100_000);
  }
});

test('the one-click headers stand on reminders alone, whole and parsed as a mail program parses them', async () => {
  for (const sample of sampleNames) {
    const { raw } = await send(sample, 'ru');
    const { headerLines } = await simpleParser(raw);
    const lines = headerLines.filter(({ key }) => key.startsWith('list-')).map(({ line }) => line);
    if (sample.startsWith('reminder') && sample !== 'reminder-confirmation') {
      expect(lines.map((line) => line.replace(/\r\n\s*/g, ' '))).toEqual([
        expect.stringMatching(
          /^List-Unsubscribe: ?<https:\/\/support\.example\.org\/unsubscribe\/[\w-]{59}>$/,
        ),
        'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      ]);
    } else {
      expect(lines).toEqual([]);
    }
  }
});

test('DKIM holds for the sender’s own domain, and covers both one-click headers', async () => {
  const { raw } = await send('reminder', 'ru');
  const signature = checkDkim(raw, publicKey);
  expect(signature).toMatchObject({ valid: true, domain: 'example.org' });
  for (const name of [
    'from',
    'to',
    'subject',
    'date',
    'message-id',
    'list-unsubscribe',
    'list-unsubscribe-post',
  ]) {
    expect(signature.covers).toContain(name);
  }
  // Whoever changes one of them on the way breaks the signature.
  const broken = [
    raw.replace('List-Unsubscribe=One-Click', 'List-Unsubscribe=Two-Clicks'),
    raw.replace('/unsubscribe/', '/subscribe/'),
    raw.replace('letters@example.org', 'editors@example.org'),
    `${raw}and one line more\r\n`,
  ];
  for (const changed of broken) {
    expect(changed).not.toBe(raw);
    expect(checkDkim(changed, publicKey).valid).toBe(false);
  }
});

test('DKIM holds for a letter without one-click headers too', async () => {
  const { raw } = await send('thank-you', 'en');
  expect(checkDkim(raw, publicKey)).toMatchObject({ valid: true, domain: 'example.org' });
});
