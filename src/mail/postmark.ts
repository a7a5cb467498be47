// Postmark: it signs nothing, but signs in with the name and password that stand in the webhook's address.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  isSameSecret,
  type Meaning,
  meaningOfStatus,
  momentOf,
  readBody,
  type Told,
  unproven,
} from './told.ts';

/**
 * Reads a webhook (https://postmarkapp.com/developer/webhooks/webhooks-overview). Throws a Refusal where its Authorization
 * is none of the logins, which are `user:password`.
 */
export function readPostmark(
  body: Buffer,
  authorization: string | undefined,
  logins: readonly string[],
): Told {
  const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;
  // All of them, so that the time tells nothing of which.
  if (!logins.map((login) => isSameSecret(authorization ?? '', basic(login))).includes(true))
    throw unproven();
  const event = readBody(webhook, body);
  return {
    provider: 'postmark',
    eventId: `${event.RecordType}:${numberOf(event) ?? createHash('sha256').update(body).digest('hex')}`,
    meaning: meaningOf(event),
    about: event.Metadata?.letter ?? null,
    happenedAt: momentOf(event.BouncedAt),
  };
}

const webhook = z.object({
  RecordType: z.string().min(1).max(60),
  ID: z.number().optional(),
  MessageID: z.string().max(100).optional(),
  Type: z.string().optional(),
  Details: z.string().nullish(),
  BouncedAt: z.string().optional(),
  /** Postmark's MessageID is its own; ours goes along as X-PM-Metadata-letter. */
  Metadata: z.object({ letter: z.string().optional() }).nullish(),
});

/** A bounce's number may be larger than JavaScript tells exactly; beside its letter's it is one. Deliveries have none. */
function numberOf({ ID, MessageID }: z.output<typeof webhook>): string | null {
  return ID === undefined || MessageID === undefined ? null : `${MessageID}:${ID}`;
}

function meaningOf({ RecordType, Type = '', Details }: z.output<typeof webhook>): Meaning {
  if (RecordType === 'SpamComplaint' || (RecordType === 'Bounce' && Type === 'SpamComplaint'))
    return 'complaint';
  if (RecordType !== 'Bounce') return 'other';
  const usual = types[Type] ?? 'other';
  return usual === 'other' ? 'other' : meaningOfStatus(Details ?? '', usual);
}

/** https://postmarkapp.com/developer/api/bounce-api#bounce-types; what is not here is no bounce of a letter. */
const types: Readonly<Record<string, Meaning>> = {
  HardBounce: 'dead-address',
  BadEmailAddress: 'dead-address',
  ManuallyDeactivated: 'dead-address',
  Blocked: 'policy',
  DMARCPolicy: 'policy',
  SpamNotification: 'policy',
  VirusNotification: 'policy',
  OpenRelayTest: 'policy',
  Transient: 'soft',
  SoftBounce: 'soft',
  DnsError: 'soft',
  Undeliverable: 'soft',
  Unknown: 'soft',
};
