// Recovery times: how long it took until failed regular payments were collected (metric 17).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { figuresOf } from './moved.ts';
import type { Question } from './question.ts';
import { failedBills } from './recovery.ts';
import {
  answered,
  type Column,
  type Figures,
  givenPeriods,
  inBlocks,
  type Report,
  type Row,
} from './report.ts';

const figures: readonly Column[] = [
  { name: 'within_days', kind: 'text' },
  { name: 'bills', kind: 'count' },
  { name: 'recovered_minor', kind: 'money' },
  { name: 'share', kind: 'rate' },
  { name: 'share_so_far', kind: 'rate' },
];

export const recoveryTimes: Report = {
  name: 'recovery-times',
  columns: (question) => inBlocks(figures, question),
  read: readRecoveryTimes,
};

/**
 * Of the bills that failed at first in the range and were collected since, each in the first row whose days it needed, from the
 * first attempt to the payment; `within_days` of the last row is null. The money sums to the recovery report's. Shares are of
 * bills. `totals.median_days` is the time that half of them needed at most; null where there are none.
 */
async function readRecoveryTimes(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), bound as (
  select within_days, number::int from unnest(${sql.param(bounds)}::int[]) with ordinality as each(within_days, number)
), collected as (
  select
    coalesce(given.reporting, own_currency) as currency,
    own_currency,
    amount_minor,
    rate,
    extract(epoch from collected_at - at) / 86400 as days
  from given cross join (${failedBills}) as bill
  where collected_at is not null
), placed as (
  select *, 1 + (select count(*) from bound where bound.within_days < days)::int as number
  from collected
  where rate is not null
), summed as (
  select currency, number, count(*) as bills, sum(amount_minor * rate) as amount,
    percentile_cont(0.5) within group (order by days::float8) as median
  from placed
  group by grouping sets ((currency, number), (currency), ())
), block as (
  select coalesce(given.reporting, given.only_currency) as currency from given
  where coalesce(given.reporting, given.only_currency) is not null
  union
  select currency from placed
  union
  select house_currency from given
  where given.reporting is null and given.only_currency is null and not exists (select from placed)
), line as (
  select block.currency, step.number, bound.within_days
  from block
  cross join generate_series(1, ${bounds.length + 1}::int) as step(number)
  left join bound on bound.number = step.number
  union all
  select currency, null, null from block
  union all
  select null, null, null
), told as (
  select line.*, coalesce(summed.bills, 0) as bills, coalesce(summed.amount, 0) as amount, summed.median
  from line
  left join summed on summed.currency is not distinct from line.currency
    and summed.number is not distinct from line.number
)
select
  told.within_days,
  told.currency,
  told.number as bucket,
  told.bills,
  round(told.amount) as recovered_minor,
  told.bills::numeric / nullif(whole.bills, 0) as share,
  sum(told.bills) over (partition by told.currency, told.number is null order by told.number) / nullif(whole.bills, 0)
    as share_so_far,
  round(told.median::numeric, 4) as median_days,
  case when told.number is null then (
    select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', amount) order by own_currency)
    from (
      select own_currency, sum(amount_minor) as amount from collected where rate is null group by own_currency
    ) as unrated
  ) end as unconverted
from told
join told as whole on whole.number is null and whole.currency is not distinct from told.currency
order by told.currency, told.number`,
  );
  const whole = figuresOf([...recoveryTimes.columns(question), median], found);
  return { ...whole, rows: whole.rows.map(stepOf) };
}

/** Only the whole has a median; a row's days are a number. */
function stepOf({ median_days: _median, ...row }: Row): Row {
  return { ...row, within_days: row.within_days === null ? null : Number(row.within_days) };
}

const median: Column = { name: 'median_days', kind: 'rate' };

/** Stripe tries again for about two weeks; what comes later was paid by the reader's own doing. */
const bounds = [1, 3, 7, 14];
