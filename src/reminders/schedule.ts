// Schedule: a reminder is asked for, confirmed, moved, repeated and stopped; never an answer that tells whether an address is known.
import { randomUUIDv7 } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { and, eq, inArray, isNull, max, ne } from 'drizzle-orm';
import { justPaid } from '../ledger/just-paid.ts';
import { findOrMakeReader, type SealedPerson, sealPerson } from '../ledger/reader.ts';
import { cancelLetters, lettersOnTheirWay, messageDomain, queueLetter } from '../letters/outbox.ts';
import { addressLives, lift, suppress } from '../letters/suppression.ts';
import { type Reads, type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { readLinkToken } from '../outside/tokens.ts';
import { type FormerReminder, letters, payments, readers, reminders, suppressions } from '../schema.ts';
import { sendAt } from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { spend } from '../web/limits.ts';
import {
  type Act,
  componentOf,
  dueDay,
  formerOf,
  offerFor,
  type Proof,
  type ProvenAsked,
  type ReminderAsked,
  type Source,
  type Stage,
  type When,
  type Wish,
  zoneFor,
} from './reminder.ts';

export type Reminder = typeof reminders.$inferSelect;

/**
 * Notes the wish and answers the local day of the one letter. Whatever is known of the address, the same work is done and the
 * same is answered; whether anything is sent is decided when the letter is. Who is signed in with this very address has proven
 * it: then nothing is left to confirm, and `ownId` leads to the reminder's own page.
 */
export async function askForReminder(
  services: Services,
  asked: ReminderAsked & { locale: Locale },
  signedInId: string | null = null,
): Promise<{ sendOn: string; ownId: string | null }> {
  const { config, keys } = services;
  const now = services.now();
  const day = dayOf(services, now, asked);
  const allowed = await spend(services, 'reminder-address', asked.address.lookUp, 3, 86_400);
  const person = sealPerson(keys, asked.address, null, asked.locale);
  const own = signedInId !== null && (await isTheirAddress(services.database, signedInId, person));
  const confirmed = own || config.reminderConfirmation === 'off';
  const id = randomUUIDv7();
  await transact(services, (tx) =>
    keepOrUndo(tx, own || allowed, async (kept) => {
      const readerId = await holdReader(kept, now, person);
      const { stage, source } = asked;
      const paidAt = own ? await lastPaidAt(kept, readerId) : null;
      await noteReminder(kept, now, id, { ...asked, ...day, readerId, confirmed, stage, source, paidAt });
      if (confirmed) return;
      await queueLetter(kept, now, messageDomain(config), {
        kind: 'reminder-confirmation',
        key: id,
        to: { readerId },
        locale: asked.locale,
        reminderId: id,
        facts: { reminderId: id, sendOn: day.sendOn, ...(asked.discreet && { discreet: true }) },
      });
    }),
  );
  services.nudge('letters');
  return { sendOn: day.sendOn, ownId: own ? id : null };
}

/**
 * The same for a reader who is known by what they have just paid here or by their own letter's link: nothing is left to
 * confirm. Answers null where that does not show who it is; `id` leads to the reminder's own page.
 */
export async function askAgain(
  services: Services,
  asked: ProvenAsked & { locale: Locale },
  browser: Browser,
): Promise<{ sendOn: string; id: string } | null> {
  const now = services.now();
  const day = dayOf(services, now, asked);
  const known = await readerOf(services, asked.proof, browser);
  if (known === null) return null;
  const id = await transact(services, async (tx) => {
    if (!(await isHeld(tx, known.readerId))) return null;
    const paidAt = await lastPaidAt(tx, known.readerId);
    const made = randomUUIDv7();
    await noteReminder(tx, now, made, { ...asked, ...day, ...known, confirmed: true, paidAt });
    return made;
  });
  return id === null ? null : { sendOn: day.sendOn, id };
}

/** What this browser shows by its cookies. */
export interface Browser {
  /** The checkout it began last. */
  checkoutId: string | null;
  /** Who is signed in. */
  readerId: string | null;
}

interface Known {
  readerId: string;
  stage: Stage;
  source: Source;
}

async function isTheirAddress(reads: Reads, readerId: string, { hash }: SealedPerson): Promise<boolean> {
  const [reader] = await reads
    .select({ id: readers.id })
    .from(readers)
    .where(and(eq(readers.id, readerId), eq(readers.addressHash, hash)));
  return reader !== undefined;
}

/** When the reader's newest gift arrived: what they have given already does not stand for what they want to be reminded of. */
async function lastPaidAt(reads: Reads, readerId: string): Promise<Date | null> {
  const [last] = await reads
    .select({ paidAt: max(payments.paidAt) })
    .from(payments)
    .where(eq(payments.readerId, readerId));
  return last?.paidAt ?? null;
}

async function readerOf(services: Services, proof: Proof, browser: Browser): Promise<Known | null> {
  const { database, keys } = services;
  const now = services.now();
  const winBack = { stage: 'win-back', source: { component: componentOf['win-back'] } } as const;
  if (proof === 'session') {
    return browser.readerId === null ? null : { readerId: browser.readerId, ...winBack };
  }
  if ('manageToken' in proof) {
    const read = readLinkToken(keys, 'manage', proof.manageToken, now);
    if ('fault' in read) return null;
    return { readerId: read.id, ...winBack };
  }
  if (proof.checkoutId !== browser.checkoutId) return null;
  const paid = await justPaid(database, proof.checkoutId, now);
  if (paid === null) return null;
  const { readerId, article, campaign } = paid;
  const source = {
    component: componentOf.again,
    ...(article !== null && { article }),
    ...(campaign !== null && { campaign }),
  };
  return { readerId, stage: 'again', source };
}

function dayOf(
  { config }: Pick<Services, 'config'>,
  now: Date,
  { when, timeZone: given }: Wish,
): { sendOn: string; timeZone: string } {
  const timeZone = zoneFor(given, config.publication.timeZone);
  return { sendOn: dueDay(when, now, timeZone), timeZone };
}

/** Writes the reminder for a reader who is held. One that is confirmed makes others that wait give way. */
async function noteReminder(
  tx: Tx,
  now: Date,
  id: string,
  asked: Wish &
    Known & { locale: Locale; sendOn: string; timeZone: string; confirmed: boolean; paidAt: Date | null },
): Promise<void> {
  const { readerId, stage, source, confirmed, sendOn, timeZone } = asked;
  if (confirmed) await replaceWaiting(tx, now, readerId);
  await tx.insert(reminders).values({
    id,
    readerId,
    state: confirmed ? 'waiting' : 'unconfirmed',
    stage,
    choice: asked.when.choice,
    timeZone,
    locale: asked.locale,
    sendOn,
    createdAt: askedAt(now, asked.paidAt),
    confirmedAt: confirmed ? now : null,
    dueAt: sendAt(sendOn, timeZone, id),
    discreet: asked.discreet,
    article: source.article ?? null,
    campaign: source.campaign ?? null,
    component: source.component ?? null,
    referrer: source.referrer ?? null,
  });
}

/**
 * Stripe dates payments to the second: a gift of this very second must not seem older than the asking. One that is known
 * before it must, also where Stripe's clock goes before ours.
 */
function askedAt(now: Date, paidAt: Date | null): Date {
  const second = Math.floor(now.getTime() / 1000) * 1000;
  return new Date(paidAt === null ? second : Math.max(second, paidAt.getTime() + 1000));
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
    // Whoever presses a button behind a letter's link has read that letter.
    if (found.readerId !== null) await addressLives(tx, now, found.readerId);
    return acts[act.act](tx, now, found, act, services);
  });
  if (act.act === 'stop') await untilNoneIsOnItsWay(services, [id]);
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
  const stopped = await transact(services, async (tx) => {
    const theirs = await holdReminders(tx, readerId, ['unconfirmed', 'waiting', 'sent']);
    // Before letters are taken back: of those only now being sent nothing could be brought back.
    const former = await formersOf(tx, theirs);
    await suppress(tx, now, readerId, reason);
    for (const each of theirs) {
      await write(tx, each, { state: 'cancelled', stoppedAt: now, former: former.get(each.id) ?? null });
    }
    return theirs;
  });
  await untilNoneIsOnItsWay(
    services,
    stopped.map(({ id }) => id),
  );
}

