// Claims: letters that are due, taken by one instance for a while, together with whom they go to.
import { and, eq, inArray, ne, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { claimDue } from '../outside/claim.ts';
import { type Reads, type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { letters, readers, staff } from '../schema.ts';
import { repeatable } from './answer.ts';
import { verdict } from './guards.ts';
import type { LetterClass } from './outbox.ts';
import { mailServerPausedUntil } from './pauses.ts';
import type { LetterRow } from './render.ts';

type Claiming = Pick<Services, 'database' | 'now' | 'machineNow'>;

export interface Claimed extends LetterRow {
  sealed: { address: Buffer; name: Buffer | null; invitation: number | null; discreet: boolean };
}

/** Machine time: after so long without a sign of life a claim is anybody's again. */
export const leaseSeconds = 45;

/** Claims due letters of one class, the earliest first; what the guards hold back ends in the same transaction. */
export function claimLetters(services: Claiming, letterClass: LetterClass, most: number): Promise<Claimed[]> {
  const now = services.now();
  return transact(services, async (tx) => {
    const rows = await claimDue(tx, letters, {
      now,
      machineNow: services.machineNow(),
      leaseSeconds,
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
    const found = verdict(sql`${now.toISOString()}::timestamptz`);
    const ended = await tx
      .update(letters)
      .set({ state: found, leasedUntil: null })
      .where(and(anyOf(letters.id, ids), ne(found, 'sending')))
      .returning({ id: letters.id });
    const held = new Set(ended.map((row) => row.id));
    return withRecipients(
      tx,
      fresh.filter((row) => !held.has(row.id)),
    );
  });
}

/** Which of these classes have a letter that is due, in the same order: asked at once, since most looks find none. */
export async function classesDue(
  services: Claiming,
  classes: readonly LetterClass[],
): Promise<readonly LetterClass[]> {
  const { rows } = await services.database.execute<{ class: LetterClass; at: string }>(sql`
    select class, due_at::text as at from (${firstOfEach(services, classes)}) first`);
  const now = services.now();
  return classes.filter((one) => rows.some((row) => row.class === one && new Date(row.at) <= now));
}

/** When the next letter comes up, or null; letters in the mail server's hands are nobody's turn. */
export async function lettersNextDue(services: Claiming): Promise<Date | null> {
  const pausedUntil = await mailServerPausedUntil(services.database, services.now());
  const { rows } = await services.database.execute<{ at: string | null }>(sql`
    select min(due_at)::text as at from (${firstOfEach(services, letterClasses)}) first`);
  const at = rows[0]?.at ?? null;
  if (at === null) return null;
  const nextAt = new Date(at);
  return pausedUntil !== null && pausedUntil > nextAt ? pausedUntil : nextAt;
}

/** The index is by class: its first entry for each is found at once, however many wait. */
function firstOfEach({ machineNow }: Claiming, classes: readonly LetterClass[]): SQL {
  return sql`select c.class, next.due_at
    from unnest(${sql.param(classes)}::text[]) as c (class),
      lateral (
        select ${letters.dueAt} as due_at from ${letters}
        where ${waiting} and ${letters.class} = c.class and (${letters.leasedUntil} is null
          or ${letters.leasedUntil} < ${machineNow().toISOString()}::timestamptz)
        order by ${letters.dueAt} limit 1
      ) next`;
}

const letterClasses: readonly LetterClass[] = ['access', 'money', 'confirm', 'reminder'];

/** Says that these are still being worked on. */
export async function renewClaims(services: Claiming, claimed: readonly Claimed[]): Promise<void> {
  if (claimed.length === 0) return;
  await services.database
    .update(letters)
    .set({ leasedUntil: new Date(services.machineNow().getTime() + leaseSeconds * 1000) })
    .where(and(inArray(letters.state, ['queued', 'deferred', 'sending']), oursStill(claimed)));
}

/** Gives back what was claimed and not begun, so that the next call need not wait for the lease. */
export async function giveBack(
  services: Pick<Services, 'database'>,
  claimed: readonly Claimed[],
): Promise<void> {
  if (claimed.length === 0) return;
  await services.database
    .update(letters)
    .set({ leasedUntil: null, attempts: sql`${letters.attempts} - 1` })
    .where(and(inArray(letters.state, ['queued', 'deferred']), oursStill(claimed)));
}

/** A letter that is not tried now: where `problem` says why it is deferred, else it waits as it was. */
export interface PutOff {
  letter: Claimed;
  dueAt: Date;
  problem: string | null;
}

/** Gives letters back untried until a later moment. */
export async function putOff(services: Pick<Services, 'database'>, those: readonly PutOff[]): Promise<void> {
  if (those.length === 0) return;
  const column = <T>(type: string, of: (one: PutOff) => T) =>
    sql`${sql.param(those.map(of))}::${sql.raw(type)}[]`;
  await services.database.execute(sql`
    update ${letters} set leased_until = null, attempts = ${letters.attempts} - 1, due_at = p.due_at,
      state = case when p.problem is null then ${letters.state} else 'deferred' end,
      problem = coalesce(p.problem, ${letters.problem})
    from unnest(
      ${column('uuid', ({ letter }) => letter.id)}, ${column('bigint', ({ letter }) => letter.fence)},
      ${column('timestamptz', ({ dueAt }) => dueAt.toISOString())}, ${column('text', ({ problem }) => problem)}
    ) as p (id, fence, due_at, problem)
    where ${letters.id} = p.id and ${letters.fence} = p.fence and ${letters.state} in ('queued', 'deferred')`);
}

/** Written as the index has it. */
const waiting = sql`${letters.ended} is null`;

/** A letter found in `sending` was left by a crash or a pause: nobody knows whether it went out. */
async function takeUp(tx: Pick<Tx, 'update'>, row: LetterRow): Promise<LetterRow | null> {
  if (row.state !== 'sending') return row;
  const doubtful = { inDoubt: true, problem: 'unknown, left while sending' };
  const again = repeatable(row.class) && !row.inDoubt;
  await tx
    .update(letters)
    .set(again ? { state: 'queued', ...doubtful } : { state: 'ambiguous', ...doubtful, leasedUntil: null })
    .where(eq(letters.id, row.id));
  return again ? { ...row, state: 'queued', ...doubtful } : null;
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
      .where(anyOf(readers.id, readerIds));
    for (const { id, address, name, discreet } of found) {
      if (address) sealed.set(id, { address, name, invitation: null, discreet });
    }
  }
  if (staffIds.length > 0) {
    const found = await reads
      .select({ id: staff.id, address: staff.addressSealed, invitation: staff.invitation })
      .from(staff)
      .where(anyOf(staff.id, staffIds));
    for (const { id, address, invitation } of found) {
      sealed.set(id, { address, name: null, invitation, discreet: false });
    }
  }
  return rows.flatMap((row) => {
    const recipient = sealed.get(row.readerId ?? row.staffId ?? '');
    return recipient ? [{ ...row, sealed: recipient }] : [];
  });
}

function oursStill(rows: readonly Claimed[]): SQL {
  const ids = sql.param(rows.map((row) => row.id));
  const fences = sql.param(rows.map((row) => row.fence));
  return sql`(${letters.id}, ${letters.fence}) in (select * from unnest(${ids}::uuid[], ${fences}::bigint[]))`;
}

/** One value for them all: a parameter for each would cost more than the look. */
function anyOf(column: PgColumn, ids: readonly string[]): SQL {
  return sql`${column} = any(${sql.param(ids)}::uuid[])`;
}
