// Growth in giving: what each period has more than the one before, and what it lost (metric 14).
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
import { type Stretch, withNeighbours } from './stretch.ts';

const parts = ['previous', 'new', 'recaptured', 'upgraded', 'lapsed', 'downgraded', 'current'] as const;

const figures: readonly Column[] = [
  { name: 'period', kind: 'period' },
  ...parts.map((part) => ({ name: `${part}_minor`, kind: 'money' }) as const),
  ...parts.map((part) => ({ name: `${part}_donors`, kind: 'count' }) as const),
];

export const growth: Report = {
  name: 'growth',
  columns: (question) => inBlocks(figures, question),
  ranges: rangesBeside,
  read: readGrowth,
};

/**
 * Each supporter is one part of a period's gains or losses, or gave as much as before. A supporter who gave before, but not in
 * the period before, is recaptured. For the whole range the one before is the stretch of the same length before it.
 * Whoever gave in several currencies is, where each has a block, one supporter of the whole by what it came to in the house's currency.
 */
async function readGrowth(reads: Reads, question: Question): Promise<Figures> {
  const stretches = withoutNext(question);
  const comparison = await comparisonOf(
    reads,
    question,
    stretches,
    stretches.filter(({ number }) => number > 0),
  );
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${comparison}, summed as (
  select
    set_name,
    number,
    currency,
    sum(previous) as previous,
    ${gainOf('new')} as gained_new,
    ${gainOf('recaptured')} as recaptured,
    ${gainOf('upgraded')} as upgraded,
    -(${gainOf('lapsed')}) as lapsed,
    -(${gainOf('downgraded')}) as downgraded,
    sum(current) as current,
    sum(facts) filter (where part not in ('new', 'recaptured')) as previous_donors,
    ${countOf('new')} as new_donors,
    ${countOf('recaptured')} as recaptured_donors,
    ${countOf('upgraded')} as upgraded_donors,
    ${countOf('lapsed')} as lapsed_donors,
    ${countOf('downgraded')} as downgraded_donors,
    sum(facts) filter (where part <> 'lapsed') as current_donors
  from comparison
  where part <> 'unconverted'
  group by set_name, number, currency
), unconverted as (
  select jsonb_agg(jsonb_build_object('currency', currency, 'amount_minor', current) order by currency) as amounts
  from comparison
  where part = 'unconverted' and set_name = 'whole'
), shown as (
  select currency from comparison where part <> 'unconverted'
), block as (${blocksOf('shown')}
), line as (${comparedRows}
)
select
  line.period,
  line.currency,
  line.bucket,
  round(coalesce(previous, 0)) as previous_minor,
  round(coalesce(gained_new, 0)) as new_minor,
  round(coalesce(recaptured, 0)) as recaptured_minor,
  round(coalesce(upgraded, 0)) as upgraded_minor,
  round(coalesce(lapsed, 0)) as lapsed_minor,
  round(coalesce(downgraded, 0)) as downgraded_minor,
  round(coalesce(current, 0)) as current_minor,
  coalesce(previous_donors, 0) as previous_donors,
  coalesce(new_donors, 0) as new_donors,
  coalesce(recaptured_donors, 0) as recaptured_donors,
  coalesce(upgraded_donors, 0) as upgraded_donors,
  coalesce(lapsed_donors, 0) as lapsed_donors,
  coalesce(downgraded_donors, 0) as downgraded_donors,
  coalesce(current_donors, 0) as current_donors,
  case when line.bucket is null then unconverted.amounts end as unconverted
from line
cross join unconverted
left join summed on summed.set_name = line.set_name and summed.number = line.number
  and summed.currency is not distinct from line.currency
order by line.currency, line.bucket`,
  );
  return figuresOf(growth.columns(question), found);
}

/** What follows the range is no part of it. */
function withoutNext(question: Question): Stretch[] {
  const last = { periods: question.periods.length, whole: 1, months: 0 };
  return withNeighbours(question).filter(({ set, number }) => number <= last[set]);
}

function countOf(part: string): SQL {
  return sql`sum(facts) filter (where part = ${part})`;
}

function gainOf(part: string): SQL {
  return sql`sum(current - previous) filter (where part = ${part})`;
}
