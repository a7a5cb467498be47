// Sources: which articles, campaigns, asks and kinds of gift brought what (metric 19).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { moneyMoved, wholeNotConverted } from './moved.ts';
import { rateAt, rounded } from './promised.ts';
import type { Breakdown, Question } from './question.ts';
import {
  type Answered,
  answered,
  type Column,
  type Figures,
  givenPeriods,
  type Report,
  rowOf,
  unconvertedOf,
} from './report.ts';

const key: Column = { name: 'key', kind: 'text' };
const figures: readonly Column[] = [
  { name: 'payments', kind: 'count' },
  { name: 'donors', kind: 'count' },
  { name: 'gross_minor', kind: 'money' },
  { name: 'net_minor', kind: 'money' },
  { name: 'new_members', kind: 'count' },
  { name: 'mrr_minor', kind: 'money' },
];

export const sources: Report = {
  name: 'sources',
  // Where several currencies have a block each, a row says which it belongs to.
  columns: ({ currency }) => [
    key,
    ...(currency === null ? [{ name: 'currency', kind: 'currency' as const }] : []),
    ...figures,
  ],
  read: readSources,
};

/**
 * What is not attributed is the row whose key is null. A refund belongs to its payment's source, on its own date. `mrr_minor` is
 * the promised income at the range's end of memberships that came that way, `new_members` are supporters whose first
 * membership began in the range. In the reporting currency a promise is worth what it is in the mrr report.
 */
async function readSources(reads: Reads, question: Question): Promise<Figures> {
  const columns = sources.columns(question);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), moved as (${moneyMoved(keyOfPayment[question.of])}
), plan as (
  select distinct on (l.membership_id)
    m.id,
    m.reader_id,
    l.currency as own_currency,
    coalesce(given.reporting, l.currency) as currency,
    ${keyOfMembership[question.of]} as key,
    l.started_at,
    case when l.standing in ('active', 'past_due') and (m.ended_at is null or m.ended_at >= given.ends_at)
      then l.amount_minor / case when l."interval" = 'year' then 12::numeric else 1 end else 0 end as monthly
  from given
  join membership_looks l on l.looked_at < given.ends_at
    and (given.only_currency is null or l.currency = given.only_currency)
  join memberships m on m.id = l.membership_id and m.reader_id is not null
  where exists (
    select from membership_looks o
    where o.membership_id = l.membership_id and o.standing in ('active', 'past_due', 'paused')
  )
  order by l.membership_id, l.looked_at desc, l.rank desc,
    exists (
      select from membership_looks o
      where o.membership_id = l.membership_id and o.looked_at = l.looked_at and o.rank = l.rank
        and o.replaced = l.digest and o.digest <> l.digest
    ),
    l.digest desc
), first_plan as (
  select distinct on (reader_id, case when given.reporting is null then own_currency end) plan.*
  from given cross join plan
  order by reader_id, case when given.reporting is null then own_currency end, started_at, id
), fact as (
  select currency, key, payment_id, case when payment_id is not null then reader_id end as donor_id,
    gross, coalesce(gross, 0) - coalesce(refunds, 0) - coalesce(disputes, 0) - coalesce(fees, 0) as net,
    null::uuid as new_member_id, 0::numeric as mrr
  from moved
  union all
  select first_plan.currency, key, null, null, 0, 0, reader_id, 0
  from given
  join first_plan on first_plan.started_at >= given.starts_at and first_plan.started_at < given.ends_at
  union all
  select plan.currency, key, null, null, 0, 0, null, monthly * rate.rate
  from given
  join plan on plan.monthly > 0
  cross join lateral (
    select ${rateAt(sql`plan.reader_id`, sql`plan.own_currency`, sql`given.ends_at`)} as rate
  ) as rate
)
select
  key,
  currency,
  grouping(key) as is_whole_block,
  grouping(currency) as is_whole,
  count(payment_id) as payments,
  count(distinct donor_id) as donors,
  round(coalesce(sum(gross), 0)) as gross_minor,
  round(coalesce(sum(net), 0)) as net_minor,
  count(distinct new_member_id) as new_members,
  ${rounded(sql`coalesce(sum(mrr), 0)`)} as mrr_minor,
  case when grouping(currency) = 1 then ${wholeNotConverted} end as unconverted
from fact
group by grouping sets ((currency, key), (currency), ())
order by currency, sum(gross) desc nulls last, key nulls last`,
  );
  const isRow = (line: Answered) => line.is_whole_block === 0 && line.is_whole === 0;
  const byCurrency = found.filter((line) => line.is_whole_block === 1 && line.is_whole === 0);
  const whole = found.find((line) => line.is_whole === 1) ?? {};
  const isOne = byCurrency.length <= 1;
  return {
    rows: found.filter(isRow).map((line) => rowOf(columns, line)),
    totals: rowOf(
      columns,
      isOne ? { ...whole, currency: byCurrency[0]?.currency } : withoutMoney(columns, whole),
    ),
    totalsByCurrency: byCurrency.map((line) => rowOf(columns, line)),
    unconverted: unconvertedOf(whole.unconverted),
  };
}

function withoutMoney(columns: readonly Column[], line: Answered): Answered {
  return Object.fromEntries(
    columns.filter((column) => column.kind !== 'money').map((column) => [column.name, line[column.name]]),
  );
}

const keyOfPayment: Record<Breakdown, SQL> = {
  article: sql`p.article`,
  campaign: sql`p.campaign`,
  component: sql`p.component`,
  referrer: sql`p.referrer`,
  country: sql`p.country`,
  currency: sql`p.currency`,
  method: sql`p.method`,
  kind: sql`p.kind`,
};

/** Country and method are told by payments: a membership's are those of its newest one before the range's end. */
function ofNewestPayment(column: SQL): SQL {
  return sql`(
      select ${column} from payments p
      where p.membership_id = m.id and p.paid_at < given.ends_at and ${column} is not null
      order by p.paid_at desc, p.id desc
      limit 1
    )`;
}

const keyOfMembership: Record<Breakdown, SQL> = {
  article: sql`m.article`,
  campaign: sql`m.campaign`,
  component: sql`m.component`,
  referrer: sql`m.referrer`,
  country: ofNewestPayment(sql`p.country`),
  currency: sql`l.currency`,
  method: ofNewestPayment(sql`p.method`),
  kind: sql`l."interval"`,
};
