// Deliver: takes waiting letters, one claim at a time, and hands each to the mail server once.
import { setTimeout } from 'node:timers/promises';
import { and, desc, eq, inArray, ne, type SQL, sql } from 'drizzle-orm';
import { claimDue, nextDue } from '../outside/claim.ts';
import { type Reads, transact } from '../outside/database.ts';
import { problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import type { Message } from '../outside/smtp.ts';
import { letters, readers, staff } from '../schema.ts';
import { accepted, doubt, type Outcome, outcomeOf, readAnswer, repeatable } from './answer.ts';
import { verdict } from './guards.ts';
import type { LetterClass } from './outbox.ts';
import { type LetterRow, type Recipient, renderLetter } from './render.ts';
import { suppress } from './suppression.ts';
import { openTeller, type Teller } from './teller.ts';

type LetterServices = Pick<
  Services,
  'config' | 'now' | 'machineNow' | 'database' | 'keys' | 'mailer' | 'log'
>;

/** How many letters ended how, in one call. */
export type Delivered = Record<Outcome['state'], number>;

/**
 * Sends every letter that is due, and resolves when none is left. One call at a time per instance: together its lanes hold
 * no more letters than the mailer has connections, so that a crash leaves no more than that in doubt.
 * `signal` ends it after the letters that are on their way.
 */
export async function deliverLetters(
  services: LetterServices,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Delivered> {
  const run: Run = {
    teller: openTeller(services, LEASE_SECONDS),
    unwritten: new Set(),
    counts: { sent: 0, deferred: 0, refused: 0, ambiguous: 0 },
    stopped: () => run.halted || signal?.aborted === true,
    halted: false,
    onTheirWay: new Map(),
    pausedDomains: new Set(),
  };
  if ((await signInRefusedUntil(services.database, services.now())) !== null) return run.counts;
  const beat = setInterval(() => void renewLeases(services, run), RENEW_SECONDS * 1000);
  try {
    const others = Math.max(1, services.mailer.connections - 1);
    if (services.mailer.connections === 1) {
      await drain(services, run, 1, ['access', 'money', 'confirm', 'reminder']);
    } else {
      const bulk = drain(services, run, others, ['money', 'confirm', 'reminder']);
      // Access letters have a connection of their own for as long as the others take.
      await together(run, [bulk, drain(services, run, 1, ['access'], bulk)]);
    }
    return run.counts;
  } finally {
    clearInterval(beat);
    await release(services, run);
  }
}

/** When the next letter comes up, or null; letters in the mail server's hands are nobody's turn. */
export async function lettersNextDue(
  services: Pick<Services, 'database' | 'now' | 'machineNow'>,
): Promise<Date | null> {
  const pausedUntil = await signInRefusedUntil(services.database, services.now());
  const machineNow = services.machineNow().toISOString();
  const nextAt = await nextDue(
    services.database,
    letters,
    sql`${waiting} and (${letters.leasedUntil} is null or ${letters.leasedUntil} < ${machineNow}::timestamptz)`,
  );
  return nextAt !== null && pausedUntil !== null && pausedUntil > nextAt ? pausedUntil : nextAt;
}

const waiting = sql`${letters.state} in ('queued', 'deferred', 'sending')`;
/** Machine time: after so long without a sign of life a claim is anybody's again. */
const LEASE_SECONDS = 45;
const RENEW_SECONDS = 15;
const CLAIMED_PER_LANE = 20;
const ACCESS_LOOK_MS = 250;

interface Run {
  teller: Teller;
  /** Outcomes on their way to the book. */
  unwritten: Set<Promise<void>>;
  failure?: { problem: unknown };
  counts: Delivered;
  stopped(): boolean;
  /** The mail server is away or does not let us in: the rest waits for the next call. */
  halted: boolean;
  /** Claimed by this call and not finished: their leases are renewed. */
  onTheirWay: Map<string, Claimed>;
  /** Domains that refused us in this call; their reminders wait an hour. */
  pausedDomains: Set<string>;
}

interface Claimed extends LetterRow {
  inDoubt: boolean;
  sealed: { address: Buffer; name: Buffer | null; invitation: number | null; discreet: boolean };
}

/** Works through these classes, the first of them first, on so many lanes; with `until` it keeps looking until that ends. */
async function drain(
  services: LetterServices,
  run: Run,
  lanes: number,
  classes: readonly LetterClass[],
  until?: Promise<void>,
): Promise<void> {
  const { take, settled } = supply(services, run, lanes * CLAIMED_PER_LANE, classes);
  let staying = until !== undefined;
  const end = () => {
    staying = false;
  };
  const over = until?.then(end, end);
  const lane = async () => {
    while (!run.stopped()) {
      const letter = await take();
      if (letter) await deliver(services, run, letter);
      else if (staying) await Promise.race([over, setTimeout(ACCESS_LOOK_MS, undefined, { ref: false })]);
      else return;
    }
  };
  try {
    await together(run, Array.from({ length: lanes }, lane));
  } finally {
    await settled();
    await Promise.allSettled(run.unwritten);
  }
  if (run.failure) throw run.failure.problem;
}

/** Waits for all, also when one fails: the others end after the letter in their hands. */
async function together(run: Run, lanes: Promise<void>[]): Promise<void> {
  const halt = (problem: unknown) => {
    run.halted = true;
    throw problem;
  };
  for (const end of await Promise.allSettled(lanes.map((lane) => lane.catch(halt)))) {
    if (end.status === 'rejected') throw end.reason;
  }
}

/** Hands out claimed letters one by one and claims more when they run out; null when nothing is due. */
function supply(
  services: LetterServices,
  run: Run,
  most: number,
  classes: readonly LetterClass[],
): { take(): Promise<Claimed | null>; settled(): Promise<void> } {
  const ready: Claimed[] = [];
  let claiming: Promise<void> | null = null;
  const claimMore = async () => {
    for (const one of classes) {
      if (ready.length >= most || run.stopped()) return;
      for (const letter of await claim(services, one, most - ready.length)) {
        run.onTheirWay.set(letter.id, letter);
        ready.push(letter);
      }
    }
  };
  const claimOnce = () => {
    claiming ??= claimMore().finally(() => {
      claiming = null;
    });
    return claiming;
  };
  return {
    async take() {
      if (ready.length === 0) await claimOnce();
      // The next batch comes while this one is being sent; where that fails, the next look says so.
      else if (ready.length === Math.floor(most / 2)) claimOnce().catch(() => {});
      return ready.shift() ?? null;
    },
    async settled() {
      await claiming?.catch(() => {});
    },
  };
}

/** Claims due letters of one class; what the guards hold back ends in the same transaction. */
function claim(services: LetterServices, letterClass: LetterClass, most: number): Promise<Claimed[]> {
  const now = services.now();
  return transact(services, async (tx) => {
    const rows = await claimDue(tx, letters, {
      now,
      machineNow: services.machineNow(),
      leaseSeconds: LEASE_SECONDS,
      most,
      // The class stands as a literal so that the partial index serves its own claim.
      waiting: sql`${waiting} and ${letters.class} = ${sql.raw(`'${letterClass}'`)}`,
    });
    if (rows.length === 0) return [];
    const fresh: LetterRow[] = [];
    for (const row of rows) {
      const taken = await takeUp(tx, row);
      if (taken) fresh.push(taken);
    }
    if (fresh.length === 0) return [];
    const ids = fresh.map((row) => row.id);
    const ended = await tx
      .update(letters)
      .set({ state: verdict(now), leasedUntil: null })
      .where(and(inArray(letters.id, ids), ne(verdict(now), 'sending')))
      .returning({ id: letters.id });
    const held = new Set(ended.map((row) => row.id));
    return withRecipients(
      tx,
      fresh.filter((row) => !held.has(row.id)),
    );
  });
}

/** A letter found in `sending` was left by a crash or a pause: nobody knows whether it went out. */
async function takeUp(tx: Pick<Reads, 'select'> & TxUpdate, row: LetterRow): Promise<LetterRow | null> {
  if (row.state !== 'sending') return row;
  const again = repeatable(row.class) && !isInDoubt(row);
  await tx
    .update(letters)
    .set(
      again ? { state: 'queued', problem: doubt } : { state: 'ambiguous', problem: doubt, leasedUntil: null },
    )
    .where(eq(letters.id, row.id));
  return again ? { ...row, state: 'queued', problem: doubt } : null;
}

async function withRecipients(reads: Reads, rows: LetterRow[]): Promise<Claimed[]> {
  const readerIds = rows.flatMap((row) => row.readerId ?? []);
  const staffIds = rows.flatMap((row) => row.staffId ?? []);
  const sealed = new Map<string, Claimed['sealed']>();
  if (readerIds.length > 0) {
    const found = await reads
      .select({
        id: readers.id,
        address: readers.addressSealed,
        name: readers.nameSealed,
        discreet: readers.discreet,
      })
      .from(readers)
      .where(inArray(readers.id, readerIds));
    for (const { id, address, name, discreet } of found) {
      if (address) sealed.set(id, { address, name, invitation: null, discreet });
    }
  }
  if (staffIds.length > 0) {
    const found = await reads
      .select({ id: staff.id, address: staff.addressSealed, invitation: staff.invitation })
      .from(staff)
      .where(inArray(staff.id, staffIds));
    for (const { id, address, invitation } of found) {
      sealed.set(id, { address, name: null, invitation, discreet: false });
    }
  }
  return rows.flatMap((row) => {
    const recipient = sealed.get(row.readerId ?? row.staffId ?? '');
    return recipient ? [{ ...row, inDoubt: isInDoubt(row), sealed: recipient }] : [];
  });
}

/**
 * Sends one letter. Its outcome is on its way to the book when this resolves: a lane's next letter is noted together with it,
 * so that no lane ever holds two letters whose fate is open.
 */
async function deliver(services: LetterServices, run: Run, letter: Claimed): Promise<void> {
  let outcome: Outcome | null;
  try {
    outcome = await attempt(services, run, letter);
  } catch (error) {
    run.onTheirWay.delete(letter.id);
    throw error;
  }
  if (outcome === null) {
    run.onTheirWay.delete(letter.id);
    return;
  }
  const { state } = outcome;
  const written = finish(services, run, letter, outcome)
    .then((ours) => {
      if (ours) run.counts[state]++;
    })
    .finally(() => {
      run.onTheirWay.delete(letter.id);
      run.unwritten.delete(written);
    });
  // Nobody waits for it alone: the call ends with what went wrong.
  written.catch((problem: unknown) => {
    run.halted = true;
    run.failure ??= { problem };
  });
  run.unwritten.add(written);
}

/** Null when the letter is no longer ours to send: taken over by another, taken back, or held back by the guards. */
async function attempt(services: LetterServices, run: Run, letter: Claimed): Promise<Outcome | null> {
  let message: Message;
  let domain: string;
  try {
    const recipient = openRecipient(services, letter);
    domain = recipient.address.split('@').at(-1) ?? '';
    message = renderLetter(services, letter, recipient);
  } catch (error) {
    // A letter that cannot be written must not hold up the others; it is tried again until its deadline.
    const problem = `not written: ${problemOf(error)}`;
    services.log.error({ letter: letter.id, kind: letter.kind, problem }, 'A letter could not be written');
    return outcomeOf(letter, { meaning: 'later', problem, statedSeconds: null }, services.now());
  }
  if (letter.class === 'reminder' && run.pausedDomains.has(domain)) {
    return outcomeOf(
      letter,
      { meaning: 'policy', problem: 'policy pause', statedSeconds: null },
      services.now(),
    );
  }
  if (!(await run.teller.note(letter))) return null;
  try {
    await services.mailer.send(message);
    return accepted(letter);
  } catch (error) {
    const answer = readAnswer(error);
    services.log.warn(
      { letter: letter.id, kind: letter.kind, problem: answer.problem },
      'A letter was not taken',
    );
    if (answer.meaning === 'policy') run.pausedDomains.add(domain);
    if (answer.meaning === 'sign-in' || answer.meaning === 'unreachable') run.halted = true;
    return outcomeOf(letter, answer, services.now());
  }
}

/** Writes what became of the letter, and what that says of its address. */
async function finish(
  services: LetterServices,
  run: Run,
  letter: Claimed,
  outcome: Outcome,
): Promise<boolean> {
  const now = services.now();
  const goneOut = outcome.state === 'sent' || (outcome.state === 'ambiguous' && outcome.problem === doubt);
  const ours = await run.teller.finish(letter, outcome, goneOut ? now : null);
  const { readerId } = letter;
  if (!ours || readerId === null || outcome.problem === null) return ours;
  const dead = outcome.problem.includes('no-such-address');
  if (dead || (outcome.problem.includes('mailbox-full') && (await oftenFull(services.database, readerId)))) {
    await transact(services, (tx) => suppress(tx, now, readerId, 'dead-address'));
  }
  return ours;
}

/** A mailbox that was full for three of the last five letters is nobody's any more. */
async function oftenFull(reads: Reads, readerId: string): Promise<boolean> {
  const lastFive = await reads
    .select({ problem: letters.problem })
    .from(letters)
    .where(eq(letters.readerId, readerId))
    .orderBy(desc(letters.createdAt))
    .limit(5);
  return lastFive.filter((row) => row.problem?.includes('mailbox-full')).length >= 3;
}

function openRecipient(services: LetterServices, { sealed }: Claimed): Recipient {
  return {
    address: services.keys.open('address', sealed.address).toString(),
    name: sealed.name === null ? null : services.keys.open('name', sealed.name).toString(),
    invitation: sealed.invitation,
    discreet: sealed.discreet,
  };
}

/** While the mail server does not let us in nothing is tried: until when, or null. The rows themselves say so, to every instance. */
async function signInRefusedUntil(reads: Reads, now: Date): Promise<Date | null> {
  const [row] = await reads
    .select({ dueAt: letters.dueAt })
    .from(letters)
    .where(
      sql`${waiting} and ${letters.state} = 'deferred' and ${letters.problem} like '%sign-in%'
        and ${letters.dueAt} > ${now.toISOString()}::timestamptz`,
    )
    .orderBy(desc(letters.dueAt))
    .limit(1);
  return row?.dueAt ?? null;
}

async function renewLeases(services: LetterServices, run: Run): Promise<void> {
  const ours = [...run.onTheirWay.values()];
  if (ours.length === 0) return;
  try {
    await services.database
      .update(letters)
      .set({ leasedUntil: leaseEnd(services.machineNow()) })
      .where(and(inArray(letters.state, ['queued', 'deferred', 'sending']), oursStill(ours)));
  } catch (error) {
    services.log.warn({ problem: problemOf(error) }, 'The leases of letters could not be renewed');
  }
}

/** Gives back what was claimed and not begun, so that the next call need not wait for the lease. */
async function release(services: LetterServices, run: Run): Promise<void> {
  const ours = [...run.onTheirWay.values()];
  if (ours.length === 0) return;
  await services.database
    .update(letters)
    .set({ leasedUntil: null, attempts: sql`${letters.attempts} - 1` })
    .where(and(inArray(letters.state, ['queued', 'deferred']), oursStill(ours)));
}

function oursStill(rows: readonly Claimed[]): SQL {
  const pairs = rows.map((row) => sql`(${row.id}::uuid, ${row.fence}::bigint)`);
  return sql`(${letters.id}, ${letters.fence}) in (${sql.join(pairs, sql`, `)})`;
}

function isInDoubt(row: LetterRow): boolean {
  return row.problem?.startsWith(doubt) === true;
}

function leaseEnd(machineNow: Date): Date {
  return new Date(machineNow.getTime() + LEASE_SECONDS * 1000);
}

type TxUpdate = Pick<Services['database'], 'update'>;
