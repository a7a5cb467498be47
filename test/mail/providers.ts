// What mail providers send, in the form that their documentation shows, told of a letter that the test names.
import { createHmac, randomBytes, sign } from 'node:crypto';
import type { OwnCertificate } from './certificate.ts';

export const topicArn = 'arn:aws:sns:eu-west-1:123456789012:mail-events';
export const mailgunKey = 'key-of-mailgun-for-tests-0001';
export const postmarkLogin = 'small-favor:of-no-worth-at-all-0001';

/** https://docs.aws.amazon.com/ses/latest/dg/notification-examples.html */
export function sesBounce(
  messageId: string,
  bounce: { bounceType?: string; bounceSubType?: string; status?: string; headers?: boolean } = {},
) {
  const { bounceType = 'Permanent', bounceSubType = 'General', status = '5.1.1', headers = true } = bounce;
  return {
    notificationType: 'Bounce',
    bounce: {
      bounceType,
      reportingMTA: 'dns; email.example.com',
      bouncedRecipients: [
        {
          emailAddress: 'anna@example.org',
          status,
          action: 'failed',
          diagnosticCode: `smtp; 550 ${status} <anna@example.org>... User`,
        },
      ],
      bounceSubType,
      timestamp: '2027-02-24T09:00:30.237Z',
      feedbackId: '00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000',
      remoteMtaIp: '127.0.2.0',
    },
    mail: sesMail(messageId, headers),
  };
}

export function sesComplaint(messageId: string, complaintFeedbackType = 'abuse') {
  return {
    notificationType: 'Complaint',
    complaint: {
      userAgent: 'AnyCompany Feedback Loop (V0.01)',
      complainedRecipients: [{ emailAddress: 'anna@example.org' }],
      complaintFeedbackType,
      arrivalDate: '2027-02-24T09:00:20.237Z',
      timestamp: '2027-02-24T09:00:30.237Z',
      feedbackId: '000001378603177f-18c07c78-fa81-4a58-9dd1-fedc3cb8f49a-000000',
    },
    mail: sesMail(messageId, true),
  };
}

function sesMail(messageId: string, hasHeaders: boolean) {
  return {
    timestamp: '2027-02-24T09:00:05.000Z',
    source: 'letters@gazette.example',
    sourceArn: 'arn:aws:ses:eu-west-1:888888888888:identity/gazette.example',
    sourceIp: '127.0.3.0',
    sendingAccountId: '123456789012',
    callerIdentity: 'IAM_user_or_role_name',
    // The number that SES itself gives a letter.
    messageId: '00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000',
    destination: ['anna@example.org'],
    ...(hasHeaders && {
      headersTruncated: false,
      headers: [
        { name: 'From', value: '"The Gazette" <letters@gazette.example>' },
        { name: 'To', value: '"Anna" <anna@example.org>' },
        { name: 'Message-ID', value: messageId },
        { name: 'Subject', value: 'Thank you' },
      ],
      commonHeaders: {
        from: ['The Gazette <letters@gazette.example>'],
        date: 'Wed, 24 Feb 2027 09:00:05 +0000',
        to: ['Anna <anna@example.org>'],
        messageId,
        subject: 'Thank you',
      },
    }),
  };
}

export interface SnsMessage {
  Type: string;
  MessageId: string;
  TopicArn: string;
  Message: string;
  Timestamp: string;
  Subject?: string;
  Token?: string;
  SubscribeURL?: string;
  UnsubscribeURL?: string;
  SignatureVersion: string;
  Signature: string;
  SigningCertURL: string;
}

/** https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html, signed as SNS signs. */
export function snsMessage(
  own: Pick<OwnCertificate, 'privateKey'>,
  at: string,
  told: Partial<Omit<SnsMessage, 'Message'>> & { Message?: unknown } = {},
): SnsMessage {
  const { Message = {}, ...others } = told;
  const message: SnsMessage = {
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: topicArn,
    Message: typeof Message === 'string' ? Message : JSON.stringify(Message),
    Timestamp: '2027-02-24T09:00:31.107Z',
    SignatureVersion: '2',
    Signature: '',
    SigningCertURL: `${at}/SimpleNotificationService-a86cb10b4e1f29c941702d737128f7b6.pem`,
    UnsubscribeURL: `${at}/?Action=Unsubscribe&SubscriptionArn=${topicArn}:c9135db0-26c4-47ec-8998-413945fb5a96`,
    ...others,
  };
  const names =
    message.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const);
  const text = names.flatMap((name) => (message[name] === undefined ? [] : [`${name}\n${message[name]}\n`]));
  const hash = message.SignatureVersion === '1' ? 'sha1' : 'sha256';
  return { ...message, Signature: sign(hash, Buffer.from(text.join('')), own.privateKey).toString('base64') };
}

