// The reminder: which day was asked for, and what may still be done with it; pure.
import 'zod-openapi';
import { z } from 'zod';
import type { FormerReminder } from '../schema.ts';
import { type Address, parseAddress } from '../values/address.ts';
import {
  chosenDays,
  isDate,
  isKnownZone,
  isReminderChoice,
  localDate,
  type ReminderChoice,
  reminderChoices,
  reminderDueOn,
} from '../values/calendar.ts';
import { isLocale, type Locale, locales } from '../values/locale.ts';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';
import { asking, line, optionalLine, readInput } from '../web/input.ts';

/** When to write, as chosen: a span from the day of asking, or a day. */
export interface When {
  choice: ReminderChoice;
  /** Only for the choice 'date'. */
  chosenOn?: string;
}

export interface Source {
  article?: string;
  campaign?: string;
  component?: string;
  referrer?: string;
}

/** What led to the asking: nothing yet, a single gift, or the end of a regular one. */
export type Stage = (typeof stages)[number];

export const stages = ['before', 'again', 'win-back'] as const;

/** The wish, whoever has it. */
export interface Wish {
  when: When;
  /** The reader's browser's zone where it is given and known. */
  timeZone: string | undefined;
  locale: Locale | undefined;
  /** Sender and subject of the letters say nothing of whom they are from. */
  discreet: boolean;
}

/** Asked for under an address that anyone may have typed. */
export interface ReminderAsked extends Wish {
  address: Address;
  stage: Stage;
  source: Source;
}

/** What shows who is asking without an address: a checkout that this browser has just paid, the link of a letter about a gift, or being signed in. */
export type Proof = { checkoutId: string } | { manageToken: string } | 'session';

export interface ProvenAsked extends Wish {
  proof: Proof;
}

export type ReminderState =
  | 'unconfirmed'
  | 'waiting'
  | 'sent'
  | 'satisfied'
  | 'cancelled'
  | 'replaced'
  | 'lapsed'
  | 'late';

/** Unconfirmed reminders vanish after so long, and a sent one can be asked for again as long. */
export const confirmWithinDays = 7;
export const repeatWithinDays = 30;
export const mostRepeats = 3;

/** The local day on which this choice falls due; throws the Refusal that names what is wrong with it. */
export function dueDay(when: When, askedAt: Date, timeZone: string): string {
  const sendOn = reminderDueOn(when.choice, askedAt, timeZone, when.chosenOn);
  if (isFault(sendOn)) throw new Refusal(inField('date', sendOn));
  return sendOn;
}

function dayFaults(when: When, askedAt: Date, timeZone: string): Fault[] {
  const sendOn = reminderDueOn(when.choice, askedAt, timeZone, when.chosenOn);
  return isFault(sendOn) ? [inField('date', sendOn)] : [];
}

/** The zone that decides: the reader's where it is known to us, else the publication's. */
export function zoneFor(timeZone: string | undefined, publicationZone: string): string {
  return timeZone !== undefined && isKnownZone(timeZone) ? timeZone : publicationZone;
}

/** The day that each choice gives to someone who asks now, and the days that can be chosen freely. */
export interface OfferedDays {
  timeZone: string;
  today: string;
  days: { choice: Exclude<ReminderChoice, 'date'>; sendOn: string }[];
  earliestOn: string;
  latestOn: string;
}

export function offeredDays(askedAt: Date, timeZone: string): OfferedDays {
  const today = localDate(askedAt, timeZone);
  return {
    timeZone,
    today,
    days: reminderChoices
      .filter((choice) => choice !== 'date')
      .map((choice) => ({ choice, sendOn: dueDay({ choice }, askedAt, timeZone) })),
    ...chosenDays(today),
  };
}

/** What is known of a reminder when its day has come. */
export interface OnTheDay {
  dueAt: Date;
  /** The reader's address is still kept. */
  reachable: boolean;
  gaveSince: boolean;
  runningMembership: boolean;
  suppressed: boolean;
}

/** Whether a reminder that is due is still wanted, or how it ends instead. */
export function fateOf(reminder: OnTheDay, now: Date): 'send' | 'satisfied' | 'lapsed' | 'late' {
  if (reminder.gaveSince || reminder.runningMembership) return 'satisfied';
  if (!reminder.reachable || reminder.suppressed) return 'lapsed';
  if (now.getTime() - reminder.dueAt.getTime() > latestHours * 3_600_000) return 'late';
  return 'send';
}

const latestHours = 48;

