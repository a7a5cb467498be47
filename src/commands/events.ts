// `favor events`: what Stripe told us and what became of it, and once more for what went wrong.
import { and, desc, eq, type SQL } from 'drizzle-orm';
import type { Services } from '../outside/services.ts';
import { stripeEvents } from '../schema.ts';
import { replayEvents } from '../stripe/replay.ts';
import { withServices } from './environment.ts';
import { type Answer, type Call, stop, table, textOf, type Verb } from './verb.ts';

const states = stripeEvents.state.enumValues;

export const events: Verb = {
  help: `favor events list [--state STATE] [--type TYPE] [--limit N]
favor events replay ID…
favor events replay --state dead

list     the events Stripe sent, newest first: ${states.join(', ')}.
replay   lets events wait to be applied once more, with all their tries; the running service takes them
         up within seconds. Nothing is counted twice. What an event said is not kept once it is
         done: Stripe is then asked for it, which works for 30 days.

  --state   only these; with replay: all of them
  --type    only these, such as invoice.paid
  --limit   how many to list (50)
  --json    answer {"events": […]} or {"replayed": [ids], "unknown": [ids]}`,
  options: {
    state: { type: 'string' },
    type: { type: 'string' },
    limit: { type: 'string' },
  },
  async run(call) {
    const [act, ...ids] = call.words;
    if (act === 'list' && ids.length === 0) return listEvents(call);
    if (act === 'replay') return replay(call, ids);
    return stop('Say one of: events list, events replay ID…', 'usage');
  },
};

function listEvents(call: Call): Promise<Answer> {
  const limit = limitOf(call);
  const only = onlyWanted(call);
  return withServices(call, async ({ database }) => {
    const found = await database
      .select()
      .from(stripeEvents)
      .where(only)
      .orderBy(desc(stripeEvents.receivedAt), desc(stripeEvents.id))
      .limit(limit);
    return {
      text:
        found.length === 0
          ? 'No such events.'
          : table(
              ['id', 'type', 'state', 'tries', 'received', 'problem'],
              found.map((row) => [
                row.id,
                row.type,
                row.state,
                String(row.attempts),
                row.receivedAt.toISOString(),
                row.problem ?? '',
              ]),
            ),
      json: {
        events: found.map((row) => ({
          id: row.id,
          type: row.type,
          object: row.objectId,
          state: row.state,
          attempts: row.attempts,
          received_at: row.receivedAt.toISOString(),
          done_at: row.doneAt?.toISOString() ?? null,
          due_at: row.state === 'waiting' ? row.dueAt.toISOString() : null,
          problem: row.problem,
        })),
      },
    };
  });
}

function replay(call: Call, ids: string[]): Promise<Answer> {
  const only = onlyWanted(call);
  const byState = textOf(call, 'state') !== undefined;
  if (ids.length === 0 && !byState) return stop('Name the events to replay, or give --state dead.', 'usage');
  if (ids.length > 0 && only !== undefined) {
    return stop('Name the events, or give --state and --type; not both.', 'usage');
  }
  return withServices(call, async (services) => {
    const wanted = ids.length > 0 ? [...new Set(ids)] : await idsOf(services, only);
    const replayed: string[] = [];
    for (let from = 0; from < wanted.length; from += batch) {
      replayed.push(...(await replayEvents(services, wanted.slice(from, from + batch))));
      if (wanted.length > batch) call.progress(`${replayed.length} of ${wanted.length}`);
    }
    const unknown = ids.filter((id) => !replayed.includes(id));
    return {
      text: [
        `${replayed.length} waiting to be applied once more.`,
        ...unknown.map((id) => `${id}: Stripe never sent this one here, or it was not kept.`),
      ].join('\n'),
      json: { replayed, unknown },
      failed: unknown.length > 0,
    };
  });
}

async function idsOf({ database }: Pick<Services, 'database'>, only: SQL | undefined): Promise<string[]> {
  const found = await database.select({ id: stripeEvents.id }).from(stripeEvents).where(only);
  return found.map(({ id }) => id);
}

function onlyWanted(call: Call): SQL | undefined {
  const named = textOf(call, 'state');
  const state = states.find((each) => each === named);
  if (named !== undefined && state === undefined) {
    return stop(`There is no state ${named}. Choose one of: ${states.join(', ')}`, 'usage');
  }
  const type = textOf(call, 'type');
  return and(
    state === undefined ? undefined : eq(stripeEvents.state, state),
    type === undefined ? undefined : eq(stripeEvents.type, type),
  );
}

function limitOf(call: Call): number {
  const text = textOf(call, 'limit') ?? '50';
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return limit > 0 ? limit : stop('--limit must be a whole number from 1 to 99999.', 'usage');
}

const batch = 500;
