// An event is noted once and is durable before Stripe hears 200. What it means is found out right after.
import { sql } from 'drizzle-orm';
import type Stripe from 'stripe';
import { readyStatement } from '../outside/ready-statement.ts';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { sealBody } from './body.ts';
import { subscribedTypes } from './events.ts';
import type { Fresh } from './fresh.ts';
import { signedBy } from './signature.ts';
import { at } from './translate.ts';

export interface Receiving {
  /** Resolves when the event is committed, or was known. Refuses what Stripe did not sign. */
  receive(rawBody: Buffer, signature: string | undefined): Promise<void>;
}

type Row = typeof stripeEvents.$inferInsert;
type Waiting = { event: Stripe.Event; row: Row; resolve: () => void; reject: (error: unknown) => void };

/** How many share a commit at most. */
const together = 64;

/**
 * Makes the receiving end. Events that arrive while a commit is under way wait for the next one and share it:
 * one commit's durability costs the same for one row as for fifty. What is committed is told to `fresh`.
 */
export function openReceiving(services: Services, fresh: Fresh): Receiving {
  const isSigned = signedBy(services.config.stripe.webhookSecrets);
  const waiting: Waiting[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    if (writing) return;
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, together);
      try {
        const noted = await writeEvents(
          services,
          batch.map(({ row }) => row),
        );
        for (const { event, row, resolve } of batch) {
          if (row.state === 'waiting' && noted.has(row.id)) fresh.remember(event);
          resolve();
        }
        services.nudge('events');
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    writing = false;
  }

  return {
    async receive(rawBody, signature) {
      if (!isSigned(rawBody, signature, services.machineNow())) throw new Refusal(fault('signature-wrong'));
      const event = eventIn(rawBody);
      const row = rowOf(services, event, rawBody);
      await new Promise<void>((resolve, reject) => {
        waiting.push({ event, row, resolve, reject });
        void writeAll();
      });
    },
  };
}

/** Notes events that were listed rather than sent, as if they had arrived; answers how many were new. */
export async function noteEvents(services: Services, events: readonly Stripe.Event[]): Promise<number> {
  if (events.length === 0) return 0;
  const rows = events.map((event) => rowOf(services, event, Buffer.from(JSON.stringify(event))));
  return (await writeEvents(services, rows)).size;
}

/** Writes events and commits; answers the ids of those that were not known. */
async function writeEvents({ database }: Services, rows: readonly Row[]): Promise<Set<string>> {
  let bytes = 0;
  const given = rows.map(({ bodySealed, ...row }) => {
    const from = bytes + 1;
    bytes += bodySealed?.length ?? 0;
    return { ...row, from, length: bodySealed?.length ?? null };
  });
  const written = await insertEvents(database.$client, {
    events: JSON.stringify(given),
    bodies: Buffer.concat(
      rows.flatMap(({ bodySealed }) => bodySealed ?? []),
      bytes,
    ),
  });
  return new Set(written.map(({ id }) => id));
}

/** Bodies go as they are, one behind the other: written out within the JSON they would be twice as long, and read twice. */
const insertEvents = readyStatement<{ id: string }>(
  'insert_stripe_events',
  sql`insert into ${stripeEvents}
    (id, type, object_id, api_version, created_at, received_at, due_at, state, problem, done_at, body_sealed)
    select id, type, "objectId", "apiVersion", "createdAt", "receivedAt", "dueAt", state, problem, "doneAt",
      substring(${sql.placeholder('bodies')}::bytea from "from" for length)
    from json_to_recordset(${sql.placeholder('events')}::json) as given (
      id text, type text, "objectId" text, "apiVersion" text, "createdAt" timestamptz, "receivedAt" timestamptz,
      "dueAt" timestamptz, state text, problem text, "doneAt" timestamptz, "from" int, length int)
    on conflict do nothing returning id`,
);

/** The event, as far as it is one. A thin event is signed like any other; it is no reason for a storm of retries (it is noted and ignored below). */
function eventIn(rawBody: Buffer): Stripe.Event {
  const event = parse(rawBody);
  if (typeof event !== 'object' || event === null || !('id' in event) || !('type' in event)) {
    throw new Refusal(fault('body-malformed'));
  }
  return event as Stripe.Event;
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

const subscribed: ReadonlySet<string> = new Set(subscribedTypes);

function reasonToIgnore({ config }: Services, event: Stripe.Event): string | null {
  if (event.object !== 'event') return 'a thin event';
  if (event.livemode !== config.stripe.live)
    return event.livemode ? 'live, and we are not' : 'a test, and we are live';
  if (event.account !== undefined) return 'another account';
  if (!subscribed.has(event.type)) return 'a type that changes nothing here';
  return null;
}
