// Churn: how many supporters and how much promised income left in each period, and what a supporter is worth (metrics 9–11).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { leaving, monthCuts, pieces } from './leaving.ts';
import { figuresOf } from './moved.ts';
import { prepare } from './prepared.ts';
import { leavingOf } from './prepared-promises.ts';
import { rounded } from './promised.ts';
import type { Question } from './question.ts';
import {
  answered,
  type Column,
  type Figures,
  givenPeriods,
  inBlocks,
  namedPeriods,
  type Report,
} from './report.ts';
import { fullMonthsUpTo, monthsOfMean } from './stretch.ts';

const figures: readonly Column[] = [
  { name: 'period', kind: 'period' },
  { name: 'active_at_start', kind: 'count' },
  { name: 'churned', kind: 'count' },
  { name: 'cancellations_requested', kind: 'count' },
  { name: 'supporter_churn_rate', kind: 'rate' },
  { name: 'gross_mrr_churn_rate', kind: 'rate' },
  { name: 'net_mrr_churn_rate', kind: 'rate' },
  { name: 'arpu_minor', kind: 'money' },
  { name: 'ltv_minor', kind: 'money' },
];

export const churn: Report = {
  name: 'churn',
  columns: (question) => inBlocks(figures, question),
  read: readChurn,
};

/**
 * Only who was active at a period's start can churn in it. The mean churn behind a supporter's lifetime value is that of the six
 * full months up to the row's month; a month still running is not full, so a closed row never moves.
 */
async function readChurn(reads: Reads, asked: Question): Promise<Figures> {
  const question = await prepare(reads, asked);
  const ends = [...question.periods, question.whole].map(({ endsAt }) => endsAt);
  const { months, lastOf } = fullMonthsUpTo(question, ends);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), piece as materialized (
  -- Three ways of cutting time. Number 0 is everything before; the last of the months is everything after them.
  ${pieces([
    { name: 'periods', cuts: question.periods },
    { name: 'whole', cuts: [question.whole] },
    { name: 'months', cuts: monthCuts(months), last: months.length },
  ])}
), ${leavingOf(question, [...question.periods, ...months])}, ${leaving}, last_month as (
  select number::int, last::int
  from unnest(${sql.param(lastOf)}::int[]) with ordinality as l(last, number)
), line as (
  select standing.*, period.period, period.bucket, last_month.last
  from standing
  join period on period.bucket = standing.number
  join last_month on last_month.number = standing.number
  where standing.set_name = 'periods'
  union all
  select standing.*, null, null, last_month.last
  from standing
  join last_month on last_month.number = ${lastOf.length}::int
  where standing.set_name = 'whole' and standing.number = 1
  union all
  -- The whole of several currencies: persons once, and no money.
  select null, 'whole', 1, churned, null, null, null, null, active, null, null, null, null from whole_counted
)
select
  line.period,
  line.currency,
  line.bucket,
  line.active_at_start,
  line.churned,
  coalesce(requested.people, 0) as cancellations_requested,
  line.churned::numeric / nullif(line.active_at_start, 0) as supporter_churn_rate,
  ${shareOfStart(sql`line.lost`)} as gross_mrr_churn_rate,
  ${shareOfStart(sql`(line.lost - line.gained)`)} as net_mrr_churn_rate,
  ${rounded(perSupporter)} as arpu_minor,
  ${rounded(sql`${perSupporter} / nullif(mean.rate, 0)`)} as ltv_minor,
  case when line.bucket is null then (
    select jsonb_agg(jsonb_build_object('currency', unrated.currency, 'amount_minor', ${rounded(sql`unrated.value`)})
      order by unrated.currency)
    from unrated
  ) end as unconverted
from line
left join requested on requested.currency is not distinct from line.currency
  and requested.number is not distinct from line.bucket
left join lateral (
  select avg(rate) as rate from month_rate
  where month_rate.currency = line.currency and month_rate.number > line.last - ${monthsOfMean}::int
    and month_rate.number <= line.last
) as mean on true
order by line.currency, line.bucket`,
  );
  return figuresOf(churn.columns(question), found);
}

/** Not defined where nothing was promised. */
function shareOfStart(part: SQL): SQL {
  return sql`case when line.at_start > 0.000001 then ${twelfths(part)} / ${twelfths(sql`line.at_start`)} end`;
}

/** True sums of promises are whole twelfths, which the decimals kept of them only come near to. */
function twelfths(exact: SQL): SQL {
  return sql`round(12 * ${exact}, 6)`;
}

const perSupporter = sql`${twelfths(sql`line.at_end`)} / (12 * nullif(line.active_at_end, 0))`;
