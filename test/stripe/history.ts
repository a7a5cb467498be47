// Histories made at the stand-in: what readers, cards, banks and time may do, and all that Stripe tells of it.
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import Stripe from 'stripe';
import { beginCheckout } from '../../src/donate/checkout.ts';
import { startStripeStandIn } from '../../src/sandbox/stripe/stand-in.ts';
import { meaningOf } from '../../src/stripe/events.ts';
import { type TestServices, testServices } from '../harness/services.ts';

/** `of` picks among what there is: a plan, a payment; it wraps around. */
export type Act =
  | {
      act: 'give';
      who: number;
      frequency: 'once' | 'month' | 'year';
      /** In minor units: of dollars, where no currency is named. */
      amount: number;
      currency?: 'USD' | 'JPY' | 'KWD';
      card: Card;
    }
  | { act: 'change the amount'; of: number; amount: number }
  | { act: 'pause' | 'go on' | 'end at once' | 'end with the period' | 'do not end after all'; of: number }
  | { act: 'pay the open invoice'; of: number }
  | { act: 'refund'; of: number; share: 1 | 2 | 3 }
  | {
      act: 'answer the dispute';
      of: number;
      how: 'winning_evidence' | 'losing_evidence' | 'winning_then_losing_evidence';
    }
  | { act: 'wait'; days: number };

const cards = {
  good: '4242424242424242',
  'fails later': '4000000000000341',
  'asks each time': '4000002760003184',
  'is disputed': '4000000000000259',
  'is warned of': '4000000000005423',
  'is declined': '4000000000000002',
  'refunds fail': '4000000000005126',
  debit: 'AT611904300234573201',
};
export type Card = keyof typeof cards;

export interface History {
  services: TestServices;
  /** Those that mean something here, in the order in which they were told. */
  events: Stripe.Event[];
  /** From now on no call of ours is answered. */
  away(): void;
  close(): Promise<void>;
}

const plan = fc.nat({ max: 2 });

export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('give' as const),
      who: fc.nat({ max: 1 }),
      frequency: fc.constantFrom('once', 'month', 'month', 'year'),
      amount: fc.constantFrom(500, 1200, 3000),
      currency: fc.constantFrom('USD', 'USD', 'JPY', 'KWD'),
      card: fc.constantFrom<Card>(
        'good',
        'fails later',
        'fails later',
        'asks each time',
        'is disputed',
        'is warned of',
        'is declined',
        'refunds fail',
        'debit',
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('change the amount' as const),
      of: plan,
      amount: fc.constantFrom(500, 700, 900),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constantFrom(
        'pause' as const,
        'go on' as const,
        'end at once' as const,
        'end with the period' as const,
        'do not end after all' as const,
      ),
      of: plan,
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('pay the open invoice' as const), of: plan }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('refund' as const),
      of: plan,
      share: fc.constantFrom(1 as const, 2 as const, 3 as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('answer the dispute' as const),
      of: plan,
      how: fc.constantFrom(
        'winning_evidence' as const,
        'losing_evidence' as const,
        'winning_then_losing_evidence' as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('wait' as const), days: fc.constantFrom(1, 4, 31, 35) }),
  },
);

