// Refusal: the one expected error. It names what is wrong by a code and its facts; the door says it in the reader's language.
import type { Currency, Frequency, Money } from './money.ts';

/** What can be refused, and the facts its sentence needs. `words/` must have a sentence for every code. */
export interface RefusalFacts {
  'amount-missing': NoFacts;
  'amount-not-a-number': NoFacts;
  /** In a request: minor units are whole numbers. */
  'amount-not-minor': NoFacts;
  'amount-not-in-steps': { step: number };
  /** One separator and three digits: it may mean thousands or decimals. */
  'amount-unclear': NoFacts;
  'amount-too-small': { minimum: Money; frequency: Frequency; inMinor?: boolean };
  'amount-too-large': { maximum: Money; frequency: Frequency };
  'too-many-decimals': { allowed: number; currency: Currency };
  'currency-unknown': NoFacts;
  'frequency-unknown': NoFacts;
  'address-missing': NoFacts;
  'address-malformed': NoFacts;
  /** Foreign letters before the @: most mail servers do not take such addresses yet. */
  'address-not-ascii': NoFacts;
  'choice-missing': NoFacts;
  'choice-unknown': NoFacts;
  'date-missing': NoFacts;
  'date-malformed': NoFacts;
  /** Days are ISO dates: the first and the last that can be chosen. */
  'date-too-soon': { earliestOn: string };
  'date-too-late': { latestOn: string };
  'zone-unknown': NoFacts;
  'text-missing': NoFacts;
  'text-too-long': { longest: number };
  'value-malformed': NoFacts;
  'field-unknown': NoFacts;
  'period-malformed': NoFacts;
  'period-too-long': { most: number };
  'link-expired': NoFacts;
  'link-broken': NoFacts;
  'too-many-tries': { minutes: number };
  'form-from-elsewhere': NoFacts;
  /** A webhook that its sender did not sign, or signed too long ago. */
  'signature-wrong': NoFacts;
  /** Nothing proves that our mail provider sent it. */
  'sender-unproven': NoFacts;
  /** What would prove it cannot be had right now. */
  'proof-unavailable': NoFacts;
  'not-found': NoFacts;
  'method-not-allowed': NoFacts;
  'not-allowed': NoFacts;
  /** Stripe could not be asked. `charged` is what is known of the reader's money. */
  'payments-unavailable': { charged: 'nothing' | 'unknown' };
  'body-too-large': NoFacts;
  'body-malformed': NoFacts;
  'wrong-content-type': { expected: string };
  /** Compressed, or in another character set. */
  'wrong-encoding': NoFacts;
  'idempotency-mismatch': NoFacts;
  'idempotency-in-flight': NoFacts;
  'idempotency-key-malformed': NoFacts;
  'password-too-short': { shortest: number };
  'password-too-long': { longest: number };
  'sign-in-failed': NoFacts;
  'sign-in-needed': NoFacts;
  'code-missing': NoFacts;
  'code-wrong': NoFacts;
  /** A reader's way in was used, is too old or was tried too often. */
  'sign-in-over': NoFacts;
  /** Of a reader who gives regularly already, and is known: a second gift wants saying so. */
  'gift-runs-already': NoFacts;
  /** A bearer token that is not ours, or was revoked. */
  'token-wrong': NoFacts;
  /** A regular gift that is overdue, paused, ending or over keeps its amount. */
  'gift-unchangeable': NoFacts;
  'already-done': NoFacts;
  /** A report that took too long, or that the database's copy broke off to keep up. */
  'report-unfinished': NoFacts;
}

export type NoFacts = Readonly<Record<never, never>>;
export type RefusalCode = keyof RefusalFacts;

/** One thing that is wrong, and in which field if it is in one. */
export type Fault<C extends RefusalCode = RefusalCode> = {
  [K in C]: { readonly code: K; readonly facts: Readonly<RefusalFacts[K]>; readonly field?: string };
}[C];

/** What a door answers instead of doing what was asked. The first fault decides the status. */
export class Refusal extends Error {
  readonly faults: readonly [Fault, ...Fault[]];
  readonly status: number;

  constructor(first: Fault, ...others: Fault[]) {
    // Codes only: facts and fields may hold what a reader typed, and this message may be logged.
    super([first, ...others].map((each) => each.code).join(', '));
    this.name = 'Refusal';
    this.faults = [first, ...others];
    this.status = statuses[first.code] ?? 422;
  }

  get code(): RefusalCode {
    return this.faults[0].code;
  }
}

/** Facts may be left out where the code has none: `fault('not-found')`. */
export function fault<C extends RefusalCode>(code: C, ...facts: FactsOf<C>): Fault<C> {
  return { code, facts: facts[0] ?? {} } as Fault<C>;
}

/** The same fault, said of a field. */
export function inField<C extends RefusalCode>(field: string, found: Fault<C>): Fault<C> {
  return { ...found, field };
}

export function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'code' in value && 'facts' in value;
}

type FactsOf<C extends RefusalCode> = keyof RefusalFacts[C] extends never
  ? [facts?: RefusalFacts[C]]
  : [facts: RefusalFacts[C]];

// Whatever is not here is a field that was understood and not accepted: 422.
const statuses: { readonly [C in RefusalCode]?: number } = {
  'period-malformed': 400,
  'period-too-long': 400,
  'link-expired': 410,
  'link-broken': 404,
  'too-many-tries': 429,
  'form-from-elsewhere': 403,
  'signature-wrong': 400,
  'sender-unproven': 403,
  'proof-unavailable': 503,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-allowed': 403,
  'payments-unavailable': 503,
  'body-too-large': 413,
  'body-malformed': 400,
  'wrong-content-type': 415,
  'wrong-encoding': 415,
  'idempotency-mismatch': 422,
  'idempotency-in-flight': 409,
  'idempotency-key-malformed': 400,
  'sign-in-failed': 401,
  'sign-in-needed': 401,
  'sign-in-over': 410,
  'gift-runs-already': 409,
  'token-wrong': 401,
  'gift-unchangeable': 409,
  'already-done': 409,
  'report-unfinished': 503,
};
