// The thanks page's look at its own session: the same facts as the webhooks bring, kept by the same act, only sooner.

import { checkoutById } from '../ledger/checkout.ts';
import { messageDomain } from '../letters/outbox.ts';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { within } from '../outside/stripe.ts';
import { askSession } from './ask.ts';
import { keepFacts } from './keep.ts';
import { standingIn } from './understand.ts';

/** A page waits for this; the webhook does not need it. */
const longestWaitMs = 4000;

/**
 * Asks Stripe about a checkout and keeps what it says (https://docs.stripe.com/checkout/fulfillment: callable repeatedly,
 * from webhook and success page alike). Does nothing for an intent that never became a session. Throws within seconds where Stripe is away.
 */
export async function lookAtCheckout(services: Services, checkoutId: string): Promise<void> {
  const { config, keys } = services;
  const intent = await checkoutById(services.database, checkoutId);
  if (intent === null || intent.stripeSessionId === null) return;
  const facts = await within(longestWaitMs, askSession(services, intent.stripeSessionId));
  const now = services.now();
  await transact(services, async (tx) => {
    // What cannot be decided yet is left to the webhooks, which can wait and ask again.
    await keepFacts(
      { tx, now, keys, letterDomain: messageDomain(config) },
      standingIn(facts).map((fact) => ({ facts: [fact] })),
    );
  });
  services.nudge('letters');
  services.nudge('settlement');
}
