// Followed: supporters from the month of their first gift on, who gives in each month and whose promise stands; what cohorts count.
import { type SQL, sql } from 'drizzle-orm';
import { promised } from './promised.ts';
import type { Question } from './question.ts';

export interface Following {
  /** Stands before what is asked (see prepared-facts.ts); null for all facts there are. */
  facts: SQL | null;
  /** Added or taken off. */
  times: 1 | -1;
  /** The month of a moment: whatever sorts as months do, null for one that does not matter. */
  monthOf(moment: SQL): SQL;
}

/**
 * A query of `cohort`, `month`, `currency`, `facts`, `giving`, `standing` and `promised`, over supporters who ever gave before the range's
 * end: by the month of their first gift, refunded or not, how many gave in each month; how many more have a promise that stands at its
 * end than before, be it before their first gift; and how many promised for the first time. A promise stands while anything of it
 * counts or is paused. Where each currency has a block, also persons once, with a null currency. Needs `given`.
 */
export function followedLines(
  { currency }: Pick<Question, 'currency'>,
  { facts, times, monthOf }: Following,
): SQL {
  const persons = currency === null;
  const sign = sql.raw(String(times));
  return sql`
  with ${facts === null ? sql`` : sql`${facts}, `}paid as (
    select distinct p.reader_id, coalesce(given.reporting, p.currency) as currency, ${monthOf(sql`p.paid_at`)} as month
    from given
    join payments p on p.paid_at < given.ends_at and (given.only_currency is null or p.currency = given.only_currency)
  ), first_in as (
    select reader_id, currency, min(month) as cohort
    from paid
    group by grouping sets ((reader_id, currency)${persons ? sql`, (reader_id)` : sql``})
  ), giving as (
    select paid.reader_id, paid.currency, paid.month from paid
    ${persons ? sql`union select paid.reader_id, null, paid.month from paid` : sql``}
  ), ${promised({ currency: currency === 'reporting' ? currency : null })}, stand as (
    select reader_id, currency, at, (value > 0.000001 or paused > 0)::int as stands
    from (
      select reader_id, currency, at, sum(sum(delta)) over so_far as value, sum(sum(paused_delta)) over so_far as paused
      from move
      group by reader_id, currency, at
      window so_far as (partition by reader_id, currency order by at)
    ) as summed
  ), step as (
    select reader_id, currency, at, stands - coalesce(lag(stands) over in_order, 0) as more, lag(at) over in_order is null as is_first
    from stand
    window in_order as (partition by reader_id, currency order by at)
  )${
    persons
      ? sql`, person_stand as (
    select reader_id, at, (sum(sum(more)) over (partition by reader_id order by at) > 0)::int as stands
    from step
    group by reader_id, at
  )`
      : sql``
  }, standing as (
    select reader_id, currency, at, more, is_first from step where more <> 0 or is_first
    ${
      persons
        ? sql`union all
    select reader_id, null, at, stands - coalesce(lag(stands) over in_order, 0), lag(at) over in_order is null
    from person_stand
    window in_order as (partition by reader_id order by at)`
        : sql``
    }
  )
  select cohort, month, currency, ${sign} * count(*) as facts, ${sign} * sum(giving) as giving, ${sign} * sum(standing) as standing,
    ${sign} * sum(promised) as promised
  from (
    select first_in.cohort, giving.month, first_in.currency, 1 as giving, 0 as standing, 0 as promised
    from first_in
    join giving on giving.reader_id = first_in.reader_id and giving.currency is not distinct from first_in.currency
    union all
    select first_in.cohort, ${monthOf(sql`standing.at`)}, first_in.currency, 0, standing.more, standing.is_first::int
    from first_in
    join standing on standing.reader_id = first_in.reader_id and standing.currency is not distinct from first_in.currency
    cross join given
    where standing.at < given.ends_at
  ) as each
  group by cohort, month, currency`;
}