/**
 * Takes `unsubscribe` back: letters pass again, and the reminders it stopped are as they were where their promise can still be
 * kept. Throws a Refusal once the address is forgotten. Repeated, it does nothing more.
 */
export async function undoUnsubscribe(
  services: Services,
  reminderId: string,
  reason: 'unsubscribed' | 'blocked',
): Promise<void> {
  const now = services.now();
  const { readerId } = (await findReminder(services.database, reminderId)) ?? { readerId: null };
  if (readerId === null) throw new Refusal(fault('link-expired'));
  await transact(services, async (tx) => {
    const theirs = await holdReminders(tx, readerId, ['cancelled']);
    if (!(await isHeld(tx, readerId))) throw new Refusal(fault('link-expired'));
    const { hash, since } = await suppressionOf(tx, readerId, reason);
    if (hash === null || since === null) return;
    await lift(tx, hash, [reason]);
    for (const each of theirs) {
      const former = formerOf(each, now);
      if (former && each.stoppedAt?.getTime() === since.getTime()) await takeUp(tx, now, each, former);
    }
  });
}

/** Whether what `unsubscribe` does for a reminder's address has been done, and can be taken back by the same link. */
export async function unsubscribeStanding(
  reads: Reads,
  reminderId: string,
  reason: 'unsubscribed' | 'blocked',
): Promise<{ done: boolean; undoable: boolean; locale: string | undefined }> {
  const reminder = await findReminder(reads, reminderId);
  const locale = reminder?.locale;
  const { hash, since, kept } = await suppressionOf(reads, reminder?.readerId ?? reminderId, reason);
  // Forgotten to the last: only that the reminder was stopped is left to tell.
  if (hash === null) return { done: reminder?.state === 'cancelled', undoable: false, locale };
  if (since !== null) return { done: true, undoable: kept, locale };
  const scopes = reason === 'blocked' ? (['all'] as const) : (['all', 'reminders'] as const);
  const [held] = await reads
    .select({ scope: suppressions.scope })
    .from(suppressions)
    .where(and(eq(suppressions.addressHash, hash), inArray(suppressions.scope, [...scopes])))
    .limit(1);
  return { done: held !== undefined, undoable: false, locale };
}

