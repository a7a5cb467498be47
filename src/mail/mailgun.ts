// Mailgun: an event beside a signature that covers a time and a token, and nothing of the event itself.
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import {
  isSameSecret,
  type Meaning,
  meaningOfStatus,
  momentOf,
  readBody,
  shortText,
  type Told,
  unproven,
} from './told.ts';

/**
 * Reads a webhook's body (https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks). Throws a
 * Refusal for one that none of the keys signed within the last five minutes. The token goes with the event: whoever keeps
 * the events must let it sign one event only.
 */
export function readMailgun(body: Buffer, keys: readonly string[], machineNow: Date): Told {
  const { signature, 'event-data': event } = readBody(webhook, body);
  if (!isFresh(signature.timestamp, machineNow)) throw unproven();
  const signed = (key: string) =>
    createHmac('sha256', key).update(`${signature.timestamp}${signature.token}`).digest('hex');
  // All of them, so that the time tells nothing of which.
  if (!keys.map((key) => isSameSecret(signature.signature, signed(key))).includes(true)) throw unproven();
  return {
    provider: 'mailgun',
    eventId: event.id,
    meaning: meaningOf(event),
    about: event.message?.headers?.['message-id'] ?? null,
    happenedAt: momentOf((event.timestamp ?? Number.NaN) * 1000),
    token: signature.token,
  };
}

const toleranceSeconds = 300;

const webhook = z.object({
  signature: z.object({
    timestamp: z.union([z.string(), z.number()]).transform(String),
    token: shortText,
    signature: z.string().max(128),
  }),
  'event-data': z.object({
    id: shortText,
    event: z.string(),
    timestamp: z.number().optional(),
    severity: z.string().optional(),
    reason: z.string().optional(),
    'delivery-status': z
      .object({
        'enhanced-code': z.string().nullish(),
        message: z.string().nullish(),
        description: z.string().nullish(),
      })
      .optional(),
    message: z.object({ headers: z.object({ 'message-id': z.string().optional() }).optional() }).optional(),
  }),
});

function meaningOf(event: z.output<typeof webhook>['event-data']): Meaning {
  if (event.event === 'complained') return 'complaint';
  if (event.event !== 'failed') return 'other';
  const status = event['delivery-status'];
  const said = status?.['enhanced-code'] || `${status?.message ?? ''} ${status?.description ?? ''}`;
  // A temporary failure is tried again by Mailgun itself.
  if (event.severity !== 'permanent') return 'soft';
  if (event.reason === 'suppress-complaint') return 'complaint';
  if (event.reason === 'suppress-unsubscribe') return 'other';
  return meaningOfStatus(said, givenUp[event.reason ?? ''] ?? 'soft');
}

/** Why Mailgun stopped trying, where the server's own code does not say. */
const givenUp: Readonly<Record<string, Meaning>> = {
  bounce: 'dead-address',
  hardfail: 'dead-address',
  'suppress-bounce': 'dead-address',
  espblock: 'policy',
};

function isFresh(timestamp: string, machineNow: Date): boolean {
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  return Math.abs(machineNow.getTime() / 1000 - seconds) <= toleranceSeconds;
}
