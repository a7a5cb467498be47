// Invoices: drawn up, finalised with a payment intent, paid, failed, voided; each in Stripe's order of events.
import Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, get, keep, record, tell } from './act.ts';
import { newId } from './kinds.ts';
import { flag, mergeMetadata, metadata, parameters, read, unsettable } from './parameters.ts';
import { beginPayment, cancelPayment } from './payments.ts';
import { idOf, idOrNull } from './prices.ts';
import { invalid } from './refusals.ts';

export const accountName = 'Sandbox stand-in';
export const accountCountry = 'US';

const changing = parameters<Stripe.InvoiceUpdateParams>()({
  auto_advance: flag.optional(),
  description: unsettable().optional(),
  metadata,
});

export interface Period {
  start: number;
  end: number;
}

export function subscriptionOf(invoice: Stripe.Invoice): string | null {
  return idOrNull(invoice.parent?.subscription_details?.subscription);
}

/** A draft for the subscription's coming `period`, billed for the one that `billed` names. */
export function draftInvoice(
  act: Act,
  subscription: Stripe.Subscription,
  reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update',
  period: Period,
  billed: Period,
  finalisesAt: number | null,
): Stripe.Invoice {
  const id = newId('invoice');
  const invoice = keep(act, 'invoice', {
    ...invoiceBody(act, subscription, reason, period, billed, id),
    id,
    automatically_finalizes_at: finalisesAt,
  });
  tell(act, 'invoice.created', invoice);
  return invoice;
}

/** The invoice that is to come, told without an id since it does not exist yet. */
export function announceInvoice(
  act: Act,
  subscription: Stripe.Subscription,
  period: Period,
  billed: Period,
): void {
  const body = invoiceBody(act, subscription, 'upcoming', period, billed, null);
  const upcoming: Omit<Stripe.Invoice, 'id'> = { ...body, next_payment_attempt: period.start + 3600 };
  record(act, 'invoice.upcoming', upcoming);
}

/** Open, numbered, and with the payment intent that is to pay it; `paidBy` is one that already did. */
export function finaliseInvoice(
  act: Act,
  draft: Stripe.Invoice,
  description: string,
  paidBy?: Stripe.PaymentIntent,
): { invoice: Stripe.Invoice; intent: Stripe.PaymentIntent } {
  const customer = get(act, 'customer', idOrNull(draft.customer) ?? '');
  const sequence = customer.next_invoice_sequence ?? 1;
  change(act, 'customer', customer, { next_invoice_sequence: sequence + 1, currency: draft.currency });
  const invoice = change(act, 'invoice', draft, {
    auto_advance: draft.auto_advance ?? true,
    automatically_finalizes_at: null,
    effective_at: act.at,
    ending_balance: 0,
    hosted_invoice_url: `${act.baseUrl}/i/${draft.id}`,
    invoice_pdf: `${act.baseUrl}/i/${draft.id}`,
    number: `${customer.invoice_prefix ?? 'SANDBOX'}-${String(sequence).padStart(4, '0')}`,
    status: 'open',
    status_transitions: { ...draft.status_transitions, finalized_at: act.at },
  });
  tell(act, 'invoice.finalized', invoice);
  const intent =
    paidBy ??
    beginPayment(act, {
      amount: invoice.amount_due,
      currency: invoice.currency,
      customer: customer.id,
      description,
      metadata: {},
      receiptEmail: customer.email,
      setupFutureUsage: invoice.billing_reason === 'subscription_create' ? 'off_session' : null,
    });
  keep(act, 'invoice_payment', {
    id: newId('invoice_payment'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: act.at,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
  return { invoice, intent };
}

function paymentOf(act: Act, invoice: string): Stripe.InvoicePayment | undefined {
  return act.store.list('invoice_payment', { limit: 1, where: { invoice } }).data[0];
}

export function intentOf(act: Act, invoice: Stripe.Invoice): Stripe.PaymentIntent | undefined {
  const intent = idOrNull(paymentOf(act, invoice.id)?.payment.payment_intent);
  return intent === null ? undefined : act.store.find('payment_intent', intent);
}

export function markPaid(act: Act, invoice: Stripe.Invoice): Stripe.Invoice {
  const payment = paymentOf(act, invoice.id);
  if (payment) {
    const settled = change(act, 'invoice_payment', payment, {
      amount_paid: invoice.amount_due,
      status: 'paid',
      status_transitions: { canceled_at: null, paid_at: act.at },
    });
    tell(act, 'invoice_payment.paid', settled);
  }
  const paid = change(act, 'invoice', invoice, {
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempt_count: invoice.attempt_count + 1,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...invoice.status_transitions, paid_at: act.at },
  });
  tell(act, 'invoice.paid', paid);
  tell(act, 'invoice.payment_succeeded', paid);
  return paid;
}

export function markFailed(
  act: Act,
  invoice: Stripe.Invoice,
  nextAttemptAt: number | null,
  needsAction: boolean,
): Stripe.Invoice {
  const failed = change(act, 'invoice', invoice, {
    attempt_count: invoice.attempt_count + 1,
    attempted: true,
    next_payment_attempt: nextAttemptAt,
  });
  if (needsAction) tell(act, 'invoice.payment_action_required', failed);
  tell(act, 'invoice.payment_failed', failed);
  return failed;
}

export function voidInvoice(act: Act, invoice: Stripe.Invoice): Stripe.Invoice {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw invalid(
      `You can only pass in open invoices. This invoice isn't open.`,
      undefined,
      'status_transition_invalid',
    );
  }
  const voided = change(act, 'invoice', invoice, {
    auto_advance: false,
    next_payment_attempt: null,
    status: 'void',
    status_transitions: { ...invoice.status_transitions, voided_at: act.at },
  });
  stopPayment(act, invoice, 'void_invoice');
  tell(act, 'invoice.voided', voided);
  return voided;
}

export function markUncollectible(act: Act, invoice: Stripe.Invoice): Stripe.Invoice {
  if (invoice.status !== 'open') {
    throw invalid(
      `You can only mark open invoices uncollectible. This invoice isn't open.`,
      undefined,
      'status_transition_invalid',
    );
  }
  const given = change(act, 'invoice', invoice, {
    auto_advance: false,
    next_payment_attempt: null,
    status: 'uncollectible',
    status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: act.at },
  });
  tell(act, 'invoice.marked_uncollectible', given);
  return given;
}

