// Report letters: who of the staff wants the figures of each week or month by letter, and the letter when its morning has come.
import { and, asc, eq, isNull, lte, min } from 'drizzle-orm';
import { type LetterFacts, messageDomain, queueLetter } from '../letters/outbox.ts';
import { type Reads, type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { reportLetters, staff } from '../schema.ts';
import { addDays, addMonths, localDate, sendAt } from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import { startOf } from '../values/period.ts';

export type Every = 'week' | 'month';

/** The days a letter tells of, `to` no longer inside, and the first of as many before. */
export interface ToldDays {
  every: Every;
  from: string;
  to: string;
  fromBefore: string;
}

/** Another door's act, which this one is given: what those days came to. */
export type Tell = (days: ToldDays) => Promise<LetterFacts['report-summary']>;

/** The hour from which on these letters are written, in the publication's zone; each person's own moment lies within two hours. */
const morningHour = 7;
const atOnce = 100;

/** What somebody chose; null where they get none. */
export async function reportLetterOf(
  reads: Reads,
  staffId: string,
): Promise<{ every: Every; dueAt: Date } | null> {
  const [row] = await reads
    .select({ every: reportLetters.every, dueAt: reportLetters.dueAt })
    .from(reportLetters)
    .where(eq(reportLetters.staffId, staffId));
  return row ?? null;
}

/** Keeps a choice; the first letter comes on the next of its mornings. Answers when, or null where none is wanted. */
export async function chooseReportLetter(
  tx: Tx,
  now: Date,
  zone: string,
  chosen: { staffId: string; every: Every | 'none'; locale: Locale },
): Promise<Date | null> {
  const { staffId, every, locale } = chosen;
  if (every === 'none') {
    await tx.delete(reportLetters).where(eq(reportLetters.staffId, staffId));
    return null;
  }
  const kept = { every, locale, chosenAt: now, dueAt: nextMorning(every, now, zone, staffId) };
  await tx
    .insert(reportLetters)
    .values({ staffId, ...kept })
    .onConflictDoUpdate({ target: reportLetters.staffId, set: kept });
  return kept.dueAt;
}

/** When the next letter is to be written, in business time. */
export async function nextReportLetterDue({ database }: Pick<Services, 'database'>): Promise<Date | null> {
  const [row] = await database
    .select({ at: min(reportLetters.dueAt) })
    .from(reportLetters)
    .innerJoin(staff, and(eq(staff.id, reportLetters.staffId), isNull(staff.removedAt)));
  return row?.at ?? null;
}

/**
 * Writes the letters whose morning has come. After an outage only the newest period is told; what its class no longer allows to be
 * sent is kept as dropped. Any number of instances may try: the row moves on once, and a person and period have one key.
 */
export async function writeReportLetters(
  services: Pick<Services, 'config' | 'database' | 'now' | 'nudge'>,
  tell: Tell,
): Promise<void> {
  const now = services.now();
  const { timeZone } = services.config.publication;
  const due = await services.database
    .select({
      staffId: reportLetters.staffId,
      every: reportLetters.every,
      locale: reportLetters.locale,
      dueAt: reportLetters.dueAt,
    })
    .from(reportLetters)
    .innerJoin(staff, and(eq(staff.id, reportLetters.staffId), isNull(staff.removedAt)))
    .where(lte(reportLetters.dueAt, now))
    .orderBy(asc(reportLetters.dueAt))
    .limit(atOnce);
  const told = new Map<string, LetterFacts['report-summary']>();
  for (const row of due) {
    const { staffId, every, locale, dueAt } = row;
    const day = latestDay(every, now, timeZone, staffId);
    const days = daysBefore(every, day);
    const name = `${every}:${days.from}`;
    const facts = told.get(name) ?? (await tell(days));
    told.set(name, facts);
    await transact(services, async (tx) => {
      const moved = await tx
        .update(reportLetters)
        .set({ dueAt: nextMorning(every, now, timeZone, staffId) })
        .where(and(eq(reportLetters.staffId, staffId), eq(reportLetters.dueAt, dueAt)))
        .returning({ staffId: reportLetters.staffId });
      if (moved.length === 0) return;
      await queueLetter(tx, now, messageDomain(services.config), {
        kind: 'report-summary',
        key: `${staffId}:${name}`,
        to: { staffId },
        locale,
        facts,
        wantedAt: morningOf(day, timeZone, staffId),
      });
    });
  }
  if (due.length > 0) services.nudge('letters');
}

/** The days that a letter of this day tells of: those of the period that has just ended. */
function daysBefore(every: Every, day: string): ToldDays {
  const back = (periods: number) =>
    every === 'week' ? addDays(day, -7 * periods) : addMonths(day, -periods);
  return { every, from: back(1), to: day, fromBefore: back(2) };
}

/** The last day of letters whose morning is over. */
function latestDay(every: Every, now: Date, zone: string, staffId: string): string {
  const day = startOf(localDate(now, zone), every);
  return morningOf(day, zone, staffId) <= now ? day : daysBefore(every, day).from;
}

function nextMorning(every: Every, now: Date, zone: string, staffId: string): Date {
  const day = startOf(localDate(now, zone), every);
  const today = morningOf(day, zone, staffId);
  if (today > now) return today;
  return morningOf(every === 'week' ? addDays(day, 7) : addMonths(day, 1), zone, staffId);
}

function morningOf(day: string, zone: string, staffId: string): Date {
  return sendAt(day, zone, staffId, morningHour);
}
