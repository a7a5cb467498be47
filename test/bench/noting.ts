// Noting: what it costs ingestion that reports keep their sums, by turns in which facts that change are noted for them and turns in which they are not.
import { median } from './load.ts';
import { share, type Table, whole } from './table.ts';
import { allIsQuiet, openStand, type Stand } from './webhook-stand.ts';
import type { World } from './world.ts';

const connections = 32;
const readers = 300;
const turns = 5;
const noted = ['payments', 'adjustments', 'memberships', 'membership_looks', 'membership_changes'];

export async function benchNoting(world: World): Promise<Table> {
  const stand = await openStand(world);
  const withNotes: Turn[] = [];
  const without: Turn[] = [];
  try {
    await takeTurn(stand, true);
    for (let turn = 0; turn < turns; turn += 1) {
      withNotes.push(await takeTurn(stand, true));
      without.push(await takeTurn(stand, false));
    }
  } finally {
    await stand.close();
  }
  const middle = (all: readonly Turn[], of: (turn: Turn) => number) => median(all.map(of));
  const base = middle(without, ({ applied }) => applied);
  const restBase = middle(without, ({ atRest }) => atRest);
  const line = (name: string, all: readonly Turn[]) => {
    const applied = middle(all, (turn) => turn.applied);
    const atRest = middle(all, (turn) => turn.atRest);
    return [name, whole(applied), share(applied, base), whole(atRest), share(atRest, restBase)];
  };
  return {
    title: `What reports cost ingestion: ${whole(readers * stand.sample.bodies.length)} events a turn at ${connections} connections, ${turns} turns each, alternating`,
    notes: [
      'Applied as above. At rest: until all that follows is done as well: letters sent, fees known, and what was noted folded into the kept sums.',
    ],
    head: ['changed facts', 'applied/s', 'to none', 'at rest, events/s', 'to none'],
    lines: [line('not noted', without), line('noted', withNotes)],
  };
}

interface Turn {
  applied: number;
  atRest: number;
}

async function takeTurn(stand: Stand, isNoted: boolean): Promise<Turn> {
  const { pool } = stand;
  for (const table of noted) {
    await pool.query(`alter table ${table} ${isNoted ? 'enable' : 'disable'} trigger user`);
  }
  const events = await stand.readers(readers);
  const begun = performance.now();
  const { appliedPerSecond } = await stand.postWhole(events, connections);
  await allIsQuiet(pool);
  return { applied: appliedPerSecond, atRest: events.length / ((performance.now() - begun) / 1000) };
}
