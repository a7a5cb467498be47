// Payment intents of a client's own: begun, confirmed and cancelled through the API, as another product in the same account would.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, get } from './act.ts';
import { decimalsOf, minimumCharge } from './currencies.ts';
import {
  currency,
  emailAddress,
  flag,
  mergeMetadata,
  metadata,
  oneOf,
  parameters,
  read,
  text,
  webAddress,
  whole,
} from './parameters.ts';
import { attach, methodNamed } from './payment-methods.ts';
import type { Attempt } from './payments.ts';
import { attemptPayment, beginPayment, bookCharge, cancelPayment } from './payments.ts';
import { idOrNull, mostAmount } from './prices.ts';
import { invalid, refusal } from './refusals.ts';

const creation = parameters<Stripe.PaymentIntentCreateParams>()({
  amount: whole(),
  automatic_payment_methods: z
    .strictObject({ allow_redirects: oneOf('always', 'never').optional(), enabled: flag })
    .optional(),
  confirm: flag.optional(),
  currency,
  customer: text().optional(),
  description: text(1000).optional(),
  metadata,
  off_session: flag.optional(),
  payment_method: text().optional(),
  receipt_email: emailAddress.optional(),
  return_url: webAddress.optional(),
  setup_future_usage: oneOf('off_session', 'on_session').optional(),
  statement_descriptor: text(22).optional(),
  statement_descriptor_suffix: text(22).optional(),
});

const confirming = parameters<Stripe.PaymentIntentConfirmParams>()({
  off_session: flag.optional(),
  payment_method: text().optional(),
  receipt_email: emailAddress.optional(),
  return_url: webAddress.optional(),
});

const cancelling = parameters<Stripe.PaymentIntentCancelParams>()({
  cancellation_reason: oneOf('abandoned', 'duplicate', 'fraudulent', 'requested_by_customer').optional(),
});

const changing = parameters<Stripe.PaymentIntentUpdateParams>()({
  description: text(1000).optional(),
  metadata,
});

/** The intent as it is after all; and the attempt, where there was one. */
export interface Confirmed {
  intent: Stripe.PaymentIntent;
  attempt: Attempt | null;
}

export function createIntent(act: Act, raw: unknown): Confirmed {
  const asked = read(creation, raw);
  checkAmount(asked.amount, asked.currency);
  const customer = asked.customer === undefined ? null : get(act, 'customer', asked.customer, 'customer');
  const intent = beginPayment(act, {
    amount: asked.amount,
    currency: asked.currency,
    customer: customer?.id ?? null,
    description: asked.description ?? null,
    metadata: mergeMetadata({}, asked.metadata),
    receiptEmail: asked.receipt_email ?? null,
    setupFutureUsage: asked.setup_future_usage ?? null,
    statementDescriptor: asked.statement_descriptor ?? null,
    statementDescriptorSuffix: asked.statement_descriptor_suffix ?? null,
  });
  if (asked.confirm !== true) return { intent, attempt: null };
  return confirm(act, intent, asked.payment_method, asked.off_session ?? false);
}

export function confirmIntent(act: Act, id: string, raw: unknown): Confirmed {
  const asked = read(confirming, raw);
  return confirm(act, get(act, 'payment_intent', id), asked.payment_method, asked.off_session ?? false);
}

export function cancelIntent(act: Act, id: string, raw: unknown): Stripe.PaymentIntent {
  const asked = read(cancelling, raw);
  const intent = get(act, 'payment_intent', id);
  if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing')
    throw unexpected(intent, 'canceled');
  return cancelPayment(act, intent, asked.cancellation_reason ?? null);
}

export function updateIntent(act: Act, id: string, raw: unknown): Stripe.PaymentIntent {
  const asked = read(changing, raw);
  const intent = get(act, 'payment_intent', id);
  return change(act, 'payment_intent', intent, {
    ...(asked.description === undefined ? {} : { description: asked.description }),
    metadata: mergeMetadata(intent.metadata, asked.metadata),
  });
}

function confirm(
  act: Act,
  intent: Stripe.PaymentIntent,
  named: string | undefined,
  offSession: boolean,
): Confirmed {
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status))
    throw unexpected(intent, 'confirmed');
  const id = named ?? idOrNull(intent.payment_method);
  if (id === null) {
    throw invalid(
      'You cannot confirm this PaymentIntent because it’s missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.',
      undefined,
      'payment_intent_unexpected_state',
    );
  }
  const customer = idOrNull(intent.customer);
  const whose = customer === null ? undefined : get(act, 'customer', customer);
  const given = methodNamed(act, id, whose, 'payment_method');
  const method =
    customer !== null && intent.setup_future_usage !== null ? attach(act, given, customer) : given;
  const attempt = attemptPayment(act, intent, method, {
    offSession,
    first: true,
    challengeUrl: `${act.baseUrl}/v1/payment_intents/${intent.id}`,
  });
  if (attempt.outcome === 'paid') bookCharge(act, attempt.charge);
  return { intent: get(act, 'payment_intent', intent.id), attempt };
}

function checkAmount(amount: number, money: string): void {
  if (amount < 1)
    throw invalid('This value must be greater than or equal to 1.', 'amount', 'parameter_invalid_integer');
  const least = minimumCharge(money);
  if (amount >= least && amount <= mostAmount) return;
  const bound = ((amount < least ? least : mostAmount) / 10 ** decimalsOf(money)).toFixed(decimalsOf(money));
  throw refusal(400, {
    type: 'invalid_request_error',
    code: amount < least ? 'amount_too_small' : 'amount_too_large',
    message:
      amount < least
        ? `Amount must be at least ${bound} ${money}`
        : `Amount must be no more than ${bound} ${money}`,
    param: 'amount',
  });
}

function unexpected(intent: Stripe.PaymentIntent, wanted: string): Error {
  return refusal(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `This PaymentIntent could not be ${wanted} because it has a status of ${intent.status}.`,
    payment_intent: intent,
  });
}
