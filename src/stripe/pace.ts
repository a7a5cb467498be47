// Asking Stripe at length: not faster than allowed, and patient when Stripe is busy, away or slow.
import { setTimeout as wait } from 'node:timers/promises';
import Stripe from 'stripe';

export interface Pace {
  /** Calls when it is our turn, and again later when Stripe asks for that. Throws what the last try threw. */
  ask<T>(call: () => Promise<T>): Promise<T>;
  /** How many calls were made, tries included. */
  requests(): number;
}

export interface PaceWish {
  /** A ceiling, shared with nobody: Stripe's own is 100 a second live and 25 in test mode (https://docs.stripe.com/rate-limits). */
  perSecond: number;
  /** The first wait after a refusal; each further one is twice as long, up to a minute. */
  firstWaitMs?: number;
  tries?: number;
  signal?: AbortSignal;
  /** Told of each wait, so that whoever looks on knows why nothing moves. */
  waiting?: (seconds: number, why: string) => void;
}

const longestWaitMs = 60_000;

export function keepPace({
  perSecond,
  firstWaitMs = 1000,
  tries = 9,
  signal,
  waiting = () => {},
}: PaceWish): Pace {
  const apartMs = 1000 / perSecond;
  let freeAtMs = 0;
  let requests = 0;

  async function turn(): Promise<void> {
    const nowMs = performance.now();
    const atMs = Math.max(nowMs, freeAtMs);
    freeAtMs = atMs + apartMs;
    requests += 1;
    // A timer is no finer than a millisecond; shorter waits add up until one is worth it.
    if (atMs - nowMs >= 1) await wait(atMs - nowMs, undefined, { signal });
  }

  return {
    async ask(call) {
      for (let tried = 1; ; tried += 1) {
        await turn();
        try {
          return await unlessStopped(call(), signal);
        } catch (error) {
          if (tried >= tries || !passes(error)) throw error;
          const waitMs = askedToWaitMs(error) ?? Math.min(longestWaitMs, firstWaitMs * 2 ** (tried - 1));
          waiting(waitMs / 1000, error instanceof Error ? error.name : 'trouble');
          // Everyone else waits too: a limit that is exceeded is exceeded for all of us.
          freeAtMs = Math.max(freeAtMs, performance.now() + waitMs);
          await wait(waitMs * (0.75 + Math.random() / 4), undefined, { signal });
        }
      }
    },
    requests: () => requests,
  };
}

/** Whoever must stop does not wait for an answer that may take half a minute. */
async function unlessStopped<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer;
  let stop = () => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([answer, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What will pass by itself; everything we ask here only reads, so asking again does no harm. */
function passes(error: unknown): boolean {
  if (error instanceof Stripe.errors.StripeRateLimitError) return true;
  if (error instanceof Stripe.errors.StripeConnectionError) return true;
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  return (error.statusCode ?? 0) >= 500 || error.statusCode === 409 || error.statusCode === 429;
}

function askedToWaitMs(error: unknown): number | null {
  if (!(error instanceof Stripe.errors.StripeError)) return null;
  const seconds = Number(error.headers?.['retry-after'] ?? Number.NaN);
  return seconds > 0 ? Math.min(longestWaitMs, seconds * 1000) : null;
}
