// Followed: supporters from the month of their first gift on, who gives in each month and whose promise stands; what cohorts count.
import { type SQL, sql } from 'drizzle-orm';
import { promised } from './promised.ts';

export interface Following {
  /** Stands before what is asked (see prepared-facts.ts); null for all facts there are. */
  facts: SQL | null;
  /** Added or taken off. */
  times: 1 | -1;
  /** The month of a moment, as whatever sorts as months do. */
  monthOf(moment: SQL): SQL;
}

/**
 * A query of `cohort`, `month`, `currency`, `facts`, `giving`, `standing` and `promised`, over supporters who ever gave before the range's
 * end: by the month of their first gift, refunded or not, how many gave in each month; how many more have a promise that stands at its
 * end than before, be it before their first gift; and how many promised for the first time. A promise stands while anything of it
 * counts or is paused. Each currency by itself, and persons once, with a null currency. Needs `given`.
 */
export function followedLines({ facts, times, monthOf }: Following): SQL {
  const sign = sql.raw(String(times));
  return sql`
  with ${facts === null ? sql`` : sql`${facts}, `}paid as (
    select distinct p.reader_id, p.currency, ${monthOf(sql`p.paid_at`)} as month
    from given
    join payments p on p.paid_at < given.ends_at and (given.only_currency is null or p.currency = given.only_currency)
  ), giving as (
    select reader_id, currency, month, min(month) over (partition by reader_id, currency) as cohort
    from (
      select reader_id, currency, month from paid
      union
      select reader_id, ${everyCurrency}, month from paid
    ) as each
  ), first_in as (
    select reader_id, currency, cohort from giving where month = cohort
  ), ${promised({ currency: null })}, stand as (
    select reader_id, currency, at, (value > 0.000001 or paused > 0)::int as stands
    from (
      select reader_id, currency, at, sum(sum(delta)) over so_far as value, sum(sum(paused_delta)) over so_far as paused
      from move
      group by reader_id, currency, at
      window so_far as (partition by reader_id, currency order by at)
    ) as summed
  ), own_step as (
    select reader_id, currency, at, stands - coalesce(lag(stands) over in_order, 0) as more
    from stand
    window in_order as (partition by reader_id, currency order by at)
  ), step as (
    select reader_id, currency, at, more, lag(at) over (partition by reader_id, currency order by at) is null as is_first
    from (
      select reader_id, currency, at, more from own_step
      union all
      select reader_id, ${everyCurrency}, at, stands - coalesce(lag(stands) over (partition by reader_id order by at), 0)
      from (
        select reader_id, at, (sum(sum(more)) over (partition by reader_id order by at) > 0)::int as stands
        from own_step
        group by reader_id, at
      ) as person
    ) as either
  )
  select cohort, month, nullif(currency, ${everyCurrency}) as currency, ${sign} * count(*) as facts, ${sign} * sum(giving) as giving,
    ${sign} * sum(standing) as standing, ${sign} * sum(promised) as promised
  from (
    select cohort, month, currency, 1 as giving, 0 as standing, 0 as promised from giving
    union all
    select first_in.cohort, ${monthOf(sql`step.at`)}, first_in.currency, 0, step.more, step.is_first::int
    from first_in
    join step on step.reader_id = first_in.reader_id and step.currency = first_in.currency
    cross join given
    where step.at < given.ends_at and (step.more <> 0 or step.is_first)
  ) as each
  group by cohort, month, currency`;
}

/** Stands for persons once, so that rows can be joined by their currency. */
const everyCurrency = sql`'every'::text`;
