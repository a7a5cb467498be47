// Forecast: what the running promises will bring in each of the coming twelve months, and what is likely to stay of it (metric 20).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { addMonths } from '../values/calendar.ts';
import { monthOf } from '../values/period.ts';
import { leaving, monthCuts, pieces } from './leaving.ts';
import { figuresOf } from './moved.ts';
import { prepare } from './prepared.ts';
import { leavingOf } from './prepared-promises.ts';
import { ask, type Question } from './question.ts';
import {
  answered,
  type Column,
  type Figures,
  givenPeriods,
  inBlocks,
  namedPeriods,
  type Report,
} from './report.ts';
import { fullMonthsUpTo } from './stretch.ts';

const figures: readonly Column[] = [
  { name: 'period', kind: 'period' },
  { name: 'due_minor', kind: 'money' },
  { name: 'expected_minor', kind: 'money' },
];

export const forecast: Report = {
  name: 'forecast',
  suits: comingMonths,
  columns: (question) => inBlocks(figures, question),
  read: readForecast,
};

/** Whatever days are asked for: the twelve months after this one. */
function comingMonths(question: Question): Question {
  const { asOf, reckoning } = question;
  const from = addMonths(monthOf(asOf, reckoning.timeZone), 1);
  return ask({ ...question, from, to: addMonths(from, 12), by: 'month' }, reckoning, asOf);
}

/**
 * Due are the payments that running gifts make in each month if nothing changes: a monthly gift every month, a yearly one in its
 * month, none that is paused or set to end. Expected is what stays of them if supporters leave every month at the mean rate of
 * the last six full months; not defined where that rate is not. In the reporting currency a plan is worth what it is at its
 * supporter's latest rate.
 */
async function readForecast(reads: Reads, asked: Question): Promise<Figures> {
  const question = await prepare(reads, asked);
  const { months } = fullMonthsUpTo(question, [question.asOf]);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), piece as materialized (${pieces([{ name: 'months', cuts: monthCuts(months), last: months.length }])}
), ${leavingOf(question, months)}, ${leaving}, mean as (
  select currency, avg(rate) as rate from month_rate group by currency
), due as (
  select plan.currency, plan.own_currency, plan.is_unrated, period.bucket, sum(plan.amount) as amount
  from due_plan as plan
  join period on period.period::date >= plan.next_month
    and (plan.every = 'month' or extract(month from period.period::date) = extract(month from plan.next_month))
  group by plan.currency, plan.own_currency, plan.is_unrated, period.bucket
), monthly as (
  select due.currency, due.bucket, sum(due.amount) as due, sum(due.amount) * power(1 - mean.rate, due.bucket) as expected
  from due
  left join mean on mean.currency = due.currency
  where not due.is_unrated
  group by due.currency, due.bucket, mean.rate
), line as (
  select block.currency, period.bucket, period.period,
    coalesce(monthly.due, 0) as due,
    case when mean.rate is not null then coalesce(monthly.expected, 0) end as expected
  from block
  cross join period
  left join mean on mean.currency = block.currency
  left join monthly on monthly.currency = block.currency and monthly.bucket = period.bucket
)
select period, currency, bucket, round(due) as due_minor, round(round(expected, 6)) as expected_minor, null as unconverted
from line
union all
select null, currency, null, round(sum(due)), round(round(sum(expected), 6)), (
  select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', amount) order by own_currency)
  from (
    select own_currency, sum(amount) as amount from due where is_unrated group by own_currency
  ) as by_currency
)
from line
group by currency
order by currency, bucket`,
  );
  return figuresOf(forecast.columns(question), found);
}
