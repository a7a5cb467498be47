// The mail provider's door: who is believed, what a letter that came back changes, and that saying it twice changes nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forgetReader } from '../../src/ledger/reader.ts';
import { deliverLetters } from '../../src/letters/deliver.ts';
import { addressLives, suppress } from '../../src/letters/suppression.ts';
import { sweepMailEvents } from '../../src/mail/receive.ts';
import { transact } from '../../src/outside/database.ts';
import { staff } from '../../src/schema.ts';
import { reminderLetter, signInLetter, thankYou } from '../letters/post-office.ts';
import { openMailDoor } from './door.ts';
import {
  mailgunBody,
  mailgunEvent,
  postmarkBounce,
  postmarkComplaint,
  postmarkLogin,
  sesBounce,
  sesComplaint,
  snsMessage,
  snsSubscription,
  topicArn,
} from './providers.ts';

let door: Awaited<ReturnType<typeof openMailDoor>>;

beforeAll(async () => {
  door = await openMailDoor();
});

beforeEach(async () => {
  await door.clear();
});

afterAll(async () => {
  await door.close();
});

const strangersLetter = '<01930000-0000-7000-8000-00000000dead@gazette.example>';
const basic = (login: string) => ({ authorization: `Basic ${Buffer.from(login).toString('base64')}` });
const ses = (message: unknown, told: Parameters<typeof snsMessage>[2] = {}) =>
  door.send('ses', snsMessage(door.amazon.current, door.amazon.url, { Message: message, ...told }));
const mailgun = (event: ReturnType<typeof mailgunEvent>, how?: Parameters<typeof mailgunBody>[2]) =>
  door.send('mailgun', mailgunBody(event, door.post.services.machineNow(), how));
const postmark = (body: unknown) => door.send('postmark', body, basic(postmarkLogin));
const letterPart = (messageId: string) => messageId.slice(1, messageId.indexOf('@'));

interface Speaking {
  name: string;
  bounce(messageId: string): Promise<{ status: number }>;
  complaint(messageId: string): Promise<{ status: number }>;
}

const speakers: Speaking[] = [
  { name: 'ses', bounce: (id) => ses(sesBounce(id)), complaint: (id) => ses(sesComplaint(id)) },
  {
    name: 'mailgun',
    bounce: (id) => mailgun(mailgunEvent(id)),
    complaint: (id) => mailgun(mailgunEvent(id, { event: 'complained' })),
  },
  {
    name: 'postmark',
    bounce: (id) => postmark(postmarkBounce(letterPart(id))),
    complaint: (id) => postmark(postmarkComplaint(letterPart(id))),
  },
];

