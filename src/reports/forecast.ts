// Forecast: what the running promises will bring in each of the coming twelve months, and what is likely to stay of it (metric 20).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { addMonths } from '../values/calendar.ts';
import { monthOf } from '../values/period.ts';
import { leaving } from './leaving.ts';
import { figuresOf } from './moved.ts';
import { promised, rateAt } from './promised.ts';
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
 * the last six full months; not defined where that rate is not.
 */
async function readForecast(reads: Reads, question: Question): Promise<Figures> {
  const { months } = fullMonthsUpTo(question, [question.asOf]);
  const monthStarts = [...months.map(({ startsAt }) => startsAt), months.at(-1)?.endsAt ?? question.asOf];
  const { timeZone } = question.reckoning;
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${promised(question)}, piece as materialized (
  select 'months' as set_name,
    ${sql.param(monthStarts.map((at) => at.toISOString()))}::timestamptz[] as starts,
    ${months.length}::int as last
), ${leaving}, mean as (
  select currency, avg(rate) as rate from month_rate group by currency
), ending as (
  select distinct on (membership_id) membership_id, ending > 0 as is_ending
  from plan_step
  order by membership_id, at desc, looked_at desc
), plan as (
  select
    coalesce(given.reporting, m.currency) as currency,
    m.currency as own_currency,
    m.amount_minor,
    m."interval",
    date_trunc('month', m.period_ends_at at time zone ${timeZone})::date as next_month,
    ${rateAt(sql`m.reader_id`, sql`m.currency`, sql`given.starts_at`)} as rate
  from given
  join memberships m on m.standing in ('active', 'past_due') and m.reader_id is not null
    and (given.only_currency is null or m.currency = given.only_currency)
  join ending on ending.membership_id = m.id and not ending.is_ending
), due as (
  select plan.currency, plan.own_currency, period.bucket,
    sum(plan.amount_minor) as own_amount,
    sum(plan.amount_minor * plan.rate) as amount
  from plan
  join period on period.period::date >= plan.next_month
    and (plan."interval" = 'month' or extract(month from period.period::date) = extract(month from plan.next_month))
  group by plan.currency, plan.own_currency, period.bucket, plan.rate is null
), monthly as (
  select due.currency, due.bucket, sum(due.amount) as due, sum(due.amount) * power(1 - mean.rate, due.bucket) as expected
  from due
  left join mean on mean.currency = due.currency
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
    select own_currency, sum(own_amount) as amount from due where amount is null group by own_currency
  ) as by_currency
)
from line
group by currency
order by currency, bucket`,
  );
  return figuresOf(forecast.columns(question), found);
}
