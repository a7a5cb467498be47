// An event's body as it is kept until the event is done: sealed, and small, since a table writes what is long in a place of its own.
import { deflateSync, inflateSync } from 'node:zlib';
import type Stripe from 'stripe';
import type { Keys } from '../outside/keys.ts';

export function sealBody(keys: Keys, rawBody: Buffer): Buffer {
  return keys.seal('stripe-event', deflateSync(rawBody, { level: 1 }));
}

/** The event as it was signed. Throws what `Keys.open` throws. */
export function openBody(keys: Keys, sealed: Buffer): Stripe.Event {
  const opened = keys.open('stripe-event', sealed);
  return JSON.parse((opened[0] === deflated ? inflateSync(opened) : opened).toString('utf8'));
}

/** How a deflated body begins; one that was sealed as it came begins as JSON does. */
const deflated = 0x78;
