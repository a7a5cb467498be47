// The donate door on a real database and a Stripe across the wire, for its tests.
import { createServer, type RequestListener } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import type { Express } from 'express';
import { type DonateDoor, donateRoutes } from '../../src/donate/routes.ts';
import { type StripeStandIn, startStripeStandIn } from '../../src/sandbox/stripe/stand-in.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { siteWith } from '../web/site.ts';

export interface Door {
  site: Express;
  services: TestServices;
  stripe: StripeStandIn;
  rows(query: string): Promise<Record<string, unknown>[]>;
  /** The same door with another Stripe behind it: one that fails. */
  withStripe(answer: RequestListener): Promise<Express>;
  close(): Promise<void>;
}

export async function openDoor(door: Partial<DonateDoor> = {}): Promise<Door> {
  const fresh: FreshDatabase = await freshDatabase();
  const now = '2026-03-01T12:00:00Z';
  const closing: (() => unknown)[] = [];
  let services: TestServices | undefined;
  const stripe = await startStripeStandIn({
    store: new DatabaseSync(':memory:'),
    now: () => services?.now() ?? new Date(now),
    machineNow: () => services?.machineNow() ?? new Date(now),
    port: 0,
  });
  const opened = async (stripeUrl: string) => {
    const made = await testServices({ databaseUrl: fresh.url, stripeUrl, now });
    closing.push(() => made.close());
    const routes = donateRoutes(made, {
      lookAtCheckout: async () => {},
      beginningsPerNetwork: 1000,
      ...door,
    });
    return { made, site: siteWith(made, routes) };
  };
  const { made, site } = await opened(stripe.url);
  services = made;
  return {
    site,
    services,
    stripe,
    rows: async (query) => (await fresh.pool.query(query)).rows,
    async withStripe(answer) {
      const server = createServer(answer);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closing.push(() => {
        server.closeAllConnections();
        server.close();
      });
      const address = server.address();
      return (await opened(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`))
        .site;
    },
    async close() {
      for (const step of closing.reverse()) await step();
      await stripe.close();
      await fresh.drop();
    },
  };
}
