// Moved: every payment, refund and dispute step of a range as money in its report's currency; what several reports share.
import { type SQL, sql } from 'drizzle-orm';
import { type Answered, type Column, type Figures, rowOf, unconvertedOf } from './report.ts';

/**
 * One row per payment and per step of a refund or dispute in the range of `given` (see report.ts), each at its own instant.
 * In the reporting currency each is taken at its own balance transaction, a refund without one at its payment's rate; what has
 * neither stays null there, and `own_minor` says in its own currency what came in or (negative) went back. A fee belongs to the
 * instant of what it was taken for; one that Stripe has not told yet counts as nothing until it does. `key` is a column of the
 * payment `p`.
 */
export function moneyMoved(key: SQL): SQL {
  return sql`
  select
    width_bucket(p.paid_at, given.starts) as bucket,
    coalesce(given.reporting, p.currency) as currency,
    p.currency as own_currency,
    p.amount_minor as own_minor,
    p.id as payment_id,
    p.reader_id,
    p.paid_at,
    ${key} as key,
    case
      when given.reporting is null or p.currency = given.reporting then p.amount_minor
      when p.settled_currency = given.reporting then p.settled_amount_minor
    end as gross,
    case
      when given.reporting is null or p.currency = given.reporting then p.fees_covered_minor
      when p.settled_currency = given.reporting
        then p.fees_covered_minor::numeric * p.settled_amount_minor / p.amount_minor
    end as fees_covered,
    0::numeric as refunds,
    0::numeric as disputes,
    case
      when given.reporting is null or p.currency = given.reporting then p.fee_minor
      when p.settled_currency = given.reporting then p.settled_fee_minor
    end as fees
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and (given.only_currency is null or p.currency = given.only_currency)
  union all
  select
    width_bucket(a.happened_at, given.starts),
    coalesce(given.reporting, a.currency),
    a.currency,
    -taken.direction * a.amount_minor,
    null,
    p.reader_id,
    null,
    ${key},
    case when taken.value is not null then 0 end,
    0,
    case when a.kind in ('refund', 'refund_failed') then taken.direction * taken.value else 0 end,
    case when a.kind in ('dispute_withdrawn', 'dispute_reinstated') then taken.direction * taken.value else 0 end,
    case
      when given.reporting is null or a.currency = given.reporting then a.fee_minor
      when a.settled_currency = given.reporting then a.settled_fee_minor
    end
  from given
  join adjustments a on a.happened_at >= given.starts_at and a.happened_at < given.ends_at
    and (given.only_currency is null or a.currency = given.only_currency)
  join payments p on p.id = a.payment_id
  cross join lateral (
    select
      case when a.kind in ('refund', 'dispute_withdrawn') then 1 else -1 end as direction,
      case
        when given.reporting is null or a.currency = given.reporting then a.amount_minor
        when a.settled_currency = given.reporting then abs(a.settled_amount_minor)
        when p.settled_currency = given.reporting
          then a.amount_minor::numeric * p.settled_amount_minor / p.amount_minor
      end as value
  ) as taken`;
}

/** The part `judged`: every row of `moved` with what it counts for; a currency's first gift is the supporter's first in it. */
export const judgedMoney = sql`judged as (
  select
    moved.*,
    (payment_id is not null)::int as payments,
    (payment_id is not null and not exists (
      select from payments e
      where e.reader_id = moved.reader_id and (e.paid_at, e.id) < (moved.paid_at, moved.payment_id)
        and (given.reporting is not null or e.currency = moved.own_currency)
    ))::int as first_gift,
    (payment_id is not null and not exists (
      select from payments e
      where e.reader_id = moved.reader_id and (e.paid_at, e.id) < (moved.paid_at, moved.payment_id)
        and (given.only_currency is null or e.currency = given.only_currency)
    ))::int as first_gift_of_all
  from given cross join moved
)`;

/** The same where `payments` are those of some supporters alone: their first gifts are found at once instead of gift by gift. */
export const judgedTogether = sql`first_gift as (
  select distinct on (p.reader_id, case when given.reporting is null then p.currency end) p.id
  from given cross join payments p
  order by p.reader_id, case when given.reporting is null then p.currency end, p.paid_at, p.id
), first_gift_of_all as (
  select distinct on (p.reader_id) p.id
  from given join payments p on given.only_currency is null or p.currency = given.only_currency
  order by p.reader_id, p.paid_at, p.id
), judged as (
  select
    moved.*,
    (payment_id is not null)::int as payments,
    (payment_id is not null and payment_id in (select id from first_gift))::int as first_gift,
    (payment_id is not null and payment_id in (select id from first_gift_of_all))::int as first_gift_of_all
  from moved
)`;

/** What of `moved` could not be turned into the reporting currency, by period; null for the whole range. */
export const notConverted = sql`
  select bucket, jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', own_minor)
    order by own_currency) as unconverted
  from (
    select bucket, own_currency, sum(own_minor) as own_minor
    from moved
    where gross is null
    group by grouping sets ((bucket, own_currency), (own_currency))
  ) as by_currency
  group by bucket`;

/** The currencies that get a block: the one asked for, else those in `moved`, else the house's, so that there are rows at all. */
export const blocks = sql`
  select coalesce(given.reporting, given.only_currency) as currency from given
  where coalesce(given.reporting, given.only_currency) is not null
  union
  select currency from moved
  union
  select house_currency from given
  where given.reporting is null and given.only_currency is null and not exists (select from moved)`;

/** A line for every block and period, for each block's whole range, and for the whole. */
export const lines = sql`
  select block.currency, period.bucket, period.period from block cross join period
  union all
  select currency, null, null from block
  union all
  select null, null, null`;

/** Sorts the lines of a statement into rows, each currency's whole range, and the whole. */
export function figuresOf(columns: readonly Column[], found: readonly Answered[]): Figures {
  const rows = found.filter((line) => line.bucket !== null).map((line) => rowOf(columns, line));
  const byCurrency = found
    .filter((line) => line.bucket === null && line.currency !== null)
    .map((line) => rowOf(columns, line));
  const [only] = byCurrency;
  const unconverted = unconvertedOf(found.find((line) => line.bucket === null)?.unconverted);
  if (only && byCurrency.length === 1)
    return { rows, totals: only, totalsByCurrency: byCurrency, unconverted };
  // Different currencies are never added: of the whole only what is counted stands.
  const whole = found.find((line) => line.bucket === null && line.currency === null) ?? {};
  const counts = columns.map((column) => [column.name, column.kind === 'money' ? null : whole[column.name]]);
  return {
    rows,
    totals: rowOf(columns, Object.fromEntries(counts)),
    totalsByCurrency: byCurrency,
    unconverted,
  };
}

/** The same for the whole range alone, as one value. */
export const wholeNotConverted = sql`(
    select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', own_minor) order by own_currency)
    from (
      select own_currency, sum(own_minor) as own_minor from moved where gross is null group by own_currency
    ) as by_currency
  )`;
