// The pages' door: forms that work without scripts, and what each of them does.
import { readFileSync } from 'node:fs';
import type { Request, Response, Router } from 'express';
import express from 'express';
import type Stripe from 'stripe';
import type { Act } from './act.ts';
import { change, get, tell } from './act.ts';
import { isDebit, readCard } from './cards.ts';
import { payCheckout } from './checkout.ts';
import { collect } from './collection.ts';
import { decimalsOf, plainAmount } from './currencies.ts';
import { endDispute } from './disputes.ts';
import { pageWords } from './page-words.ts';
import {
  ChallengePage,
  CheckoutPage,
  ConfirmCancelPage,
  htmlOf,
  InvoicePage,
  OverPage,
  PaymentPage,
  PortalPage,
  ReceiptPage,
} from './pages.tsx';
import { attach, newPaymentMethod } from './payment-methods.ts';
import { idOf, idOrNull } from './prices.ts';
import { createRefund } from './refunds.ts';
import { invalid, isRefusal, missing } from './refusals.ts';
import type { Operations } from './routes.ts';
import { orderOf } from './sessions.ts';
import { cancelSubscription, hasEnded, turn, updateSubscription } from './subscriptions.ts';

type Said = { kind: 'fine' | 'trouble'; text: string } | null;

/** What a form led to. */
type Shown = { html: string; status?: number } | { goTo: string };

const portalIdLength = 'bps_'.length + 24;

export function pageRoutes(operations: Operations): Router {
  const router = express.Router();
  const styles = readFileSync(new URL('./stand-in.css', import.meta.url), 'utf8');
  router.use(guard, express.urlencoded({ extended: false, limit: '16kb' }));
  router.get('/stand-in.css', (_request, response) => {
    response.type('css').send(styles);
  });
  const page = (path: string, work: (act: Act, request: Request) => Shown) =>
    router.get(path, (request, response) => show(response, operations, (act) => work(act, request)));
  const form = (path: string, work: (act: Act, request: Request) => Shown) =>
    router.post(path, (request, response) => show(response, operations, (act) => work(act, request)));

  page('/', () => ({
    html: htmlOf(
      OverPage({ title: 'Sandbox', says: 'The API answers under /v1; checkouts open from the service.' }),
    ),
  }));
  page('/c/pay/:session', (act, request) => checkoutPage(act, param(request, 'session'), null, {}));
  form('/c/pay/:session', (act, request) => payPage(act, param(request, 'session'), fieldsOf(request)));
  page('/p/session/:token', (act, request) => {
    const token = param(request, 'token');
    // A flow begins at the question itself.
    const { flow } = portalOf(act, token);
    const toCancel =
      flow?.type === 'subscription_cancel' ? flow.subscription_cancel?.subscription : undefined;
    return toCancel ? confirmCancelling(act, token, toCancel) : portalPage(act, token, null);
  });
  page('/p/session/:token/cancel', (act, request) => {
    const { subscription } = request.query;
    return confirmCancelling(act, param(request, 'token'), String(subscription ?? ''));
  });
  form('/p/session/:token/:deed', (act, request) =>
    portalDeed(act, param(request, 'token'), param(request, 'deed'), fieldsOf(request)),
  );
  page('/i/:invoice', (act, request) => invoicePage(act, param(request, 'invoice'), null));
  form('/i/:invoice/pay', (act, request) => payInvoice(act, param(request, 'invoice'), fieldsOf(request)));
  page('/dashboard/payments/:intent', (act, request) => paymentPage(act, param(request, 'intent'), null));
  form('/dashboard/payments/:intent/refund', (act, request) =>
    refund(act, param(request, 'intent'), fieldsOf(request)),
  );
  form('/dashboard/payments/:intent/dispute', (act, request) =>
    decide(act, param(request, 'intent'), fieldsOf(request)),
  );
  page('/receipts/:charge', (act, request) => ({
    html: htmlOf(ReceiptPage({ charge: get(act, 'charge', param(request, 'charge')) })),
  }));
  router.use((request, response) => {
    response
      .status(404)
      .send(htmlOf(OverPage({ title: 'Nothing here', says: `There is no page at ${request.path}.` })));
  });
  return router;
}

function show(response: Response, operations: Operations, work: (act: Act) => Shown): void {
  try {
    const shown = operations.perform(null, work);
    if ('goTo' in shown) response.redirect(303, shown.goTo);
    else response.status(shown.status ?? 200).send(shown.html);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    response.status(error.status).send(htmlOf(OverPage({ title: 'That did not work', says: error.message })));
  }
}

