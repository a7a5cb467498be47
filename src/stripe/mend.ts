// Mending: facts that Stripe's lists tell are kept as those of webhooks are, a page at a time, each object whole or not at all.

import { TransactionRollbackError } from 'drizzle-orm';
import { messageDomain } from '../letters/outbox.ts';
import { type Tx, transact } from '../outside/database.ts';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { askStripe } from './ask.ts';
import type { Fact, Question } from './fact.ts';
import type { Keeping } from './keep.ts';
import type { Pace } from './pace.ts';
import { keepFacts, understand } from './understand.ts';

/** What one object tells. */
export interface Told {
  facts: Fact[];
  /** Objects of one lane are kept one after the other: those of one customer would lock each other out. */
  lane: string;
  /** Nobody waits for the letters of this. */
  quiet?: boolean;
}

export type Mended = 'kept' | 'not ours' | 'failed';

const lanes = 4;

/** Keeps what each object tells, several at once; answers what came of each, in their order. */
export async function mendEach(services: Services, pace: Pace, told: readonly Told[]): Promise<Mended[]> {
  const outcomes = new Map<Told, Mended>();
  const byLane = Map.groupBy(told, ({ lane }) => laneOf(lane));
  await Promise.all(
    [...byLane.values()].map(async (group) => {
      if (group.length > 1 && (await keptTogether(services, group))) {
        for (const one of group) outcomes.set(one, 'kept');
        return;
      }
      for (const one of group) outcomes.set(one, await mendOne(services, pace, one));
    }),
  );
  return told.map((one) => outcomes.get(one) ?? 'failed');
}

/** One commit for a whole group; false, and nothing kept, when one of them needs more than that. */
async function keptTogether(services: Services, group: readonly Told[]): Promise<boolean> {
  try {
    await transact(services, async (tx) => {
      for (const { facts, quiet } of group) {
        const { kept, question } = await keepFacts(keepingIn(services, tx, quiet), facts);
        if (!kept || question !== null) tx.rollback();
      }
    });
    return true;
  } catch {
    // Whatever it was shows itself again at the one object that it comes from.
    return false;
  }
}

/** Keeps what one object tells, asking Stripe for what is missing. */
async function mendOne(services: Services, pace: Pace, { facts, quiet }: Told): Promise<Mended> {
  let anyKept = false;
  try {
    const outcome = await understand(
      { facts },
      {
        async keep(all) {
          const { kept, question } = await keptWhole(services, all, quiet);
          anyKept = kept;
          return question;
        },
        ask: (question) => pace.ask(() => askStripe(services, question)),
      },
    );
    // What cannot be told apart within a second is left to the next walk.
    return outcome === 'kept' && anyKept ? 'kept' : 'not ours';
  } catch (error) {
    services.log.error({ ...describeError(error) }, 'An object at Stripe could not be mended');
    return 'failed';
  }
}

/** All of these facts in one transaction; with a question none of them is kept. */
async function keptWhole(
  services: Services,
  facts: readonly Fact[],
  quiet: boolean | undefined,
): Promise<{ kept: boolean; question: Question | null }> {
  let asked: Question | null = null;
  try {
    return await transact(services, async (tx) => {
      const outcome = await keepFacts(keepingIn(services, tx, quiet), facts);
      asked = outcome.question;
      if (asked !== null) tx.rollback();
      return outcome;
    });
  } catch (error) {
    if (!(error instanceof TransactionRollbackError)) throw error;
    return { kept: false, question: asked };
  }
}

function keepingIn({ keys, config, now }: Services, tx: Tx, quiet = false): Keeping {
  return { tx, now: now(), keys, letterDomain: messageDomain(config), quiet };
}

function laneOf(name: string): number {
  let sum = 0;
  for (let at = 0; at < name.length; at += 1) sum = (sum * 31 + name.charCodeAt(at)) % 9973;
  return sum % lanes;
}
