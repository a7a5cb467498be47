// Calendar: local days and the instants they begin at, and the day on which a reminder is due.
import { Temporal } from 'temporal-polyfill';
import { type Fault, fault } from './refusal.ts';

/** When a reader wants to be reminded; 'date' is a day of their own choice. */
export type ReminderChoice = (typeof reminderChoices)[number];

export const reminderChoices = ['week', 'month', 'quarter', 'half-year', 'year', 'date'] as const;

export function isReminderChoice(text: unknown): text is ReminderChoice {
  return reminderChoices.some((choice) => choice === text);
}

/**
 * The local day on which a reminder asked for at `askedAt` is due in this zone. Counted from the day of asking; a day that
 * the month lacks becomes the month's last. `chosenOn` is read only for the choice 'date'.
 */
export function reminderDueOn(
  choice: ReminderChoice,
  askedAt: Date,
  zone: string,
  chosenOn?: string | undefined,
): string | Fault {
  const askedOn = localDate(askedAt, zone);
  if (choice !== 'date') return addToDate(askedOn, spans[choice]);
  return chosenDay(chosenOn?.trim() ?? '', askedOn);
}

/** The first and the last day that can be chosen by someone who asks on this day. */
export function chosenDays(askedOn: string): { earliestOn: string; latestOn: string } {
  return { earliestOn: addDays(askedOn, 1), latestOn: addDays(askedOn, 400) };
}

/**
 * The instant at which a letter due on this local day goes out: between 09:00 and 11:00 local, or in the two hours from another
 * hour on, spread by `seed` (any stable id) so that not all leave in one second; without a seed at that hour. A time that a clock change skips becomes the first
 * that exists after it; one that happens twice is taken the first time.
 */
export function sendAt(date: string, zone: string, seed = '', hour = 9): Date {
  const wanted = Temporal.PlainDate.from(date)
    .toPlainDateTime({ hour })
    .add({ seconds: spreadSeconds(seed) });
  const early = wanted.toZonedDateTime(zone, { disambiguation: 'earlier' });
  if (early.toPlainDateTime().equals(wanted)) return new Date(early.epochMilliseconds);
  const jump = early.getTimeZoneTransition('next');
  return new Date((jump ?? early).epochMilliseconds);
}

/** The local calendar day of an instant, 'YYYY-MM-DD'. */
export function localDate(instant: Date, zone: string): string {
  return inZone(instant, zone).toPlainDate().toString();
}

/** The first instant of a local day: midnight, or the moment after it where a clock change skips midnight. */
export function startOfDay(date: string, zone: string): Date {
  return new Date(Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds);
}

/** True for a zone by its IANA name; offsets such as "+03:00" are not zones. */
export function isKnownZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** True for a day that exists, written 'YYYY-MM-DD', from 1900 to 2199. */
export function isDate(text: string): boolean {
  if (!/^(19|2[01])\d\d-\d\d-\d\d$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text);
    return true;
  } catch {
    return false;
  }
}

export function addDays(date: string, days: number): string {
  return addToDate(date, { days });
}

/** A day that the month lacks becomes the month's last: 31 January + 1 month = 28 or 29 February. */
export function addMonths(date: string, months: number): string {
  return addToDate(date, { months });
}

/** Whole days from one day to another; negative when the other comes first. */
export function daysBetween(one: string, other: string): number {
  return Temporal.PlainDate.from(one).until(other, { largestUnit: 'day' }).days;
}

/** The last day of the month in which this day lies. */
export function endOfMonth(date: string): string {
  const day = Temporal.PlainDate.from(date);
  return day.with({ day: day.daysInMonth }).toString();
}

/** A day in words: "Wednesday 24 February", "среда, 24 февраля"; with its year when that is not `today`'s. */
export function formatDay(date: string, locale: string, today?: string): string {
  const withYear = today?.slice(0, 4) !== date.slice(0, 4);
  return written(date, locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(withYear ? { year: 'numeric' } : {}),
  });
}

/** A day without its weekday, for tables and receipts: "24 February 2027". */
export function formatDate(date: string, locale: string): string {
  return written(date, locale, { dateStyle: 'long' });
}

function written(date: string, locale: string, parts: Intl.DateTimeFormatOptions): string {
  const words = formatOf(dayLanguages[locale] ?? locale, parts).format(new Date(`${date}T12:00:00Z`));
  if (locale === 'en') return words.replace(', ', ' ');
  // The abbreviation's full stop would stand beside the sentence's own.
  return locale === 'ru' ? words.replace(/\sг\.$/, ' года') : words;
}

function formatOf(language: string, parts: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = JSON.stringify([language, parts]);
  const made = formats.get(name) ?? new Intl.DateTimeFormat(language, { ...parts, timeZone: 'UTC' });
  formats.set(name, made);
  return made;
}

// Making one takes fifty times as long as using it. It depends on nothing but its name, so sharing it is safe.
const formats = new Map<string, Intl.DateTimeFormat>();

function chosenDay(chosenOn: string, askedOn: string): string | Fault {
  if (chosenOn === '') return fault('date-missing');
  if (!isDate(chosenOn)) return fault('date-malformed');
  const { earliestOn, latestOn } = chosenDays(askedOn);
  if (chosenOn < earliestOn) return fault('date-too-soon', { earliestOn });
  if (chosenOn > latestOn) return fault('date-too-late', { latestOn });
  return chosenOn;
}

function addToDate(date: string, span: { days?: number; weeks?: number; months?: number; years?: number }) {
  return Temporal.PlainDate.from(date).add(span).toString();
}

function inZone(instant: Date, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone);
}

function spreadSeconds(seed: string): number {
  if (seed === '') return 0;
  // FNV-1a: even enough over two hours, and the same on every attempt.
  let hash = 0x811c9dc5;
  for (const character of seed) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0) % (2 * 60 * 60);
}

const spans = {
  week: { weeks: 1 },
  month: { months: 1 },
  quarter: { months: 3 },
  'half-year': { months: 6 },
  year: { years: 1 },
} as const;

// English days the way a letter writes them, day before month.
const dayLanguages: Readonly<Record<string, string>> = { en: 'en-GB' };
