// Webhooks: how many signed events a second are accepted durably, and how many are fully applied, beside what the machine can do at all.
import type { SignedEvent } from './history.ts';
import { measure } from './load.ts';
import { share, type Table, whole } from './table.ts';
import { lettersAreSent, openStand, type Stand } from './webhook-stand.ts';
import type { World } from './world.ts';

/** How many readers' histories are told over so many connections. */
const rounds = [
  { connections: 1, readers: 60 },
  { connections: 8, readers: 150 },
  { connections: 32, readers: 300 },
];
const warmUpReaders = 40;

export async function benchIngestion(world: World): Promise<Table> {
  const stand = await openStand(world);
  const lines: string[][] = [];
  try {
    await runOnce(stand, 8, warmUpReaders);
    for (const { connections, readers } of rounds) {
      const figures = await runOnce(stand, connections, readers);
      lines.push([
        String(connections),
        whole(figures.events),
        whole(figures.accepted.perSecond),
        figures.accepted.p99Ms.toFixed(1),
        whole(figures.bare.perSecond),
        figures.bare.p99Ms.toFixed(1),
        whole(figures.insert.perSecond),
        share(figures.accepted.perSecond, figures.bare.perSecond),
        whole(figures.appliedPerSecond),
        share(figures.appliedPerSecond, figures.bare.perSecond),
      ]);
    }
  } finally {
    await stand.close();
  }
  const { bodies } = stand.sample;
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
  return {
    title: 'Webhooks: events a second, every commit on the disk before its answer',
    notes: [
      `A reader's ${bodies.length} events, ${(bytes / 1000).toFixed(1)} kB each on average, for many readers; accepted while those before are applied.`,
      'Bare: Express that verifies the signature and inserts one row per event. Insert: that statement alone, from this process.',
      'Applied: from the first event sent until the last has its ledger, membership, movements and letters in place.',
    ],
    head: [
      'connections',
      'events',
      'accepted/s',
      'p99 ms',
      'bare/s',
      'p99 ms',
      'insert/s',
      'to bare',
      'applied/s',
      'to bare',
    ],
    lines,
  };
}

async function runOnce(stand: Stand, connections: number, readers: number) {
  const others = await stand.readers(readers);
  const half = Math.floor(others.length / 2);
  const insert = await measure(others.slice(0, half), connections, (event) => insertOne(stand, event));
  const bare = await stand.postBare(others.slice(half), connections);
  const events = await stand.readers(readers);
  const applied = await stand.postWhole(events, connections);
  await lettersAreSent(stand.pool);
  return { events: events.length, insert, bare, ...applied };
}

async function insertOne({ pool }: Stand, event: SignedEvent): Promise<void> {
  await pool.query('insert into bare_events (id, type, body) values ($1, $2, $3) on conflict do nothing', [
    event.id,
    event.type,
    event.body,
  ]);
}
