// Letters: from reminders that fall due to letters accepted by a mail server, beside pooled nodemailer with the same letter.
import { randomUUIDv7 } from 'node:crypto';
import { simpleParser } from 'mailparser';
import type { Pool } from 'pg';
import { sealPerson } from '../../src/ledger/reader.ts';
import { queueLetter } from '../../src/letters/outbox.ts';
import { openDatabase, transact } from '../../src/outside/database.ts';
import { unlockKeys } from '../../src/outside/keys.ts';
import { readers, reminders } from '../../src/schema.ts';
import { freePorts, type RealProcess, startMain, startProgram } from '../harness/real-main.ts';
import { processorMs, residentMb } from './process.ts';
import { share, type Table, whole } from './table.ts';
import type { Sink, World } from './world.ts';

/** `LETTERS=100000 npm run bench -- letters` for the great one; the same for `instances`. */
const many = Number(process.env.LETTERS ?? 1500);
/** As many as the service uses for reminders; one more is for letters that must not wait. */
const connections = 10;
/** The bare rate is soon steady: more of it would only take time. */
const bareMails = Math.min(many, 20_000);

export async function benchLetters(world: World): Promise<Table> {
  const ours = await sendAll(world, 1);
  const bare = await sendBare(world, ours.letter);
  return {
    title: 'Letters: reminders due to accepted by a mail server on this machine, a second',
    notes: [
      `${whole(many)} reminders due at one moment; from the first letter accepted to the last, each claimed, rendered, sent and noted as sent;`,
      'by Message-ID each came once and none was missed, else this fails. Memory: the most in the second fifth of them and in the last.',
      `Bare: nodemailer with ${connections} connections sending one of these letters ${whole(bareMails)} times.`,
    ],
    head: ['', 'sent/s', 'to bare', 'CPU ms a letter', 'access letter, ms', 'MB early', 'MB late'],
    lines: [
      [
        'one instance',
        whole(ours.perSecond),
        share(ours.perSecond, bare.perSecond),
        ours.processorMs.toFixed(2),
        whole(ours.accessMs),
        whole(ours.earlyMb),
        whole(ours.lateMb),
      ],
      ['bare', whole(bare.perSecond), '', bare.processorMs.toFixed(2), '', '', ''],
    ],
  };
}

/** Whether a second instance on the same database makes it faster. */
export async function benchInstances(world: World): Promise<Table> {
  const one = await sendAll(world, 1);
  const two = await sendAll(world, 2);
  const line = (name: string, { perSecond, processorMs, accessMs }: Sent) => [
    name,
    whole(perSecond),
    share(perSecond, one.perSecond),
    processorMs.toFixed(2),
    whole(accessMs),
  ];
  return {
    title: 'Letters: two instances beside one, on the same database and mail server',
    notes: [`${whole(many)} reminders due at one moment; by Message-ID each came once and none was missed.`],
    head: ['', 'sent/s', 'to one', 'CPU ms a letter', 'access letter, ms'],
    lines: [line('one instance', one), line('two instances', two)],
  };
}

interface Sent {
  perSecond: number;
  /** Of the sending processes together, for one letter. */
  processorMs: number;
  accessMs: number;
  earlyMb: number;
  lateMb: number;
  /** The last letter as it came. */
  letter: string;
}

/** Makes as many reminders due at one moment and waits until the instances have sent all. */
async function sendAll(world: World, instances: number): Promise<Sent> {
  const { url, pool } = await world.freshDatabase();
  const ports = await freePorts(2);
  const environments = ports.slice(0, instances).map((port) => world.environment(url, port));
  await makeReminders(url, world.configOf(environments[0] ?? {}).appKeys);
  const services: RealProcess[] = [];
  try {
    for (const environment of environments) services.push(await startMain(environment));
    const pids = services.map(({ pid }) => pid);
    world.sink.forget();
    const memory = watchMemory(world.sink, pids);
    const startedMs = processorOf(pids);
    await pool.query('update reminders set due_at = now()');
    const accessMs = await accessLetterMs(url, pool, world.sink);
    const perSecond = await rateOf(world.sink, many + 1);
    await allSent(pool);
    const processorMs = (processorOf(pids) - startedMs) / many;
    await eachOnce(pool, world.sink);
    return { perSecond, processorMs, accessMs, ...memory.stop(), letter: world.sink.last() };
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

async function sendBare(world: World, letter: string): Promise<Pick<Sent, 'perSecond' | 'processorMs'>> {
  const [port] = await freePorts(1);
  const { subject = '', text = '', html } = await simpleParser(letter);
  const bare = await startProgram(import.meta.resolve('./bare-mailer.ts'), {
    PORT: String(port),
    SMTP_PORT: String(world.sink.port),
    MAILS: String(bareMails),
    CONNECTIONS: String(connections),
    LETTER: JSON.stringify({ subject, text, html: html === false ? '' : html }),
  });
  try {
    world.sink.forget();
    const startedMs = processorOf([bare.pid]);
    await fetch(`${bare.url}/begin`);
    const perSecond = await rateOf(world.sink, bareMails);
    return { perSecond, processorMs: (processorOf([bare.pid]) - startedMs) / bareMails };
  } finally {
    await bare.kill();
  }
}

function processorOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processorMs(pid), 0);
}

