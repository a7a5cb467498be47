// Prepared promises: what moved the promised income, from sums kept by day and month instead of movement by movement.
import { type SQL, sql } from 'drizzle-orm';
import { type Cut, leavers, leavingParts, nextPayments, requests } from './leaving.ts';
import {
  grainOf,
  isPrepared,
  type KeptKind,
  keptNumber,
  knownDays,
  type PreparedQuestion,
} from './prepared.ts';
import { everyoneChanged, factsNow, factsThen } from './prepared-facts.ts';
import { promised } from './promised.ts';
import type { Question } from './question.ts';

const sums = [
  'facts',
  'delta',
  'members_delta',
  'supporters_delta',
  'ending_delta',
  'paused_delta',
  'overdue_delta',
  'people',
];

/**
 * What moved promises by day and month, currency and movement. Besides: who left and who asked to, by when they did and since when
 * a range must begin for them to count in it (see leaving.ts); and what running plans bring next, by the month of that alone.
 */
export const promiseSums: KeptKind = {
  table: 'kept_promises',
  keys: ['grain', 'on_day', 'currency', 'movement', 'since_on'],
  unique: 'one_sum_of_promises',
  sums,
  lines: ({ mode, timeZone }, facts, times) =>
    promiseLines({ currency: mode === 'reporting' ? 'reporting' : null }, timeZone, facts, times),
};

/**
 * The statement's parts `move` and `unrated` (see promised.ts) and the number of `supporters` at the range's end, for reports that
 * only sum up.
 */
export function promisesOf(question: Question): SQL {
  return isPrepared(question)
    ? sql`${toldPromises(question, question.periods, false)}, told as (
  select ${keptNumber(question, sql`on_day`)} as number, currency, movement, ${sumsOf(sums)}
  from told_by_day
  group by number, currency, movement
), move as (
  select null::uuid as reader_id, case when number > 0 then given.starts[number] else '-infinity' end as at, told.*
  from given cross join told
  where movement is null or movement not in ('standing', 'unrated')
), supporters as (
  select coalesce(sum(supporters_delta), 0) as number
  from given cross join told
  where movement = 'standing' or given.reporting is not null or given.only_currency is not null
), ${unrated}`
    : sql`${promised(question)}, supporters as (select count(*) as number from supporter)`;
}

const unrated = sql`unrated as (
  select currency, sum(delta) as value from told_by_day where movement = 'unrated'
  group by currency
  having sum(delta) > 0
)`;

/**
 * The parts that churn and the forecast rest on (see leaving.ts) from `piece`; with `unrated` and, for the forecast, `due_plan`.
 * `cuts` are the moments of all pieces.
 */
export function leavingOf(question: Question, cuts: readonly Cut[]): SQL {
  return isPrepared(question)
    ? sql`${toldPromises(question, cuts, true)}, ${unrated}, counted as (
  select
    piece.set_name,
    placed.number,
    told.currency,
    sum(told.delta) as delta,
    sum(told.supporters_delta) as supporters_delta,
    coalesce(sum(told.people) filter (where told.movement = 'left' and told.since_on < piece.days[placed.number]), 0) as churned,
    coalesce(sum(told.delta) filter (where told.movement in ('expansion', 'reactivation')), 0) as gained,
    coalesce(-sum(told.delta) filter (where told.movement = 'contraction' or told.movement like 'churn%'), 0) as lost
  from piece
  cross join told_by_day as told
  cross join lateral (select width_bucket(told.on_day, piece.days) as number) as placed
  where told.currency <> '---' and told.movement not in ('unrated', 'standing', 'asked')
  group by piece.set_name, placed.number, told.currency
), move as (
  select distinct currency from told_by_day
  where currency <> '---' and (movement is null or movement not in ('unrated', 'standing', 'left', 'asked')) and since_on is null
), whole_counted as (
  select
    coalesce(sum(told.people) filter (
      where told.movement = 'left' and told.since_on < piece.days[1] and told.on_day >= piece.days[1]
    ), 0) as churned,
    coalesce(sum(told.supporters_delta) filter (where told.movement = 'standing' and told.on_day < piece.days[1]), 0) as active
  from piece cross join told_by_day as told
  where piece.set_name = 'whole' and told.currency = '---'
), requested as (
  select told.currency, placed.number, sum(told.people) as people
  from piece
  cross join told_by_day as told
  cross join lateral (select width_bucket(told.on_day, piece.days) as number) as placed
  where piece.set_name = 'periods' and told.movement = 'asked' and told.currency <> '---' and placed.number > 0
    and told.since_on < piece.days[placed.number]
  group by told.currency, placed.number
  union all
  select case when told.currency <> '---' then told.currency end, null, sum(told.people)
  from piece cross join told_by_day as told
  where piece.set_name = 'whole' and told.movement = 'asked' and told.on_day >= piece.days[1] and told.since_on < piece.days[1]
  group by told.currency
), due_plan as (
  select currency, currency as own_currency, delta as amount, split_part(movement, '_', 2) as every, on_day as next_month,
    movement like '%_unrated' as is_unrated
  from told_due
)`
    : sql`${promised(question)}, ${leavingParts(question.reckoning.timeZone)}`;
}

