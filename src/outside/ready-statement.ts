// A statement made ready once: its text is built when the program starts, and a connection plans it once.
import { fillPlaceholders, type SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { PoolClient } from 'pg';
import type { Database } from './database.ts';

export type ReadyStatement<Row> = (on: ReadyConnection, values: Record<string, unknown>) => Promise<Row[]>;

/** A connection kept for statements that find their few rows by their ids. */
export type ReadyConnection = Pick<PoolClient, 'query'>;

/**
 * For statements that run hundreds of times a second, where building and planning would cost more than doing. Every value
 * stands as `sql.placeholder(name)`; rows come as Postgres names and writes their columns.
 */
export function readyStatement<Row extends Record<string, unknown>>(
  name: string,
  statement: SQL,
): ReadyStatement<Row> {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return async (on, values) => {
    const { rows } = await on.query<Row>({ name, text, values: fillPlaceholders(params, values) });
    return rows;
  };
}

/**
 * Takes a connection out of the pool until `close`. On it a plan is made once and goes by indexes alone: Postgres would
 * otherwise plan anew each time, or read a whole table that has grown since anybody counted it.
 */
export async function openReadyConnection(
  database: Database,
): Promise<{ connection: ReadyConnection; close(): Promise<void> }> {
  const client = await database.$client.connect();
  let broken = false;
  const breaks = () => {
    broken = true;
  };
  // Without a listener a connection that Postgres ends would end the process; the statement under way fails by itself.
  client.on('error', breaks);
  try {
    await client.query(settings.map((name) => `set ${name}`).join('; '));
  } catch (error) {
    client.release(true);
    throw error;
  }
  return {
    connection: client,
    async close() {
      await client.query(settings.map((name) => `reset ${name.split(' ')[0]}`).join('; ')).catch(breaks);
      client.off('error', breaks);
      client.release(broken);
    },
  };
}

const settings = [
  'plan_cache_mode = force_generic_plan',
  'enable_seqscan = off',
  'enable_hashjoin = off',
  'enable_mergejoin = off',
];
