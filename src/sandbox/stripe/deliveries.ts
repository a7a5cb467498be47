// Webhooks on their way: signed as Stripe signs, tried again for three days of business time, never forgotten by a crash.
import { createHmac } from 'node:crypto';
import { faultsNow, isDropped, perhapsPoisoned } from './faults.ts';
import type { Delivery, Store } from './store.ts';

const atOnce = 8;
const batch = 64;
const answerWithinMs = 10_000;
const machineRetryMs = 5_000;
const closesWithinMs = 500;
/** Minutes until the next try, as a live account sees it; the sum stays within three days. */
const retryAfterMinutes = [5, 30, 120, 300, 600, 600, 600, 600, 600, 600];

export interface Deliveries {
  /** Sends whatever is due, without waiting for it. */
  pump(): void;
  /** Resolves when nothing that is due now is still on its way. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export function startDeliveries(options: {
  store: Store;
  now: () => Date;
  machineNow: () => Date;
  log: (line: string) => void;
}): Deliveries {
  const { store, now, machineNow, log } = options;
  const inFlight = new Set<number>();
  const closing = new AbortController();
  let waiting: Delivery[] = [];
  let idle: (() => void)[] = [];
  let closed = false;

  const fill = () => {
    if (waiting.length > 0) return;
    const due = store.dueDeliveries(now().getTime(), machineNow().getTime(), batch, inFlight);
    waiting = faultsNow(store).webhooks?.reorder ? due.reverse() : due;
  };

  const pump = () => {
    while (!closed && inFlight.size < atOnce) {
      fill();
      const next = waiting.shift();
      if (!next) break;
      if (inFlight.has(next.id)) continue;
      inFlight.add(next.id);
      deliver(next)
        .catch((error: unknown) => log(`stripe stand-in: a delivery broke: ${String(error)}`))
        .finally(() => {
          inFlight.delete(next.id);
          pump();
        });
    }
    if (inFlight.size > 0) return;
    const woken = idle;
    idle = [];
    for (const wake of woken) wake();
  };

  const deliver = async (delivery: Delivery) => {
    const event = store.find('event', delivery.event);
    const endpoint = store.find('webhook_endpoint', delivery.endpoint);
    const secret = store.note('webhook_endpoint', delivery.endpoint)?.secret;
    if (!event || !endpoint || secret === undefined || endpoint.status !== 'enabled') {
      store.deliveryGivenUp(delivery.id, 'the endpoint is gone');
      return;
    }
    const faults = faultsNow(store);
    if (isDropped(faults, event.id)) {
      store.deliveryGivenUp(delivery.id, 'dropped by a fault');
      return;
    }
    const body = JSON.stringify(perhapsPoisoned(store, event));
    let answer = await post(endpoint.url, secret, body);
    for (let copy = 1; copy < (faults.webhooks?.duplicate ?? 1); copy += 1) {
      answer = await post(endpoint.url, secret, body);
    }
    if (closing.signal.aborted) return;
    if (/^2\d\d/.test(answer)) {
      store.deliveryDone(delivery.id, answer);
      return;
    }
    const retryAtMs = machineNow().getTime() + machineRetryMs;
    if (delivery.dueAtMs > now().getTime()) {
      // Tried early, for a service that restarts: the three days of tries are counted in business time only.
      store.deliveryTriedEarly(delivery.id, answer, retryAtMs);
      return;
    }
    const minutes = retryAfterMinutes[delivery.attempts];
    if (minutes === undefined) store.deliveryGivenUp(delivery.id, answer);
    else {
      store.deliveryFailed(delivery.id, answer, now().getTime() + minutes * 60_000, retryAtMs);
    }
  };

  const post = async (url: string, secret: string, body: string): Promise<string> => {
    const at = Math.floor(machineNow().getTime() / 1000);
    const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        redirect: 'manual',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': `t=${at},v1=${signature}`,
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        },
        signal: AbortSignal.any([AbortSignal.timeout(answerWithinMs), closing.signal]),
      });
      await response.arrayBuffer();
      return String(response.status);
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
      return `no answer: ${cause === '' ? String(error) : cause}`;
    }
  };

  return {
    pump,
    settled() {
      return new Promise((resolve) => {
        idle.push(resolve);
        pump();
      });
    },
    async close() {
      closed = true;
      waiting = [];
      if (inFlight.size === 0) return;
      const patience = setTimeout(() => closing.abort(), closesWithinMs);
      await new Promise<void>((resolve) => idle.push(resolve));
      clearTimeout(patience);
    },
  };
}