interface Suppressed {
  /** What a reader's address is looked up by, also for a while after the address itself has gone. */
  hash: Buffer | null;
  /** Since when it is kept back for this very reason; null where it is not. */
  since: Date | null;
  /** The address itself is kept still. */
  kept: boolean;
}

async function suppressionOf(
  reads: Reads,
  readerId: string,
  reason: 'unsubscribed' | 'blocked',
): Promise<Suppressed> {
  const [reader] = await reads
    .select({ hash: readers.addressHash, formerHash: readers.formerHash })
    .from(readers)
    .where(eq(readers.id, readerId));
  const hash = reader?.hash ?? reader?.formerHash ?? null;
  if (hash === null) return { hash, since: null, kept: false };
  const [suppressed] = await reads
    .select({ since: suppressions.since })
    .from(suppressions)
    .where(and(eq(suppressions.addressHash, hash), eq(suppressions.reason, reason)));
  return { hash, since: suppressed?.since ?? null, kept: reader?.hash !== null };
}

/** What `undo` would lead to; null where it leads nowhere any more, as when the address is forgotten. */
export async function undoable(reads: Reads, reminder: Reminder, now: Date): Promise<FormerReminder | null> {
  const former = formerOf(reminder, now);
  if (former === null || reminder.readerId === null) return null;
  const [reader] = await reads
    .select({ erasedAt: readers.erasedAt })
    .from(readers)
    .where(eq(readers.id, reminder.readerId));
  return reader?.erasedAt === null ? former : null;
}

