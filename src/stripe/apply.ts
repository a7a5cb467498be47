// What a noted event means, applied once: its facts, the letters they cause and its being done are one transaction.
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { and, eq, sql } from 'drizzle-orm';
import type Stripe from 'stripe';
import { claimDue, held, nextDue } from '../outside/claim.ts';
import { rowsOf, type Tx, transact } from '../outside/database.ts';
import { describeError, problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { askStripe } from './ask.ts';
import { openBody } from './body.ts';
import { meaningOf } from './events.ts';
import type { Fact, Meaning } from './fact.ts';
import { workInStrands } from './strands.ts';
import { keepTogether, keepWhole } from './together.ts';
import { notOurs, understand } from './understand.ts';

type EventRow = typeof stripeEvents.$inferSelect;

/** How many are kept in one transaction, and how many may wait to be understood alone. */
const batch = 128;
const atOnce = 8;
const leaseSeconds = 60;
/** About ten tries over a day; then a person must look. */
const backoffMinutes = [0.1, 0.5, 2, 5, 15, 30, 60, 120, 240, 480];
const isWaiting = sql`${stripeEvents.state} = 'waiting'`;

/**
 * Applies waiting events until none is due: many in one transaction, and alone those that Stripe must be asked about or that
 * cannot be kept. Several instances may run it at once: each event is claimed by one. While `arriving` says that more are being
 * delivered, applying makes way for them, within bounds.
 */
export async function applyEvents(services: Services, arriving: () => boolean = () => false): Promise<void> {
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
  await workInStrands<Told>({
    atOnce,
    most: batch,
    async take(most) {
      for (;;) {
        const begun = performance.now();
        const told = await claim(services, most);
        const left = await applyTogether(services, told);
        applied += told.length - left.length;
        const isBusy = told.length > 0 && services.machineNow().getTime() - toldAt.getTime() < passOnMs;
        if (!isBusy) passOn();
        if (left.length > 0 || told.length === 0) return left;
        const share = told.length < most ? 1 : shareOf(services, told);
        await makeWay(share * (performance.now() - begun), arriving);
      }
    },
    // The events of one customer, or of one payment, would only wait for each other in the database.
    subjectOf: ({ row, event }) => subjectOf(event) ?? row.id,
    async work(told) {
      await applyOne(services, told);
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

/** A claimed event, what was signed and what that means; null when it is gone or cannot be understood, which shows when it is applied alone. */
interface Told {
  row: EventRow;
  event: Stripe.Event | null;
  meaning: Meaning | null;
  facts: readonly Fact[];
}

async function claim(services: Services, most: number): Promise<Told[]> {
  const rows = await claimDue(services.database, stripeEvents, {
    now: services.now(),
    machineNow: services.machineNow(),
    leaseSeconds,
    most,
    waiting: isWaiting,
  });
  // In the order in which Stripe made them, little must be asked for.
  return rows
    .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
    .map((row) => {
      const event = orNull(() => (row.bodySealed === null ? null : openBody(services.keys, row.bodySealed)));
      const meaning = orNull(() => (event === null ? null : meaningOf(event)));
      return { row, event, meaning, facts: meaning !== null && 'facts' in meaning ? meaning.facts : [] };
    });
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/** Answers those that are left. */
async function applyTogether(services: Services, told: readonly Told[]): Promise<Told[]> {
  const decided = told.filter(({ meaning }) => meaning !== null && !('ask' in meaning));
  const { left } = await keepTogether(services, decided, (tx, kept) =>
    markAll(
      services,
      tx,
      [...kept].map(([{ row, meaning }, outcome]) => ({
        row,
        problem: outcome.kept ? null : reasonOf(meaning),
      })),
    ),
  );
  for (const one of decided) {
    const { row, meaning } = one;
    if (meaning !== null && 'alert' in meaning && !left.includes(one)) alertOf(services, row);
  }
  return [...left, ...told.filter((one) => !decided.includes(one))];
}

function reasonOf(meaning: Meaning | null): string {
  return meaning !== null && 'ignored' in meaning ? meaning.ignored : notOurs;
}

function alertOf({ log }: Services, row: EventRow): void {
  log.error({ event: row.id, type: row.type }, 'A person must look at Stripe');
}

/** Whoever delivers is served first: so many times as long as a batch took is left to what arrives, as its age allows. */
function shareOf(services: Services, told: readonly Told[]): number {
  const waitedMs = services.now().getTime() - Math.min(...told.map(({ row }) => row.receivedAt.getTime()));
  if (waitedMs < 400) return 3;
  return waitedMs < 2000 ? 1 : 0;
}

/** Waits while deliveries keep the process busy: one that has time for them has time to apply as well. */
async function makeWay(mostMs: number, arriving: () => boolean): Promise<void> {
  const until = performance.now() + mostMs;
  while (arriving() && performance.now() < until) {
    const before = performance.eventLoopUtilization();
    await wait(5);
    if (performance.eventLoopUtilization(before).utilization < 0.5) return;
  }
}

function subjectOf(event: Stripe.Event | null): string | null {
  const { customer, payment_intent: payment }: Record<string, unknown> = { ...event?.data?.object };
  const named = [customer, payment].find((id) => typeof id === 'string');
  return named === undefined ? null : String(named);
}

async function applyOne(services: Services, told: Told): Promise<void> {
  const { row } = told;
  // Waited for too long: by now it may be another's, and comes up again if it is not.
  if (row.leasedUntil !== null && row.leasedUntil <= services.machineNow()) return;
  try {
    const outcome = await applyMeaning(services, told);
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

async function applyMeaning(services: Services, { row, event, meaning }: Told): Promise<'done' | 'too soon'> {
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
  events: readonly { row: EventRow; problem: string | null }[],
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
      body_sealed = null, leased_until = null
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
