// Movements: how a supporter's promised income changed, folded from every look at their memberships.
import { eq, sql } from 'drizzle-orm';
import { insertRows, isAnyOf, rowsOf, type Tx } from '../outside/database.ts';
import { membershipChanges, membershipLooks, memberships } from '../schema.ts';
import { inOrder } from './look.ts';
import { lockReaders } from './reader.ts';
import type { Standing } from './standing.ts';

type MovementKind = (typeof membershipChanges.$inferSelect)['movement'];

/** One change of one supporter's promise in one currency. `twelfths` are twelfths of a minor unit a month, so a yearly plan is exact. */
export interface Movement {
  currency: string;
  happenedAt: Date;
  movement: MovementKind;
  twelfths: bigint;
  /** Running plans that count after the instant. */
  members: number;
}

/** What the fold needs of a look; looks of one membership come in their order (see look.ts). */
export interface FoldedLook {
  lookedAt: Date;
  standing: Standing;
  amountMinor: bigint;
  currency: string;
  interval: 'month' | 'year';
  startedAt: Date;
  endedAt: Date | null;
  endReason: 'voluntary' | 'involuntary' | null;
}

/** Writes a supporter's movements anew from the looks kept, in the caller's transaction. */
export function refoldMovements(tx: Tx, readerId: string): Promise<void> {
  return refoldMovementsOf(tx, [readerId]);
}

/** Writes many supporters' movements anew: one read and one write for all of them. Locks the readers. */
export async function refoldMovementsOf(tx: Tx, readerIds: readonly string[]): Promise<void> {
  await lockReaders(tx, readerIds);
  const rows = await tx
    .select({ readerId: memberships.readerId, look: membershipLooks })
    .from(membershipLooks)
    .innerJoin(memberships, eq(memberships.id, membershipLooks.membershipId))
    .where(isAnyOf(memberships.readerId, readerIds));
  const byReader = Map.groupBy(rows, ({ readerId }) => readerId);
  const plans = [...new Set(readerIds)].map((readerId) => {
    const looks = (byReader.get(readerId) ?? []).map(({ look }) => look);
    return [readerId, [...Map.groupBy(looks, (look) => look.membershipId).values()]] as const;
  });
  await writeMovements(tx, new Map(plans));
}

type StoredLook = typeof membershipLooks.$inferSelect;

/** Writes the movements of these supporters anew: only those that differ. `plans`: all looks at each of a supporter's memberships. */
export async function writeMovements(
  tx: Tx,
  plans: ReadonlyMap<string, readonly (readonly StoredLook[])[]>,
): Promise<void> {
  if (plans.size === 0) return;
  const rows = [...plans].flatMap(([readerId, looks]) =>
    foldMovements(looks.map((plan) => inOrder(plan).map(foldedLook))).map((each) => ({
      readerId,
      currency: each.currency,
      happenedAt: each.happenedAt,
      movement: each.movement,
      mrrDelta: decimalOfTwelfths(each.twelfths),
      members: each.members,
    })),
  );
  await tx.execute(sql`
    delete from ${membershipChanges} where ${isAnyOf(membershipChanges.readerId, [...plans.keys()])}
      and (${membershipChanges.readerId}, ${membershipChanges.currency}, ${membershipChanges.happenedAt}, ${membershipChanges.movement})
        not in (select reader_id, currency, happened_at, movement from ${rowsOf(membershipChanges, rows)})`);
  await insertRows(
    tx,
    membershipChanges,
    rows,
    sql`on conflict (reader_id, currency, happened_at, movement) do update
      set mrr_delta = excluded.mrr_delta, members = excluded.members
      where (${membershipChanges.mrrDelta}, ${membershipChanges.members}) is distinct from (excluded.mrr_delta, excluded.members)`,
  );
}

function foldedLook(look: StoredLook): FoldedLook {
  return {
    lookedAt: look.lookedAt,
    standing: look.standing as Standing,
    amountMinor: look.amountMinor,
    currency: look.currency,
    interval: look.interval as 'month' | 'year',
    startedAt: look.startedAt,
    endedAt: look.endedAt,
    endReason: look.endReason as FoldedLook['endReason'],
  };
}

/**
 * The fold (metrics 6–9 and their fine print): per supporter and currency, things at one instant netted.
 * `plans` holds one list of looks per membership. Pure: the same looks in any order of plans give the same movements.
 */
export function foldMovements(plans: FoldedLook[][]): Movement[] {
  const steps = plans.flatMap((looks, plan) => stepsOf(looks).map((step) => ({ ...step, plan })));
  const currencies = [...new Set(steps.map((step) => step.currency))].sort();
  return currencies.flatMap((currency) =>
    foldCurrency(
      currency,
      steps.filter((step) => step.currency === currency),
    ),
  );
}

/** Twelfths of a minor unit as a decimal with twelve places, rounded half away from zero. */
export function decimalOfTwelfths(twelfths: bigint): string {
  const scale = 10n ** 12n;
  const magnitude = twelfths < 0n ? -twelfths : twelfths;
  const scaled = (magnitude * scale * 2n + 12n) / 24n;
  return `${twelfths < 0n ? '-' : ''}${scaled / scale}.${String(scaled % scale).padStart(12, '0')}`;
}

type Phase = 'counting' | 'paused' | 'out';

/** A plan's state from an instant on. */
interface Step {
  at: Date;
  currency: string;
  phase: Phase;
  twelfths: bigint;
  leftBy: 'voluntary' | 'involuntary' | null;
}

