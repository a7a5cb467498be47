// Letters: of those written in a range, kind by kind, what became of them; never whom one was for.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, type Report, rowOf } from './report.ts';

const columns: readonly Column[] = [
  { name: 'kind', kind: 'text' },
  { name: 'written', kind: 'count' },
  { name: 'sent', kind: 'count' },
  { name: 'queued', kind: 'count' },
  { name: 'late', kind: 'count' },
  { name: 'refused', kind: 'count' },
  { name: 'expired', kind: 'count' },
  { name: 'held_back', kind: 'count' },
  { name: 'taken_back', kind: 'count' },
  { name: 'ambiguous', kind: 'count' },
  { name: 'bounced', kind: 'count' },
  { name: 'complaints', kind: 'count' },
];

export const letters: Report = { name: 'letters', columns: () => columns, read: readLetters };

/**
 * A letter belongs to the moment it was written. Each is in one of sent, queued, refused, expired, held back, taken back and
 * ambiguous; late is a part of queued, and bounced and complaints were told later of letters that had been taken.
 */
async function readLetters(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
select
  kind,
  grouping(kind) = 1 as is_whole,
  count(*) as written,
  count(*) filter (where state = 'sent') as sent,
  count(*) filter (where ${isWaiting}) as queued,
  count(*) filter (where ${isWaiting} and ${isLate(question.asOf)}) as late,
  count(*) filter (where state = 'refused') as refused,
  count(*) filter (where state = 'expired') as expired,
  count(*) filter (where state = 'suppressed') as held_back,
  count(*) filter (where state = 'cancelled') as taken_back,
  count(*) filter (where state = 'ambiguous') as ambiguous,
  count(*) filter (where feedback in ('dead-address', 'mailbox-full', 'policy')) as bounced,
  count(*) filter (where feedback = 'complaint') as complaints
from letters
where ${writtenIn(question)}
group by grouping sets ((kind), ())
order by is_whole, kind`,
  );
  const whole = found.find((line) => line.is_whole === true);
  return {
    rows: found.filter((line) => line !== whole).map((line) => rowOf(columns, line)),
    totals: whole ? rowOf(columns, whole) : null,
    totalsByCurrency: [],
    unconverted: [],
  };
}

/** A letter's turn is still to come, or comes again. */
export const isWaiting = sql`state in ('queued', 'deferred', 'sending')`;

/** Letters leave within seconds of their turn; one that waits ten minutes longer, or is tried again since, has met with something. */
function isLate(asOf: Date): SQL {
  const before = sql`${instant(asOf)} - interval '10 minutes'`;
  return sql`(due_at <= ${before} or (attempts > 0 and created_at <= ${before}))`;
}

/** By the moment of writing. */
export function writtenIn({ whole }: Question): SQL {
  return sql`created_at >= ${instant(whole.startsAt)} and created_at < ${instant(whole.endsAt)}`;
}

function instant(at: Date): SQL {
  return sql`${at.toISOString()}::timestamptz`;
}
