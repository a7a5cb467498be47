// Postgres: one pool, transactions that are handed on as `tx`, and migrations that several instances may start at once.
import { fileURLToPath } from 'node:url';
import { type AnyColumn, getTableColumns, type SQL, sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type { PgTable } from 'drizzle-orm/pg-core';
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

/** True for rows whose column is one of these: one parameter, however many there are. */
export function isAnyOf(column: AnyColumn, values: readonly (string | Buffer)[]): SQL {
  return sql`${column} = any(${sql.param(values)}::${sql.raw(column.getSQLType())}[])`;
}

/**
 * Rows of a table as one parameter, to be read from: `from ${rowsOf(payments, rows)} given`. What a row does not say is null.
 * The text of a statement is then the same for one row and for a thousand; a builder's list of values costs twenty times as much here.
 */
export function rowsOf<T extends PgTable>(table: T, rows: readonly Partial<T['$inferInsert']>[]): SQL {
  return sql`json_populate_recordset(null::${table}, ${JSON.stringify(rows.map((row) => plain(table, row)))}::json)`;
}

/**
 * Inserts rows by one statement and passes over those that are known, unless `conflict` says otherwise. Answers what `conflict`
 * returns. Every row says the same columns.
 */
export async function insertRows<T extends PgTable>(
  tx: Pick<Tx, 'execute'>,
  table: T,
  rows: readonly T['$inferInsert'][],
  conflict: SQL = sql`on conflict do nothing`,
): Promise<Record<string, unknown>[]> {
  const [first] = rows;
  if (first === undefined) return [];
  const columns = sql.raw(
    Object.keys(plain(table, first))
      .map((name) => `"${name}"`)
      .join(', '),
  );
  const written = await tx.execute(
    sql`insert into ${table} (${columns}) select ${columns} from ${rowsOf(table, rows)} ${conflict}`,
  );
  return written.rows;
}

/** A row by its columns' own names, as JSON can carry it and Postgres reads it. */
function plain(table: PgTable, row: Record<string, unknown>): Record<string, unknown> {
  const columns = getTableColumns(table);
  const named: Record<string, unknown> = {};
  for (const key of Object.keys(row)) {
    const column = columns[key];
    const value = row[key];
    if (column === undefined || value === undefined) continue;
    if (typeof value === 'bigint') named[column.name] = value.toString();
    else named[column.name] = Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : value;
  }
  return named;
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
