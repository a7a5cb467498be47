// What a noted event means, applied once: its facts, the letters they cause and its being done are one transaction.
import { and, eq, sql, TransactionRollbackError } from 'drizzle-orm';
import type Stripe from 'stripe';
import { claimDue, held, nextDue } from '../outside/claim.ts';
import { transact } from '../outside/database.ts';
import { describeError, problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { askStripe } from './ask.ts';
import { meaningOf } from './events.ts';
import type { Fact, Question } from './fact.ts';
import { keepFacts, notOurs, understand } from './understand.ts';

type EventRow = typeof stripeEvents.$inferSelect;

const batch = 32;
const atOnce = 8;
const leaseSeconds = 60;
/** About ten tries over a day; then a person must look. */
const backoffMinutes = [0.1, 0.5, 2, 5, 15, 30, 60, 120, 240, 480];
const isWaiting = sql`${stripeEvents.state} = 'waiting'`;

/** Applies waiting events until none is due. Several instances may run it at once: each event is claimed by one. */
export async function applyEvents(services: Services): Promise<void> {
  for (;;) {
    const rows = await claimDue(services.database, stripeEvents, {
      now: services.now(),
      machineNow: services.machineNow(),
      leaseSeconds,
      most: batch,
      waiting: isWaiting,
    });
    if (rows.length === 0) return;
    await inParallel(rows, atOnce, (row) => applyOne(services, row));
    // A gift may cause letters, satisfy a reminder and await its fee.
    services.nudge('letters');
    services.nudge('reminders');
    services.nudge('settlement');
  }
}

export function nextEventDue(services: Services): Promise<Date | null> {
  return nextDue(services.database, stripeEvents, isWaiting);
}

async function applyOne(services: Services, row: EventRow): Promise<void> {
  try {
    const outcome = await applyMeaning(services, row);
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

async function applyMeaning(services: Services, row: EventRow): Promise<'done' | 'too soon'> {
  const outcome = await understand(meaningOf(await bodyOf(services, row)), {
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
  const letterDomain = domainOf(config.mail.from.address);
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
  return JSON.parse(services.keys.open('stripe-event', row.bodySealed).toString('utf8'));
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

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

async function inParallel<T>(items: T[], most: number, act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: Math.min(most, items.length) }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await act(next);
    }),
  );
}
