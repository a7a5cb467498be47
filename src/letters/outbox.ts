// The outbox: a letter is written in the transaction of the change that causes it, as its kind and facts, never as a body.
import { randomUUIDv7 } from 'node:crypto';
import { and, count, eq, gt, inArray, sql } from 'drizzle-orm';
import type { Config } from '../outside/config.ts';
import type { Reads, Tx } from '../outside/database.ts';
import { letters, type membershipChanges } from '../schema.ts';

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
    /** When the gift is collected next, where that is known. */
    nextAt?: string | null;
  };
  'renewal-receipt': MoneyFacts & {
    paymentId: string;
    paidAt: string;
    kind: 'month' | 'year';
    membershipId: string | null;
    nextAt?: string | null;
  };
  'payment-failed': MoneyFacts & {
    membershipId: string;
    kind: 'month' | 'year';
    failedAt: string;
    nextAttemptAt: string | null;
  };
  /** The reader's bank wants them to confirm the payment; `attempt` is the one that waits. */
  'action-required': MoneyFacts & { membershipId: string; kind: 'month' | 'year'; attempt: number };
  /** A renewal came after all: thanks, and the receipt. */
  recovered: MoneyFacts & {
    paymentId: string;
    paidAt: string;
    kind: 'month' | 'year';
    membershipId: string | null;
    nextAt?: string | null;
  };
  'card-changed': { membershipId: string; changedAt: string };
  /** `expiresOn`: the card's last day. */
  'card-expiring': MoneyFacts & { membershipId: string; kind: 'month' | 'year'; expiresOn: string };
  'renewal-ahead': MoneyFacts & { membershipId: string; renewsAt: string };
  /** From the next payment on another amount is collected; `beforeMinor` is the former one, in the same currency. */
  'amount-changed': MoneyFacts & {
    membershipId: string;
    kind: 'month' | 'year';
    beforeMinor: string;
    nextAt: string;
  };
  /** The older of two regular gifts, and the newer one that takes its place: it is over, or ends on a day to come. */
  'second-gift': MoneyFacts & {
    secondGiftId: string;
    kind: 'month' | 'year';
    newer: MoneyFacts & { kind: 'month' | 'year'; begunAt: string };
    /** Which of the two goes on by the rule (stripe/one-promise); the other is over, or ends. */
    keeps: 'newer' | 'older';
    over: boolean;
    endsAt: string;
    /** The older gift goes on, and is not collected until then. */
    rests: boolean;
    /** What the older gift still brought before it could be stopped, and what went back of it. */
    sentBackMinor: string | null;
  };
  /** The gift rests; `resumesAt` where it goes on by itself. */
  paused: MoneyFacts & { membershipId: string; kind: 'month' | 'year'; resumesAt: string | null };
  /** A debit that was under way did not bring the money after all. */
  'debit-failed': MoneyFacts & { checkoutId: string; kind: 'once' | 'month' | 'year'; failedAt: string };
  /**
   * A calendar year's gifts: how many, what came on each local day, and by currency what came in all and how much of it went
   * back.
   */
  'annual-statement': {
    year: number;
    gifts: number;
    days: readonly (MoneyFacts & { on: string })[];
    totals: readonly (MoneyFacts & { sentBackMinor: string })[];
  };
  /** The reader ended the gift; it runs to the end of the paid period, or ended at once. */
  'gift-ending': MoneyFacts & { membershipId: string; kind: 'month' | 'year'; endsAt: string };
  /** Stripe gave up on the card: involuntary. */
  'gift-lost': MoneyFacts & { membershipId: string; kind: 'month' | 'year'; endedAt: string };
  refunded: MoneyFacts & { paymentId: string; refundedAt: string; whole: boolean };
  /** The row of the asking, over which the link and the code are derived. */
  'sign-in': { signInId: string };
  'staff-invitation': Record<string, never>;
  /**
   * What a period came to, as it stood when the letter was written. Both days are inside. Money is in the reporting currency;
   * what has no exchange rate stands apart. `before`: the same of the period before. Nobody is named.
   */
  'report-summary': {
    every: 'week' | 'month';
    firstOn: string;
    lastOn: string;
    currency: string;
    gross: { minor: string; before: string };
    net: { minor: string; before: string };
    /** Monthly value of running gifts: at both ends, and what moved it, gains positive and losses negative. */
    promised: {
      startMinor: string;
      endMinor: string;
      moves: readonly { by: Movement; minor: string }[];
      unconverted: readonly MoneyFacts[];
    };
    people: { new: number; returned: number; lost: number; atEnd: number };
    reminders: { asked: number; confirmed: number; gave: number };
    /** Of the income. */
    unconverted: readonly MoneyFacts[];
    needs: {
      disputes: { count: number; firstBy: string } | null;
      deadEvents: number;
      overdue: { people: number; minor: string };
      pauses: readonly { reason: 'policy' | 'sign-in'; provider: string | null }[];
    };
  };
  /** `discreet`: as the reader wished for this reminder, here and below. */
  'reminder-confirmation': { reminderId: string; sendOn: string; discreet?: boolean };
  /** `askedOn`: the reader's own day on which they first asked. `again`: it was put off before. `mayRepeat`: it may be put off once more. */
  reminder: {
    reminderId: string;
    askedOn: string;
    again: boolean;
    mayRepeat: boolean;
    discreet?: boolean;
  };
}

