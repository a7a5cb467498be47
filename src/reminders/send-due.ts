// Send due: reminders whose day has come become letters, those no longer wanted end, and what was kept only for them is forgotten.
import { and, desc, eq, gt, gte, inArray, isNull, lt, lte, sql } from 'drizzle-orm';
import { dropFormerHashes, retireReaders } from '../ledger/reader.ts';
import { messageDomain, type NewLetter, queueLetters } from '../letters/outbox.ts';
import { letterEndsHeard, lettersUnheard, unheard } from '../letters/undelivered.ts';
import { nextDue } from '../outside/claim.ts';
import { type Tx, transact } from '../outside/database.ts';
import { openReadyConnection, readyStatement } from '../outside/ready-statement.ts';
import type { Services } from '../outside/services.ts';
import {
  checkouts,
  customers,
  letters,
  memberships,
  payments,
  readers,
  reminders,
  suppressions,
} from '../schema.ts';
import { localDate } from '../values/calendar.ts';
import {
  confirmWithinDays,
  daysAfter,
  fateOf,
  mostRepeats,
  type OnTheDay,
  repeatWithinDays,
} from './reminder.ts';

type ReminderServices = Pick<Services, 'config' | 'now' | 'machineNow' | 'database' | 'nudge'>;

/**
 * Writes the letters of reminders that are due and still wanted; answers how many. The first go out while the next are
 * written; after so many it asks to be called again, so that other work has its turn.
 */
export async function sendDueReminders(services: ReminderServices): Promise<number> {
  await noteUndelivered(services);
  const nextAt = await remindersNextDue(services);
  if (nextAt === null || nextAt > services.now()) return 0;
  let written = 0;
  for (let batches = 1; ; batches += 1) {
    const batch = await transact(services, (tx) => sendBatch(services, tx));
    written += batch.written;
    if (batch.written > 0) services.nudge('letters');
    if (batch.claimed < BATCH) return written;
    if (batches === BATCHES) {
      services.nudge('reminders');
      return written;
    }
  }
}

/** When the next reminder is due, or null. */
export function remindersNextDue(services: Pick<Services, 'database'>): Promise<Date | null> {
  return nextDue(services.database, reminders, waiting);
}

/** How far a look at the payments has come: the newest of them, and when it was seen first (the machine's time). */
export interface Heard {
  newestId: string;
  seenAt: Date;
  /** Looked at already, of those near enough to the newest that the next look meets them again. */
  looked: ReadonlySet<string>;
}

/**
 * Ends reminders whose reader has given since, and notes which gifts came by a reminder. Looks at the payments that were
 * heard after `before` and a little before that, whenever they were made, by their ids, which are made in order: so it costs
 * what is new, however many reminders wait. Without `before` it looks days back. Sending does not rest on it: it looks for itself.
 */
export async function satisfyReminders(
  services: Pick<Services, 'database' | 'machineNow'>,
  before: Heard | null = null,
): Promise<Heard | null> {
  const machineNow = services.machineNow();
  const [newest] = await services.database
    .select({ id: payments.id })
    .from(payments)
    .orderBy(desc(payments.id))
    .limit(1);
  if (newest === undefined) return null;
  const same = before?.newestId === newest.id;
  if (same && machineNow.getTime() - before.seenAt.getTime() > longestUnseenMs) return before;
  const metAgainFrom = idMadeBefore(newest.id, longestUnseenMs);
  const looked = new Set<string>();
  let from =
    before === null
      ? idMadeBefore(newest.id, satisfiedWithinDays * 86_400_000)
      : idMadeBefore(before.newestId, longestUnseenMs);
  for (;;) {
    const page: Given[] = await services.database
      .select({
        id: payments.id,
        readerId: payments.readerId,
        reminderId: payments.reminderId,
        paidAt: payments.paidAt,
      })
      .from(payments)
      .where(gte(payments.id, from))
      .orderBy(payments.id)
      .limit(PAGE);
    await satisfyBy(
      services,
      page.filter(({ id }) => before?.looked.has(id) !== true),
    );
    for (const { id } of page) if (id >= metAgainFrom) looked.add(id);
    if (page.length < PAGE) break;
    // The last of a page stands at the head of the next as well: looked at twice, it changes nothing.
    from = page.at(-1)?.id ?? from;
  }
  return same ? { ...before, looked } : { newestId: newest.id, seenAt: machineNow, looked };
}