interface PlanState {
  phase: Phase;
  twelfths: bigint;
}

function stepsOf(looks: FoldedLook[]): Step[] {
  const steps: Step[] = [];
  let last: Step | null = null;
  for (const look of looks) {
    const phase = phaseOf(look.standing);
    // A plan that never counted leaves no trace: an abandoned first payment is no promise.
    if (last === null && phase === 'out') continue;
    const step: Step = {
      at: last === null ? look.startedAt : momentOf(look, phase),
      currency: look.currency,
      phase,
      twelfths: phase === 'counting' ? twelfthsOf(look) : 0n,
      leftBy: phase === 'out' ? reasonOf(look) : null,
    };
    if (last !== null && last.currency !== step.currency) {
      // Stripe never changes a plan's currency; if it ever does, the old promise ends where the new one begins.
      steps.push({ ...step, currency: last.currency, phase: 'out', twelfths: 0n, leftBy: 'voluntary' });
    } else if (last !== null && last.phase === step.phase && last.twelfths === step.twelfths) {
      continue;
    }
    steps.push(step);
    last = step;
  }
  return steps;
}

function phaseOf(standing: Standing): Phase {
  if (standing === 'active' || standing === 'past_due') return 'counting';
  return standing === 'paused' ? 'paused' : 'out';
}

/** An end has its own date; any other change is dated by the look that first shows it. */
function momentOf(look: FoldedLook, phase: Phase): Date {
  return phase === 'out' && look.endedAt !== null ? look.endedAt : look.lookedAt;
}

function reasonOf(look: FoldedLook): 'voluntary' | 'involuntary' {
  return look.standing === 'unpaid' ? 'involuntary' : (look.endReason ?? 'voluntary');
}

function twelfthsOf(look: FoldedLook): bigint {
  return look.interval === 'month' ? look.amountMinor * 12n : look.amountMinor;
}

function foldCurrency(currency: string, steps: (Step & { plan: number })[]): Movement[] {
  const instants = [...new Set(steps.map((step) => step.at.getTime()))].sort((a, b) => a - b);
  const now = new Map<number, PlanState>();
  const movements: Movement[] = [];
  let everCounted = false;
  for (const instant of instants) {
    const before = new Map(now);
    const happening = steps.filter((step) => step.at.getTime() === instant);
    for (const step of happening) now.set(step.plan, { phase: step.phase, twelfths: step.twelfths });
    const members = countIn(now, 'counting');
    for (const change of changesAt(before, now, happening, everCounted)) {
      movements.push({ currency, happenedAt: new Date(instant), ...change, members });
    }
    everCounted ||= sumOf(now) > 0n;
  }
  return movements;
}

function changesAt(
  before: Map<number, PlanState>,
  after: Map<number, PlanState>,
  happening: (Step & { plan: number })[],
  everCounted: boolean,
): Pick<Movement, 'movement' | 'twelfths'>[] {
  let paused = 0n;
  let resumed = 0n;
  for (const plan of new Set(happening.map((step) => step.plan))) {
    const was = before.get(plan);
    const is = after.get(plan);
    if (was?.phase === 'counting' && is?.phase === 'paused') paused -= was.twelfths;
    if (was?.phase === 'paused' && is?.phase === 'counting') resumed += is.twelfths;
  }
  const total = sumOf(after) - sumOf(before);
  const rest = total - paused - resumed;
  const changes: Pick<Movement, 'movement' | 'twelfths'>[] = [];
  if (resumed !== 0n) changes.push({ movement: 'resumed', twelfths: resumed });
  if (rest > 0n) changes.push({ movement: gainOf(before, everCounted), twelfths: rest });
  const left = happening.filter((step) => step.leftBy !== null);
  if (rest < 0n || (rest === 0n && leftWhilePaused(before, after, left))) {
    changes.push({ movement: lossOf(after, left), twelfths: rest });
  }
  if (paused !== 0n) changes.push({ movement: 'paused', twelfths: paused });
  return changes;
}

function gainOf(before: Map<number, PlanState>, everCounted: boolean): MovementKind {
  if (sumOf(before) > 0n || countIn(before, 'paused') > 0) return 'expansion';
  return everCounted ? 'reactivation' : 'new';
}

function lossOf(after: Map<number, PlanState>, left: Step[]): MovementKind {
  const stays = countIn(after, 'counting') > 0 || countIn(after, 'paused') > 0;
  if (stays || left.length === 0) return 'contraction';
  return left.some((step) => step.leftBy === 'involuntary') ? 'churn_involuntary' : 'churn_voluntary';
}

/** A supporter whose last plan ends while paused has left, though the money left when it was paused. */
function leftWhilePaused(
  before: Map<number, PlanState>,
  after: Map<number, PlanState>,
  left: Step[],
): boolean {
  return (
    left.length > 0 &&
    countIn(before, 'paused') > 0 &&
    countIn(after, 'counting') === 0 &&
    countIn(after, 'paused') === 0
  );
}

function sumOf(plans: Map<number, PlanState>): bigint {
  let sum = 0n;
  for (const plan of plans.values()) if (plan.phase === 'counting') sum += plan.twelfths;
  return sum;
}

function countIn(plans: Map<number, PlanState>, phase: Phase): number {
  let count = 0;
  for (const plan of plans.values()) if (plan.phase === phase) count += 1;
  return count;
}
