// The movements of many supporters at once, folded as one supporter's are: one read and one write for all of them.
import { eq, inArray, sql } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import { membershipChanges, membershipLooks, memberships, readers } from '../schema.ts';
import { inOrder } from './look.ts';
import { decimalOfTwelfths, type FoldedLook, foldMovements } from './movement.ts';
import type { Standing } from './standing.ts';

/** Writes these supporters' movements anew from the looks kept, in the caller's transaction. Locks the readers, in the order of their ids. */
export async function refoldMovementsOf(tx: Tx, readerIds: readonly string[]): Promise<void> {
  const ids = [...new Set(readerIds)].sort();
  if (ids.length === 0) return;
  await tx
    .select({ id: readers.id })
    .from(readers)
    .where(inArray(readers.id, ids))
    .orderBy(readers.id)
    .for('update');
  const rows = await tx
    .select({ readerId: memberships.readerId, look: membershipLooks })
    .from(membershipLooks)
    .innerJoin(memberships, eq(memberships.id, membershipLooks.membershipId))
    .where(inArray(memberships.readerId, ids));
  const byReader = Map.groupBy(rows, (row) => row.readerId);
  const changes = ids.flatMap((readerId) => {
    const plans = Map.groupBy(byReader.get(readerId) ?? [], ({ look }) => look.membershipId);
    const ordered = [...plans.keys()]
      .sort()
      .map((id) => inOrder((plans.get(id) ?? []).map(({ look }) => look)).map(foldedLook));
    return foldMovements(ordered).map((movement) => ({ readerId, ...movement }));
  });
  await tx.delete(membershipChanges).where(inArray(membershipChanges.readerId, ids));
  if (changes.length === 0) return;
  await tx.execute(sql`
    insert into membership_changes (reader_id, currency, happened_at, movement, mrr_delta, members)
    select * from unnest(
      ${sql.param(changes.map(({ readerId }) => readerId))}::uuid[],
      ${sql.param(changes.map(({ currency }) => currency))}::text[],
      ${sql.param(changes.map(({ happenedAt }) => happenedAt.toISOString()))}::timestamptz[],
      ${sql.param(changes.map(({ movement }) => movement))}::text[],
      ${sql.param(changes.map(({ twelfths }) => decimalOfTwelfths(twelfths)))}::numeric[],
      ${sql.param(changes.map(({ members }) => members))}::int[]
    )`);
}

function foldedLook(look: typeof membershipLooks.$inferSelect): FoldedLook {
  return {
    lookedAt: look.lookedAt,
    standing: look.standing as Standing,
    amountMinor: look.amountMinor,
    currency: look.currency,
    interval: look.interval as FoldedLook['interval'],
    startedAt: look.startedAt,
    endedAt: look.endedAt,
    endReason: look.endReason as FoldedLook['endReason'],
  };
}
