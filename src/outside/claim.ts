// The one act by which unasked work is taken: due rows, claimed once, leased for a while, fenced against whoever was paused.
import { and, eq, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { letters, reminders, rounds, secondGifts, stripeEvents } from '../schema.ts';
import type { Database, Reads } from './database.ts';

type ClaimedTable = typeof stripeEvents | typeof reminders | typeof letters | typeof secondGifts;

export interface Claim {
  /** Business time decides what is due. */
  now: Date;
  /** The machine's time decides whether another's lease has run out. */
  machineNow: Date;
  leaseSeconds: number;
  most: number;
  /** Which rows of the table are waiting at all; matches the table's partial index. */
  waiting: SQL;
}

/**
 * Claims up to `most` due rows, earliest first, skipping rows another instance holds.
 * Each comes back with its new fence: write its outcome only where `held` still finds it.
 */
export async function claimDue<T extends ClaimedTable>(
  database: Pick<Database, 'select' | 'update'>,
  table: T,
  claim: Claim,
): Promise<T['$inferSelect'][]> {
  // Every claimed table has these columns; the union of their types is more than drizzle's generics can carry.
  const t: typeof stripeEvents = table as unknown as typeof stripeEvents;
  const due = database
    .select({ id: t.id })
    .from(t)
    .where(
      and(
        claim.waiting,
        lte(t.dueAt, claim.now),
        or(isNull(t.leasedUntil), lt(t.leasedUntil, claim.machineNow)),
      ),
    )
    .orderBy(t.dueAt)
    .limit(claim.most)
    .for('update', { skipLocked: true });
  const rows = await database
    .update(t)
    .set({
      leasedUntil: leaseEnd(claim),
      fence: sql`${t.fence} + 1`,
      attempts: sql`${t.attempts} + 1`,
    })
    // An array is gathered once; a plain IN could be evaluated again and claim more than `most`.
    .where(sql`${t.id} = any(array(${due}))`)
    .returning();
  return rows as unknown as T['$inferSelect'][];
}

/** True for the row only while this claim is the newest: a worker that was paused and comes back finds nothing to write. */
export function held(
  table: ClaimedTable | typeof rounds,
  row: { id?: string; name?: string; fence: number },
): SQL {
  const key = 'name' in table ? eq(table.name, row.name ?? '') : eq(table.id, row.id ?? '');
  return and(key, eq(table.fence, row.fence)) ?? sql`false`;
}

/** The earliest due moment among waiting rows, or null: what a clock that is moved must stop at. */
export async function nextDue(database: Reads, table: ClaimedTable, waiting: SQL): Promise<Date | null> {
  const t: typeof stripeEvents = table as unknown as typeof stripeEvents;
  const [row] = await database.select({ at: t.dueAt }).from(t).where(waiting).orderBy(t.dueAt).limit(1);
  return row?.at ?? null;
}

function leaseEnd(claim: Claim): Date {
  return new Date(claim.machineNow.getTime() + claim.leaseSeconds * 1000);
}
