// Suppressions: how many addresses are not written to, and why; never which.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, type Report, rowOf } from './report.ts';

const columns: readonly Column[] = [
  { name: 'reason', kind: 'text' },
  { name: 'scope', kind: 'text' },
  { name: 'addresses', kind: 'count' },
  { name: 'added', kind: 'count' },
  { name: 'newest_at', kind: 'instant' },
];

export const suppressions: Report = { name: 'suppressions', columns: () => columns, read: readSuppressions };

/** How things stand now; only `added` looks at the days asked for. An address with two reasons is in both, and once in the whole. */
async function readSuppressions(reads: Reads, { whole }: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
select
  reasons.reason,
  grouping(reasons.reason) = 1 as is_whole,
  case when grouping(reasons.reason) = 0 then min(reasons.scope) end as scope,
  count(distinct s.address_hash) as addresses,
  count(distinct s.address_hash) filter (
    where s.since >= ${whole.startsAt.toISOString()}::timestamptz and s.since < ${whole.endsAt.toISOString()}::timestamptz
  ) as added,
  to_char(max(s.since) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as newest_at
from (values
  (1, 'unsubscribed', 'reminders'), (2, 'blocked', 'all'), (3, 'complaint', 'reminders'), (4, 'dead-address', 'all')
) as reasons(place, reason, scope)
left join suppressions s on s.reason = reasons.reason
group by grouping sets ((reasons.reason, reasons.place), ())
order by is_whole, reasons.place`,
  );
  const total = found.find((line) => line.is_whole === true);
  return {
    rows: found.filter((line) => line !== total).map((line) => rowOf(columns, line)),
    totals: total ? rowOf(columns, total) : null,
    totalsByCurrency: [],
    unconverted: [],
  };
}