/** What a reminder's own page offers. */
export type Offer =
  | { is: 'confirm' }
  /** The day has passed before it was confirmed: the choices are offered anew. */
  | { is: 'confirm-another-day' }
  | { is: 'waiting' }
  | { is: 'sent'; mayRepeat: boolean }
  | { is: 'over'; because: 'satisfied' | 'cancelled' | 'replaced' | 'expired' };

export interface Standing {
  state: ReminderState;
  sendOn: string;
  timeZone: string;
  createdAt: Date;
  sentAt: Date | null;
  snoozes: number;
  former: FormerReminder | null;
}

export function offerFor(reminder: Standing, now: Date): Offer {
  switch (reminder.state) {
    case 'unconfirmed':
      if (now >= daysAfter(reminder.createdAt, confirmWithinDays)) return { is: 'over', because: 'expired' };
      return reminder.sendOn < localDate(now, reminder.timeZone)
        ? { is: 'confirm-another-day' }
        : { is: 'confirm' };
    case 'waiting':
      return { is: 'waiting' };
    case 'sent':
      if (reminder.sentAt !== null && now >= daysAfter(reminder.sentAt, repeatWithinDays)) {
        return { is: 'over', because: 'expired' };
      }
      return { is: 'sent', mayRepeat: reminder.snoozes < mostRepeats };
    case 'satisfied':
    case 'cancelled':
    case 'replaced':
      return { is: 'over', because: reminder.state };
    case 'lapsed':
    case 'late':
      return { is: 'over', because: 'expired' };
  }
}

/**
 * What taking back the reader's last act leads to; null where there is nothing to take back, or where the promise that stood
 * before cannot be kept any more.
 */
export function formerOf(reminder: Standing, now: Date): FormerReminder | null {
  const { former, state } = reminder;
  if (former === null || (state !== 'waiting' && state !== 'cancelled')) return null;
  if (former.state === 'waiting') {
    return former.sendOn < localDate(now, former.timeZone) ? null : former;
  }
  return offerFor({ ...reminder, ...former }, now).is === 'over' ? null : former;
}

export function daysAfter(instant: Date, days: number): Date {
  return new Date(instant.getTime() + days * 86_400_000);
}

const when = line(20)
  .transform(asking((text) => readWhen(text, undefined)))
  .meta({
    description: `When to write: ${reminderChoices.filter((choice) => choice !== 'date').join(', ')}, or a day from tomorrow to 400 days ahead as YYYY-MM-DD.`,
    example: 'month',
  });

const discreet = z.boolean().default(false).meta({
  description: 'Whether sender and subject of the letters say nothing of whom they are from.',
});

const letterLocale = z
  .enum(locales)
  .optional()
  .meta({ description: 'The language of the letters.', example: 'en' });

const timeZone = line(64).meta({
  description: "The reader's time zone; the publication's where it is left out or not known.",
  example: 'Europe/Riga',
});

/** The body of `POST /api/v1/reminders`. */
export const reminderRequest = z
  .strictObject({
    email: line(254)
      .transform(asking(parseAddress))
      .meta({ description: 'Where to write.', example: 'reader@example.org' }),
    when,
    time_zone: timeZone.optional(),
    locale: letterLocale,
    discreet,
    stage: z.enum(stages).default('before').meta({
      description: 'What led to the asking: nothing yet, a single gift, or the end of a regular one.',
    }),
    source: z
      .strictObject({
        article: line(500).optional().meta({ example: 'https://gazette.example.org/the-river' }),
        campaign: line(100).optional().meta({ example: 'spring' }),
        component: line(50).optional().meta({ example: 'appeal' }),
        referrer: line(500).optional(),
      })
      .default({})
      .meta({ description: 'Where the reminder was asked for.' }),
  })
  .meta({ id: 'ReminderRequest', description: 'A wish to be written to once, on a day of choice.' });

/** The body of `POST /api/v1/reminders/again`. */
export const provenRequest = z
  .strictObject({
    proof: line(200).meta({
      description:
        'The id of a checkout that this browser paid within the last 30 minutes, the last part of the link in a letter about a regular gift, or `session` where the reader is signed in.',
    }),
    when,
    time_zone: timeZone.optional(),
    locale: letterLocale,
    discreet,
  })
  .meta({
    id: 'ProvenReminderRequest',
    description: 'A wish to be written to again, by a reader who is known.',
  });

/** The answer of `POST /api/v1/reminders`: the same for every address. */
export const reminderAnswer = z
  .object({
    send_on: z.iso.date().meta({
      description:
        'The local day on which the one letter goes out, once it is confirmed where that is needed.',
      example: '2027-03-24',
    }),
  })
  .meta({ id: 'ReminderAnswer' });

