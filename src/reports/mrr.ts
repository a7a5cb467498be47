// Promised income: what memberships bring a month at each period's start and end, and what moved it (metrics 6–9).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { figuresOf } from './moved.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, givenPeriods, namedPeriods, type Report } from './report.ts';

const columns: readonly Column[] = [
  { name: 'period', kind: 'period' },
  { name: 'currency', kind: 'currency' },
  { name: 'start_minor', kind: 'money' },
  { name: 'new_minor', kind: 'money' },
  { name: 'reactivation_minor', kind: 'money' },
  { name: 'expansion_minor', kind: 'money' },
  { name: 'contraction_minor', kind: 'money' },
  { name: 'churn_voluntary_minor', kind: 'money' },
  { name: 'churn_involuntary_minor', kind: 'money' },
  { name: 'paused_minor', kind: 'money' },
  { name: 'resumed_minor', kind: 'money' },
  { name: 'fx_minor', kind: 'money' },
  { name: 'end_minor', kind: 'money' },
  { name: 'committed_minor', kind: 'money' },
  { name: 'paused_end_minor', kind: 'money' },
  { name: 'arr_minor', kind: 'money' },
  { name: 'members', kind: 'count' },
  { name: 'supporters', kind: 'count' },
];

/** For the desk alone: how many supporters came, came back and left. */
const people: readonly Column[] = [
  { name: 'new_supporters', kind: 'count' },
  { name: 'returned_supporters', kind: 'count' },
  { name: 'lost_supporters', kind: 'count' },
];

export const mrr: Report = {
  name: 'mrr',
  columns: () => columns,
  read: (reads, question) => readMrr(reads, question, columns),
};

/** The same figures with the people behind the movements. */
export function readMembers(reads: Reads, question: Question): Promise<Figures> {
  return readMrr(reads, question, [...columns, ...people]);
}

/**
 * Read from the movements that the ledger folded, so a past month never depends on what a membership is today. In the
 * reporting currency a promise is worth what the supporter's latest settled membership payment in that currency made of it
 * (before the first one, what that one will); what a newer rate adds or takes is `fx_minor`. A promise without any such payment
 * is not in the figures but beside them, as "unconverted". Supporters with promises in several currencies are one there, so their movements are judged anew.
 */
