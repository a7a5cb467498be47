// Waiting: what a look for due reminders costs while millions wait, when nothing is due and when some are.
import type pg from 'pg';
import { lettersNextDue } from '../../src/letters/claims.ts';
import { openDatabase } from '../../src/outside/database.ts';
import type { Nudge } from '../../src/outside/services.ts';
import {
  type Heard,
  remindersNextDue,
  satisfyReminders,
  sendDueReminders,
} from '../../src/reminders/send-due.ts';
import { type Table, whole } from './table.ts';
import type { World } from './world.ts';

/** `WAITING=100000 npm run bench -- waiting` for a shorter one. */
const waiting = Number(process.env.WAITING ?? 5_000_000);
const dueAtOnce = [1000, 10_000, 100_000].filter((due) => due * 2 <= waiting);
const looks = 100;

export async function benchWaiting(world: World): Promise<Table> {
  const { url, pool } = await world.freshDatabase();
  await fill(pool);
  const database = openDatabase(url);
  const nudged = new Set<Nudge>();
  const services = {
    config: world.configOf(world.environment(url, 1)),
    database,
    now: () => new Date(),
    machineNow: () => new Date(),
    nudge: (work: Nudge) => void nudged.add(work),
  };
  let heard: Heard | null = null;
  const look = async () => {
    heard = await satisfyReminders(services, heard);
    await sendDueReminders(services);
    await remindersNextDue(services);
    await lettersNextDue(services);
  };
  const lines = [[whole(waiting), '0', '0', ...(await timesOf(look))]];
  for (const due of dueAtOnce) {
    await pool.query(
      `update reminders set due_at = now()
        where id in (select id from reminders where state = 'waiting' order by due_at limit $1)`,
      [due],
    );
    let written = 0;
    const begun = performance.now();
    do {
      nudged.delete('reminders');
      written += await sendDueReminders(services);
    } while (nudged.has('reminders'));
    const tookMs = performance.now() - begun;
    const { rows } = await pool.query<{ sent: number }>(
      "select count(*)::int as sent from reminders where state = 'sent'",
    );
    const letters = dueAtOnce.filter((one) => one <= due).reduce((sum, one) => sum + one, 0);
    if (written !== due || rows[0]?.sent !== letters)
      throw new Error(`Of ${due} due reminders ${written} were written`);
    lines.push([
      whole(waiting),
      whole(due),
      whole(letters),
      whole(tookMs),
      '',
      (tookMs / (due / 1000)).toFixed(0),
    ]);
  }
  const sent = dueAtOnce.reduce((sum, due) => sum + due, 0);
  if (sent > 0) lines.push([whole(waiting - sent), '0', whole(sent), ...(await timesOf(look))]);
  await database.$client.end();
  return {
    title: 'Waiting: a look for due reminders while many wait for their day',
    notes: [
      'With nothing due: what the rounds ask each second of reminders and of letters, a hundred times; else until all are written.',
      'Letters written stay in the outbox: no mail server is asked here.',
    ],
    head: ['waiting', 'due', 'letters', 'ms (median)', 'slowest, ms', 'ms a thousand'],
    lines,
  };
}

/** Median and slowest. */
async function timesOf(look: () => Promise<void>): Promise<[string, string, string]> {
  const took: number[] = [];
  for (let turn = 0; turn < looks; turn += 1) {
    const begun = performance.now();
    await look();
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  return [(took[looks / 2] ?? 0).toFixed(1), (took.at(-1) ?? 0).toFixed(1), ''];
}

/** Readers, each with one confirmed reminder for a day of the coming year; indexes are made once the rows are there. */
async function fill(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  const remake: string[] = [];
  try {
    // Keys are known to lead to rows: the checks would take longer than the rows.
    await client.query('set synchronous_commit = off; set session_replication_role = replica');
    const { rows: indexes } = await client.query<{ name: string; made: string }>(
      `select indexname as name, indexdef as made from pg_indexes
        where tablename = 'reminders' and indexname not like '%_pkey'`,
    );
    for (const { name, made } of indexes) {
      await client.query(`drop index ${name}`);
      remake.push(made);
    }
    const numbers = `generate_series(1, ${waiting}) n`;
    const id = (kind: number) => `('0193${kind}' || lpad(to_hex(n), 27, '0'))::uuid`;
    await client.query(
      `insert into readers (id, address_sealed, locale, created_at) select ${id(1)}, '\\x00', 'en', now() from ${numbers}`,
    );
    await client.query(
      `insert into reminders (id, reader_id, state, stage, choice, time_zone, locale, send_on, created_at, confirmed_at, due_at)
        select ${id(2)}, ${id(1)}, 'waiting', 'before', 'month', 'UTC', 'en', current_date + 1 + n % 365, now(), now(),
          now() + interval '1 day' + n % 365 * interval '1 day' + n % 7200 * interval '1 second' from ${numbers}`,
    );
    for (const made of remake) await client.query(made);
  } finally {
    client.release(true);
  }
  // As autovacuum would have, long before.
  await pool.query('vacuum analyze readers, reminders');
}
