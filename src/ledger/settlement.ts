// Settlement: what Stripe really credited for a payment or took for an adjustment, written once.
import { and, eq, isNull, sql } from 'drizzle-orm';
import { rowsOf, type Tx } from '../outside/database.ts';
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

interface Settled {
  payment: { id: string; amountMinor: bigint; currency: string };
  settlement: Settlement;
  charge: ChargeFacts;
}

/** Fills in payments' fees and settlements, each once. */
export async function settlePayments(tx: Tx, now: Date, settled: readonly Settled[]): Promise<void> {
  if (settled.length === 0) return;
  const rows = settled.map(({ payment, settlement, charge }) => ({
    id: payment.id,
    ...charge,
    feeMinor: inOwnCurrency(settlement.feeMinor, payment, settlement),
    settledAmountMinor: settlement.amountMinor,
    settledFeeMinor: settlement.feeMinor,
    settledNetMinor: settlement.netMinor,
    settledCurrency: settlement.currency,
    exchangeRate: settlement.exchangeRate,
    settledAt: now,
  }));
  await tx.execute(sql`
    update ${payments} set
      stripe_charge_id = given.stripe_charge_id, method = given.method, country = given.country,
      fee_minor = given.fee_minor, settled_amount_minor = given.settled_amount_minor,
      settled_fee_minor = given.settled_fee_minor, settled_net_minor = given.settled_net_minor,
      settled_currency = given.settled_currency, exchange_rate = given.exchange_rate, settled_at = given.settled_at
    from ${rowsOf(payments, rows)} given
    where ${payments.id} = given.id and ${payments.settledAt} is null`);
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
