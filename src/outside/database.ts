// Postgres: one pool, transactions that are handed on as `tx`, and migrations that several instances may start at once.
import { fileURLToPath } from 'node:url';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';

export type Database = NodePgDatabase & { $client: pg.Pool };
export type Tx = Parameters<Parameters<Database['transaction']>[0]>[0];
/** Anything that can be asked: the database itself or an open transaction. */
export type Reads = Pick<Tx, 'select' | 'execute'>;

/** Opens a pool. Statements are ended after 30 s and lock waits after 10 s, so that nothing hangs for ever. */
export function openDatabase(url: string, options: { most?: number } = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.most ?? 16,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    options:
      '-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC',
  });
  // An idle connection that Postgres closes must not end the process; the next query opens another.
  pool.on('error', () => {});
  return drizzle({ client: pool });
}

/** One transaction, committed when `work` resolves. Ends in exactly what `work` wrote, or in nothing. */
export function transact<T>(services: { database: Database }, work: (tx: Tx) => Promise<T>): Promise<T> {
  return services.database.transaction(work);
}

const MIGRATION_LOCK = 7_346_213;
export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Brings the database to the newest schema. Several instances may call it at once: one works, the others wait. */
export async function migrateDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(drizzle({ client }), { migrationsFolder });
  } finally {
    await client.end();
  }
}