/** https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html */
export function snsSubscription(own: Pick<OwnCertificate, 'privateKey'>, at: string, topic = topicArn) {
  const token = '2336412f37fb687f5d51e6e2425a8a5875fdc9d85c5ad0b4';
  return snsMessage(own, at, {
    Type: 'SubscriptionConfirmation',
    MessageId: '165545c9-2a5c-472c-8df2-7ff2be2b3b1b',
    Token: token,
    TopicArn: topic,
    Message: `You have chosen to subscribe to the topic ${topic}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
    SubscribeURL: `${at}/?Action=ConfirmSubscription&TopicArn=${topic}&Token=${token}`,
  });
}

/** https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads */
export function mailgunEvent(
  messageId: string,
  told: {
    id?: string;
    event?: string;
    severity?: string;
    reason?: string;
    code?: number;
    enhanced?: string;
  } = {},
) {
  const {
    event = 'failed',
    severity = 'permanent',
    reason = 'bounce',
    code = 550,
    enhanced = '5.1.1',
  } = told;
  return {
    id: told.id ?? 'G9Bn5sl1TC6nu79C8C0bwg',
    timestamp: 1803459630.25,
    'log-level': event === 'failed' ? 'error' : 'warn',
    event,
    ...(event === 'failed' && {
      severity,
      reason,
      'delivery-status': {
        'attempt-no': 1,
        message: 'smtp; 550 the mailbox does not take this',
        code,
        'enhanced-code': enhanced,
        description: '',
        'session-seconds': 0.43,
      },
      envelope: { sender: 'letters@gazette.example', transport: 'smtp', targets: 'anna@example.org' },
    }),
    flags: { 'is-routed': false, 'is-authenticated': true, 'is-system-test': false, 'is-test-mode': false },
    message: {
      headers: {
        to: 'Anna <anna@example.org>',
        'message-id': messageId.replace(/^<|>$/g, ''),
        from: 'The Gazette <letters@gazette.example>',
        subject: 'Thank you',
      },
      attachments: [],
      size: 111,
    },
    recipient: 'anna@example.org',
    'recipient-domain': 'example.org',
    campaigns: [],
    tags: [],
    'user-variables': {},
  };
}

export function mailgunBody(
  event: ReturnType<typeof mailgunEvent>,
  signedAt: Date,
  { key = mailgunKey, token = randomBytes(25).toString('hex') } = {},
) {
  const timestamp = String(Math.floor(signedAt.getTime() / 1000));
  const signature = createHmac('sha256', key).update(timestamp).update(token).digest('hex');
  return { signature: { timestamp, token, signature }, 'event-data': event };
}

/** https://postmarkapp.com/developer/webhooks/bounce-webhook */
export function postmarkBounce(letter: string, told: { Type?: string; ID?: number; Details?: string } = {}) {
  return {
    RecordType: 'Bounce',
    MessageStream: 'outbound',
    ID: 692560173,
    Type: 'HardBounce',
    TypeCode: 1,
    Name: 'Hard bounce',
    Tag: '',
    MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
    Metadata: { letter },
    ServerID: 23,
    Description: 'The server was unable to deliver your message (ex: unknown user, mailbox not found).',
    Details: 'smtp;550 5.1.1 The email account that you tried to reach does not exist.',
    Email: 'anna@example.org',
    From: 'letters@gazette.example',
    BouncedAt: '2027-02-24T09:00:30.9070259Z',
    DumpAvailable: true,
    Inactive: true,
    CanActivate: true,
    Subject: 'Thank you',
    Content: '<Full dump of bounce>',
    ...told,
  };
}

/** https://postmarkapp.com/developer/webhooks/spam-complaint-webhook */
export function postmarkComplaint(letter: string) {
  return {
    ...postmarkBounce(letter, { ID: 42, Type: 'SpamComplaint', Details: 'Test spam complaint details' }),
    RecordType: 'SpamComplaint',
    TypeCode: 512,
    Name: 'Spam complaint',
    CanActivate: false,
  };
}
