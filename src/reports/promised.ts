// Promised: what supporters promise a month, and each thing that moved it, as the statements of several reports share it.
import { type SQL, sql } from 'drizzle-orm';
import type { Question } from './question.ts';

/**
 * The statement's parts up to `move`: one row per change of a supporter's promise before the range's end (of `given`, see
 * report.ts), in the report's currency. `people` is 1 where a row is a supporter's own movement. `ending`, `paused` and `overdue` are
 * monthly values set to end, paused and past due; the running sum of each column is how things stand. Also `supporter`: who has
 * promised income at the range's end, each once; and `unrated`: promises of which no exchange rate is known.
 *
 * In the reporting currency a promise is worth what the supporter's latest settled membership payment in that currency made of
 * it (before the first one, what that one will); what a newer rate adds or takes is the movement `fx`. A promise without any such
 * payment is not in `move`. Supporters with promises in several currencies are one there, so their movements are judged anew.
 */
export function promised({ currency }: Pick<Question, 'currency'>): SQL {
  return sql`${promises}, ${currency === 'reporting' ? inOneCurrency : byCurrency}`;
}

/** True sums are multiples of a twelfth kept to twelve decimals: six put right what the twelfths lost, then once to the unit. */
export function rounded(exact: SQL): SQL {
  return sql`round(round(${exact}, 6))`;
}

/**
 * What one minor unit of a supporter's promise in this currency is worth in the report's: by their latest settled membership
 * payment before the moment, else by the first one after it; null where there is none. Needs `given`.
 */
export function rateAt(readerId: SQL, currency: SQL, moment: SQL): SQL {
  const settled = (side: SQL, order: SQL) => sql`(
        select p.settled_amount_minor::numeric / p.amount_minor
        from payments p
        where p.reader_id = ${readerId} and p.currency = ${currency} and p.kind <> 'once'
          and p.settled_currency = given.reporting and ${side}
        order by ${order}
        limit 1
      )`;
  return sql`case
      when given.reporting is null or ${currency} = given.reporting then 1
      else coalesce(${settled(sql`p.paid_at < ${moment}`, sql`p.paid_at desc, p.id desc`)},
        ${settled(sql`p.paid_at >= ${moment}`, sql`p.paid_at, p.id`)})
    end`;
}

/**
 * Facts of each supporter and currency: movements before the range's end, and what their plans' newest looks said of an end to
 * come and of a pause. Of looks at one moment only the last counts: the one that no other says it replaced. As in the ledger's
 * fold the first look that counts is dated by the plan's beginning, an end by its own date; so a look that was told after the range
 * may have taken effect in it.
 */
const promises = sql`look as (
  select distinct on (l.membership_id, l.looked_at)
    l.reader_id,
    l.membership_id,
    l.currency,
    l.standing,
    l.looked_at,
    l.started_at,
    l.ended_at,
    l.period_ends_at,
    l.amount_minor,
    l."interval",
    l.amount_minor / case when l."interval" = 'year' then 12::numeric else 1 end as monthly,
    l.ends_at is not null or l.cancel_requested_at is not null as is_ending
  from (
    select l.*, m.reader_id, count(*) over (partition by l.membership_id, l.looked_at, l.rank) as told_together
    from given
    join membership_looks l on given.only_currency is null or l.currency = given.only_currency
    join memberships m on m.id = l.membership_id and m.reader_id is not null
  ) as l
  -- Only of those told together one may say that it replaced another.
  order by l.membership_id, l.looked_at, l.rank desc,
    case when l.told_together > 1 then exists (
      select from membership_looks o
      where o.membership_id = l.membership_id and o.looked_at = l.looked_at and o.rank = l.rank
        and o.replaced = l.digest and o.digest <> l.digest
    ) else false end,
    l.digest desc
), plan_step as (
  select
    reader_id,
    membership_id,
    currency,
    looked_at,
    case when looked_at = first_at then started_at else least(looked_at, ended_at) end as at,
    case when standing in ('active', 'past_due') and is_ending then monthly else 0 end as ending,
    case when standing = 'paused' then monthly else 0 end as paused,
    case when standing = 'past_due' then monthly else 0 end as overdue
  from (
    select
      *,
      min(looked_at) filter (where standing in ('active', 'past_due', 'paused')) over plan as first_at,
      min(ended_at) over plan as over_at
    from look
    window plan as (partition by membership_id)
  ) as known
  where ended_at is not null or over_at is null or looked_at < over_at
), plan_move as (
  select
    reader_id,
    currency,
    at,
    ending - coalesce(lag(ending) over in_order, 0) as ending_delta,
    paused - coalesce(lag(paused) over in_order, 0) as paused_delta,
    overdue - coalesce(lag(overdue) over in_order, 0) as overdue_delta
  from plan_step
  window in_order as (partition by membership_id order by at, looked_at)
), change as (
  select
    c.reader_id,
    c.currency,
    c.happened_at as at,
    c.movement,
    c.mrr_delta as delta,
    c.members - coalesce(lag(c.members) over in_order, 0) as members_delta,
    sum(c.mrr_delta) over so_far as value
  from given
  join membership_changes c on c.happened_at < given.ends_at
    and (given.only_currency is null or c.currency = given.only_currency)
  window in_order as (partition by c.reader_id, c.currency order by c.happened_at, c.movement),
    so_far as (partition by c.reader_id, c.currency order by c.happened_at)
)`;

