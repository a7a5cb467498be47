// Paying a checkout session: what its page does, and what the page's other ways in do too.
import type Stripe from 'stripe';
import type { Act } from './act.ts';
import { change, get, tell } from './act.ts';
import { isDebit, readCard } from './cards.ts';
import { firstInvoice, loseFirstPayment, settleInvoice } from './collection.ts';
import { newCustomer, noAddress } from './customers.ts';
import { subscriptionOf } from './invoices.ts';
import type { Order } from './kinds.ts';
import type { Payer } from './payment-methods.ts';
import { attach, newPaymentMethod } from './payment-methods.ts';
import type { Attempt, Manner } from './payments.ts';
import { attemptPayment, beginPayment, bookCharge, settlePayment, willBeTaken } from './payments.ts';
import { idOrNull } from './prices.ts';
import { invalid } from './refusals.ts';
import { settleInvoicePayment } from './renewals.ts';
import { orderOf } from './sessions.ts';
import { beginSubscription } from './subscriptions.ts';

export interface Entry {
  card: string;
  email?: string | undefined;
  name?: string | undefined;
  country?: string | undefined;
  /** The answer to a 3-D Secure challenge; the card is then the one that was challenged. */
  authentication?: 'complete' | 'fail' | undefined;
}

export interface Paid {
  outcome: 'declined' | 'paid' | 'processing' | 'requires_action';
  decline_code?: string;
  message?: string;
}

export function payCheckout(act: Act, id: string, entry: Entry): Paid {
  const session = get(act, 'checkout.session', id);
  if (session.status !== 'open') {
    throw invalid(
      session.status === 'complete'
        ? 'This Checkout Session has already been completed.'
        : 'This Checkout Session has expired.',
      undefined,
      'checkout_session_not_open',
    );
  }
  const order = orderOf(act, id);
  const manner: Manner = {
    offSession: false,
    authentication: entry.authentication,
    first: true,
    challengeUrl: `${act.baseUrl}/c/pay/${id}`,
  };
  const answered = entry.authentication !== undefined && order.challenged !== null;
  const payer = payerOf(act, session, entry);
  const method = answered
    ? get(act, 'payment_method', order.challenged ?? '')
    : methodFrom(act, session, entry, payer);
  const known: Payer = answered ? { ...method.billing_details } : payer;
  const begun = intentFor(act, session, order);
  const taken = willBeTaken(act, method, manner);
  const customer = taken ? customerFor(act, session, order, known) : idOrNull(session.customer);
  if (
    taken &&
    customer !== null &&
    (session.mode === 'subscription' || order.paymentIntent.setupFutureUsage)
  ) {
    attach(act, method, customer);
  }
  const intent =
    customer === begun.intent.customer
      ? begun.intent
      : change(act, 'payment_intent', begun.intent, { customer });
  const attempt = attemptPayment(act, intent, get(act, 'payment_method', method.id), manner);
  const challenged = attempt.outcome === 'requires_action' ? method.id : null;
  const said = attempt.outcome === 'declined' ? attempt.message : null;
  act.store.setNote('checkout.session', id, { ...begun.order, challenged, message: said });
  if (attempt.outcome === 'declined') {
    return { outcome: 'declined', decline_code: attempt.declineCode, message: attempt.message };
  }
  if (attempt.outcome === 'requires_action') return { outcome: 'requires_action' };
  completeSession(act, begun.session, begun.order, attempt, customer, known, method.id);
  return { outcome: attempt.outcome };
}

/** A debit's answer reaches whatever it was to pay for. */
export function settle(act: Act, intentId: string): void {
  const intent = get(act, 'payment_intent', intentId);
  if (intent.status !== 'processing') return;
  const attempt = settlePayment(act, intent);
  const payment = act.store.list('invoice_payment', { limit: 1, where: { payment_intent: intentId } })
    .data[0];
  const invoice =
    payment === undefined ? undefined : act.store.find('invoice', idOrNull(payment.invoice) ?? '');
  const session = invoice
    ? sessionOfFirst(act, invoice)
    : act.store.list('checkout.session', { limit: 1, where: { payment_intent: intentId } }).data[0];
  if (!session) {
    if (invoice) settleInvoicePayment(act, invoice.id, attempt);
    else if (attempt.outcome === 'paid') bookCharge(act, attempt.charge);
    return;
  }
  if (attempt.outcome !== 'paid') {
    tell(act, 'checkout.session.async_payment_failed', session);
    if (invoice) loseFirstPayment(act, invoice);
    return;
  }
  if (invoice) settleInvoice(act, invoice, null);
  const paid = change(act, 'checkout.session', session, { payment_status: 'paid' });
  tell(act, 'checkout.session.async_payment_succeeded', paid);
  bookCharge(act, attempt.charge);
}

