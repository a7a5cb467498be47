// Reconciling: a walk through Stripe that mends what was missed, says what differed, and can be cut short at any page.
import { randomUUIDv7 } from 'node:crypto';
import { and, desc, eq, gt, isNull, lt, lte, ne, or, sql } from 'drizzle-orm';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { adjustments, memberships, payments, reconciliations } from '../schema.ts';
import {
  type DriftReport,
  hasDrift,
  nothingFound,
  packFound,
  reportOf,
  type Sum,
  unpackFound,
} from './drift.ts';
import { keepPace, type PaceWish } from './pace.ts';
import { steps, type Walking } from './walks.ts';

export interface Wish {
  /** Null: everything that Stripe remembers. */
  since: Date | null;
  /** Names the kind of walk: one of the same scope that was cut short lately is gone on with. */
  scope: string;
  /** Begin from the start, even where one was cut short. */
  anew?: boolean;
  /** Calls a second at most. */
  perSecond?: number;
  firstWaitMs?: number;
  /** Ends the walk after the page in hand; what was found is kept for the next one. */
  signal?: AbortSignal;
  /** Called after every page. */
  progress?: (said: Progress) => void;
}

export interface Progress {
  step: string;
  objects: number;
  mended: number;
  resumed: boolean;
  /** Set while Stripe makes us wait. */
  waitingSeconds?: number;
}

export type Outcome = { report: DriftReport } | { stopped: 'asked to' | 'another is under way' };

/** Stripe's ceiling is 100 a second live and 25 in test mode; readers are served with the rest. */
export const usualPerSecond = 15;
const leaseMs = 2 * 60_000;
const resumableMs = 7 * 86_400_000;

/**
 * Compares everything of ours at Stripe with the books, and keeps what is missing through the same functions as webhooks do.
 * Throws when Stripe stays away for minutes; what was done until then stays, and the next call of the same scope goes on from there.
 */
export async function reconcile(services: Services, wish: Wish): Promise<Outcome> {
  const opened = await openWalk(services, wish);
  if (opened === null) return { stopped: 'another is under way' };
  const { row, resumed } = opened;
  const found = unpackFound(row.found);
  const before = found.requests;
  const report = (extra: Partial<Progress> = {}) =>
    wish.progress?.({
      step: says(row.step),
      objects: found.objects,
      mended: mendedIn(found),
      resumed,
      ...extra,
    });
  const paced: PaceWish = {
    perSecond: wish.perSecond ?? usualPerSecond,
    waiting: (seconds) => report({ waitingSeconds: seconds }),
    ...(wish.firstWaitMs !== undefined && { firstWaitMs: wish.firstWaitMs }),
    ...(wish.signal && { signal: wish.signal }),
  };
  const pace = keepPace(paced);
  const walking: Walking = {
    services,
    pace,
    found,
    since: row.since,
    until: row.beganAt,
  };
  if (!resumed) found.memberships.openBefore = await countOpen(services, row.beganAt);
  const save = async (step: string, after: string | null) => {
    found.requests = before + pace.requests();
    row.step = step;
    row.cursor = after;
    await saveWalk(services, row, packFound(found));
  };
  try {
    const from = Math.max(
      steps.findIndex(({ name }) => name === row.step),
      0,
    );
    for (const [index, step] of steps.entries()) {
      if (index < from) continue;
      if (row.step !== step.name) await save(step.name, null);
      await step.walk(walking, row.cursor, async (after) => {
        await save(step.name, after);
        report();
        if (wish.signal?.aborted) throw stopped;
      });
    }
  } catch (error) {
    await releaseWalk(services, row);
    if (error === stopped || wish.signal?.aborted) return { stopped: 'asked to' };
    services.log.error({ step: row.step, ...describeError(error) }, 'Reconciling was cut short');
    throw error;
  }
  found.requests = before + pace.requests();
  const drift = reportOf(
    { scope: row.scope, since: row.since, until: row.beganAt },
    found,
    await sumsHere(services, row.since, row.beganAt),
  );
  await endWalk(services, row, packFound(found), drift);
  services.nudge('letters');
  services.nudge('reminders');
  services.nudge('settlement');
  return { report: drift };
}

const stopped = new Error('Asked to stop');

type Row = typeof reconciliations.$inferSelect;

