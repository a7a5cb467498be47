// Recovery times: how long it took until failed regular payments were collected (metric 17).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { figuresOf } from './moved.ts';
import { prepare } from './prepared.ts';
import { attemptsOf } from './prepared-attempts.ts';
import type { Question } from './question.ts';
import {
  answered,
  blocksOf,
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
 * bills. `totals.median_days` is the time that half of them needed at most, told to the hour that had begun; null where there are none.
 */
async function readRecoveryTimes(reads: Reads, asked: Question): Promise<Figures> {
  const question = await prepare(reads, asked);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), bound as (
  select within_days, number::int from unnest(${sql.param(bounds)}::int[]) with ordinality as each(within_days, number)
), ${attemptsOf(question)}, collected as (
  select
    currency,
    hours,
    1 + (select count(*) from bound where bound.within_days * 24 < hours)::int as number,
    sum(facts) as bills,
    sum(recovered) as amount
  from attempted
  where hours is not null and own_currency is null
  group by currency, hours
), ranked as (
  select currency, hours, sum(bills) as bills,
    sum(sum(bills)) over (partition by grouping(currency), currency order by hours) as upto,
    sum(sum(bills)) over (partition by grouping(currency), currency) as all_bills
  from collected
  group by grouping sets ((currency, hours), (hours))
), middle as (
  -- Of an even number the two in the middle, else the same one twice.
  select currency, avg(hours) / 24 as days
  from ranked
  join (values (1), (2)) as half(nth) on floor((all_bills + nth) / 2) > upto - bills and floor((all_bills + nth) / 2) <= upto
  group by currency
), summed as (
  select currency, number, sum(bills) as bills, sum(amount) as amount
  from collected
  group by grouping sets ((currency, number), (currency), ())
), block as (${blocksOf('collected')}
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
  select line.*, coalesce(summed.bills, 0) as bills, coalesce(summed.amount, 0) as amount,
    case when line.number is null then middle.days end as median
  from line
  left join middle on middle.currency is not distinct from line.currency
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
      select own_currency, sum(own_minor) as amount from attempted
      where hours is not null and own_currency is not null
      group by own_currency
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
