// From an event's meaning to facts that are kept: what cannot be decided yet is asked for, until it can.
import type { Fact, Meaning, Question } from './fact.ts';

export const notOurs = 'not begun by this service';

export interface Means {
  /** Keeps all of these facts, or none and answers what must be asked first. */
  keep(facts: Fact[]): Promise<Question | null>;
  ask(question: Question): Promise<Fact[]>;
}

/** 'too soon': two looks of one second, and Stripe's answer of that same second; only a later answer can tell. */
export type Understood = 'kept' | 'too soon' | { ignored: string; alert?: true };

/** Follows a meaning to its end. Each question adds what was missing; a chain is never longer than charge → invoice → customer → subscription. */
export async function understand(meaning: Meaning, means: Means): Promise<Understood> {
  if ('ignored' in meaning) return meaning;
  let facts = 'facts' in meaning ? meaning.facts : await means.ask(meaning.ask);
  const asked = new Set<string>();
  for (let round = 0; round < 6; round += 1) {
    const question = await means.keep(facts);
    if (question === null) return 'kept';
    const name = `${question.about} ${question.id}`;
    if (asked.has(name)) return question.about === 'subscription' ? 'too soon' : { ignored: notOurs };
    asked.add(name);
    const answer = standingIn(await means.ask(question));
    if (answer.length === 0) return { ignored: notOurs };
    // An answer about a subscription is the later look; any other is a parent that comes first.
    const settles = question.about === 'subscription' && facts.some((fact) => fact.fact === 'look');
    facts = settles ? [...facts, ...answer] : [...answer, ...facts];
  }
  throw new Error('Stripe kept answering without settling the matter');
}

/** Looks that were asked for before they were told: they stand in until they are. */
export function standingIn(facts: readonly Fact[]): Fact[] {
  return facts.map((fact) =>
    fact.fact === 'look' ? { ...fact, look: { ...fact.look, provisional: true } } : fact,
  );
}
