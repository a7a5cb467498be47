// What a mail provider told is kept once, and its letter, its address and the letters still waiting follow from it.
import { and, eq, lt } from 'drizzle-orm';
import { findLetter, noteFeedback } from '../letters/feedback.ts';
import { type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { mailEvents } from '../schema.ts';
import { type Told, unproven } from './told.ts';

/**
 * Keeps what was told and what follows from it, in one transaction. The same event told again changes nothing, and neither
 * does one of a letter that is not ours: it is counted. Throws a Refusal where its token has signed another event.
 */
export async function receiveTold(
  services: Pick<Services, 'database' | 'now' | 'log'>,
  told: Told,
  complained: Complained = async () => {},
): Promise<void> {
  const now = services.now();
  const state = await transact(services, async (tx) => {
    const letter = told.about === null ? null : await findLetter(tx, told.about);
    const known = letter === null && told.meaning !== 'other' ? 'unknown' : told.meaning;
    if (!(await isNew(tx, now, told, known, letter?.id ?? null))) return null;
    const { meaning, happenedAt } = told;
    if (letter !== null && meaning !== 'soft' && meaning !== 'other') {
      if (meaning === 'complaint' && letter.readerId !== null) await complained(tx, now, letter.readerId);
      const at = happenedAt !== null && happenedAt < now ? happenedAt : now;
      await noteFeedback(tx, now, letter, { feedback: meaning, at });
    }
    return known;
  });
  if (state !== null && state !== 'other') {
    services.log.info({ provider: told.provider, state }, 'The mail provider told of a letter');
  }
}

/** Called in the transaction in which a reader's complaint is kept. */
export type Complained = (tx: Tx, now: Date, readerId: string) => Promise<void>;

/** Forgets what was told more than thirty days ago: no provider tells anything again after so long. */
export async function sweepMailEvents({ database, now }: Pick<Services, 'database' | 'now'>): Promise<void> {
  await database
    .delete(mailEvents)
    .where(lt(mailEvents.receivedAt, new Date(now().getTime() - keptDays * 86_400_000)));
}

const keptDays = 30;

async function isNew(
  tx: Tx,
  now: Date,
  { provider, eventId, token }: Told,
  state: (typeof mailEvents.$inferInsert)['state'],
  letterId: string | null,
): Promise<boolean> {
  const noted = await tx
    .insert(mailEvents)
    .values({ provider, eventId, state, letterId, token: token ?? null, receivedAt: now })
    .onConflictDoNothing()
    .returning({ eventId: mailEvents.eventId });
  if (noted.length > 0) return true;
  const [known] = await tx
    .select({ eventId: mailEvents.eventId })
    .from(mailEvents)
    .where(and(eq(mailEvents.provider, provider), eq(mailEvents.eventId, eventId)));
  // Not the event is known but its token: somebody put it to another event.
  if (!known) throw unproven();
  return false;
}