/** The body of `POST /api/v1/reminders/TOKEN`. */
export const reminderAct = z
  .strictObject({
    act: z.enum(['confirm', 'change', 'again', 'stop', 'undo'], { error: 'choice-unknown' }).meta({
      description:
        'confirm it · change its day · ask for it again in a month, once it was sent (three times at most) · stop it · take the last change or stop back',
    }),
    when: when.optional(),
    time_zone: timeZone.optional(),
  })
  .meta({ id: 'ReminderAct' });

export type Act =
  | { act: 'confirm'; when?: When; timeZone?: string }
  | { act: 'change'; when: When; timeZone?: string }
  | { act: 'again' }
  | { act: 'stop' }
  | { act: 'undo' };

/** The body of `POST /api/v1/unsubscribes/TOKEN`. */
export const unsubscribeAct = z
  .strictObject({
    act: z.enum(['stop', 'undo'], { error: 'choice-unknown' }).meta({
      description: 'Ends what the link ends · takes that back',
    }),
  })
  .meta({ id: 'UnsubscribeAct' });

export function reminderFromRequest(body: unknown): ReminderAsked {
  const request = readInput(reminderRequest, body);
  return {
    address: request.email,
    when: request.when,
    timeZone: request.time_zone,
    locale: request.locale,
    discreet: request.discreet,
    stage: request.stage,
    source: tidySource(request.source),
  };
}

export function provenFromRequest(body: unknown): ProvenAsked {
  const request = readInput(provenRequest, body);
  return {
    proof: proofOf(request.proof),
    when: request.when,
    timeZone: request.time_zone,
    locale: request.locale,
    discreet: request.discreet,
  };
}

export function actFromRequest(body: unknown): Act {
  const { act, when, time_zone } = readInput(reminderAct, body);
  return actOf(act, when, time_zone);
}

/** The remind-me form as it was sent, to act on or to show again. */
export interface ReminderForm {
  asked: ReminderAsked | null;
  faults: Fault[];
  shown: ReminderShown;
  /** Makes a form sent twice one reminder. */
  key: string | null;
}

/** What the form shows. */
export interface ReminderShown {
  email: string;
  choice: ReminderChoice;
  date: string;
  timeZone: string | undefined;
  discreet: boolean;
  stage: Stage;
  source: Source;
}

export function reminderFromForm(body: unknown, askedAt: Date, publicationZone: string): ReminderForm {
  const form = readInput(formFields, body);
  const shown = shownFrom(form);
  const address = parseAddress(form.email ?? '');
  const chosen = readWhen(form.when ?? '', form.date);
  const faults: Fault[] = [];
  if (isFault(chosen)) faults.push(inField('when', chosen));
  else faults.push(...dayFaults(chosen, askedAt, zoneFor(form.time_zone, publicationZone)));
  if (isFault(address)) faults.push(inField('email', address));
  const asked =
    isFault(address) || isFault(chosen) || faults.length > 0
      ? null
      : {
          address,
          when: chosen,
          timeZone: form.time_zone,
          locale: isLocale(form.locale) ? form.locale : undefined,
          discreet: shown.discreet,
          stage: shown.stage,
          source: shown.source,
        };
  return { asked, faults, shown, key: form.key ?? null };
}

/** The form of a reader who is known: one button for each choice, and no address. */
export function provenFromForm(body: unknown): {
  asked: ProvenAsked;
  shown: ReminderShown;
  key: string | null;
} {
  const form = readInput(formFields, body);
  const chosen = readWhen(form.when ?? '', form.date);
  if (isFault(chosen)) throw new Refusal(inField('when', chosen));
  const proof = proofOf(form.proof ?? '');
  const stage = proof !== 'session' && 'checkoutId' in proof ? 'again' : 'win-back';
  return {
    asked: {
      proof,
      when: chosen,
      timeZone: form.time_zone,
      locale: isLocale(form.locale) ? form.locale : undefined,
      discreet: form.discreet !== undefined,
    },
    shown: { ...shownFrom(form), stage, source: { component: componentOf[stage] } },
    key: form.key ?? null,
  };
}

/** Which part of the service asked, where the stage says it. */
export const componentOf = { again: 'thanks', 'win-back': 'account' } as const;

