// The account door on its own: a database, a Stripe across the wire, and readers who give.
import { randomUUIDv7 } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import express from 'express';
import { accountRoutes } from '../../src/account/routes.ts';
import { findOrMakeReader, sealPerson } from '../../src/ledger/reader.ts';
import { transact } from '../../src/outside/database.ts';
import { linkToken } from '../../src/outside/tokens.ts';
import { startStripeStandIn } from '../../src/sandbox/stripe/stand-in.ts';
import { memberships } from '../../src/schema.ts';
import { parseAddress } from '../../src/values/address.ts';
import { isFault } from '../../src/values/refusal.ts';
import { notFound, sayErrors } from '../../src/web/errors.tsx';
import { protection } from '../../src/web/protection.ts';
import { freshDatabase } from '../harness/fresh-database.ts';
import { testServices } from '../harness/services.ts';

const begunAt = new Date('2026-03-02T10:00:00Z');

export async function openDoor() {
  const database = await freshDatabase();
  let clock = () => begunAt;
  const stripe = await startStripeStandIn({
    store: new DatabaseSync(':memory:'),
    now: () => clock(),
    machineNow: () => clock(),
    port: 0,
  });
  const services = await testServices({ databaseUrl: database.url, stripeUrl: stripe.url, now: begunAt });
  clock = services.now;
  const app = express();
  app.use(protection(services.config));
  app.use(accountRoutes(services));
  app.use(notFound());
  app.use(sayErrors(services));
  return {
    app,
    services,
    stripe,
    database,
    async close() {
      await services.close();
      await stripe.close();
      await database.drop();
    },
    /** Someone known by this address. */
    async reader(address: string, { locale = 'en', name = null as string | null } = {}): Promise<string> {
      const parsed = parseAddress(address);
      if (isFault(parsed)) throw new Error(parsed.code);
      const person = sealPerson(services.keys, parsed, name, locale);
      return transact(services, (tx) => findOrMakeReader(tx, services.now(), person));
    },
    /** A regular gift of theirs, by a customer of its own at Stripe unless one is named. */
    async gift(readerId: string, told: Partial<typeof memberships.$inferInsert> = {}) {
      const stripeCustomerId = told.stripeCustomerId ?? (await services.stripe.customers.create({})).id;
      const id = randomUUIDv7();
      await services.database.insert(memberships).values({
        id,
        readerId,
        stripeSubscriptionId: `sub_${id.replaceAll('-', '')}`,
        stripeCustomerId,
        standing: 'active',
        amountMinor: 500n,
        currency: 'USD',
        interval: 'month',
        startedAt: begunAt,
        periodEndsAt: new Date('2026-04-02T10:00:00Z'),
        lookedAt: begunAt,
        createdAt: begunAt,
        ...told,
      });
      return { id, stripeCustomerId };
    },
    /** The path of the link in a letter written to this reader now. */
    manageLink(readerId: string, goodForDays = 30): string {
      const until = new Date(services.now().getTime() + goodForDays * 86_400_000);
      return `/account/manage/${linkToken(services.keys, 'manage', readerId, until)}`;
    },
  };
}

export type Door = Awaited<ReturnType<typeof openDoor>>;

/** What a reader reads on a page. */
export function textOf(html: string): string {
  return html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
