// A letter's bytes: whatever it says comes back when a mail program reads them, and no line is longer than mail allows.
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { expect, test } from 'vitest';
import { mimeOf } from '../../src/outside/mime.ts';
import type { Message } from '../../src/outside/smtp.ts';

const letter: Message = {
  messageId: '<01930000-0000-7000-8000-000000000000@example.org>',
  from: { name: 'The Gazette', address: 'letters@example.org' },
  to: { name: '', address: 'anna@example.org' },
  subject: 'Thank you',
  text: 'Thank you.\n',
  html: '<p>Thank you.</p>',
  headers: { 'Auto-Submitted': 'auto-generated' },
  date: new Date('2027-02-24T09:00:00Z'),
};
const read = (message: Message) => simpleParser(mimeOf(message), { skipHtmlToText: true });
const words = fc.string({ unit: 'grapheme', maxLength: 400 });
/** As mail has them: lines end in CRLF, and a control character is none of a letter's words. */
const plain = (text: string) => text.replaceAll(/\r\n|\r/g, '\n').replaceAll(/[^\P{Cc}\t\n]/gu, '');

test('text and HTML come back as they were, in lines of 76 characters at most', async () => {
  await fc.assert(
    fc.asyncProperty(words, words, async (some, more) => {
      const text = `${plain(some)}= \n${plain(more)} \t\n${plain(some).repeat(3)}.`;
      const mail = await read({ ...letter, text, html: `<p>${text}</p>` });
      expect(mail.text).toBe(text);
      expect(mail.html).toBe(`<p>${text}</p>`);
      const bytes = mimeOf({ ...letter, text, html: text }).toString('latin1');
      const body = bytes.slice(bytes.indexOf('\r\n\r\n'));
      expect(body).toMatch(/^[\t\r\n\x20-\x7e]*$/);
      expect(Math.max(...body.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(76);
    }),
    { numRuns: 200 },
  );
});

test.each(['Thank you', 'Спасибо за вашу ежемесячную поддержку независимой редакции', '=?utf-8?q?no?= "so"'])(
  'subject and sender: %s',
  async (said) => {
    const mail = await read({
      ...letter,
      subject: said,
      from: { name: said, address: 'letters@example.org' },
    });
    expect(mail.subject).toBe(said);
    expect(mail.from?.value).toEqual([{ name: said, address: 'letters@example.org' }]);
  },
);

test('a line break in a subject, a name or a header begins no header', async () => {
  const broken = 'Hello\r\nBcc: all@example.org';
  const mail = await read({
    ...letter,
    subject: broken,
    from: { name: broken, address: 'letters@example.org' },
    headers: { 'X-Kind': broken },
  });
  expect(mail.bcc).toBeUndefined();
  expect([...mail.headers.keys()]).not.toContain('bcc');
});

test('the same message is the same bytes at every attempt', () => {
  expect(mimeOf(letter).equals(mimeOf(letter))).toBe(true);
});