/** What the calendar form asks for: the day as it was chosen, or what is wrong with it. */
export function calendarFromQuery(
  query: unknown,
  askedAt: Date,
  publicationZone: string,
): { when: When | null; faults: Fault[]; shown: ReminderShown } {
  const read = formFields.safeParse(query);
  const form = read.success ? read.data : {};
  const shown = shownFrom(form);
  const chosen = readWhen(form.when ?? '', form.date);
  const faults = isFault(chosen)
    ? [inField('when', chosen)]
    : dayFaults(chosen, askedAt, zoneFor(form.time_zone, publicationZone));
  return { when: isFault(chosen) || faults.length > 0 ? null : chosen, faults, shown };
}

export function shownFromQuery(query: unknown): ReminderShown {
  const read = formFields.safeParse(query);
  return shownFrom(read.success ? read.data : {});
}

/** What the form shows as the query that fills it in again. The address stays out: queries are kept in many places. */
export function queryOfShown(shown: ReminderShown): URLSearchParams {
  const { choice, date, timeZone, discreet, stage, source } = shown;
  const query = new URLSearchParams({ when: choice });
  const parts = {
    date,
    time_zone: timeZone,
    discreet: discreet ? 'yes' : '',
    stage: stage === 'before' ? '' : stage,
    ...source,
  };
  for (const [name, value] of Object.entries(parts)) if (value) query.set(name, value);
  return query;
}

export function actFromForm(body: unknown): Act {
  const form = readInput(formFields, body);
  const chosen = form.when === undefined ? undefined : readWhen(form.when, form.date);
  if (isFault(chosen)) throw new Refusal(inField('when', chosen));
  return actOf(form.act ?? '', chosen, form.time_zone);
}

const formFields = z.object({
  email: optionalLine(300),
  when: optionalLine(20),
  date: optionalLine(20),
  time_zone: optionalLine(64),
  locale: optionalLine(20),
  article: optionalLine(2000),
  campaign: optionalLine(2000),
  component: optionalLine(2000),
  referrer: optionalLine(2000),
  discreet: optionalLine(5),
  stage: optionalLine(20),
  proof: optionalLine(200),
  key: optionalLine(100),
  act: optionalLine(20),
});

type FormFields = Partial<z.output<typeof formFields>>;

function shownFrom(form: FormFields): ReminderShown {
  const chosen = form.when === undefined ? undefined : readWhen(form.when, form.date);
  const day = chosen !== undefined && !isFault(chosen) ? chosen.chosenOn : undefined;
  return {
    email: form.email ?? '',
    choice: isReminderChoice(form.when) ? form.when : day === undefined ? 'month' : 'date',
    date: day ?? form.date ?? '',
    timeZone: form.time_zone,
    discreet: form.discreet !== undefined,
    stage: stages.find((stage) => stage === form.stage) ?? 'before',
    source: tidySource(form),
  };
}

function proofOf(text: string): Proof {
  if (text === 'session') return text;
  return z.uuid().safeParse(text).success ? { checkoutId: text } : { manageToken: text };
}

/** "month", or "2027-03-05", or the form's "date" together with its date field. */
function readWhen(text: string, date: string | undefined): When | Fault {
  if (text === '') return fault('choice-missing');
  if (text === 'date') return { choice: 'date', chosenOn: date ?? '' };
  if (isReminderChoice(text)) return { choice: text };
  if (isDate(text)) return { choice: 'date', chosenOn: text };
  return fault(/^\d{4}-/.test(text) ? 'date-malformed' : 'choice-unknown');
}

function actOf(act: string, chosen: When | undefined, zone: string | undefined): Act {
  const where = zone === undefined ? {} : { timeZone: zone };
  if (act === 'again' || act === 'stop' || act === 'undo') return { act };
  if (act === 'confirm') return chosen === undefined ? { act, ...where } : { act, when: chosen, ...where };
  if (act !== 'change') throw new Refusal(inField('act', fault('choice-unknown')));
  if (chosen === undefined) throw new Refusal(inField('when', fault('choice-missing')));
  return { act, when: chosen, ...where };
}

/** An article by its address without the query, which may carry who the reader is; a referrer by its host alone. */
function tidySource(source: { [Part in keyof Source]?: string | undefined }): Source {
  return {
    ...(source.article && { article: withoutQuery(source.article).slice(0, 500) }),
    ...(source.campaign && { campaign: source.campaign.slice(0, 100) }),
    ...(source.component && { component: source.component.slice(0, 50) }),
    ...(source.referrer && { referrer: (URL.parse(source.referrer)?.host || source.referrer).slice(0, 200) }),
  };
}

function withoutQuery(article: string): string {
  const address = URL.parse(article);
  return address && /^https?:$/.test(address.protocol) ? `${address.origin}${address.pathname}` : article;
}
