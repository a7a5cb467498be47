// Realistic webhooks for the bench: one reader's events as the stand-in sends them, copied for many readers with ids of their own.
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import Stripe from 'stripe';
import type { Sample } from './sample.ts';

export interface SignedEvent {
  body: Buffer;
  header: string;
}

/** Readers with intents of their own, and their events, signed, each distinct. */
export async function makeReaders(
  pool: pg.Pool,
  template: Sample,
  count: number,
  secret: string,
): Promise<SignedEvent[]> {
  const events: SignedEvent[] = [];
  const checkouts: string[] = [];
  const stamp = Math.floor(Date.now() / 1000);
  const signer = new Stripe('sk_test_bench');
  for (let reader = 0; reader < count; reader += 1) {
    const suffix = randomBytes(7).toString('hex');
    const renamed = new Map(template.ids.map((id) => [id, `${id.slice(0, id.lastIndexOf('_') + 1)}${suffix}${id.slice(-6)}`]));
    const intents = template.checkoutIds.map(() => randomUUIDv7());
    checkouts.push(...intents);
    for (const body of template.bodies) {
      let own = body;
      for (const [id, other] of renamed) own = own.replaceAll(id, other);
      template.checkoutIds.forEach((id, at) => {
        own = own.replaceAll(id, intents[at] ?? '');
      });
      own = own.replaceAll(template.address, `reader-${suffix}@example.org`);
      const header = signer.webhooks.generateTestHeaderString({ payload: own, secret, timestamp: stamp });
      events.push({ body: Buffer.from(own), header });
    }
  }
  await pool.query(
    `insert into checkouts (id, state, frequency, amount_minor, fees_covered_minor, currency, locale, created_at)
     select id::uuid, 'open', case when at % 2 = 1 then 'month' else 'once' end, 500, 0, 'USD', 'en', now()
     from unnest($1::text[]) with ordinality as given(id, at)`,
    [checkouts],
  );
  return events;
}