/** Once a night: what was never confirmed vanishes, and addresses that were kept only for a reminder go. */
export async function sweepReminders(services: ReminderServices): Promise<void> {
  const now = services.now();
  await satisfyReminders(services);
  await noteUndelivered(services);
  await services.database
    .update(reminders)
    .set({ state: 'lapsed' })
    .where(
      and(eq(reminders.state, 'unconfirmed'), lt(reminders.createdAt, daysAfter(now, -confirmWithinDays))),
    );
  for (let after = noId; ; ) {
    const upTo = await pageEnd(services.database, after);
    for (;;) {
      const gone = await transact(services, (tx) => forgetBatch(tx, now, after, upTo));
      if (gone < BATCH) break;
    }
    if (upTo === null) break;
    after = upTo;
  }
  await dropFormerHashes(services.database, daysAfter(now, -formerHashDays));
}

const BATCH = 500;
const BATCHES = 20;
const PAGE = 5000;
const noId = '00000000-0000-0000-0000-000000000000';
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** So long after an address went its keyed hash is kept. */
const formerHashDays = 30;
/** The nightly look goes so far back, for what a pass in between should have missed. */
const satisfiedWithinDays = 3;
/** A payment's id is made before its transaction commits, and by each instance's own clock: it may be so much older than its being seen. */
const longestUnseenMs = 60_000;
const waiting = sql`${reminders.state} = 'waiting'`;

/** The least id (uuid v7) that can have been made so many milliseconds before another. */
function idMadeBefore(id: string, ms: number): string {
  const madeAtMs = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  const at = Math.max(0, madeAtMs - ms)
    .toString(16)
    .padStart(12, '0');
  return `${at.slice(0, 8)}-${at.slice(8)}-7000-8000-000000000000`;
}

type Given = Pick<typeof payments.$inferSelect, 'id' | 'readerId' | 'reminderId' | 'paidAt'>;

async function satisfyBy({ database }: Pick<Services, 'database'>, given: readonly Given[]): Promise<void> {
  if (given.length === 0) return;
  const { connection, close } = await openReadyConnection(database);
  try {
    await satisfy(connection, {
      readers: given.map(({ readerId }) => readerId),
      reminders: given.map(({ reminderId }) => reminderId),
      paidAt: given.map(({ paidAt }) => paidAt.toISOString()),
    });
  } finally {
    await close();
  }
}

// On states no index may offer itself: the few payments lead to their reminders, whatever the statistics say of millions.
const satisfy = readyStatement(
  'reminders-satisfy',
  sql`with heard as materialized (
      select * from unnest(
        ${sql.placeholder('readers')}::uuid[], ${sql.placeholder('reminders')}::uuid[],
        ${sql.placeholder('paidAt')}::timestamptz[]
      ) as h (reader_id, reminder_id, paid_at)
    ), by_reminder as (
      select reminder_id, min(paid_at) as first_at from heard where reminder_id is not null group by reminder_id
    ), gave as (
      update ${reminders} set gave_at = g.first_at,
        state = case when ${reminders.state} in ('waiting', 'sent') then 'satisfied' else ${reminders.state} end
      from by_reminder g where ${reminders.id} = g.reminder_id and ${reminders.gaveAt} is null
    ), by_reader as (
      select reader_id, max(paid_at) as last_at from heard group by reader_id
    )
    update ${reminders} set state = 'satisfied'
    from by_reader g
    where ${reminders.readerId} = g.reader_id and array_position(array['waiting', 'sent'], ${reminders.state}) is not null
      and g.last_at >= ${reminders.createdAt}
      -- Written above already: one statement may write a row but once.
      and not exists (select from by_reminder r where r.reminder_id = ${reminders.id} and ${reminders.gaveAt} is null)`,
);

