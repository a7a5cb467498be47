// Replaying: an event that was given up, or done before we knew better, waits once more to be understood.
import { inArray, sql } from 'drizzle-orm';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';

/**
 * Lets these events wait again, due at once and with all their tries. Facts are unique, so nothing is written twice;
 * whoever holds one of them finds its claim gone. Answers the ids that are known; an event whose body is gone is asked for anew.
 */
export async function replayEvents(
  services: Pick<Services, 'database' | 'now' | 'nudge'>,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  const replayed = await services.database
    .update(stripeEvents)
    .set({
      state: 'waiting',
      dueAt: services.now(),
      attempts: 0,
      problem: null,
      doneAt: null,
      leasedUntil: null,
      fence: sql`${stripeEvents.fence} + 1`,
    })
    .where(inArray(stripeEvents.id, [...ids]))
    .returning({ id: stripeEvents.id });
  services.nudge('events');
  return replayed.map(({ id }) => id);
}