/** The walk of this scope that was cut short, or a new one; null while another instance is at it. */
async function openWalk(services: Services, wish: Wish): Promise<{ row: Row; resumed: boolean } | null> {
  const { database } = services;
  const now = services.now();
  const machineNow = services.machineNow();
  const leasedUntil = new Date(machineNow.getTime() + leaseMs);
  const [latest] = await database
    .select()
    .from(reconciliations)
    .where(
      and(
        eq(reconciliations.scope, wish.scope),
        gt(reconciliations.beganAt, new Date(now.getTime() - resumableMs)),
      ),
    )
    .orderBy(desc(reconciliations.beganAt))
    .limit(1);
  if (latest?.leasedUntil && latest.leasedUntil >= machineNow) return null;
  if (latest && latest.endedAt === null && !wish.anew) {
    const [row] = await database
      .update(reconciliations)
      .set({ leasedUntil, fence: sql`${reconciliations.fence} + 1` })
      .where(
        and(
          eq(reconciliations.id, latest.id),
          or(isNull(reconciliations.leasedUntil), lt(reconciliations.leasedUntil, machineNow)),
        ),
      )
      .returning();
    return row ? { row, resumed: true } : null;
  }
  const [row] = await database
    .insert(reconciliations)
    .values({
      id: randomUUIDv7(),
      scope: wish.scope,
      since: wish.since,
      beganAt: now,
      step: steps[0]?.name ?? '',
      found: packFound(nothingFound()),
      leasedUntil,
    })
    .returning();
  return row ? { row, resumed: false } : null;
}

/**
 * A page is kept first and noted after: a crash between the two repeats one page, which writes nothing twice
 * but is then counted as having been here.
 */
async function saveWalk(services: Services, row: Row, found: Record<string, unknown>): Promise<void> {
  const saved = await services.database
    .update(reconciliations)
    .set({
      step: row.step,
      cursor: row.cursor,
      found,
      leasedUntil: new Date(services.machineNow().getTime() + leaseMs),
    })
    .where(and(eq(reconciliations.id, row.id), eq(reconciliations.fence, row.fence)))
    .returning({ id: reconciliations.id });
  if (saved.length === 0) throw new Error('Another instance has gone on with this walk');
}

async function releaseWalk(services: Services, row: Row): Promise<void> {
  await services.database
    .update(reconciliations)
    .set({ leasedUntil: null })
    .where(and(eq(reconciliations.id, row.id), eq(reconciliations.fence, row.fence)));
}

async function endWalk(
  services: Services,
  row: Row,
  found: Record<string, unknown>,
  report: DriftReport,
): Promise<void> {
  await services.database
    .update(reconciliations)
    .set({ found: { ...found, report }, endedAt: services.now(), leasedUntil: null })
    .where(and(eq(reconciliations.id, row.id), eq(reconciliations.fence, row.fence)));
  const facts = {
    scope: report.scope,
    objects: report.objects,
    requests: report.requests,
    events: report.events_missed,
    left: report.money.reduce((sum, line) => sum + line.left + line.only_here.count, 0),
    memberships: report.memberships.left + report.memberships.only_here,
  };
  if (!report.whole) services.log.error(facts, 'Our books differ from Stripe: a person must look');
  else if (hasDrift(report)) services.log.warn(facts, 'Something was missed, and has been mended');
  else services.log.info(facts, 'Our books agree with Stripe');
}

/** Our own rows of the compared time, by kind and currency. */
async function sumsHere(services: Services, since: Date | null, until: Date): Promise<Map<string, Sum>> {
  const from = (since ?? new Date(0)).toISOString();
  const to = until.toISOString();
  const { rows } = await services.database.execute<{
    kind: string;
    currency: string;
    rows: string;
    minor: string;
  }>(sql`
    select 'payment' as kind, currency, count(*) as rows, sum(amount_minor) as minor from ${payments}
    where external_id is null and paid_at >= ${from}::timestamptz and paid_at <= ${to}::timestamptz
    group by currency
    union all
    select kind, currency, count(*), sum(amount_minor) from ${adjustments}
    where external_id is null and happened_at >= ${from}::timestamptz and happened_at <= ${to}::timestamptz
    group by kind, currency`);
  return new Map(
    rows.map((row) => [`${row.kind} ${row.currency}`, { count: Number(row.rows), minor: BigInt(row.minor) }]),
  );
}

async function countOpen(services: Services, until: Date): Promise<number> {
  const [row] = await services.database
    .select({ open: sql<string>`count(*)` })
    .from(memberships)
    .where(
      and(
        isNull(memberships.externalId),
        ne(memberships.standing, 'ended'),
        lte(memberships.createdAt, until),
      ),
    );
  return Number(row?.open ?? 0);
}

function says(step: string): string {
  return steps.find(({ name }) => name === step)?.says ?? step;
}

function mendedIn(found: Walking['found']): number {
  const money = [...found.money.values()].reduce((sum, tally) => sum + tally.mended.count, 0);
  return money + found.memberships.mended + found.checkoutsMended + found.eventsMissed;
}
