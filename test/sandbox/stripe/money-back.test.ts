// Money going back: refunds whole, in parts and failing, disputes won and lost, warnings.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stand } from './stand.ts';
import { onceParams, startStand } from './stand.ts';

describe('money back', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await startStand();
  });
  afterEach(() => stand.close());

  async function paidBy(card: string): Promise<string> {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.standIn.pay(id, { card });
    const session = await stand.stripe.checkout.sessions.retrieve(id);
    return String(session.payment_intent);
  }

  it('goes in parts until nothing is left', async () => {
    const intent = await paidBy('4242424242424242');
    const before = stand.types().length;
    const first = await stand.stripe.refunds.create({
      payment_intent: intent,
      amount: 1000,
      reason: 'requested_by_customer',
    });
    expect(first).toMatchObject({ amount: 1000, status: 'succeeded', payment_intent: intent });
    expect(stand.types().slice(before)).toEqual(['refund.created', 'charge.refunded']);
    const rest = await stand.stripe.refunds.create({ payment_intent: intent }, {});
    expect(rest.amount).toBe(1500);
    const [charge] = (await stand.stripe.charges.list({ payment_intent: intent, expand: ['data.refunds'] }))
      .data;
    expect(charge).toMatchObject({ amount_refunded: 2500, refunded: true });
    expect(charge?.refunds?.data.map(({ amount }) => amount)).toEqual([1500, 1000]);
    await expect(stand.stripe.refunds.create({ payment_intent: intent })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    const moves = (await stand.stripe.balanceTransactions.list({ type: 'refund' })).data;
    expect(moves.map(({ amount, fee, net }) => [amount, fee, net])).toEqual([
      [-1500, 0, -1500],
      [-1000, 0, -1000],
    ]);
  });

  it('can be asked for with its moves on the balance, also while it has not failed', async () => {
    const intent = await paidBy('4242424242424242');
    const refund = await stand.stripe.refunds.create({ payment_intent: intent });
    const asked = await stand.stripe.refunds.retrieve(refund.id, {
      expand: ['balance_transaction', 'failure_balance_transaction'],
    });
    expect(asked.balance_transaction).toMatchObject({ object: 'balance_transaction', amount: -2500 });
    expect(asked.failure_balance_transaction).toBeUndefined();
  });

  it('can fail a day later, and is then the charge’s again', async () => {
    const intent = await paidBy('4000000000005126');
    const refund = await stand.stripe.refunds.create({ payment_intent: intent, amount: 700 });
    await stand.moveTo('2026-02-02T10:00:00Z');
    expect(await stand.stripe.refunds.retrieve(refund.id)).toMatchObject({
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
      failure_balance_transaction: expect.stringMatching(/^txn_/),
    });
    const [charge] = (await stand.stripe.charges.list({ payment_intent: intent })).data;
    expect(charge).toMatchObject({ amount_refunded: 0, refunded: false });
    expect(stand.types()).toContain('refund.failed');
  });

  it.each([
    ['winning_evidence', 'won', [-2500, 2500], 'charge.dispute.funds_reinstated'],
    ['losing_evidence', 'lost', [-2500], 'charge.dispute.closed'],
  ] as const)('by dispute, answered with %s, is %s', async (evidence, status, moved, last) => {
    const intent = await paidBy('4000000000000259');
    const [dispute] = (await stand.stripe.disputes.list({ payment_intent: intent })).data;
    expect(dispute).toMatchObject({ status: 'needs_response', reason: 'fraudulent', amount: 2500 });
    expect(stand.types().slice(-3)).toEqual([
      'charge.updated',
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
    ]);
    await expect(stand.stripe.refunds.create({ payment_intent: intent })).rejects.toMatchObject({
      code: 'charge_disputed',
    });
    const answered = await stand.stripe.disputes.update(String(dispute?.id), {
      evidence: { uncategorized_text: evidence },
    });
    expect(answered.status).toBe('under_review');
    await stand.moveTo('2026-02-01T10:00:00Z');
    const decided = await stand.stripe.disputes.retrieve(String(dispute?.id));
    expect(decided.status).toBe(status);
    expect(decided.balance_transactions.map(({ amount }) => amount)).toEqual(moved);
    expect(decided.balance_transactions[0]).toMatchObject({
      fee: 1500,
      net: -4000,
      reporting_category: 'dispute',
    });
    expect(stand.types()).toContain(last);
    await expect(stand.stripe.disputes.close(decided.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  it('is announced by an early fraud warning', async () => {
    const intent = await paidBy('4000000000005423');
    const warnings = await stand.stripe.radar.earlyFraudWarnings.list({ payment_intent: intent });
    expect(warnings.data).toMatchObject([{ actionable: true, payment_intent: intent }]);
    expect(stand.types().at(-1)).toBe('radar.early_fraud_warning.created');
  });
});
