// Stored: what an event costs where ten thousand were kept before, and where two million were.
import type pg from 'pg';
import { share, type Table, whole } from './table.ts';
import { allIsQuiet, memoryOf, openStand, type Stand } from './webhook-stand.ts';
import type { World } from './world.ts';

const few = 10_000;
const many = Number(process.env.EVENTS ?? 2_000_000);
const connections = 32;
const readers = 300;
/** The best of so many: whatever else the machine does only ever slows. */
const tries = 4;

export async function benchStored(world: World): Promise<Table> {
  const stand = await openStand(world);
  const lines: string[][] = [];
  try {
    await stand.postWhole(await stand.readers(Math.ceil(few / stand.sample.bodies.length)), connections);
    await allIsQuiet(stand.pool);
    let base = 0;
    for (const stored of [few, many]) {
      if (stored > few) await multiply(stand.pool, stored);
      await stand.pool.query('vacuum analyze');
      const figures = await bestOf(stand);
      const perEvent = 1000 / figures.appliedPerSecond;
      if (base === 0) base = perEvent;
      lines.push([
        whole(figures.stored),
        whole(figures.appliedPerSecond),
        perEvent.toFixed(3),
        share(perEvent, base),
        whole(figures.mb),
      ]);
    }
  } finally {
    await stand.close();
  }
  return {
    title: `An event's cost by how many are stored: ${whole(readers * stand.sample.bodies.length)} events at ${connections} connections, the best of ${tries}`,
    notes: [
      'Applied as above. Copies of readers, gifts, looks, movements, letters and events, each with ids of its own, stand for the past.',
      'Memory: what the service holds after it.',
    ],
    head: ['stored', 'applied/s', 'ms each', 'to the first', 'memory MB'],
    lines,
  };
}

async function bestOf(stand: Stand) {
  let appliedPerSecond = 0;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const events = await stand.readers(readers);
    appliedPerSecond = Math.max(
      appliedPerSecond,
      (await stand.postWhole(events, connections)).appliedPerSecond,
    );
    await allIsQuiet(stand.pool);
  }
  const { rows } = await stand.pool.query<{ n: number }>('select count(*)::int as n from stripe_events');
  return { appliedPerSecond, stored: rows[0]?.n ?? 0, mb: await memoryOf(stand.service.pid) };
}

/** Ids of Stripe's carry the copy's number at their end; ours, and addresses, are hashed with it. */
const copied: Record<string, { ours: string[]; stripes: string[]; hashed?: string[] }> = {
  readers: { ours: ['id'], stripes: [], hashed: ['address_hash'] },
  customers: { ours: ['reader_id'], stripes: ['stripe_customer_id'] },
  checkouts: { ours: ['id', 'reader_id'], stripes: ['stripe_session_id'] },
  memberships: {
    ours: ['id', 'reader_id', 'checkout_id'],
    stripes: ['stripe_subscription_id', 'stripe_customer_id'],
  },
  membership_looks: { ours: ['id', 'membership_id'], stripes: [] },
  membership_changes: { ours: ['reader_id'], stripes: [] },
  payments: {
    ours: ['id', 'reader_id', 'membership_id', 'checkout_id'],
    stripes: ['stripe_subscription_id', 'stripe_invoice_id', 'stripe_payment_intent_id', 'stripe_charge_id'],
  },
  invoice_payments: { ours: [], stripes: ['stripe_payment_intent_id', 'stripe_invoice_id'] },
  adjustments: { ours: ['id', 'payment_id'], stripes: ['stripe_id'] },
  letters: { ours: ['id', 'reader_id'], stripes: ['key', 'message_id'] },
  stripe_events: { ours: [], stripes: ['id'] },
};

/** Everything there is, until there are so many events. Neither triggers nor references are looked at on the way. */
async function multiply(pool: pg.Pool, stored: number): Promise<void> {
  const client = await pool.connect();
  try {
    const { rows: counted } = await client.query<{ n: number }>(
      'select count(*)::int as n from stripe_events',
    );
    const times = Math.round(stored / (counted[0]?.n ?? 1));
    await client.query('set session_replication_role = replica');
    for (const [table, { ours, stripes, hashed = [] }] of Object.entries(copied)) {
      const { rows } = await client.query<{ name: string }>(
        'select column_name as name from information_schema.columns where table_name = $1 and table_schema = $2',
        [table, 'public'],
      );
      const names = rows.map(({ name }) => `"${name}"`);
      const values = rows.map(({ name }) => {
        if (ours.includes(name)) return `md5("${name}"::text || copy)::uuid`;
        if (stripes.includes(name)) return `"${name}" || 'x' || copy`;
        return hashed.includes(name) ? `sha256("${name}" || copy::text::bytea)` : `"${name}"`;
      });
      await client.query(
        `insert into ${table} (${names.join(', ')}) select ${values.join(', ')}
         from ${table}, generate_series(1, ${times - 1}) as copy`,
      );
    }
  } finally {
    await client.query('reset session_replication_role');
    client.release();
  }
}
