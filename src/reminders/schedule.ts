// Schedule: a reminder is asked for, confirmed, moved, repeated and stopped; never an answer that tells whether an address is known.
import { randomUUIDv7 } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { and, eq, inArray, isNull, ne } from 'drizzle-orm';
import { findOrMakeReader, type SealedPerson, sealPerson } from '../ledger/reader.ts';
import { cancelLetters, lettersOnTheirWay, messageDomain, queueLetter } from '../letters/outbox.ts';
import { suppress } from '../letters/suppression.ts';
import { type Reads, type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { readers, reminders, suppressions } from '../schema.ts';
import { sendAt } from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { spend } from '../web/limits.ts';
import { type Act, dueDay, offerFor, type ReminderAsked, type When, zoneFor } from './reminder.ts';

export type Reminder = typeof reminders.$inferSelect;

/**
 * Notes the wish and answers the local day of the one letter. Whatever is known of the address, the same work is done and the
 * same is answered; whether anything is sent is decided when the letter is. `proven`: the address is known to be the asker's.
 */
export async function askForReminder(
  services: Services,
  asked: ReminderAsked & { locale: Locale },
  { proven = false }: { proven?: boolean } = {},
): Promise<{ sendOn: string }> {
  const { config, keys } = services;
  const now = services.now();
  const timeZone = zoneFor(asked.timeZone, config.publication.timeZone);
  const sendOn = dueDay(asked.when, now, timeZone);
  const allowed = await spend(services, 'reminder-address', asked.address.lookUp, 3, 86_400);
  const person = sealPerson(keys, asked.address, null, asked.locale);
  const confirmed = proven || config.reminderConfirmation === 'off';
  await transact(services, (tx) =>
    keepOrUndo(tx, allowed, async (kept) => {
      const readerId = await holdReader(kept, now, person);
      const id = randomUUIDv7();
      if (confirmed) await replaceWaiting(kept, now, readerId);
      await kept.insert(reminders).values({
        id,
        readerId,
        state: confirmed ? 'waiting' : 'unconfirmed',
        stage: 'before',
        choice: asked.when.choice,
        timeZone,
        locale: asked.locale,
        sendOn,
        // Stripe dates payments to the second: a gift of this very second must not seem older than the asking.
        createdAt: new Date(Math.floor(now.getTime() / 1000) * 1000),
        confirmedAt: confirmed ? now : null,
        dueAt: sendAt(sendOn, timeZone, id),
        article: asked.source.article ?? null,
        campaign: asked.source.campaign ?? null,
        component: asked.source.component ?? null,
        referrer: asked.source.referrer ?? null,
      });
      if (confirmed) return;
      await queueLetter(kept, now, messageDomain(config), {
        kind: 'reminder-confirmation',
        key: id,
        to: { readerId },
        locale: asked.locale,
        reminderId: id,
        facts: { reminderId: id, sendOn },
      });
    }),
  );
  services.nudge('letters');
  return { sendOn };
}

/**
 * Does what a reader's button asks of a reminder. Each act may be repeated without harm. Throws a Refusal where the reminder
 * cannot take it any more.
 */
export async function actOnReminder(services: Services, id: string, act: Act): Promise<Reminder> {
  const now = services.now();
  const acted = await transact(services, async (tx) => {
    const [found] = await tx.select().from(reminders).where(eq(reminders.id, id)).for('update');
    if (!found) throw new Refusal(fault('link-expired'));
    return acts[act.act](tx, now, found, act, services);
  });
  if (act.act === 'stop') await untilNoneIsOnItsWay(services, id);
  return acted;
}

/**
 * Keeps reminders (or, when blocked, everything but receipts and access) back from a reminder's address, at once. Answers
 * once no such letter is in the mail server's hands any more.
 */
export async function unsubscribe(
  services: Services,
  reminderId: string,
  reason: 'unsubscribed' | 'blocked',
): Promise<void> {
  const now = services.now();
  const { readerId } = (await findReminder(services.database, reminderId)) ?? { readerId: null };
  // Forgotten already: there is no address left to write to.
  if (readerId === null) return;
  const theirs = and(
    eq(reminders.readerId, readerId),
    inArray(reminders.state, ['unconfirmed', 'waiting', 'sent']),
  );
  const stopped = await transact(services, async (tx) => {
    // In one order, so that two stops at once wait for each other and do not lock each other out.
    await tx.select({ id: reminders.id }).from(reminders).where(theirs).orderBy(reminders.id).for('update');
    await suppress(tx, now, readerId, reason);
    return tx
      .update(reminders)
      .set({ state: 'cancelled', stoppedAt: now })
      .where(theirs)
      .returning({ id: reminders.id });
  });
  for (const { id } of stopped) await untilNoneIsOnItsWay(services, id);
}

/** Whether what `unsubscribe` does for a reminder's address has been done, so that its link can say so. */
export async function isUnsubscribed(
  reads: Reads,
  reminderId: string,
  reason: 'unsubscribed' | 'blocked',
): Promise<boolean> {
  const reminder = await findReminder(reads, reminderId);
  const [reader] = await reads
    .select({ hash: readers.addressHash })
    .from(readers)
    .where(eq(readers.id, reminder?.readerId ?? reminderId));
  // The night after, the address is forgotten; only that the reminder was stopped is left to tell.
  if (!reader?.hash) return reminder?.state === 'cancelled';
  const scopes = reason === 'blocked' ? (['all'] as const) : (['all', 'reminders'] as const);
  const [held] = await reads
    .select({ scope: suppressions.scope })
    .from(suppressions)
    .where(and(eq(suppressions.addressHash, reader.hash), inArray(suppressions.scope, [...scopes])))
    .limit(1);
  return held !== undefined;
}

/** A gift was begun that carries this reminder; the first time counts. */
export async function noteOpened(tx: Tx, now: Date, reminderId: string): Promise<void> {
  await tx
    .update(reminders)
    .set({ openedAt: now })
    .where(and(eq(reminders.id, reminderId), isNull(reminders.openedAt)));
}

export async function findReminder(reads: Reads, id: string): Promise<Reminder | null> {
  const [found] = await reads.select().from(reminders).where(eq(reminders.id, id));
  return found ?? null;
}

type Acting = Pick<Services, 'config'>;

const acts: {
  [A in Act['act']]: (tx: Tx, now: Date, reminder: Reminder, act: Act, services: Acting) => Promise<Reminder>;
} = {
  async confirm(tx, now, reminder, act) {
    const offer = offerFor(reminder, now);
    if (offer.is === 'waiting') return reminder;
    if (offer.is === 'confirm') return wait(tx, now, reminder, { confirmedAt: now });
    if (offer.is !== 'confirm-another-day') throw new Refusal(fault('link-expired'));
    const chosen = act.act === 'confirm' ? act.when : undefined;
    if (!chosen) throw new Refusal(inField('when', fault('choice-missing')));
    return wait(tx, now, reminder, { confirmedAt: now, ...moved(reminder, now, chosen, act) });
  },

  async change(tx, now, reminder, act) {
    const offer = offerFor(reminder, now);
    if (act.act !== 'change') return reminder;
    if (offer.is === 'waiting') return wait(tx, now, reminder, moved(reminder, now, act.when, act));
    if (offer.is === 'sent') return repeat(tx, now, reminder, act.when, act);
    throw new Refusal(fault('link-expired'));
  },

  async again(tx, now, reminder, act) {
    const offer = offerFor(reminder, now);
    // Pressed twice: it is set already.
    if (offer.is === 'waiting') return reminder;
    if (offer.is === 'sent') return repeat(tx, now, reminder, { choice: 'month' }, act);
    throw new Refusal(fault('link-expired'));
  },

  async stop(tx, now, reminder) {
    if (!['unconfirmed', 'waiting', 'sent'].includes(reminder.state)) return reminder;
    const stopped = await write(tx, reminder, { state: 'cancelled', stoppedAt: now });
    await cancelLetters(tx, { reminderId: reminder.id });
    return stopped;
  },
};

/** A sent reminder is set once more; three times at most. */
async function repeat(tx: Tx, now: Date, reminder: Reminder, chosen: When, act: Act): Promise<Reminder> {
  const offer = offerFor(reminder, now);
  if (offer.is !== 'sent' || !offer.mayRepeat) throw new Refusal(fault('already-done'));
  return wait(tx, now, reminder, {
    snoozes: reminder.snoozes + 1,
    ...moved(reminder, now, chosen, act),
  });
}

function moved(reminder: Reminder, now: Date, chosen: When, act: Act): Partial<Reminder> {
  const timeZone = zoneFor('timeZone' in act ? act.timeZone : undefined, reminder.timeZone);
  const sendOn = dueDay(chosen, now, timeZone);
  return { choice: chosen.choice, timeZone, sendOn, dueAt: sendAt(sendOn, timeZone, reminder.id) };
}

/** Sets a reminder waiting; another one of the same reader's that waits makes room for it. */
async function wait(tx: Tx, now: Date, reminder: Reminder, change: Partial<Reminder>): Promise<Reminder> {
  if (reminder.readerId !== null && reminder.state !== 'waiting') {
    await isHeld(tx, reminder.readerId);
    await replaceWaiting(tx, now, reminder.readerId, reminder.id);
  }
  return write(tx, reminder, { state: 'waiting', attempts: 0, leasedUntil: null, problem: null, ...change });
}

async function replaceWaiting(tx: Tx, now: Date, readerId: string, by?: string): Promise<void> {
  await tx
    .update(reminders)
    .set({ state: 'replaced', stoppedAt: now })
    .where(
      and(
        eq(reminders.readerId, readerId),
        eq(reminders.state, 'waiting'),
        by === undefined ? undefined : ne(reminders.id, by),
      ),
    );
}

async function write(tx: Tx, reminder: Reminder, change: Partial<Reminder>): Promise<Reminder> {
  await tx.update(reminders).set(change).where(eq(reminders.id, reminder.id));
  return { ...reminder, ...change };
}

/** The reader with this address, held so that the nightly forgetting cannot pass between finding and writing. */
async function holdReader(tx: Tx, now: Date, person: SealedPerson): Promise<string> {
  const readerId = await findOrMakeReader(tx, now, person);
  return (await isHeld(tx, readerId)) ? readerId : holdReader(tx, now, person);
}

/**
 * Holds a reader until the transaction ends; false when they have been forgotten. Lets the letters of a due reminder refer to
 * the reader meanwhile: a full lock would have that transaction and this one wait for each other.
 */
async function isHeld(tx: Tx, readerId: string): Promise<boolean> {
  const [held] = await tx
    .select({ erasedAt: readers.erasedAt })
    .from(readers)
    .where(eq(readers.id, readerId))
    .for('no key update');
  return held?.erasedAt === null;
}

/** Writes it all, or writes it all and takes it back: who watches the time learns nothing of how often an address was named. */
async function keepOrUndo(tx: Tx, keep: boolean, work: (kept: Tx) => Promise<void>): Promise<void> {
  const undone = new Error('Taken back');
  try {
    await tx.transaction(async (kept) => {
      await work(kept);
      if (!keep) throw undone;
    });
  } catch (error) {
    if (error !== undone) throw error;
  }
}

const mostWaitMs = 5000;
const lookEveryMs = 50;

/** After a stop is acknowledged no letter arrives: one that was in the mail server's hands just then is waited for. */
async function untilNoneIsOnItsWay(services: Services, reminderId: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < mostWaitMs; waitedMs += lookEveryMs) {
    if ((await lettersOnTheirWay(services.database, services.machineNow(), reminderId)) === 0) return;
    await setTimeout(lookEveryMs);
  }
}
