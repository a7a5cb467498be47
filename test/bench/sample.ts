// One reader's history at the stand-in, as a template for the bench: its events, and what in them is the reader's own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sessionFor } from '../../src/donate/checkout.ts';
import type { Config } from '../../src/outside/config.ts';
import { openStripe } from '../../src/outside/stripe.ts';
import { startStripeStandIn } from '../../src/sandbox/stripe/stand-in.ts';
import { subscribedTypes } from '../../src/stripe/events.ts';

export interface Sample {
  /** In the order in which Stripe tells them, indented as Stripe sends them. */
  bodies: string[];
  /** Every id of Stripe's in them. */
  ids: string[];
  /** The monthly gift's intent and the one-off gift's. */
  checkoutIds: [string, string];
  address: string;
}

const address = 'bench-reader@example.org';

/** What one reader of the sample leaves in the books. */
export const leftByOne = { payments: 2, memberships: 1, movements: 1, adjustments: 1, letters: 3 } as const;

/** A monthly gift, and a one-off gift that is partly refunded: a dozen events of those we subscribe to. */
export async function sampleHistory(config: Config): Promise<Sample> {
  const checkoutIds: [string, string] = [
    '01890000-0000-7000-8000-000000000001',
    '01890000-0000-7000-8000-000000000002',
  ];
  const folder = mkdtempSync(join(tmpdir(), 'favor-bench-'));
  const store = new DatabaseSync(join(folder, 'stand-in.sqlite'));
  const machineNow = () => new Date();
  const standIn = await startStripeStandIn({ store, now: machineNow, machineNow, port: 0 });
  try {
    const stripe = openStripe({ stripe: { ...config.stripe, apiUrl: standIn.url } });
    const [month, once] = checkoutIds;
    const gift = {
      locale: 'en',
      cover: { amountMinor: 0n, currency: 'USD' },
      address: null,
      source: { article: 'the-river', campaign: 'spring', component: 'appeal' },
      reminderToken: null,
    } as const;
    const amount = (amountMinor: bigint) => ({ amountMinor, currency: 'USD' }) as const;
    const wishes = [
      sessionFor({ config }, month, { ...gift, frequency: 'month', amount: amount(500n) }),
      sessionFor({ config }, once, { ...gift, frequency: 'once', amount: amount(2500n) }),
    ];
    let paid = '';
    for (const wish of wishes) {
      const session = await stripe.checkout.sessions.create(wish);
      await standIn.pay(session.id, {
        card: '4242424242424242',
        email: address,
        name: 'Bench Reader',
        country: 'US',
      });
      paid = String((await stripe.checkout.sessions.retrieve(session.id)).payment_intent);
    }
    await stripe.refunds.create({ payment_intent: paid, amount: 500 });
    const told = await stripe.events.list({ limit: 100 });
    const bodies = told.data
      .filter((event) => subscribedTypes.some((type) => type === event.type))
      .toReversed()
      .map((event) => JSON.stringify(event, null, 2));
    return { bodies, ids: idsIn(bodies), checkoutIds, address };
  } finally {
    await standIn.close();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function idsIn(bodies: string[]): string[] {
  const ofStripe =
    /\b(?:evt|cs_test|sub|si|cus|in|il|inpay|pi|ch|txn|re|pm|price|prod|req|seti|pyr|py)_[A-Za-z0-9]{10,}/g;
  return [...new Set(bodies.join(' ').match(ofStripe) ?? [])];
}
