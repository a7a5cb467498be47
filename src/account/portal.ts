// Opening Stripe's billing portal for one customer: where the card is changed or the gift ended.
import Stripe from 'stripe';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { within } from '../outside/stripe.ts';
import type { Locale } from '../values/locale.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { briskly, isTrouble, longestWaitMs } from './asking.ts';
import { findPortal, makePortal, returnAddress } from './portal-configuration.ts';

/** Straight to one thing: another card. */
export type PortalPart = 'card';

export interface Portal {
  /**
   * The address of the portal for this customer, good for a few minutes. Throws a Refusal (503, nothing was changed) within 5 s
   * when Stripe cannot be asked, and one (404) when Stripe no longer knows the customer.
   */
  open(stripeCustomerId: string, locale: Locale, to?: PortalPart): Promise<string>;
}

type Asks = Pick<Services, 'stripe' | 'config' | 'machineNow' | 'log'>;

/** Remembers our configuration for an hour. Without one Stripe opens nothing but what somebody saved in its dashboard. */
export function openPortals(services: Asks): Portal {
  const { stripe, config, machineNow, log } = services;
  let known: { id: string; until: number } | null = null;

  async function configuration(): Promise<string | null> {
    if (known !== null && known.until > machineNow().getTime()) return known.id;
    try {
      const { id } = (await findPortal(stripe, briefly)) ?? (await makePortal(stripe, config, briefly));
      known = { id, until: machineNow().getTime() + 3_600_000 };
      return id;
    } catch (error) {
      // A restricted key may not be allowed to; what is remembered, or the account's own, will do.
      log.warn(describeError(error), 'The portal configuration could not be looked up');
      return known?.id ?? null;
    }
  }

  async function begin(customer: string, locale: Locale, to: PortalPart | undefined): Promise<string> {
    const ours = await configuration();
    const session = await stripe.billingPortal.sessions.create(
      {
        customer,
        locale,
        return_url: returnAddress(config),
        ...(ours !== null && { configuration: ours }),
        ...(to === 'card' && { flow_data: toCard }),
      },
      briskly,
    );
    return session.url;
  }

  const toCard = {
    type: 'payment_method_update',
    after_completion: { type: 'redirect', redirect: { return_url: returnAddress(config) } },
  } satisfies Stripe.BillingPortal.SessionCreateParams.FlowData;

  return {
    async open(stripeCustomerId, locale, to) {
      try {
        return await within(longestWaitMs, begin(stripeCustomerId, locale, to));
      } catch (error) {
        log.error({ customer: stripeCustomerId, ...describeError(error) }, 'Stripe opened no portal');
        if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') {
          if (error.param !== 'configuration') throw new Refusal(fault('not-found'));
          // Deleted or switched off at Stripe since it was looked up.
          known = null;
        }
        if (isTrouble(error)) {
          throw new Refusal(fault('payments-unavailable', { charged: 'nothing' }));
        }
        throw error;
      }
    },
  };
}

const briefly = { timeout: 1500, maxNetworkRetries: 0 };
