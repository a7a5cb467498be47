// Suppression: addresses we must not write to, as keyed hashes that survive erasure.
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { readers, suppressions } from '../schema.ts';
import { cancelLetters, type LetterClass } from './outbox.ts';

export type SuppressionReason = (typeof suppressions.$inferSelect)['reason'];
export type SuppressionScope = (typeof suppressions.$inferSelect)['scope'];

/** Whether letters of this class are kept back from the address: access and money only from dead ones. */
export async function isSuppressed(
  reads: Reads,
  addressHash: Buffer,
  letterClass: LetterClass,
): Promise<boolean> {
  const dead = and(eq(suppressions.scope, 'all'), eq(suppressions.reason, 'dead-address'));
  const [row] = await reads
    .select({ scope: suppressions.scope })
    .from(suppressions)
    .where(
      and(eq(suppressions.addressHash, addressHash), keptBackFrom[letterClass] === 'dead' ? dead : undefined),
    )
    .limit(1);
  return row !== undefined;
}

/**
 * Keeps letters back from a reader's address from now on, and takes back those not yet begun. An address that was kept only
 * for a reminder is still known by its hash for a while after it went; beyond that there is nothing to do.
 */
export async function suppress(
  tx: Tx,
  now: Date,
  readerId: string,
  reason: SuppressionReason,
): Promise<'suppressed' | 'forgotten'> {
  const [reader] = await tx
    .select({ hash: readers.addressHash, formerHash: readers.formerHash })
    .from(readers)
    .where(eq(readers.id, readerId));
  const addressHash = reader?.hash ?? reader?.formerHash ?? null;
  if (addressHash === null) return 'forgotten';
  await tx
    .insert(suppressions)
    .values({ addressHash, scope: scopeOf[reason], reason, since: now })
    .onConflictDoNothing();
  await cancelLetters(tx, { readerId, classes: takenBackBy[reason] });
  return 'suppressed';
}

/** Lets letters through again; by default only what a dead address held back. */
export async function lift(
  tx: Tx,
  addressHash: Buffer,
  reasons: readonly SuppressionReason[] = ['dead-address'],
): Promise<void> {
  await tx
    .delete(suppressions)
    .where(and(eq(suppressions.addressHash, addressHash), inArray(suppressions.reason, [...reasons])));
}

/**
 * A reader has shown at that moment that their address lives: by a letter's link, or by giving with it. What held letters back
 * as from a dead one goes, if it is older; what the reader wished stays. Should it be dead after all, the next letter says so again.
 */
export async function addressLives(tx: Tx, at: Date, readerId: string): Promise<void> {
  await addressesLive(tx, [{ readerId, at }]);
}

/** Many readers' addresses: see `addressLives`. */
export async function addressesLive(tx: Tx, shown: readonly { readerId: string; at: Date }[]): Promise<void> {
  if (shown.length === 0) return;
  await tx.execute(sql`
    delete from ${suppressions} using ${readers}, unnest(
      ${sql.param(shown.map(({ readerId }) => readerId))}::uuid[],
      ${sql.param(shown.map(({ at }) => at.toISOString()))}::timestamptz[]
    ) as shown (reader_id, at)
    where ${readers.id} = shown.reader_id and ${suppressions.addressHash} = ${readers.addressHash}
      and ${suppressions.reason} = 'dead-address' and ${suppressions.since} <= shown.at`);
}

const keptBackFrom: Record<LetterClass, 'dead' | 'any'> = {
  access: 'dead',
  money: 'dead',
  confirm: 'any',
  reminder: 'any',
};

const scopeOf: Record<SuppressionReason, SuppressionScope> = {
  unsubscribed: 'reminders',
  blocked: 'all',
  'dead-address': 'all',
  complaint: 'reminders',
};

const takenBackBy: Record<SuppressionReason, readonly LetterClass[]> = {
  unsubscribed: ['confirm', 'reminder'],
  blocked: ['confirm', 'reminder'],
  complaint: ['confirm', 'reminder'],
  'dead-address': ['access', 'money', 'confirm', 'reminder'],
};
