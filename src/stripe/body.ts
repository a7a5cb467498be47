// An event's body as it is kept until the event is done: sealed, and small, since a table writes what is long in a place of its own.
import { deflateSync, inflateSync } from 'node:zlib';
import type Stripe from 'stripe';
import type { Keys } from '../outside/keys.ts';

export function sealBody(keys: Keys, rawBody: Buffer): Buffer {
  return keys.seal('stripe-event', deflateSync(rawBody, quick));
}

/** Small windows for what is small: making ready the usual ones costs as much as the deflating. */
const quick = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 4096 };

/** The event as it was signed. Throws what `Keys.open` throws. */
export function openBody(keys: Keys, sealed: Buffer): Stripe.Event {
  const opened = keys.open('stripe-event', sealed);
  return JSON.parse((isDeflated(opened) ? inflateSync(opened) : opened).toString('utf8'));
}

/** RFC 1950: the first byte's lower half is 8 whatever the window. No text begins so that was sealed as it came. */
function isDeflated(opened: Buffer): boolean {
  return ((opened[0] ?? 0) & 0x0f) === 8;
}
