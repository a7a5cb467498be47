// Answers of a mail server: what each means for a letter, and when it is tried again.
import type { LetterClass } from './outbox.ts';

export type Meaning =
  /** The connection failed before the final dot: the letter cannot have been taken. */
  | 'unreachable'
  | 'later'
  | 'mailbox-full'
  /** No such person: the address is dead. */
  | 'no-such-address'
  /** Refused for what we are, not for whom we write to (5.7.x). */
  | 'policy'
  /** The server does not let us in: nothing can be sent until that is mended. */
  | 'sign-in'
  | 'refused'
  /** The final dot was on its way and no answer came: the letter may have been taken. */
  | 'unknown';

export interface Answer {
  meaning: Meaning;
  /** Codes only: a server's text may repeat the address. */
  problem: string;
  /** A delay the server asked for. */
  statedSeconds: number | null;
  /** It would be said of any letter: before a recipient was named, and about us. */
  ofUs: boolean;
}

/** Reads what the mailer rejected with. */
export function readAnswer(error: unknown): Answer {
  const { code, responseCode, response, command, dotted } = partsOf(error);
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? '';
  const meaning =
    responseCode === 0
      ? meaningWithoutAnswer(code, command, dotted)
      : meaningOf(responseCode, enhanced, code, command, response);
  const problem = [meaning, responseCode || code, enhanced].filter((part) => part !== '').join(' ');
  const ofUs =
    meaning === 'sign-in' ||
    (meaning === 'policy' && ['CONN', 'EHLO', 'HELO', 'MAIL FROM'].includes(command));
  return { meaning, problem, statedSeconds: statedDelay(response), ofUs };
}

export interface Outcome {
  state: 'sent' | 'deferred' | 'refused' | 'ambiguous';
  /** Codes only. */
  problem: string | null;
  /** A copy may be out there that nobody confirmed. */
  inDoubt: boolean;
  /** This attempt was accepted. */
  accepted: boolean;
  /** When it is tried again; only for deferred. */
  dueAt?: Date;
}

interface Tried {
  id: string;
  class: LetterClass;
  attempts: number;
  /** An earlier attempt may have been taken: whatever comes of this one, there will be no third. */
  inDoubt: boolean;
  expiresAt: Date;
}

export const accepted = ({ inDoubt }: Pick<Tried, 'inDoubt'>): Outcome =>
  inDoubt
    ? { state: 'ambiguous', problem: 'unknown, then accepted', inDoubt, accepted: true }
    : { state: 'sent', problem: null, inDoubt, accepted: true };

/** What becomes of a letter after this answer. */
export function outcomeOf(letter: Tried, { meaning, problem, statedSeconds }: Answer, now: Date): Outcome {
  const { inDoubt } = letter;
  if (meaning === 'unknown') {
    return inDoubt || !repeatable(letter.class)
      ? { state: 'ambiguous', problem, inDoubt: true, accepted: false }
      : {
          state: 'deferred',
          problem,
          inDoubt: true,
          accepted: false,
          dueAt: later(letter, now, firstDelaySeconds),
        };
  }
  if (meaning === 'no-such-address' || meaning === 'refused') {
    return { state: 'refused', problem, inDoubt, accepted: false };
  }
  const seconds =
    meaning === 'sign-in'
      ? signInPauseSeconds
      : meaning === 'policy'
        ? policyPauseSeconds
        : Math.max(delaySeconds(letter), Math.min(statedSeconds ?? 0, longestStatedSeconds));
  return { state: 'deferred', problem, inDoubt, accepted: false, dueAt: later(letter, now, seconds) };
}

/** Whether a letter of this class is sent once more when nobody knows whether it went out. */
export function repeatable(letterClass: LetterClass): boolean {
  return letterClass === 'money' || letterClass === 'reminder';
}

/** How long nothing at all is tried after the mail server did not let us in. */
export const signInPauseSeconds = 60;
/** How long a domain that refused us for what we are is left alone. */
export const policyPauseSeconds = 3600;

const firstDelaySeconds = 30;
/** A server that asks for more than a day means never. */
const longestStatedSeconds = 86_400;

/** 30 s, 2, 10, 30 min, 1 h, then hourly; from the fifth on up to 10 minutes apart, so that a backlog does not come back as one. */
function delaySeconds({ id, attempts }: Tried): number {
  const ladder = [firstDelaySeconds, 120, 600, 1800];
  return ladder[attempts - 1] ?? 3600 + (Number.parseInt(id.slice(-4), 16) % 600);
}

/** Never beyond the deadline: there the letter comes up once more and is found expired. */
function later({ expiresAt }: Tried, now: Date, seconds: number): Date {
  return new Date(Math.min(now.getTime() + seconds * 1000, expiresAt.getTime()));
}

function meaningOf(
  responseCode: number,
  enhanced: string,
  code: string,
  command: string,
  response: string,
): Meaning {
  if (code === 'EAUTH' || [530, 535, 538].includes(responseCode)) return 'sign-in';
  if (/^[45]\.2\.2$/.test(enhanced)) return 'mailbox-full';
  if (enhanced === '' && [452, 552].includes(responseCode) && /mailbox|quota/i.test(response)) {
    return 'mailbox-full';
  }
  // 503 says that the session was in disorder, not that the letter is unwelcome.
  if (responseCode < 500 || responseCode === 503) return 'later';
  if (/^5\.1\.(1|2|3|6|10)$/.test(enhanced)) return 'no-such-address';
  // 5.1.7 and 5.1.8 speak of the sender's address, and so does every refusal of MAIL FROM.
  if (/^5\.(7\.\d+|1\.[78])$/.test(enhanced) || command === 'MAIL FROM') return 'policy';
  return ['RCPT TO', 'DATA'].includes(command) ? 'refused' : 'unreachable';
}

function meaningWithoutAnswer(code: string, command: string, dotted: boolean): Meaning {
  if (dotted) return 'unknown';
  if (code === 'EAUTH') return 'sign-in';
  // The letter itself could not be handed over, for example an address that nodemailer will not name.
  if (['EENVELOPE', 'EMESSAGE', 'ESTREAM'].includes(code) && command === 'API') return 'refused';
  return 'unreachable';
}

/** "try again in 300 seconds", "in 00:05:00", as greylisting servers say it. */
function statedDelay(response: string): number | null {
  const clock = /\bin (\d{1,2}):(\d{2}):(\d{2})\b/i.exec(response);
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3]);
  const found = /\b(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b/i.exec(response);
  if (!found) return null;
  const unit = found[2]?.toLowerCase().charAt(0);
  return Number(found[1]) * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1);
}

function partsOf(error: unknown) {
  const parts = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const text = (part: unknown) => (typeof part === 'string' ? part : '');
  return {
    code: text(parts.code),
    responseCode: typeof parts.responseCode === 'number' ? parts.responseCode : 0,
    response: text(parts.response),
    command: text(parts.command),
    dotted: parts.dotted === true,
  };
}