/** No further attempt of its own accord, as after a cancellation. */
export function stopCollecting(act: Act, invoice: Stripe.Invoice): void {
  if (invoice.status !== 'open' && invoice.status !== 'draft') return;
  act.store.forgetDue('payment-retried', invoice.id);
  act.store.forgetDue('invoice-finalises', invoice.id);
  const stopped = change(act, 'invoice', invoice, {
    auto_advance: false,
    automatically_finalizes_at: null,
    next_payment_attempt: null,
  });
  tell(act, 'invoice.updated', stopped, invoice);
}

export function updateInvoice(act: Act, id: string, raw: unknown): Stripe.Invoice {
  const asked = read(changing, raw);
  const invoice = get(act, 'invoice', id);
  if (asked.description !== undefined && invoice.status !== 'draft') {
    throw invalid(`Finalized invoices can't be updated in this way`, 'description', 'invoice_not_editable');
  }
  const changed = change(act, 'invoice', invoice, {
    ...(asked.auto_advance === undefined ? {} : { auto_advance: asked.auto_advance }),
    ...(asked.description === undefined ? {} : { description: asked.description }),
    metadata: mergeMetadata(invoice.metadata ?? {}, asked.metadata),
  });
  tell(act, 'invoice.updated', changed, invoice);
  return changed;
}

export const invoicePaying = parameters<Stripe.InvoicePayParams>()({
  forgive: flag.optional(),
  off_session: flag.optional(),
  paid_out_of_band: z.literal('false').optional(),
  payment_method: z.string().optional(),
});

function stopPayment(
  act: Act,
  invoice: Stripe.Invoice,
  reason: Stripe.PaymentIntent.CancellationReason,
): void {
  act.store.forgetDue('payment-retried', invoice.id);
  const payment = paymentOf(act, invoice.id);
  if (!payment) return;
  change(act, 'invoice_payment', payment, {
    status: 'canceled',
    status_transitions: { canceled_at: act.at, paid_at: null },
  });
  const intent = intentOf(act, invoice);
  if (intent) cancelPayment(act, intent, reason);
}

function invoiceBody(
  act: Act,
  subscription: Stripe.Subscription,
  reason: Stripe.Invoice.BillingReason,
  period: Period,
  billed: Period,
  id: string | null,
): Omit<Stripe.Invoice, 'id'> {
  const customer = get(act, 'customer', idOf(subscription.customer));
  const lines = subscription.items.data.map((item) => lineOf(act, subscription, item, period, id));
  const total = lines.reduce((sum, line) => sum + line.amount, 0);
  return {
    object: 'invoice',
    account_country: accountCountry,
    account_name: accountName,
    account_tax_ids: null,
    amount_due: total,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: total,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: reason,
    collection_method: 'charge_automatically',
    created: act.at,
    currency: subscription.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: lines,
      has_more: false,
      url: id === null ? '/v1/invoices/upcoming/lines' : `/v1/invoices/${id}/lines`,
    },
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: 'subscription_details',
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: billed.end,
    period_start: billed.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: act.at,
  };
}

function lineOf(
  act: Act,
  subscription: Stripe.Subscription,
  item: Stripe.SubscriptionItem,
  period: Period,
  invoice: string | null,
): Stripe.InvoiceLineItem {
  const quantity = item.quantity ?? 1;
  const amount = (item.price.unit_amount ?? 0) * quantity;
  const product = act.store.find('product', idOf(item.price.product));
  return {
    id: newId('line'),
    object: 'line_item',
    amount,
    currency: item.price.currency,
    description: `${quantity} × ${product?.name ?? 'Subscription'}`,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    metadata: subscription.metadata,
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: subscription.id,
        subscription_item: item.id,
      },
      type: 'subscription_item_details',
    },
    period: { end: period.end, start: period.start },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: item.price.id, product: idOf(item.price.product) },
      type: 'price_details',
      unit_amount_decimal: item.price.unit_amount_decimal,
    },
    quantity,
    quantity_decimal: Stripe.Decimal.from(quantity),
    subscription: subscription.id,
    subtotal: amount,
    taxes: [],
  };
}
