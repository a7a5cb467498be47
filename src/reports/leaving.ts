// Leaving: who left in each piece of time, and how much promised income with them; what churn and the forecast rest on.
import { type SQL, sql } from 'drizzle-orm';
import type { Period } from '../values/period.ts';
import { blocksOf } from './report.ts';

/** The first day of a piece of time, and the moment it begins. */
export type Cut = Pick<Period, 'firstOn' | 'startsAt'>;

/** The rows of the part `piece`: named sets of moments to cut time at, by day too, and the number of each one's last piece; 0 is everything before. */
export function pieces(sets: readonly { name: string; cuts: readonly Cut[]; last?: number }[]): SQL {
  const rows = sets.map(
    ({ name, cuts, last = cuts.length }) => sql`
  select ${name}::text as set_name, ${sql.param(cuts.map(({ startsAt }) => startsAt.toISOString()))}::timestamptz[] as starts,
    ${sql.param(cuts.map(({ firstOn }) => firstOn))}::date[] as days, ${last}::int as last`,
  );
  return sql.join(rows, sql` union all `);
}

/** The beginning of each month, and the end of the last. */
export function monthCuts(months: readonly Period[]): Cut[] {
  const last = months.at(-1);
  return last ? [...months, { firstOn: last.until, startsAt: last.endsAt }] : [];
}

/**
 * The statement's part `leaver` from `move` (see promised.ts). Who left in a range counts if they were active as it began. So each
 * row says `people` (1 or, taking that back, -1) of a leaving `at` a moment for all ranges that begin after `since_at` (null: ever),
 * up to that moment: the rows with `since_at` before a range's beginning and `at` within it add up to who left in it, each once.
 * Where every currency stands by itself, those of '---' count persons once in all of them.
 */
export const leavers = sql`leaver_step as (
  select
    reader_id,
    currency,
    at,
    case when is_active then min(at) filter (where has_left) over (
      partition by reader_id, currency order by at rows between 1 following and unbounded following
    ) end as leaves_at
  from (
    select reader_id, currency, at, has_left, sum(delta) over (partition by reader_id, currency order by at) > 0.000001 as is_active
    from (
      select reader_id, currency, at, sum(delta) as delta, coalesce(bool_or(movement like 'churn%' and people > 0), false) as has_left
      from move
      where movement is not null
      group by reader_id, currency, at
    ) as together
  ) as in_order
), leaver_together as (
  select reader_id, currency, at, leaves_at from leaver_step
  union all
  select reader_id, '---', step.at, step.leaves_at
  from (
    select reader_id, array_agg(currency) as currencies, array_agg(at) as ats, array_agg(leaves_at) as leaves
    from leaver_step
    where (select reporting is null from given)
    group by reader_id
  ) as person
  cross join lateral (
    select each.at, (
      select min(newest.leaves_at) from (
        select distinct on (o.currency) o.leaves_at
        from unnest(currencies, ats, leaves) as o(currency, at, leaves_at)
        where o.at <= each.at
        order by o.currency, o.at desc
      ) as newest
    ) as leaves_at
    from (select distinct unnest(ats) as at) as each
  ) as step
), leaver as (
  select part.at, step.at as since_at, step.currency, part.people
  from (
    select *, lag(leaves_at) over (partition by reader_id, currency order by at) as former from leaver_together
  ) as step
  cross join lateral (values (step.leaves_at, 1), (step.former, -1)) as part(at, people)
  where step.leaves_at is distinct from step.former and part.at is not null
)`;

/** The part `asked`: everyone who asked for an end, at each time, with the time before; as in `leaver` each counts once in a range. */
export const requests = sql`request as (
  -- Stripe dates every end that it makes itself as if it had been asked for.
  select distinct m.reader_id, coalesce(given.reporting, l.currency) as currency, l.cancel_requested_at as at
  from given
  join membership_looks l on l.cancel_requested_at is not null and coalesce(l.end_reason, '') <> 'involuntary'
    and (given.only_currency is null or l.currency = given.only_currency)
  join memberships m on m.id = l.membership_id and m.reader_id is not null
), asked as (
  select currency, at, lag(at) over (partition by reader_id, currency order by at) as since_at from request
  union all
  select '---', at, lag(at) over (partition by reader_id order by at)
  from (select distinct reader_id, at from request where (select reporting is null from given)) as person
)`;

/**
 * The part `due_plan`: running plans that are not set to end, each with the month of its next payment, by their newest looks, and
 * what it brings in the report's currency at the supporter's latest rate; in its own where that is not known. Needs `look`.
 */
