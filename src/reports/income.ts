// Income: money received, given back, disputed and kept by fees, by period (metrics "Income (cash)").
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import {
  answered,
  type Column,
  type Figures,
  givenPeriods,
  namedPeriods,
  type Report,
  rowOf,
} from './report.ts';

const columns: readonly Column[] = [
  { name: 'period', kind: 'period' },
  { name: 'currency', kind: 'currency' },
  { name: 'payments', kind: 'count' },
  { name: 'gross_minor', kind: 'money' },
  { name: 'fees_covered_minor', kind: 'money' },
  { name: 'refunds_minor', kind: 'money' },
  { name: 'disputes_minor', kind: 'money' },
  { name: 'fees_minor', kind: 'money' },
  { name: 'net_minor', kind: 'money' },
  { name: 'first_gifts', kind: 'count' },
  { name: 'repeat_gifts', kind: 'count' },
  { name: 'unconverted', kind: 'unconverted' },
];

export const income: Report = { name: 'income', columns: () => columns, read: readIncome };

/**
 * A payment counts at the instant it succeeded, a refund and a dispute's step at their own. In the reporting currency each is
 * taken at its own balance transaction, a refund without one at its payment's rate; what has neither is "unconverted": what
 * was received less what went back, in its own currency. A fee belongs to the instant of what it was taken for; one that
 * Stripe has not told yet counts as nothing until it does.
 */
export async function readIncome(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), moved as (
  select
    width_bucket(p.paid_at, given.starts) as bucket,
    coalesce(given.reporting, p.currency) as currency,
    p.currency as own_currency,
    p.amount_minor as own_minor,
    1 as payments,
    case
      when given.reporting is null or p.currency = given.reporting then p.amount_minor
      when p.settled_currency = given.reporting then p.settled_amount_minor
    end as gross,
    case
      when given.reporting is null or p.currency = given.reporting then p.fees_covered_minor
      when p.settled_currency = given.reporting
        then p.fees_covered_minor::numeric * p.settled_amount_minor / p.amount_minor
    end as fees_covered,
    0::numeric as refunds,
    0::numeric as disputes,
    case
      when given.reporting is null or p.currency = given.reporting then p.fee_minor
      when p.settled_currency = given.reporting then p.settled_fee_minor
    end as fees,
    case when exists (
      select from payments e
      where e.reader_id = p.reader_id and (e.paid_at, e.id) < (p.paid_at, p.id)
        and (given.reporting is not null or e.currency = p.currency)
    ) then 0 else 1 end as first_gift,
    case when given.reporting is null and exists (
      select from payments e
      where e.reader_id = p.reader_id and (e.paid_at, e.id) < (p.paid_at, p.id)
        and (given.only_currency is null or e.currency = given.only_currency)
    ) then 0 else 1 end as first_gift_of_all
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and (given.only_currency is null or p.currency = given.only_currency)
  union all
  select
    width_bucket(a.happened_at, given.starts),
    coalesce(given.reporting, a.currency),
    a.currency,
    -taken.direction * a.amount_minor,
    0,
    case when taken.value is not null then 0 end,
    0,
    case when a.kind in ('refund', 'refund_failed') then taken.direction * taken.value else 0 end,
    case when a.kind in ('dispute_withdrawn', 'dispute_reinstated') then taken.direction * taken.value else 0 end,
    case
      when given.reporting is null or a.currency = given.reporting then a.fee_minor
      when a.settled_currency = given.reporting then a.settled_fee_minor
    end,
    0,
    0
  from given
  join adjustments a on a.happened_at >= given.starts_at and a.happened_at < given.ends_at
    and (given.only_currency is null or a.currency = given.only_currency)
  join payments p on p.id = a.payment_id
  cross join lateral (
    select
      case when a.kind in ('refund', 'dispute_withdrawn') then 1 else -1 end as direction,
      case
        when given.reporting is null or a.currency = given.reporting then a.amount_minor
        when a.settled_currency = given.reporting then abs(a.settled_amount_minor)
        when p.settled_currency = given.reporting
          then a.amount_minor::numeric * p.settled_amount_minor / p.amount_minor
      end as value
  ) as taken
), summed as (
  select
    currency,
    bucket,
    sum(payments) as payments,
    sum(gross) as gross,
    sum(fees_covered) as fees_covered,
    sum(refunds) as refunds,
    sum(disputes) as disputes,
    sum(fees) as fees,
    sum(first_gift) as first_gifts,
    sum(first_gift_of_all) as first_gifts_of_all
  from moved
  group by grouping sets ((currency, bucket), (currency), ())
), unconverted as (
  select bucket, jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', own_minor)
    order by own_currency) as unconverted
  from (
    select bucket, own_currency, sum(own_minor) as own_minor
    from moved
    where gross is null
    group by grouping sets ((bucket, own_currency), (own_currency))
  ) as by_currency
  group by bucket
), block as (
  select coalesce(given.reporting, given.only_currency) as currency from given
  where coalesce(given.reporting, given.only_currency) is not null
  union
  select currency from moved
  union
  select house_currency from given
  where given.reporting is null and given.only_currency is null and not exists (select from moved)
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
  coalesce(payments, 0) as payments,
  round(coalesce(gross, 0)) as gross_minor,
  round(coalesce(fees_covered, 0)) as fees_covered_minor,
  round(coalesce(refunds, 0)) as refunds_minor,
  round(coalesce(disputes, 0)) as disputes_minor,
  round(coalesce(fees, 0)) as fees_minor,
  round(coalesce(gross, 0) - coalesce(refunds, 0) - coalesce(disputes, 0) - coalesce(fees, 0)) as net_minor,
  coalesce(case when line.currency is null then first_gifts_of_all else first_gifts end, 0) as first_gifts,
  coalesce(payments - case when line.currency is null then first_gifts_of_all else first_gifts end, 0) as repeat_gifts,
  unconverted.unconverted
from line
left join summed on coalesce(summed.currency, '') = coalesce(line.currency, '')
  and coalesce(summed.bucket, 0) = coalesce(line.bucket, 0)
left join unconverted on coalesce(unconverted.bucket, 0) = coalesce(line.bucket, 0)
order by line.currency, line.bucket`,
  );
  return figuresOf(columns, found);
}

/** Sorts the lines of a statement into rows, each currency's whole range, and the whole. */
export function figuresOf(these: readonly Column[], found: Record<string, unknown>[]): Figures {
  const rows = found.filter((line) => line.bucket !== null).map((line) => rowOf(these, line));
  const byCurrency = found
    .filter((line) => line.bucket === null && line.currency !== null)
    .map((line) => rowOf(these, line));
  const whole = found.find((line) => line.bucket === null && line.currency === null);
  const [only] = byCurrency;
  if (!whole || (only && byCurrency.length === 1))
    return { rows, totals: only ?? null, totalsByCurrency: byCurrency };
  // Different currencies are never added: of the whole only what is counted stands.
  const counts = these.map((column) => [column.name, column.kind === 'money' ? null : whole[column.name]]);
  return { rows, totals: rowOf(these, Object.fromEntries(counts)), totalsByCurrency: byCurrency };
}
