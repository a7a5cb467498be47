// A statement made ready once: its text is built when the program starts, and each connection plans it only the first times.
import { fillPlaceholders, type SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Database } from './database.ts';

/**
 * For statements that run hundreds of times a second, where building and planning would cost more than doing. Every value
 * stands as `sql.placeholder(name)`; rows come as Postgres names and writes their columns.
 */
export function readyStatement<Row extends Record<string, unknown>>(
  name: string,
  statement: SQL,
): (database: Pick<Database, '$client'>, values: Record<string, unknown>) => Promise<Row[]> {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement);
  return async (database, values) => {
    const { rows } = await database.$client.query<Row>({
      name,
      text,
      values: fillPlaceholders(params, values),
    });
    return rows;
  };
}
