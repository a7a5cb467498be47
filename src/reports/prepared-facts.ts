// Prepared facts: those of the supporters who changed since sums were last kept, as they are now and as they were then.
import { type SQL, sql } from 'drizzle-orm';

/** Whose facts changed; the statement's first part, from which the others of this file follow. */
export const everyoneChanged = sql`changed_reader as materialized (select distinct reader_id from changed_facts)`;

/**
 * Parts that stand before the tables of the same names, so that any statement over supporters' facts counts these few alone. A
 * report is counted by one and the same statement whether it is counted whole or brought up to date.
 */
export const factsNow = sql`payments as materialized (
  select p.* from public.payments p where p.reader_id in (select reader_id from changed_reader)
), adjustments as materialized (
  select a.* from public.adjustments a where a.payment_id in (select id from payments)
), memberships as materialized (
  select m.* from public.memberships m where m.reader_id in (select reader_id from changed_reader)
), membership_looks as materialized (
  select l.* from public.membership_looks l where l.membership_id in (select id from memberships)
), membership_changes as materialized (
  select c.* from public.membership_changes c where c.reader_id in (select reader_id from changed_reader)
), payment_failures as materialized (
  select f.* from public.payment_failures f where f.membership_id in (select id from memberships)
)`;

/** The same as they were: rows that did not change, and of those that did what the first note of them says. */
export const factsThen = sql`noted as materialized (
  select distinct on (source, row_key) source, row_key, before
  from changed_facts
  where reader_id in (select reader_id from changed_reader)
  order by source, row_key, id
), payments as materialized (
  select p.* from public.payments p
  where p.reader_id in (select reader_id from changed_reader) and ${unnoted('payments', sql`p.id::text`)}
  union all
  select was.* from ${asItWas('payments')} and was.reader_id in (select reader_id from changed_reader)
), adjustments as materialized (
  select a.* from public.adjustments a
  where a.payment_id in (select id from public.payments where reader_id in (select reader_id from changed_reader))
    and ${unnoted('adjustments', sql`a.id::text`)}
  union all
  select was.* from ${asItWas('adjustments')}
), memberships as materialized (
  select m.* from public.memberships m
  where m.reader_id in (select reader_id from changed_reader) and ${unnoted('memberships', sql`m.id::text`)}
  union all
  select was.* from ${asItWas('memberships')} and was.reader_id in (select reader_id from changed_reader)
), membership_looks as materialized (
  select l.* from public.membership_looks l
  where l.membership_id in (select id from public.memberships where reader_id in (select reader_id from changed_reader))
    and ${unnoted('membership_looks', sql`l.id::text`)}
  union all
  select was.* from ${asItWas('membership_looks')}
), membership_changes as materialized (
  select c.* from public.membership_changes c
  where c.reader_id in (select reader_id from changed_reader)
    and ${unnoted('membership_changes', sql`concat_ws('|', c.reader_id, c.currency, c.happened_at, c.movement)`)}
  union all
  select was.* from ${asItWas('membership_changes')} and was.reader_id in (select reader_id from changed_reader)
), payment_failures as materialized (
  select f.* from public.payment_failures f
  where f.membership_id in (select id from public.memberships where reader_id in (select reader_id from changed_reader))
    and ${unnoted('payment_failures', sql`f.id::text`)}
  union all
  select was.* from ${asItWas('payment_failures')}
)`;

function unnoted(source: string, rowKey: SQL): SQL {
  return sql`not exists (select from noted where noted.source = ${sql.raw(`'${source}'`)} and noted.row_key = ${rowKey})`;
}

function asItWas(source: string): SQL {
  return sql`noted
  cross join lateral jsonb_populate_record(null::public.${sql.raw(source)}, noted.before) as was
  where noted.source = ${sql.raw(`'${source}'`)} and noted.before is not null`;
}
