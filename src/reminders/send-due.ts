// Send due: reminders whose day has come become letters, those no longer wanted end, and what was kept only for them is forgotten.
import { and, eq, inArray, lt, sql } from 'drizzle-orm';
import { forgetReader } from '../ledger/reader.ts';
import { messageDomain, type NewLetter, queueLetters } from '../letters/outbox.ts';
import { claimDue, nextDue } from '../outside/claim.ts';
import { type Tx, transact } from '../outside/database.ts';
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
import {
  confirmWithinDays,
  daysAfter,
  fateOf,
  mostRepeats,
  type OnTheDay,
  repeatWithinDays,
} from './reminder.ts';

type ReminderServices = Pick<Services, 'config' | 'now' | 'machineNow' | 'database' | 'nudge'>;

/** Writes the letter of every reminder that is due and still wanted. Answers how many were written. */
export async function sendDueReminders(services: ReminderServices): Promise<number> {
  await noteUndelivered(services);
  let written = 0;
  for (;;) {
    const batch = await transact(services, (tx) => sendBatch(services, tx));
    written += batch.written;
    if (batch.claimed < BATCH) break;
  }
  if (written > 0) services.nudge('letters');
  return written;
}

/** When the next reminder is due, or null. */
export function remindersNextDue(services: Pick<Services, 'database'>): Promise<Date | null> {
  return nextDue(services.database, reminders, waiting);
}

/**
 * Ends reminders whose reader has given since, and notes which gifts came by a reminder. Looks at the payments of the last
 * days; the nightly round looks at all, for events that came very late. Sending does not rest on it: it looks for itself.
 */
export async function satisfyReminders(
  services: Pick<Services, 'database' | 'now'>,
  { sinceDays = 3 }: { sinceDays?: number } = {},
): Promise<void> {
  const since = daysAfter(services.now(), -sinceDays).toISOString();
  await services.database.execute(sql`
    update ${reminders} set gave_at = given.first_at, state = case when state in ('waiting', 'sent') then 'satisfied' else state end
    from (
      select reminder_id, min(paid_at) as first_at from ${payments}
      where reminder_id is not null and paid_at >= ${since}::timestamptz group by reminder_id
    ) given
    where ${reminders.id} = given.reminder_id and ${reminders.gaveAt} is null`);
  await services.database.execute(sql`
    update ${reminders} set state = 'satisfied'
    from (
      select reader_id, max(paid_at) as last_at from ${payments}
      where paid_at >= ${since}::timestamptz group by reader_id
    ) given
    where ${reminders.readerId} = given.reader_id and ${reminders.state} in ('waiting', 'sent')
      and given.last_at >= ${reminders.createdAt}`);
}

/** Once a night: what was never confirmed vanishes, and addresses that were kept only for a reminder go. */
export async function sweepReminders(services: ReminderServices): Promise<void> {
  const now = services.now();
  await satisfyReminders(services, { sinceDays: 10_000 });
  await noteUndelivered(services);
  await services.database
    .update(reminders)
    .set({ state: 'lapsed' })
    .where(
      and(eq(reminders.state, 'unconfirmed'), lt(reminders.createdAt, daysAfter(now, -confirmWithinDays))),
    );
  for (;;) {
    const gone = await transact(services, (tx) => forgetBatch(tx, now));
    if (gone < BATCH) return;
  }
}

const BATCH = 500;
const waiting = sql`${reminders.state} = 'waiting'`;

async function sendBatch(services: ReminderServices, tx: Tx): Promise<{ claimed: number; written: number }> {
  const now = services.now();
  const due = await claimDue(tx, reminders, {
    now,
    machineNow: services.machineNow(),
    // Claim and outcome are one transaction: the row's lock is the lease.
    leaseSeconds: 0,
    most: BATCH,
    waiting,
  });
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
      .set(
        fate === 'send'
          ? { state: 'sent', sentAt: now, leasedUntil: null }
          : { state: fate, leasedUntil: null },
      )
      .where(inArray(reminders.id, ids));
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
      askedAt: reminder.createdAt.toISOString(),
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
    select ${reminders.id} as id,
      coalesce(${readers.erasedAt} is null and ${readers.addressSealed} is not null, false) as reachable,
      exists (select from ${payments} where ${payments.paidAt} >= ${reminders.createdAt}
        and (${payments.readerId} = ${reminders.readerId} or ${payments.reminderId} = ${reminders.id})) as gave,
      exists (select from ${memberships} where ${memberships.readerId} = ${reminders.readerId}
        and ${memberships.standing} in ('active', 'past_due', 'paused')) as running,
      exists (select from ${suppressions} where ${suppressions.addressHash} = ${readers.addressHash}) as suppressed
    from ${reminders} left join ${readers} on ${readers.id} = ${reminders.readerId}
    where ${inArray(reminders.id, ids)}`);
  return new Map(
    rows.map(({ id, reachable, gave, running, suppressed }) => [
      id,
      { reachable, gaveSince: gave, runningMembership: running, suppressed },
    ]),
  );
}

/** A reminder whose letter did not go out after all was not sent; a repeat that failed leaves the earlier letter standing. */
async function noteUndelivered({ database, now }: Pick<Services, 'database' | 'now'>): Promise<void> {
  const since = daysAfter(now(), -4).toISOString();
  await database.execute(sql`
    update ${reminders} set
      state = case
        when letter.state = 'expired' then 'late'
        -- Held back although still wanted by its reader: they have given.
        when letter.state = 'cancelled' and exists (select from ${readers}
          where ${readers.id} = ${reminders.readerId} and ${readers.erasedAt} is null) then 'satisfied'
        else 'lapsed'
      end,
      sent_at = (select max(earlier.sent_at) from ${letters} earlier
        where earlier.reminder_id = ${reminders.id} and earlier.class = 'reminder')
    from ${letters} letter
    where letter.reminder_id = ${reminders.id} and letter.class = 'reminder'
      and letter.state in ('expired', 'cancelled', 'suppressed', 'refused')
      and letter.created_at >= ${since}::timestamptz
      and letter.key = 'reminder:' || ${reminders.id} || ':' || ${reminders.snoozes}
      and ${reminders.state} = 'sent'`);
}

/**
 * Forgets readers who were known only for reminders that are over: stopped, satisfied or lapsed, or sent thirty days ago.
 * Whoever has given, or has one more to come, stays.
 */
async function forgetBatch(tx: Tx, now: Date): Promise<number> {
  const sentBefore = daysAfter(now, -repeatWithinDays).toISOString();
  const ours = sql`${readers.erasedAt} is null
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
  for (const { id } of still) await forgetReader(tx, now, id);
  return found.length;
}
