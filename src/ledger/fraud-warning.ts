// Fraud warnings: payments of which a bank says that the card's owner did not make them, before anybody has contested them.
import { randomUUIDv7 } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import { fraudWarnings } from '../schema.ts';
import type { Payment } from './payment.ts';

export interface ToldWarning {
  stripeWarningId: string;
  /** In Stripe's words; new ones may come (https://docs.stripe.com/api/radar/early_fraud_warnings/object). */
  fraudType: string;
  /** False once the payment was contested or given back whole. */
  actionable: boolean;
  warnedAt: Date;
  toldAt: Date;
}

/** Notes how a warning stands. The latest telling stands; of one second, the one that leaves nothing to do. */
export async function noteFraudWarning(tx: Tx, payment: Payment, told: ToldWarning): Promise<void> {
  const { stripeWarningId, ...standing } = told;
  await tx
    .insert(fraudWarnings)
    .values({ id: randomUUIDv7(), paymentId: payment.id, stripeWarningId, ...standing })
    .onConflictDoUpdate({
      target: fraudWarnings.stripeWarningId,
      set: standing,
      setWhere: sql`(${fraudWarnings.toldAt}, not ${fraudWarnings.actionable}) < (excluded.told_at, not excluded.actionable)`,
    });
}
