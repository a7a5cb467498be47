// Gifts: the newest payments one by one, each with what became of it. Readers are named by id.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, givenPeriods, type Report, rowOf } from './report.ts';

const columns: readonly Column[] = [
  { name: 'paid_at', kind: 'instant' },
  { name: 'id', kind: 'id' },
  { name: 'reader_id', kind: 'id' },
  { name: 'kind', kind: 'text' },
  { name: 'currency', kind: 'currency' },
  { name: 'amount_minor', kind: 'money' },
  { name: 'fees_covered_minor', kind: 'money' },
  { name: 'fee_minor', kind: 'money' },
  { name: 'returned_minor', kind: 'money' },
  { name: 'article', kind: 'text' },
  { name: 'campaign', kind: 'text' },
  { name: 'component', kind: 'text' },
  { name: 'stripe_payment_intent_id', kind: 'id' },
];

export const gifts: Report = { name: 'gifts', columns: () => columns, read: readGifts };

/** Gifts of the range, the newest first, `most` of them. `returned_minor` is what refunds and disputes took back until now. */
async function readGifts(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), newest as (
  select p.*
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and (given.only_currency is null or p.currency = given.only_currency)
  order by p.paid_at desc, p.id desc
  limit ${question.most}
)
select
  to_char(newest.paid_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as paid_at,
  newest.id,
  newest.reader_id,
  newest.kind,
  newest.currency,
  newest.amount_minor,
  newest.fees_covered_minor,
  newest.fee_minor,
  coalesce((
    select sum(case when a.kind in ('refund', 'dispute_withdrawn') then a.amount_minor else -a.amount_minor end)
    from adjustments a
    where a.payment_id = newest.id
  ), 0) as returned_minor,
  newest.article,
  newest.campaign,
  newest.component,
  newest.stripe_payment_intent_id
from newest
order by newest.paid_at desc, newest.id desc`,
  );
  return {
    rows: found.map((line) => rowOf(columns, line)),
    totals: null,
    totalsByCurrency: [],
    unconverted: [],
  };
}
