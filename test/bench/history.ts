// Realistic webhooks for the bench: one reader's events as the stand-in sends them, copied for many readers with ids of their own.
import { createHmac, randomBytes, randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import type { Sample } from './sample.ts';

export interface SignedEvent {
  id: string;
  type: string;
  body: Buffer;
  signature: string;
}

/**
 * Readers with intents of their own, and their events, signed, each distinct: what a gift causes in one go, one reader after
 * the other, and then what came days later, the refunds.
 */
export async function makeReaders(
  pool: pg.Pool,
  template: Sample,
  count: number,
  secret: string,
): Promise<SignedEvent[]> {
  const events: SignedEvent[] = [];
  const later: SignedEvent[] = [];
  const intents: string[] = [];
  for (let reader = 0; reader < count; reader += 1) {
    const own = template.checkoutIds.map(() => randomUUIDv7());
    intents.push(...own);
    const rename = renaming(template, own);
    for (const body of template.bodies) {
      const event = signed(rename(body), secret);
      (event.type.includes('refund') ? later : events).push(event);
    }
  }
  await pool.query(
    `insert into checkouts (id, state, frequency, amount_minor, fees_covered_minor, currency, locale, created_at)
     select id::uuid, 'open', case when at % 2 = 1 then 'month' else 'once' end,
       case when at % 2 = 1 then 500 else 2500 end, 0, 'USD', 'en', now()
     from unnest($1::text[]) with ordinality as given(id, at)`,
    [intents],
  );
  return [...events, ...later];
}

/** Writes another reader's ids, intents and address over the template's. */
function renaming(template: Sample, intents: string[]): (body: string) => string {
  const suffix = randomBytes(9).toString('hex');
  const names = new Map<string, string>([
    [template.address, `reader-${suffix}@example.org`],
    ...template.checkoutIds.map((id, at): [string, string] => [id, intents[at] ?? '']),
    ...template.ids.map((id): [string, string] => {
      const prefix = id.slice(0, id.lastIndexOf('_') + 1);
      // What is left of the template's id keeps the reader's own apart from each other.
      return [id, prefix + suffix + id.slice(-6)];
    }),
  ]);
  const any = new RegExp([...names.keys()].map((name) => name.replaceAll('.', '\\.')).join('|'), 'g');
  return (body) => body.replaceAll(any, (name) => names.get(name) ?? name);
}

function signed(body: string, secret: string): SignedEvent {
  const { id, type } = JSON.parse(body) as { id: string; type: string };
  const at = Math.floor(Date.now() / 1000);
  const mac = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return { id, type, body: Buffer.from(body), signature: `t=${at},v1=${mac}` };
}
