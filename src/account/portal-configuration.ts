// What readers may do on Stripe's billing portal: our own saved configuration there, found by its mark.
import type Stripe from 'stripe';
import type { Config } from '../outside/config.ts';
import type { StripeClient } from '../outside/stripe.ts';

export type PortalConfiguration = Stripe.BillingPortal.Configuration;

/** The configuration as it should stand at Stripe. */
export function wantedPortal(config: Pick<Config, 'baseUrl'>) {
  return {
    metadata: portalMark,
    default_return_url: returnAddress(config),
    features: {
      payment_method_update: { enabled: true },
      // Paid for is paid for: the gift runs to the end of what was given.
      subscription_cancel: { enabled: true, mode: 'at_period_end', proration_behavior: 'none' },
      // A reader is known here by an address; one changed at Stripe would not reach us, and the customer would be a stranger.
      customer_update: { enabled: false },
      // The letter's link opens no more than the gift; receipts come by letter.
      invoice_history: { enabled: false },
      subscription_update: { enabled: false },
    },
  } satisfies Stripe.BillingPortal.ConfigurationCreateParams;
}

/** Where the portal leads back to. */
export function returnAddress({ baseUrl }: Pick<Config, 'baseUrl'>): string {
  return `${baseUrl}/account/manage/back`;
}

/** Ours among the account's active configurations; null where none was saved. Throws what the client throws. */
export async function findPortal(
  stripe: StripeClient,
  options: Stripe.RequestOptions = {},
): Promise<PortalConfiguration | null> {
  const listed = await stripe.billingPortal.configurations.list({ active: true, limit: 100 }, options);
  return listed.data.find((each) => each.metadata?.favor === portalMark.favor) ?? null;
}

/** Saves ours. Two instances at once may save two alike, which does no harm: the newest is used. */
export function makePortal(
  stripe: StripeClient,
  config: Pick<Config, 'baseUrl'>,
  options: Stripe.RequestOptions = {},
): Promise<PortalConfiguration> {
  return stripe.billingPortal.configurations.create(wantedPortal(config), options);
}

/** In what a saved configuration differs from the wanted one, each as a few plain words. */
export function portalDifferences(config: Pick<Config, 'baseUrl'>, found: PortalConfiguration): string[] {
  const wanted = wantedPortal(config);
  const { features } = found;
  const differences: [boolean, string][] = [
    [found.default_return_url !== wanted.default_return_url, 'it leads back to another address'],
    [!features.payment_method_update.enabled, 'cards cannot be changed'],
    [!features.subscription_cancel.enabled, 'gifts cannot be ended'],
    [
      features.subscription_cancel.mode !== 'at_period_end',
      'gifts end at once instead of after the paid time',
    ],
    [features.customer_update.enabled, 'e-mail addresses can be edited'],
    [features.invoice_history.enabled, 'past payments are shown'],
    [features.subscription_update.enabled, 'amounts can be changed there'],
  ];
  return differences.filter(([differs]) => differs).map(([, words]) => words);
}

const portalMark = { favor: 'portal' };