/** Ends a reader's reminders for good: they called a letter unwanted, and there is no button to take that back. */
export async function endReminders(tx: Tx, now: Date, readerId: string): Promise<void> {
  for (const each of await holdReminders(tx, readerId, ['unconfirmed', 'waiting', 'sent'])) {
    await write(tx, each, { state: 'cancelled', stoppedAt: now, former: null });
  }
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
    if (offer.is === 'waiting') {
      const change = moved(reminder, now, act.when, act);
      // Pressed twice: the day before it is still the one to go back to.
      if (change.sendOn === reminder.sendOn && change.timeZone === reminder.timeZone) return reminder;
      return wait(tx, now, reminder, { ...change, former: asItStands(reminder) });
    }
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
    const former = await formersOf(tx, [reminder]);
    const stopped = await write(tx, reminder, {
      state: 'cancelled',
      stoppedAt: now,
      former: former.get(reminder.id) ?? null,
    });
    await cancelLetters(tx, { reminderId: reminder.id });
    return stopped;
  },

  async undo(tx, now, reminder) {
    const former = formerOf(reminder, now);
    if (former) return takeUp(tx, now, reminder, former);
    // Pressed twice: it is as it was.
    if (reminder.former === null && offerFor(reminder, now).is !== 'over') return reminder;
    throw new Refusal(fault('link-expired'));
  },
};

/** Back to how it stood before. Throws a Refusal when its reader has been forgotten since. */
async function takeUp(tx: Tx, now: Date, reminder: Reminder, former: FormerReminder): Promise<Reminder> {
  const dueAt = sendAt(former.sendOn, former.timeZone, reminder.id);
  const change = { ...former, dueAt, stoppedAt: null, former: null };
  if (former.state === 'waiting') return wait(tx, now, reminder, change);
  if (reminder.readerId === null || !(await isHeld(tx, reminder.readerId))) {
    throw new Refusal(fault('link-expired'));
  }
  return write(tx, reminder, change);
}

/**
 * How reminders stand, to be taken up again. Not those whose letter is only now being sent: it is held back by what is done
 * now, so that nothing is left to go back to.
 */
async function formersOf(tx: Tx, stopping: readonly Reminder[]): Promise<Map<string, FormerReminder | null>> {
  const beingSent = new Set<string | null>();
  const ids = stopping.filter(({ state }) => state === 'sent').map(({ id }) => id);
  if (ids.length > 0) {
    const found = await tx
      .select({ reminderId: letters.reminderId })
      .from(letters)
      .where(
        and(
          inArray(letters.reminderId, ids),
          eq(letters.class, 'reminder'),
          inArray(letters.state, ['queued', 'deferred', 'sending']),
        ),
      );
    for (const { reminderId } of found) beingSent.add(reminderId);
  }
  return new Map(stopping.map((each) => [each.id, beingSent.has(each.id) ? null : asItStands(each)]));
}

function asItStands({ state, choice, timeZone, sendOn, snoozes }: Reminder): FormerReminder | null {
  if (state !== 'unconfirmed' && state !== 'waiting' && state !== 'sent') return null;
  return { state, choice, timeZone, sendOn, snoozes };
}

/** A sent reminder is set once more; three times at most. */
async function repeat(tx: Tx, now: Date, reminder: Reminder, chosen: When, act: Act): Promise<Reminder> {
  const offer = offerFor(reminder, now);
  if (offer.is !== 'sent' || !offer.mayRepeat) throw new Refusal(fault('already-done'));
  const former = await formersOf(tx, [reminder]);
  return wait(tx, now, reminder, {
    snoozes: reminder.snoozes + 1,
    former: former.get(reminder.id) ?? null,
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
  if (reminder.state !== 'waiting') {
    if (reminder.readerId === null || !(await isHeld(tx, reminder.readerId))) {
      throw new Refusal(fault('link-expired'));
    }
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

/** A reader's reminders in these states, held in one order: two acts at once wait for each other and do not lock each other out. */
function holdReminders(tx: Tx, readerId: string, states: Reminder['state'][]): Promise<Reminder[]> {
  return tx
    .select()
    .from(reminders)
    .where(and(eq(reminders.readerId, readerId), inArray(reminders.state, states)))
    .orderBy(reminders.id)
    .for('update');
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

/** After a stop is acknowledged no letter arrives: those that were in the mail server's hands just then are waited for together. */
async function untilNoneIsOnItsWay(services: Services, reminderIds: readonly string[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < mostWaitMs; waitedMs += lookEveryMs) {
    if ((await lettersOnTheirWay(services.database, services.machineNow(), reminderIds)) === 0) return;
    await setTimeout(lookEveryMs);
  }
}
