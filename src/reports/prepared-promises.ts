// Prepared promises: what moved the promised income, from sums kept by day and month instead of movement by movement.
import { type SQL, sql } from 'drizzle-orm';
import {
  byDayAndMonth,
  grainOf,
  isPrepared,
  type KeptKind,
  keptNumber,
  type PreparedQuestion,
} from './prepared.ts';
import { everyoneChanged, factsNow, factsThen } from './prepared-facts.ts';
import { promised } from './promised.ts';
import type { Question } from './question.ts';

/** What moved promises by day and month, currency and movement. */
export const promiseSums: KeptKind = {
  table: 'kept_promises',
  keys: ['grain', 'on_day', 'currency', 'movement'],
  unique: 'one_sum_of_promises',
  sums: [
    'facts',
    'delta',
    'members_delta',
    'supporters_delta',
    'ending_delta',
    'paused_delta',
    'overdue_delta',
    'people',
  ],
  lines: ({ mode }, facts, times) =>
    byDayAndMonth(promiseLines({ currency: mode === 'reporting' ? 'reporting' : null }, facts, times)),
};

/**
 * The statement's parts `move` and `unrated` (see promised.ts) and the number of `supporters` at the range's end, for reports that
 * only sum up.
 */
export function promisesOf(question: Question): SQL {
  return isPrepared(question)
    ? preparedPromises(question)
    : sql`${promised(question)}, supporters as (select count(*) as number from supporter)`;
}

/** The same parts, a row per period and movement instead of per change. */
function preparedPromises(question: PreparedQuestion): SQL {
  const grain = grainOf(question);
  // Everything before the range counts: by months up to the month in which it begins.
  const fromMonth = `${question.from.slice(0, 7)}-01`;
  const kept =
    grain === 'month'
      ? sql`k.grain = 'month' and k.on_day < ${question.to}::date`
      : sql`(k.grain = 'month' and k.on_day < ${fromMonth}::date
        or k.grain = 'day' and k.on_day >= ${fromMonth}::date and k.on_day < ${question.to}::date)`;
  return sql`bounds as materialized (select * from given), ${everyoneChanged}, summed_promises as (
  select ${keptNumber(question)} as number, k.currency, movement, facts, delta, members_delta, supporters_delta, ending_delta, paused_delta,
    overdue_delta, people
  from given
  join kept_promises k on k.mode = case when given.reporting is null then 'own' else 'reporting' end and ${kept}
    and (given.only_currency is null or k.currency = given.only_currency)
  ${question.hasChanges ? changedPromises(question) : sql``}
), told_promises as (
  select number, currency, movement, sum(delta) as delta, sum(members_delta) as members_delta, sum(supporters_delta) as supporters_delta,
    sum(ending_delta) as ending_delta, sum(paused_delta) as paused_delta, sum(overdue_delta) as overdue_delta, sum(people) as people
  from summed_promises
  group by number, currency, movement
  having sum(facts) > 0
), move as (
  select null::uuid as reader_id, case when number > 0 then given.starts[number] else '-infinity' end as at, told_promises.*
  from given cross join told_promises
  where movement is null or movement not in ('standing', 'unrated')
), supporters as (
  select coalesce(sum(supporters_delta), 0) as number
  from given cross join told_promises
  where movement = 'standing' or given.reporting is not null or given.only_currency is not null
), unrated as (
  select currency, sum(delta) as value from told_promises where movement = 'unrated'
  group by currency
  having sum(delta) > 0
)`;
}

function changedPromises(question: Question): SQL {
  return sql`union all
  select * from (${promiseLines(question, factsNow, 1)}) as now
  union all
  select * from (${promiseLines(question, factsThen, -1)}) as was`;
}

/** Sums over the supporters of these facts, as in prepared-money.ts; from `bounds`, which is the `given` of the whole statement. */
function promiseLines({ currency }: Pick<Question, 'currency'>, facts: SQL, times: 1 | -1): SQL {
  const sum = (column: string) =>
    sql`${sql.raw(String(times))} * coalesce(sum(${sql.identifier(column)}), 0)`;
  return sql`
    with ${facts}, given as materialized (
      select starts, starts_at, 'infinity'::timestamptz as ends_at, reporting, only_currency, house_currency from bounds
    ), ${promised({ currency })}, line as (
      select at, currency, movement, delta, members_delta, supporters_delta, ending_delta, paused_delta, overdue_delta, people from move
      union all
      ${currency === 'reporting' ? unratedLines : standingLines}
    )
    select width_bucket(at, bounds.starts) as number, currency, movement, ${sql.raw(String(times))} * count(*) as facts, ${sum('delta')} as delta,
      ${sum('members_delta')} as members_delta, ${sum('supporters_delta')} as supporters_delta, ${sum('ending_delta')} as ending_delta,
      ${sum('paused_delta')} as paused_delta, ${sum('overdue_delta')} as overdue_delta, ${sum('people')} as people
    from bounds cross join line
    where at < bounds.ends_at
    group by 1, 2, 3`;
}

const unratedLines = sql`select at, currency, 'unrated', delta, 0, 0, 0, 0, 0, 0 from carried where rate_now is null`;

/** Who has promised income in any currency at all: persons once. The currency says only that it is none. */
const standingLines = sql`select at, '---', 'standing', 0, 0, stands - coalesce(lag(stands) over (partition by reader_id order by at), 0), 0, 0, 0, 0
      from (
        select reader_id, at, (sum(sum(supporters_delta)) over (partition by reader_id order by at) > 0)::int as stands
        from change_in_order
        group by reader_id, at
      ) as person`;
