// `npm run bench`: each figure beside its floor, measured in the same run on the same machine. A part's name runs that part alone.
import { cpus, totalmem } from 'node:os';
import { benchImport } from './import.ts';
import { benchIngestion } from './ingestion.ts';
import { benchInstances, benchLetters } from './letters.ts';
import { benchNoting } from './noting.ts';
import { benchReconcile } from './reconcile.ts';
import { benchReports } from './reports.ts';
import { benchStart } from './start.ts';
import { benchStored } from './stored.ts';
import { benchSustained } from './sustained.ts';
import { print, type Table } from './table.ts';
import { benchWaiting } from './waiting.ts';
import { openWorld, type World } from './world.ts';

const parts: Record<string, (world: World) => Promise<Table>> = {
  webhooks: benchIngestion,
  sustained: benchSustained,
  stored: benchStored,
  noting: benchNoting,
  letters: benchLetters,
  instances: benchInstances,
  waiting: benchWaiting,
  import: benchImport,
  reconcile: benchReconcile,
  reports: benchReports,
  start: benchStart,
};

/** Minutes of preparation: left out unless asked for. */
const onlyByName = new Set(['stored', 'noting', 'instances', 'waiting', 'reports']);

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !(name in parts));
  if (unknown.length > 0) {
    console.error(`There is no ${unknown.join(', ')} here: ${Object.keys(parts).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const world = await openWorld();
  try {
    const [cpu] = cpus();
    const memory = (totalmem() / 1024 ** 3).toFixed(0);
    console.log(`${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${memory} GB;`);
    console.log(
      `Node ${process.versions.node}, Postgres ${world.postgresVersion} with durable commits; load,`,
    );
    console.log('service and database share the machine.\n');
    for (const [name, run] of Object.entries(parts)) {
      if (asked.length === 0 ? !onlyByName.has(name) : asked.includes(name)) print(await run(world));
    }
    console.log(`All of it took ${Math.round(performance.now() / 1000)} s.`);
  } finally {
    await world.close();
  }
}

await main();
