// A Stripe that speaks HTTP: the API for the service, pages for people, and signed webhooks, all in business time.
//
// Where it knowingly differs from Stripe:
// - Parameters it does not act on (trials, discounts, taxes, shipping, Connect, setup mode, embedded pages,
//   manual capture, several currencies on one price) are refused as unknown rather than accepted and ignored.
// - A subscription has recurring prices of one currency only, and a change of its items is never prorated.
// - A checkout's subscription is told as created `incomplete` and updated to `active` in the same second.
// - The card 4000000000000341 passes a checkout's first charge and fails every later one.
// - 4000000000003063 asks for 3-D Secure at renewals too.
// - A card changed in the portal becomes the default of the subscription it was changed for; the
//   `payment_method_update` flow changes the customer's default and every live subscription of theirs.
// - Retries of a failed renewal come after 3, 5 and 7 days, then the subscription is canceled and the invoice stays open.
// - An endpoint's slow answer to `invoice.created` does not hold a renewal back.
// - Deliveries are tried again on a live account's schedule in business time, and also every few seconds on the
//   machine's clock, so that a restarted service catches up.
// - Exchange rates and the settlement currency (USD) are fixed; the dispute fee is kept when a dispute is won.
// - `winning_then_losing_evidence` as a dispute's evidence is its own: won, and a day later lost after all.
// - Searches are not answered; a payment intent of a client's own that asks for 3-D Secure has no page to answer it on.
// - Mandates, setup intents, payouts, receipts and PDF files exist as ids or links at most.
// - Every answer is rendered in the one pinned version, whatever `Stripe-Version` asks for.
// - Idempotency keys are forgotten after a day of business time.
import type http from 'node:http';
import { createServer } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import express from 'express';
import type { Act } from './act.ts';
import { get } from './act.ts';
import type { Entry } from './checkout.ts';
import { payCheckout } from './checkout.ts';
import { plainAmount } from './currencies.ts';
import { startDeliveries } from './deliveries.ts';
import { doNextDue } from './due.ts';
import { setFirstEndpoint } from './endpoints.ts';
import type { Faults } from './faults.ts';
import { faultsNow, setFaults } from './faults.ts';
import { pageRoutes } from './page-routes.ts';
import { idOrNull } from './prices.ts';
import { apiRoutes } from './routes.ts';
import { expireSession } from './sessions.ts';
import { openStore } from './store.ts';

export type { Faults } from './faults.ts';

export interface CheckoutSeen {
  id: string;
  /** Null once the checkout is closed. */
  url: string | null;
  description: string;
  /** As a person reads it, with how often. */
  amount: string;
  status: string;
  paymentStatus: string;
  open: boolean;
  email: string | null;
  at: Date;
  /** Where staff see the payment, once there was an attempt. */
  paymentUrl: string | null;
}

export interface WebhookSeen {
  event: string;
  type: string;
  at: Date;
  url: string;
  status: string;
  attempts: number;
  answer: string | null;
}

export interface StripeStandIn {
  url: string;
  server: http.Server;
  /** The next moment in business time when something happens of its own accord. */
  nextDueAt(): Date | null;
  /** Does everything due by now in its order, each dated by its own moment, and delivers what is due. */
  runDue(): Promise<void>;
  /** Resolves when no webhook that is due now is still on its way. */
  settled(): Promise<void>;
  /** Of all types when none are named. */
  setEndpoint(url: string, secret: string, types?: readonly string[]): void;
  setFaults(faults: Faults): void;
  /** Completes a checkout as its page would; throws Stripe's refusal when it cannot be paid at all. */
  pay(
    sessionId: string,
    entry: Entry,
  ): Promise<{ outcome: 'declined' | 'paid' | 'processing' | 'requires_action'; decline_code?: string }>;
  expire(sessionId: string): Promise<void>;
  listCheckouts(limit: number): CheckoutSeen[];
  listWebhooks(limit: number): WebhookSeen[];
  close(): Promise<void>;
}

