// Mending: facts that Stripe's lists tell are kept as those of webhooks are, a page at a time, each object whole or not at all.
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { askStripe } from './ask.ts';
import type { Pace } from './pace.ts';
import type { Told } from './page.ts';
import { keepTogether, keepWhole } from './together.ts';
import { understand } from './understand.ts';

export type Mended = 'kept' | 'not ours' | 'failed';

/** Keeps what each object tells; answers what came of each, in their order. */
export async function mendEach(services: Services, pace: Pace, told: readonly Told[]): Promise<Mended[]> {
  const { kept, left } = await keepTogether(services, told);
  const outcomes = new Map<Told, Mended>();
  for (const [one, outcome] of kept) outcomes.set(one, outcome.kept ? 'kept' : 'not ours');
  for (const one of left) outcomes.set(one, await mendOne(services, pace, one));
  return told.map((one) => outcomes.get(one) ?? 'failed');
}

/** Keeps what one object tells, asking Stripe for what is missing. */
async function mendOne(services: Services, pace: Pace, { facts, quiet = false }: Told): Promise<Mended> {
  let anyKept = false;
  try {
    const outcome = await understand(
      { facts: [...facts] },
      {
        async keep(all) {
          const { kept, question } = await keepWhole(services, { facts: all, quiet });
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
