// Retention: of those who gave in a period, how many gave again in the next one (metric 12).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { comparedRows } from './compared.ts';
import { figuresOf } from './moved.ts';
import { comparisonOf, rangesBeside } from './prepared-comparisons.ts';
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
import { stretchRows, withNeighbours } from './stretch.ts';

const figures: readonly Column[] = [
  { name: 'period', kind: 'period' },
  { name: 'donors', kind: 'count' },
  { name: 'retained', kind: 'count' },
  { name: 'rate', kind: 'rate' },
  { name: 'new_donors', kind: 'count' },
  { name: 'new_retained', kind: 'count' },
  { name: 'new_rate', kind: 'rate' },
  { name: 'repeat_donors', kind: 'count' },
  { name: 'repeat_retained', kind: 'count' },
  { name: 'repeat_rate', kind: 'rate' },
];

export const retention: Report = {
  name: 'retention',
  columns: (question) => inBlocks(figures, question),
  ranges: rangesBeside,
  read: readRetention,
};

/**
 * The next period is looked at beyond the range too; a rate is told once it has ended. For the whole range the next one is the
 * stretch of the same length after it.
 */
async function readRetention(reads: Reads, question: Question): Promise<Figures> {
  const stretches = withNeighbours(question).filter(({ number }) => number > 0);
  const comparison = await comparisonOf(
    reads,
    question,
    stretches,
    stretches.filter(({ number }) => number > 1),
  );
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), stretch as materialized (${stretchRows(stretches)}
), ${comparison}, counted as (
  select
    set_name,
    number - 1 as number,
    currency,
    sum(facts) as donors,
    sum(facts) filter (where part <> 'lapsed') as retained,
    coalesce(sum(facts) filter (where was_new), 0) as new_donors,
    coalesce(sum(facts) filter (where was_new and part <> 'lapsed'), 0) as new_retained,
    coalesce(sum(facts) filter (where not was_new), 0) as repeat_donors,
    coalesce(sum(facts) filter (where not was_new and part <> 'lapsed'), 0) as repeat_retained
  from comparison
  where part in ('same', 'upgraded', 'downgraded', 'lapsed')
  group by set_name, number, currency
), shown as (
  select currency from comparison where part <> 'unconverted'
), block as (${blocksOf('shown')}
), line as (${comparedRows}
)
select
  line.period,
  line.currency,
  line.bucket,
  coalesce(donors, 0) as donors,
  coalesce(retained, 0) as retained,
  ${rate(sql`coalesce(retained, 0)`, sql`donors`)} as rate,
  coalesce(new_donors, 0) as new_donors,
  coalesce(new_retained, 0) as new_retained,
  ${rate(sql`new_retained`, sql`new_donors`)} as new_rate,
  coalesce(repeat_donors, 0) as repeat_donors,
  coalesce(repeat_retained, 0) as repeat_retained,
  ${rate(sql`repeat_retained`, sql`repeat_donors`)} as repeat_rate
from line
join stretch next on next.set_name = line.set_name and next.number = line.number + 1
cross join (select ${question.asOf.toISOString()}::timestamptz as as_of) as clock
left join counted on counted.set_name = line.set_name and counted.number = line.number
  and counted.currency is not distinct from line.currency
order by line.currency, line.bucket`,
  );
  return figuresOf(retention.columns(question), found);
}

/** Not defined without givers, nor before the next period has ended. */
function rate(part: SQL, whole: SQL): SQL {
  return sql`case when next.ends_at <= clock.as_of then ${part}::numeric / nullif(${whole}, 0) end`;
}
