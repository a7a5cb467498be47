// A Stripe with a long past, for the bench: one reader's year at the stand-in, copied for many readers, each object with ids of its own.
import { randomUUIDv7 } from 'node:crypto';
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import Stripe from 'stripe';
import { sessionFor } from '../../src/donate/checkout.ts';
import { startStripeStandIn } from '../../src/sandbox/stripe/stand-in.ts';

const { PORT, STRIPE_PORT } = process.env;
const readers = Number(process.env.READERS);
const begunAt = Date.parse('2026-01-02T09:00:00Z');
const day = 86_400_000;
let at = begunAt;

const store = new DatabaseSync(':memory:');
const standIn = await startStripeStandIn({
  store,
  now: () => new Date(at),
  machineNow: () => new Date(),
  port: Number(STRIPE_PORT),
});
const stripe = new Stripe('sk_test_0123456789abcdef', {
  host: '127.0.0.1',
  port: new URL(standIn.url).port,
  protocol: 'http',
  telemetry: false,
});

await liveOneYear();
multiply(readers);

/** A one-off gift that is partly refunded, and eight months of a monthly one: nine payments and a refund. */
async function liveOneYear(): Promise<void> {
  const gift = {
    locale: 'en',
    cover: { amountMinor: 0n, currency: 'USD' },
    address: null,
    source: { article: 'the-river', campaign: 'spring' },
    reminderToken: null,
  } as const;
  const config = { baseUrl: 'http://localhost', publication: { name: 'The Bench' } };
  const services = { config } as Parameters<typeof sessionFor>[0];
  const wishes = [
    sessionFor(services, randomUUIDv7(), {
      ...gift,
      frequency: 'month',
      amount: { amountMinor: 500n, currency: 'USD' },
    }),
    sessionFor(services, randomUUIDv7(), {
      ...gift,
      frequency: 'once',
      amount: { amountMinor: 2500n, currency: 'USD' },
    }),
  ];
  let paid = '';
  for (const wish of wishes) {
    const session = await stripe.checkout.sessions.create(wish);
    await standIn.pay(session.id, {
      card: '4242424242424242',
      email: 'bench-reader@example.org',
      name: 'Bench Reader',
      country: 'US',
    });
    paid = String((await stripe.checkout.sessions.retrieve(session.id)).payment_intent);
  }
  await stripe.refunds.create({ payment_intent: paid, amount: 500 });
  const end = begunAt + 225 * day;
  for (let due = standIn.nextDueAt(); due !== null && due.getTime() <= end; due = standIn.nextDueAt()) {
    at = Math.max(at, due.getTime());
    await standIn.runDue();
  }
  // Events reach thirty days back; what a list tells is what is measured.
  at = end + 60 * day;
  store.exec(
    "DELETE FROM stripe_objects WHERE kind = 'event'; DELETE FROM stripe_due; DELETE FROM stripe_deliveries",
  );
}

function multiply(many: number): void {
  const rows = store.prepare('SELECT * FROM stripe_objects ORDER BY seq').all();
  const text = rows.map((row) => String(row.body)).join('\n');
  const ids = [
    ...new Set([
      ...(text.match(/\b[a-z]{2,6}(?:_test)?_[A-Za-z0-9]{12,}/g) ?? []),
      ...(text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? []),
    ]),
  ].filter((id) => !id.startsWith('sk_'));
  const columns = Object.keys(rows[0] ?? {}).filter((name) => name !== 'seq');
  const insert = store.prepare(
    `INSERT INTO stripe_objects (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const pattern = new RegExp(ids.join('|'), 'g');
  store.exec('BEGIN');
  for (let reader = 1; reader < many; reader += 1) {
    const others = new Map(
      ids.map((id) => [
        id,
        /^[0-9a-f]{8}-/.test(id) ? randomUUIDv7() : `${id}${reader.toString(36).padStart(5, '0')}`,
      ]),
    );
    const renamed = (value: unknown) =>
      typeof value === 'string'
        ? value
            .replace(pattern, (id) => others.get(id) ?? id)
            .replaceAll('bench-reader@', `bench-reader-${reader}@`)
        : value;
    for (const row of rows)
      insert.run(...columns.map((name) => renamed(row[name]) as string | number | null));
  }
  store.exec('COMMIT');
}

// It says that it lives once it is filled.
createServer((_request, response) => response.end()).listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', () => void standIn.close().then(() => process.exit(0)));
