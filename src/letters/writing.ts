// Writing: what a letter's kind is given to say its piece, and the turns of phrase that several kinds share.
import { localDate } from '../values/calendar.ts';
import { decimalString, type Frequency, isCurrency, type Money } from '../values/money.ts';
import type { Words } from '../words/words.ts';
import { type Block, fine, fineLink, salutation } from './blocks.ts';
import type { LetterLinks } from './links.ts';
import type { LetterFacts, LetterKind, MoneyFacts } from './outbox.ts';

export interface Writing<K extends LetterKind> {
  facts: LetterFacts[K];
  words: Words;
  links: LetterLinks;
  publication: { name: string; timeZone: string };
  /** Nothing but the signature names the publication. */
  discreet: boolean;
  /** The reader's name, where one is known and fit to be greeted by. */
  name: string | null;
  /** The day on which the letter was written, in the publication's zone. */
  writtenOn: string;
}

type AnyWriting = Pick<Writing<LetterKind>, 'words' | 'links' | 'publication' | 'name' | 'writtenOn'>;

export function greeting({ words, name }: AnyWriting): Block {
  return salutation(name === null ? words.letters.greeting : words.letters.greetingTo(name));
}

/** The foot of a letter about a single payment. */
export function whyMoney({ words, links }: AnyWriting): Block[] {
  return [
    fine(words.letters.whyMoney),
    fineLink(words.letters.manageSupport, links.manage()),
    fine(words.letters.ifWrong),
  ];
}

/** The foot of a letter about a whole year. */
export function whyYear({ words, links }: AnyWriting): Block[] {
  return [
    fine(words.letters.whyYear),
    fineLink(words.letters.manageSupport, links.manage()),
    fine(words.letters.ifWrong),
  ];
}

/** The foot of a letter about a monthly or yearly gift: with the way to look after it, where no button leads there. */
export function whyGift({ words, links }: AnyWriting, way: 'link' | 'button' = 'link'): Block[] {
  return [
    fine(words.letters.whyGift),
    ...(way === 'link' ? [fineLink(words.letters.manageGift, links.manage())] : []),
    fine(words.letters.ifWrong),
  ];
}

function money(facts: MoneyFacts): Money {
  if (!isCurrency(facts.currency)) throw new Error('A letter names a currency that is none');
  return { amountMinor: BigInt(facts.amountMinor), currency: facts.currency };
}

export function amount({ words }: AnyWriting, facts: MoneyFacts): string {
  return words.common.money(money(facts));
}

/** "$5 a month". */
export function howMuch({ words }: AnyWriting, facts: MoneyFacts & { kind: 'month' | 'year' }): string {
  return words.common.moneyHowOften(money(facts), facts.kind);
}

/** The way to give the same again: the donate page with the amount filled in. */
export function givingAgain(
  { links }: AnyWriting,
  { kind, ...facts }: MoneyFacts & { kind: Frequency },
): string {
  return links.donate({ frequency: kind, currency: facts.currency, amount: decimalString(money(facts)) });
}

/** "on Wednesday 24 February", in the publication's zone. */
export function onDay({ words, publication, writtenOn }: AnyWriting, instant: string): string {
  return words.common.onDay(localDate(new Date(instant), publication.timeZone), writtenOn);
}

/** "24 February 2027", in the publication's zone. */
export function day({ words, publication }: AnyWriting, instant: string): string {
  return words.common.date(localDate(new Date(instant), publication.timeZone));
}

/** A payment's number as a reader would read it out: the random end of our id. */
export function reference(id: string): string {
  const end = id.replaceAll('-', '').slice(-12).toUpperCase();
  return `${end.slice(0, 4)}-${end.slice(4, 8)}-${end.slice(8)}`;
}
