// Payments: money received, each exactly once, whatever number of Stripe's objects tell of it.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { checkouts, invoicePayments, memberships, payments } from '../schema.ts';

export type Payment = typeof payments.$inferSelect;

/** A one-off gift's charge that succeeded. */
export interface PaidCharge {
  paymentIntentId: string;
  chargeId: string;
  amountMinor: bigint;
  currency: string;
  paidAt: Date;
  method: string | null;
  country: string | null;
}

/** A membership's invoice that was paid. */
export interface PaidInvoice {
  invoiceId: string;
  stripeSubscriptionId: string;
  amountMinor: bigint;
  currency: string;
  paidAt: Date;
  country: string | null;
}

export interface Noted {
  payment: Payment;
  /** False when this payment was known already. */
  fresh: boolean;
}

/** Notes a one-off payment, unique by its payment intent. Null when the intent is not one that this service began. */
export async function notePaidCharge(
  tx: Tx,
  checkoutId: string,
  readerId: string,
  charge: PaidCharge,
): Promise<Noted | null> {
  const [intent] = await tx.select().from(checkouts).where(eq(checkouts.id, checkoutId));
  if (!intent) return null;
  return insertPayment(tx, {
    ...fromCheckout(intent, charge.amountMinor),
    readerId,
    stripePaymentIntentId: charge.paymentIntentId,
    stripeChargeId: charge.chargeId,
    amountMinor: charge.amountMinor,
    currency: charge.currency,
    paidAt: charge.paidAt,
    method: charge.method,
    country: charge.country,
  });
}

/** Notes a membership's payment, unique by its invoice. Null when the intent is not one that this service began. */
export async function notePaidInvoice(
  tx: Tx,
  checkoutId: string,
  readerId: string,
  invoice: PaidInvoice,
): Promise<Noted | null> {
  const [intent] = await tx.select().from(checkouts).where(eq(checkouts.id, checkoutId));
  if (!intent) return null;
  const [membership] = await tx
    .select({ id: memberships.id })
    .from(memberships)
    .where(eq(memberships.stripeSubscriptionId, invoice.stripeSubscriptionId));
  const [link] = await tx
    .select()
    .from(invoicePayments)
    .where(eq(invoicePayments.stripeInvoiceId, invoice.invoiceId))
    .orderBy(invoicePayments.stripePaymentIntentId)
    .limit(1);
  return insertPayment(tx, {
    ...fromCheckout(intent, invoice.amountMinor),
    readerId,
    membershipId: membership?.id ?? null,
    stripeSubscriptionId: invoice.stripeSubscriptionId,
    stripeInvoiceId: invoice.invoiceId,
    stripePaymentIntentId: link?.stripePaymentIntentId ?? null,
    amountMinor: invoice.amountMinor,
    currency: invoice.currency,
    paidAt: invoice.paidAt,
    country: invoice.country,
  });
}

/** Notes which payment intent paid an invoice, before or after the payment itself is known. */
export async function noteInvoicePayment(tx: Tx, invoiceId: string, paymentIntentId: string): Promise<void> {
  await tx
    .insert(invoicePayments)
    .values({ stripePaymentIntentId: paymentIntentId, stripeInvoiceId: invoiceId })
    .onConflictDoNothing();
  await tx
    .update(payments)
    .set({ stripePaymentIntentId: paymentIntentId })
    .where(
      and(
        eq(payments.stripeInvoiceId, invoiceId),
        // An invoice paid in parts has several; the row names the same one whichever is told first.
        or(isNull(payments.stripePaymentIntentId), gt(payments.stripePaymentIntentId, paymentIntentId)),
      ),
    );
}

/** The payment that a payment intent brought, directly or through its invoice; null when it is not ours or not known yet. */
export async function paymentOfIntent(tx: Tx, paymentIntentId: string): Promise<Payment | null> {
  const [row] = await tx
    .select()
    .from(payments)
    .where(
      or(
        eq(payments.stripePaymentIntentId, paymentIntentId),
        sql`${payments.stripeInvoiceId} = (select l.stripe_invoice_id from invoice_payments l
          where l.stripe_payment_intent_id = ${paymentIntentId})`,
      ),
    );
  return row ?? null;
}

/** The payment of a membership's invoice; null while it is not paid or not known. */
export async function paymentOfInvoice(reads: Reads, stripeInvoiceId: string): Promise<Payment | null> {
  const [row] = await reads.select().from(payments).where(eq(payments.stripeInvoiceId, stripeInvoiceId));
  return row ?? null;
}

/**
 * For a method that settles later the charge is begun days before it succeeds; the gift belongs to the day it succeeded.
 * Each telling may know a later moment; the latest stands, so that the order of tellings does not matter.
 */
export async function movePaidAt(tx: Tx, paymentId: string, paidAt: Date): Promise<void> {
  await tx
    .update(payments)
    .set({
      paidAt,
      settleDueAt: sql`greatest(${payments.settleDueAt}, ${paidAt.toISOString()}::timestamptz)`,
    })
    .where(and(eq(payments.id, paymentId), lt(payments.paidAt, paidAt)));
}

/** What a payment takes over from the intent that began it. */
function fromCheckout(intent: typeof checkouts.$inferSelect, amountMinor: bigint) {
  return {
    id: randomUUIDv7(),
    checkoutId: intent.id,
    kind: intent.frequency,
    // A changed amount no longer says what part of it covers fees.
    feesCoveredMinor: amountMinor === intent.amountMinor ? intent.feesCoveredMinor : 0n,
    article: intent.article,
    campaign: intent.campaign,
    component: intent.component,
    referrer: intent.referrer,
    reminderId: intent.reminderId,
  };
}

async function insertPayment(
  tx: Tx,
  values: Omit<typeof payments.$inferInsert, 'settleDueAt'>,
): Promise<Noted> {
  const [made] = await tx
    .insert(payments)
    // The fee is asked for right away; where it is not known yet, settlement asks again.
    .values({ ...values, settleDueAt: values.paidAt })
    .onConflictDoNothing()
    .returning();
  if (made) return { payment: made, fresh: true };
  const [known] = await tx
    .select()
    .from(payments)
    .where(
      values.stripeInvoiceId
        ? eq(payments.stripeInvoiceId, values.stripeInvoiceId)
        : eq(payments.stripePaymentIntentId, values.stripePaymentIntentId ?? ''),
    );
  if (!known) throw new Error('A payment is unique by an id it does not carry');
  return { payment: known, fresh: false };
}
