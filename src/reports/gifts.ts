// Gifts: payments one by one, the newest first, each with what became of it. Readers are named by id.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { prepare } from './prepared.ts';
import { giftsOf, takenBack } from './prepared-gifts.ts';
import type { Question } from './question.ts';
import {
  type Answered,
  answered,
  type Column,
  type Figures,
  givenPeriods,
  type Report,
  rowOf,
} from './report.ts';

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

/**
 * Gifts of the range, the newest first, `most` of them, after the gift `before` if one is named; the totals are of the whole
 * range. `returned_minor` is what refunds and disputes took back until now. A fee that Stripe has not told is in no total.
 */
async function readGifts(reads: Reads, asked: Question): Promise<Figures> {
  if (asked.before?.includes(':')) throw new Refusal(inField('before', fault('value-malformed')));
  const question = await prepare(reads, asked);
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), last_passed as (
  select paid_at, id from payments where id = ${question.before}::uuid
), newest as (
  select p.*
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and (given.only_currency is null or p.currency = given.only_currency)
  where ${question.before}::uuid is null or (p.paid_at, p.id) < (select paid_at, id from last_passed)
  order by p.paid_at desc, p.id desc
  limit ${question.most + 1}
), ${giftsOf(question)}, passed as (
  -- Counted only where a place in the list is named.
  select p.currency, count(*) as passed
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and (given.only_currency is null or p.currency = given.only_currency)
    and (p.paid_at, p.id) >= (select paid_at, id from last_passed)
  where ${question.before}::uuid is not null
  group by p.currency
)
select
  false as is_whole,
  null::bigint as gifts,
  null::bigint as passed,
  newest.paid_at as moment,
  to_char(newest.paid_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as paid_at,
  newest.id,
  newest.reader_id,
  newest.kind,
  newest.currency,
  newest.amount_minor,
  newest.fees_covered_minor,
  newest.fee_minor,
  coalesce((select sum(${takenBack}) from adjustments a where a.payment_id = newest.id), 0) as returned_minor,
  newest.article,
  newest.campaign,
  newest.component,
  newest.stripe_payment_intent_id
from newest
union all
select true, whole.gifts, coalesce(passed.passed, 0), null, null, null, null, null, whole.currency,
  whole.amount, whole.fees_covered, whole.fee, whole.returned, null, null, null, null
from whole
left join passed on passed.currency = whole.currency
order by is_whole, moment desc, id desc, currency`,
  );
  const list = found.filter((line) => line.is_whole === false).map((line) => rowOf(columns, line));
  const wholes = found.filter((line) => line.is_whole === true);
  const rows = list.slice(0, question.most);
  const passed = sumOf(wholes, 'passed');
  // Else the rows would begin at a place nobody can tell.
  if (question.before !== null && passed === 0)
    throw new Refusal(inField('before', fault('value-malformed')));
  const byCurrency = wholes.map((line) => rowOf(columns, line));
  return {
    rows,
    // Different currencies are never added.
    totals: byCurrency.length === 1 ? (byCurrency[0] ?? null) : rowOf(columns, {}),
    totalsByCurrency: byCurrency,
    unconverted: [],
    place: {
      count: sumOf(wholes, 'gifts'),
      passed,
      next: list.length > rows.length ? String(rows.at(-1)?.id) : null,
    },
  };
}

function sumOf(lines: readonly Answered[], name: string): number {
  return lines.reduce((sum, line) => sum + Number(line[name]), 0);
}
