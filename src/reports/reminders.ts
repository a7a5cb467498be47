// Reminders: of those asked for in a period, how many came how far, and what they brought (metric 18).
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import {
  type Answered,
  answered,
  type Column,
  type Figures,
  givenPeriods,
  namedPeriods,
  type Report,
  type Row,
  rowOf,
  unconvertedOf,
} from './report.ts';

const columns: readonly Column[] = [
  { name: 'period', kind: 'period' },
  { name: 'source', kind: 'text' },
  { name: 'stage', kind: 'text' },
  { name: 'choice', kind: 'text' },
  { name: 'asked', kind: 'count' },
  { name: 'confirmed', kind: 'count' },
  { name: 'due', kind: 'count' },
  { name: 'sent', kind: 'count' },
  { name: 'opened', kind: 'count' },
  { name: 'gave', kind: 'count' },
  { name: 'net_minor', kind: 'money' },
];

export const reminders: Report = {
  name: 'reminders',
  usualCurrency: 'reporting',
  columns: () => columns,
  read: readReminders,
};

/**
 * A reminder belongs to the period in which it was asked for, with all its later steps, so that each step is a part of the one
 * before. Its source is the component that asked. It is due once its day has come and nobody had stopped it. Opened
 * and given count only by the reminder's own link; `net_minor` is what those gifts brought less what went back, in the
 * reporting currency unless another is asked for.
 */
async function readReminders(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), reminded as (
  select
    width_bucket(r.created_at, given.starts) as bucket,
    r.component as source,
    r.stage,
    r.choice,
    r.confirmed_at is not null or r.sent_at is not null as confirmed,
    r.sent_at is not null or r.state = 'late'
      or (r.state = 'waiting' and r.due_at <= ${question.asOf.toISOString()}::timestamptz) as due,
    r.sent_at is not null as sent,
    r.opened_at is not null or exists (select from checkouts c where c.reminder_id = r.id) as opened,
    given_through.gifts > 0 as gave,
    given_through.net,
    given_through.unconverted
  from given
  join reminders r on r.created_at >= given.starts_at and r.created_at < given.ends_at
  cross join lateral (
    select
      count(*) as gifts,
      sum(kept.amount_minor * case
        when given.reporting is null or p.currency = given.reporting then 1
        when p.settled_currency = given.reporting then p.settled_amount_minor::numeric / p.amount_minor
      end) as net,
      jsonb_agg(jsonb_build_object('currency', p.currency, 'amount_minor', kept.amount_minor)) filter (
        where p.currency <> given.reporting and p.settled_currency is distinct from given.reporting
      ) as unconverted
    from payments p
    cross join lateral (
      select p.amount_minor - coalesce(
        sum(case when a.kind in ('refund', 'dispute_withdrawn') then a.amount_minor else -a.amount_minor end), 0
      ) as amount_minor
      from adjustments a
      where a.payment_id = p.id
    ) as kept
    where p.reminder_id = r.id and (given.only_currency is null or p.currency = given.only_currency)
  ) as given_through
), summed as (
  select
    grouping(bucket, source, stage, choice) as part,
    bucket,
    source,
    stage,
    choice,
    count(*) as asked,
    count(*) filter (where confirmed) as confirmed,
    count(*) filter (where due) as due,
    count(*) filter (where sent) as sent,
    count(*) filter (where opened) as opened,
    count(*) filter (where gave) as gave,
    sum(net) as net
  from reminded
  group by grouping sets ((bucket, source, stage, choice), (bucket), (source), (stage), (choice), ())
), line as (
  select period.period, null as by, summed.*
  from period
  left join summed on summed.bucket = period.bucket and summed.part = 0
  union all
  select period.period, 'period', summed.*
  from period
  left join summed on summed.bucket = period.bucket and summed.part = ${byPart.period}
  union all
  select
    null,
    case summed.part
      when ${byPart.source} then 'source' when ${byPart.stage} then 'stage' when ${byPart.choice} then 'choice'
      else 'all'
    end,
    summed.*
  from summed
  where summed.part not in (0, ${byPart.period})
)
select
  period,
  by,
  by = 'all' as is_whole,
  source,
  stage,
  choice,
  coalesce(asked, 0) as asked,
  coalesce(confirmed, 0) as confirmed,
  coalesce(due, 0) as due,
  coalesce(sent, 0) as sent,
  coalesce(opened, 0) as opened,
  coalesce(gave, 0) as gave,
  round(coalesce(net, 0)) as net_minor,
  case when by = 'all' then (
    select jsonb_agg(jsonb_build_object('currency', currency, 'amount_minor', amount_minor) order by currency)
    from (
      select amount->>'currency' as currency, sum((amount->>'amount_minor')::numeric) as amount_minor
      from reminded cross join lateral jsonb_array_elements(reminded.unconverted) as amount
      group by 1
    ) as by_currency
  ) end as unconverted
from line
order by period, source nulls last, stage, choice, asked`,
  );
  const whole = found.find((line) => line.is_whole === true);
  return {
    rows: found.filter((line) => line.by === null).map((line) => rowOf(columns, line)),
    totals: whole ? rowOf(columns, whole) : null,
    totalsByCurrency: [],
    unconverted: unconvertedOf(whole?.unconverted),
    ways: found.flatMap((line) => (line.by === null || line === whole ? [] : [wayOf(line)])),
  };
}

/** Which grouping a line is of, as Postgres numbers them: a bit for each of bucket, source, stage and choice that is summed over. */
const byPart = { period: 0b0111, source: 0b1011, stage: 0b1101, choice: 0b1110 };

/** The same counts by one thing alone: which, its name, and the counts. */
function wayOf(line: Answered): Row {
  const {
    period: _period,
    source: _source,
    stage: _stage,
    choice: _choice,
    ...counts
  } = rowOf(columns, line);
  const by = String(line.by);
  const name = line[by];
  return { by, name: typeof name === 'string' ? name : null, ...counts };
}
