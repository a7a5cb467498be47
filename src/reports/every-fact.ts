// Every fact: all supporters' facts, those of some thousands of supporters at a time, as tables that a statement finds first.
import { type SQL, sql } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import { answered } from './report.ts';

/**
 * Calls `count` once for each part of the supporters, while the tables of facts hold those of that part alone: copies in the
 * transaction's own schema, which stands before that of the tables themselves. What is counted of each supporter's own facts is so
 * counted in memory, a part after the other, however many they are.
 */
export async function byParts(tx: Tx, count: () => Promise<void>, readersOfPart = 20_000): Promise<void> {
  const bounds = await answered(
    tx,
    sql`select id from (select id, row_number() over (order by id) as number from readers) as numbered
      where (number - 1) % ${readersOfPart} = 0
      order by id`,
  );
  for (const { table, indexes } of copies) {
    await tx.execute(
      sql`create temporary table ${sql.identifier(table)} (like public.${sql.identifier(table)}) on commit drop`,
    );
    for (const columns of indexes)
      await tx.execute(sql`create index on pg_temp.${sql.identifier(table)} (${sql.raw(columns)})`);
  }
  for (const [number, { id }] of bounds.entries()) {
    const next = bounds[number + 1]?.id ?? null;
    const isOfPart = (column: string) => {
      const reader = sql.raw(column);
      return sql`${reader} >= ${id}::uuid and (${next}::uuid is null or ${reader} < ${next}::uuid)`;
    };
    for (const { table, rows } of copies) {
      const name = sql.identifier(table);
      await tx.execute(sql`truncate pg_temp.${name}`);
      await tx.execute(sql`insert into pg_temp.${name} ${rows(isOfPart)}`);
      await tx.execute(sql`analyze pg_temp.${name}`);
    }
    // Of what a statement makes of these tables the planner knows nothing, and takes many rows for few.
    await tx.execute(sql`set local enable_nestloop = off`);
    await count();
    await tx.execute(sql`set local enable_nestloop = on`);
  }
  for (const { table } of copies) await tx.execute(sql`drop table pg_temp.${sql.identifier(table)}`);
}

/** Each after those that it rests on, with the indexes that the reports' statements make use of. */
const copies: readonly {
  table: string;
  indexes: readonly string[];
  rows(isOfPart: (column: string) => SQL): SQL;
}[] = [
  {
    table: 'payments',
    indexes: ['reader_id, paid_at', 'id', 'stripe_invoice_id'],
    rows: (isOfPart) => sql`select p.* from public.payments p where ${isOfPart('p.reader_id')}`,
  },
  {
    table: 'adjustments',
    indexes: ['payment_id'],
    rows: () =>
      sql`select a.* from public.adjustments a where a.payment_id in (select id from pg_temp.payments)`,
  },
  {
    table: 'memberships',
    indexes: ['id', 'reader_id'],
    rows: (isOfPart) => sql`select m.* from public.memberships m where ${isOfPart('m.reader_id')}`,
  },
  {
    table: 'membership_looks',
    indexes: ['membership_id, looked_at'],
    rows: () =>
      sql`select l.* from public.membership_looks l where l.membership_id in (select id from pg_temp.memberships)`,
  },
  {
    table: 'membership_changes',
    indexes: ['reader_id, happened_at'],
    rows: (isOfPart) => sql`select c.* from public.membership_changes c where ${isOfPart('c.reader_id')}`,
  },
  {
    table: 'payment_failures',
    indexes: ['membership_id', 'stripe_invoice_id', 'collected_by'],
    rows: () =>
      sql`select f.* from public.payment_failures f where f.membership_id in (select id from pg_temp.memberships)`,
  },
];
