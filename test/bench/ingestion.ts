// Webhooks: how many signed events a second are accepted durably, and how many are fully applied, beside what the machine can do at all.
import type { SignedEvent } from './history.ts';
import { type Measured, measure, median } from './load.ts';
import { type Table, whole } from './table.ts';
import { type Applied, allIsQuiet, openStand, type Stand } from './webhook-stand.ts';
import type { World } from './world.ts';

/** How many readers' histories are told over so many connections, in one turn. */
const rounds = [
  { connections: 1, readers: 40 },
  { connections: 8, readers: 100 },
  { connections: 32, readers: 150 },
];
/** The bare route and the service take turns, so that what else the machine does falls on both alike. */
const turns = Number(process.env.TURNS ?? 7);
const warmUpReaders = 80;

export async function benchIngestion(world: World): Promise<Table> {
  const stand = await openStand(world);
  const lines: string[][] = [];
  try {
    for (let turn = 0; turn < 2; turn += 1) await takeTurns(stand, 32, warmUpReaders, turn);
    for (const { connections, readers } of rounds) {
      const insert = await measure(await stand.readers(readers), connections, (event) =>
        insertOne(stand, event),
      );
      const pairs: Pair[] = [];
      for (let turn = 0; turn < turns; turn += 1) {
        pairs.push(await takeTurns(stand, connections, readers, turn));
      }
      lines.push([String(connections), ...lineOf(pairs), whole(insert.perSecond)]);
    }
  } finally {
    await stand.close();
  }
  const { bodies } = stand.sample;
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
  return {
    title: `Webhooks: events a second, every commit on the disk before its answer; ${turns} turns each, in which service and bare route alternate`,
    notes: [
      `A reader's ${bodies.length} events, ${(bytes / 1000).toFixed(1)} kB each on average, for many readers; accepted while those before are applied.`,
      'Bare: Express that verifies the signature and inserts one row per event. Insert: that statement alone, from this process.',
      'Applied: from the first event sent until the last has its ledger, membership, movements and letters in place.',
      'Figures are medians of the turns; "to bare" is the median of the ratios within a turn, and in brackets the least and the most.',
    ],
    head: [
      'connections',
      'accepted/s',
      'p99 ms',
      'bare/s',
      'p99 ms',
      'to bare',
      'p99 to bare',
      'applied/s',
      'to bare',
      'insert/s',
    ],
    lines,
  };
}

interface Pair {
  bare: Measured;
  ours: Applied;
}

async function takeTurns(stand: Stand, connections: number, readers: number, turn: number): Promise<Pair> {
  const events = await stand.readers(readers);
  const others = await stand.readers(readers);
  const post = async () => {
    const applied = await stand.postWhole(events, connections);
    await allIsQuiet(stand.pool);
    return applied;
  };
  // Whoever is first in one turn is second in the next.
  const first = turn % 2 === 0 ? await post() : null;
  const bare = await stand.postBare(others, connections);
  return { bare, ours: first ?? (await post()) };
}

function lineOf(pairs: readonly Pair[]): string[] {
  const middle = (of: (pair: Pair) => number) => median(pairs.map(of));
  return [
    whole(middle(({ ours }) => ours.accepted.perSecond)),
    middle(({ ours }) => ours.accepted.p99Ms).toFixed(1),
    whole(middle(({ bare }) => bare.perSecond)),
    middle(({ bare }) => bare.p99Ms).toFixed(1),
    spread(pairs.map(({ ours, bare }) => ours.accepted.perSecond / bare.perSecond)),
    spread(pairs.map(({ ours, bare }) => ours.accepted.p99Ms / bare.p99Ms)),
    whole(middle(({ ours }) => ours.appliedPerSecond)),
    spread(pairs.map(({ ours, bare }) => ours.appliedPerSecond / bare.perSecond)),
  ];
}

function spread(ratios: readonly number[]): string {
  const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)];
  return `${middle.toFixed(2)}× (${least.toFixed(2)}–${most.toFixed(2)})`;
}

async function insertOne({ pool }: Stand, event: SignedEvent): Promise<void> {
  await pool.query('insert into bare_events (id, type, body) values ($1, $2, $3) on conflict do nothing', [
    event.id,
    event.type,
    event.body,
  ]);
}
