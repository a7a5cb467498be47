// Beginning a checkout: the intent is committed first, then Stripe is asked, with the intent's id as reference and idempotency key.
import { setTimeout as pause } from 'node:timers/promises';
import Stripe from 'stripe';
import { abandonIntent, type Intent, marksOf, noteIntent, noteSession } from '../ledger/checkout.ts';
import { type Tx, transact } from '../outside/database.ts';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { tooLate, within } from '../outside/stripe.ts';
import type { Locale } from '../values/locale.ts';
import { add, toStripeMinor } from '../values/money.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { wordsFor } from '../words/words.ts';
import { type Gift, queryOf } from './gift.ts';
import { reminderByToken } from './running.ts';

export interface Begun {
  /** Ours; `/thanks?checkout=ID`. */
  id: string;
  /** The page at Stripe where the reader pays. */
  url: string;
}

/** Called in the intent's transaction when the gift carried a reminder's link. */
export type ReminderOpened = (tx: Tx, now: Date, reminderId: string) => Promise<void>;

/**
 * Begins a checkout for a gift. Throws a Refusal (503, nothing charged) within 5 s when Stripe cannot be asked; the intent is then
 * abandoned and never asked for again, so that one intent is at most one session.
 */
export async function beginCheckout(
  services: Services,
  gift: Gift & { locale: Locale },
  reminderOpened: ReminderOpened = async () => {},
): Promise<Begun> {
  const now = services.now();
  const reminderId = reminderByToken(services, gift.reminderToken);
  const id = await transact(services, async (tx) => {
    if (reminderId !== null) await reminderOpened(tx, now, reminderId);
    return noteIntent(tx, now, intentOf(gift, reminderId));
  });
  const session = await askStripe(services, id, sessionFor(services, id, gift, reminderId));
  await transact(services, (tx) => noteSession(tx, id, session.id));
  return { id, url: session.url };
}

function intentOf(gift: Gift & { locale: Locale }, reminderId: string | null): Intent {
  const total = add(gift.amount, gift.cover);
  return {
    frequency: gift.frequency,
    amountMinor: total.amountMinor,
    feesCoveredMinor: gift.cover.amountMinor,
    currency: total.currency,
    locale: gift.locale,
    article: gift.source.article ?? null,
    campaign: gift.source.campaign ?? null,
    component: gift.source.component ?? null,
    referrer: gift.source.referrer ?? null,
    reminderId,
    besides: gift.besides === true,
  };
}

/** What Stripe is asked for; pure. */
export function sessionFor(
  { config }: Pick<Services, 'config'>,
  id: string,
  gift: Gift & { locale: Locale },
  reminderId: string | null = null,
): Stripe.Checkout.SessionCreateParams {
  const { frequency, amount, cover, locale } = gift;
  const words = wordsFor(locale);
  const publication = config.publication;
  const total = add(amount, cover);
  // Our mark: on the session, and on what brings the money, so that each of Stripe's objects is known as ours by itself.
  const metadata = marksOf(id, intentOf(gift, reminderId));
  // It stands in Stripe's receipts and portal too. Of bank statements nothing is asked: the account's own descriptor stands there.
  const name = publication.discreet
    ? words.donate.productDiscreet[frequency]
    : words.donate.product[frequency](publication.name);
  const back = queryOf(gift);
  back.set('cancelled', 'yes');
  const common = {
    ui_mode: 'hosted_page',
    client_reference_id: id,
    metadata,
    locale,
    success_url: `${config.baseUrl}/thanks?checkout=${id}`,
    cancel_url: `${config.baseUrl}/donate?${back}`,
    ...(gift.address !== null && { customer_email: gift.address }),
  } satisfies Stripe.Checkout.SessionCreateParams;
  const price = {
    currency: total.currency.toLowerCase(),
    unit_amount: Number(toStripeMinor(total)),
    product_data: {
      name,
      ...(cover.amountMinor > 0n && {
        description: words.donate.productCover(words.common.money(cover)),
      }),
    },
  } satisfies Stripe.Checkout.SessionCreateParams.LineItem.PriceData;
  if (frequency === 'once') {
    return {
      ...common,
      mode: 'payment',
      submit_type: 'donate',
      line_items: [{ quantity: 1, price_data: price }],
      payment_intent_data: { metadata, description: name },
    };
  }
  return {
    ...common,
    mode: 'subscription',
    line_items: [{ quantity: 1, price_data: { ...price, recurring: { interval: frequency } } }],
    subscription_data: { metadata, description: name },
  };
}

async function askStripe(
  services: Services,
  id: string,
  params: Stripe.Checkout.SessionCreateParams,
): Promise<{ id: string; url: string }> {
  try {
    const session = await within(longestWaitMs, createPatiently(services, id, params));
    if (session.url === null) throw new Error('Stripe gave a session without a page');
    return { id: session.id, url: session.url };
  } catch (error) {
    await transact(services, (tx) => abandonIntent(tx, id));
    services.log.error({ checkout: id, ...describeError(error) }, 'Stripe began no checkout');
    if (error instanceof Stripe.errors.StripeError || error === tooLate) {
      throw new Refusal(fault('payments-unavailable', { charged: 'nothing' }));
    }
    throw error;
  }
}

/**
 * The package tries once more by itself, with the same key. Two answers ask for a further try with that key: too busy, which
 * has begun nothing, and a first try that is still under way there.
 */
async function createPatiently(
  { stripe }: Services,
  id: string,
  params: Stripe.Checkout.SessionCreateParams,
): Promise<Stripe.Checkout.Session> {
  const begun = performance.now();
  const leftMs = () => longestWaitMs - (performance.now() - begun);
  for (let tries = 1; ; tries += 1) {
    try {
      return await stripe.checkout.sessions.create(params, {
        idempotencyKey: id,
        timeout: Math.ceil(Math.min(2000, leftMs())),
        maxNetworkRetries: tries === 1 ? 1 : 0,
      });
    } catch (error) {
      const again =
        error instanceof Stripe.errors.StripeRateLimitError ||
        (error instanceof Stripe.errors.StripeError && error.code === 'idempotency_key_in_use');
      // Nothing may begin once the reader has been told that nothing did.
      if (!again || leftMs() < 2 * pauseMs) throw error;
      await pause(pauseMs);
    }
  }
}

const longestWaitMs = 4500;
const pauseMs = 400;
