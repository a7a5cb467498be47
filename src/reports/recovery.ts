// Recovery: regular payments whose first attempt failed, what of them was collected later, and what is at risk (metric 17).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { figuresOf } from './moved.ts';
import { promised, rateAt, rounded } from './promised.ts';
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
async function readRecovery(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${promised(question)}, attempt as (
  select
    p.paid_at as at,
    p.currency as own_currency,
    p.amount_minor,
    false as failed,
    true as collected,
    ${rateOfPayment} as rate
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at and p.kind <> 'once'
    and (given.only_currency is null or p.currency = given.only_currency)
  where not exists (select from payment_failures f where f.stripe_invoice_id = p.stripe_invoice_id)
    and not exists (select from payment_failures f where f.collected_by = p.id)
  union all
  select at, own_currency, amount_minor, true, collected_at is not null, rate from (${failedBills}) as bill
), summed as (
  select
    coalesce(given.reporting, own_currency) as currency,
    width_bucket(at, given.starts) as bucket,
    sum(amount_minor * rate) as attempted,
    sum(amount_minor * rate) filter (where failed) as failed,
    sum(amount_minor * rate) filter (where failed and collected) as recovered
  from given cross join attempt
  where rate is not null
  group by grouping sets (
    (coalesce(given.reporting, own_currency), width_bucket(at, given.starts)),
    (coalesce(given.reporting, own_currency))
  )
), overdue as (
  select currency, width_bucket(at, given.starts) as bucket, sum(overdue_delta) as delta
  from given cross join move
  group by 1, 2
), block as (
  select coalesce(given.reporting, given.only_currency) as currency from given
  where coalesce(given.reporting, given.only_currency) is not null
  union
  select currency from summed
  union
  select currency from overdue
  union
  select house_currency from given
  where given.reporting is null and given.only_currency is null
    and not exists (select from summed) and not exists (select from overdue)
), unconverted as (
  select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', amount) order by own_currency) as amounts
  from (
    select own_currency, sum(amount_minor) as amount from attempt where rate is null group by own_currency
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

const rateOfPayment = sql`case
      when given.reporting is null or p.currency = given.reporting then 1
      when p.settled_currency = given.reporting then p.settled_amount_minor::numeric / p.amount_minor
    end`;

/**
 * Every bill whose first attempt failed in the range of `given` (see report.ts): when, how much, when it was collected (null where
 * it was not) and its rate into the report's currency.
 */
export const failedBills = sql`
  select
    f.failed_at as at,
    f.currency as own_currency,
    f.amount_minor,
    p.paid_at as collected_at,
    coalesce(${rateOfPayment}, ${rateAt(sql`m.reader_id`, sql`f.currency`, sql`f.failed_at`)}) as rate
  from given
  join payment_failures f on f.failed_at >= given.starts_at and f.failed_at < given.ends_at
    and (given.only_currency is null or f.currency = given.only_currency)
  join memberships m on m.id = f.membership_id
  left join payments p on p.id = coalesce(
    f.collected_by, (select i.id from payments i where i.stripe_invoice_id = f.stripe_invoice_id)
  )
  where not exists (
    select from payment_failures e where e.stripe_invoice_id = f.stripe_invoice_id and e.attempt < f.attempt
  ) and (f.external_id is null or f.attempt = 1)`;

/** Not defined where there is nothing to have a part of, nor over several currencies. */
function share(part: SQL, whole: SQL): SQL {
  return sql`case when line.currency is not null then ${part} / nullif(${whole}, 0) end`;
}
