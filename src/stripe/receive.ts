// An event is noted once and is durable before Stripe hears 200. What it means is found out right after.
import { sql } from 'drizzle-orm';
import type Stripe from 'stripe';
import { insertRows } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { sealBody } from './body.ts';
import { subscribedTypes } from './events.ts';
import { at } from './translate.ts';

/** Stripe's own default, in seconds (https://docs.stripe.com/webhooks#replay-attacks). */
const tolerance = 300;

export interface Receiving {
  /** Resolves when the event is committed, or was known. Refuses what Stripe did not sign. */
  receive(rawBody: Buffer, signature: string | undefined): Promise<void>;
}

type Row = typeof stripeEvents.$inferInsert;
type Waiting = { row: Row; resolve: () => void; reject: (error: unknown) => void };

/**
 * Makes the receiving end. Events that arrive while a commit is under way wait for the next one and share it:
 * one commit's durability costs the same for one row as for fifty.
 */
export function openReceiving(services: Services): Receiving {
  const waiting: Waiting[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    if (writing) return;
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 64);
      try {
        await insertRows(
          services.database,
          stripeEvents,
          batch.map((one) => one.row),
        );
        for (const one of batch) one.resolve();
        services.nudge('events');
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    writing = false;
  }

  return {
    async receive(rawBody, signature) {
      const event = genuine(services, rawBody, signature);
      const row = rowOf(services, event, rawBody);
      await new Promise<void>((resolve, reject) => {
        waiting.push({ row, resolve, reject });
        void writeAll();
      });
    },
  };
}

/** Notes events that were listed rather than sent, as if they had arrived; answers how many were new. */
export async function noteEvents(services: Services, events: readonly Stripe.Event[]): Promise<number> {
  if (events.length === 0) return 0;
  const noted = await insertRows(
    services.database,
    stripeEvents,
    events.map((event) => rowOf(services, event, Buffer.from(JSON.stringify(event)))),
    sql`on conflict do nothing returning id`,
  );
  return noted.length;
}

/** The event, when one of the current secrets signed it lately; a Refusal otherwise. */
function genuine(services: Services, rawBody: Buffer, signature: string | undefined): Stripe.Event {
  const { stripe, config, machineNow } = services;
  const now = machineNow();
  const signed =
    signature !== undefined &&
    !fromTheFuture(signature, now) &&
    config.stripe.webhookSecrets.some((secret) => isSignedBy(stripe, rawBody, signature, secret, now));
  if (!signed) throw new Refusal(fault('signature-wrong'));
  const event = parse(rawBody);
  // A thin event is signed like any other; it is no reason for a storm of retries (it is noted and ignored below).
  if (typeof event !== 'object' || event === null || !('id' in event) || !('type' in event)) {
    throw new Refusal(fault('body-malformed'));
  }
  return event as Stripe.Event;
}

function isSignedBy(stripe: Stripe, body: Buffer, signature: string, secret: string, now: Date): boolean {
  try {
    return (
      stripe.webhooks.signature?.verifyHeader(body, signature, secret, tolerance, undefined, now.getTime()) ??
      false
    );
  } catch {
    return false;
  }
}

/** The package checks only that a signature is not too old; one from the future is as wrong. */
function fromTheFuture(signature: string, now: Date): boolean {
  const stamp = Number(/(?:^|,)t=(\d+)/.exec(signature)?.[1]);
  return !(stamp * 1000 <= now.getTime() + tolerance * 1000);
}

function parse(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString('utf8'));
  } catch {
    return null;
  }
}

function rowOf(services: Services, event: Stripe.Event, rawBody: Buffer): Row {
  const now = services.now();
  const ignored = reasonToIgnore(services, event);
  const object = event.data?.object;
  return {
    id: String(event.id).slice(0, 255),
    type: String(event.type).slice(0, 255),
    objectId: object !== undefined && 'id' in object && typeof object.id === 'string' ? object.id : null,
    apiVersion: event.api_version ?? null,
    createdAt: typeof event.created === 'number' ? at(event.created) : now,
    receivedAt: now,
    dueAt: now,
    state: ignored === null ? 'waiting' : 'ignored',
    problem: ignored,
    doneAt: ignored === null ? null : now,
    bodySealed: ignored === null ? sealBody(services.keys, rawBody) : null,
  };
}

function reasonToIgnore({ config }: Services, event: Stripe.Event): string | null {
  if (event.object !== 'event') return 'a thin event';
  if (event.livemode !== config.stripe.live)
    return event.livemode ? 'live, and we are not' : 'a test, and we are live';
  if (event.account !== undefined) return 'another account';
  if (!subscribedTypes.some((type) => type === event.type)) return 'a type that changes nothing here';
  return null;
}