/** Looks at the memory of the processes together while letters come; the greatest in the second fifth of them and in the last. */
function watchMemory(sink: Sink, pids: readonly number[]): { stop(): Pick<Sent, 'earlyMb' | 'lateMb'> } {
  const seen = { earlyMb: 0, lateMb: 0 };
  const look = () => {
    const share = sink.acceptedAt.length / many;
    const megabytes = pids.reduce((sum, pid) => sum + residentMb(pid), 0);
    if (share > 0.2 && share <= 0.4) seen.earlyMb = Math.max(seen.earlyMb, megabytes);
    if (share > 0.8) seen.lateMb = Math.max(seen.lateMb, megabytes);
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      return seen;
    },
  };
}

/** Every letter that was noted as sent came once, and no other came. */
async function eachOnce(pool: Pool, sink: Sink): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(
    "select message_id as id from letters where state = 'sent'",
  );
  const came = new Set(sink.messageIds);
  const doubled = sink.messageIds.length - came.size;
  const missed = rows.filter(({ id }) => !came.has(id)).length;
  if (doubled > 0 || missed > 0 || came.size !== many + 1)
    throw new Error(`${doubled} letters came twice, ${missed} of ${rows.length} never`);
}

/** Confirmed reminders of as many readers, which are not due yet. */
async function makeReminders(databaseUrl: string, appKeys: string[]): Promise<void> {
  const database = openDatabase(databaseUrl);
  const now = new Date();
  const nextYear = new Date(now.getTime() + 365 * 86_400_000);
  const keys = await unlockKeys(database, appKeys, now);
  for (let begun = 0; begun < many; begun += 500) {
    const rows = Array.from({ length: Math.min(500, many - begun) }, (_, at) => {
      const address = `reader-${begun + at}@example.org`;
      const person = sealPerson(keys, { address, lookUp: address }, null, 'en');
      return { id: randomUUIDv7(), person };
    });
    await database.insert(readers).values(
      rows.map(({ id, person }) => ({
        id,
        addressHash: person.hash,
        addressSealed: person.sealed,
        locale: person.locale,
        createdAt: now,
      })),
    );
    await database.insert(reminders).values(
      rows.map(({ id }) => ({
        id: randomUUIDv7(),
        readerId: id,
        state: 'waiting' as const,
        stage: 'before' as const,
        choice: 'month' as const,
        timeZone: 'UTC',
        locale: 'en',
        sendOn: nextYear.toISOString().slice(0, 10),
        createdAt: now,
        confirmedAt: now,
        dueAt: nextYear,
      })),
    );
  }
  await database.$client.end();
}

/** Waits until all are accepted; a second, from the first to the last. */
async function rateOf(sink: Sink, count: number): Promise<number> {
  const begun = performance.now();
  while (sink.acceptedAt.length < count) {
    if (performance.now() - begun > 60_000 + many * 10)
      throw new Error(`${sink.acceptedAt.length} of ${count} letters came`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const [first = 0, last = 1] = [sink.acceptedAt[0], sink.acceptedAt.at(-1)];
  return (count - 1) / ((last - first) / 1000);
}

/** A letter of access asked for while reminders are going out: how long until it was accepted and noted. */
async function accessLetterMs(databaseUrl: string, pool: Pool, sink: Sink): Promise<number> {
  while (sink.acceptedAt.length < 100) await new Promise((resolve) => setTimeout(resolve, 10));
  const database = openDatabase(databaseUrl);
  const { rows } = await pool.query<{ id: string }>('select id from readers limit 1');
  const begun = performance.now();
  await transact({ database }, (tx) =>
    queueLetter(tx, new Date(), 'example.org', {
      kind: 'sign-in',
      key: 'bench',
      to: { readerId: rows[0]?.id ?? '' },
      locale: 'en',
      facts: { signInId: rows[0]?.id ?? '' },
    }),
  );
  for (;;) {
    const found = await pool.query("select from letters where class = 'access' and state = 'sent'");
    if (found.rowCount === 1) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await database.$client.end();
  return performance.now() - begun;
}

async function allSent(pool: Pool): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    const { rows } = await pool.query<{ sent: number }>(
      "select count(*)::int as sent from letters where state = 'sent'",
    );
    if (rows[0]?.sent === many + 1) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Not every letter was noted as sent');
}
