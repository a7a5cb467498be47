// Asks Stripe where an event cannot decide, always outside any transaction, and translates the answer as an event would be.
import Stripe from 'stripe';
import { rankOf } from '../ledger/look.ts';
import type { Services } from '../outside/services.ts';
import type { Fact, Question } from './fact.ts';
import {
  at,
  changedCard,
  completedSession,
  failedInvoice,
  heldInvoice,
  idOf,
  invoicePayment,
  lookAt,
  markIn,
  paidCharge,
  paidInvoice,
  refundSteps,
  toldDispute,
  toldWarning,
} from './translate.ts';

type Asks = Pick<Services, 'stripe' | 'machineNow'>;

/** An attempt at one of our invoices of which only its charge tells any more: that it failed, and as which attempt. */
export async function askFailure({ stripe }: Asks, charge: Stripe.Charge): Promise<Fact[]> {
  const intent = idOf(charge.payment_intent);
  if (intent === null) return [];
  const [payment] = (
    await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: intent },
      limit: 1,
      expand: ['data.invoice.payments'],
    })
  ).data;
  const invoice = payment?.invoice;
  if (invoice === undefined || typeof invoice === 'string' || 'deleted' in invoice) return [];
  const failedAt = at(charge.created);
  if (failedInvoice(invoice, failedAt).length === 0) return [];
  return failedInvoice(asItFailed(invoice, await chargesOf(stripe, invoice), failedAt), failedAt);
}

/** The facts that answer a question; none when what was asked for is gone or not ours. Throws what the client throws when Stripe cannot be reached. */
export async function askStripe(services: Asks, question: Question): Promise<Fact[]> {
  try {
    return await answers[question.about](services, question.id, question.told);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return [];
    throw error;
  }
}

type Answering = (services: Asks, id: string, told: Question['told']) => Promise<Fact[]>;

const answers: Record<Question['about'], Answering> = {
  session: async ({ stripe }, id, told) => factsOfSession(await retrieveSession(stripe, id), told),
  subscription: askSubscription,
  invoice: askInvoice,
  'invoice-payment': async ({ stripe }, id) => invoicePayment(await stripe.invoicePayments.retrieve(id)),
  charge: async ({ stripe }, id, told) => paidCharge(await stripe.charges.retrieve(id), told?.at ?? null),
  refund: async ({ stripe }, id, told) =>
    refundSteps(
      await stripe.refunds.retrieve(id, { expand: ['failure_balance_transaction'] }),
      told?.at ?? null,
    ),
  dispute: async ({ stripe, machineNow }, id) => {
    const { answer, answeredAt } = await timed(machineNow, () => stripe.disputes.retrieve(id));
    return toldDispute(answer, answeredAt);
  },
  'fraud-warning': async ({ stripe, machineNow }, id) => {
    const { answer, answeredAt } = await timed(machineNow, () =>
      stripe.radar.earlyFraudWarnings.retrieve(id),
    );
    return toldWarning(answer, answeredAt);
  },
  'payment-intent': askPaymentIntent,
  customer: askCustomer,
  // What else of a customer may have changed concerns nobody: a card that was told of before is told of once.
  card: async ({ stripe }, id, told) => {
    const customer = await stripe.customers.retrieve(id);
    return customer.deleted || told === undefined ? [] : changedCard(customer, told.at);
  },
};

/** Everything a checkout session tells once it is complete: who gave, the charge or the invoice and its subscription. */
export async function askSession(services: Asks, sessionId: string): Promise<Fact[]> {
  const session = await retrieveSession(services.stripe, sessionId);
  const facts = factsOfSession(session);
  if (facts.length === 0) return [];
  const subscription = idOf(session.subscription);
  if (subscription !== null) facts.push(...(await askSubscription(services, subscription)));
  const invoice = idOf(session.invoice);
  if (invoice !== null) facts.push(...(await askStripe(services, { about: 'invoice', id: invoice })));
  const intent = session.payment_intent;
  if (intent !== null && typeof intent !== 'string' && intent.latest_charge !== null) {
    const charge =
      typeof intent.latest_charge === 'string'
        ? await services.stripe.charges.retrieve(intent.latest_charge)
        : intent.latest_charge;
    facts.push(...paidCharge(charge, null));
  }
  return facts;
}

function retrieveSession(stripe: Stripe, id: string): Promise<Stripe.Checkout.Session> {
  return stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent.latest_charge'] });
}

function factsOfSession(session: Stripe.Checkout.Session, told?: Question['told']): Fact[] {
  if (session.status !== 'complete') return [];
  const completed = told?.type === 'checkout.session.completed' ? told.at : null;
  const facts = completedSession(session, completed);
  const checkoutId = markIn(session.metadata);
  if (told?.type === 'checkout.session.async_payment_failed' && checkoutId !== null)
    facts.push({ fact: 'session-settled', checkoutId, at: told.at, failed: true });
  return facts;
}

