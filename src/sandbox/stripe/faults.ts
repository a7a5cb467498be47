// Misbehaviour on request: webhooks doubled, late, out of order, lost or spoilt; calls failed, slowed or swallowed.

import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import type { Store } from './store.ts';

export interface Faults {
  webhooks?:
    | {
        /** How often each event arrives. */
        duplicate?: number | undefined;
        /** Newest first instead of oldest first. */
        reorder?: boolean | undefined;
        /** How much later each event arrives, in seconds of business time. */
        delay_s?: number | undefined;
        /** The share of events that never arrive and are not tried again. */
        drop?: number | undefined;
        /** How many of the next deliveries carry a spoilt object: rightly signed, its amounts, currency and state nonsense. */
        poison?: number | undefined;
      }
    | undefined;
  calls?:
    | {
        /** The beginning of the paths that misbehave. */
        path: string;
        /** The status to answer with; 0 answers nothing and closes the connection. */
        status: number;
        /** How many calls misbehave. */
        times: number;
        /** Whether the call first has its effect. */
        after_effect?: boolean | undefined;
        /** How long the answer takes. */
        delay_ms?: number | undefined;
      }
    | undefined;
}

const setting = 'faults';

export function faultsNow(store: Store): Faults {
  return store.setting<Faults>(setting) ?? {};
}

export function setFaults(store: Store, faults: Faults): void {
  store.setSetting(setting, faults);
}

/** The fault this call meets, counted down. */
export function faultOnCall(store: Store, path: string): NonNullable<Faults['calls']> | undefined {
  const faults = faultsNow(store);
  const { calls } = faults;
  if (!calls || calls.times <= 0 || !path.startsWith(calls.path)) return undefined;
  setFaults(store, { ...faults, calls: { ...calls, times: calls.times - 1 } });
  return calls;
}

/** Decided by the event's id, so that a run can be repeated. */
export function isDropped(faults: Faults, event: string): boolean {
  const share = faults.webhooks?.drop ?? 0;
  if (share <= 0) return false;
  return createHash('sha256').update(event).digest().readUInt32BE(0) / 2 ** 32 < share;
}

/** The event as a spoilt delivery carries it, or the event itself when none is left to spoil. */
export function perhapsPoisoned(store: Store, event: Stripe.EventBase): object {
  const faults = faultsNow(store);
  const left = faults.webhooks?.poison ?? 0;
  if (left <= 0) return event;
  setFaults(store, { ...faults, webhooks: { ...faults.webhooks, poison: left - 1 } });
  const spoilt = Object.entries(event.data.object).map(([key, value]) => {
    if (key.startsWith('amount')) return [key, 'poison'];
    if (key === 'currency' || key === 'status') return [key, 'poison'];
    if (key === 'items' || key === 'lines') return [key, null];
    return [key, value];
  });
  return { ...event, data: { ...event.data, object: Object.fromEntries(spoilt) } };
}