async function sendBatch(services: ReminderServices, tx: Tx): Promise<{ claimed: number; written: number }> {
  const now = services.now();
  // Read and settled in one transaction: the row's lock is the claim, and nothing need be written to say so.
  const due = await tx
    .select()
    .from(reminders)
    .where(and(waiting, lte(reminders.dueAt, now)))
    .orderBy(reminders.dueAt)
    .limit(BATCH)
    .for('update', { skipLocked: true });
  if (due.length === 0) return { claimed: 0, written: 0 };
  const known = await onTheDay(
    tx,
    due.map((reminder) => reminder.id),
  );
  const byFate = new Map<ReturnType<typeof fateOf>, string[]>();
  const wanted: NewLetter<'reminder'>[] = [];
  for (const reminder of due) {
    const facts = known.get(reminder.id);
    const fate = facts ? fateOf({ ...facts, dueAt: reminder.dueAt }, now) : 'lapsed';
    byFate.set(fate, [...(byFate.get(fate) ?? []), reminder.id]);
    if (fate === 'send' && reminder.readerId !== null) wanted.push(letterOf(reminder, reminder.readerId));
  }
  for (const [fate, ids] of byFate) {
    await tx
      .update(reminders)
      .set(fate === 'send' ? { state: 'sent', sentAt: now } : { state: fate })
      .where(sql`${reminders.id} = any(${sql.param(ids)}::uuid[])`);
  }
  const written = await queueLetters(tx, now, messageDomain(services.config), wanted);
  return { claimed: due.length, written };
}

function letterOf(reminder: typeof reminders.$inferSelect, readerId: string): NewLetter<'reminder'> {
  return {
    kind: 'reminder',
    // One letter per asking: asked for again, it is another.
    key: `${reminder.id}:${reminder.snoozes}`,
    to: { readerId },
    locale: reminder.locale,
    reminderId: reminder.id,
    wantedAt: reminder.dueAt,
    facts: {
      reminderId: reminder.id,
      askedOn: localDate(reminder.createdAt, reminder.timeZone),
      again: reminder.snoozes > 0,
      mayRepeat: reminder.snoozes < mostRepeats,
      ...(reminder.discreet && { discreet: true }),
    },
  };
}

/** What decides about each reminder, read for the whole batch at once. */
async function onTheDay(tx: Tx, ids: string[]): Promise<Map<string, Omit<OnTheDay, 'dueAt'>>> {
  const { rows } = await tx.execute<{
    id: string;
    reachable: boolean;
    gave: boolean;
    running: boolean;
    suppressed: boolean;
  }>(sql`
    -- Each question is one of its own about one reminder, whose ids alone lead to the answer: asked of many at once, Postgres
    -- would rather read all readers, and as often as there are batches.
    select ${reminders.id} as id,
      (select ${readers.erasedAt} is null and ${readers.addressSealed} is not null from ${readers}
        where ${readers.id} = ${reminders.readerId}) is true as reachable,
      (exists (select from ${payments}
          where ${payments.readerId} = ${reminders.readerId} and (${payments.paidAt} >= ${reminders.createdAt}) is true)
        or exists (select from ${payments}
          where ${payments.reminderId} = ${reminders.id} and (${payments.paidAt} >= ${reminders.createdAt}) is true)) as gave,
      (select true from ${memberships} where ${memberships.readerId} = ${reminders.readerId}
        and array_position(array['active', 'past_due', 'paused'], ${memberships.standing}) is not null
        limit 1) is true as running,
      (select true from ${suppressions}
        where ${suppressions.addressHash} = (select ${readers.addressHash} from ${readers}
          where ${readers.id} = ${reminders.readerId})
        limit 1) is true as suppressed
    from ${reminders}
    where ${reminders.id} = any(${sql.param(ids)}::uuid[])`);
  return new Map(
    rows.map(({ id, reachable, gave, running, suppressed }) => [
      id,
      { reachable, gaveSince: gave, runningMembership: running, suppressed },
    ]),
  );
}

