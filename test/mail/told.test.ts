// What each provider's words mean in ours, provider by provider.
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readMailgun } from '../../src/mail/mailgun.ts';
import { readPostmark } from '../../src/mail/postmark.ts';
import { readSes } from '../../src/mail/ses.ts';
import { meaningOfStatus } from '../../src/mail/told.ts';
import { ownCertificate } from './certificate.ts';
import {
  mailgunBody,
  mailgunEvent,
  mailgunKey,
  postmarkBounce,
  postmarkComplaint,
  postmarkLogin,
  sesBounce,
  sesComplaint,
  snsMessage,
  topicArn,
} from './providers.ts';

const letter = '01930000-0000-7000-8000-0123456789ab';
const messageId = `<${letter}@gazette.example>`;
const now = new Date('2027-02-24T09:01:00Z');
const bytes = (body: unknown) => Buffer.from(JSON.stringify(body));

describe('SES', () => {
  const own = ownCertificate('sns.amazonaws.com', new Date('2027-01-01'), new Date('2028-01-01'));
  const sns = { certificate: async () => new X509Certificate(own.pem), confirm: async () => true };
  const read = (message: object) =>
    readSes(sns, bytes(snsMessage(own, 'https://sns.example', { Message: message })), [topicArn]);

  test.each([
    [{}, 'dead-address'],
    [{ bounceSubType: 'NoEmail' }, 'dead-address'],
    [{ bounceSubType: 'OnAccountSuppressionList', status: '' }, 'dead-address'],
    [{ status: '5.7.1' }, 'policy'],
    [{ status: '5.2.2' }, 'mailbox-full'],
    [{ bounceType: 'Transient', bounceSubType: 'MailboxFull', status: '4.2.2' }, 'mailbox-full'],
    [{ bounceType: 'Transient', bounceSubType: 'General', status: '4.4.7' }, 'soft'],
    [{ bounceType: 'Transient', bounceSubType: 'ContentRejected', status: '5.6.1' }, 'soft'],
    [{ bounceType: 'Undetermined', bounceSubType: 'Undetermined', status: '5.3.0' }, 'soft'],
  ])('a bounce %j is %s', async (bounce, meaning) => {
    expect(await read(sesBounce(messageId, bounce))).toMatchObject({
      meaning,
      about: messageId,
      happenedAt: new Date('2027-02-24T09:00:30.237Z'),
    });
  });

  test('event destinations say the same under another name', async () => {
    const { notificationType: eventType, ...bounce } = sesBounce(messageId);
    expect(await read({ eventType, ...bounce })).toMatchObject({ meaning: 'dead-address' });
    expect(await read({ eventType: 'Open', mail: bounce.mail })).toMatchObject({ meaning: 'other' });
  });

  test('a complaint is one, unless the letter was taken out of the spam folder', async () => {
    expect(await read(sesComplaint(messageId))).toMatchObject({ meaning: 'complaint', about: messageId });
    expect(await read(sesComplaint(messageId, 'not-spam'))).toMatchObject({ meaning: 'other' });
  });

  test('without the headers nothing says which letter it was', async () => {
    expect(await read(sesBounce(messageId, { headers: false }))).toMatchObject({ about: null });
  });
});

describe('Mailgun', () => {
  test.each([
    [{}, 'dead-address'],
    [{ severity: 'temporary', reason: 'generic', enhanced: '4.2.2' }, 'soft'],
    [{ enhanced: '5.2.2' }, 'mailbox-full'],
    [{ reason: 'generic', enhanced: '5.7.26' }, 'policy'],
    [{ reason: 'generic', enhanced: '5.1.1' }, 'dead-address'],
    [{ reason: 'generic', enhanced: '' }, 'soft'],
    [{ reason: 'espblock', enhanced: '' }, 'policy'],
    [{ reason: 'suppress-bounce', enhanced: '' }, 'dead-address'],
    [{ reason: 'suppress-complaint', enhanced: '' }, 'complaint'],
    [{ reason: 'suppress-unsubscribe', enhanced: '' }, 'other'],
    [{ reason: 'old', enhanced: '' }, 'soft'],
    [{ event: 'complained' }, 'complaint'],
    [{ event: 'delivered' }, 'other'],
    [{ event: 'unsubscribed' }, 'other'],
  ])('%j is %s', (told, meaning) => {
    const body = mailgunBody(mailgunEvent(messageId, told), now);
    expect(readMailgun(bytes(body), [mailgunKey], now)).toMatchObject({
      meaning,
      about: messageId.replace(/[<>]/g, ''),
      happenedAt: new Date(1_803_459_630_250),
      token: body.signature.token,
    });
  });
});

describe('Postmark', () => {
  const authorization = `Basic ${Buffer.from(postmarkLogin).toString('base64')}`;
  const read = (body: object) =>
    readPostmark(bytes(body), authorization, ['an:older-login-of-ours', postmarkLogin]);

  test.each([
    [{}, 'dead-address'],
    [{ Type: 'BadEmailAddress', Details: '' }, 'dead-address'],
    [{ Type: 'ManuallyDeactivated', Details: '' }, 'dead-address'],
    [{ Details: 'smtp;550 5.7.1 Message rejected by 10.5.1.1' }, 'policy'],
    [{ Type: 'Blocked', Details: '' }, 'policy'],
    [{ Type: 'DMARCPolicy', Details: '' }, 'policy'],
    [{ Type: 'SoftBounce', Details: 'smtp;452 4.2.2 The email account is over quota' }, 'mailbox-full'],
    [{ Type: 'Transient', Details: '' }, 'soft'],
    [{ Type: 'DnsError', Details: '' }, 'soft'],
    [{ Type: 'AutoResponder', Details: '' }, 'other'],
    [{ Type: 'ANewType', Details: '5.1.1' }, 'other'],
  ])('a bounce %j is %s', (told, meaning) => {
    expect(read(postmarkBounce(letter, told))).toMatchObject({
      meaning,
      about: letter,
      happenedAt: new Date('2027-02-24T09:00:30.907Z'),
    });
  });

  test('a complaint comes as a record of its own', () => {
    expect(read(postmarkComplaint(letter))).toMatchObject({ meaning: 'complaint', about: letter });
  });

  test('a letter that carried nothing of ours is not known', () => {
    const { Metadata: _ours, ...bare } = postmarkBounce(letter);
    expect(read(bare)).toMatchObject({ about: null });
    expect(read({ ...bare, Metadata: null })).toMatchObject({ about: null });
  });
});

test.each([
  ['5.1.1', 'dead-address'],
  ['smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound', 'dead-address'],
  ['550-5.1.1 The account does not exist', 'dead-address'],
  ['4.1.1', 'soft'],
  ['5.1.8 bad sender', 'policy'],
  ['550 5.7.509 DMARC', 'policy'],
  ['refused from 192.5.7.1', 'soft'],
  ['15.1.1', 'soft'],
  ['', 'soft'],
  [undefined, 'soft'],
])('the code in %j says %s', (said, meaning) => {
  expect(meaningOfStatus(said, 'soft')).toBe(meaning);
});
