// Undelivered: letters of reminders that ended without going out, until their reminders have heard of it.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { letters } from '../schema.ts';

/** For a row of `letters`: it will not go out, and its reminder has not heard. Written as the index has it. */
export const unheard: SQL = sql`(${letters.class} = 'reminder'
  and ${letters.ended} in ('expired', 'cancelled', 'suppressed', 'refused') and not ${letters.endHeard})`;

/** The ids of up to so many of them; costs what there is to hear, however many letters there are. */
export async function lettersUnheard(reads: Reads, most: number): Promise<string[]> {
  const found = await reads
    .select({ id: letters.id })
    .from(letters)
    .where(unheard)
    // In the index's own order: without one, a plan might look for the first few among all letters.
    .orderBy(letters.id)
    .limit(most);
  return found.map(({ id }) => id);
}

/** Notes that the reminders of these letters have heard, in the transaction in which they did. */
export async function letterEndsHeard(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx
    .update(letters)
    .set({ endHeard: true })
    .where(sql`${letters.id} = any(${sql.param(ids)}::uuid[])`);
}