/** An invoice tells whether it is paid, and what is open on it. Of an attempt of its past its charges tell. */
async function askInvoice({ stripe }: Asks, id: string, told: Question['told']): Promise<Fact[]> {
  const invoice = await stripe.invoices.retrieve(id, { expand: ['payments'] });
  const facts = paidInvoice(invoice);
  if (told?.type === 'invoice.payment_failed') {
    const charges = await chargesOf(stripe, invoice);
    facts.push(...failedInvoice(asItFailed(invoice, charges, told.at), told.at));
  }
  if (told?.type === 'invoice.payment_action_required' && invoice.status !== 'paid')
    facts.push(...heldInvoice(invoice, told.at));
  return facts;
}

async function chargesOf(stripe: Stripe, invoice: Stripe.Invoice): Promise<Stripe.Charge[]> {
  const charges: Stripe.Charge[] = [];
  for (const { payment } of invoice.payments?.data ?? []) {
    const intent = idOf(payment.payment_intent);
    if (intent !== null)
      charges.push(...(await stripe.charges.list({ payment_intent: intent, limit: 100 })).data);
  }
  return charges;
}

/**
 * The invoice as it was when an attempt failed. Its own count may have gone on, and tries by hand are not counted in it; an
 * attempt that never reached the bank has no charge. What both tell at least is the attempt.
 */
function asItFailed(
  invoice: Stripe.Invoice,
  charges: readonly Stripe.Charge[],
  failedAt: Date,
): Stripe.Invoice {
  const until = failedAt.getTime() / 1000;
  const failed = charges.filter(({ status, created }) => status === 'failed' && created <= until).length;
  const later = charges.filter(({ created }) => created > until).length;
  const counted = Math.max(failed, invoice.attempt_count - later, 1);
  return {
    ...invoice,
    attempt_count: Math.min(counted, Math.max(invoice.attempt_count, 1)),
    // What is paid by now was all open then.
    amount_remaining: invoice.status === 'paid' ? invoice.amount_due : invoice.amount_remaining,
  };
}

/** Whose a customer is, by their checkout, and what they promised. */
async function askCustomer({ stripe, machineNow }: Asks, id: string): Promise<Fact[]> {
  const sessions = await stripe.checkout.sessions.list({ customer: id, limit: 10 });
  const { answer, answeredAt } = await timed(machineNow, () =>
    stripe.subscriptions.list({ customer: id, status: 'all', limit: 10 }),
  );
  return [
    ...sessions.data
      .flatMap((session) => factsOfSession(session))
      .flatMap((fact): Fact[] => {
        if (fact.fact !== 'session-completed') return [];
        const { checkoutId, person } = fact;
        return [{ fact: 'giver', checkoutId, stripeCustomerId: id, person }];
      }),
    ...answer.data.flatMap((subscription) =>
      lookAt(subscription, { lookedAt: answeredAt, rank: rankOf.asked }),
    ),
  ];
}

async function askSubscription({ stripe, machineNow }: Asks, id: string): Promise<Fact[]> {
  const { answer, answeredAt } = await timed(machineNow, () => stripe.subscriptions.retrieve(id));
  return lookAt(answer, { lookedAt: answeredAt, rank: rankOf.asked });
}

/**
 * The moment of an answer is its Date less the time the call took, rounded down:
 * the earliest second in which it can have been true.
 */
async function timed<T>(
  machineNow: () => Date,
  ask: () => Promise<Stripe.Response<T>>,
): Promise<{ answer: Stripe.Response<T>; answeredAt: Date }> {
  const begun = machineNow().getTime();
  const answer = await ask();
  const tookSeconds = Math.ceil((machineNow().getTime() - begun) / 1000);
  const answered = Date.parse(answer.lastResponse.headers.date ?? '');
  if (Number.isNaN(answered)) throw new Error('Stripe answered without a date');
  return { answer, answeredAt: at(Math.floor(answered / 1000) - tookSeconds) };
}

/** Whose payment an intent is: ours by its charge's mark, or a renewal's by the invoice it paid. */
async function askPaymentIntent({ stripe }: Asks, id: string): Promise<Fact[]> {
  const paid = await stripe.invoicePayments.list({
    payment: { type: 'payment_intent', payment_intent: id },
    limit: 1,
    expand: ['data.invoice'],
  });
  const invoice = paid.data[0]?.invoice;
  if (invoice !== undefined && typeof invoice !== 'string' && !('deleted' in invoice)) {
    const facts = paidInvoice(invoice);
    return facts.length > 0
      ? [...facts, { fact: 'invoice-payment', invoiceId: invoice.id, paymentIntentId: id }]
      : [];
  }
  const intent = await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] });
  const charge = intent.latest_charge;
  const facts = charge !== null && typeof charge !== 'string' ? paidCharge(charge, null) : [];
  // The charge may not say who gave; the session it came from does.
  if (facts.some((fact) => fact.fact === 'paid-charge' && fact.person === null)) {
    const sessions = await stripe.checkout.sessions.list({ payment_intent: id, limit: 1 });
    const person = sessions.data
      .flatMap((session) => factsOfSession(session))
      .find((fact) => fact.fact === 'session-completed')?.person;
    return facts.map((fact) => (fact.fact === 'paid-charge' ? { ...fact, person: person ?? null } : fact));
  }
  return facts;
}
