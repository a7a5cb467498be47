// Cohorts: supporters by the month of their first gift, and how many of them still give or stay members month by month (metric 15).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { figuresOf } from './moved.ts';
import { followedOf } from './prepared-cohorts.ts';
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
  const followed = await followedOf(reads, question);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${followed}, cohort as (
  select currency, cohort, coalesce(sum(giving) filter (where month = cohort), 0) as size, sum(promised) > 0 as has_members
  from followed
  group by currency, cohort
), stood as (
  -- What stands at a month's end is all that began and ended until then, also before the first of these months.
  select cohort.currency, cohort.cohort, month.bucket as month, coalesce(followed.giving, 0) as giving,
    sum(coalesce(followed.standing, 0)) over (partition by cohort.currency, cohort.cohort order by month.bucket) as standing
  from cohort
  cross join (select bucket from period union all select 0) as month
  left join followed on followed.currency is not distinct from cohort.currency and followed.cohort = cohort.cohort
    and followed.month = month.bucket
), last_month as (
  select max(bucket) as bucket from period
), whole as (
  select cohort.currency, sum(cohort.size) as size, sum(stood.giving) as giving, sum(stood.standing) as standing,
    bool_or(cohort.has_members) as has_members
  from last_month
  cross join cohort
  join stood on stood.currency is not distinct from cohort.currency and stood.cohort = cohort.cohort
    and stood.month = last_month.bucket
  group by cohort.currency
), block as (${blocksOf('cohort')}
)
select
  begun.period as cohort,
  block.currency,
  begun.bucket,
  coalesce(cohort.size, 0) as size,
  month.bucket - begun.bucket as "offset",
  coalesce(stood.giving, 0) as giving,
  case when cohort.has_members then stood.standing end as not_churned
from block
cross join period as begun
join period as month on month.bucket >= begun.bucket
left join cohort on cohort.currency = block.currency and cohort.cohort = begun.bucket
left join stood on stood.currency = block.currency and stood.cohort = begun.bucket and stood.month = month.bucket
union all
select null, each.currency, null, coalesce(whole.size, 0), null, coalesce(whole.giving, 0),
  case when whole.has_members then whole.standing end
from (select currency from block union all select null) as each
left join whole on whole.currency is not distinct from each.currency
order by currency, bucket, "offset"`,
  );
  return figuresOf(cohorts.columns(question), found);
}

const mostMonths = 240;
