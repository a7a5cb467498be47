// A stand-in for one test: a clock that only the test moves, a receiver for its webhooks, and the real client.

import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import Stripe from 'stripe';
import type { StripeStandIn } from '../../../src/sandbox/stripe/stand-in.ts';
import { startStripeStandIn } from '../../../src/sandbox/stripe/stand-in.ts';

export interface Stand {
  standIn: StripeStandIn;
  stripe: Stripe;
  store: DatabaseSync;
  /** What the receiver was sent, in order of arrival. */
  received: Received[];
  /** How the receiver answers. */
  answers: { status: number };
  /** The machine's own clock, in milliseconds. */
  machine: { at: number };
  secret: string;
  now(): Date;
  /** Moves business time to the moment, through everything due on the way. */
  moveTo(moment: string | Date): Promise<void>;
  /** The types told so far in the order they were told; several are under way at once, so they arrive in any. */
  types(): string[];
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Received {
  type: string;
  body: string;
  signature: string;
  event: Stripe.Event;
}

const machineStart = Date.parse('2026-05-05T05:05:05Z');

export async function startStand(start = '2026-01-31T10:00:00Z'): Promise<Stand> {
  const secret = 'whsec_for_these_tests_only';
  let business = new Date(start);
  const store = new DatabaseSync(':memory:');
  const received: Received[] = [];
  const answers = { status: 200 };
  const machine = { at: machineStart };
  const receiver = await listen(received, answers);
  const open = () =>
    startStripeStandIn({
      store,
      now: () => business,
      machineNow: () => new Date(machine.at),
      port: 0,
      webhook: { url: receiver.url, secret },
    });
  const stand: Stand = {
    standIn: await open(),
    stripe: new Stripe('sk_test_unset'),
    store,
    received,
    answers,
    machine,
    secret,
    now: () => business,
    async moveTo(moment) {
      const target = new Date(moment);
      for (let step = 0; step < 10_000; step += 1) {
        const due = stand.standIn.nextDueAt();
        if (!due || due > target) break;
        if (due > business) business = due;
        await stand.standIn.runDue();
      }
      business = target;
      await stand.standIn.runDue();
    },
    types: () =>
      store
        .prepare("SELECT state FROM stripe_objects WHERE kind = 'event' ORDER BY seq")
        .all()
        .map((row) => String(row.state)),
    async restart() {
      await stand.standIn.close();
      stand.standIn = await open();
      stand.stripe = clientOf(stand.standIn.url);
    },
    async close() {
      await stand.standIn.close();
      receiver.server.closeAllConnections();
      await new Promise((resolve) => receiver.server.close(resolve));
      store.close();
    },
  };
  stand.stripe = clientOf(stand.standIn.url);
  return stand;
}

export function clientOf(url: string, retries = 0): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe('sk_test_any', {
    host: hostname,
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: retries,
  });
}

export function onceParams(amount = 2500, currency = 'usd'): Stripe.Checkout.SessionCreateParams {
  return {
    mode: 'payment',
    ui_mode: 'hosted_page',
    submit_type: 'donate',
    client_reference_id: '019b0000-0000-7000-8000-000000000001',
    customer_email: 'reader@example.org',
    line_items: [
      { quantity: 1, price_data: { currency, unit_amount: amount, product_data: { name: 'One-time gift' } } },
    ],
    payment_intent_data: { metadata: { checkout: 'c1' }, description: 'A gift' },
    metadata: { checkout: 'c1' },
    success_url: 'http://localhost:4000/thanks?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'http://localhost:4000/donate',
  };
}

export function monthlyParams(
  amount = 500,
  currency = 'usd',
  interval: 'month' | 'year' = 'month',
): Stripe.Checkout.SessionCreateParams {
  return {
    mode: 'subscription',
    client_reference_id: '019b0000-0000-7000-8000-000000000002',
    customer_email: 'member@example.org',
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency,
          unit_amount: amount,
          recurring: { interval },
          product_data: { name: 'Membership' },
        },
      },
    ],
    subscription_data: { metadata: { membership: 'm1' } },
    success_url: 'http://localhost:4000/thanks',
  };
}

/** A membership begun with the card, and its ids. */
export async function subscribe(
  stand: Stand,
  card = '4242424242424242',
  params = monthlyParams(),
): Promise<{ session: Stripe.Checkout.Session; subscription: string; customer: string }> {
  const { id } = await stand.stripe.checkout.sessions.create(params);
  const first = await stand.standIn.pay(id, { card, name: 'A Member' });
  if (first.outcome === 'requires_action') await stand.standIn.pay(id, { card, authentication: 'complete' });
  await stand.standIn.settled();
  const session = await stand.stripe.checkout.sessions.retrieve(id);
  return { session, subscription: String(session.subscription), customer: String(session.customer) };
}

async function listen(
  received: Received[],
  answers: { status: number },
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      if (answers.status === 200) {
        const event: Stripe.Event = JSON.parse(body);
        received.push({
          type: event.type,
          body,
          event,
          signature: String(request.headers['stripe-signature']),
        });
      }
      response.statusCode = answers.status;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}/webhooks/stripe` };
}