export type LetterKind = keyof LetterFacts;

/** What moves promised income; `fx`: exchange rates. */
export type Movement = (typeof membershipChanges.$inferSelect)['movement'] | 'fx';

/** Kinds that go to staff and never to a reader. */
export type StaffKind = 'staff-invitation' | 'report-summary';

export function isStaffKind(kind: LetterKind): kind is StaffKind {
  return kind === 'staff-invitation' || kind === 'report-summary';
}

interface ClassRule {
  /** After so long the letter is no longer worth sending. */
  goodForHours: number;
}

/** letters.md's classes: what decides lanes, headers and how long a letter is worth sending. */
const classRules: Record<LetterClass, ClassRule> = {
  access: { goodForHours: 1 / 6 },
  money: { goodForHours: 72 },
  confirm: { goodForHours: 24 },
  reminder: { goodForHours: 48 },
};

export const classOf: Record<LetterKind, LetterClass> = {
  'thank-you': 'money',
  'renewal-receipt': 'money',
  'payment-failed': 'money',
  'action-required': 'money',
  recovered: 'money',
  'card-changed': 'money',
  'card-expiring': 'money',
  'renewal-ahead': 'money',
  'amount-changed': 'money',
  'second-gift': 'money',
  paused: 'money',
  'debit-failed': 'money',
  'annual-statement': 'money',
  'gift-ending': 'money',
  'gift-lost': 'money',
  refunded: 'money',
  'sign-in': 'access',
  'staff-invitation': 'access',
  'report-summary': 'money',
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
  /** The moment the letter was due, where that was not now: its class's deadline counts from then. */
  wantedAt?: Date;
  /** It goes out then and not before; without `wantedAt` its deadline counts from then. */
  notBefore?: Date;
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
  return (await queueLetters(tx, now, domain, [letter])) === 1;
}

/** Writes a batch of letters. Answers how many were new; one whose key is taken is passed over. */
export async function queueLetters<K extends LetterKind>(
  tx: Tx,
  now: Date,
  domain: string,
  batch: readonly NewLetter<K>[],
): Promise<number> {
  if (batch.length === 0) return 0;
  const rows = JSON.stringify(batch.map((letter) => rowOf(letter, now, domain)));
  // One value for the whole batch: a parameter for each column of each row costs more than the writing does.
  const written = await tx.execute(sql`
    insert into ${letters} (id, key, kind, class, reader_id, staff_id, reminder_id, locale, facts, message_id, state,
      created_at, expires_at, due_at)
    select id, key, kind, class, "readerId", "staffId", "reminderId", locale, facts, "messageId", state,
      "createdAt", "expiresAt", "dueAt"
    from json_to_recordset(${rows}::json) as l (id uuid, key text, kind text, class text, "readerId" uuid, "staffId" uuid,
      "reminderId" uuid, locale text, facts jsonb, "messageId" text, state text,
      "createdAt" timestamptz, "expiresAt" timestamptz, "dueAt" timestamptz)
    on conflict (key) do nothing
    returning id`);
  return written.rows.length;
}