async function readMrr(reads: Reads, question: Question, shown: readonly Column[]): Promise<Figures> {
  const moves = question.currency === 'reporting' ? movesInOneCurrency : movesByCurrency;
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${promises}, ${moves}, summed as (
  select
    currency,
    bucket,
    sum(delta) as moved,
    sum(delta) filter (where movement = 'new') as gained_new,
    sum(delta) filter (where movement = 'reactivation') as reactivation,
    sum(delta) filter (where movement = 'expansion') as expansion,
    -sum(delta) filter (where movement = 'contraction') as contraction,
    -sum(delta) filter (where movement = 'churn_voluntary') as churn_voluntary,
    -sum(delta) filter (where movement = 'churn_involuntary') as churn_involuntary,
    -sum(delta) filter (where movement = 'paused') as paused,
    sum(delta) filter (where movement = 'resumed') as resumed,
    sum(delta) filter (where movement = 'fx') as fx,
    sum(ending_delta) as ending,
    sum(paused_delta) as paused_plans,
    sum(members_delta) as members,
    sum(supporters_delta) as supporters,
    sum(people) filter (where movement = 'new') as new_supporters,
    sum(people) filter (where movement = 'reactivation') as returned_supporters,
    sum(people) filter (where movement like 'churn%') as lost_supporters
  from move
  group by currency, bucket
), block as (
  select coalesce(given.reporting, given.only_currency) as currency from given
  where coalesce(given.reporting, given.only_currency) is not null
  union
  select currency from move
  union
  select house_currency from given
  where given.reporting is null and given.only_currency is null and not exists (select from move)
), line as (
  -- Number 0 is everything before the range.
  select block.currency, numbered.bucket, period.period
  from block
  cross join (select 0 as bucket union all select bucket from period) as numbered
  left join period on period.bucket = numbered.bucket
), standing as (
  select
    line.currency,
    line.bucket,
    line.period,
    sum(coalesce(moved, 0)) over so_far as at_end,
    sum(coalesce(moved, 0)) over so_far - coalesce(moved, 0) as at_start,
    coalesce(gained_new, 0) as gained_new,
    coalesce(reactivation, 0) as reactivation,
    coalesce(expansion, 0) as expansion,
    coalesce(contraction, 0) as contraction,
    coalesce(churn_voluntary, 0) as churn_voluntary,
    coalesce(churn_involuntary, 0) as churn_involuntary,
    coalesce(paused, 0) as paused,
    coalesce(resumed, 0) as resumed,
    coalesce(fx, 0) as fx,
    sum(coalesce(ending, 0)) over so_far as ending,
    sum(coalesce(paused_plans, 0)) over so_far as paused_plans,
    sum(coalesce(members, 0)) over so_far as members,
    sum(coalesce(supporters, 0)) over so_far as supporters,
    coalesce(new_supporters, 0) as new_supporters,
    coalesce(returned_supporters, 0) as returned_supporters,
    coalesce(lost_supporters, 0) as lost_supporters
  from line
  left join summed on summed.currency = line.currency and summed.bucket = line.bucket
  window so_far as (partition by line.currency order by line.bucket)
), shown as (
  select * from standing where bucket > 0
  union all
  select
    currency,
    null,
    null,
    max(at_end) filter (where last),
    max(at_start) filter (where bucket = 1),
    sum(gained_new),
    sum(reactivation),
    sum(expansion),
    sum(contraction),
    sum(churn_voluntary),
    sum(churn_involuntary),
    sum(paused),
    sum(resumed),
    sum(fx),
    max(ending) filter (where last),
    max(paused_plans) filter (where last),
    max(members) filter (where last),
    max(supporters) filter (where last),
    sum(new_supporters),
    sum(returned_supporters),
    sum(lost_supporters)
  from (
    select *, bucket = (select max(bucket) from period) as last from standing where bucket > 0
  ) as whole
  group by currency
  union all
  select null, null, null, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    (select sum(members_delta) from move),
    (select count(*) from supporter),
    null,
    null,
    null
)
select
  period,
  currency,
  bucket,
  ${rounded(sql`at_start`)} as start_minor,
  ${rounded(sql`gained_new`)} as new_minor,
  ${rounded(sql`reactivation`)} as reactivation_minor,
  ${rounded(sql`expansion`)} as expansion_minor,
  ${rounded(sql`contraction`)} as contraction_minor,
  ${rounded(sql`churn_voluntary`)} as churn_voluntary_minor,
  ${rounded(sql`churn_involuntary`)} as churn_involuntary_minor,
  ${rounded(sql`paused`)} as paused_minor,
  ${rounded(sql`resumed`)} as resumed_minor,
  ${rounded(sql`fx`)} as fx_minor,
  ${rounded(sql`at_end`)} as end_minor,
  ${rounded(sql`at_end - ending`)} as committed_minor,
  ${rounded(sql`paused_plans`)} as paused_end_minor,
  ${rounded(sql`12 * at_end`)} as arr_minor,
  coalesce(members, 0) as members,
  coalesce(supporters, 0) as supporters,
  new_supporters,
  returned_supporters,
  lost_supporters,
  case when bucket is null then (
    select jsonb_agg(jsonb_build_object('currency', unrated.currency, 'amount_minor', ${rounded(sql`unrated.value`)})
      order by unrated.currency)
    from unrated
  ) end as unconverted
from shown
order by currency, bucket`,
  );
  return figuresOf(shown, found);
}

/** True sums are multiples of a twelfth kept to twelve decimals: six put right what the twelfths lost, then once to the unit. */
export function rounded(exact: SQL): SQL {
  return sql`round(round(${exact}, 6))`;
}

/**
 * Facts of each supporter and currency before the range's end: movements, and what their plans' newest looks said of an end to
 * come and of a pause. Of looks at one moment only the last counts: the one that no other says it replaced. As in the ledger's
 * fold the first look that counts is dated by the plan's beginning, an end by its own date.
 */
const promises = sql`look as (
  select distinct on (l.membership_id, l.looked_at)
    m.reader_id,
    l.membership_id,
    l.currency,
    l.standing,
    l.looked_at,
    l.started_at,
    l.ended_at,
    l.amount_minor / case when l."interval" = 'year' then 12::numeric else 1 end as monthly,
    l.ends_at is not null or l.cancel_requested_at is not null as is_ending
  from given
  join membership_looks l on l.looked_at < given.ends_at
    and (given.only_currency is null or l.currency = given.only_currency)
  join memberships m on m.id = l.membership_id and m.reader_id is not null
  order by l.membership_id, l.looked_at, l.rank desc,
    exists (
      select from membership_looks o
      where o.membership_id = l.membership_id and o.looked_at = l.looked_at and o.rank = l.rank
        and o.replaced = l.digest and o.digest <> l.digest
    ),
    l.digest desc
), plan_step as (
  select
    reader_id,
    membership_id,
    currency,
    looked_at,
    case when looked_at = first_at then started_at else least(looked_at, ended_at) end as at,
    case when standing in ('active', 'past_due') and is_ending then monthly else 0 end as ending,
    case when standing = 'paused' then monthly else 0 end as paused
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
    paused - coalesce(lag(paused) over in_order, 0) as paused_delta
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
const movesByCurrency = sql`change_in_order as (
  select
    *,
    (value > 0.000001)::int
      - coalesce((lag(value) over (partition by reader_id, currency order by at, movement) > 0.000001)::int, 0)
      as supporters_delta
  from change
), move as (
  select width_bucket(at, given.starts) as bucket, currency, movement, delta, members_delta, supporters_delta,
    0::numeric as ending_delta, 0::numeric as paused_delta, 1 as people
  from given cross join change_in_order
  union all
  select width_bucket(at, given.starts), currency, null, 0, 0, 0, ending_delta, paused_delta, 0
  from given cross join plan_move
  where ending_delta <> 0 or paused_delta <> 0
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
const movesInOneCurrency = sql`rate as (
  select p.reader_id, p.currency, p.paid_at as at,
    (array_agg(p.settled_amount_minor::numeric / p.amount_minor order by p.id desc))[1] as rate
  from given
  join payments p on p.kind <> 'once' and p.currency <> given.reporting and p.settled_currency = given.reporting
  group by p.reader_id, p.currency, p.paid_at
), fact as (
  select reader_id, currency, at, movement, delta, members_delta,
    0::numeric as ending_delta, 0::numeric as paused_delta, null::numeric as rate
  from change
  union all
  select reader_id, currency, at, null, 0, 0, ending_delta, paused_delta, null from plan_move
  union all
  select reader_id, currency, at, null, 0, 0, 0, 0, rate from rate
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
  select width_bucket(judged.at, given.starts) as bucket, given.reporting as currency, part.movement, part.delta,
    part.members_delta, part.supporters_delta, part.ending_delta, part.paused_delta, part.people
  from given
  cross join judged
  cross join lateral (values
    (judged.movement, judged.delta, judged.members_delta,
      (value_after > 0.000001)::int - (value_before > 0.000001)::int, judged.ending_delta, judged.paused_delta,
      (stands_before = 0 and stands_after > 0 or stands_before > 0 and stands_after = 0)::int),
    ('paused', judged.paused, 0, 0, 0, 0, 0),
    ('resumed', judged.resumed, 0, 0, 0, 0, 0),
    ('fx', judged.fx, 0, 0, 0, 0, 0)
  ) as part(movement, delta, members_delta, supporters_delta, ending_delta, paused_delta, people)
), supporter as (
  select reader_id from together group by reader_id having sum(value_delta) > 0.000001
), unrated as (
  select currency, sum(delta) as value from carried where rate_now is null and is_inside
  group by currency
  having sum(delta) > 0
)`;
