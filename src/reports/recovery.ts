// Recovery: regular payments whose first attempt failed, what of them was collected later, and what is at risk (metric 17).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { figuresOf } from './moved.ts';
import { prepare } from './prepared.ts';
import { attemptsOf } from './prepared-attempts.ts';
import { promisesOf } from './prepared-promises.ts';
import { rounded } from './promised.ts';
import type { Question } from './question.ts';
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
  { name: 'period', kind: 'period' },
  { name: 'attempted_minor', kind: 'money' },
  { name: 'failed_first_minor', kind: 'money' },
  { name: 'recovered_minor', kind: 'money' },
  { name: 'failure_rate', kind: 'rate' },
  { name: 'recovery_rate', kind: 'rate' },
  { name: 'at_risk_minor', kind: 'money' },
];

export const recovery: Report = {
  name: 'recovery',
  columns: (question) => inBlocks(figures, question),
  read: readRecovery,
};

/**
 * A regular payment belongs to the period of its first attempt, whenever it was collected. At risk is the monthly value that is
 * past due as the period ends. In the reporting currency a payment is taken at its own rate, one that was never collected at its
 * supporter's latest.
 */
async function readRecovery(reads: Reads, asked: Question): Promise<Figures> {
  const question = await prepare(reads, asked);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${promisesOf(question)}, ${attemptsOf(question)}, summed as (
  select currency, bucket, sum(attempted) as attempted, sum(failed) as failed, sum(recovered) as recovered
  from attempted
  where own_currency is null
  group by grouping sets ((currency, bucket), (currency))
), overdue as (
  select currency, width_bucket(at, given.starts) as bucket, sum(overdue_delta) as delta
  from given cross join move
  group by 1, 2
), seen as (
  select currency from summed union select currency from overdue
), block as (${blocksOf('seen')}
), unconverted as (
  select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', amount) order by own_currency) as amounts
  from (
    select own_currency, sum(own_minor) as amount from attempted where own_currency is not null group by own_currency
  ) as by_currency
), line as (
  select block.currency, period.bucket, period.period from block cross join period
  union all
  select currency, null, null from block
  union all
  select null, null, null
)
select
  line.period,
  line.currency,
  line.bucket,
  round(coalesce(attempted, 0)) as attempted_minor,
  round(coalesce(failed, 0)) as failed_first_minor,
  round(coalesce(recovered, 0)) as recovered_minor,
  ${share(sql`coalesce(failed, 0)`, sql`attempted`)} as failure_rate,
  ${share(sql`coalesce(recovered, 0)`, sql`failed`)} as recovery_rate,
  ${rounded(sql`coalesce((
    select sum(delta) from overdue
    where overdue.currency = line.currency and (line.bucket is null or overdue.bucket <= line.bucket)
  ), 0)`)} as at_risk_minor,
  case when line.bucket is null then unconverted.amounts end as unconverted
from line
cross join unconverted
left join summed on summed.currency = line.currency and summed.bucket is not distinct from line.bucket
order by line.currency, line.bucket`,
  );
  return figuresOf(recovery.columns(question), found);
}

/** Not defined where there is nothing to have a part of, nor over several currencies. */
function share(part: SQL, whole: SQL): SQL {
  return sql`case when line.currency is not null then ${part} / nullif(${whole}, 0) end`;
}
