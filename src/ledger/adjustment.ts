// Adjustments: what later changed a payment. Each step of a refund or dispute is kept once, on its own date.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, gt } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import { adjustments } from '../schema.ts';
import type { Payment } from './payment.ts';

export type AdjustmentKind = (typeof adjustments.$inferSelect)['kind'];

export interface AdjustmentStep {
  kind: AdjustmentKind;
  /** The refund's or dispute's id at Stripe. */
  stripeId: string;
  /** Positive; the kind says which way the money went. */
  amountMinor: bigint;
  currency: string;
  happenedAt: Date;
}

/** Notes a step of a payment's refund or dispute; false when it was known already. Told with several dates, the first stands. */
export async function noteAdjustment(tx: Tx, payment: Payment, step: AdjustmentStep): Promise<boolean> {
  const written = await tx
    .insert(adjustments)
    .values({ id: randomUUIDv7(), paymentId: payment.id, ...step, settleDueAt: step.happenedAt })
    .onConflictDoNothing()
    .returning({ id: adjustments.id });
  if (written.length > 0) return true;
  await tx
    .update(adjustments)
    .set({ happenedAt: step.happenedAt })
    .where(
      and(
        eq(adjustments.stripeId, step.stripeId),
        eq(adjustments.kind, step.kind),
        gt(adjustments.happenedAt, step.happenedAt),
      ),
    );
  return false;
}
