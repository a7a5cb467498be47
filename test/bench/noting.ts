// Noting: what it costs ingestion that reports keep their sums, by turns in which facts that change are noted for them and turns in which they are not.
import { median } from './load.ts';
import { share, type Table, whole } from './table.ts';
import { allIsQuiet, openStand, type Stand, sumsAreKept } from './webhook-stand.ts';
import type { World } from './world.ts';

const connections = 32;
const readers = 400;
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
  const line = (name: string, all: readonly Turn[]) => {
    const applied = middle(all, (turn) => turn.applied);
    const folded = middle(all, (turn) => turn.folded);
    return [name, whole(applied), share(applied, base), whole(folded), share(folded, base)];
  };
  return {
    title: `What reports cost ingestion: ${whole(readers * stand.sample.bodies.length)} events a turn at ${connections} connections, ${turns} turns each, alternating`,
    notes: [
      'Applied as above. Folded: until the kept sums have taken in all that was noted as well, as if it all came to rest then.',
    ],
    head: ['changed facts', 'applied/s', 'to none', 'folded/s', 'to none'],
    lines: [line('not noted', without), line('noted', withNotes)],
  };
}

interface Turn {
  applied: number;
  folded: number;
}

async function takeTurn(stand: Stand, isNoted: boolean): Promise<Turn> {
  const { pool } = stand;
  for (const table of noted) {
    await pool.query(`alter table ${table} ${isNoted ? 'enable' : 'disable'} trigger user`);
  }
  const events = await stand.readers(readers);
  const begun = performance.now();
  const { appliedPerSecond } = await stand.postWhole(events, connections);
  await sumsAreKept(pool);
  const folded = events.length / ((performance.now() - begun) / 1000);
  await allIsQuiet(pool);
  return { applied: appliedPerSecond, folded };
}
