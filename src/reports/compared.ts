// Compared: what each supporter gave in a stretch of time beside the one before it, net of what went back; what retention and growth count.
import { type SQL, sql } from 'drizzle-orm';
import { worth } from './report.ts';
import { type Stretch, stretchRows } from './stretch.ts';

/** Stretches as sets, each one after another in time and numbered on from `first_number`: what `comparedLines` needs. */
export function stretchSets(stretches: readonly Stretch[]): SQL {
  return sql`
    select set_name, min(number) as first_number, array_agg(starts_at order by number) as starts,
      array_agg(ends_at order by number) as ends
    from (${stretchRows(stretches)}) as stretch
    group by set_name`;
}

/** How much is compared: all that a statement asks for, or a few supporters by themselves; see `comparedLines`. */
export interface Comparing {
  /** Stands before what is asked (see prepared-facts.ts); null for all facts there are. */
  facts: SQL | null;
  /** Added or taken off. */
  times: 1 | -1;
  /** Whether first gifts are looked up one by one, or of all supporters at once. */
  firstGifts: 'by-index' | 'at-once';
  /** Besides each currency by itself, persons once, in the house's currency; their `currency` is null. */
  persons: boolean;
}

/**
 * A query of `set_name`, `number`, `currency`, `part`, `was_new`, `facts`, `previous` and `current`: each stretch of these sets beside
 * the one before it, over all supporters of whom something stayed in one of the two. A gift counts less what was refunded before the
 * end of the stretch it lies in; in the report's currency at its own rate, as nothing where none is known. `facts` is the number of
 * supporters, `was_new` whether they gave first of all in the stretch before. First of all goes by the moment of payment, whatever
 * became of it; in a currency by itself, first in it. Gifts of which no rate is known are the part `unconverted`, in their own currency,
 * and `facts` their number. Also a first stretch beside nothing and nothing beside a last one. Needs `given`.
 */
export function comparedLines(sets: SQL, { facts, times, firstGifts, persons }: Comparing): SQL {
  const once = persons ? sql`, (set_name, number, starts_at, reader_id)` : sql``;
  const signed = (amount: SQL) => sql`${sql.raw(String(times))} * ${amount}`;
  const isAtOnce = firstGifts === 'at-once';
  return sql`
  with ${facts === null ? sql`` : sql`${facts}, `}stretch_set(set_name, first_number, starts, ends) as materialized (${sets}
  ), returned as (
    select a.payment_id, array_agg(a.happened_at) as moments,
      array_agg(case a.kind when 'refund' then a.amount_minor else -a.amount_minor end) as amounts
    from (select min(starts[1]) as starts_at, max(ends[cardinality(ends)]) as ends_at from stretch_set) as reach
    join adjustments a on a.happened_at >= reach.starts_at and a.happened_at < reach.ends_at
      and a.kind in ('refund', 'refund_failed')
    group by a.payment_id
  )${isAtOnce ? sql`, dated as (${datedGifts(persons)})` : sql``}, gift as (
    select
      s.set_name,
      s.first_number + place.place - 1 as number,
      s.starts[place.place] as starts_at,
      coalesce(given.reporting, p.currency) as currency,
      p.currency as own_currency,
      p.reader_id,
      ${isAtOnce ? sql`p.first_at, p.first_of_all_at` : sql`null::timestamptz as first_at, null::timestamptz as first_of_all_at`},
      stayed.own_kept,
      ${worth(sql`stayed.own_kept`)} as kept,
      ${persons ? worth(sql`stayed.own_kept`, sql`given.house_currency`) : sql`null::numeric`} as house_kept
    from given
    cross join stretch_set s
    join ${isAtOnce ? sql`dated` : sql`payments`} p on p.paid_at >= s.starts[1] and p.paid_at < s.ends[cardinality(s.ends)]
      and (given.only_currency is null or p.currency = given.only_currency)
    left join returned on returned.payment_id = p.id
    cross join lateral (select width_bucket(p.paid_at, s.starts) as place) as place
    cross join lateral (
      select p.amount_minor - case when returned.payment_id is null then 0::numeric else (
        select coalesce(sum(r.amount), 0) from unnest(returned.moments, returned.amounts) as r(at, amount)
        where r.at >= s.starts[place.place] and r.at < s.ends[place.place]
      ) end as own_kept
    ) as stayed
    where p.paid_at < s.ends[place.place] and stayed.own_kept > 0
  ), kept as (
    select set_name, number, starts_at, currency, reader_id,
      coalesce(case when grouping(currency) = 0 then sum(kept) else sum(house_kept) end, 0) as amount,
      case when grouping(currency) = 0 then min(first_at) else min(first_of_all_at) end as first_at
    from gift
    group by grouping sets ((set_name, number, starts_at, currency, reader_id)${once})
  ), in_order as (
    select
      kept.*,
      row_number() over person as nth,
      first_value(kept.starts_at) over person as begins_at,
      coalesce(lag(kept.number) over person = kept.number - 1, false) as gave,
      lag(kept.amount) over person as before,
      coalesce(lead(kept.number) over person = kept.number + 1, false) as gives_again
    from kept
    window person as (partition by kept.set_name, kept.currency, kept.reader_id order by kept.number)
  ), judged as (
    -- Whoever gave in two stretches before was not new in either of the last two.
    select in_order.*, nth <= 2 and ${isAtOnce ? sql`first_at >= begins_at` : noneBefore} as began_new
    from given cross join in_order
  )
  select set_name, beside.number, currency, part, beside.was_new, ${signed(sql`count(*)`)} as facts,
    ${signed(sql`sum(previous)`)} as previous, ${signed(sql`sum(current)`)} as current
  from judged
  cross join lateral (
    select number,
      case
        when not gave and nth = 1 and began_new then 'new'
        when not gave then 'recaptured'
        when amount > before then 'upgraded'
        when amount < before then 'downgraded'
        else 'same'
      end as part,
      gave and nth = 2 and began_new as was_new, case when gave then before else 0 end as previous, amount as current
    union all
    select number + 1, 'lapsed', nth = 1 and began_new, amount, 0 where not gives_again
  ) as beside
  group by set_name, beside.number, currency, part, beside.was_new
  union all
  select set_name, number, own_currency, 'unconverted', false, ${signed(sql`count(*)`)}, 0, ${signed(sql`sum(own_kept)`)}
  from gift
  where kept is null
  group by set_name, number, own_currency`;
}

const noneBefore = sql`not exists (
      select from payments e
      where e.reader_id = in_order.reader_id and e.paid_at < in_order.begins_at
        and (given.reporting is not null or e.currency = coalesce(in_order.currency, given.only_currency, e.currency))
    )`;

/** Every payment with the moment of its supporter's first, in its currency where each has its own. */
function datedGifts(persons: boolean): SQL {
  const ofAll = persons ? sql`min(p.paid_at) over (partition by p.reader_id)` : sql`null::timestamptz`;
  return sql`
    select p.*, min(p.paid_at) over (partition by p.reader_id, coalesce(given.reporting, p.currency)) as first_at,
      ${ofAll} as first_of_all_at
    from given
    join payments p on given.only_currency is null or p.currency = given.only_currency
  `;
}

/** A line for every block and period, for each block's whole range (1 of its own set), and for the whole. */
export const comparedRows = sql`
  select block.currency, 'periods' as set_name, period.bucket as number, period.period, period.bucket
  from block cross join period
  union all
  select currency, 'whole', 1, null, null from block
  union all
  select null, 'whole', 1, null, null`;
