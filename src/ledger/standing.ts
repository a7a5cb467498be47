// Standing: what a membership's state means for the promise it carries, as a function and as the same rule in SQL.
import { type SQL, sql } from 'drizzle-orm';
import { memberships } from '../schema.ts';

export const standings = ['incomplete', 'active', 'past_due', 'paused', 'unpaid', 'ended'] as const;
export type Standing = (typeof standings)[number];

export interface Stood {
  standing: Standing;
  startedAt: Date;
  endedAt: Date | null;
}

/** A membership's money counts as promised at an instant when it has begun, has not ended and is active or past due (metric 6). */
export function counts(membership: Stood, at: Date): boolean {
  return (
    countsBy[membership.standing] &&
    membership.startedAt.getTime() <= at.getTime() &&
    (membership.endedAt === null || membership.endedAt.getTime() > at.getTime())
  );
}

/** The same rule for a membership row in SQL. */
export function countsInSql(at: Date): SQL<boolean> {
  return sql<boolean>`(${memberships.standing} in ('active', 'past_due')
    and ${memberships.startedAt} <= ${at.toISOString()}::timestamptz
    and (${memberships.endedAt} is null or ${memberships.endedAt} > ${at.toISOString()}::timestamptz))`;
}

/** Someone whose promise still runs, though it may be paused: not to be asked again. */
export function runs(standing: Standing): boolean {
  return countsBy[standing] || standing === 'paused';
}

/** Unpaid is Stripe's word for retries that came to nothing: the plan stands, the promise does not. */
const countsBy: Record<Standing, boolean> = {
  incomplete: false,
  active: true,
  past_due: true,
  paused: false,
  unpaid: false,
  ended: false,
};
