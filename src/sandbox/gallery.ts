// The gallery's letters: each sample as it would be sent, in a language, by day or by night, its links leading nowhere.
import { exampleLinks } from '../letters/links.ts';
import type { LetterClass } from '../letters/outbox.ts';
import { senderName, type WrittenLetter, writeLetter } from '../letters/render.ts';
import { kindOf, type Sample, sampleNames, sampleRow } from '../letters/samples.ts';
import type { Config } from '../outside/config.ts';
import type { Locale } from '../values/locale.ts';
import { wordsFor } from '../words/words.ts';

/** Whose letters are shown. */
export type Letterhead = Pick<Config, 'baseUrl' | 'publication' | 'mail'>;

export interface Hung extends WrittenLetter {
  sample: Sample;
  name: string;
  class: LetterClass;
  from: string;
}

export type Scheme = 'light' | 'dark';

/** Every sample, written. */
export function hang(letterhead: Letterhead, locale: Locale, discreet: boolean): Hung[] {
  return sampleNames.map((sample) => hangOne(letterhead, sample, locale, discreet));
}

export function hangOne(letterhead: Letterhead, sample: Sample, locale: Locale, discreet: boolean): Hung {
  const row = sampleRow(sample, locale);
  const written = writeLetter(letterhead, exampleLinks(letterhead.baseUrl), row, { name: null, discreet });
  return {
    ...written,
    sample,
    name: nameOf(sample),
    class: row.class,
    from: senderName(letterhead, written),
  };
}

/** "Refund, part". */
export function nameOf(sample: Sample): string {
  const [, variant] = sample.split(':');
  const name = wordsFor('en').reports.letterKinds[kindOf(sample)];
  return variant === undefined ? name : `${name}, ${variant.replaceAll('-', ' ')}`;
}

/** The HTML part as by day or by night, whatever the browser prefers: its own query is answered for it. */
export function inScheme(html: string, scheme: Scheme): string {
  return html
    .replace('@media (prefers-color-scheme: dark)', scheme === 'dark' ? '@media all' : '@media not all')
    .replaceAll('light dark', scheme);
}

export function isSample(text: unknown): text is Sample {
  return sampleNames.some((name) => name === text);
}
