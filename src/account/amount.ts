// Another amount for a regular gift, from its next payment on: what is asked for, and the asking of Stripe.
import { z } from 'zod';
import type {} from 'zod-openapi';
import type { RegularGift } from '../ledger/giver.ts';
import type { Services } from '../outside/services.ts';
import { localDate } from '../values/calendar.ts';
import { amountFault } from '../values/limits.ts';
import { locales } from '../values/locale.ts';
import { type Money, toStripeMinor } from '../values/money.ts';
import { type Fault, fault, Refusal } from '../values/refusal.ts';
import { askInTime, briskly } from './asking.ts';
import { linkPart } from './link-part.ts';

/** The body of `POST /api/v1/account/amounts`. */
export const amountRequest = z
  .strictObject({
    token: linkPart,
    gift: z.uuid().optional().meta({
      description: 'Which gift, where a reader has several; without it the newest one that runs.',
    }),
    amount_minor: z
      .int({ error: (issue) => (issue.input === undefined ? 'amount-missing' : 'amount-not-minor') })
      .meta({
        description: "The new amount in minor units of the gift's own currency and rhythm.",
        example: 700,
      }),
    locale: z.enum(locales).optional().meta({ description: 'The language of refusals.', example: 'en' }),
  })
  .meta({ id: 'AmountRequest', description: "Changes the amount of a letter's reader's regular gift." });

/** Its answer: Stripe has taken it on; the books follow by its webhook, and a letter confirms it. */
export const amountAnswer = z
  .object({
    gift: z.uuid(),
    amount_minor: z.int(),
    currency: z.string(),
    from: z.iso.date().meta({ description: 'The day on which it is collected for the first time.' }),
  })
  .meta({ id: 'Amount' });

/** What keeps this gift from another amount at all; null where nothing does. */
export function unchangeable({ standing, endsAt }: RegularGift): Fault | null {
  return standing === 'active' && endsAt === null ? null : fault('gift-unchangeable');
}

/**
 * Asks Stripe to collect this amount from the next payment on; nothing is charged or sent back for the time already paid.
 * `key` makes one wish, sent twice, one change; `field` is where it was written. Throws a Refusal: what is wrong with the wish, or 503 within five seconds
 * when Stripe cannot be asked.
 */
export async function changeAmount(
  services: Services,
  gift: RegularGift,
  amount: Money,
  key: string,
  field: 'amount' | 'amount_minor',
): Promise<{ from: string }> {
  const found = unchangeable(gift) ?? amountFault(amount, gift.interval);
  if (found) throw new Refusal({ ...found, field });
  const { stripeSubscriptionId: id, interval } = gift;
  const { stripe, config } = services;
  await askInTime(services, { membership: gift.id }, async () => {
    const subscription = await stripe.subscriptions.retrieve(id, {}, briskly);
    const [item] = subscription.items.data;
    if (!item) throw new Error('A subscription of ours without an item');
    const { product } = item.price;
    await stripe.subscriptions.update(
      id,
      {
        items: [
          {
            id: item.id,
            quantity: 1,
            price_data: {
              currency: amount.currency.toLowerCase(),
              product: typeof product === 'string' ? product : product.id,
              recurring: { interval },
              unit_amount: Number(toStripeMinor(amount)),
            },
          },
        ],
        proration_behavior: 'none',
      },
      { ...briskly, idempotencyKey: `amount-${gift.id}-${key}` },
    );
  });
  return { from: localDate(gift.periodEndsAt, config.publication.timeZone) };
}
