// Adjustments: what later changed a payment. Each step of a refund or dispute is kept once, on its own date.
import { randomUUIDv7 } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { insertRows, rowsOf, type Tx } from '../outside/database.ts';
import { adjustments } from '../schema.ts';
import type { Payment } from './payment.ts';

export type AdjustmentKind = (typeof adjustments.$inferSelect)['kind'];

export interface AdjustmentStep {
  kind: AdjustmentKind;
  /** The refund's or dispute's id at Stripe. */
  stripeId: string;
  /** Which of several steps of this kind, counted from 1: a dispute that was won may take its money once more. */
  part: number;
  /** Positive; the kind says which way the money went. */
  amountMinor: bigint;
  currency: string;
  happenedAt: Date;
}

/** Notes steps of payments' refunds and disputes; answers those that were not known. Told with several dates, the first stands. */
export async function noteAdjustments<T extends { payment: Payment; step: AdjustmentStep }>(
  tx: Tx,
  told: readonly T[],
): Promise<T[]> {
  if (told.length === 0) return [];
  const earliest = new Map<string, T>();
  for (const one of told) {
    const name = `${one.step.stripeId} ${one.step.kind} ${one.step.part}`;
    const known = earliest.get(name);
    if (known === undefined || one.step.happenedAt < known.step.happenedAt) earliest.set(name, one);
  }
  const byId = new Map([...earliest.values()].map((one) => [randomUUIDv7(), one]));
  const rows = [...byId].map(([id, { payment, step }]) => ({
    id,
    paymentId: payment.id,
    ...step,
    settleDueAt: step.happenedAt,
  }));
  const written = await insertRows(tx, adjustments, rows, sql`on conflict do nothing returning id`);
  const fresh = new Set(written.map(({ id }) => id));
  const known = rows.filter(({ id }) => !fresh.has(id));
  if (known.length > 0) {
    await tx.execute(sql`
      update ${adjustments} set happened_at = given.happened_at from ${rowsOf(adjustments, known)} given
      where ${adjustments.stripeId} = given.stripe_id and ${adjustments.kind} = given.kind
        and ${adjustments.part} = given.part and ${adjustments.happenedAt} > given.happened_at`);
  }
  return [...byId].flatMap(([id, one]) => (fresh.has(id) ? [one] : []));
}
