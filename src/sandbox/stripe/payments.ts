// One attempt at taking money: the payment intent, its charge, and the events in the order Stripe sends them.
import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import type { Act } from './act.ts';
import { change, defer, get, keep, tell } from './act.ts';
import type { Conduct, TestCard } from './cards.ts';
import { isDebit } from './cards.ts';
import { newDispute, newFraudWarning } from './disputes.ts';
import { book, feeOn } from './fees.ts';
import { newId, randomLetters } from './kinds.ts';
import { cardOf, detailsOf } from './payment-methods.ts';
import { idOrNull } from './prices.ts';

const settlesAfterSeconds = 3 * 86_400;

interface Purpose {
  amount: number;
  currency: string;
  customer: string | null;
  description: string | null;
  metadata: Stripe.Metadata;
  receiptEmail?: string | null;
  statementDescriptor?: string | null;
  statementDescriptorSuffix?: string | null;
  setupFutureUsage?: 'off_session' | 'on_session' | null;
}

export type Attempt =
  | { outcome: 'paid'; intent: Stripe.PaymentIntent; charge: Stripe.Charge }
  | { outcome: 'processing'; intent: Stripe.PaymentIntent }
  | { outcome: 'requires_action'; intent: Stripe.PaymentIntent }
  | { outcome: 'declined'; intent: Stripe.PaymentIntent; declineCode: string; message: string };

export interface Manner {
  /** Nobody is there to answer a challenge: a renewal. */
  offSession: boolean;
  /** What became of the 3-D Secure page, where one was shown. */
  authentication?: 'complete' | 'fail' | undefined;
  /** The first payment of a checkout, which the attach-then-fail card lets through. */
  first: boolean;
  /** Where a challenge is answered. */
  challengeUrl: string;
}

