// One reader's history at the stand-in, as a template for the bench: its events, and what in them is the reader's own.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Stripe from 'stripe';
import { subscribedTypes } from '../../src/stripe/events.ts';
import { startStripeStandIn } from '../../src/sandbox/stripe/stand-in.ts';

export interface Sample {
  bodies: string[];
  ids: string[];
  checkoutIds: [string, string];
  address: string;
}

const address = 'bench-reader@example.org';

/** A monthly gift, and a one-off gift that is partly refunded: nine to a dozen events of those we subscribe to. */
export async function sampleHistory(): Promise<Sample> {
  const checkoutIds: [string, string] = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002'];
  const folder = mkdtempSync(join(tmpdir(), 'favor-bench-'));
  const machineNow = () => new Date();
  const standIn = await startStripeStandIn({
    store: new DatabaseSync(join(folder, 'stand-in.sqlite')),
    now: machineNow,
    machineNow,
    port: 0,
  });
  try {
    const at = new URL(standIn.url);
    const stripe = new Stripe('sk_test_benchbenchbench', {
      host: at.hostname,
      port: Number(at.port),
      protocol: 'http',
      telemetry: false,
    });
    const addresses = { success_url: 'http://localhost/thanks', cancel_url: 'http://localhost/donate' };
    const [month, once] = checkoutIds;
    const monthly = await stripe.checkout.sessions.create({
      mode: 'subscription',
      ...addresses,
      client_reference_id: month,
      metadata: { favor_checkout: month },
      subscription_data: { metadata: { favor_checkout: month } },
      line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: 500, recurring: { interval: 'month' }, product_data: { name: 'Monthly gift' } } }],
    });
    const single = await stripe.checkout.sessions.create({
      mode: 'payment',
      submit_type: 'donate',
      ...addresses,
      client_reference_id: once,
      metadata: { favor_checkout: once },
      payment_intent_data: { metadata: { favor_checkout: once } },
      line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: 2500, product_data: { name: 'Gift' } } }],
    });
    for (const session of [monthly, single]) {
      await standIn.pay(session.id, { card: '4242424242424242', email: address, name: 'Bench Reader', country: 'US' });
    }
    const paid = await stripe.checkout.sessions.retrieve(single.id);
    await stripe.refunds.create({ payment_intent: String(paid.payment_intent), amount: 500 });
    const all = await stripe.events.list({ limit: 100 });
    const bodies = all.data
      .filter((event) => subscribedTypes.some((type) => type === event.type))
      .toReversed()
      .map((event) => JSON.stringify(event));
    const ids = [...new Set(bodies.join(' ').match(/\b(?:evt|cs_test|sub|si|cus|in|il|inpay|pi|ch|txn|re|pm|price|prod|req|seti|pyr|py)_[A-Za-z0-9]{10,}/g) ?? [])];
    return { bodies, ids, checkoutIds, address };
  } finally {
    await standIn.close();
  }
}