export function nextPayments(timeZone: string): SQL {
  return sql`due_plan as (
  select
    coalesce(given.reporting, plan.currency) as currency,
    plan.currency as own_currency,
    plan.amount_minor * coalesce(plan.newest_rate, 1) as amount,
    plan.every,
    date_trunc('month', plan.period_ends_at at time zone ${timeZone})::date as next_month,
    given.reporting is not null and plan.currency <> given.reporting and plan.newest_rate is null as is_unrated
  from given
  cross join (
    -- In one list, since a join of two that are only known here may compare each plan with each payment.
    select *, first_value(rate) over (partition by reader_id, currency order by rate is null, at desc, id desc) as newest_rate
    from (
      select reader_id, currency, null::timestamptz as at, null::uuid as id, null::numeric as rate, amount_minor, "interval" as every, period_ends_at
      from (select distinct on (membership_id) * from look order by membership_id, looked_at desc) as newest
      where standing in ('active', 'past_due') and not is_ending
      union all
      select p.reader_id, p.currency, p.paid_at, p.id, p.settled_amount_minor::numeric / p.amount_minor, null, null, null
      from given
      join payments p on p.kind <> 'once' and p.currency <> given.reporting and p.settled_currency = given.reporting
    ) as plan_or_rate
  ) as plan
  where plan.every is not null
)`;
}

/** Everything that `leavingOf` of prepared-promises.ts tells, counted from each supporter's own movements. */
export function leavingParts(timeZone: string): SQL {
  return sql`placed as (
  select
    piece.set_name,
    width_bucket(move.at, piece.starts) as number,
    move.currency,
    move.reader_id,
    sum(move.delta) as delta,
    sum(move.supporters_delta) as supporters_delta,
    coalesce(bool_or(move.movement like 'churn%' and move.people > 0), false) as has_left,
    sum(move.delta) filter (where move.movement in ('expansion', 'reactivation')) as gained,
    -sum(move.delta) filter (where move.movement = 'contraction' or move.movement like 'churn%') as lost
  from piece cross join move
  where move.movement is not null
  group by 1, 2, 3, 4
), person as (
  select *, sum(delta) over (partition by set_name, currency, reader_id order by number) - delta > 0.000001 as was_active
  from placed
), counted as (
  select
    set_name,
    number,
    currency,
    sum(delta) as delta,
    sum(supporters_delta) as supporters_delta,
    count(*) filter (where has_left and was_active) as churned,
    coalesce(sum(gained), 0) as gained,
    coalesce(sum(lost), 0) as lost
  from person
  group by set_name, number, currency
), whole_counted as (
  select
    (select count(distinct reader_id) from person where set_name = 'whole' and number = 1 and has_left and was_active) as churned,
    (select count(distinct reader_id) from placed where set_name = 'whole' and number = 0 and delta > 0.000001) as active
), ${requests}, requested as (
  select currency, width_bucket(at, given.starts) as number, count(distinct at_and_reader.reader_id) as people
  from given
  join request as at_and_reader on at_and_reader.at >= given.starts_at and at_and_reader.at < given.ends_at
  group by grouping sets ((currency, width_bucket(at, given.starts)), (currency), ())
), ${nextPayments(timeZone)}`;
}

/** A row per currency and piece, from `piece`, `counted` and `move`; and the churn rates of the set "months" that are defined. */
export const leaving = sql`block as (${blocksOf('move')}
), standing as (
  select
    block.currency,
    piece.set_name,
    numbered.number,
    coalesce(churned, 0) as churned,
    coalesce(gained, 0) as gained,
    coalesce(lost, 0) as lost,
    coalesce(sum(delta) over so_far, 0) - coalesce(delta, 0) as at_start,
    coalesce(sum(delta) over so_far, 0) as at_end,
    coalesce(sum(supporters_delta) over so_far, 0) - coalesce(supporters_delta, 0) as active_at_start,
    coalesce(sum(supporters_delta) over so_far, 0) as active_at_end
  from block
  cross join piece
  cross join lateral generate_series(0, piece.last) as numbered(number)
  left join counted on counted.set_name = piece.set_name and counted.currency = block.currency
    and counted.number = numbered.number
  window so_far as (partition by block.currency, piece.set_name order by numbered.number)
), month_rate as (
  select currency, number, churned::numeric / active_at_start as rate
  from standing
  where set_name = 'months' and number > 0 and active_at_start > 0
)`;