/** A reminder whose letter did not go out after all was not sent; a repeat that failed leaves the earlier letter standing. */
async function noteUndelivered(services: Pick<Services, 'database'>): Promise<void> {
  for (;;) {
    const ids = await lettersUnheard(services.database, BATCH);
    // Reminders first and their letters after them, as whoever stops a reminder holds them.
    if (ids.length > 0) await transact(services, (tx) => noteBatch(tx, ids));
    if (ids.length < BATCH) return;
  }
}

async function noteBatch(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.execute(sql`
    update ${reminders} set
      state = case
        when ${letters.state} = 'expired' then 'late'
        -- Held back although still wanted by its reader: they have given.
        when ${letters.state} = 'cancelled' and exists (select from ${readers}
          where ${readers.id} = ${reminders.readerId} and ${readers.erasedAt} is null) then 'satisfied'
        else 'lapsed'
      end,
      sent_at = (select max(earlier.sent_at) from ${letters} earlier
        where earlier.reminder_id = ${reminders.id} and earlier.class = 'reminder')
    from ${letters}
    where ${letters.id} = any(${sql.param(ids)}::uuid[]) and ${unheard}
      and ${letters.reminderId} = ${reminders.id}
      and ${letters.key} = 'reminder:' || ${reminders.id} || ':' || ${reminders.snoozes}
      -- Written so that no index on the state offers itself: the few letters lead to their reminders.
      and array_position(array['sent'], ${reminders.state}) is not null`);
  await letterEndsHeard(tx, ids);
}

/** The last of the next so many readers, or null where no more than these are left: millions who wait are never one statement's. */
async function pageEnd(database: Services['database'], after: string): Promise<string | null> {
  const [last] = await database
    .select({ id: readers.id })
    .from(readers)
    .where(and(gt(readers.id, after), isNull(readers.erasedAt)))
    .orderBy(readers.id)
    .offset(PAGE - 1)
    .limit(1);
  return last?.id ?? null;
}

/**
 * Forgets readers who were known only for reminders that are over: stopped, satisfied or lapsed, or sent thirty days ago.
 * Whoever has given, or has one more to come, stays.
 */
async function forgetBatch(tx: Tx, now: Date, after: string, upTo: string | null): Promise<number> {
  const sentBefore = daysAfter(now, -repeatWithinDays).toISOString();
  const ours = sql`${readers.id} > ${after} and ${readers.id} <= ${upTo ?? lastId} and ${readers.erasedAt} is null
    and exists (select from ${reminders} where ${reminders.readerId} = ${readers.id})
    and not exists (select from ${reminders} where ${reminders.readerId} = ${readers.id}
      and (${reminders.state} in ('unconfirmed', 'waiting')
        or (${reminders.state} = 'sent' and ${reminders.sentAt} >= ${sentBefore}::timestamptz)))
    and not exists (select from ${payments} where ${payments.readerId} = ${readers.id})
    and not exists (select from ${memberships} where ${memberships.readerId} = ${readers.id})
    and not exists (select from ${checkouts} where ${checkouts.readerId} = ${readers.id})
    and not exists (select from ${customers} where ${customers.readerId} = ${readers.id})
    and not exists (select from ${letters} where ${letters.readerId} = ${readers.id}
      and ${letters.state} in ('queued', 'deferred', 'sending'))`;
  const found = await tx
    .select({ id: readers.id })
    .from(readers)
    .where(ours)
    .limit(BATCH)
    .for('update', { skipLocked: true });
  if (found.length === 0) return 0;
  // Once more, now that they are held: someone may have asked or given between the look and the lock.
  const still = await tx
    .select({ id: readers.id })
    .from(readers)
    .where(
      and(
        inArray(
          readers.id,
          found.map((reader) => reader.id),
        ),
        ours,
      ),
    );
  await retireReaders(
    tx,
    now,
    still.map(({ id }) => id),
  );
  return found.length;
}