describe.each(speakers)('$name', ({ bounce, complaint }) => {
  test('a letter that came back for good ends all letters to its address, those that wait included', async () => {
    const { messageId, readerId } = await door.sentLetter();
    await door.post.queue(signInLetter(readerId));
    expect(await bounce(messageId)).toMatchObject({ status: 200, body: { received: true } });
    expect(await door.held()).toEqual([{ reason: 'dead-address', scope: 'all' }]);
    expect(await door.post.row('thank-you:payment-1')).toMatchObject({
      state: 'sent',
      feedback: 'dead-address',
      feedbackAt: expect.any(Date),
    });
    expect(await door.post.row('sign-in:ask-1')).toMatchObject({ state: 'cancelled' });
    await door.post.queue(thankYou(readerId, 'payment-2'));
    await deliverLetters(door.post.services);
    expect(await door.post.row('thank-you:payment-2')).toMatchObject({ state: 'suppressed' });
  });

  test('a complaint ends reminders to its address, and nothing else', async () => {
    const { messageId, readerId } = await door.sentLetter();
    expect(await complaint(messageId)).toMatchObject({ status: 200 });
    expect(await door.held()).toEqual([{ reason: 'complaint', scope: 'reminders' }]);
    expect(await door.post.row('thank-you:payment-1')).toMatchObject({ feedback: 'complaint' });
    const reminderId = await door.post.sentReminder(readerId);
    await door.post.queue(reminderLetter(readerId, reminderId));
    await door.post.queue(thankYou(readerId, 'payment-2'));
    await deliverLetters(door.post.services);
    expect(await door.post.row(`reminder:${reminderId}:0`)).toMatchObject({ state: 'suppressed' });
    expect(await door.post.row('thank-you:payment-2')).toMatchObject({ state: 'sent' });
  });

  test('the same told again, also twenty times at once, is kept once', async () => {
    const { messageId, readerId } = await door.sentLetter();
    const answers = await Promise.all(Array.from({ length: 20 }, () => bounce(messageId)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await door.told()).toHaveLength(1);
    // Once the reader has shown that the address lives, an old word about it does not end it again.
    await transact(door.post.services, (tx) => addressLives(tx, door.post.services.now(), readerId));
    expect(await bounce(messageId)).toMatchObject({ status: 200 });
    expect(await door.held()).toEqual([]);
  });

  test('what is said of a letter that is not ours is counted and changes nothing', async () => {
    await door.sentLetter();
    const before = await door.all();
    expect(await bounce(strangersLetter)).toMatchObject({ status: 200 });
    expect(await complaint('<custom-message-ID>')).toMatchObject({ status: 200 });
    expect(await door.all()).toEqual(before);
    expect(await door.held()).toEqual([]);
    expect((await door.told()).map(({ state, letterId }) => [state, letterId])).toEqual(
      expect.arrayContaining([['unknown', null]]),
    );
  });

  test('nobody’s address is kept with what was told', async () => {
    const { messageId } = await door.sentLetter();
    await bounce(messageId);
    const { rows } = await door.post.services.database.execute('select m::text as line from mail_events m');
    expect(JSON.stringify(rows)).not.toMatch(/anna|example\.org/);
  });
});

describe('what follows', () => {
  test('what is no word about the address is counted and changes nothing', async () => {
    const { messageId } = await door.sentLetter();
    await ses(sesBounce(messageId, { bounceType: 'Transient', status: '4.4.7' }));
    expect(await door.told()).toMatchObject([{ state: 'soft', letterId: expect.any(String) }]);
    expect(await door.held()).toEqual([]);
    expect(await door.post.row('thank-you:payment-1')).toMatchObject({ feedback: null, feedbackAt: null });
  });

  test('turned away for what we are: written down for staff, and the address is not blamed', async () => {
    const { messageId } = await door.sentLetter();
    await ses(sesBounce(messageId, { status: '5.7.1' }));
    expect(await door.held()).toEqual([]);
    expect(await door.post.row('thank-you:payment-1')).toMatchObject({ feedback: 'policy' });
  });

  test('a delivery that Postmark tells of has no number and is passed over once', async () => {
    const { messageId } = await door.sentLetter();
    const delivery = {
      RecordType: 'Delivery',
      MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
      Recipient: 'anna@example.org',
      DeliveredAt: '2027-02-24T09:00:10Z',
      Details: 'Test delivery webhook details',
      Tag: '',
      ServerID: 23,
      Metadata: { letter: letterPart(messageId) },
      MessageStream: 'outbound',
    };
    for (let time = 0; time < 2; time += 1) expect(await postmark(delivery)).toMatchObject({ status: 200 });
    expect(await door.told()).toMatchObject([{ state: 'other', letterId: expect.any(String) }]);
    expect(await door.post.row('thank-you:payment-1')).toMatchObject({ feedback: null });
  });

  test('a letter carries what Postmark tells it by', async () => {
    const { messageId } = await door.sentLetter();
    const [letter] = await door.post.mailbox.letters({});
    expect(letter?.headers).toMatchObject({
      'message-id': messageId,
      'x-pm-keepid': 'true',
      'x-pm-metadata-letter': letterPart(messageId),
    });
  });

  test('numbers of Postmark’s that JavaScript cannot tell apart are told apart by their letters', async () => {
    for (const at of [1, 2]) {
      const { messageId } = await door.sentLetter(`reader-${at}@example.org`, `payment-${at}`);
      const bounce = {
        ...postmarkBounce(letterPart(messageId)),
        MessageID: `883953f4-6105-42a2-a16a-77a8eac7948${at}`,
      };
      const number = `432337203685477580${at}`;
      await postmark(JSON.stringify(bounce).replace('692560173', number));
    }
    expect(await door.told()).toHaveLength(2);
    expect(await door.held()).toHaveLength(2);
  });

  test('a mailbox that was full three times of five is dead', async () => {
    for (const at of [1, 2, 3]) {
      const { messageId } = await door.sentLetter('anna@example.org', `payment-${at}`);
      await postmark(
        postmarkBounce(letterPart(messageId), {
          ID: at,
          Type: 'SoftBounce',
          Details: '452 4.2.2 over quota',
        }),
      );
      expect(await door.held()).toHaveLength(at === 3 ? 1 : 0);
    }
  });

  test('whatever is told first, the weightiest stands', async () => {
    for (const order of [
      ['policy', 'dead', 'complaint'],
      ['complaint', 'dead', 'policy'],
    ]) {
      await door.clear();
      const { messageId } = await door.sentLetter();
      for (const told of order) {
        if (told === 'complaint') await ses(sesComplaint(messageId), { MessageId: told });
        else
          await ses(sesBounce(messageId, { status: told === 'policy' ? '5.7.1' : '5.1.1' }), {
            MessageId: told,
          });
      }
      expect(await door.post.row('thank-you:payment-1')).toMatchObject({ feedback: 'complaint' });
      expect((await door.held()).map(({ reason }) => reason).sort()).toEqual(['complaint', 'dead-address']);
    }
  });

  test('a letter to staff that came back is written down, and suppresses nobody', async () => {
    const id = '01930000-0000-7000-8000-00000000aaaa';
    const { services } = door.post;
    await services.database.insert(staff).values({
      id,
      addressHash: services.keys.addressHash('editor@example.org'),
      addressSealed: services.keys.seal('address', 'editor@example.org'),
      role: 'viewer',
      locale: 'en',
      createdAt: services.now(),
    });
    await door.post.queue({
      kind: 'staff-invitation',
      key: 'one',
      to: { staffId: id },
      locale: 'en',
      facts: {},
    });
    await deliverLetters(services);
    const { messageId } = await door.post.row('staff-invitation:one');
    await mailgun(mailgunEvent(messageId));
    expect(await door.post.row('staff-invitation:one')).toMatchObject({ feedback: 'dead-address' });
    expect(await door.held()).toEqual([]);
  });
});

describe('a reader who is gone, or came back', () => {
  test('of an erased reader nothing is kept', async () => {
    const { messageId, readerId } = await door.sentLetter();
    await transact(door.post.services, (tx) => forgetReader(tx, door.post.services.now(), readerId));
    expect(await mailgun(mailgunEvent(messageId))).toMatchObject({ status: 200 });
    expect(await door.held()).toEqual([]);
    expect(await door.post.row('thank-you:payment-1')).toMatchObject({ feedback: 'dead-address' });
  });

  test('an address that was forgotten with its reminder is still found by its hash for a while', async () => {
    const { messageId, readerId } = await door.sentLetter();
    const { database } = door.post.services;
    await database.execute(
      `update readers set former_hash = address_hash, address_hash = null, address_sealed = null, erased_at = now() where id = '${readerId}'`,
    );
    await mailgun(mailgunEvent(messageId));
    expect(await door.held()).toEqual([{ reason: 'dead-address', scope: 'all' }]);
  });

  test('a link or a gift shows that the address lives; a complaint and a block stay the reader’s own to lift', async () => {
    const { messageId, readerId } = await door.sentLetter();
    const { services } = door.post;
    await transact(services, (tx) => suppress(tx, services.now(), readerId, 'blocked'));
    await mailgun(mailgunEvent(messageId));
    await mailgun(mailgunEvent(messageId, { id: 'another', event: 'complained' }));
    await transact(services, (tx) => addressLives(tx, door.post.services.now(), readerId));
    expect((await door.held()).map(({ reason }) => reason).sort()).toEqual(['blocked', 'complaint']);
  });

  test('what was told is forgotten after thirty days', async () => {
    await mailgun(mailgunEvent(strangersLetter));
    door.post.services.pass(29 * 86_400);
    await sweepMailEvents(door.post.services);
    expect(await door.told()).toHaveLength(1);
    door.post.services.pass(2 * 86_400);
    await sweepMailEvents(door.post.services);
    expect(await door.told()).toEqual([]);
  });
});

describe('who is believed: SES', () => {
  const notBelieved = async (answer: { status: number; headers: Record<string, string> }, status = 403) => {
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(await door.told()).toEqual([]);
    expect(await door.held()).toEqual([]);
  };

  test.each(['1', '2'])('signature version %s', async (SignatureVersion) => {
    const { messageId } = await door.sentLetter();
    expect(await ses(sesBounce(messageId), { SignatureVersion, Subject: 'A subject' })).toMatchObject({
      status: 200,
    });
    expect(await door.held()).toHaveLength(1);
  });

  test('a message that was changed, or signed by somebody else, is not', async () => {
    const { messageId } = await door.sentLetter();
    const { current, url, stranger } = door.amazon;
    const genuine = snsMessage(current, url, { Message: sesBounce(messageId) });
    for (const changed of [
      { ...genuine, Message: genuine.Message.replace('"Permanent"', '"Transient"') },
      { ...genuine, MessageId: 'another' },
      { ...genuine, Subject: 'added' },
      { ...genuine, SignatureVersion: '1' },
      { ...genuine, Signature: '' },
      snsMessage(stranger(), url, { Message: sesBounce(messageId) }),
    ]) {
      await notBelieved(await door.send('ses', changed));
    }
  });

  test('another topic is not, though Amazon signed it', async () => {
    const { messageId } = await door.sentLetter();
    await notBelieved(await ses(sesBounce(messageId), { TopicArn: `${topicArn}-other` }));
    expect(door.amazon.asked).toEqual([]);
  });

  test.each([
    ['another host', (at: string) => at.replace('127.0.0.1', 'localhost')],
    ['a user that looks like the host', (at: string) => at.replace('127.0.0.1', '127.0.0.1@evil.example')],
    ['another path', (at: string) => at.replace('/Simple', '/kept/Simple')],
    ['a query', (at: string) => `${at}?a=b.pem`],
    ['no certificate’s name', (at: string) => at.replace(/\/[^/]+$/, '/certificate.pem')],
    ['no address', () => 'SimpleNotificationService-a.pem'],
  ])('a certificate at %s is never fetched', async (_name, change) => {
    const { messageId } = await door.sentLetter();
    const { url } = door.amazon;
    const SigningCertURL = change(`${url}/SimpleNotificationService-a86cb10b.pem`);
    await notBelieved(await ses(sesBounce(messageId), { SigningCertURL }));
    expect(door.amazon.asked).toEqual([]);
  });

  test('without a certificate it is asked to be sent again; one that has run out is none', async () => {
    const { messageId } = await door.sentLetter();
    const { url, expired } = door.amazon;
    door.amazon.setAway(true);
    const SigningCertURL = `${url}/SimpleNotificationService-new.pem`;
    await notBelieved(await ses(sesBounce(messageId), { SigningCertURL }), 503);
    door.amazon.setAway(false);
    const old = snsMessage(expired, url, {
      Message: sesBounce(messageId),
      SigningCertURL: `${url}/SimpleNotificationService-expired.pem`,
    });
    await notBelieved(await door.send('ses', old), 503);
    expect(await ses(sesBounce(messageId), { SigningCertURL })).toMatchObject({ status: 200 });
  });

  test('a certificate is fetched once, and strangers cannot have us fetch without end', async () => {
    const { messageId } = await door.sentLetter();
    const { url } = door.amazon;
    door.post.services.pass(3600);
    const at = (name: string) => ({
      MessageId: name,
      SigningCertURL: `${url}/SimpleNotificationService-${name}.pem`,
    });
    for (let time = 0; time < 3; time += 1) await ses(sesBounce(messageId), at('once'));
    expect(door.amazon.asked).toHaveLength(1);
    for (let time = 0; time < 20; time += 1) await ses(sesBounce(messageId), at(`n${time}`));
    expect(door.amazon.asked).toHaveLength(10);
    door.post.services.pass(61);
    expect(await ses(sesBounce(messageId), at('later'))).toMatchObject({ status: 200 });
  });

  test('a subscription to our topic is confirmed at Amazon’s own address; to another it is not', async () => {
    const { current, url } = door.amazon;
    expect(await door.send('ses', snsSubscription(current, url))).toMatchObject({ status: 200 });
    const confirmed = door.amazon.asked.filter((path) => path.includes('ConfirmSubscription'));
    expect(confirmed).toEqual([
      `/?Action=ConfirmSubscription&TopicArn=${encodeURIComponent(topicArn)}&Token=2336412f37fb687f5d51e6e2425a8a5875fdc9d85c5ad0b4`,
    ]);
    await notBelieved(await door.send('ses', snsSubscription(current, url, `${topicArn}-other`)));
    const forged = { ...snsSubscription(current, url), Token: 'mine' };
    await notBelieved(await door.send('ses', forged));
    expect(door.amazon.asked.filter((path) => path.includes('ConfirmSubscription'))).toHaveLength(1);
  });

  test('the first notification, an unsubscription and words that are no notification are taken and change nothing', async () => {
    const { current, url } = door.amazon;
    const greeting =
      'You have successfully subscribed your Amazon SNS topic to receive Bounce notifications.';
    await ses({ notificationType: 'AmazonSnsSubscriptionSucceeded', message: greeting });
    await ses('hello', { MessageId: 'words' });
    const left = snsMessage(current, url, {
      Type: 'UnsubscribeConfirmation',
      Message: 'You have chosen to deactivate the subscription.',
      Token: 'token',
      SubscribeURL: `${url}/?Action=ConfirmSubscription`,
    });
    expect(await door.send('ses', left)).toMatchObject({ status: 200 });
    expect((await door.told()).map(({ state }) => state)).toEqual(['other', 'other']);
  });

  test('a letter taken out of the spam folder is no complaint; without its headers a letter is not known', async () => {
    const { messageId } = await door.sentLetter();
    await ses(sesComplaint(messageId, 'not-spam'), { MessageId: 'a' });
    await ses(sesBounce(messageId, { headers: false }), { MessageId: 'b' });
    expect((await door.told()).map(({ state }) => state)).toEqual(['other', 'unknown']);
    expect(await door.held()).toEqual([]);
  });
});

describe('who is believed: Mailgun', () => {
  test('any current key is; another, an old time or a time to come is not', async () => {
    const { messageId } = await door.sentLetter();
    const now = door.post.services.machineNow();
    const event = mailgunEvent(messageId);
    const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
    for (const body of [
      mailgunBody(event, now, { key: 'a-key-that-nobody-has' }),
      mailgunBody(event, at(-301)),
      mailgunBody(event, at(302)),
      { ...mailgunBody(event, now), signature: { ...mailgunBody(event, now).signature, timestamp: 'now' } },
    ]) {
      expect(await door.send('mailgun', body)).toMatchObject({ status: 403 });
    }
    expect(await door.told()).toEqual([]);
    expect(await mailgun(event, { key: 'an-older-key-of-mailgun' })).toMatchObject({ status: 200 });
    expect(await door.held()).toHaveLength(1);
  });

  test('a token signs one event: again with the same it changes nothing, with another it is refused', async () => {
    const { messageId } = await door.sentLetter();
    const token = 'a'.repeat(50);
    expect(await mailgun(mailgunEvent(messageId, { event: 'delivered' }), { token })).toMatchObject({
      status: 200,
    });
    expect(await mailgun(mailgunEvent(messageId, { event: 'delivered' }), { token })).toMatchObject({
      status: 200,
    });
    const other = mailgunEvent(messageId, { id: 'another' });
    expect(await mailgun(other, { token })).toMatchObject({ status: 403 });
    expect(await door.held()).toEqual([]);
    expect(await door.post.row('thank-you:payment-1')).toMatchObject({ feedback: null });
    // Sent again by Mailgun itself, it comes with a token of its own.
    expect(await mailgun(other)).toMatchObject({ status: 200 });
    expect(await door.held()).toHaveLength(1);
  });
});

describe('who is believed: Postmark', () => {
  test.each([
    ['nobody', {}],
    ['another password', basic('small-favor:of-no-worth-at-all-0002')],
    ['a beginning', basic(postmarkLogin.slice(0, -1))],
    ['a bearer', { authorization: `Bearer ${postmarkLogin}` }],
  ])('%s is not', async (_name, headers) => {
    const { messageId } = await door.sentLetter();
    const answer = await door.send('postmark', postmarkBounce(letterPart(messageId)), headers);
    expect(answer.status).toBe(403);
    expect(await door.told()).toEqual([]);
  });
});

describe('what is not taken', () => {
  test.each(['ses', 'mailgun', 'postmark'])(
    '%s: no JSON, the wrong form, or too much of it',
    async (provider) => {
      const headers = basic(postmarkLogin);
      for (const body of ['', 'not json', '[]', '{"a":1}', 'null', '{"signature":{}}']) {
        expect(await door.send(provider, body, headers)).toMatchObject({ status: 400 });
      }
      expect(await door.send(provider, `"${'x'.repeat(600_000)}"`, headers)).toMatchObject({ status: 413 });
    },
  );

  test('a provider that is not known or not configured is not there, and nothing but POST is', async () => {
    expect(await door.send('sendgrid', {})).toMatchObject({ status: 404 });
    const without = await openMailDoor({ MAIL_EVENTS_SES_TOPICS: '', MAIL_EVENTS_MAILGUN_KEYS: '' });
    try {
      expect(await without.send('ses', {})).toMatchObject({ status: 404 });
      expect(await without.send('mailgun', {})).toMatchObject({ status: 404 });
    } finally {
      await without.close();
    }
  });
});
