// Settlement: what Stripe really credited for a payment or took for an adjustment, written once.
import { and, eq, isNull } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import { adjustments, payments } from '../schema.ts';

/** A balance transaction in our words; amounts in minor units of the settlement currency, negative where money left. */
export interface Settlement {
  amountMinor: bigint;
  feeMinor: bigint;
  netMinor: bigint;
  currency: string;
  /** Stripe's rate as it wrote it; null where nothing was exchanged. */
  exchangeRate: string | null;
}

interface ChargeFacts {
  stripeChargeId: string;
  method: string | null;
  country: string | null;
}

/** Fills in a payment's fee and settlement, once. */
export async function settlePayment(
  tx: Tx,
  payment: { id: string; amountMinor: bigint; currency: string },
  now: Date,
  settlement: Settlement,
  charge: ChargeFacts,
): Promise<void> {
  await tx
    .update(payments)
    .set({
      ...charge,
      feeMinor: inOwnCurrency(settlement.feeMinor, payment, settlement),
      settledAmountMinor: settlement.amountMinor,
      settledFeeMinor: settlement.feeMinor,
      settledNetMinor: settlement.netMinor,
      settledCurrency: settlement.currency,
      exchangeRate: settlement.exchangeRate,
      settledAt: now,
    })
    .where(and(eq(payments.id, payment.id), isNull(payments.settledAt)));
}

/** Fills in an adjustment's fee and settlement, once; the amount is kept positive, as the adjustment's own is. */
export async function settleAdjustment(
  tx: Tx,
  adjustment: { id: string; amountMinor: bigint; currency: string },
  now: Date,
  settlement: Settlement,
): Promise<void> {
  await tx
    .update(adjustments)
    .set({
      feeMinor: inOwnCurrency(settlement.feeMinor, adjustment, settlement),
      settledAmountMinor: magnitude(settlement.amountMinor),
      settledFeeMinor: settlement.feeMinor,
      settledCurrency: settlement.currency,
      settledAt: now,
    })
    .where(and(eq(adjustments.id, adjustment.id), isNull(adjustments.settledAt)));
}

/**
 * A fee taken in the settlement currency, told in the payment's: in the proportion in which the payment itself was
 * exchanged, so that no exponent and no rounded rate comes in. Rounded half-up.
 */
function inOwnCurrency(
  feeMinor: bigint,
  own: { amountMinor: bigint; currency: string },
  settlement: Settlement,
): bigint | null {
  if (own.currency === settlement.currency) return feeMinor;
  const settled = magnitude(settlement.amountMinor);
  return settled === 0n ? null : (feeMinor * own.amountMinor * 2n + settled) / (settled * 2n);
}

function magnitude(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
