// The way to Stripe: one client, at Stripe or at a stand-in across the wire, never waiting longer than a reader would.
import Stripe from 'stripe';
import type { Config } from './config.ts';

export type StripeClient = Stripe;

/**
 * The client for the configured account. Retries are the package's own, with the same idempotency key
 * (https://docs.stripe.com/api/idempotent_requests); a call takes 4 s at most per try, so that a page can answer within 5 s.
 */
export function openStripe(config: Pick<Config, 'stripe'>): StripeClient {
  const { secretKey, apiUrl } = config.stripe;
  const at = apiUrl === null ? null : new URL(apiUrl);
  return new Stripe(secretKey, {
    telemetry: false,
    timeout: 4000,
    maxNetworkRetries: 1,
    ...(at && {
      host: at.hostname,
      port: at.port === '' ? (at.protocol === 'https:' ? 443 : 80) : Number(at.port),
      protocol: at.protocol === 'https:' ? ('https' as const) : ('http' as const),
    }),
  });
}

/**
 * Waits for so long and no longer: the package's own limits are for each try and for silence on the line, a reader counts the whole.
 * Throws `tooLate`; the call itself may still come to its end.
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate), ms);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}

export const tooLate = new Error('Stripe did not answer in time');

/** The origin of Stripe's hosted pages that our forms may lead to: for the content security policy's form-action. */
export function hostedOrigins(config: Pick<Config, 'stripe'>): string[] {
  return config.stripe.apiUrl === null
    ? ['https://checkout.stripe.com', 'https://billing.stripe.com']
    : [new URL(config.stripe.apiUrl).origin];
}

/** The page of a payment at Stripe, for staff: there it can be refunded. */
export function paymentPage(config: Pick<Config, 'stripe'>, paymentIntentId: string): string {
  const { apiUrl, live } = config.stripe;
  const root = apiUrl ?? 'https://dashboard.stripe.com';
  const folder = apiUrl !== null ? '/dashboard' : live ? '' : '/test';
  return `${root}${folder}/payments/${encodeURIComponent(paymentIntentId)}`;
}