function completeSession(
  act: Act,
  session: Stripe.Checkout.Session,
  order: Order,
  attempt: Extract<Attempt, { outcome: 'paid' | 'processing' }>,
  customer: string | null,
  payer: Payer,
  method: string,
): void {
  const billed =
    session.mode === 'subscription' && customer !== null
      ? subscribe(act, order, attempt, customer, method)
      : { subscription: null, invoice: null };
  act.store.forgetDue('session-expires', session.id);
  const complete = change(act, 'checkout.session', session, {
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: session.consent_collection
      ? {
          promotions: null,
          terms_of_service: session.consent_collection.terms_of_service === 'required' ? 'accepted' : null,
        }
      : null,
    customer,
    customer_details: {
      address: payer.address,
      business_name: null,
      email: payer.email,
      individual_name: null,
      name: payer.name,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
    },
    invoice: billed.invoice,
    payment_status: attempt.outcome === 'paid' ? 'paid' : 'unpaid',
    status: 'complete',
    subscription: billed.subscription,
    url: null,
  });
  tell(act, 'checkout.session.completed', complete);
  if (attempt.outcome === 'paid') bookCharge(act, attempt.charge);
}

/** Subscription and invoice come after the payment, as this API version has it. */
function subscribe(
  act: Act,
  order: Order,
  attempt: Extract<Attempt, { outcome: 'paid' | 'processing' }>,
  customer: string,
  method: string,
): { subscription: string; invoice: string } {
  const begun = beginSubscription(act, {
    customer,
    prices: order.items.flatMap((line) =>
      line.price ? [{ price: line.price, quantity: line.quantity ?? 1 }] : [],
    ),
    defaultPaymentMethod: method,
    description: order.subscription.description,
    metadata: order.subscription.metadata,
    savesPaymentMethod: true,
  });
  const { invoice } = firstInvoice(act, begun, attempt.intent);
  if (attempt.outcome === 'paid') settleInvoice(act, invoice, null);
  return { subscription: begun.id, invoice: invoice.id };
}

function intentFor(
  act: Act,
  session: Stripe.Checkout.Session,
  order: Order,
): { session: Stripe.Checkout.Session; order: Order; intent: Stripe.PaymentIntent } {
  const known = idOrNull(session.payment_intent) ?? order.attempt;
  if (known !== null) return { session, order, intent: get(act, 'payment_intent', known) };
  const recurs = session.mode === 'subscription';
  const intent = beginPayment(act, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? 'usd',
    customer: idOrNull(session.customer),
    description: recurs ? 'Subscription creation' : order.paymentIntent.description,
    metadata: recurs ? {} : order.paymentIntent.metadata,
    receiptEmail: order.paymentIntent.receiptEmail,
    statementDescriptor: order.paymentIntent.statementDescriptor,
    statementDescriptorSuffix: order.paymentIntent.statementDescriptorSuffix,
    setupFutureUsage: recurs ? 'off_session' : order.paymentIntent.setupFutureUsage,
  });
  if (recurs) return { session, order: { ...order, attempt: intent.id }, intent };
  return { session: change(act, 'checkout.session', session, { payment_intent: intent.id }), order, intent };
}

function customerFor(act: Act, session: Stripe.Checkout.Session, order: Order, payer: Payer): string | null {
  const known = idOrNull(session.customer);
  if (known !== null) return known;
  const wanted =
    session.mode === 'subscription' ||
    session.customer_creation === 'always' ||
    order.paymentIntent.setupFutureUsage !== null;
  if (!wanted) return null;
  return newCustomer(act, {
    address: payer.address,
    email: payer.email,
    name: payer.name,
    preferredLocales: session.locale && session.locale !== 'auto' ? [session.locale] : [],
  }).id;
}

function payerOf(act: Act, session: Stripe.Checkout.Session, entry: Entry): Payer {
  const customer = act.store.find('customer', idOrNull(session.customer) ?? '');
  const email = session.customer_email ?? customer?.email ?? entry.email?.trim() ?? null;
  return {
    email: email === '' ? null : email,
    name: entry.name?.trim() || customer?.name || null,
    address: { ...noAddress, country: entry.country?.trim().toUpperCase().slice(0, 2) || 'US' },
  };
}

function methodFrom(
  act: Act,
  session: Stripe.Checkout.Session,
  entry: Entry,
  payer: Payer,
): Stripe.PaymentMethod {
  const card = readCard(entry.card);
  if (!card) throw invalid('Your card number is invalid.', 'card', 'incorrect_number');
  if (payer.email === null || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(payer.email)) {
    throw invalid('Please enter a valid email address.', 'email', 'email_invalid');
  }
  if (isDebit(card) && session.currency !== 'eur') {
    throw invalid('SEPA debit takes euros only.', 'card', 'payment_method_currency_mismatch');
  }
  return newPaymentMethod(act, card, payer);
}

function sessionOfFirst(act: Act, invoice: Stripe.Invoice): Stripe.Checkout.Session | undefined {
  if (invoice.billing_reason !== 'subscription_create') return undefined;
  const subscription = subscriptionOf(invoice);
  return subscription === null
    ? undefined
    : act.store.list('checkout.session', { limit: 1, where: { subscription } }).data[0];
}
