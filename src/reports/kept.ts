// Kept: who gave what in each stretch, net of what went back before the stretch ended; what retention and growth compare.
import { type SQL, sql } from 'drizzle-orm';
import type { Question } from './question.ts';
import { worth } from './report.ts';

/**
 * The statement's parts `back`, `gift`, `kept` and `first_gift`, from `given` (see report.ts) and `stretch` (see stretch.ts).
 * `gift` is one row per payment and stretch: `own_kept` in its own currency less refunds booked before the stretch's end, `kept`
 * the same in the report's currency, at the payment's own rate, null where none is known. `kept` is one row per stretch, currency
 * and supporter of whom something stayed; where each currency has a block, also one per supporter with a null currency, for
 * counting persons once. `first_gift` is when each of them gave first of all, by the moment of payment and whatever became of it;
 * in a currency's block, first in it.
 */
export function keptGifts({ currency }: Pick<Question, 'currency'>): SQL {
  const once = currency === null ? sql`, (set_name, number, reader_id)` : sql``;
  const ofBlock =
    currency === 'reporting' ? sql`` : sql`and p.currency = coalesce(person.currency, p.currency)`;
  return sql`back as (
  select s.set_name, s.number, a.payment_id,
    sum(case a.kind when 'refund' then a.amount_minor else -a.amount_minor end) as amount
  from stretch s
  join adjustments a on a.happened_at >= s.starts_at and a.happened_at < s.ends_at
    and a.kind in ('refund', 'refund_failed')
  group by s.set_name, s.number, a.payment_id
), gift as (
  select
    s.set_name,
    s.number,
    coalesce(given.reporting, p.currency) as currency,
    p.currency as own_currency,
    p.reader_id,
    p.amount_minor - coalesce(back.amount, 0) as own_kept,
    ${worth(sql`(p.amount_minor - coalesce(back.amount, 0))`)} as kept
  from given
  cross join stretch s
  join payments p on p.paid_at >= s.starts_at and p.paid_at < s.ends_at
    and (given.only_currency is null or p.currency = given.only_currency)
  left join back on back.set_name = s.set_name and back.number = s.number and back.payment_id = p.id
), kept as (
  select set_name, number, currency, reader_id, coalesce(sum(kept), 0) as amount
  from gift
  where own_kept > 0
  group by grouping sets ((set_name, number, currency, reader_id)${once})
), first_gift as (
  select person.currency, person.reader_id, (
    select min(p.paid_at) from payments p where p.reader_id = person.reader_id ${ofBlock}
  ) as at
  from (select distinct currency, reader_id from kept) as person
)`;
}

/** A line for every block and period, for each block's whole range (1 of its own set), and for the whole. */
export const keptLines = sql`
  select block.currency, 'periods' as set_name, period.bucket as number, period.period, period.bucket
  from block cross join period
  union all
  select currency, 'whole', 1, null, null from block
  union all
  select null, 'whole', 1, null, null`;
