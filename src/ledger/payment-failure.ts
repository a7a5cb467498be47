// Payment failures: every attempt at a membership's invoice that brought no money, kept once.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, gt } from 'drizzle-orm';
import { isAnyOf, type Reads, type Tx } from '../outside/database.ts';
import { paymentFailures } from '../schema.ts';

export interface FailedAttempt {
  stripeInvoiceId: string;
  /** Counted from 1, as Stripe counts the attempts of its own schedule. */
  attempt: number;
  amountMinor: bigint;
  currency: string;
  failedAt: Date;
}

/** Notes a failed attempt; false when it was known already. One attempt told at several moments keeps the first. */
export async function noteFailure(tx: Tx, membershipId: string, failed: FailedAttempt): Promise<boolean> {
  const written = await tx
    .insert(paymentFailures)
    .values({ id: randomUUIDv7(), membershipId, ...failed })
    .onConflictDoNothing()
    .returning({ id: paymentFailures.id });
  if (written.length > 0) return true;
  await tx
    .update(paymentFailures)
    .set({ failedAt: failed.failedAt })
    .where(
      and(
        eq(paymentFailures.stripeInvoiceId, failed.stripeInvoiceId),
        eq(paymentFailures.attempt, failed.attempt),
        gt(paymentFailures.failedAt, failed.failedAt),
      ),
    );
  return false;
}

/** The attempts at these invoices that are known to have failed, in their order; absent where none has. */
export async function failedAttempts(
  reads: Reads,
  stripeInvoiceIds: readonly string[],
): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  if (stripeInvoiceIds.length === 0) return found;
  const rows = await reads
    .select({ invoice: paymentFailures.stripeInvoiceId, attempt: paymentFailures.attempt })
    .from(paymentFailures)
    .where(isAnyOf(paymentFailures.stripeInvoiceId, stripeInvoiceIds))
    .orderBy(paymentFailures.attempt);
  for (const { invoice, attempt } of rows) {
    const name = invoice ?? '';
    found.set(name, [...(found.get(name) ?? []), attempt]);
  }
  return found;
}
