// Cohorts: supporters by the month of their first gift, and how many of them still give or stay members month by month (metric 15).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { figuresOf } from './moved.ts';
import { promised } from './promised.ts';
import { ask, type Question } from './question.ts';
import {
  answered,
  blocksOf,
  type Column,
  type Figures,
  givenPeriods,
  inBlocks,
  namedPeriods,
  type Report,
} from './report.ts';

const figures: readonly Column[] = [
  { name: 'cohort', kind: 'period' },
  { name: 'size', kind: 'count' },
  { name: 'offset', kind: 'count' },
  { name: 'giving', kind: 'count' },
  { name: 'not_churned', kind: 'count' },
];

export const cohorts: Report = {
  name: 'cohorts',
  suits: byMonth,
  columns: (question) => inBlocks(figures, question),
  read: readCohorts,
};

/** Always by month, and no more months than a table of all their pairs can bear. */
function byMonth(question: Question): Question {
  const asked = ask({ ...question, by: 'month' }, question.reckoning, question.asOf);
  if (asked.periods.length > mostMonths)
    throw new Refusal(inField('to', fault('period-too-long', { most: mostMonths })));
  return asked;
}

/**
 * Cohorts of the range's months, each followed to the range's last month. A refund does not undo a gift here. Not churned is who
 * has a membership, begun by then, that has not ended at that month's end, paused or not; null where no one of the cohort has
 * had one before the range's end. The totals take all cohorts together, as they are in the last month.
 */
async function readCohorts(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), paid as (
  select distinct p.reader_id, coalesce(given.reporting, p.currency) as currency,
    width_bucket(p.paid_at, given.starts) as month
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and (given.only_currency is null or p.currency = given.only_currency)
), first_in as (
  -- The whole of several currencies counts a person once: currency null.
  select paid.reader_id, paid.currency, min(paid.month) as cohort
  from paid
  group by grouping sets ((paid.reader_id, paid.currency), (paid.reader_id))
), member as (
  select first_in.*
  from given
  cross join first_in
  where not exists (
    select from payments e
    where e.reader_id = first_in.reader_id and e.paid_at < given.starts_at
      and (given.reporting is not null
        or coalesce(first_in.currency, given.only_currency, e.currency) = e.currency)
  )
), giving as (
  select member.currency, member.cohort, paid.month, count(distinct paid.reader_id) as people
  from member
  join paid on paid.reader_id = member.reader_id and paid.currency = coalesce(member.currency, paid.currency)
  group by member.currency, member.cohort, paid.month
), ${promised({ currency: null })}, stand as (
  -- A promise stands while anything of it counts or is paused.
  select reader_id, currency, at, value > 0.000001 or paused > 0 as stands,
    lead(at) over (partition by reader_id, currency order by at) as until
  from (
    select reader_id, currency, at, sum(sum(delta)) over so_far as value, sum(sum(paused_delta)) over so_far as paused
    from move
    group by reader_id, currency, at
    window so_far as (partition by reader_id, currency order by at)
  ) as summed
), promise as (
  select member.currency, member.cohort, member.reader_id, stand.at, stand.until, stand.stands
  from given
  cross join member
  join stand on stand.reader_id = member.reader_id
    and (given.reporting is not null or stand.currency = coalesce(member.currency, stand.currency))
), promising as (
  select promise.currency, promise.cohort, month.bucket as month, count(distinct promise.reader_id) as people
  from given
  cross join (
    select bucket, coalesce(given.starts[bucket + 1], given.ends_at) as ends_at from given cross join period
  ) as month
  join promise on promise.stands and promise.at < month.ends_at
    and (promise.until is null or promise.until >= month.ends_at)
  group by promise.currency, promise.cohort, month.bucket
), sized as (
  select currency, cohort, count(*) as size from member group by currency, cohort
), with_members as (
  select distinct currency, cohort from promise
), last_month as (
  select max(bucket) as bucket from period
), block as (${blocksOf('member')}
)
select
  cohort.period as cohort,
  block.currency,
  cohort.bucket,
  coalesce(sized.size, 0) as size,
  month.bucket - cohort.bucket as "offset",
  coalesce(giving.people, 0) as giving,
  case when with_members.cohort is not null then coalesce(promising.people, 0) end as not_churned
from block
cross join period as cohort
join period as month on month.bucket >= cohort.bucket
left join sized on sized.currency = block.currency and sized.cohort = cohort.bucket
left join giving on giving.currency = block.currency and giving.cohort = cohort.bucket
  and giving.month = month.bucket
left join promising on promising.currency = block.currency and promising.cohort = cohort.bucket
  and promising.month = month.bucket
left join with_members on with_members.currency = block.currency and with_members.cohort = cohort.bucket
union all
select
  null,
  whole.currency,
  null,
  coalesce((select sum(size) from sized where currency is not distinct from whole.currency), 0),
  null,
  coalesce((
    select sum(people) from giving
    where currency is not distinct from whole.currency and month = last_month.bucket
  ), 0),
  case when exists (select from with_members where currency is not distinct from whole.currency) then coalesce((
    select sum(people) from promising
    where currency is not distinct from whole.currency and month = last_month.bucket
  ), 0) end
from last_month
cross join (select currency from block union all select null) as whole
order by currency, bucket, "offset"`,
  );
  return figuresOf(cohorts.columns(question), found);
}

const mostMonths = 240;
