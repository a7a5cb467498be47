// Words: every sentence a person reads, in the reader's language.
import type { Locale } from '../values/locale.ts';
import type { Fault, Refusal, RefusalCode } from '../values/refusal.ts';
import { english } from './english.ts';
import { russian } from './russian.ts';

/** What every language must have: English is the measure, and a missing key elsewhere is a type error. */
export type Words = typeof english;

export function wordsFor(locale: Locale): Words {
  return languages[locale];
}

/** What is wrong, in a sentence that says what to do. */
export function sayFault<C extends RefusalCode>(words: Words, fault: Fault<C>): string {
  return words.refusals[fault.code](fault.facts);
}

/** The first sentence of a refusal: the one its page is headed by. */
export function sayRefusal(words: Words, refusal: Refusal): string {
  return sayFault(words, refusal.faults[0]);
}

const languages: Readonly<Record<Locale, Words>> = { en: english, ru: russian };