/** Lets a history happen. What Stripe refuses does not happen; some time after the last act, time stands still. */
export async function happen(databaseUrl: string, acts: readonly Act[]): Promise<History> {
  const store = new DatabaseSync(':memory:');
  let now = new Date('2026-01-31T10:00:00Z');
  const standIn = await startStripeStandIn({ store, now: () => now, machineNow: () => now, port: 0 });
  const services = await testServices({ databaseUrl, stripeUrl: standIn.url, now });
  const { stripe } = services;

  async function moveTo(target: Date): Promise<void> {
    for (let due = standIn.nextDueAt(); due !== null && due <= target; due = standIn.nextDueAt()) {
      if (due > now) now = due;
      await standIn.runDue();
    }
    now = target;
    services.set(now);
  }
  const pick = <T>(list: readonly T[], of: number) => list[of % Math.max(list.length, 1)];
  const plans = async () => (await stripe.subscriptions.list({ status: 'all', limit: 100 })).data.reverse();

  async function perform(act: Act): Promise<void> {
    switch (act.act) {
      case 'give': {
        // A direct debit is in euros.
        const currency = act.card === 'debit' ? 'EUR' : (act.currency ?? 'USD');
        const begun = await beginCheckout(services, {
          frequency: act.frequency,
          amount: { amountMinor: BigInt(act.amount), currency },
          cover: { amountMinor: act.amount === 1200 ? 60n : 0n, currency },
          locale: 'en',
          address: null,
          source: {},
          reminderToken: null,
        });
        const session = /cs_test_[A-Za-z0-9]+/.exec(begun.url)?.[0] ?? '';
        const payer = { card: cards[act.card], email: `reader-${act.who}@example.org`, name: 'A Reader' };
        const { outcome } = await standIn.pay(session, payer);
        if (outcome === 'requires_action') {
          await standIn.pay(session, { ...payer, authentication: 'complete' });
        }
        return;
      }
      case 'change the amount': {
        const item = pick(await plans(), act.of)?.items.data[0];
        if (item === undefined) return;
        const { product, recurring, currency } = item.price;
        const price = { product: String(product), currency, unit_amount: act.amount };
        await stripe.subscriptions.update(item.subscription, {
          items: [
            {
              id: item.id,
              price_data: { ...price, recurring: { interval: recurring?.interval ?? 'month' } },
            },
          ],
          proration_behavior: 'none',
        });
        return;
      }
      case 'pay the open invoice': {
        const { data } = await stripe.invoices.list({ status: 'open', limit: 100 });
        const url = pick(data.reverse(), act.of)?.hosted_invoice_url;
        if (!url) return;
        const paying = { card: cards.good };
        await fetch(`${url}/pay`, { method: 'POST', body: new URLSearchParams(paying), redirect: 'manual' });
        return;
      }
      case 'refund': {
        const charge = pick((await stripe.charges.list({ limit: 100 })).data.reverse(), act.of);
        if (charge === undefined) return;
        await stripe.refunds.create({ charge: charge.id, amount: Math.floor(charge.amount / act.share) });
        return;
      }
      case 'answer the dispute': {
        const dispute = pick((await stripe.disputes.list({ limit: 100 })).data, act.of);
        if (dispute === undefined) return;
        await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: act.how } });
        return;
      }
      case 'wait':
        return moveTo(new Date(now.getTime() + act.days * 86_400_000));
      default: {
        const id = pick(await plans(), act.of)?.id;
        if (id === undefined) return;
        if (act.act === 'end at once') await stripe.subscriptions.cancel(id);
        if (act.act === 'pause')
          await stripe.subscriptions.update(id, { pause_collection: { behavior: 'void' } });
        if (act.act === 'go on') await stripe.subscriptions.update(id, { pause_collection: '' });
        if (act.act === 'end with the period')
          await stripe.subscriptions.update(id, { cancel_at_period_end: true });
        if (act.act === 'do not end after all')
          await stripe.subscriptions.update(id, { cancel_at_period_end: false });
      }
    }
  }

  for (const act of acts) {
    try {
      await perform(act);
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeError)) throw error;
    }
  }
  // Nothing is asked in the second in which something happened.
  await moveTo(new Date(now.getTime() + 3_600_000));
  const told = store.prepare("SELECT body FROM stripe_objects WHERE kind = 'event' ORDER BY seq").all();
  return {
    services,
    events: told
      .map((row): Stripe.Event => JSON.parse(String(row.body)))
      .filter((event) => !('ignored' in meaningOf(event))),
    away: () => standIn.setFaults({ calls: { path: '/v1', status: 500, times: 1000 } }),
    async close() {
      await services.close();
      await standIn.close();
      store.close();
    },
  };
}
