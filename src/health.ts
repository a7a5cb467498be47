// Health: is the process alive, can it do its work, and how far behind is it. Numbers only, nobody's name.
import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { type Response, Router } from 'express';
import { lettersHealth } from './letters/health.ts';
import { migrationsFolder } from './outside/database.ts';
import type { Services } from './outside/services.ts';
import { readAlarms, readDeclines } from './reports/alarms.ts';
import { readDelay } from './reports/events.ts';
import type { Rounds } from './rounds.ts';

type Check = { ok: boolean } & Record<string, unknown>;

/** Work that has been due for so long means that nobody does it. */
const latestSeconds = 600;
/** Rounds beat every second; half a minute of silence means they hang. */
const silentMs = 30_000;

/** `/health/live`, `/health/ready`, and `/metrics` for whoever holds the token. */
export function healthRoutes(services: Services, rounds: Pick<Rounds, 'lastBeatAt'>): Router {
  const { config } = services;
  const shipped = shippedMigrations();
  const routes = Router();
  routes.get('/health/live', (_req, res) => {
    res.set('Cache-Control', 'no-store').json({ ok: true });
  });
  routes.get('/health/ready', async (_req, res) => {
    const checks = await readiness(services, rounds, shipped);
    const ok = Object.values(checks).every((check) => check.ok);
    res
      .set('Cache-Control', 'no-store')
      .status(ok ? 200 : 503)
      .json({ ok, checks });
  });
  routes.get('/metrics', async (req, res, next) => {
    if (config.metricsToken === null) return next();
    if (!sameText(req.get('authorization') ?? '', `Bearer ${config.metricsToken}`)) {
      res.status(401).set('WWW-Authenticate', 'Bearer').end();
      return;
    }
    await sendMetrics(services, res);
  });
  return routes;
}

async function readiness(
  services: Services,
  rounds: Pick<Rounds, 'lastBeatAt'>,
  shipped: number,
): Promise<Record<string, Check>> {
  const now = services.now();
  try {
    const [migrated, events, dead, reminders, mail] = await Promise.all([
      services.database.execute(sql`select count(*) as applied from drizzle.__drizzle_migrations`),
      oldest(services, sql`stripe_events where state = 'waiting'`, now),
      givenUp(services),
      oldest(services, sql`reminders where state = 'waiting'`, now),
      lettersHealth(services.database, now),
    ]);
    const applied = Number(migrated.rows[0]?.applied ?? 0);
    const lastBeatAt = rounds.lastBeatAt();
    const beatAgoMs = lastBeatAt === null ? null : services.machineNow().getTime() - lastBeatAt.getTime();
    return {
      database: { ok: true },
      migrations: { ok: applied === shipped, applied, shipped },
      jobs: { ok: beatAgoMs === null || beatAgoMs < silentMs, last_beat_ms_ago: beatAgoMs },
      // Events that were given up need a person, not another instance: they are told, and readiness stands.
      events: { ok: (events ?? 0) < latestSeconds, oldest_due_seconds: events, dead },
      reminders: { ok: (reminders ?? 0) < latestSeconds, oldest_due_seconds: reminders },
      mail: {
        ok: !mail.signInRefused && mail.late === 0,
        oldest_due_seconds: mail.oldestDueSeconds,
        waiting: mail.waiting,
        sign_in_refused: mail.signInRefused,
      },
    };
  } catch {
    return { database: { ok: false } };
  }
}

/** How many migrations this version brings; a database with fewer or more belongs to another version. */
function shippedMigrations(): number {
  const journal: unknown = JSON.parse(readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8'));
  return (journal as { entries: unknown[] }).entries.length;
}

async function oldest(services: Services, from: ReturnType<typeof sql>, now: Date): Promise<number | null> {
  const moment = sql`${now.toISOString()}::timestamptz`;
  const { rows } = await services.database.execute<{ seconds: string | null }>(
    sql`select extract(epoch from ${moment} - min(due_at)) as seconds from ${from} and due_at <= ${moment}`,
  );
  const seconds = rows[0]?.seconds;
  return seconds === null || seconds === undefined ? null : Math.round(Number(seconds));
}

async function givenUp(services: Services): Promise<number> {
  const { rows } = await services.database.execute<{ dead: string }>(
    sql`select count(*) as dead from stripe_events where state = 'dead'`,
  );
  return Number(rows[0]?.dead ?? 0);
}

/** The text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats). */
async function sendMetrics(services: Services, res: Response): Promise<void> {
  const now = services.now();
  const [events, letters, reminders, mailEvents] = await Promise.all([
    counts(services, sql`stripe_events`),
    counts(services, sql`letters`),
    counts(services, sql`reminders`),
    counts(services, sql`mail_events`),
  ]);
  const oldestEvent = await oldest(services, sql`stripe_events where state = 'waiting'`, now);
  const delay = await readDelay(services.reportsDatabase, now);
  const alarms = await readAlarms(services.database, now);
  const lines = [
    '# TYPE favor_rows gauge',
    ...[
      ...labelled('stripe_events', events),
      ...labelled('letters', letters),
      ...labelled('reminders', reminders),
      // What the mail provider told in the last thirty days; `unknown` is of letters that are not ours.
      ...labelled('mail_events', mailEvents),
    ],
    '# TYPE favor_oldest_event_seconds gauge',
    `favor_oldest_event_seconds ${oldestEvent ?? 0}`,
    // From Stripe's creation to our commit, over the last day; Stripe tells its moment in whole seconds.
    ...(delay === null
      ? []
      : [
          '# TYPE favor_event_delay_seconds summary',
          `favor_event_delay_seconds{quantile="0.5"} ${delay.p50}`,
          `favor_event_delay_seconds{quantile="0.99"} ${delay.p99}`,
          `favor_event_delay_seconds_count ${delay.events}`,
        ]),
    // Attempts at new gifts that were declined in the last ten minutes: many at once may be card testing.
    '# TYPE favor_declined_attempts gauge',
    `favor_declined_attempts ${await readDeclines(services.database, now)}`,
    // What a person must weigh: payments reported as fraud, and whether cards seem to have been tested within the last day.
    '# TYPE favor_fraud_warnings gauge',
    `favor_fraud_warnings ${alarms.warnings}`,
    '# TYPE favor_card_testing gauge',
    `favor_card_testing ${alarms.burst === null ? 0 : 1}`,
    '# TYPE favor_resident_bytes gauge',
    `favor_resident_bytes ${process.memoryUsage.rss()}`,
  ];
  res.type('text/plain; version=0.0.4').send(`${lines.join('\n')}\n`);
}

async function counts(
  services: Services,
  table: ReturnType<typeof sql>,
): Promise<{ state: string; count: string }[]> {
  const { rows } = await services.database.execute<{ state: string; count: string }>(
    sql`select state, count(*) as count from ${table} group by state order by state`,
  );
  return rows;
}

function labelled(table: string, rows: { state: string; count: string }[]): string[] {
  return rows.map(({ state, count }) => `favor_rows{table="${table}",state="${state}"} ${count}`);
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
