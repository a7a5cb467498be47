// Disputes and early fraud warnings: what a cardholder's bank says afterwards, and how each ends.
import type Stripe from 'stripe';
import { z } from 'zod';
import type { Act } from './act.ts';
import { change, defer, get, keep, tell } from './act.ts';
import { book, disputeFee } from './fees.ts';
import { newId } from './kinds.ts';
import { flag, mergeMetadata, metadata, oneOf, parameters, read } from './parameters.ts';
import { idOf } from './prices.ts';
import { invalid } from './refusals.ts';

const answerWithinSeconds = 9 * 86_400;
const decidedAfterSeconds = 60;
const reopensAfterSeconds = 86_400;

const evidenceNames = [
  'access_activity_log',
  'billing_address',
  'cancellation_policy_disclosure',
  'cancellation_rebuttal',
  'customer_email_address',
  'customer_name',
  'customer_purchase_ip',
  'duplicate_charge_explanation',
  'product_description',
  'refund_policy_disclosure',
  'refund_refusal_explanation',
  'service_date',
  'shipping_address',
  'shipping_carrier',
  'shipping_date',
  'shipping_tracking_number',
  'uncategorized_text',
] as const;

const changing = parameters<Stripe.DisputeUpdateParams>()({
  evidence: z.partialRecord(z.enum(evidenceNames), z.string()).optional(),
  intended_submission_method: oneOf(
    'manual',
    'prefer_manual',
    'prefer_smart_disputes',
    'smart_disputes',
  ).optional(),
  metadata,
  submit: flag.optional(),
});

export function newFraudWarning(act: Act, charge: Stripe.Charge): Stripe.Radar.EarlyFraudWarning {
  const intent = charge.payment_intent;
  const warning = keep(act, 'radar.early_fraud_warning', {
    id: newId('radar.early_fraud_warning'),
    object: 'radar.early_fraud_warning',
    actionable: true,
    charge: charge.id,
    created: act.at,
    fraud_type: 'made_with_stolen_card',
    livemode: false,
    ...(intent === null ? {} : { payment_intent: idOf(intent) }),
  });
  tell(act, 'radar.early_fraud_warning.created', warning);
  return warning;
}

/** Nothing is left to prevent once the payment was contested or given back whole. */
export function closeWarnings(act: Act, charge: string): void {
  for (const warning of act.store.list('radar.early_fraud_warning', { limit: 100, where: { charge } }).data) {
    if (!warning.actionable) continue;
    const closed = change(act, 'radar.early_fraud_warning', warning, { actionable: false });
    tell(act, 'radar.early_fraud_warning.updated', closed, warning);
  }
}

export function newDispute(
  act: Act,
  charge: Stripe.Charge,
  reason: string,
  status: 'needs_response' | 'warning_needs_response',
): Stripe.Dispute {
  const isInquiry = status === 'warning_needs_response';
  const id = newId('dispute');
  const disputed = isInquiry ? charge : change(act, 'charge', charge, { disputed: true });
  const dispute = keep(act, 'dispute', {
    id,
    object: 'dispute',
    amount: charge.amount,
    balance_transactions: [],
    charge: charge.id,
    created: act.at,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: act.at + answerWithinSeconds,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: isInquiry,
    livemode: false,
    metadata: {},
    network_reason_code: '10.4',
    payment_intent: charge.payment_intent === null ? null : idOf(charge.payment_intent),
    payment_method_details: {
      card: {
        brand: charge.payment_method_details?.card?.brand ?? 'visa',
        case_type: isInquiry ? 'inquiry' : 'chargeback',
        network: charge.payment_method_details?.card?.network ?? 'visa',
        network_reason_code: '10.4',
      },
      type: 'card',
    },
    reason,
    status,
  });
  if (!isInquiry) tell(act, 'charge.updated', disputed, charge);
  tell(act, 'charge.dispute.created', dispute);
  const told = isInquiry ? dispute : withdraw(act, dispute, disputeFee);
  closeWarnings(act, charge.id);
  return told;
}

function withdraw(act: Act, dispute: Stripe.Dispute, fee: number): Stripe.Dispute {
  const booked = book(act, {
    type: 'adjustment',
    category: 'dispute',
    amount: -dispute.amount,
    currency: dispute.currency,
    fee,
    source: dispute.id,
    description: `Chargeback withdrawal for ${idOf(dispute.charge)}`,
  });
  const taken = change(act, 'dispute', dispute, {
    balance_transactions: [...dispute.balance_transactions, booked],
  });
  tell(act, 'charge.dispute.funds_withdrawn', taken, dispute);
  return taken;
}

