// Giving: gross income by how often it is given, for the desk's chart and the table under it.
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
  { name: 'once_minor', kind: 'money' },
  { name: 'month_minor', kind: 'money' },
  { name: 'year_minor', kind: 'money' },
  { name: 'gross_minor', kind: 'money' },
  { name: 'unconverted', kind: 'unconverted' },
];

export const giving: Report = { name: 'giving', columns: () => columns, read: readGiving };

/** The same gross as income's, in three parts that add up to it. */
async function readGiving(reads: Reads, asked: Question): Promise<Figures> {
  const question = await prepare(reads, asked);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), ${moneyOf(question, sql`p.kind`)}, summed as (
  select
    currency,
    bucket,
    sum(gross) filter (where key = 'once') as once,
    sum(gross) filter (where key = 'month') as monthly,
    sum(gross) filter (where key = 'year') as yearly,
    sum(gross) as gross
  from moved
  group by grouping sets ((currency, bucket), (currency))
), unconverted as (${notConverted}
), block as (${blocks}
), line as (${lines}
)
select
  line.period,
  line.currency,
  line.bucket,
  coalesce(once, 0) as once_minor,
  coalesce(monthly, 0) as month_minor,
  coalesce(yearly, 0) as year_minor,
  coalesce(gross, 0) as gross_minor,
  unconverted.unconverted
from line
left join summed on summed.currency = line.currency and coalesce(summed.bucket, 0) = coalesce(line.bucket, 0)
left join unconverted on coalesce(unconverted.bucket, 0) = coalesce(line.bucket, 0)
order by line.currency, line.bucket`,
  );
  return figuresOf(columns, found);
}
