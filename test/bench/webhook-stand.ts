// The stand for webhooks: the service and the bare route beside it, both over one Postgres, and readers whose events they are sent.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type pg from 'pg';
import { freePorts, type RealProcess, startMain, startProgram } from '../harness/real-main.ts';
import { makeReaders, type SignedEvent } from './history.ts';
import { type Measured, postAll } from './load.ts';
import { leftByOne, type Sample, sampleHistory } from './sample.ts';
import { type World, webhookSecret } from './world.ts';

export interface Stand {
  pool: pg.Pool;
  sample: Sample;
  service: RealProcess;
  /** A reader's events, signed, for so many readers: nobody's were sent before. */
  readers(count: number): Promise<SignedEvent[]>;
  /** Sent to the bare route. */
  postBare(events: readonly SignedEvent[], connections: number): Promise<Measured>;
  /** Sent to the service; throws where what they leave in the books is not what so many readers leave. */
  postWhole(events: readonly SignedEvent[], connections: number): Promise<Applied>;
  close(): Promise<void>;
}

export interface Applied {
  accepted: Measured;
  /** Until the last of them was applied. */
  appliedPerSecond: number;
}

export async function openStand(world: World): Promise<Stand> {
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
  const service = await startMain(environment).catch(async (error: unknown) => {
    await bare.kill();
    throw error;
  });
  return {
    pool,
    sample,
    service,
    readers: (count) => makeReaders(pool, sample, count, webhookSecret),
    postBare: (events, connections) => postAll(`${bare.url}/webhooks/stripe`, events, connections),
    async postWhole(events, connections) {
      const before = await countBooks(pool);
      const begun = performance.now();
      const accepted = await postAll(`${service.url}/webhooks/stripe`, events, connections);
      await nothingWaits(pool);
      const appliedPerSecond = events.length / ((performance.now() - begun) / 1000);
      await checkBooks(pool, before, events.length / sample.bodies.length, sample);
      return { accepted, appliedPerSecond };
    },
    async close() {
      await service.stop();
      await bare.kill();
    },
  };
}

export type Books = Record<string, string>;

export async function checkBooks(
  pool: pg.Pool,
  before: Books,
  readers: number,
  sample: Sample,
): Promise<void> {
  const after = await countBooks(pool);
  for (const [name, each] of Object.entries({ ...leftByOne, events: sample.bodies.length })) {
    const grown = Number(after[name]) - Number(before[name]);
    if (grown !== each * readers) {
      throw new Error(`${readers} readers left ${grown} ${name} in the books, and not ${each * readers}`);
    }
  }
}

export async function countBooks(pool: pg.Pool): Promise<Books> {
  const { rows } = await pool.query<Books>(`select
    (select count(*) from payments) as payments,
    (select count(*) from memberships where reader_id is not null) as memberships,
    (select count(*) from membership_changes) as movements,
    (select count(*) from adjustments) as adjustments,
    (select count(*) from letters) as letters,
    (select count(*) from stripe_events where state in ('done', 'ignored')) as events`);
  return rows[0] ?? {};
}

export const nothingWaits = (pool: pg.Pool) =>
  untilNone(pool, "stripe_events where state in ('waiting', 'dead')");

/** The next turn begins in quiet: what follows from the events is done as well. */
export async function allIsQuiet(pool: pg.Pool): Promise<void> {
  await untilNone(pool, "letters where state in ('queued', 'deferred', 'sending')");
  await untilNone(pool, 'payments where settled_at is null and settle_due_at < now()');
  await untilNone(pool, 'changed_facts');
}

async function untilNone(pool: pg.Pool, rows: string): Promise<void> {
  const begun = performance.now();
  for (;;) {
    const { rowCount } = await pool.query(`select 1 from ${rows} limit 1`);
    if (rowCount === 0) return;
    if (performance.now() - begun > 120_000) throw new Error(`There were rows left: ${rows}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a process holds, in MB. */
export async function memoryOf(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1024;
}