export async function startStripeStandIn(options: {
  store: DatabaseSync;
  now: () => Date;
  machineNow: () => Date;
  port: number;
  webhook?: { url: string; secret: string; types?: readonly string[] };
  log?: (line: string) => void;
}): Promise<StripeStandIn> {
  const { now, machineNow } = options;
  const log = options.log ?? (() => {});
  const store = openStore(options.store);
  const deliveries = startDeliveries({ store, now, machineNow, log });
  const app = express();
  const server = createServer(app);
  await listen(server, options.port);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const url = `http://localhost:${port}`;

  const actAt = (at: number, request: Act['request'] = null): Act => ({
    store,
    at,
    baseUrl: url,
    request,
    deliveryDelayMs: (faultsNow(store).webhooks?.delay_s ?? 0) * 1000,
  });
  const seconds = () => Math.floor(now().getTime() / 1000);
  const pumpSoon = () => {
    setImmediate(() => deliveries.pump());
  };
  const perform = <T>(request: Act['request'], work: (act: Act) => T): T => {
    const result = store.transaction(() => work(actAt(seconds(), request)));
    pumpSoon();
    return result;
  };
  const doDue = () => {
    while (doNextDue(store, seconds(), actAt, log));
  };

  app.disable('x-powered-by');
  app.use((_request, response, next) => {
    // Callers date what they are told by this header: it must be the moment the stand-in lives in.
    response.set('Date', now().toUTCString());
    next();
  });
  app.use(['/v1', '/v2'], apiRoutes({ perform, log }));
  app.use(pageRoutes({ perform, log }));

  // While nobody moves the clock, time passes by itself.
  const timer = setInterval(() => {
    try {
      doDue();
      deliveries.pump();
    } catch (error) {
      log(`stripe stand-in: ${String(error)}`);
    }
  }, 1000);
  timer.unref();

  const standIn: StripeStandIn = {
    url,
    server,
    nextDueAt() {
      const due = store.nextDue()?.dueAt;
      const delivery = store.nextDeliveryAtMs();
      if (due === undefined && delivery === undefined) return null;
      return new Date(
        Math.min(
          due === undefined ? Number.POSITIVE_INFINITY : due * 1000,
          delivery ?? Number.POSITIVE_INFINITY,
        ),
      );
    },
    async runDue() {
      doDue();
      await deliveries.settled();
    },
    settled: () => deliveries.settled(),
    setEndpoint(endpoint, secret, types = ['*']) {
      perform(null, (act) => setFirstEndpoint(act, endpoint, secret, types));
    },
    setFaults(faults) {
      store.transaction(() => setFaults(store, faults));
      pumpSoon();
    },
    async pay(sessionId, entry) {
      const { outcome, decline_code } = perform(null, (act) => payCheckout(act, sessionId, entry));
      return { outcome, ...(decline_code === undefined ? {} : { decline_code }) };
    },
    async expire(sessionId) {
      perform(null, (act) => expireSession(act, get(act, 'checkout.session', sessionId)));
    },
    listCheckouts(limit) {
      return store.list('checkout.session', { limit }).data.map((session) => {
        const intent =
          idOrNull(session.payment_intent) ?? store.note('checkout.session', session.id)?.attempt ?? null;
        const items = store.note('checkout.session', session.id)?.items ?? [];
        const recurring = items[0]?.price?.recurring;
        const amount = plainAmount(session.amount_total ?? 0, session.currency ?? 'usd');
        return {
          id: session.id,
          url: session.url,
          description: items.map((item) => item.description ?? 'Payment').join(', '),
          amount: recurring ? `${amount} every ${recurring.interval}` : amount,
          status: session.status ?? 'open',
          paymentStatus: session.payment_status,
          open: session.status === 'open',
          email: session.customer_details?.email ?? session.customer_email,
          at: new Date(session.created * 1000),
          paymentUrl: intent === null ? null : `${url}/dashboard/payments/${intent}`,
        };
      });
    },
    listWebhooks(limit) {
      return store.seenDeliveries(limit).map((seen) => ({
        event: seen.event,
        type: seen.type,
        at: new Date(seen.created * 1000),
        url: store.find('webhook_endpoint', seen.endpoint)?.url ?? '',
        status: seen.status,
        attempts: seen.attempts,
        answer: seen.answer,
      }));
    },
    async close() {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await deliveries.close();
    },
  };
  const { webhook } = options;
  if (webhook) standIn.setEndpoint(webhook.url, webhook.secret, webhook.types);
  pumpSoon();
  return standIn;
}

function listen(server: http.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // On this machine only: the stand-in takes any test key.
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
