// Disputes: payments that a cardholder contests or a bank reports as fraud, what is to be done about each and until when, the most urgent first.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, type Report, rowOf } from './report.ts';

const columns: readonly Column[] = [
  { name: 'answer_by', kind: 'instant' },
  { name: 'dispute_state', kind: 'text' },
  { name: 'reason', kind: 'text' },
  { name: 'currency', kind: 'currency' },
  { name: 'amount_minor', kind: 'money' },
  { name: 'opened_at', kind: 'instant' },
  { name: 'reader_id', kind: 'id' },
  { name: 'stripe_dispute_id', kind: 'id' },
  { name: 'stripe_payment_intent_id', kind: 'id' },
];

export const disputes: Report = { name: 'disputes', columns: () => columns, read: readDisputes };

/** As things stand now, whatever days are asked for: all that wait for an answer, a look or a decision, and what was decided within a year. */
async function readDisputes(reads: Reads, { asOf, most }: Question): Promise<Figures> {
  const now = sql`${asOf.toISOString()}::timestamptz`;
  const iso = (name: string) =>
    sql`to_char(${sql.identifier(name)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const found = await answered(
    reads,
    sql`
select ${iso('answer_by')} as answer_by, dispute_state, reason, currency, amount_minor, ${iso('opened_at')} as opened_at,
  reader_id, stripe_dispute_id, stripe_payment_intent_id
from (
  select
    case when state.name in ('to-answer', 'to-weigh') then d.answer_by end as answer_by,
    state.name as dispute_state,
    state.place,
    d.reason,
    d.currency,
    d.amount_minor,
    d.opened_at,
    p.reader_id,
    d.stripe_dispute_id,
    p.stripe_payment_intent_id
  from disputes d
  join payments p on p.id = d.payment_id
  cross join lateral (values (case
    when d.status = 'needs_response' and not d.answered and d.answer_by > ${now} then 'to-answer'
    when d.status = 'warning_needs_response' and not d.answered and d.answer_by > ${now} then 'to-weigh'
    when d.status in ('needs_response', 'warning_needs_response') and not d.answered then 'too-late'
    when d.status in ('won', 'warning_closed', 'prevented') then 'won'
    when d.status = 'lost' then 'lost'
    else 'at-the-bank'
  end)) as named(name)
  cross join lateral (values (named.name, array_position(
    array['to-answer', 'to-weigh', 'reported', 'at-the-bank', 'too-late', 'lost', 'won'], named.name
  ))) as state(name, place)
  where d.step < 3 or d.opened_at > ${now} - interval '1 year'
  union all
  select null, 'reported', 3, w.fraud_type, p.currency, p.amount_minor, w.warned_at, p.reader_id, w.stripe_warning_id,
    p.stripe_payment_intent_id
  from fraud_warnings w
  join payments p on p.id = w.payment_id
  where w.actionable
) as told
order by told.place, told.answer_by, told.opened_at desc, stripe_dispute_id
limit ${most}`,
  );
  return {
    rows: found.map((line) => rowOf(columns, line)),
    totals: null,
    totalsByCurrency: [],
    unconverted: [],
  };
}