export function beginPayment(act: Act, purpose: Purpose): Stripe.PaymentIntent {
  const id = newId('payment_intent');
  const intent = keep(act, 'payment_intent', {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: purpose.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${randomLetters(25)}`,
    confirmation_method: 'automatic',
    created: act.at,
    currency: purpose.currency,
    customer: purpose.customer,
    customer_account: null,
    description: purpose.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: purpose.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card', 'sepa_debit'],
    payment_record: null,
    processing: null,
    receipt_email: purpose.receiptEmail ?? null,
    review: null,
    setup_future_usage: purpose.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: purpose.statementDescriptor ?? null,
    statement_descriptor_suffix: purpose.statementDescriptorSuffix ?? null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  });
  tell(act, 'payment_intent.created', intent);
  return intent;
}

export function attemptPayment(
  act: Act,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  manner: Manner,
): Attempt {
  const card = cardOf(act, method.id);
  const verdict = judge(card.conduct, manner);
  if (verdict.kind === 'challenge') return challenge(act, intent, method, manner);
  if (verdict.kind === 'declined') return decline(act, intent, method, verdict);
  if (verdict.kind === 'waits') return wait(act, intent, method, card);
  return succeed(act, intent, method, manner.authentication === 'complete');
}

/** Whether the money will come or at least be on its way: only then does a checkout make its customer. */
export function willBeTaken(act: Act, method: Stripe.PaymentMethod, manner: Manner): boolean {
  const verdict = judge(cardOf(act, method.id).conduct, manner);
  return verdict.kind === 'paid' || verdict.kind === 'waits';
}

/** A debit's answer, days later. */
export function settlePayment(act: Act, intent: Stripe.PaymentIntent): Attempt {
  const method = get(act, 'payment_method', idOrNull(intent.payment_method) ?? '');
  const charge = get(act, 'charge', idOrNull(intent.latest_charge) ?? '');
  const { conduct } = cardOf(act, method.id);
  if (conduct.kind === 'settles-later' && conduct.outcome === 'fails') {
    const failed = change(act, 'charge', charge, {
      failure_code: 'debit_not_authorized',
      failure_message: 'The debit was not authorized by the bank.',
      status: 'failed',
    });
    tell(act, 'charge.failed', failed);
    const refused = refuse(act, intent, method, failed.id, {
      code: 'debit_not_authorized',
      declineCode: 'debit_not_authorized',
      message: 'The debit was not authorized by the bank.',
    });
    return {
      outcome: 'declined',
      intent: refused,
      declineCode: 'debit_not_authorized',
      message: 'The debit was not authorized by the bank.',
    };
  }
  const paid = change(act, 'charge', charge, { paid: true, status: 'succeeded' });
  tell(act, 'charge.succeeded', paid);
  const received = change(act, 'payment_intent', intent, {
    amount_received: intent.amount,
    processing: null,
    status: 'succeeded',
  });
  tell(act, 'payment_intent.succeeded', received);
  return { outcome: 'paid', intent: received, charge: paid };
}

/**
 * What follows a paid charge once everything else has been said: its balance transaction, told by
 * `charge.updated` and not before, and what the test card has in store.
 */
export function bookCharge(act: Act, paid: Stripe.Charge): Stripe.Charge {
  const before = get(act, 'charge', paid.id);
  const transaction = book(act, {
    type: before.payment_method_details?.type === 'card' ? 'charge' : 'payment',
    category: 'charge',
    amount: before.amount,
    currency: before.currency,
    fee: feeOn(before.amount, before.currency),
    source: before.id,
    description: before.description,
  });
  const booked = change(act, 'charge', before, { balance_transaction: transaction.id });
  tell(act, 'charge.updated', booked, before);
  const { conduct } = cardOf(act, before.payment_method ?? '');
  if (conduct.kind !== 'succeeds') return booked;
  if (conduct.afterwards === 'fraud-warning') newFraudWarning(act, booked);
  if (conduct.afterwards === 'disputed') newDispute(act, booked, 'fraudulent', 'needs_response');
  if (conduct.afterwards === 'inquiry') newDispute(act, booked, 'fraudulent', 'warning_needs_response');
  return get(act, 'charge', booked.id);
}

export function cancelPayment(
  act: Act,
  intent: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Stripe.PaymentIntent {
  if (intent.status === 'succeeded' || intent.status === 'canceled') return intent;
  const canceled = change(act, 'payment_intent', intent, {
    canceled_at: act.at,
    cancellation_reason: reason,
    next_action: null,
    status: 'canceled',
  });
  tell(act, 'payment_intent.canceled', canceled);
  return canceled;
}

type Verdict =
  | { kind: 'challenge' }
  | { kind: 'paid' }
  | { kind: 'waits' }
  | { kind: 'declined'; code: string; declineCode: string; message: string; advice?: string | null };

function judge(conduct: Conduct, manner: Manner): Verdict {
  if (conduct.kind === 'declined') return conduct;
  if (conduct.kind === 'settles-later') return { kind: 'waits' };
  if (conduct.kind === 'succeeds-once' && !manner.first) return genericDecline;
  if (conduct.kind !== 'authenticates') return { kind: 'paid' };
  if (manner.authentication === 'complete') return { kind: 'paid' };
  if (manner.authentication === 'fail') return failedAuthentication;
  if (!manner.offSession || conduct.offSession === 'asks-again') return { kind: 'challenge' };
  return conduct.offSession === 'succeeds' ? { kind: 'paid' } : noFunds;
}

const genericDecline: Verdict = {
  kind: 'declined',
  code: 'card_declined',
  declineCode: 'generic_decline',
  message: 'Your card was declined.',
  advice: 'try_again_later',
};

const noFunds: Verdict = {
  kind: 'declined',
  code: 'card_declined',
  declineCode: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
  advice: 'try_again_later',
};

const failedAuthentication: Verdict = {
  kind: 'declined',
  code: 'payment_intent_authentication_failure',
  declineCode: 'authentication_required',
  message:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};

function challenge(
  act: Act,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  manner: Manner,
): Attempt {
  const waiting = change(act, 'payment_intent', intent, {
    last_payment_error: null,
    next_action: {
      type: 'redirect_to_url',
      redirect_to_url: { return_url: null, url: manner.challengeUrl },
    },
    payment_method: method.id,
    status: 'requires_action',
  });
  tell(act, 'payment_intent.requires_action', waiting);
  return { outcome: 'requires_action', intent: waiting };
}

function decline(
  act: Act,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  verdict: Extract<Verdict, { kind: 'declined' }>,
): Attempt {
  if (verdict.code === 'payment_intent_authentication_failure') {
    // A challenge that was not answered never reached the bank: no charge comes of it.
    const refused = refuse(act, intent, method, null, verdict);
    return {
      outcome: 'declined',
      intent: refused,
      declineCode: verdict.declineCode,
      message: verdict.message,
    };
  }
  const charge = keep(act, 'charge', {
    ...newCharge(act, intent, method, false),
    failure_code: verdict.code,
    failure_message: verdict.message,
    outcome: {
      advice_code: verdict.advice ?? null,
      network_advice_code: null,
      network_decline_code: '01',
      network_status: 'declined_by_network',
      reason: verdict.declineCode,
      risk_level: 'normal',
      risk_score: 31,
      seller_message: 'The bank did not return any further details with this decline.',
      type: 'issuer_declined',
    },
    paid: false,
    status: 'failed',
  });
  tell(act, 'charge.failed', charge);
  const refused = refuse(act, intent, method, charge.id, verdict);
  return { outcome: 'declined', intent: refused, declineCode: verdict.declineCode, message: verdict.message };
}

function refuse(
  act: Act,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  charge: string | null,
  why: { code: string; declineCode: string; message: string },
): Stripe.PaymentIntent {
  const refused = change(act, 'payment_intent', intent, {
    last_payment_error: {
      ...(charge === null ? {} : { charge }),
      code: why.code,
      ...(charge === null ? {} : { decline_code: why.declineCode }),
      doc_url: `https://stripe.com/docs/error-codes/${why.code.replaceAll('_', '-')}`,
      message: why.message,
      payment_method: method,
      type: charge === null ? 'invalid_request_error' : 'card_error',
    },
    latest_charge: charge ?? intent.latest_charge,
    next_action: null,
    payment_method: null,
    processing: null,
    status: 'requires_payment_method',
  });
  tell(act, 'payment_intent.payment_failed', refused);
  return refused;
}