/**
 * Evidence decides as in Stripe's test mode: `winning_evidence` wins, `losing_evidence` loses, `escalate_inquiry_evidence` makes
 * a dispute of an inquiry. `winning_then_losing_evidence` is the stand-in's own.
 */
export function updateDispute(act: Act, id: string, raw: unknown): Stripe.Dispute {
  const asked = read(changing, raw);
  const dispute = get(act, 'dispute', id);
  if (asked.evidence && isClosed(dispute)) {
    throw invalid('This dispute is already closed.', 'evidence');
  }
  const submits = asked.evidence !== undefined && asked.submit !== false;
  const changed = change(act, 'dispute', dispute, {
    evidence: { ...dispute.evidence, ...asked.evidence },
    evidence_details: {
      ...dispute.evidence_details,
      has_evidence: dispute.evidence_details.has_evidence || asked.evidence !== undefined,
      submission_count: dispute.evidence_details.submission_count + (submits ? 1 : 0),
      submission_method: submits ? 'manual' : dispute.evidence_details.submission_method,
    },
    metadata: mergeMetadata(dispute.metadata, asked.metadata),
    status: submits ? (isInquiry(dispute) ? 'warning_under_review' : 'under_review') : dispute.status,
  });
  tell(act, 'charge.dispute.updated', changed, dispute);
  if (submits) defer(act, 'dispute-decided', id, act.at + decidedAfterSeconds);
  return changed;
}

/** Accepting a dispute loses it. */
export function closeDispute(act: Act, id: string): Stripe.Dispute {
  const dispute = get(act, 'dispute', id);
  if (isClosed(dispute)) throw invalid('This dispute is already closed.');
  return endDispute(act, dispute, isInquiry(dispute) ? 'warning_closed' : 'lost');
}

export function decideDispute(act: Act, id: string): void {
  const dispute = act.store.find('dispute', id);
  if (!dispute || isClosed(dispute)) return;
  const evidence = dispute.evidence.uncategorized_text;
  if (isInquiry(dispute) && evidence === 'escalate_inquiry_evidence') escalate(act, dispute);
  else if (isInquiry(dispute)) endDispute(act, dispute, 'warning_closed');
  else endDispute(act, dispute, evidence === 'losing_evidence' ? 'lost' : 'won');
  if (evidence === 'winning_then_losing_evidence')
    defer(act, 'dispute-reopens', id, act.at + reopensAfterSeconds);
}

/** The bank contests a dispute that was won, and wins: the money is taken a second time. */
export function reopenDispute(act: Act, id: string): void {
  const dispute = get(act, 'dispute', id);
  if (dispute.status !== 'won') return;
  const lost = change(act, 'dispute', dispute, { status: 'lost' });
  tell(act, 'charge.dispute.closed', lost, dispute);
  withdraw(act, lost, 0);
}

function escalate(act: Act, inquiry: Stripe.Dispute): void {
  const charge = get(act, 'charge', idOf(inquiry.charge));
  const disputed = change(act, 'charge', charge, { disputed: true });
  const dispute = change(act, 'dispute', inquiry, { is_charge_refundable: false, status: 'needs_response' });
  tell(act, 'charge.updated', disputed, charge);
  tell(act, 'charge.dispute.updated', dispute, inquiry);
  withdraw(act, dispute, disputeFee);
  closeWarnings(act, charge.id);
}

export function endDispute(
  act: Act,
  dispute: Stripe.Dispute,
  status: 'lost' | 'warning_closed' | 'won',
): Stripe.Dispute {
  const closed = change(act, 'dispute', dispute, { status });
  tell(act, 'charge.dispute.closed', closed, dispute);
  if (status !== 'won') return closed;
  const back = book(act, {
    type: 'adjustment',
    category: 'dispute_reversal',
    amount: closed.amount,
    currency: closed.currency,
    fee: 0,
    source: closed.id,
    description: `Chargeback reversal for ${idOf(closed.charge)}`,
  });
  const reinstated = change(act, 'dispute', closed, {
    balance_transactions: [...closed.balance_transactions, back],
  });
  tell(act, 'charge.dispute.funds_reinstated', reinstated, closed);
  return reinstated;
}

export function isClosed(dispute: Stripe.Dispute): boolean {
  return ['lost', 'prevented', 'warning_closed', 'won'].includes(dispute.status);
}

function isInquiry(dispute: Stripe.Dispute): boolean {
  return dispute.status.startsWith('warning_');
}

const noEvidence: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
