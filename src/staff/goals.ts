// Goals: what the newsroom set out to raise, by when; set and changed here, and ended but never deleted.
import { randomUUIDv7 } from 'node:crypto';
import { asc, eq, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { goals } from '../schema.ts';
import type { Currency } from '../values/money.ts';
import { fault, Refusal } from '../values/refusal.ts';

export type Goal = typeof goals.$inferSelect;

export interface GoalFacts {
  title: string;
  /** Null for all gifts. */
  campaign: string | null;
  targetMinor: bigint;
  currency: Currency;
  /** The first and the last local day, both inside. */
  firstOn: string;
  lastOn: string;
}

/** How a goal stands on a local day. */
export function stateOf(
  goal: Pick<Goal, 'firstOn' | 'lastOn' | 'endedAt'>,
  today: string,
): 'coming' | 'running' | 'over' | 'ended' {
  if (goal.endedAt !== null) return 'ended';
  if (today < goal.firstOn) return 'coming';
  return today <= goal.lastOn ? 'running' : 'over';
}

/** Those on the desk first, each kind by its last day. */
export function listGoals(reads: Reads): Promise<Goal[]> {
  return reads
    .select()
    .from(goals)
    .orderBy(sql`${goals.endedAt} is not null`, asc(goals.lastOn), asc(goals.id));
}

/** Throws a Refusal where there is none. */
export async function goalNamed(reads: Reads, id: string): Promise<Goal> {
  const [goal] = await reads.select().from(goals).where(eq(goals.id, id));
  if (!goal) throw new Refusal(fault('not-found'));
  return goal;
}

export async function setGoal(tx: Tx, now: Date, facts: GoalFacts): Promise<Goal> {
  const [goal] = await tx
    .insert(goals)
    .values({ id: randomUUIDv7(), ...facts, createdAt: now })
    .returning();
  if (!goal) throw new Error('A goal was not kept');
  return goal;
}

/** Throws a Refusal where there is none, or where it has ended. */
export async function changeGoal(tx: Tx, id: string, facts: GoalFacts): Promise<Goal> {
  const before = await goalNamed(tx, id);
  if (before.endedAt !== null) throw new Refusal(fault('already-done'));
  const [goal] = await tx.update(goals).set(facts).where(eq(goals.id, id)).returning();
  return goal ?? before;
}

/** Takes it off the desk; once is enough. Throws a Refusal where there is none. */
export async function endGoal(tx: Tx, now: Date, id: string): Promise<Goal> {
  const [goal] = await tx
    .update(goals)
    .set({ endedAt: sql`coalesce(${goals.endedAt}, ${now.toISOString()}::timestamptz)` })
    .where(eq(goals.id, id))
    .returning();
  if (!goal) throw new Refusal(fault('not-found'));
  return goal;
}
