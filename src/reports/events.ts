// Events: what Stripe told us and what became of it, one by one; how many in each state, and how long they took to reach the books.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { type EventState, eventStates, type Question } from './question.ts';
import { answered, type Column, type Figures, type Report, rowOf } from './report.ts';

const columns: readonly Column[] = [
  { name: 'created_at', kind: 'instant' },
  { name: 'type', kind: 'text' },
  { name: 'state', kind: 'text' },
  { name: 'problem', kind: 'text' },
  { name: 'attempts', kind: 'count' },
  { name: 'delay_s', kind: 'seconds' },
  { name: 'event_id', kind: 'id' },
];

export const events: Report = { name: 'events', columns: () => columns, read: readEvents };

export interface Inbox {
  counts: Readonly<Record<EventState, number>>;
  /** Of the ignored: how many for which reason, the most frequent first. */
  ignoredBy: readonly { reason: string; count: number }[];
  delay: Delay | null;
}

/** Seconds from Stripe's creation of an event to our commit; Stripe tells its moment in whole seconds, rounded down. */
export interface Delay {
  p50: number;
  p99: number;
  /** Of how many events: the newest ten thousand of the last day at most. */
  events: number;
}

/** Events of the range by when they came, the newest first, `most` of them; in one state or in any. */
async function readEvents(reads: Reads, question: Question): Promise<Figures> {
  const states: readonly EventState[] = question.state === null ? eventStates : [question.state];
  const found = await answered(
    reads,
    // State by state, so that the index by state and moment gives the newest of each without looking at the others.
    sql`
select
  to_char(newest.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
  newest.type,
  newest.state,
  newest.problem,
  newest.attempts,
  case when newest.state = 'done' then round(${delayOf(sql`newest`)}) end as delay_s,
  newest.id as event_id
from unnest(${sql.param(states)}::text[]) as wanted(state)
cross join lateral (
  select * from stripe_events e
  where e.state = wanted.state
    and e.received_at >= ${question.whole.startsAt.toISOString()}::timestamptz
    and e.received_at < ${question.whole.endsAt.toISOString()}::timestamptz
  order by e.received_at desc
  limit ${question.most}
) as newest
order by newest.received_at desc, newest.id desc
limit ${question.most}`,
  );
  return {
    rows: found.map((line) => rowOf(columns, line)),
    totals: null,
    totalsByCurrency: [],
    unconverted: [],
  };
}

/** All that waits or was given up, and what was done or passed over in the last thirty days. */
export async function readInbox(reads: Reads, asOf: Date): Promise<Inbox> {
  const since = sql`${asOf.toISOString()}::timestamptz - interval '30 days'`;
  const counted = await answered(
    reads,
    sql`
select state, case when state = 'ignored' then coalesce(problem, '') end as reason, count(*) as events
from stripe_events
where state in ('waiting', 'dead') or (state in ('ignored', 'done') and received_at > ${since})
group by 1, 2
order by events desc, reason`,
  );
  const countOf = (state: EventState) =>
    counted.filter((line) => line.state === state).reduce((sum, line) => sum + Number(line.events), 0);
  return {
    counts: {
      waiting: countOf('waiting'),
      dead: countOf('dead'),
      ignored: countOf('ignored'),
      done: countOf('done'),
    },
    ignoredBy: counted
      .filter((line) => line.state === 'ignored')
      .map((line) => ({ reason: String(line.reason), count: Number(line.events) })),
    delay: await readDelay(reads, asOf),
  };
}

/** How long events of the last day took from Stripe's creation to our commit; null where none was done. */
export async function readDelay(reads: Reads, asOf: Date): Promise<Delay | null> {
  const [line] = await answered(
    reads,
    sql`
select count(*) as events,
  percentile_cont(0.5) within group (order by delay) as p50,
  percentile_cont(0.99) within group (order by delay) as p99
from (
  select ${delayOf(sql`e`)} as delay from stripe_events e
  where e.state = 'done' and e.received_at > ${asOf.toISOString()}::timestamptz - interval '1 day'
  order by e.received_at desc
  limit 10000
) as newest`,
  );
  const events = Number(line?.events ?? 0);
  return events === 0 ? null : { p50: Number(line?.p50), p99: Number(line?.p99), events };
}

function delayOf(event: SQL): SQL {
  // Two clocks: never less than nothing.
  return sql`greatest(extract(epoch from ${event}.done_at - ${event}.created_at), 0)`;
}
