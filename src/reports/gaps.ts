// Gaps: the fiscal years in which supporters who had given before did not give; what the lists of who is missed rest on.
import { type SQL, sql } from 'drizzle-orm';
import { worth } from './report.ts';

/**
 * The statement's parts `gift` and `gap`, after those of these facts (see prepared-facts.ts). `gift` is one row per payment, net of what
 * was refunded in its own fiscal year; `gap` one per supporter, currency and row of years without a gift of which something stayed:
 * from `from_year` to before `until_year` (9999 where none came after), with what they had given until then. Needs `given`.
 */
export function gapsOf(facts: SQL, yearOf: YearOf): SQL {
  return sql`${facts}, back as (
  select a.payment_id, sum(case a.kind when 'refund' then a.amount_minor else -a.amount_minor end) as amount
  from adjustments a
  join payments p on p.id = a.payment_id
  where a.kind in ('refund', 'refund_failed') and ${yearOf(sql`a.happened_at`)} = ${yearOf(sql`p.paid_at`)}
  group by a.payment_id
), gift as (
  select p.reader_id, coalesce(given.reporting, p.currency) as currency, p.currency as own_currency, p.paid_at,
    ${yearOf(sql`p.paid_at`)} as year,
    min(p.paid_at) over (partition by p.reader_id, coalesce(given.reporting, p.currency)) as first_at,
    p.amount_minor - coalesce(back.amount, 0) as own_kept, ${worth(sql`(p.amount_minor - coalesce(back.amount, 0))`)} as kept
  from given
  join payments p on given.only_currency is null or p.currency = given.only_currency
  left join back on back.payment_id = p.id
), year_given as (
  select reader_id, currency, year, count(*) as gifts, min(first_at) as first_at, max(paid_at) as last_at, coalesce(sum(kept), 0) as kept
  from gift
  where own_kept > 0
  group by reader_id, currency, year
), gap as (
  select * from (
    select reader_id, currency, year + 1 as from_year, coalesce(lead(year) over in_order, ${noYear}) as until_year,
      (sum(gifts) over in_order)::int as gifts, first_at, max(last_at) over in_order as last_at, kept as last_year,
      sum(kept) over in_order as lifetime
    from year_given
    window in_order as (partition by reader_id, currency order by year)
  ) as after_each
  where from_year < until_year
)`;
}

/** The calendar year in which the fiscal year of a moment began. */
export type YearOf = (moment: SQL) => SQL;

/** By the days that sums are kept for, of a fact that lies among them. */
export function keptYear(moment: SQL, fiscalYearStart: number): SQL {
  const start = sql.raw(String(fiscalYearStart));
  const years = (column: SQL) => sql`(
    select array_agg(${column} order by on_day) from kept_days
    where extract(day from on_day) = 1 and extract(month from on_day) = ${start} or on_day = (select min(on_day) from kept_days)
  )`;
  const number = sql`(extract(year from on_day) - (extract(month from on_day) < ${start})::int)::int`;
  return sql`(${years(number)})[width_bucket(${moment}, ${years(sql`starts_at`)})]`;
}

/** The same gaps in sums: `begun` in a year; and by year how many `more` there are in it than in the one before. */
export function gapLines(
  facts: SQL,
  times: 1 | -1,
  { yearOf, persons }: { yearOf: YearOf; persons: boolean },
): SQL {
  const sign = sql.raw(String(times));
  return sql`
  with ${gapsOf(facts, yearOf)}, edge as (
    select reader_id, currency, year, more from gap
    cross join lateral (values (from_year, 1), (until_year, -1)) as edge(year, more)
    where year < ${noYear}
  )${persons ? sql`, person_gap as (${ofPersons})` : sql``}
  select kind, year, currency, own_currency, ${sign} * sum(facts) as facts, ${sign} * sum(gifts) as gifts,
    ${sign} * sum(last_year) as last_year, ${sign} * sum(lifetime) as lifetime
  from (
    select 'begun' as kind, from_year as year, currency, null::text as own_currency, 1 as facts, gifts, last_year, lifetime from gap
    union all
    select 'more', edge.year, currency, null, more, more * gifts, 0, more * lifetime
    from gap
    cross join lateral (values (from_year, 1), (until_year, -1)) as edge(year, more)
    where edge.year < ${noYear}
    union all
    select kind, edge.year, gap.currency, gift.own_currency, more, 0, 0, more * gift.own_kept
    from gap
    join gift on gift.reader_id = gap.reader_id and gift.currency = gap.currency and gift.year < gap.from_year
    cross join lateral (
      values ('begun', from_year, 1), ('more', from_year, 1), ('more', until_year, -1)
    ) as edge(kind, year, more)
    where gift.kept is null and gift.own_kept > 0 and edge.year < ${noYear}
    ${
      persons
        ? sql`union all
    select distinct on (reader_id, from_year) 'begun', from_year, null, null, 1, 0, 0, 0 from gap
    union all
    select 'more', year, null, null, more, 0, 0, 0 from person_gap where more <> 0`
        : sql``
    }
  ) as each
  group by kind, year, currency, own_currency`;
}

/** When a supporter begins and ceases to be missed in any currency. */
const ofPersons = sql`
    select year, misses - coalesce(lag(misses) over (partition by reader_id order by year), 0) as more
    from (
      select reader_id, year, (sum(sum(more)) over (partition by reader_id order by year) > 0)::int as misses
      from edge
      group by reader_id, year
    ) as missed`;

/** After all years. */
const noYear = sql.raw('9999');
