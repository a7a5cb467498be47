// Refunds: whole or in parts, at once, pending, or failing later, as the test card has it.
import type Stripe from 'stripe';
import type { Act } from './act.ts';
import { change, defer, get, keep, tell } from './act.ts';
import { plainAmount } from './currencies.ts';
import { closeWarnings } from './disputes.ts';
import { book } from './fees.ts';
import { newId } from './kinds.ts';
import { mergeMetadata, metadata, oneOf, parameters, read, text, whole } from './parameters.ts';
import { cardOf } from './payment-methods.ts';
import { idOf, idOrNull } from './prices.ts';
import { invalid } from './refusals.ts';

const failsAfterSeconds = 86_400;

const creation = parameters<Stripe.RefundCreateParams>()({
  amount: whole(1).optional(),
  charge: text().optional(),
  metadata,
  payment_intent: text().optional(),
  reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer').optional(),
});

const changing = parameters<Stripe.RefundUpdateParams>()({ metadata });

export function createRefund(act: Act, raw: unknown): Stripe.Refund {
  const asked = read(creation, raw);
  const charge = chargeFor(act, asked);
  const left = charge.amount - charge.amount_refunded;
  if (left === 0)
    throw invalid(`Charge ${charge.id} has already been refunded.`, undefined, 'charge_already_refunded');
  if (charge.disputed) {
    throw invalid(
      `Charge ${charge.id} has been charged back; cannot issue a refund.`,
      undefined,
      'charge_disputed',
    );
  }
  const amount = asked.amount ?? left;
  if (amount > left) {
    throw invalid(
      `Refund amount (${plainAmount(amount, charge.currency)}) is greater than unrefunded amount on charge (${plainAmount(left, charge.currency)})`,
      'amount',
    );
  }
  const { conduct } = cardOf(act, charge.payment_method ?? '');
  const pending =
    conduct.kind === 'settles-later' ||
    (conduct.kind === 'succeeds' && conduct.afterwards === 'refund-pending');
  const id = newId('refund');
  const transaction = book(act, {
    type: charge.payment_method_details?.type === 'card' ? 'refund' : 'payment_refund',
    category: 'refund',
    amount: -amount,
    currency: charge.currency,
    fee: 0,
    source: id,
    description:
      charge.description === null ? 'REFUND FOR CHARGE' : `REFUND FOR CHARGE (${charge.description})`,
  });
  const isCard = charge.payment_method_details?.type === 'card';
  const refund = keep(act, 'refund', {
    id,
    object: 'refund',
    amount,
    balance_transaction: transaction.id,
    charge: charge.id,
    created: act.at,
    currency: charge.currency,
    customer: idOrNull(charge.customer),
    customer_account: null,
    destination_details: isCard
      ? {
          card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
          type: 'card',
        }
      : { type: 'sepa_debit' },
    metadata: mergeMetadata({}, asked.metadata),
    payment_intent: charge.payment_intent === null ? null : idOf(charge.payment_intent),
    payment_method: charge.payment_method,
    reason: asked.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: pending ? 'pending' : 'succeeded',
    transfer_reversal: null,
  });
  tell(act, 'refund.created', refund);
  const refunded = change(act, 'charge', charge, {
    amount_refunded: charge.amount_refunded + amount,
    refunded: charge.amount_refunded + amount === charge.amount,
  });
  tell(act, 'charge.refunded', refunded, charge);
  if (refunded.refunded) closeWarnings(act, charge.id);
  const fails = conduct.kind === 'succeeds' && conduct.afterwards === 'refund-fails';
  if (pending || fails) defer(act, 'refund-settles', id, act.at + failsAfterSeconds);
  return refund;
}

export function updateRefund(act: Act, id: string, raw: unknown): Stripe.Refund {
  const asked = read(changing, raw);
  const refund = get(act, 'refund', id);
  const changed = change(act, 'refund', refund, {
    metadata: mergeMetadata(refund.metadata ?? {}, asked.metadata),
  });
  tell(act, 'refund.updated', changed, refund);
  return changed;
}

/** A day later a pending refund has gone through, or a failing one has come back. */
export function settleRefund(act: Act, id: string): void {
  const refund = get(act, 'refund', id);
  const charge = get(act, 'charge', idOrNull(refund.charge) ?? '');
  if (refund.status === 'pending') {
    const done = change(act, 'refund', refund, { status: 'succeeded' });
    tell(act, 'refund.updated', done, refund);
    return;
  }
  if (refund.status !== 'succeeded') return;
  const back = book(act, {
    type: 'refund_failure',
    category: 'refund_failure',
    amount: refund.amount,
    currency: refund.currency,
    fee: 0,
    source: id,
    description: 'REFUND FAILURE',
  });
  const failed = change(act, 'refund', refund, {
    failure_balance_transaction: back.id,
    failure_reason: 'expired_or_canceled_card',
    status: 'failed',
  });
  const restored = change(act, 'charge', charge, {
    amount_refunded: charge.amount_refunded - refund.amount,
    refunded: false,
  });
  tell(act, 'refund.updated', failed, refund);
  tell(act, 'refund.failed', failed, refund);
  tell(act, 'charge.refund.updated', failed, refund);
  tell(act, 'charge.updated', restored, charge);
}

function chargeFor(
  act: Act,
  asked: { charge?: string | undefined; payment_intent?: string | undefined },
): Stripe.Charge {
  if ((asked.charge === undefined) === (asked.payment_intent === undefined)) {
    throw invalid(
      'One of the following params should be provided for this request: payment_intent or charge.',
    );
  }
  if (asked.charge !== undefined) {
    const charge = get(act, 'charge', asked.charge, 'charge');
    if (charge.status !== 'succeeded')
      throw invalid(`Charge ${charge.id} is not refundable.`, 'charge', 'charge_not_refundable');
    return charge;
  }
  const intent = get(act, 'payment_intent', asked.payment_intent ?? '', 'payment_intent');
  const charge = idOrNull(intent.latest_charge);
  if (charge === null || intent.status !== 'succeeded') {
    throw invalid(
      `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      'payment_intent',
      'payment_intent_unexpected_state',
    );
  }
  return get(act, 'charge', charge);
}
