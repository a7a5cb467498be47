// Feedback: what the mail provider told later of a letter that had been sent, and what that says of its address.
import { and, desc, eq, isNull, or, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { letters } from '../schema.ts';
import { suppress } from './suppression.ts';

export type Feedback = NonNullable<(typeof letters.$inferSelect)['feedback']>;

/** The letter with this Message-ID, with or without its angle brackets; or with the part before the @ alone. */
export async function findLetter(
  reads: Reads,
  about: string,
): Promise<{ id: string; readerId: string | null } | null> {
  const [, id, domain] =
    /^\s*<?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(@[^\s<>]+)?>?\s*$/i.exec(about) ?? [];
  if (id === undefined) return null;
  const [letter] = await reads
    .select({ id: letters.id, readerId: letters.readerId })
    .from(letters)
    .where(
      and(
        eq(letters.id, id),
        domain === undefined
          ? undefined
          : sql`lower(${letters.messageId}) = ${`<${id}${domain}>`.toLowerCase()}`,
      ),
    );
  return letter ?? null;
}

/**
 * Writes down what was told of a letter, and keeps letters back from its address where that follows: all of them from a dead
 * one (RFC 3463, or full for three of the last five), reminders from whoever called one unwanted. Whatever is told first,
 * the weightiest stands in the end.
 */
export async function noteFeedback(
  tx: Tx,
  now: Date,
  letter: { id: string; readerId: string | null },
  { feedback, at }: { feedback: Feedback; at: Date },
): Promise<void> {
  const weight = (one: typeof letters.feedback | Feedback) =>
    sql`array_position(array['mailbox-full', 'policy', 'dead-address', 'complaint'], ${one}::text)`;
  await tx
    .update(letters)
    .set({ feedback, feedbackAt: at })
    .where(
      and(
        eq(letters.id, letter.id),
        or(isNull(letters.feedback), sql`${weight(letters.feedback)} < ${weight(feedback)}`),
      ),
    );
  const { readerId } = letter;
  if (readerId === null) return;
  const dead =
    feedback === 'dead-address' || (feedback === 'mailbox-full' && (await isOftenFull(tx, readerId)));
  if (dead) await suppress(tx, now, readerId, 'dead-address');
  else if (feedback === 'complaint') await suppress(tx, now, readerId, 'complaint');
}

/** A mailbox that was full for three of the last five letters is nobody's any more, whoever said so: the server at once or the provider later. */
export async function isOftenFull(reads: Reads, readerId: string): Promise<boolean> {
  const lastFive = await reads
    .select({ problem: letters.problem, feedback: letters.feedback })
    .from(letters)
    .where(eq(letters.readerId, readerId))
    .orderBy(desc(letters.createdAt))
    .limit(5);
  const full = lastFive.filter(
    ({ problem, feedback }) => feedback === 'mailbox-full' || problem?.includes('mailbox-full'),
  );
  return full.length >= 3;
}
