// How the made-up readers act: through the service's own doors, Stripe's pages and API at the stand-in, and the links in their letters.
import type Stripe from 'stripe';
import type { Act, MadeUpReader, Planned, Wish } from './demo-plan.ts';
import type { Mailbox } from './mailbox.ts';
import type { StripeStandIn } from './stripe/stand-in.ts';

export interface Doors {
  baseUrl: string;
  /** Pays as the stand-in's checkout page does. */
  payments: Pick<StripeStandIn, 'pay'>;
  /** Stripe's API, as staff and the reader's own pages there use it. */
  stripe: Stripe;
  mailbox: Pick<Mailbox, 'letters'>;
}

/** Something that will happen, and may bring about more. */
export interface Coming {
  at: Date;
  happen(): Promise<Coming[]>;
}

/** Lets the made-up readers act; what they gave is remembered from one act to the next. */
export function openDoors(doors: Doors): (planned: Planned) => Coming {
  const { baseUrl, payments, stripe, mailbox } = doors;
  const lastGift = new Map<string, string>();
  const lastPromise = new Map<string, string>();

  const acts: {
    [Does in Act['does']]: (reader: MadeUpReader, act: ActOf<Does>, at: Date) => Promise<Coming[]>;
  } = {
    async give(reader, { wish, cards }) {
      await give(reader, wish, cards);
      return [];
    },
    async 'walk away'(reader, { wish }) {
      await beginCheckout(reader, wish);
      return [];
    },
    async 'take back'(reader, { whole }) {
      const session = await stripe.checkout.sessions.retrieve(lastGift.get(reader.address) ?? '');
      const intent = String(session.payment_intent);
      const { latest_charge: charge } = await stripe.paymentIntents.retrieve(intent);
      // A debit that has not settled yet cannot be given back.
      if (charge === null || session.payment_status !== 'paid') return [];
      const half = Math.floor((session.amount_total ?? 0) / 200) * 100;
      await stripe.refunds.create({ payment_intent: intent, ...(!whole && { amount: half }) });
      return [];
    },
    async end(reader) {
      await stripe.subscriptions.update(await promiseOf(reader), { cancel_at_period_end: true });
      return [];
    },
    async pause(reader) {
      await stripe.subscriptions.update(await promiseOf(reader), { pause_collection: { behavior: 'void' } });
      return [];
    },
    async resume(reader) {
      await stripe.subscriptions.update(await promiseOf(reader), { pause_collection: '' });
      return [];
    },
    async change(reader, { amountMinor }) {
      const { id, items, currency } = await stripe.subscriptions.retrieve(await promiseOf(reader));
      const [item] = items.data;
      if (!item) return [];
      const price = {
        currency,
        product: String(item.price.product),
        recurring: { interval: 'month' as const },
      };
      await stripe.subscriptions.update(id, {
        items: [{ id: item.id, price_data: { ...price, unit_amount: amountMinor } }],
        proration_behavior: 'none',
      });
      return [];
    },
    async 'mend the card'(reader) {
      const subscription = await stripe.subscriptions.retrieve(await promiseOf(reader));
      if (subscription.status !== 'past_due') return [];
      const customer = String(subscription.customer);
      const card = await stripe.paymentMethods.attach('pm_card_visa', { customer });
      await stripe.subscriptions.update(subscription.id, { default_payment_method: card.id });
      await stripe.invoices.pay(String(subscription.latest_invoice));
      return [];
    },
    async 'ask to be reminded'(reader, act, at) {
      const { address, locale, timeZone } = reader;
      const answer = await post(reader, '/api/v1/reminders', {
        email: address,
        when: act.when,
        time_zone: timeZone,
        locale,
        source: { ...act.wish.source, component: 'appeal' },
      });
      const { send_on: sendOn } = (await answer.json()) as { send_on: string };
      if (!act.confirms) return [];
      const coming = [soon(hoursAfter(at, 2), () => press(reader, 'confirm'))];
      // Late enough for the morning letter to have come in any of their zones.
      const answers = hoursAfter(new Date(`${sendOn}T21:00:00Z`), reader.number % 20);
      if (act.end === 'stop early') coming.push(soon(hoursAfter(at, 70), () => press(reader, 'stop')));
      if (act.end === 'put off') coming.push(soon(answers, () => press(reader, 'again')));
      if (act.end === 'unsubscribe') coming.push(soon(answers, () => unsubscribe(reader)));
      if (act.end === 'give')
        coming.push(soon(answers, () => giveThroughLetter(reader, act.wish, [reader.card])));
      if (act.end === 'nearly give')
        coming.push(soon(answers, () => giveThroughLetter(reader, act.wish, [])));
      return coming;
    },
  };

  return (planned) => ({
    at: planned.at,
    happen: () => perform(planned.reader, planned.act, planned.at),
  });

  function perform<Does extends Act['does']>(
    reader: MadeUpReader,
    act: ActOf<Does>,
    at: Date,
  ): Promise<Coming[]> {
    const done: (reader: MadeUpReader, act: ActOf<Does>, at: Date) => Promise<Coming[]> =
      acts[act.does as Does];
    return done(reader, act, at);
  }

  async function give(reader: MadeUpReader, wish: Wish, cards: string[], reminder?: string): Promise<void> {
    const sessionId = await beginCheckout(reader, wish, reminder);
    const { address: email, name, country } = reader;
    for (const card of cards) {
      const { outcome } = await payments.pay(sessionId, { card, email, name, country });
      if (outcome !== 'paid' && outcome !== 'processing') continue;
      (wish.frequency === 'once' ? lastGift : lastPromise).set(reader.address, sessionId);
      return;
    }
  }

  async function beginCheckout(reader: MadeUpReader, wish: Wish, reminder?: string): Promise<string> {
    const answer = await post(reader, '/api/v1/checkouts', {
      frequency: wish.frequency,
      amount_minor: wish.amountMinor,
      currency: reader.currency,
      cover_fees: wish.coverFees,
      locale: reader.locale,
      source: wish.source,
      ...(reminder !== undefined && { reminder }),
    });
    const { url } = (await answer.json()) as { url: string };
    const session = /cs_test_[A-Za-z0-9]+/.exec(url)?.[0];
    if (session === undefined) throw new Error(`A checkout led to ${url}`);
    return session;
  }

  async function promiseOf(reader: MadeUpReader): Promise<string> {
    const session = await stripe.checkout.sessions.retrieve(lastPromise.get(reader.address) ?? '');
    return String(session.subscription);
  }

  async function giveThroughLetter(reader: MadeUpReader, wish: Wish, cards: string[]): Promise<void> {
    const token = await tokenInLetter(reader, '/give');
    if (token === null) return;
    const way = await fetch(`${baseUrl}/reminders/${token}/give`, {
      redirect: 'manual',
      headers: { 'x-forwarded-for': reader.network },
    });
    const carried = new URL(way.headers.get('location') ?? '', baseUrl).searchParams.get('reminder');
    await give(reader, wish, cards, carried ?? undefined);
  }

  /** Presses a button on the page that the newest letter leads to. */
  async function press(reader: MadeUpReader, act: 'confirm' | 'again' | 'stop'): Promise<void> {
    const token = await tokenInLetter(reader);
    if (token !== null) await post(reader, `/api/v1/reminders/${token}`, { act });
  }

  /** As a mail program does it: one POST, without asking (RFC 8058). */
  async function unsubscribe(reader: MadeUpReader): Promise<void> {
    const [letter] = await mailbox.letters({ to: reader.address, limit: 1 });
    const link = /<([^>]+)>/.exec(letter?.headers['list-unsubscribe'] ?? '')?.[1];
    if (link === undefined) return;
    const headers = { 'x-forwarded-for': reader.network };
    const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' });
    const answer = await fetch(link, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`Unsubscribing was answered with ${answer.status}`);
  }

  /** The token in the newest letter's link; null when that letter has none, as a receipt that came in between. */
  async function tokenInLetter(reader: MadeUpReader, ending = ''): Promise<string | null> {
    const [letter] = await mailbox.letters({ to: reader.address, limit: 1 });
    return new RegExp(`/reminders/([A-Za-z0-9_-]+)${ending}`).exec(letter?.text ?? '')?.[1] ?? null;
  }

  async function post(reader: MadeUpReader, path: string, body: object): Promise<Response> {
    const answer = await fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': reader.network },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}

type ActOf<Does extends Act['does']> = Extract<Act, { does: Does }>;

function soon(at: Date, act: () => Promise<void>): Coming {
  return {
    at,
    async happen() {
      await act();
      return [];
    },
  };
}

function hoursAfter(from: Date, hours: number): Date {
  return new Date(from.getTime() + hours * 3_600_000);
}
