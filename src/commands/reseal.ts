// Everything sealed, and how it is brought under the newest key: the contents stay, only their seal is new.
import { and, asc, count, eq, gt, isNotNull, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Keys, SealPurpose } from '../outside/keys.ts';
import type { Services } from '../outside/services.ts';
import { idempotentAnswers, readers, staff, stripeEvents } from '../schema.ts';

export interface Resealed {
  what: string;
  resealed: number;
  /** Rows that no current key opens: they stay as they are. */
  closed: number;
}

interface Sealed {
  what: string;
  purpose: SealPurpose;
  table: PgTable;
  id: PgColumn;
  column: PgColumn;
  name: string;
}

const everythingSealed: readonly Sealed[] = [
  sealed('addresses of readers', 'address', readers, readers.id, readers.addressSealed, 'addressSealed'),
  sealed('names of readers', 'name', readers, readers.id, readers.nameSealed, 'nameSealed'),
  sealed('addresses of staff', 'address', staff, staff.id, staff.addressSealed, 'addressSealed'),
  sealed(
    'bodies of events',
    'stripe-event',
    stripeEvents,
    stripeEvents.id,
    stripeEvents.bodySealed,
    'bodySealed',
  ),
  sealed(
    'answers kept for repeats',
    'answer',
    idempotentAnswers,
    idempotentAnswers.key,
    idempotentAnswers.answerSealed,
    'answerSealed',
  ),
];

/** Brings everything under the newest key, in batches; what is interrupted goes on where it was when called again. */
export async function resealEverything(
  services: Pick<Services, 'database' | 'keys'>,
  progress: (line: string) => void,
): Promise<Resealed[]> {
  const results: Resealed[] = [];
  for (const each of everythingSealed) results.push(await resealOne(services, each, progress));
  return results;
}

/** How many rows are under an older key. */
export async function underOlderKeys({
  database,
  keys,
}: Pick<Services, 'database' | 'keys'>): Promise<number> {
  let rows = 0;
  for (const each of everythingSealed) {
    const [found] = await database.select({ rows: count() }).from(each.table).where(isOlder(keys, each));
    rows += found?.rows ?? 0;
  }
  return rows;
}

async function resealOne(
  { database, keys }: Pick<Services, 'database' | 'keys'>,
  each: Sealed,
  progress: (line: string) => void,
): Promise<Resealed> {
  const result: Resealed = { what: each.what, resealed: 0, closed: 0 };
  let after: string | null = null;
  for (;;) {
    const rows: { id: unknown; bytes: unknown }[] = await database
      .select({ id: each.id, bytes: each.column })
      .from(each.table)
      .where(and(isOlder(keys, each), after === null ? undefined : gt(each.id, after)))
      .orderBy(asc(each.id))
      .limit(batch);
    const last = rows.at(-1);
    if (!last) return result;
    after = String(last.id);
    // One commit for a batch; its rows are held for some milliseconds.
    await database.transaction(async (tx) => {
      for (const { id, bytes } of rows) {
        if (!Buffer.isBuffer(bytes)) continue;
        const opened = openOrNull(keys, each.purpose, bytes);
        if (opened === null) {
          result.closed += 1;
          continue;
        }
        // Only over the very bytes that were read: a row that changed meanwhile has been sealed anew already, or forgotten.
        const written = await tx
          .update(each.table)
          .set({ [each.name]: keys.seal(each.purpose, opened) })
          .where(and(eq(each.id, String(id)), eq(each.column, bytes)));
        result.resealed += written.rowCount ?? 0;
      }
    });
    progress(`${each.what}: ${result.resealed} sealed anew`);
  }
}

function isOlder(keys: Keys, { column }: Sealed) {
  return and(
    isNotNull(column),
    sql`substring(${column} from 1 for ${sql.raw(String(keys.newestMark.length))}) <> ${keys.newestMark}`,
  );
}

function openOrNull(keys: Keys, purpose: SealPurpose, bytes: Buffer): Buffer | null {
  try {
    return keys.open(purpose, bytes);
  } catch {
    return null;
  }
}

function sealed(
  what: string,
  purpose: SealPurpose,
  table: PgTable,
  id: PgColumn,
  column: PgColumn,
  name: string,
): Sealed {
  return { what, purpose, table, id, column, name };
}

const batch = 200;
