// Fresh events: those that this process accepted a moment ago, as they were read then, so that applying need not unseal and read them anew.
import type Stripe from 'stripe';

export interface Fresh {
  remember(event: Stripe.Event): void;
  /** The event, once; undefined where it was never here or was forgotten: then its sealed body tells. */
  take(id: string): Stripe.Event | undefined;
}

/** Bounds the memory: a few kilobytes each. */
const most = 1500;
/** By then another instance has applied it. */
const longestMs = 60_000;

export function openFresh(): Fresh {
  const events = new Map<string, { event: Stripe.Event; sinceMs: number }>();

  /** The oldest stay while there is a backlog: they are the next to be applied. */
  function makeRoom(nowMs: number): boolean {
    for (const [id, { sinceMs }] of events) {
      if (nowMs - sinceMs < longestMs) break;
      events.delete(id);
    }
    return events.size < most;
  }

  return {
    remember(event) {
      const nowMs = performance.now();
      if (events.size < most || makeRoom(nowMs)) events.set(event.id, { event, sinceMs: nowMs });
    },
    take(id) {
      const known = events.get(id);
      events.delete(id);
      return known?.event;
    },
  };
}
