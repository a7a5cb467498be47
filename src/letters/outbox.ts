// The outbox: a letter is written in the transaction of the change that causes it, as its kind and facts, never as a body.
import { randomUUIDv7 } from 'node:crypto';
import type { Tx } from '../outside/database.ts';
import { letters } from '../schema.ts';

export type LetterClass = 'access' | 'money' | 'confirm' | 'reminder';

/** Money inside facts: JSON has no bigint, so minor units travel as a decimal string. */
export interface MoneyFacts {
  amountMinor: string;
  currency: string;
}

/** What each kind of letter needs to be rendered, beside the reader's address and name. Instants are ISO 8601. */
export interface LetterFacts {
  'thank-you': MoneyFacts & {
    paymentId: string;
    paidAt: string;
    kind: 'once' | 'month' | 'year';
    feesCoveredMinor: string;
    membershipId: string | null;
  };
  'renewal-receipt': MoneyFacts & { paymentId: string; paidAt: string; kind: 'month' | 'year'; membershipId: string };
  'payment-failed': MoneyFacts & {
    membershipId: string;
    kind: 'month' | 'year';
    failedAt: string;
    nextAttemptAt: string | null;
  };
  'card-changed': { membershipId: string; changedAt: string };
  /** The reader ended the gift; it runs to the end of the paid period, or ended at once. */
  'gift-ending': MoneyFacts & { membershipId: string; kind: 'month' | 'year'; endsAt: string };
  /** Stripe gave up on the card: involuntary. */
  'gift-lost': MoneyFacts & { membershipId: string; kind: 'month' | 'year'; endedAt: string };
  refunded: MoneyFacts & { paymentId: string; refundedAt: string; whole: boolean };
  'manage-link': { membershipId: string | null };
  'staff-invitation': Record<string, never>;
  'reminder-confirmation': { reminderId: string; sendOn: string };
  reminder: { reminderId: string; askedAt: string };
}

export type LetterKind = keyof LetterFacts;

interface ClassRule {
  /** After so long the letter is no longer worth sending. */
  goodForHours: number;
}

/** letters.md's classes: what decides lanes, headers and how long a letter is worth sending. */
export const classRules: Record<LetterClass, ClassRule> = {
  access: { goodForHours: 1 / 6 },
  money: { goodForHours: 72 },
  confirm: { goodForHours: 24 },
  reminder: { goodForHours: 48 },
};

export const classOf: Record<LetterKind, LetterClass> = {
  'thank-you': 'money',
  'renewal-receipt': 'money',
  'payment-failed': 'money',
  'card-changed': 'money',
  'gift-ending': 'money',
  'gift-lost': 'money',
  refunded: 'money',
  'manage-link': 'access',
  'staff-invitation': 'access',
  'reminder-confirmation': 'confirm',
  reminder: 'reminder',
};

export interface NewLetter<K extends LetterKind = LetterKind> {
  kind: K;
  /** Stable ids only: kind + entity + period. The same cause told twice finds the key taken and writes nothing. */
  key: string;
  to: { readerId: string } | { staffId: string };
  locale: string;
  facts: LetterFacts[K];
  reminderId?: string;
}

/**
 * Writes a letter into the outbox inside the caller's transaction. Answers false when the key is already taken.
 * `domain` is what stands behind the @ of the Message-ID, fixed here and the same on every attempt.
 */
export async function queueLetter<K extends LetterKind>(
  tx: Tx,
  now: Date,
  domain: string,
  letter: NewLetter<K>,
): Promise<boolean> {
  const id = randomUUIDv7();
  const kindsClass = classOf[letter.kind];
  const written = await tx
    .insert(letters)
    .values({
      id,
      key: `${letter.kind}:${letter.key}`,
      kind: letter.kind,
      class: kindsClass,
      readerId: 'readerId' in letter.to ? letter.to.readerId : null,
      staffId: 'staffId' in letter.to ? letter.to.staffId : null,
      reminderId: letter.reminderId ?? null,
      locale: letter.locale,
      facts: { ...letter.facts },
      messageId: `<${id}@${domain}>`,
      state: 'queued',
      createdAt: now,
      expiresAt: new Date(now.getTime() + classRules[kindsClass].goodForHours * 3_600_000),
      dueAt: now,
    })
    .onConflictDoNothing({ target: letters.key })
    .returning({ id: letters.id });
  return written.length > 0;
}