function wait(act: Act, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod, card: TestCard): Attempt {
  const charge = keep(act, 'charge', {
    ...newCharge(act, intent, method, false),
    paid: false,
    status: 'pending',
  });
  tell(act, 'charge.pending', charge);
  const processing = change(act, 'payment_intent', intent, {
    last_payment_error: null,
    latest_charge: charge.id,
    payment_method: method.id,
    payment_method_types: isDebit(card) ? ['sepa_debit'] : ['card'],
    status: 'processing',
  });
  tell(act, 'payment_intent.processing', processing);
  defer(act, 'payment-settles', intent.id, act.at + settlesAfterSeconds);
  return { outcome: 'processing', intent: processing };
}

function succeed(
  act: Act,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  authenticated: boolean,
): Attempt {
  const charge = keep(act, 'charge', newCharge(act, intent, method, authenticated));
  tell(act, 'charge.succeeded', charge);
  const received = change(act, 'payment_intent', intent, {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    payment_method: method.id,
    payment_method_types: ['card'],
    status: 'succeeded',
  });
  tell(act, 'payment_intent.succeeded', received);
  return { outcome: 'paid', intent: received, charge };
}

function newCharge(
  act: Act,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  authenticated: boolean,
): Stripe.Charge {
  const id = newId('charge');
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: intent.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: { ...method.billing_details, tax_id: null },
    calculated_statement_descriptor: statementOf(intent),
    captured: true,
    created: act.at,
    currency: intent.currency,
    customer: idOrNull(intent.customer),
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: 'approved_by_network',
      reason: null,
      risk_level: 'normal',
      risk_score: 1 + ((createHash('sha256').update(id).digest()[0] ?? 0) % 60),
      seller_message: 'Payment complete.',
      type: 'authorized',
    },
    paid: true,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsOf(act, method, intent.amount, authenticated),
    radar_options: {},
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: `${act.baseUrl}/receipts/${id}`,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
}

function statementOf(intent: Stripe.PaymentIntent): string {
  const whole = intent.statement_descriptor ?? 'SANDBOX';
  const suffix = intent.statement_descriptor_suffix;
  return (suffix === null ? whole : `${whole}* ${suffix}`).toUpperCase().slice(0, 22);
}
