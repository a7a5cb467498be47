// What a noted event means, applied once: its facts, the letters they cause and its being done are one transaction.
import { and, eq, sql } from 'drizzle-orm';
import type Stripe from 'stripe';
import { claimDue, held, nextDue } from '../outside/claim.ts';
import { transact } from '../outside/database.ts';
import { describeError, problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { askStripe } from './ask.ts';
import { meaningOf } from './events.ts';
import type { Fact, Question } from './fact.ts';
import { type Kept, keepFact } from './keep.ts';

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
    services.nudge('letters');
    services.nudge('settlement');
  }
}

export function nextEventDue(services: Services): Promise<Date | null> {
  return nextDue(services.database, stripeEvents, isWaiting);
}

async function applyOne(services: Services, row: EventRow): Promise<void> {
  try {
    await understand(services, row);
  } catch (error) {
    if (error instanceof TooSoon)
      return postpone(services, row, new Date(services.now().getTime() + 2000), null);
    services.log.warn(
      { event: row.id, type: row.type, attempt: row.attempts, ...describeError(error) },
      'An event could not be applied',
    );
    await postpone(services, row, retryAt(services.now(), row), problemOf(error));
  }
}

/** Two looks of one second and Stripe's answer of that same second: only a later answer can tell. */
class TooSoon extends Error {}

async function understand(services: Services, row: EventRow): Promise<void> {
  const meaning = meaningOf(await bodyOf(services, row));
  if ('ignored' in meaning) return finish(services, row, 'ignored', meaning.ignored);
  let facts = 'facts' in meaning ? meaning.facts : await askStripe(services, meaning.ask);
  const asked = new Set<string>();
  // Each question adds what was missing; a chain is never longer than charge → invoice → subscription → customer.
  for (let round = 0; round < 6; round += 1) {
    const outcome = await keepAll(services, row, facts);
    if (outcome === 'done') return;
    const question = JSON.stringify(outcome.ask);
    if (asked.has(question)) {
      if (outcome.ask.about === 'subscription') throw new TooSoon();
      return finish(services, row, 'ignored', 'not begun by this service');
    }
    asked.add(question);
    const answer = await askStripe(services, outcome.ask);
    if (answer.length === 0) return finish(services, row, 'ignored', 'not begun by this service');
    facts =
      outcome.ask.about === 'subscription' && facts.some((fact) => fact.fact === 'look')
        ? [...facts, ...answer]
        : [...answer, ...facts];
  }
  throw new Error('Stripe kept answering without settling the matter');
}

/** Keeps the facts and marks the event done, or keeps nothing and says what must be asked first. */
async function keepAll(
  services: Services,
  row: EventRow,
  facts: Fact[],
): Promise<'done' | { ask: Question }> {
  const { keys, config } = services;
  const letterDomain = domainOf(config.mail.from.address);
  const now = services.now();
  try {
    await transact(services, async (tx) => {
      let question: Question | null = null;
      let kept = false;
      for (const fact of facts) {
        const outcome: Kept = await keepFact({ tx, now, keys, letterDomain }, fact);
        if (outcome === 'kept') kept = true;
        // A later fact may answer an earlier question: two looks of one second, and the answer that decides.
        question = typeof outcome === 'object' ? outcome.ask : fact.fact === 'look' ? null : question;
      }
      if (question !== null) throw new Unanswered(question);
      const marked = await tx
        .update(stripeEvents)
        .set({
          state: kept ? 'done' : 'ignored',
          problem: kept ? null : 'not begun by this service',
          doneAt: now,
          bodySealed: null,
          leasedUntil: null,
        })
        .where(held(stripeEvents, row))
        .returning({ id: stripeEvents.id });
      if (marked.length === 0) throw new Error('The claim was lost to another instance');
    });
    return 'done';
  } catch (error) {
    if (error instanceof Unanswered) return { ask: error.question };
    throw error;
  }
}

/** Carries a question out of the transaction, which it rolls back. */
class Unanswered extends Error {
  question: Question;
  constructor(question: Question) {
    super(question.about);
    this.question = question;
  }
}

/** The event as it was signed; after its body is gone (a replay) Stripe is asked for it. */
async function bodyOf(services: Services, row: EventRow): Promise<Stripe.Event> {
  if (row.bodySealed === null) return services.stripe.events.retrieve(row.id);
  return JSON.parse(services.keys.open('stripe-event', row.bodySealed).toString('utf8'));
}

async function finish(services: Services, row: EventRow, state: 'ignored', problem: string): Promise<void> {
  await services.database
    .update(stripeEvents)
    .set({ state, problem, doneAt: services.now(), bodySealed: null, leasedUntil: null })
    .where(held(stripeEvents, row));
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

/** Null when the last try has failed. The jitter keeps many events of one outage from coming back together. */
function retryAt(now: Date, row: EventRow): Date | null {
  const minutes = backoffMinutes[row.attempts - 1];
  if (minutes === undefined) return null;
  const jitter = 0.9 + (Number.parseInt(row.id.slice(-4), 36) % 100) / 500 || 1;
  return new Date(now.getTime() + minutes * 60_000 * jitter);
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
