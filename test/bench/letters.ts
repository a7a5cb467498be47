// Letters: from reminders that fall due to letters accepted by a mail server, beside pooled nodemailer with the same letter.
import { randomUUIDv7 } from 'node:crypto';
import { simpleParser } from 'mailparser';
import { sealPerson } from '../../src/ledger/reader.ts';
import { queueLetter } from '../../src/letters/outbox.ts';
import { openDatabase, transact } from '../../src/outside/database.ts';
import { unlockKeys } from '../../src/outside/keys.ts';
import { readers, reminders } from '../../src/schema.ts';
import { freePorts, startMain, startProgram } from '../harness/real-main.ts';
import { share, type Table, whole } from './table.ts';
import type { Sink, World } from './world.ts';

/** `LETTERS=100000 npm run bench -- letters` for the great one. */
const many = Number(process.env.LETTERS ?? 1500);
/** As many as the service uses for reminders; one more is for letters that must not wait. */
const connections = 10;

export async function benchLetters(world: World): Promise<Table> {
  const { url, pool } = await world.freshDatabase();
  const [port = 0, barePort = 0] = await freePorts(2);
  const environment = world.environment(url, port);
  await makeReminders(url, world.configOf(environment).appKeys);
  const service = await startMain(environment);
  let ours: number;
  let accessMs: number;
  try {
    world.sink.forget();
    await pool.query('update reminders set due_at = now()');
    accessMs = await accessLetterMs(url, pool, world.sink);
    ours = await rateOf(world.sink, many + 1);
    await allSent(pool);
  } finally {
    await service.stop();
  }
  const { subject = '', text = '', html } = await simpleParser(world.sink.last());
  const bare = await startProgram(import.meta.resolve('./bare-mailer.ts'), {
    PORT: String(barePort),
    SMTP_PORT: String(world.sink.port),
    MAILS: String(many),
    CONNECTIONS: String(connections),
    LETTER: JSON.stringify({ subject, text, html: html === false ? '' : html }),
  });
  let floor: number;
  try {
    world.sink.forget();
    await fetch(`${bare.url}/begin`);
    floor = await rateOf(world.sink, many);
  } finally {
    await bare.kill();
  }
  return {
    title: 'Letters: reminders due to accepted by a mail server on this machine, a second',
    notes: [
      `${many} reminders due at one moment; from the first letter accepted to the last, each claimed, rendered, sent and noted as sent.`,
      `Bare: nodemailer with ${connections} connections sending one of these letters as often.`,
    ],
    head: ['letters', 'sent/s', 'bare/s', 'to bare', 'access letter, ms'],
    lines: [[whole(many), whole(ours), whole(floor), share(ours, floor), whole(accessMs)]],
  };
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
async function accessLetterMs(
  databaseUrl: string,
  pool: Awaited<ReturnType<World['freshDatabase']>>['pool'],
  sink: Sink,
): Promise<number> {
  while (sink.acceptedAt.length < 100) await new Promise((resolve) => setTimeout(resolve, 10));
  const database = openDatabase(databaseUrl);
  const { rows } = await pool.query<{ id: string }>('select id from readers limit 1');
  const begun = performance.now();
  await transact({ database }, (tx) =>
    queueLetter(tx, new Date(), 'example.org', {
      kind: 'manage-link',
      key: 'bench',
      to: { readerId: rows[0]?.id ?? '' },
      locale: 'en',
      facts: { membershipId: null },
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

async function allSent(pool: Awaited<ReturnType<World['freshDatabase']>>['pool']): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    const { rows } = await pool.query<{ sent: number }>(
      "select count(*)::int as sent from letters where state = 'sent'",
    );
    if (rows[0]?.sent === many + 1) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Not every letter was noted as sent');
}