/** No scripts, no frames, and no form sent from somebody else's page. */
function guard(request: Request, response: Response, next: () => void): void {
  response.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  const local = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(request.get('host') ?? '');
  const foreign =
    request.method !== 'GET' && ['cross-site', 'same-site'].includes(request.get('sec-fetch-site') ?? '');
  if (!local || foreign) {
    response
      .status(403)
      .send(htmlOf(OverPage({ title: 'Refused', says: 'This page is used from this machine only.' })));
    return;
  }
  next();
}

function checkoutPage(act: Act, id: string, message: string | null, typed: Record<string, string>): Shown {
  const session = get(act, 'checkout.session', id);
  if (session.status !== 'open') return closedPage(session);
  const order = orderOf(act, id);
  if (order.challenged !== null && message === null) {
    return {
      html: htmlOf(ChallengePage({ action: `/c/pay/${id}`, fields: {}, sum: sumOf(session) })),
    };
  }
  return {
    html: htmlOf(CheckoutPage({ session, items: order.items, message: message ?? order.message, typed })),
  };
}

function payPage(act: Act, id: string, fields: Record<string, string>): Shown {
  const session = get(act, 'checkout.session', id);
  if (session.status !== 'open') return closedPage(session);
  try {
    const paid = act.store.transaction(() =>
      payCheckout(act, id, { ...fields, card: cardIn(fields), authentication: answerIn(fields) }),
    );
    if (paid.outcome === 'paid' || paid.outcome === 'processing') return { goTo: successOf(session) };
    return paid.outcome === 'requires_action'
      ? { goTo: `/c/pay/${id}` }
      : checkoutPage(act, id, paid.message ?? 'Your card was declined.', fields);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return checkoutPage(act, id, error.message, fields);
  }
}

function closedPage(session: Stripe.Checkout.Session): Shown {
  const complete = session.status === 'complete';
  return {
    html: htmlOf(
      OverPage({
        title: complete ? 'Already paid' : 'This checkout has lapsed',
        says: complete
          ? 'This checkout is complete; there is nothing more to pay.'
          : 'Nothing was charged. Please start again.',
        link: complete
          ? { href: successOf(session), text: 'Go on' }
          : session.cancel_url
            ? { href: session.cancel_url, text: 'Back' }
            : undefined,
      }),
    ),
  };
}