/**
 * The parts `told_by_day`, a row per day (or month, whichever these cuts need) and movement before the range's end, of leavers, where
 * asked for, since the first cut; and `told_due`. Sums that are nothing are left out.
 */
function toldPromises(question: PreparedQuestion, cuts: readonly Cut[], hasLeavers: boolean): SQL {
  const firstCut = cuts.map(({ firstOn }) => firstOn).toSorted()[0] ?? question.from;
  // Everything before the first cut counts: by months up to the month in which it lies.
  const fromMonth = `${firstCut.slice(0, 7)}-01`;
  const columns = sql`on_day, k.currency, movement, since_on, ${sql.raw(sums.join(', '))}`;
  const mode = sql`k.mode = case when given.reporting is null then 'own' else 'reporting' end
    and (given.only_currency is null or k.currency = given.only_currency)`;
  const isMovement = sql`k.since_on is null and (k.movement is null or k.movement not like 'due%')`;
  const to = sql`k.on_day < ${question.to}::date`;
  const grain = grainOf(question);
  const kept =
    grain === 'month'
      ? sql`select ${columns} from given join kept_promises k on ${mode} and k.grain = 'month' and ${isMovement} and ${to}`
      : sql`select ${columns} from given
    join kept_promises k on ${mode} and k.grain = 'month' and ${isMovement} and k.on_day < ${fromMonth}::date
  union all
  select ${columns} from given
    join kept_promises k on ${mode} and k.grain = 'day' and ${isMovement} and k.on_day >= ${fromMonth}::date and ${to}`;
  const changed = (grainOfLine: 'day' | 'month', isWanted: SQL) =>
    question.hasChanges
      ? sql`union all
  select ${columns} from given join changed_promises k on k.grain = ${sql.raw(`'${grainOfLine}'`)} and ${isWanted}
    and (given.only_currency is null or k.currency = given.only_currency)`
      : sql``;
  return sql`bounds as materialized (select * from given), ${everyoneChanged}${
    question.hasChanges
      ? sql`, ${knownDays(question, cuts)}, changed_promises as materialized (${changedLines(question)})`
      : sql``
  }, told_by_day as materialized (
  select on_day, currency, movement, since_on, ${sumsOf(sums)}
  from (
    ${kept}
    ${
      hasLeavers
        ? sql`union all
    select ${columns} from given
    join kept_promises k on ${mode} and k.grain = ${grain} and k.since_on is not null and k.on_day >= ${firstCut}::date and ${to}`
        : sql``
    }
    ${changed('day', sql`${hasLeavers ? sql`true` : sql`k.since_on is null`} and ${to}`)}
  ) as summed
  group by on_day, currency, movement, since_on
  having sum(facts) > 0
), told_due as (
  select on_day, currency, movement, ${sumsOf(sums)}
  from (
    select ${columns} from given join kept_promises k on k.mode = case when given.reporting is null then 'own' else 'reporting' end
      and k.grain = 'month' and k.since_on is null and k.movement like 'due%'
    ${changed('month', sql`k.movement like 'due%'`)}
  ) as summed
  where currency = coalesce((select only_currency from given), currency)
  group by on_day, currency, movement
  having sum(facts) > 0
)`;
}