/** What stands behind the @ of our Message-IDs: the sender's domain. */
export function messageDomain(config: Pick<Config, 'mail'>): string {
  return config.mail.from.address.split('@').at(-1) ?? 'localhost.localdomain';
}

/**
 * Takes back the letters of a reminder, or a reader's letters of these classes, that have not been begun. Meets the deliverer
 * on the letter's own row: either the letter is taken back here, or it is on its way and `lettersOnTheirWay` says so.
 */
export async function cancelLetters(
  tx: Tx,
  which: { reminderId: string } | { readerId: string; classes: readonly LetterClass[] },
): Promise<void> {
  const theirs =
    'reminderId' in which
      ? eq(letters.reminderId, which.reminderId)
      : and(eq(letters.readerId, which.readerId), inArray(letters.class, [...which.classes]));
  await tx
    .update(letters)
    .set({ state: 'cancelled', leasedUntil: null })
    .where(and(theirs, inArray(letters.state, ['queued', 'deferred'])));
}

/**
 * Takes back one letter that has not been begun, since another tells what it would; true when it will not go out.
 * Its row stays, so that its cause told again writes none.
 */
export async function takeBackLetter(tx: Tx, kind: LetterKind, key: string): Promise<boolean> {
  const taken = await tx
    .update(letters)
    .set({ state: 'cancelled', leasedUntil: null })
    .where(and(eq(letters.key, `${kind}:${key}`), inArray(letters.state, ['queued', 'deferred'])))
    .returning({ id: letters.id });
  return taken.length > 0;
}

/** The facts of a letter that was written, whatever became of it; null when none was. */
export async function letterWritten<K extends LetterKind>(
  reads: Reads,
  kind: K,
  key: string,
): Promise<LetterFacts[K] | null> {
  const [row] = await reads
    .select({ facts: letters.facts })
    .from(letters)
    .where(eq(letters.key, `${kind}:${key}`));
  // As queueLetter wrote them, which took them typed by their kind.
  return row === undefined ? null : (row.facts as unknown as LetterFacts[K]);
}

/** How many letters of these reminders are in the mail server's hands this moment. */
export async function lettersOnTheirWay(
  reads: Reads,
  machineNow: Date,
  reminderIds: readonly string[],
): Promise<number> {
  if (reminderIds.length === 0) return 0;
  const [row] = await reads
    .select({ letters: count() })
    .from(letters)
    .where(
      and(
        inArray(letters.reminderId, [...reminderIds]),
        eq(letters.state, 'sending'),
        gt(letters.leasedUntil, machineNow),
      ),
    );
  return row?.letters ?? 0;
}

function rowOf<K extends LetterKind>(
  letter: NewLetter<K>,
  now: Date,
  domain: string,
): typeof letters.$inferInsert {
  const id = randomUUIDv7();
  const kindsClass = classOf[letter.kind];
  const wantedAt = letter.wantedAt ?? letter.notBefore ?? now;
  const expiresAt = new Date(wantedAt.getTime() + classRules[kindsClass].goodForHours * 3_600_000);
  return {
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
    // What is told too late is not sent; its key stays taken, so that no later telling sends it either.
    state: expiresAt <= now ? 'cancelled' : 'queued',
    createdAt: now,
    expiresAt,
    dueAt: letter.notBefore ?? now,
  };
}
