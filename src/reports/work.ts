// Work: whether what happens unasked keeps up: Stripe's events, fees to be learnt, reminders and letters.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, type Report, rowOf } from './report.ts';

const columns: readonly Column[] = [
  { name: 'work', kind: 'text' },
  { name: 'waiting', kind: 'count' },
  { name: 'oldest_waiting_s', kind: 'seconds' },
  { name: 'given_up', kind: 'count' },
  { name: 'last_done_at', kind: 'instant' },
];

export const work: Report = { name: 'work', columns: () => columns, read: readWork };

/**
 * How things stand now, whatever days are asked for. Waiting is what is due; `oldest_waiting_s` since when, in seconds. Given up:
 * events until somebody replays them; letters and reminders of the last thirty days that could not be sent.
 */
async function readWork(reads: Reads, { asOf }: Question): Promise<Figures> {
  const now = sql`${asOf.toISOString()}::timestamptz`;
  const found = await answered(
    reads,
    sql`
select work, waiting, floor(extract(epoch from ${now} - oldest)) as oldest_waiting_s, given_up,
  to_char(last_done_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last_done_at
from (
  select 1 as place, 'stripe_events' as work, waiting.*,
    (select count(*) from stripe_events where state = 'dead') as given_up,
    (select max(done_at) from (
      select done_at from stripe_events where state = 'done' order by received_at desc limit 100
    ) as newest) as last_done_at
  from (
    select count(*) as waiting, min(due_at) as oldest from stripe_events where state = 'waiting' and due_at <= ${now}
  ) as waiting
  union all
  select 2, 'fees', waiting.*, 0,
    (select max(settled_at) from (select settled_at from payments order by paid_at desc limit 100) as newest)
  from (
    select count(*) as waiting, min(due_at) as oldest
    from (
      select settle_due_at as due_at from payments where settled_at is null and settle_due_at <= ${now}
      union all
      select settle_due_at from adjustments where settled_at is null and settle_due_at <= ${now}
    ) as unsettled
  ) as waiting
  union all
  select 3, 'reminders', waiting.*,
    (select count(*) from reminders where state = 'late' and due_at > ${now} - interval '30 days'),
    (select max(sent_at) from reminders where sent_at is not null)
  from (
    select count(*) as waiting, min(due_at) as oldest from reminders where state = 'waiting' and due_at <= ${now}
  ) as waiting
  union all
  select 4, 'letters', waiting.*,
    (select count(*) from letters where state in ('refused', 'expired') and created_at > ${now} - interval '30 days'),
    (select max(sent_at) from (
      select sent_at from letters where state = 'sent' order by created_at desc limit 100
    ) as newest)
  from (
    select count(*) as waiting, min(due_at) as oldest
    from letters where state in ('queued', 'deferred', 'sending') and due_at <= ${now}
  ) as waiting
) as each_kind
order by place`,
  );
  return {
    rows: found.map((line) => rowOf(columns, line)),
    totals: null,
    totalsByCurrency: [],
    unconverted: [],
  };
}