function successOf(session: Stripe.Checkout.Session): string {
  return (session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}

function sumOf(session: Stripe.Checkout.Session): string {
  return plainAmount(session.amount_total ?? 0, session.currency ?? 'usd');
}

function portalOf(act: Act, token: string): Stripe.BillingPortal.Session {
  const session = act.store.find('billing_portal.session', token.slice(0, portalIdLength));
  if (!session?.url.endsWith(`/${token}`)) throw missing('billing_portal.session', token);
  return session;
}

function confirmCancelling(act: Act, token: string, id: string): Shown {
  const session = portalOf(act, token);
  const subscription = get(act, 'subscription', id);
  if (subscription.customer !== session.customer) throw missing('subscription', id);
  if (hasEnded(subscription) || subscription.cancel_at_period_end) return portalPage(act, token, null);
  const { features } = get(act, 'billing_portal.configuration', idOf(session.configuration));
  return {
    html: htmlOf(
      ConfirmCancelPage({
        action: `/p/session/${token}`,
        session,
        subscription,
        name: nameOf(act, subscription),
        atOnce: features.subscription_cancel.mode === 'immediately',
      }),
    ),
  };
}

function nameOf(act: Act, subscription: Stripe.Subscription): string {
  const product = idOrNull(subscription.items.data[0]?.price.product) ?? '';
  return act.store.find('product', product)?.name ?? 'Subscription';
}

function portalPage(act: Act, token: string, said: Said): Shown {
  const session = portalOf(act, token);
  const customer = get(act, 'customer', session.customer);
  const subscriptions = act.store.list('subscription', { limit: 50, where: { customer: customer.id } }).data;
  return {
    html: htmlOf(
      PortalPage({
        action: `/p/session/${token}`,
        session,
        configuration: get(act, 'billing_portal.configuration', idOf(session.configuration)),
        customer,
        subscriptions: subscriptions.map((subscription) => ({
          subscription,
          name: nameOf(act, subscription),
          card: cardText(act, subscription, customer),
          open:
            act.store.list('invoice', { limit: 1, where: { subscription: subscription.id, state: 'open' } })
              .data[0] ?? null,
        })),
        invoices: act.store.list('invoice', { limit: 24, where: { customer: customer.id } }).data,
        said,
      }),
    ),
  };
}

function portalDeed(act: Act, token: string, deed: string, fields: Record<string, string>): Shown {
  const session = portalOf(act, token);
  const configuration = get(act, 'billing_portal.configuration', idOf(session.configuration));
  const { features } = configuration;
  const words = pageWords(session.locale);
  if (
    deed === 'card' &&
    (features.payment_method_update.enabled || session.flow?.type === 'payment_method_update')
  ) {
    const said = changeCard(act, session.customer, fields);
    return after(act, token, session, said, 'payment_method_update');
  }
  if (deed === 'pay') {
    const invoice = get(act, 'invoice', fields.invoice ?? '');
    if (invoice.customer !== session.customer) throw missing('invoice', invoice.id);
    return { goTo: `/i/${invoice.id}` };
  }
  const id = fields.subscription ?? '';
  if (get(act, 'subscription', id).customer !== session.customer) throw missing('subscription', id);
  if (deed === 'keep' && features.subscription_cancel.enabled) {
    return after(act, token, session, cancelAtEnd(act, id, 'false', words.goesOn), null);
  }
  if (
    deed !== 'cancel' ||
    !(features.subscription_cancel.enabled || session.flow?.type === 'subscription_cancel')
  ) {
    throw invalid('The portal does not offer this.');
  }
  if (features.subscription_cancel.mode === 'immediately') {
    cancelSubscription(act, id, {});
    return after(act, token, session, { kind: 'fine', text: words.hasEnded }, 'subscription_cancel');
  }
  const said = cancelAtEnd(act, id, 'true', words.endsWithPeriod);
  return after(act, token, session, said, 'subscription_cancel');
}

/** A flow's end goes where the flow says; otherwise back to the portal. */
function after(
  act: Act,
  token: string,
  session: Stripe.BillingPortal.Session,
  said: Said,
  flow: string | null,
): Shown {
  const url =
    session.flow?.type === flow && said?.kind === 'fine'
      ? session.flow.after_completion.redirect?.return_url
      : undefined;
  return url === undefined ? portalPage(act, token, said) : { goTo: url };
}

function cancelAtEnd(act: Act, id: string, atEnd: 'false' | 'true', text: string): Said {
  const { before, subscription } = updateSubscription(act, id, { cancel_at_period_end: atEnd });
  tell(act, 'customer.subscription.updated', subscription, before);
  return { kind: 'fine', text };
}

/** One subscription's card, or in the flow the customer's and that of each live subscription. */
function changeCard(act: Act, customerId: string, fields: Record<string, string>): Said {
  const card = readCard(cardIn(fields));
  if (!card) return { kind: 'trouble', text: 'Your card number is invalid.' };
  if (card.conduct.kind === 'declined') return { kind: 'trouble', text: card.conduct.message };
  const customer = get(act, 'customer', customerId);
  const method = newPaymentMethod(act, card, {
    address: customer.address ?? null,
    email: customer.email,
    name: customer.name ?? null,
  });
  attach(act, method, customer.id);
  const one = fields.subscription;
  const live = act.store
    .list('subscription', { limit: 100, where: { customer: customer.id } })
    .data.filter((subscription) => !hasEnded(subscription) && (one === undefined || subscription.id === one));
  if (one === undefined) {
    const changed = change(act, 'customer', customer, {
      invoice_settings: { ...customer.invoice_settings, default_payment_method: method.id },
    });
    tell(act, 'customer.updated', changed, customer);
  }
  for (const subscription of live) turn(act, subscription, { default_payment_method: method.id });
  return { kind: 'fine', text: `The card ending in ${card.number.slice(-4)} is used from now on.` };
}

function cardText(act: Act, subscription: Stripe.Subscription, customer: Stripe.Customer): string {
  const id =
    idOrNull(subscription.default_payment_method) ??
    idOrNull(customer.invoice_settings.default_payment_method);
  const method = id === null ? undefined : act.store.find('payment_method', id);
  if (!method) return 'none';
  return method.card
    ? `${method.card.brand} ending in ${method.card.last4}`
    : `SEPA debit ending in ${method.sepa_debit?.last4 ?? ''}`;
}

function invoicePage(act: Act, id: string, said: Said): Shown {
  return { html: htmlOf(InvoicePage({ invoice: get(act, 'invoice', id), said })) };
}

function payInvoice(act: Act, id: string, fields: Record<string, string>): Shown {
  const invoice = get(act, 'invoice', id);
  if (invoice.status !== 'open')
    return invoicePage(act, id, { kind: 'trouble', text: 'There is nothing to pay.' });
  const card = readCard(cardIn(fields));
  if (!card)
    return invoicePage(act, id, {
      kind: 'trouble',
      text: 'Your card number is invalid. Nothing was charged.',
    });
  if (isDebit(card) && invoice.currency !== 'eur') {
    return invoicePage(act, id, {
      kind: 'trouble',
      text: 'SEPA debit takes euros only. Nothing was charged.',
    });
  }
  const method = newPaymentMethod(act, card, {
    address: invoice.customer_address,
    email: invoice.customer_email,
    name: invoice.customer_name,
  });
  const attempt = collect(act, invoice, {
    method: method.id,
    authentication: answerIn(fields),
    offSession: false,
    byHand: true,
  });
  if (attempt.outcome === 'requires_action') {
    return {
      html: htmlOf(
        ChallengePage({
          action: `/i/${id}/pay`,
          fields: { card: card.number },
          sum: plainAmount(invoice.amount_due, invoice.currency),
        }),
      ),
    };
  }
  if (attempt.outcome === 'paid') return invoicePage(act, id, { kind: 'fine', text: 'Paid. Thank you.' });
  if (attempt.outcome === 'processing')
    return invoicePage(act, id, { kind: 'fine', text: 'The debit is on its way.' });
  const why = attempt.outcome === 'declined' ? attempt.message : 'There is no card.';
  return invoicePage(act, id, { kind: 'trouble', text: `${why} Nothing was charged.` });
}

function paymentPage(act: Act, id: string, said: Said): Shown {
  const intent = get(act, 'payment_intent', id);
  const where = { payment_intent: id };
  const charges = act.store.list('charge', { limit: 50, where }).data;
  const booked = charges.find((charge) => charge.balance_transaction !== null);
  return {
    html: htmlOf(
      PaymentPage({
        intent,
        charges,
        refunds: act.store.list('refund', { limit: 50, where }).data,
        disputes: act.store.list('dispute', { limit: 10, where }).data,
        warnings: act.store.list('radar.early_fraud_warning', { limit: 10, where }).data,
        transaction:
          act.store.find('balance_transaction', idOrNull(booked?.balance_transaction) ?? '') ?? null,
        said,
      }),
    ),
  };
}

function refund(act: Act, intent: string, fields: Record<string, string>): Shown {
  const { currency } = get(act, 'payment_intent', intent);
  const typed = (fields.amount ?? '').trim();
  const amount = typed === '' ? null : minorOf(typed, currency);
  if (amount === undefined)
    return paymentPage(act, intent, { kind: 'trouble', text: `“${typed}” is not an amount.` });
  try {
    createRefund(act, { payment_intent: intent, ...(amount === null ? {} : { amount: String(amount) }) });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return paymentPage(act, intent, { kind: 'trouble', text: error.message });
  }
  return paymentPage(act, intent, { kind: 'fine', text: 'Refunded.' });
}

function decide(act: Act, intent: string, fields: Record<string, string>): Shown {
  const dispute = get(act, 'dispute', fields.dispute ?? '');
  if (dispute.payment_intent !== intent) throw missing('dispute', dispute.id);
  const inquiry = dispute.status.startsWith('warning_');
  endDispute(act, dispute, inquiry ? 'warning_closed' : fields.outcome === 'won' ? 'won' : 'lost');
  return paymentPage(act, intent, { kind: 'fine', text: 'The dispute is decided.' });
}

/** Digits typed by a person in major units, exactly; undefined when they are not an amount. */
function minorOf(typed: string, currency: string): number | undefined {
  const decimals = decimalsOf(currency);
  const parts = /^(\d{1,8})(?:[.,](\d{1,3}))?$/.exec(typed);
  const fraction = parts?.[2] ?? '';
  if (!parts || fraction.length > decimals) return undefined;
  return Number(`${parts[1]}${fraction.padEnd(decimals, '0')}`);
}

function cardIn(fields: Record<string, string>): string {
  return fields.card?.trim() || (fields.choice ?? '');
}

function answerIn(fields: Record<string, string>): 'complete' | 'fail' | undefined {
  const answer = fields.authentication;
  return answer === 'complete' || answer === 'fail' ? answer : undefined;
}

function fieldsOf(request: Request): Record<string, string> {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function param(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}
