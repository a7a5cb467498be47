// Letter problems: what stood in the way of the letters written in a range, by what it was; and what is paused right now.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { isWaiting, writtenIn } from './letters.ts';
import type { Question } from './question.ts';
import { answered, type Column, type Figures, type Report, rowOf } from './report.ts';

const columns: readonly Column[] = [
  { name: 'problem', kind: 'text' },
  { name: 'letters', kind: 'count' },
  { name: 'trying', kind: 'count' },
  { name: 'ended', kind: 'count' },
  { name: 'returned', kind: 'count' },
  { name: 'newest_at', kind: 'instant' },
];

export const letterProblems: Report = {
  name: 'letter-problems',
  columns: () => columns,
  read: readLetterProblems,
};

/** Where nothing is tried for a while, since we are refused for what we are; never a domain that may be a person's own. */
export interface Pause {
  /** A great provider's domain; null for another one, and for the mail server itself. */
  provider: string | null;
  reason: 'policy' | 'sign-in';
  /** What was answered, in codes. */
  problem: string;
  since: string;
  until: string;
  /** How often, in this pause. */
  refusals: number;
}

/** What the mail provider told in the last thirty days: how many of which kind. */
export interface Told {
  state: string;
  events: number;
}

/**
 * Each letter by its last problem: one that is tried again, one that ended without being sent, one that was sent and came
 * back, or whose reader complained. What a server said at once and what a provider told later go by one name.
 */
async function readLetterProblems(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with troubled as (
  select state, feedback, coalesce(feedback_at, created_at) as at,
    case
      when feedback is not null then feedback
      when state = 'expired' and problem is null then 'too-late'
      when problem like '%no-such-address%' then 'dead-address'
      when problem like 'not written%' then 'not-written'
      else coalesce(
        substring(problem from '(mailbox-full|policy|sign-in|unreachable|refused|later|unknown)'), 'unknown'
      )
    end as problem
  from letters
  where ${writtenIn(question)} and (
    feedback is not null
    or state in ('refused', 'expired', 'ambiguous')
    or (${isWaiting} and problem is not null)
  )
)
select
  problem,
  grouping(problem) = 1 as is_whole,
  count(*) as letters,
  count(*) filter (where feedback is null and ${isWaiting}) as trying,
  count(*) filter (where feedback is null and not ${isWaiting}) as ended,
  count(*) filter (where feedback is not null) as returned,
  to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as newest_at
from troubled
group by grouping sets ((problem), ())
order by is_whole, letters desc, problem`,
  );
  const whole = found.find((line) => line.is_whole === true);
  return {
    rows: found.filter((line) => line !== whole).map((line) => rowOf(columns, line)),
    totals: whole ? rowOf(columns, whole) : null,
    totalsByCurrency: [],
    unconverted: [],
  };
}

/** What is paused, the oldest first. A pause that has run out stands until a letter is taken there. */
export async function readPauses(reads: Reads): Promise<Pause[]> {
  const found = await answered(
    reads,
    sql`select provider, reason, problem, since, until, refusals from mail_pauses order by since`,
  );
  return found.map(({ provider, reason, problem, since, until, refusals }) => ({
    provider: typeof provider === 'string' ? provider : null,
    reason: reason === 'sign-in' ? 'sign-in' : 'policy',
    problem: String(problem),
    since: new Date(String(since)).toISOString(),
    until: new Date(String(until)).toISOString(),
    refusals: Number(refusals),
  }));
}

export async function readTold(reads: Reads): Promise<Told[]> {
  const found = await answered(
    reads,
    sql`select state, count(*) as events from mail_events where state <> 'other' group by state order by events desc, state`,
  );
  return found.map(({ state, events }) => ({ state: String(state), events: Number(events) }));
}