/** Every currency by itself: the movements as the ledger folded them. */
const byCurrency = sql`change_in_order as (
  select
    *,
    (value > 0.000001)::int
      - coalesce((lag(value) over (partition by reader_id, currency order by at, movement) > 0.000001)::int, 0)
      as supporters_delta
  from change
), move as (
  select reader_id, at, currency, movement, delta, members_delta, supporters_delta,
    0::numeric as ending_delta, 0::numeric as paused_delta, 0::numeric as overdue_delta, 1 as people
  from change_in_order
  union all
  select reader_id, at, currency, null, 0, 0, 0, ending_delta, paused_delta, overdue_delta, 0
  from given join plan_move on at < given.ends_at
  where ending_delta <> 0 or paused_delta <> 0 or overdue_delta <> 0
), supporter as (
  select reader_id from (
    select reader_id, sum(delta) as value from change group by reader_id, currency
  ) as by_currency
  group by reader_id
  having max(value) > 0.000001
), unrated as (
  select null::text as currency, 0::numeric as value where false
)`;

/**
 * All currencies as one promise. Each fact is taken at the rate of its moment; what is left between before and after is the
 * rates' doing. A supporter stands in a currency while a plan runs or is paused there; new, reactivation and churn are only what
 * begins or ends the whole of them.
 */
