// Disputes: how each stands and by when it must be answered, for staff. The money they move is kept as adjustments.
import { randomUUIDv7 } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import { disputes } from '../schema.ts';
import type { Payment } from './payment.ts';

export interface ToldDispute {
  stripeDisputeId: string;
  /** In Stripe's words; new ones may come (https://docs.stripe.com/api/disputes/object#dispute_object-status). */
  status: string;
  reason: string;
  amountMinor: bigint;
  currency: string;
  openedAt: Date;
  /** Null where nothing can be answered any more. */
  answerBy: Date | null;
  answered: boolean;
  toldAt: Date;
}

/** Notes how a dispute stands. The latest telling stands; of one second, the one that is furthest in a dispute's life. */
export async function noteDispute(tx: Tx, payment: Payment, told: ToldDispute): Promise<void> {
  const { stripeDisputeId, ...standing } = told;
  const row = { ...standing, step: stepOf(told) };
  await tx
    .insert(disputes)
    .values({ id: randomUUIDv7(), paymentId: payment.id, stripeDisputeId, ...row })
    .onConflictDoUpdate({
      target: disputes.stripeDisputeId,
      set: row,
      setWhere: sql`(${disputes.toldAt}, ${disputes.step}, ${disputes.status}) < (excluded.told_at, excluded.step, excluded.status)`,
    });
}

/** Within one second a dispute is opened, then answered, then answered to. */
function stepOf({ status, answered }: ToldDispute): number {
  if (['won', 'lost', 'prevented', 'warning_closed'].includes(status)) return 3;
  if (status.endsWith('under_review')) return 2;
  return answered ? 1 : 0;
}
