// What a noted event means, applied once: its facts, the letters they cause and its being done are one transaction.
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { and, eq, isNull, lt, lte, or, sql } from 'drizzle-orm';
import type Stripe from 'stripe';
import { claimDue, held, nextDue } from '../outside/claim.ts';
import { isAnyOf, rowsOf, type Tx, transact } from '../outside/database.ts';
import { describeError, problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { askStripe } from './ask.ts';
import { openBody } from './body.ts';
import { meaningOf } from './events.ts';
import type { Fact, Meaning } from './fact.ts';
import { type Fresh, openFresh } from './fresh.ts';
import { workInStrands } from './strands.ts';
import { keepFound, keepWhole } from './together.ts';
import { notOurs, understand } from './understand.ts';

type EventRow = typeof stripeEvents.$inferSelect;

/** How many are kept in one transaction, and how many may wait to be understood alone. */
const batch = 256;
const atOnce = 8;
const leaseSeconds = 60;
/** About ten tries over a day; then a person must look. */
const backoffMinutes = [0.1, 0.5, 2, 5, 15, 30, 60, 120, 240, 480];
const isWaiting = sql`${stripeEvents.state} = 'waiting'`;

export interface Applying {
  /** What this process accepted a moment ago. */
  fresh?: Fresh;
  /** Whether more are being delivered: applying makes way for them, within bounds. */
  arriving?: () => boolean;
}

/**
 * Applies waiting events until none is due: many in one transaction, which holds them as long as it lasts, and alone those that
 * Stripe must be asked about or that cannot be kept. Several instances may run it at once: each event is applied by one.
 */
export async function applyEvents(
  services: Services,
  { fresh = openFresh(), arriving = () => false }: Applying = {},
): Promise<void> {
  let toldAt = services.machineNow();
  let applied = 0;
  const passOn = () => {
    toldAt = services.machineNow();
    if (applied === 0) return;
    applied = 0;
    // A gift may cause letters, satisfy a reminder and await its fee.
    services.nudge('letters');
    services.nudge('reminders');
    services.nudge('settlement');
  };
  await workInStrands<Claimed>({
    atOnce,
    most: batch,
    async take(most) {
      for (;;) {
        const begun = performance.now();
        const { found, left } = await applyTogether(services, fresh, most);
        applied += found.length - left.length;
        const isBusy = found.length > 0 && services.machineNow().getTime() - toldAt.getTime() < passOnMs;
        if (!isBusy) passOn();
        if (left.length > 0 || found.length === 0) return left;
        const wayMs = shareOf(services, found) * (performance.now() - begun);
        await makeWay(Math.min(wayMs, longestWayMs), arriving);
      }
    },
    // The events of one customer, or of one payment, would only wait for each other in the database.
    subjectOf: ({ row, event }) => subjectOf(event) ?? row.id,
    async work(claimed) {
      await applyOne(services, claimed);
      applied += 1;
    },
  });
  passOn();
}

/** While there is more to apply, what follows from it is not begun more often than this. */
const passOnMs = 10_000;

export function nextEventDue(services: Services): Promise<Date | null> {
  return nextDue(services.database, stripeEvents, isWaiting);
}

/** An event, what was signed and what that means; null when it is gone or cannot be understood, which shows when it is applied alone. */
interface Understood {
  event: Stripe.Event | null;
  meaning: Meaning | null;
  facts: readonly Fact[];
}

/** One that is due, held by the transaction that found it. */
interface Found extends Understood {
  row: Pick<EventRow, 'id' | 'type' | 'fence' | 'receivedAt'>;
}

/** One that is this instance's for a while. */
interface Claimed extends Understood {
  row: EventRow;
}

/** Keeps together what is due and can be kept so; answers what was found, and those that are left, claimed. */
async function applyTogether(
  services: Services,
  fresh: Fresh,
  most: number,
): Promise<{ found: Found[]; left: Claimed[] }> {
  const known = new Map<string, Found>();
  const { kept } = await keepFound<Found>(
    services,
    async (tx, but) => {
      const found = await holdDue(services, tx, fresh, most, known);
      for (const one of found) known.set(one.row.id, one);
      const without = new Set(but.map(({ row }) => row.id));
      return found.filter(({ row, meaning }) => decides(meaning) && !without.has(row.id));
    },
    (tx, outcomes) =>
      markAll(
        services,
        tx,
        [...outcomes].map(([{ row, meaning }, outcome]) => ({
          row,
          problem: outcome.kept ? null : reasonOf(meaning),
        })),
      ),
  );
  const done = new Set([...kept.keys()].map(({ row }) => row.id));
  for (const { row, meaning } of kept.keys())
    if (meaning !== null && 'alert' in meaning) alertOf(services, row);
  const found = [...known.values()];
  return {
    found,
    left: await claim(
      services,
      found.filter(({ row }) => !done.has(row.id)),
    ),
  };
}

function decides(meaning: Meaning | null): boolean {
  return meaning !== null && !('ask' in meaning);
}

/**
 * What is due, in the order in which Stripe made it: then little must be asked for. No other instance finds it until this
 * transaction ends; nothing is written for that, since a row with its body costs more to write than most events' facts.
 */
async function holdDue(
  services: Services,
  tx: Tx,
  fresh: Fresh,
  most: number,
  known: ReadonlyMap<string, Found>,
): Promise<Found[]> {
  const { id, type, fence, createdAt, receivedAt, dueAt, leasedUntil } = stripeEvents;
  const rows = await tx
    .select({ id, type, fence, createdAt, receivedAt })
    .from(stripeEvents)
    .where(
      and(
        isWaiting,
        lte(dueAt, services.now()),
        or(isNull(leasedUntil), lt(leasedUntil, services.machineNow())),
      ),
    )
    .orderBy(dueAt)
    .limit(most)
    .for('update', { skipLocked: true });
  const read = new Map<string, Understood>();
  for (const row of rows) {
    const before = known.get(row.id);
    const event = fresh.take(row.id);
    if (before !== undefined) read.set(row.id, before);
    else if (event !== undefined) read.set(row.id, understood(event));
  }
  const sealed = await bodiesOf(
    tx,
    rows.flatMap((row) => (read.has(row.id) ? [] : [row.id])),
  );
  return rows
    .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
    .map((row) => ({ ...(read.get(row.id) ?? unsealed(services, sealed.get(row.id))), row }));
}

async function bodiesOf(tx: Tx, ids: readonly string[]): Promise<Map<string, Buffer | null>> {
  if (ids.length === 0) return new Map();
  const rows = await tx
    .select({ id: stripeEvents.id, bodySealed: stripeEvents.bodySealed })
    .from(stripeEvents)
    .where(isAnyOf(stripeEvents.id, ids));
  return new Map(rows.map(({ id, bodySealed }) => [id, bodySealed]));
}

/** Claims those that are worked on alone, which may take as long as Stripe's answers do; without those another instance was quicker with. */
async function claim(services: Services, found: readonly Found[]): Promise<Claimed[]> {
  if (found.length === 0) return [];
  const before = new Map(found.map((one) => [one.row.id, one]));
  const rows = await claimDue(services.database, stripeEvents, {
    now: services.now(),
    machineNow: services.machineNow(),
    leaseSeconds,
    most: found.length,
    waiting: sql`${isWaiting} and ${isAnyOf(stripeEvents.id, [...before.keys()])}`,
  });
  return rows
    .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
    .map((row) => ({ ...(before.get(row.id) ?? unsealed(services, row.bodySealed)), row }));
}

function unsealed({ keys }: Services, sealed: Buffer | null | undefined): Understood {
  return understood(orNull(() => (sealed ? openBody(keys, sealed) : null)));
}

function understood(event: Stripe.Event | null): Understood {
  const meaning = orNull(() => (event === null ? null : meaningOf(event)));
  return { event, meaning, facts: meaning !== null && 'facts' in meaning ? meaning.facts : [] };
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function reasonOf(meaning: Meaning | null): string {
  return meaning !== null && 'ignored' in meaning ? meaning.ignored : notOurs;
}

function alertOf({ log }: Services, row: Pick<EventRow, 'id' | 'type'>): void {
  log.error({ event: row.id, type: row.type }, 'A person must look at Stripe');
}

/** Whoever delivers is served first: so many times as long as a batch took is left to what arrives, as its age allows. */
function shareOf(services: Services, found: readonly Found[]): number {
  const waitedMs = services.now().getTime() - Math.min(...found.map(({ row }) => row.receivedAt.getTime()));
  if (waitedMs < 400) return 3;
  return waitedMs < 2000 ? 1 : 0;
}

/** Whatever a batch took, nobody's events wait for longer. */
const longestWayMs = 250;
/** A batch costs little more for fifty than for one: while more arrive, so long some are waited for. */
const gatheredMs = 25;

/** Waits while deliveries keep the process busy: one that has time for them has time to apply as well. */
async function makeWay(mostMs: number, arriving: () => boolean): Promise<void> {
  const begun = performance.now();
  let waitedMs = 0;
  while (arriving() && waitedMs < mostMs) {
    const before = performance.eventLoopUtilization();
    await wait(5);
    waitedMs = performance.now() - begun;
    if (waitedMs >= gatheredMs && performance.eventLoopUtilization(before).utilization < 0.5) return;
  }
}

function subjectOf(event: Stripe.Event | null): string | null {
  const { customer, payment_intent: payment }: Record<string, unknown> = { ...event?.data?.object };
  const named = [customer, payment].find((id) => typeof id === 'string');
  return named === undefined ? null : String(named);
}

async function applyOne(services: Services, claimed: Claimed): Promise<void> {
  const { row } = claimed;
  // Waited for too long: by now it may be another's, and comes up again if it is not.
  if (row.leasedUntil !== null && row.leasedUntil <= services.machineNow()) return;
  try {
    const outcome = await applyMeaning(services, claimed);
    if (outcome === 'too soon')
      await postpone(services, row, new Date(services.now().getTime() + 2000), null);
  } catch (error) {
    services.log.warn(
      { event: row.id, type: row.type, attempt: row.attempts, ...describeError(error) },
      'An event could not be applied',
    );
    await postpone(services, row, retryAt(services.now(), row), problemOf(error));
  }
}

async function applyMeaning(
  services: Services,
  { row, event, meaning }: Claimed,
): Promise<'done' | 'too soon'> {
  const outcome = await understand(meaning ?? meaningOf(event ?? (await bodyOf(services, row))), {
    async keep(facts) {
      const { question } = await keepWhole(services, { facts }, (tx, { kept }) =>
        markAll(services, tx, [{ row, problem: kept ? null : notOurs }]),
      );
      return question;
    },
    ask: (question) => askStripe(services, question),
  });
  if (typeof outcome !== 'object') return outcome === 'kept' ? 'done' : outcome;
  if (outcome.alert) alertOf(services, row);
  await transact(services, (tx) => markAll(services, tx, [{ row, problem: outcome.ignored }]));
  return 'done';
}

/**
 * Marks events as done, or as ignored where there is a problem. False when a claim was lost: another instance holds it now, and
 * keeps the same facts.
 */
async function markAll(
  services: Services,
  tx: Tx,
  events: readonly { row: Pick<EventRow, 'id' | 'fence'>; problem: string | null }[],
): Promise<boolean> {
  const given = events.map(({ row: { id, fence }, problem }) => ({
    id,
    fence,
    state: problem === null ? ('done' as const) : ('ignored' as const),
    problem,
  }));
  const marked = await tx.execute(sql`
    update ${stripeEvents} set
      state = given.state, problem = given.problem, done_at = ${services.now().toISOString()}::timestamptz,
      body_sealed = null, leased_until = null, fence = given.fence + 1, attempts = greatest(${stripeEvents.attempts}, 1)
    from ${rowsOf(stripeEvents, given)} given
    where ${stripeEvents.id} = given.id and ${stripeEvents.fence} = given.fence`);
  return marked.rowCount === events.length;
}

/** The event as it was signed; after its body is gone (a replay) Stripe is asked for it. */
async function bodyOf(services: Services, row: EventRow): Promise<Stripe.Event> {
  if (row.bodySealed === null) return services.stripe.events.retrieve(row.id);
  return openBody(services.keys, row.bodySealed);
}

async function postpone(
  services: Services,
  row: EventRow,
  at: Date | null,
  problem: string | null,
): Promise<void> {
  await services.database
    .update(stripeEvents)
    .set(
      at === null ? { state: 'dead', problem, leasedUntil: null } : { dueAt: at, problem, leasedUntil: null },
    )
    .where(and(held(stripeEvents, row), eq(stripeEvents.state, 'waiting')));
  if (at === null)
    services.log.error(
      { event: row.id, type: row.type, problem },
      'An event is given up: a person must look',
    );
}

/** Null when the last try has failed. The jitter keeps the events of one outage from all coming back together. */
function retryAt(now: Date, row: EventRow): Date | null {
  const minutes = backoffMinutes[row.attempts - 1];
  if (minutes === undefined) return null;
  return new Date(now.getTime() + minutes * 60_000 * (0.9 + Math.random() / 5));
}
