// Webhooks: how many signed events a second are accepted durably, and how many are fully applied, beside what the machine can do at all.
import type pg from 'pg';
import { freePorts, startMain, startProgram } from '../harness/real-main.ts';
import { makeReaders, type SignedEvent } from './history.ts';
import { measure, postAll } from './load.ts';
import { leftByOne, type Sample, sampleHistory } from './sample.ts';
import { share, type Table, whole } from './table.ts';
import { type World, webhookSecret } from './world.ts';

/** How many readers' histories are told over so many connections. */
const rounds = [
  { connections: 1, readers: 100 },
  { connections: 8, readers: 200 },
  { connections: 32, readers: 300 },
];
const warmUpReaders = 20;

export async function benchIngestion(world: World): Promise<Table> {
  const { url, pool } = await world.freshDatabase();
  await pool.query('create table bare_events (id text primary key, type text not null, body bytea not null)');
  const [port = 0, barePort = 0] = await freePorts(2);
  const environment = world.environment(url, port);
  const sample = await sampleHistory(world.configOf(environment));
  const bare = await startProgram(import.meta.resolve('./bare-server.ts'), {
    PORT: String(barePort),
    DATABASE_URL: url,
    WEBHOOK_SECRET: webhookSecret,
  });
  const service = await startMain(environment);
  const lines: string[][] = [];
  try {
    await runOnce(pool, sample, { service: service.url, bare: bare.url }, 8, warmUpReaders);
    for (const { connections, readers } of rounds) {
      const figures = await runOnce(
        pool,
        sample,
        { service: service.url, bare: bare.url },
        connections,
        readers,
      );
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
    await service.stop();
    await bare.kill();
  }
  const bytes = sample.bodies.reduce((sum, body) => sum + body.length, 0) / sample.bodies.length;
  return {
    title: 'Webhooks: events a second, every commit on the disk before its answer',
    notes: [
      `A reader's ${sample.bodies.length} events, ${(bytes / 1000).toFixed(1)} kB each on average, for many readers; accepted while those before are applied.`,
      'Bare: Express that verifies the signature and inserts one row per event. Insert: that statement alone, from this process.',
      'Applied: ledger, membership, movements and letters written, and the event marked done; fees asked for and letters sent meanwhile.',
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

async function runOnce(
  pool: pg.Pool,
  sample: Sample,
  urls: { service: string; bare: string },
  connections: number,
  readers: number,
) {
  const others = await makeReaders(pool, sample, readers, webhookSecret);
  const half = Math.floor(others.length / 2);
  const insert = await measure(others.slice(0, half), connections, (event) => insertOne(pool, event));
  const bare = await postAll(`${urls.bare}/webhooks/stripe`, others.slice(half), connections);

  const before = await countBooks(pool);
  const events = await makeReaders(pool, sample, readers, webhookSecret);
  const begun = performance.now();
  const accepted = await postAll(`${urls.service}/webhooks/stripe`, events, connections);
  await nothingWaits(pool);
  const appliedPerSecond = events.length / ((performance.now() - begun) / 1000);
  const after = await countBooks(pool);
  for (const [name, each] of Object.entries({ ...leftByOne, events: sample.bodies.length })) {
    const grown = Number(after[name]) - Number(before[name]);
    if (grown !== each * readers) {
      throw new Error(`${readers} readers left ${grown} ${name} in the books, and not ${each * readers}`);
    }
  }
  await lettersAreSent(pool);
  return { events: events.length, insert, bare, accepted, appliedPerSecond };
}

async function insertOne(pool: pg.Pool, event: SignedEvent): Promise<void> {
  await pool.query('insert into bare_events (id, type, body) values ($1, $2, $3) on conflict do nothing', [
    event.id,
    event.type,
    event.body,
  ]);
}

async function countBooks(pool: pg.Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<Record<string, string>>(`select
    (select count(*) from payments) as payments,
    (select count(*) from memberships where reader_id is not null) as memberships,
    (select count(*) from membership_changes) as movements,
    (select count(*) from adjustments) as adjustments,
    (select count(*) from letters) as letters,
    (select count(*) from stripe_events where state in ('done', 'ignored')) as events`);
  return rows[0] ?? {};
}

const nothingWaits = (pool: pg.Pool) => untilNone(pool, "stripe_events where state in ('waiting', 'dead')");

/** The next round begins in quiet. */
const lettersAreSent = (pool: pg.Pool) => untilNone(pool, "letters where state <> 'sent'");

async function untilNone(pool: pg.Pool, rows: string): Promise<void> {
  const begun = performance.now();
  for (;;) {
    const { rowCount } = await pool.query(`select 1 from ${rows} limit 1`);
    if (rowCount === 0) return;
    if (performance.now() - begun > 120_000) throw new Error(`There were rows left: ${rows}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
