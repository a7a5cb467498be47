// What a noted event means, applied once: its facts, the letters they cause and its being done are one transaction.

import { and, eq, sql, TransactionRollbackError } from 'drizzle-orm';
import type Stripe from 'stripe';
import { messageDomain } from '../letters/outbox.ts';
import { claimDue, held, nextDue } from '../outside/claim.ts';
import { transact } from '../outside/database.ts';
import { describeError, problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { askStripe } from './ask.ts';
import { meaningOf } from './events.ts';
import type { Fact, Question } from './fact.ts';
import { workInStrands } from './strands.ts';
import { keepFacts, notOurs, understand } from './understand.ts';

type EventRow = typeof stripeEvents.$inferSelect;

const batch = 64;
const atOnce = 8;
const leaseSeconds = 60;
/** About ten tries over a day; then a person must look. */
const backoffMinutes = [0.1, 0.5, 2, 5, 15, 30, 60, 120, 240, 480];
const isWaiting = sql`${stripeEvents.state} = 'waiting'`;

/** Applies waiting events until none is due. Several instances may run it at once: each event is claimed by one. */
export async function applyEvents(services: Services): Promise<void> {
  let applied = 0;
  const passOn = () => {
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
      passOn();
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
        .map((row) => ({ row, event: openBody(services, row) }));
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

export function nextEventDue(services: Services): Promise<Date | null> {
  return nextDue(services.database, stripeEvents, isWaiting);
}

/** A claimed event, and what was signed; null when that is gone or cannot be opened. */
interface Told {
  row: EventRow;
  event: Stripe.Event | null;
}

/** What cannot be opened shows when the event is applied. */
function openBody(services: Services, row: EventRow): Stripe.Event | null {
  try {
    return row.bodySealed === null ? null : readBody(services, row.bodySealed);
  } catch {
    return null;
  }
}

function subjectOf(event: Stripe.Event | null): string | null {
  const { customer, payment_intent: payment }: Record<string, unknown> = { ...event?.data?.object };
  const named = [customer, payment].find((id) => typeof id === 'string');
  return named === undefined ? null : String(named);
}

async function applyOne(services: Services, { row, event }: Told): Promise<void> {
  // Waited for too long: by now it may be another's, and comes up again if it is not.
  if (row.leasedUntil !== null && row.leasedUntil <= services.machineNow()) return;
  try {
    const outcome = await applyMeaning(services, row, event);
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
  row: EventRow,
  event: Stripe.Event | null,
): Promise<'done' | 'too soon'> {
  const outcome = await understand(meaningOf(event ?? (await bodyOf(services, row))), {
    keep: (facts) => keepAll(services, row, facts),
    ask: (question) => askStripe(services, question),
  });
  if (typeof outcome === 'object') {
    if (outcome.alert) services.log.error({ event: row.id, type: row.type }, 'A person must look at Stripe');
    return ignore(services, row, outcome.ignored);
  }
  return outcome === 'kept' ? 'done' : outcome;
}

/** Keeps the facts and marks the event done; or keeps nothing and answers what must be asked first. */
async function keepAll(services: Services, row: EventRow, facts: Fact[]): Promise<Question | null> {
  const { keys, config } = services;
  const letterDomain = messageDomain(config);
  const now = services.now();
  let question: Question | null = null;
  try {
    await transact(services, async (tx) => {
      const outcome = await keepFacts({ tx, now, keys, letterDomain }, facts);
      question = outcome.question;
      if (question !== null) tx.rollback();
      const marked = await tx
        .update(stripeEvents)
        .set({
          state: outcome.kept ? 'done' : 'ignored',
          problem: outcome.kept ? null : notOurs,
          doneAt: now,
          bodySealed: null,
          leasedUntil: null,
        })
        .where(held(stripeEvents, row))
        .returning({ id: stripeEvents.id });
      // Another instance holds the claim now, and keeps the same facts.
      if (marked.length === 0) tx.rollback();
    });
  } catch (error) {
    if (!(error instanceof TransactionRollbackError)) throw error;
  }
  return question;
}

/** The event as it was signed; after its body is gone (a replay) Stripe is asked for it. */
async function bodyOf(services: Services, row: EventRow): Promise<Stripe.Event> {
  if (row.bodySealed === null) return services.stripe.events.retrieve(row.id);
  return readBody(services, row.bodySealed);
}

function readBody({ keys }: Services, sealed: Buffer): Stripe.Event {
  return JSON.parse(keys.open('stripe-event', sealed).toString('utf8'));
}

async function ignore(services: Services, row: EventRow, problem: string): Promise<'done'> {
  await services.database
    .update(stripeEvents)
    .set({ state: 'ignored', problem, doneAt: services.now(), bodySealed: null, leasedUntil: null })
    .where(held(stripeEvents, row));
  return 'done';
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
