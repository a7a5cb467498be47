// Asking Stripe while a reader waits: an answer within five seconds, or an honest refusal.
import Stripe from 'stripe';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { tooLate, within } from '../outside/stripe.ts';
import { fault, Refusal } from '../values/refusal.ts';

/** For calls in front of a reader: the package's own limits are for each try, and a reader counts the whole. */
export const briskly = { timeout: 2000, maxNetworkRetries: 1 } as const;
export const longestWaitMs = 4500;

/** Throws a Refusal (503, nothing charged) when Stripe does not answer in time, and one (404) when it knows no such thing. */
export async function askInTime<T>(
  { log }: Pick<Services, 'log'>,
  facts: Record<string, unknown>,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await within(longestWaitMs, ask());
  } catch (error) {
    if (!isTrouble(error)) throw error;
    log.error({ ...facts, ...describeError(error) }, 'Stripe was asked in vain');
    if (isGone(error)) throw new Refusal(fault('not-found'));
    throw new Refusal(fault('payments-unavailable', { charged: 'nothing' }));
  }
}

/** Stripe's own error, or none of its answers in time. */
export function isTrouble(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError || error === tooLate;
}

function isGone(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && error.code === 'resource_missing';
}
