// The sandbox's mailbox: what it says it took is there, and it misbehaves as it is told.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Mailbox, openMailbox } from '../../src/sandbox/mailbox.ts';
import { openPassingStore, openStore } from '../../src/sandbox/store.ts';

const noon = new Date('2027-02-24T12:00:00Z');

describe('the mailbox', () => {
  test('shows a letter as it was sent, with business time', async () => {
    const mailbox = await opened();
    await send(mailbox, {
      from: { name: 'The Small Gazette', address: 'letters@example.org' },
      to: 'Reader@example.org',
      subject: 'Спасибо, and thank you',
      text: 'You gave $5.00.',
      html: '<p>You gave <b>$5.00</b>.</p>',
      messageId: '<one@example.org>',
      headers: { 'List-Unsubscribe': '<https://example.org/unsubscribe/abc>' },
      attachments: [{ filename: 'reminder.ics', content: 'BEGIN:VCALENDAR', contentType: 'text/calendar' }],
    });

    const [letter, ...others] = await mailbox.letters();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      at: noon,
      from: '"The Small Gazette" <letters@example.org>',
      to: 'Reader@example.org',
      subject: 'Спасибо, and thank you',
      text: 'You gave $5.00.',
      html: '<p>You gave <b>$5.00</b>.</p>',
      attachments: [{ name: 'reminder.ics', type: 'text/calendar' }],
    });
    expect(letter?.headers['message-id']).toBe('<one@example.org>');
    expect(letter?.headers['list-unsubscribe']).toBe('<https://example.org/unsubscribe/abc>');
  });

  test('finds the letters to one address, newest first, in any letter case', async () => {
    const mailbox = await opened();
    for (const [to, subject] of [
      ['a@example.org', 'first'],
      ['b@example.org', 'not mine'],
      ['A@Example.org', 'second'],
    ]) {
      await send(mailbox, { from: 'letters@example.org', to, subject, text: '.' });
    }
    const subjects = (await mailbox.letters({ to: 'A@EXAMPLE.ORG' })).map((letter) => letter.subject);
    expect(subjects).toEqual(['second', 'first']);
    expect(await mailbox.letters({ to: 'nobody@example.org' })).toEqual([]);
  });

  test('keeps its letters over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'favor-mailbox-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const first = openStore(folder);
    const before = await openMailbox({ store: first, now: () => noon, port: 0 });
    await send(before, { from: 'letters@example.org', to: 'a@example.org', subject: 'kept', text: '.' });
    await before.close();
    first.close();

    const second = openStore(folder);
    onTestFinished(() => second.close());
    const after = await openMailbox({ store: second, now: () => noon, port: 0 });
    onTestFinished(() => after.close());
    expect((await after.letters()).map((letter) => letter.subject)).toEqual(['kept']);
  });

  test('answers as a fault says, as often as it says, and keeps nothing then', async () => {
    const mailbox = await opened();
    const letter = { from: 'letters@example.org', to: 'a@example.org', subject: 'late', text: '.' };
    for (const at of [undefined, 'rcpt', 'data'] as const) {
      mailbox.setFault({ reply: '451 4.7.1 later', times: 2, at });
      for (const _time of [1, 2]) {
        await expect(send(mailbox, letter)).rejects.toMatchObject({
          responseCode: 451,
          response: expect.stringContaining('451 4.7.1 later'),
        });
      }
      expect(mailbox.fault()).toBeUndefined();
    }
    expect(mailbox.count()).toBe(0);
    await send(mailbox, letter);
    expect(mailbox.count()).toBe(1);
  });

  test('can keep a letter and lose its answer, so that the sender sends it again', async () => {
    const mailbox = await opened();
    const letter = {
      from: 'letters@example.org',
      to: 'a@example.org',
      subject: 'twice',
      text: '.',
      messageId: '<same@example.org>',
    };
    mailbox.setFault({ reply: '', times: 1, at: 'lost' });
    await expect(send(mailbox, letter)).rejects.toThrow();
    await send(mailbox, letter);
    expect(mailbox.messageIds()).toEqual(new Map([['<same@example.org>', 2]]));
  });
});

async function opened(): Promise<Mailbox> {
  const store = openPassingStore();
  const mailbox = await openMailbox({ store, now: () => noon, port: 0 });
  onTestFinished(async () => {
    await mailbox.close();
    store.close();
  });
  return mailbox;
}

async function send(mailbox: Mailbox, letter: Parameters<ReturnType<typeof createTransport>['sendMail']>[0]) {
  const transport = createTransport({ host: '127.0.0.1', port: mailbox.port, ignoreTLS: true });
  await transport.sendMail(letter);
  transport.close();
}