const inOneCurrency = sql`rate as (
  select p.reader_id, p.currency, p.paid_at as at,
    (array_agg(p.settled_amount_minor::numeric / p.amount_minor order by p.id desc))[1] as rate
  from given
  join payments p on p.kind <> 'once' and p.currency <> given.reporting and p.settled_currency = given.reporting
  group by p.reader_id, p.currency, p.paid_at
), fact as (
  select reader_id, currency, at, movement, delta, members_delta,
    0::numeric as ending_delta, 0::numeric as paused_delta, 0::numeric as overdue_delta, null::numeric as rate
  from change
  union all
  select reader_id, currency, at, null, 0, 0, ending_delta, paused_delta, overdue_delta, null from plan_move
  where ending_delta <> 0 or paused_delta <> 0 or overdue_delta <> 0
  union all
  select reader_id, currency, at, null, 0, 0, 0, 0, 0, rate from rate
), instant as (
  select
    reader_id,
    currency,
    at,
    sum(delta) as delta,
    coalesce(sum(delta) filter (where movement in ('paused', 'resumed')), 0) as pausing_delta,
    coalesce(sum(delta) filter (where movement = 'paused'), 0) as paused,
    coalesce(sum(delta) filter (where movement = 'resumed'), 0) as resumed,
    sum(members_delta) as members_delta,
    sum(ending_delta) as ending_delta,
    sum(paused_delta) as paused_delta,
    sum(overdue_delta) as overdue_delta,
    bool_or(movement = 'churn_involuntary') as lost,
    max(rate) as rate
  from fact
  group by reader_id, currency, at
), rated as (
  select
    *,
    sum(delta) over so_far as own_value,
    sum(ending_delta) over so_far as own_ending,
    sum(paused_delta) over so_far as own_paused,
    sum(overdue_delta) over so_far as own_overdue,
    count(rate) over so_far as rate_number
  from instant
  window so_far as (partition by reader_id, currency order by at)
), carried as (
  select
    rated.*,
    case when currency = given.reporting then 1
      else coalesce(
        max(rated.rate) over (partition by reader_id, currency, rate_number),
        first_value(rated.rate) over (partition by reader_id, currency order by rated.rate is null, at)
      )
    end as rate_now,
    (own_value > 0.000001 or own_paused > 0)::int as stands_now,
    at < given.ends_at as is_inside
  from given cross join rated
), priced as (
  select
    reader_id,
    at,
    (delta - pausing_delta) * rate_now as delta,
    paused * rate_now as paused,
    resumed * rate_now as resumed,
    (own_value - delta) * (rate_now - coalesce(lag(rate_now) over in_order, rate_now)) as fx,
    own_value * rate_now - coalesce(lag(own_value * rate_now) over in_order, 0) as value_delta,
    own_ending * rate_now - coalesce(lag(own_ending * rate_now) over in_order, 0) as ending_delta,
    own_paused * rate_now - coalesce(lag(own_paused * rate_now) over in_order, 0) as paused_delta,
    own_overdue * rate_now - coalesce(lag(own_overdue * rate_now) over in_order, 0) as overdue_delta,
    members_delta,
    lost,
    stands_now - coalesce(lag(stands_now) over in_order, 0) as stands_delta
  from carried
  where rate_now is not null and is_inside
  window in_order as (partition by reader_id, currency order by at)
), together as (
  select
    *,
    stands_after - stands_delta as stands_before,
    value_after - value_delta as value_before,
    coalesce(max(value_after) over (
      partition by reader_id order by at rows between unbounded preceding and 1 preceding
    ), 0) > 0.000001 as ever_counted
  from (
    select
      reader_id,
      at,
      sum(delta) as delta,
      sum(paused) as paused,
      sum(resumed) as resumed,
      sum(fx) as fx,
      sum(value_delta) as value_delta,
      sum(ending_delta) as ending_delta,
      sum(paused_delta) as paused_delta,
      sum(overdue_delta) as overdue_delta,
      sum(members_delta) as members_delta,
      bool_or(lost) as lost,
      sum(stands_delta) as stands_delta,
      sum(sum(stands_delta)) over so_far as stands_after,
      sum(sum(value_delta)) over so_far as value_after
    from priced
    group by reader_id, at
    window so_far as (partition by reader_id order by at)
  ) as by_reader
), judged as (
  select
    *,
    case
      when delta > 0 and stands_before > 0 then 'expansion'
      when delta > 0 and ever_counted then 'reactivation'
      when delta > 0 then 'new'
      when stands_after > 0 then 'contraction'
      when lost then 'churn_involuntary'
      else 'churn_voluntary'
    end as movement
  from together
), move as (
  select judged.reader_id, judged.at, given.reporting as currency, part.movement, part.delta, part.members_delta,
    part.supporters_delta, part.ending_delta, part.paused_delta, part.overdue_delta, part.people
  from given
  cross join judged
  cross join lateral (values
    (judged.movement, judged.delta, judged.members_delta,
      (value_after > 0.000001)::int - (value_before > 0.000001)::int, judged.ending_delta, judged.paused_delta, judged.overdue_delta,
      (stands_before = 0 and stands_after > 0 or stands_before > 0 and stands_after = 0)::int),
    ('paused', judged.paused, 0, 0, 0, 0, 0, 0),
    ('resumed', judged.resumed, 0, 0, 0, 0, 0, 0),
    ('fx', judged.fx, 0, 0, 0, 0, 0, 0)
  ) as part(movement, delta, members_delta, supporters_delta, ending_delta, paused_delta, overdue_delta, people)
), supporter as (
  select reader_id from together group by reader_id having sum(value_delta) > 0.000001
), unrated as (
  select currency, sum(delta) as value from carried where rate_now is null and is_inside
  group by currency
  having sum(delta) > 0
)`;

/** What a membership `m` promises a month as it stands now, and its rate; needs `given`. */
export const promisedNow = {
  monthly: sql`case when m.standing in ('active', 'past_due')
    then m.amount_minor / case when m."interval" = 'year' then 12::numeric else 1 end else 0 end`,
  rate: rateAt(sql`m.reader_id`, sql`m.currency`, sql`'infinity'::timestamptz`),
};
