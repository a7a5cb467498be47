// Reports: how long staff wait for them over a big newsroom's eight years, eight at once, while webhooks arrive.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { openDatabase } from '../../src/outside/database.ts';
import { unlockKeys } from '../../src/outside/keys.ts';
import { sessionToken } from '../../src/outside/tokens.ts';
import { isList as isListOfRows, isReportName, reports } from '../../src/reports/answer.ts';
import { rebuildSums } from '../../src/reports/prepared-fold.ts';
import { letIn } from '../../src/staff/session.ts';
import { addToken } from '../../src/staff/tokens.ts';
import { freePorts, startMain } from '../harness/real-main.ts';
import { raiseNewsroom } from './big-newsroom.ts';
import { makeReaders, type SignedEvent } from './history.ts';
import { postAll } from './load.ts';
import { sampleHistory } from './sample.ts';
import { type Table, whole } from './table.ts';
import { type World, webhookSecret } from './world.ts';

const supporters = Number(process.env.SUPPORTERS ?? 100_000);
const staff = 8;
const eventsPerSecond = 200;
const secondsEach = 6;

/** As staff open them first: every report, and the overview; and what is asked most over other ranges too. */
const asked: readonly { name: string; said: string; query: string }[] = [
  ...Object.keys(reports).map((name) => ({ name, said: 'as opened', query: '' })),
  ...['income', 'mrr', 'churn', 'retention'].map((name) => ({
    name,
    said: 'eight years by month',
    query: 'from=2018-11-01&to=2026-12-01&by=month',
  })),
  ...['income', 'mrr', 'churn'].map((name) => ({
    name,
    said: 'a month by day',
    query: 'from=2026-10-25&to=2026-11-25&by=day',
  })),
];
const pages: readonly { name: string; said: string; path: string }[] = [
  { name: 'overview', said: 'page', path: '/staff' },
  ...Object.keys(reports)
    .filter((name) => name !== 'events' && name !== 'work')
    .map((name) => ({ name, said: 'page', path: `/staff/reports/${name}` })),
];
const wanted = process.env.REPORTS?.split(',');

export async function benchReports(world: World): Promise<Table> {
  const { url, pool } = await world.freshDatabase();
  const endsAt = new Date('2026-11-24T00:00:00Z');
  await raiseNewsroom(pool, { supporters, endsAt, say: (line) => console.error(line) });
  return measureReports(world, url, pool);
}

async function measureReports(world: World, url: string, pool: pg.Pool): Promise<Table> {
  const [port = 0] = await freePorts(1);
  const environment = {
    ...world.environment(url, port),
    PUBLICATION_TIME_ZONE: 'America/New_York',
    REPORTING_CURRENCY: 'USD',
  };
  const config = world.configOf(environment);
  const database = openDatabase(url, { most: 2 });
  const { rows } = await pool.query('select from kept_books');
  if (rows.length === 0) await rebuildSums({ database, config, now: () => new Date() });
  // One token alone may not ask so often.
  const tokens = await Promise.all(
    Array.from({ length: 300 }, () =>
      addToken({ database, machineNow: () => new Date() }, 'viewer', 'bench'),
    ),
  );
  const machineNow = () => new Date();
  const keys = await unlockKeys(database, config.appKeys, machineNow());
  const staffId = randomUUID();
  await pool.query(
    `insert into staff (id, address_hash, address_sealed, role, locale, created_at) values ($1, '\\x00', '\\x00', 'viewer', 'en', now())`,
    [staffId],
  );
  const sessionId = await database.transaction((tx) => letIn(tx, machineNow(), staffId, null));
  let number = 0;
  const sample = await sampleHistory(config);
  const service = await startMain(environment);
  const lines: string[][] = [];
  const questions = [
    ...asked.map(({ name, said, query }) => ({
      name,
      said,
      path: `/api/v1/reports/${name}?${query}&currency=reporting${isList(name) ? '&most=100' : ''}`,
      headers: () => ({ authorization: `Bearer ${tokens[number++ % tokens.length]?.token}` }),
    })),
    ...pages.map((page) => ({
      ...page,
      // A token is good for a quarter of an hour.
      headers: () => ({ cookie: `staff=${sessionToken(keys, 'staff', sessionId, machineNow())}` }),
    })),
  ].filter(({ name }) => wanted === undefined || wanted.includes(name));
  try {
    for (const { name, said, path, headers } of questions) {
      const ask = async () => {
        const answer = await fetch(`${service.url}${path}`, { headers: headers(), redirect: 'manual' });
        if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
        await answer.arrayBuffer();
      };
      try {
        await ask();
      } catch (error) {
        lines.push([name, said, ...Array.from({ length: 6 }, () => '–')]);
        console.error(error);
        continue;
      }
      const alone = await timed(ask, 1, 1);
      const events = await makeReaders(
        pool,
        sample,
        Math.ceil((eventsPerSecond * secondsEach) / sample.bodies.length),
        webhookSecret,
      );
      const [together] = await Promise.all([
        timed(ask, staff, secondsEach),
        deliver(`${service.url}/webhooks/stripe`, events),
      ]);
      const waiting = await pool.query(
        "select count(*)::int as events, (select count(distinct reader_id)::int from changed_facts) as readers from stripe_events where state = 'waiting'",
      );
      lines.push([
        name,
        said,
        alone.p50.toFixed(0),
        together.p50.toFixed(0),
        together.p95.toFixed(0),
        whole(together.perSecond),
        String(waiting.rows[0].events),
        String(waiting.rows[0].readers),
      ]);
      console.error(lines.at(-1)?.join('  '));
    }
  } finally {
    await service.stop();
    await database.$client.end();
  }
  return {
    title: `Reports over ${whole(supporters)} supporters: milliseconds to the whole JSON or page, ${staff} staff asking without a pause`,
    notes: [
      `While ${eventsPerSecond} webhooks a second arrive at the same process for ${secondsEach} s. Waiting: events not yet applied then, and supporters not yet folded.`,
    ],
    head: ['report', 'range', 'alone', 'p50', 'p95', 'answers/s', 'events waiting', 'to fold'],
    lines,
  };
}

const isList = (name: string) => isReportName(name) && isListOfRows(name);

async function timed(ask: () => Promise<void>, atOnce: number, seconds: number) {
  const took: number[] = [];
  const begun = performance.now();
  const end = begun + seconds * 1000;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() < end) {
        const from = performance.now();
        await ask();
        took.push(performance.now() - from);
      }
    }),
  );
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.ceil(took.length * share) - 1] ?? 0;
  return { p50: at(0.5), p95: at(0.95), perSecond: took.length / ((performance.now() - begun) / 1000) };
}

/** At an even pace, whatever the answers take. */
async function deliver(url: string, events: readonly SignedEvent[]): Promise<void> {
  const every = eventsPerSecond / 10;
  const sent: Promise<unknown>[] = [];
  for (let at = 0; at < events.length; at += every) {
    const some = postAll(url, events.slice(at, at + every), 4);
    some.catch(() => {});
    sent.push(some);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await Promise.all(sent);
}
