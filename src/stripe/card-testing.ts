// Card testing: whoever has stolen card numbers tries them on small gifts. A burst of declines is told to a person; nothing is blocked or sent back here.
import { noteBursts, sweepDeclines } from '../ledger/decline.ts';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';

/** Looks for bursts of declines; each is one line in the log, and stands on the desk for a day. */
export async function watchForCardTesting(services: Services): Promise<void> {
  const bursts = await transact(services, (tx) => noteBursts(tx, services.now()));
  for (const { beganAt, declined, given } of bursts) {
    services.log.error(
      { since: beganAt, declined, given },
      'Many cards are declined: somebody may be testing them',
    );
  }
}

export async function forgetDeclines(services: Services): Promise<void> {
  await transact(services, (tx) => sweepDeclines(tx, services.now()));
}
