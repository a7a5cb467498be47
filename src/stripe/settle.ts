// Settlement: fees, exchange rates and what was settled, asked for in the background and filled in once.

import { and, isNull, lte, min, sql } from 'drizzle-orm';
import type Stripe from 'stripe';
import { noteInvoicePayment } from '../ledger/payment.ts';
import { type Settlement, settleAdjustment, settlePayments } from '../ledger/settlement.ts';
import { messageDomain } from '../letters/outbox.ts';
import { transact } from '../outside/database.ts';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { adjustments, memberships, payments } from '../schema.ts';
import { askStripe } from './ask.ts';
import { keepFacts } from './keep.ts';
import { bookingsOf, countryOf, idOf } from './translate.ts';
import { standingIn } from './understand.ts';

const batch = 50;
/** How long to wait after each try that found nothing settled yet; then once a day. */
const backoffMinutes = [1, 5, 30, 120, 720, 1440];

/** Settles what is due: payments, adjustments, and memberships whose reader is still unknown. */
export async function settle(services: Services): Promise<void> {
  await settleDuePayments(services);
  await settleDueAdjustments(services);
  await findOwners(services);
}

export async function nextSettlementDue(services: Services): Promise<Date | null> {
  const [payment] = await services.database
    .select({ at: min(payments.settleDueAt) })
    .from(payments)
    .where(isNull(payments.settledAt));
  const [adjustment] = await services.database
    .select({ at: min(adjustments.settleDueAt) })
    .from(adjustments)
    .where(isNull(adjustments.settledAt));
  const dues = [payment?.at, adjustment?.at].filter((at) => at instanceof Date);
  return dues.sort((a, b) => a.getTime() - b.getTime())[0] ?? null;
}

async function settleDuePayments(services: Services): Promise<void> {
  for (;;) {
    const rows = await takeDue(services, payments);
    await Promise.all(
      rows.map((row) =>
        quietly(services, { payment: row.id }, async () => {
          const paymentIntentId =
            row.stripePaymentIntentId ?? (await intentOfInvoice(services, row.stripeInvoiceId));
          if (paymentIntentId === null) return;
          const intent = await services.stripe.paymentIntents.retrieve(paymentIntentId, {
            expand: ['latest_charge.balance_transaction'],
          });
          const charge = intent.latest_charge;
          if (charge === null || typeof charge === 'string') return;
          const settlement = settlementOf(charge.balance_transaction);
          if (settlement === null) return;
          await transact(services, (tx) =>
            settlePayments(tx, services.now(), [{ payment: row, settlement, charge: chargeFacts(charge) }]),
          );
        }),
      ),
    );
    if (rows.length < batch) return;
  }
}

async function settleDueAdjustments(services: Services): Promise<void> {
  const rows = await takeDue(services, adjustments);
  await Promise.all(
    rows.map((row) =>
      quietly(services, { adjustment: row.id }, async () => {
        const settlement = settlementOf(await transactionOf(services.stripe, row));
        if (settlement === null) return;
        await transact(services, (tx) => settleAdjustment(tx, row, services.now(), settlement));
      }),
    ),
  );
}

/** A subscription whose session and invoice never told us whose it is: Stripe knows. */
async function findOwners(services: Services): Promise<void> {
  const before = new Date(services.now().getTime() - 60_000);
  const orphans = await services.database
    .select({ stripeCustomerId: memberships.stripeCustomerId })
    .from(memberships)
    .where(and(isNull(memberships.readerId), lte(memberships.createdAt, before)))
    .limit(batch);
  for (const { stripeCustomerId } of orphans) {
    if (stripeCustomerId === null) continue;
    await quietly(services, { customer: stripeCustomerId }, async () => {
      const facts = await askStripe(services, { about: 'customer', id: stripeCustomerId });
      const letterDomain = messageDomain(services.config);
      await transact(services, async (tx) => {
        // What cannot be decided yet is left to the webhooks, which can wait and ask again.
        await keepFacts(
          { tx, now: services.now(), keys: services.keys, letterDomain },
          standingIn(facts).map((fact) => ({ facts: [fact] })),
        );
      });
    });
  }
}

/**
 * Takes due rows by moving their next try ahead in the same statement: a crash in between costs only time,
 * and two instances never ask for the same one at once.
 */
async function takeDue<T extends typeof payments | typeof adjustments>(
  services: Services,
  table: T,
): Promise<T['$inferSelect'][]> {
  // Both tables carry the same settlement columns; their union is more than drizzle's generics can carry.
  const t: typeof payments = table as unknown as typeof payments;
  const now = services.now();
  const due = services.database
    .select({ id: t.id })
    .from(t)
    .where(and(isNull(t.settledAt), lte(t.settleDueAt, now)))
    .orderBy(t.settleDueAt)
    .limit(batch)
    .for('update', { skipLocked: true });
  const minutes = sql`(array[${sql.raw(backoffMinutes.join(','))}])[least(${t.settleAttempts} + 1, ${sql.raw(String(backoffMinutes.length))})]`;
  const rows = await services.database
    .update(t)
    .set({
      settleAttempts: sql`${t.settleAttempts} + 1`,
      settleDueAt: sql`${now.toISOString()}::timestamptz + ${minutes} * interval '1 minute'`,
    })
    .where(sql`${t.id} = any(array(${due}))`)
    .returning();
  return rows as unknown as T['$inferSelect'][];
}

async function intentOfInvoice(services: Services, invoiceId: string | null): Promise<string | null> {
  if (invoiceId === null) return null;
  const paid = await services.stripe.invoicePayments.list({ invoice: invoiceId, status: 'paid', limit: 1 });
  const paymentIntentId = idOf(paid.data[0]?.payment.payment_intent);
  if (paymentIntentId !== null)
    await transact(services, (tx) => noteInvoicePayment(tx, invoiceId, paymentIntentId));
  return paymentIntentId;
}

async function transactionOf(
  stripe: Stripe,
  row: typeof adjustments.$inferSelect,
): Promise<Stripe.BalanceTransaction | string | null> {
  if (row.stripeId === null) return null;
  if (row.kind === 'refund' || row.kind === 'refund_failed') {
    const refund = await stripe.refunds.retrieve(row.stripeId, {
      expand: ['balance_transaction', 'failure_balance_transaction'],
    });
    return (row.kind === 'refund' ? refund.balance_transaction : refund.failure_balance_transaction) ?? null;
  }
  const dispute = await stripe.disputes.retrieve(row.stripeId);
  const found = bookingsOf(dispute).find(({ kind, part }) => kind === row.kind && part === row.part);
  return found?.booked ?? null;
}

/** What a charge tells of a payment beside its money. */
export function chargeFacts(charge: Stripe.Charge) {
  return {
    stripeChargeId: charge.id,
    method: charge.payment_method_details?.type ?? null,
    country: countryOf(charge),
  };
}

/** A balance transaction as it was written out; null while it is not known or only named. */
export function settlementOf(transaction: Stripe.BalanceTransaction | string | null): Settlement | null {
  if (transaction === null || typeof transaction === 'string') return null;
  return {
    amountMinor: BigInt(transaction.amount),
    feeMinor: BigInt(transaction.fee),
    netMinor: BigInt(transaction.net),
    currency: transaction.currency.toUpperCase(),
    exchangeRate: transaction.exchange_rate === null ? null : String(transaction.exchange_rate),
  };
}

/** One row that fails must not keep the others waiting; its next try is already set. */
async function quietly(
  services: Services,
  which: Record<string, string>,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    services.log.warn({ ...which, ...describeError(error) }, 'Settlement will be asked for again');
  }
}
