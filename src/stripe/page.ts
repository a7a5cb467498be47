// A page: what many of Stripe's objects tell, kept together, with what is learnt of it on the way.
import type { Checkout } from '../ledger/checkout.ts';
import { type LetterKind, type NewLetter, queueLetters } from '../letters/outbox.ts';
import { isAnyOf, type Tx } from '../outside/database.ts';
import type { Keys } from '../outside/keys.ts';
import { readers } from '../schema.ts';
import type { Fact, Question } from './fact.ts';
import { at } from './translate.ts';

export interface Keeping {
  tx: Tx;
  now: Date;
  keys: Keys;
  /** What stands behind the @ of a letter's Message-ID. */
  letterDomain: string;
}

/** What one event or object tells. */
export interface Told {
  facts: readonly Fact[];
  /** History that is written down anew: nobody waits for its letters. */
  quiet?: boolean;
}

export type FactOf<F extends Fact['fact']> = Extract<Fact, { fact: F }>;

/** A fact, and who told it. */
interface Entered<F extends Fact> {
  told: Told;
  fact: F;
}

export type Entry<F extends Fact['fact'] = Fact['fact']> = Entered<FactOf<F>>;

export interface Page extends Keeping {
  entries: readonly Entry[];
  /** The intents that these facts name and that this service began. */
  intents: Map<string, Checkout>;
  /** Whose the customers are that these facts name. */
  owners: Map<string, string>;
  /** Those of them of whom it was not known before. */
  learnt: Map<string, string>;
  /** Those of which something was kept. */
  kept: Set<Told>;
  /** What must be asked first; the parents before what hangs on them. */
  questions: Map<Told, Question>;
  letters: NewLetter[];
  locales: Map<string, string>;
}

export function openPage(keeping: Keeping, told: readonly Told[]): Page {
  return {
    ...keeping,
    entries: told.flatMap((one) => one.facts.map((fact): Entry => ({ told: one, fact }))),
    intents: new Map(),
    owners: new Map(),
    learnt: new Map(),
    kept: new Set(),
    questions: new Map(),
    letters: [],
    locales: new Map(),
  };
}

export function entriesOf<F extends Fact['fact']>(page: Page, ...kinds: readonly F[]): Entry<F>[] {
  return page.entries.filter((entry): entry is Entry<F> => kinds.some((kind) => kind === entry.fact.fact));
}

export function ask(page: Page, { told }: Entry, about: Question['about'], id: string): void {
  if (!page.questions.has(told)) page.questions.set(told, { about, id });
}

/** Learns in which language these readers are written to. */
export async function learnLocales(page: Page, readerIds: readonly string[]): Promise<void> {
  const unknown = [...new Set(readerIds)].filter((id) => !page.locales.has(id));
  if (unknown.length === 0) return;
  const rows = await page.tx
    .select({ id: readers.id, locale: readers.locale })
    .from(readers)
    .where(isAnyOf(readers.id, unknown));
  for (const { id, locale } of rows) page.locales.set(id, locale);
}

/** A letter of the page, written with all others of it. Its deadline counts from what it tells of: long after that its key is only taken, and nothing is sent. */
export function write<K extends LetterKind>(
  page: Page,
  { quiet }: Told,
  happenedAt: Date,
  letter: NewLetter<K>,
): void {
  page.letters.push({ ...letter, wantedAt: quiet ? at(0) : happenedAt });
}

/** In the order of their keys, so that two who write the same letters wait for each other and not in a circle. */
export async function writeLetters(page: Page): Promise<void> {
  const name = (letter: NewLetter) => `${letter.kind}:${letter.key}`;
  const letters = page.letters.splice(0).sort((a, b) => (name(a) < name(b) ? -1 : 1));
  await queueLetters(page.tx, page.now, page.letterDomain, letters);
}
