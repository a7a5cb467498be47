// Amazon SES: bounces and complaints come through a topic of SNS, each message signed with a certificate that Amazon keeps.
import { verify } from 'node:crypto';
import { z } from 'zod';
import type { Sns } from '../outside/sns.ts';
import { fault, Refusal } from '../values/refusal.ts';
import {
  type Meaning,
  meaningOfStatus,
  momentOf,
  parseJson,
  readBody,
  shortText,
  type Told,
  unproven,
} from './told.ts';

/**
 * Reads a message of SNS (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html). A subscription to one of
 * our topics is confirmed, and nothing is told. Throws a Refusal for a message of another topic or with a wrong signature, and
 * one that asks to be sent again where the certificate cannot be had right now.
 */
export async function readSes(sns: Sns, body: Buffer, topics: readonly string[]): Promise<Told | null> {
  const message = readBody(envelope, body);
  if (!topics.includes(message.TopicArn)) throw unproven();
  await prove(sns, message);
  if (message.Type === 'SubscriptionConfirmation') {
    if (!(await sns.confirm(message.TopicArn, message.Token ?? ''))) throw notNow();
    return null;
  }
  if (message.Type !== 'Notification') return null;
  const told = notification.safeParse(parseJson(message.Message));
  const seen = told.success ? told.data : {};
  return {
    provider: 'ses',
    eventId: message.MessageId,
    meaning: meaningOf(seen),
    about: messageIdOf(seen),
    happenedAt: momentOf(seen.bounce?.timestamp ?? seen.complaint?.timestamp),
  };
}

const envelope = z.object({
  Type: z.enum(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']),
  MessageId: shortText,
  TopicArn: z.string(),
  Message: z.string(),
  Timestamp: z.string(),
  Subject: z.string().nullish(),
  Token: z.string().max(2000).optional(),
  SubscribeURL: z.string().optional(),
  SignatureVersion: z.enum(['1', '2']),
  Signature: z.string().max(2000),
  SigningCertURL: z.string().max(2000),
});
type Envelope = z.output<typeof envelope>;

/** https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html; event destinations say eventType instead. */
const notification = z.object({
  notificationType: z.string().optional(),
  eventType: z.string().optional(),
  bounce: z
    .object({
      bounceType: z.string(),
      bounceSubType: z.string().optional(),
      bouncedRecipients: z
        .array(z.object({ status: z.string().optional(), diagnosticCode: z.string().optional() }))
        .optional(),
      timestamp: z.string().optional(),
    })
    .optional(),
  complaint: z
    .object({ complaintFeedbackType: z.string().nullish(), timestamp: z.string().optional() })
    .optional(),
  mail: z
    .object({
      headers: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
      commonHeaders: z.object({ messageId: z.string().optional() }).optional(),
    })
    .optional(),
});
type Notification = Partial<z.output<typeof notification>>;

async function prove(sns: Sns, message: Envelope): Promise<void> {
  const certificate = await sns.certificate(message.TopicArn, message.SigningCertURL);
  if (certificate === 'elsewhere') throw unproven();
  if (certificate === 'away') throw notNow();
  const hash = message.SignatureVersion === '1' ? 'sha1' : 'sha256';
  const signed = verify(
    hash,
    Buffer.from(signedText(message)),
    certificate.publicKey,
    Buffer.from(message.Signature, 'base64'),
  );
  if (!signed) throw unproven();
}

/** Names and values in the order that SNS signs them in; a part that is not there is left out. */
function signedText(message: Envelope): string {
  const parts =
    message.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const);
  return parts
    .filter((name) => typeof message[name] === 'string')
    .map((name) => `${name}\n${message[name]}\n`)
    .join('');
}

function meaningOf({ notificationType, eventType, bounce, complaint }: Notification): Meaning {
  const type = notificationType ?? eventType;
  if (type === 'Complaint' && complaint) {
    // The reader took it out of the spam folder.
    return complaint.complaintFeedbackType === 'not-spam' ? 'other' : 'complaint';
  }
  if (type !== 'Bounce' || !bounce) return 'other';
  if (bounce.bounceSubType === 'MailboxFull') return 'mailbox-full';
  if (bounce.bounceType !== 'Permanent') return 'soft';
  const [recipient] = bounce.bouncedRecipients ?? [];
  return meaningOfStatus(recipient?.status ?? recipient?.diagnosticCode, 'dead-address');
}

/** SES puts a Message-ID of its own into the letter and keeps ours among the headers, where those are included. */
function messageIdOf({ mail }: Notification): string | null {
  const header = mail?.headers?.find(({ name }) => name.toLowerCase() === 'message-id');
  return header?.value ?? mail?.commonHeaders?.messageId ?? null;
}

function notNow(): Refusal {
  return new Refusal(fault('proof-unavailable'));
}
