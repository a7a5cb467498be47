// Told: what any mail provider may tell of a letter, in words of our own.
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { fault, Refusal } from '../values/refusal.ts';

export type Provider = 'ses' | 'mailgun' | 'postmark';

export type Meaning =
  /** There is no such address any more. */
  | 'dead-address'
  | 'mailbox-full'
  /** Turned away for what we are, not for whom we write to. */
  | 'policy'
  /** The reader called the letter unwanted. */
  | 'complaint'
  /** It did not arrive now; the address may well live. */
  | 'soft'
  /** Deliveries, openings and whatever else changes nothing here. */
  | 'other';

export interface Told {
  provider: Provider;
  /** The provider's own number of the event: the same event told again has the same. */
  eventId: string;
  meaning: Meaning;
  /** Our Message-ID of the letter, or the part before its @; null where the event names none. */
  about: string | null;
  happenedAt: Date | null;
  /** What the signature was made over, where it does not cover the event itself. */
  token?: string;
}

/** Thrown where nothing proves that the provider sent it. */
export function unproven(): Refusal {
  return new Refusal(fault('sender-unproven'));
}

/** A JSON body in the form that a provider documents; more fields than we know are no fault. */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: Buffer): z.output<Schema> {
  const read = schema.safeParse(parseJson(body.toString('utf8')));
  if (!read.success) throw new Refusal(fault('body-malformed'));
  return read.data;
}

/** Null for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The moment a provider names; null for none, or for words that are no moment. */
export function momentOf(text: string | number | undefined): Date | null {
  const at = new Date(text ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? null : at;
}

/**
 * What the receiving server's own code says (RFC 3463), where the provider passes one on: it is closer to the mailbox than
 * the provider's class. `usual` where there is none, or where it says nothing of the kind.
 */
export function meaningOfStatus(said: string | undefined, usual: Meaning): Meaning {
  const code = /(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])/.exec(said ?? '');
  if (!code) return usual;
  const [, kind, subject, detail = ''] = code;
  if (subject === '2' && detail === '2') return 'mailbox-full';
  if (subject === '7' || (subject === '1' && ['7', '8'].includes(detail))) return 'policy';
  const isDead = kind === '5' && subject === '1' && ['1', '2', '3', '6', '10'].includes(detail);
  return isDead ? 'dead-address' : usual;
}

/** Compares two secrets in a time that tells nothing of either but their length. */
export function isSameSecret(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** As long as we keep an event's number. */
export const shortText = z.string().min(1).max(255);
