// Health of the letters: the numbers behind readiness and the desk; never whom a letter is for.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { letters, mailPauses } from '../schema.ts';

export interface LettersHealth {
  /** Waiting for their turn or for another try. */
  waiting: number;
  deferred: number;
  sending: number;
  /** How long the oldest letter that is due has been waiting; null when none is. */
  oldestDueSeconds: number | null;
  /** Due for more than ten minutes. */
  late: number;
  /** The mail server takes nothing from us, for example our sign-in: nothing goes out until that is mended. */
  signInRefused: boolean;
  /** Letters refused for what we are, waiting for another try. */
  policyRefused: number;
  /** Where nothing is tried for a while: the mail server itself, or a domain, named only where it is a great provider's. */
  pauses: {
    reason: 'policy' | 'sign-in';
    provider: string | null;
    problem: string;
    since: Date;
    until: Date;
  }[];
  /** Of those written in the last seven days. */
  lastWeek: Record<'sent' | 'refused' | 'expired' | 'suppressed' | 'ambiguous', number>;
  lastSentAt: Date | null;
}

export async function lettersHealth(reads: Reads, now: Date): Promise<LettersHealth> {
  const moment = sql`${now.toISOString()}::timestamptz`;
  const waiting = await reads.execute<Record<string, string | null>>(sql`
    select count(*) as waiting,
      count(*) filter (where state = 'deferred') as deferred,
      count(*) filter (where state = 'sending') as sending,
      count(*) filter (where due_at <= ${moment} - interval '10 minutes') as late,
      extract(epoch from ${moment} - min(due_at) filter (where due_at <= ${moment})) as oldest,
      count(*) filter (where state = 'deferred' and problem like '%policy%') as policy
    from ${letters} where ended is null`);
  const ended = await reads.execute<{ state: string; letters: string; last: string | null }>(sql`
    select ended as state, count(*) as letters, max(sent_at)::text as last from ${letters}
    where ended in ('sent', 'refused', 'expired', 'suppressed', 'ambiguous')
      and created_at > ${moment} - interval '7 days'
    group by ended`);
  const pauses = await reads
    .select({
      reason: mailPauses.reason,
      provider: mailPauses.provider,
      problem: mailPauses.problem,
      since: mailPauses.since,
      until: mailPauses.until,
    })
    .from(mailPauses)
    .orderBy(mailPauses.since);
  const found = waiting.rows[0] ?? {};
  const count = (name: string) => Number(found[name] ?? 0);
  const week = (state: string) => Number(ended.rows.find((row) => row.state === state)?.letters ?? 0);
  const lasts = ended.rows.flatMap((row) => (row.last === null ? [] : [new Date(row.last)]));
  return {
    waiting: count('waiting'),
    deferred: count('deferred'),
    sending: count('sending'),
    oldestDueSeconds: found.oldest == null ? null : Math.round(Number(found.oldest)),
    late: count('late'),
    // It is tried again as soon as its pause ends, while anything waits: one that is long over is nobody's trouble now.
    signInRefused: pauses.some(
      ({ reason, until }) => reason === 'sign-in' && now.getTime() - until.getTime() < forgottenAfterMs,
    ),
    policyRefused: count('policy'),
    pauses,
    lastWeek: {
      sent: week('sent'),
      refused: week('refused'),
      expired: week('expired'),
      suppressed: week('suppressed'),
      ambiguous: week('ambiguous'),
    },
    lastSentAt: lasts.sort((one, other) => other.getTime() - one.getTime())[0] ?? null,
  };
}

const forgottenAfterMs = 10 * 60_000;
