// Promised income: what memberships bring a month at each period's start and end, and what moved it (metrics 6–9).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { figuresOf } from './moved.ts';
import { prepare } from './prepared.ts';
import { promisesOf } from './prepared-promises.ts';
import { rounded } from './promised.ts';
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

/** Read from the movements that the ledger folded, so a past month never depends on what a membership is today. */
async function readMrr(reads: Reads, asked: Question, shown: readonly Column[]): Promise<Figures> {
  const question = await prepare(reads, asked);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${promisesOf(question)}, summed as (
  select
    currency,
    width_bucket(at, given.starts) as bucket,
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
  from given cross join move
  group by 1, 2
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
    (select number from supporters),
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