function changedLines(question: PreparedQuestion): SQL {
  const { timeZone } = question.reckoning;
  return sql`
  select * from (${promiseLines(question, timeZone, factsNow, 1)}) as now
  union all
  select * from (${promiseLines(question, timeZone, factsThen, -1)}) as was`;
}

/** Sums over the supporters of these facts, as in prepared-money.ts; from `bounds`, which is the `given` of the whole statement. */
function promiseLines(
  { currency }: Pick<Question, 'currency'>,
  timeZone: string,
  facts: SQL,
  times: 1 | -1,
): SQL {
  const added = (column: string) =>
    sql`${sql.raw(String(times))} * coalesce(sum(${sql.identifier(column)}), 0) as ${sql.identifier(column)}`;
  const facts_ = sql`${sql.raw(String(times))} * count(*) as facts`;
  return sql`
    with ${facts}, given as materialized (
      select starts, starts_at, 'infinity'::timestamptz as ends_at, reporting, only_currency, house_currency from bounds
    ), ${promised({ currency })}, ${leavers}, ${requests}, ${nextPayments(timeZone)}, line as (
      select at, null::timestamptz as since_at, false as is_leaver, currency, movement, delta, members_delta, supporters_delta,
        ending_delta, paused_delta, overdue_delta, people
      from move
      union all
      ${currency === 'reporting' ? unratedLines : standingLines}
      union all
      select at, since_at, true, currency, 'left', 0, 0, 0, 0, 0, 0, people from leaver
      union all
      select at, since_at, true, currency, 'asked', 0, 0, 0, 0, 0, 0, 1 from asked
    ), summed as (
      select width_bucket(at, days.starts) as number, case when is_leaver then coalesce(width_bucket(since_at, days.starts), 0) end as since,
        currency, movement, ${facts_}, ${sumsOf(sums.slice(1), added)}
      from days cross join line
      group by 1, 2, 3, 4
    )
    select kept.grain, kept.on_day, currency, movement, kept.since_on, ${sql.raw(sums.join(', '))}
    from summed
    cross join days
    cross join lateral (
      select coalesce(days.days[number], '-infinity') as on_day, coalesce(days.days[since], '-infinity') as since_on
    ) as day
    cross join lateral (values
      ('day', day.on_day, case when since is not null then day.since_on end),
      ('month', date_trunc('month', day.on_day)::date, case when since is not null then date_trunc('month', day.since_on)::date end)
    ) as kept(grain, on_day, since_on)
    -- No range begins after the one and not after the other.
    where kept.since_on is null or kept.since_on < kept.on_day
    union all
    select 'month', next_month, case when is_unrated then own_currency else currency end,
      'due_' || every || case when is_unrated then '_unrated' else '' end, null, ${facts_},
      ${sql.raw(String(times))} * coalesce(sum(amount), 0), 0, 0, 0, 0, 0, 0
    from due_plan
    group by 2, 3, 4`;
}

function sumsOf(
  columns: readonly string[],
  one = (column: string) => sql`sum(${sql.identifier(column)}) as ${sql.identifier(column)}`,
): SQL {
  return sql.join(columns.map(one), sql`, `);
}

const unratedLines = sql`select at, null, false, currency, 'unrated', delta, 0, 0, 0, 0, 0, 0 from carried where rate_now is null`;

/** Who has promised income in any currency at all: persons once. The currency says only that it is none. */
const standingLines = sql`select at, null, false, '---', 'standing', 0, 0,
        stands - coalesce(lag(stands) over (partition by reader_id order by at), 0), 0, 0, 0, 0
      from (
        select reader_id, at, (sum(sum(supporters_delta)) over (partition by reader_id order by at) > 0)::int as stands
        from change_in_order
        group by reader_id, at
      ) as person`;
