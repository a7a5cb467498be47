// Income: money received, given back, disputed and kept by fees, by period (metrics "Income (cash)").
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { blocks, figuresOf, lines, notConverted } from './moved.ts';
import { prepare } from './prepared.ts';
import { moneyOf } from './prepared-money.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, givenPeriods, namedPeriods, type Report } from './report.ts';

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
 * In a currency's block a first gift is the supporter's first in that currency; in the whole, and in the reporting currency,
 * their first of all.
 */
export async function readIncome(reads: Reads, asked: Question): Promise<Figures> {
  const question = await prepare(reads, asked);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${moneyOf(question, sql`null::text`)}, summed as (
  select
    currency,
    bucket,
    sum(payments) as payments,
    sum(gross) as gross,
    sum(fees_covered) as fees_covered,
    sum(refunds) as refunds,
    sum(disputes) as disputes,
    sum(fees) as fees,
    case when grouping(currency) = 1 then sum(first_gift_of_all) else sum(first_gift) end as first_gifts
  from judged
  group by grouping sets ((currency, bucket), (currency), ())
), unconverted as (${notConverted}
), block as (${blocks}
), line as (${lines}
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
  coalesce(first_gifts, 0) as first_gifts,
  coalesce(payments - first_gifts, 0) as repeat_gifts,
  unconverted.unconverted
from line
left join summed on coalesce(summed.currency, '') = coalesce(line.currency, '')
  and coalesce(summed.bucket, 0) = coalesce(line.bucket, 0)
left join unconverted on coalesce(unconverted.bucket, 0) = coalesce(line.bucket, 0)
order by line.currency, line.bucket`,
  );
  return figuresOf(columns, found);
}
