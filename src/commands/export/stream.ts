// Rows of one statement, some at a time, all of one moment, however many there are.
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Reads } from '../../outside/database.ts';

/** Calls `work` with a snapshot that lasts as long as it does, and that nothing can be written in. */
export function inSnapshot<T>(database: Database, work: (reads: Reads) => Promise<T>): Promise<T> {
  return database.transaction(
    async (tx) => {
      // Whoever reads the output may take their time, as `less` does.
      await tx.execute(sql`set local idle_in_transaction_session_timeout = 0`);
      // The first rows soon, rather than all of them as soon as can be.
      await tx.execute(sql`set local cursor_tuple_fraction = 0.0001`);
      return work(tx);
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/** The rows of a statement, as Postgres answers them: inside a snapshot, and one such at a time. */
export async function* rowsOf<Row extends Record<string, unknown>>(
  reads: Reads,
  statement: SQL,
): AsyncGenerator<readonly Row[]> {
  await reads.execute(sql`declare exported no scroll cursor for ${statement}`);
  for (;;) {
    const fetched = await reads.execute(sql`fetch ${sql.raw(String(rowsAtOnce))} from exported`);
    const rows = fetched.rows as Row[];
    if (rows.length > 0) yield rows;
    if (rows.length < rowsAtOnce) break;
  }
  await reads.execute(sql`close exported`);
}

const rowsAtOnce = 2_000;
