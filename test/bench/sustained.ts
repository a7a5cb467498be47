// Sustained: events that keep coming at a part of the bare route's pace, and how long each takes from being sent to being in the books.
import { setTimeout as wait } from 'node:timers/promises';
import type { SignedEvent } from './history.ts';
import { openConnections } from './load.ts';
import { type Table, whole } from './table.ts';
import {
  allIsQuiet,
  checkBooks,
  countBooks,
  memoryOf,
  nothingWaits,
  openStand,
  type Stand,
} from './webhook-stand.ts';
import type { World } from './world.ts';

const connections = 32;
const seconds = 10;
const parts = [0.25, 0.5];

export async function benchSustained(world: World): Promise<Table> {
  const stand = await openStand(world);
  const lines: string[][] = [];
  try {
    await stand.postWhole(await stand.readers(60), connections);
    for (const part of parts) {
      await allIsQuiet(stand.pool);
      // Anew each time: the machine may not be as fast as a minute ago.
      const bare = await stand.postBare(await stand.readers(250), connections);
      const figures = await send(stand, bare.perSecond * part);
      lines.push([
        `${part.toFixed(2)}×`,
        whole(bare.perSecond),
        whole(figures.sentPerSecond),
        whole(figures.appliedPerSecond),
        whole(figures.waitingAtEnd),
        whole(figures.p50Ms),
        whole(figures.p99Ms),
        whole(figures.mb),
      ]);
    }
  } finally {
    await stand.close();
  }
  return {
    title: `Webhooks that keep coming for ${seconds} s, at a part of the bare route's pace`,
    notes: [
      'Sent on a clock, whether or not those before were answered, while fees are asked for and letters go out.',
      'Applied: from the first sent until nothing waits. Waiting: not yet applied when the last was sent.',
      'Delay: from sending an event to the note in the transaction that keeps it, written right before its commit.',
      'Memory: how much more the service held at the end than when the first second was over.',
    ],
    head: ['pace', 'bare/s', 'sent/s', 'applied/s', 'waiting', 'delay p50 ms', 'p99 ms', 'memory MB'],
    lines,
  };
}

async function send(stand: Stand, perSecond: number) {
  const { pool, sample, service } = stand;
  const readers = Math.ceil((perSecond * seconds) / sample.bodies.length);
  const events = await stand.readers(readers);
  const before = await countBooks(pool);
  const sentAt = new Map<string, number>();
  const lines = await openConnections(`${service.url}/webhooks/stripe`, connections);
  const begun = performance.now();
  let memory = 0;
  const memoryAfterAWhile = wait(1000).then(async () => {
    memory = await memoryOf(service.pid);
  });
  const answers: Promise<void>[] = [];
  for (const [index, event] of events.entries()) {
    const early = begun + (index / perSecond) * 1000 - performance.now();
    if (early > 2) await wait(early);
    sentAt.set(event.id, Date.now());
    answers.push(lines.post(event));
  }
  await Promise.all(answers);
  const sentSeconds = (performance.now() - begun) / 1000;
  lines.close();
  const { rows } = await pool.query<{ n: number }>(
    "select count(*)::int as n from stripe_events where state = 'waiting'",
  );
  await nothingWaits(pool);
  const appliedSeconds = (performance.now() - begun) / 1000;
  await memoryAfterAWhile;
  const mb = (await memoryOf(service.pid)) - memory;
  await checkBooks(pool, before, readers, sample);
  const delays = await delaysOf(stand, events, sentAt);
  const at = (share: number) => delays[Math.ceil(delays.length * share) - 1] ?? 0;
  return {
    sentPerSecond: events.length / sentSeconds,
    appliedPerSecond: events.length / appliedSeconds,
    waitingAtEnd: rows[0]?.n ?? 0,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    mb,
  };
}

async function delaysOf({ pool }: Stand, events: readonly SignedEvent[], sentAt: Map<string, number>) {
  const { rows } = await pool.query<{ id: string; at: Date }>(
    'select id, done_at as at from stripe_events where id = any($1)',
    [events.map(({ id }) => id)],
  );
  return rows.map(({ id, at }) => at.getTime() - (sentAt.get(id) ?? 0)).sort((a, b) => a - b);
}
