// Payments: money received, each exactly once, whatever number of Stripe's objects tell of it.
import { randomUUIDv7 } from 'node:crypto';
import { desc, eq, or, sql } from 'drizzle-orm';
import { insertRows, isAnyOf, type Reads, rowsOf, type Tx } from '../outside/database.ts';
import { invoicePayments, memberships, payments } from '../schema.ts';
import type { Checkout } from './checkout.ts';

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

/** A payment as it was told, whose it is and what began it. */
export interface Paid<P extends PaidCharge | PaidInvoice> {
  paid: P;
  readerId: string;
  intent: Checkout;
}

/** What a receipt says of a payment. */
export type Received = Pick<
  Payment,
  | 'id'
  | 'readerId'
  | 'membershipId'
  | 'checkoutId'
  | 'kind'
  | 'amountMinor'
  | 'feesCoveredMinor'
  | 'currency'
  | 'paidAt'
  | 'stripeInvoiceId'
>;

/**
 * Notes one-off payments, each unique by its payment intent; answers those that were not known, by that.
 * For a method that settles later the charge is begun days before it succeeds, and the gift belongs to the day it succeeded: each
 * telling may know a later moment, and the latest stands, so that the order of tellings does not matter.
 */
export async function notePaidCharges(
  tx: Tx,
  charges: readonly Paid<PaidCharge>[],
): Promise<Map<string, Received>> {
  const latestLast = charges.toSorted((a, b) => a.paid.paidAt.getTime() - b.paid.paidAt.getTime());
  const rows = [...new Map(latestLast.map((one) => [one.paid.paymentIntentId, one])).values()].map(
    ({ paid, readerId, intent }) => ({
      ...fromCheckout(intent, paid.amountMinor),
      readerId,
      membershipId: null,
      stripeInvoiceId: null,
      stripePaymentIntentId: paid.paymentIntentId,
      stripeChargeId: paid.chargeId,
      amountMinor: paid.amountMinor,
      currency: paid.currency,
      paidAt: paid.paidAt,
      method: paid.method,
      country: paid.country,
    }),
  );
  const fresh = await insertPayments(tx, rows);
  const known = rows.filter(({ id }) => !fresh.has(id));
  if (known.length > 0) {
    await tx.execute(sql`
      update ${payments} set
        paid_at = given.paid_at, settle_due_at = greatest(${payments.settleDueAt}, given.paid_at)
      from ${rowsOf(payments, known)} given
      where ${payments.stripePaymentIntentId} = given.stripe_payment_intent_id and ${payments.paidAt} < given.paid_at`);
  }
  return new Map(rows.filter(({ id }) => fresh.has(id)).map((row) => [row.stripePaymentIntentId, row]));
}

/** Notes memberships' payments, each unique by its invoice; answers those that were not known, by that. With the invoices held. */
export async function notePaidInvoices(
  tx: Tx,
  invoices: readonly Paid<PaidInvoice>[],
): Promise<Map<string, Received>> {
  const told = [...new Map(invoices.map((one) => [one.paid.invoiceId, one])).values()];
  if (told.length === 0) return new Map();
  const plans = await tx
    .select({ id: memberships.id, stripeSubscriptionId: memberships.stripeSubscriptionId })
    .from(memberships)
    .where(
      isAnyOf(
        memberships.stripeSubscriptionId,
        told.map(({ paid }) => paid.stripeSubscriptionId),
      ),
    );
  const membershipOf = new Map(plans.map((plan) => [plan.stripeSubscriptionId, plan.id]));
  const links = await tx
    .select()
    .from(invoicePayments)
    .where(
      isAnyOf(
        invoicePayments.stripeInvoiceId,
        told.map(({ paid }) => paid.invoiceId),
      ),
    )
    // An invoice paid in parts has several; the row names the first of them.
    .orderBy(desc(invoicePayments.stripePaymentIntentId));
  const intentOf = new Map(links.map((link) => [link.stripeInvoiceId, link.stripePaymentIntentId]));
  const rows = told.map(({ paid, readerId, intent }) => ({
    ...fromCheckout(intent, paid.amountMinor),
    readerId,
    membershipId: membershipOf.get(paid.stripeSubscriptionId) ?? null,
    stripeSubscriptionId: paid.stripeSubscriptionId,
    stripeInvoiceId: paid.invoiceId,
    stripePaymentIntentId: intentOf.get(paid.invoiceId) ?? null,
    amountMinor: paid.amountMinor,
    currency: paid.currency,
    paidAt: paid.paidAt,
    country: paid.country,
  }));
  const fresh = await insertPayments(tx, rows);
  return new Map(rows.filter(({ id }) => fresh.has(id)).map((row) => [row.stripeInvoiceId, row]));
}

/** Notes which payment intent paid an invoice, before or after the payment itself is known. */
export async function noteInvoicePayment(tx: Tx, invoiceId: string, paymentIntentId: string): Promise<void> {
  await noteInvoicePayments(tx, [{ invoiceId, paymentIntentId }]);
}

/** See `noteInvoicePayment`. With the invoices held, or else a payment that is being noted meanwhile goes without. */
export async function noteInvoicePayments(
  tx: Tx,
  told: readonly { invoiceId: string; paymentIntentId: string }[],
): Promise<void> {
  if (told.length === 0) return;
  const links = told.map(({ invoiceId, paymentIntentId }) => ({
    stripeInvoiceId: invoiceId,
    stripePaymentIntentId: paymentIntentId,
  }));
  await insertRows(tx, invoicePayments, links);
  await tx.execute(sql`
    update ${payments} set stripe_payment_intent_id = given.intent
    from (
      select stripe_invoice_id as invoice, min(stripe_payment_intent_id) as intent
      from ${rowsOf(invoicePayments, links)} group by stripe_invoice_id
    ) given
    where ${payments.stripeInvoiceId} = given.invoice
      and (${payments.stripePaymentIntentId} is null or ${payments.stripePaymentIntentId} > given.intent)`);
}

/** The payments that these payment intents brought, directly or through their invoices, by the intents; absent where one is not ours or not known yet. */
export async function paymentsOfIntents(
  tx: Tx,
  paymentIntentIds: readonly string[],
): Promise<Map<string, Payment>> {
  if (paymentIntentIds.length === 0) return new Map();
  const links = await tx
    .select()
    .from(invoicePayments)
    .where(isAnyOf(invoicePayments.stripePaymentIntentId, paymentIntentIds));
  const rows = await tx
    .select()
    .from(payments)
    .where(
      or(
        isAnyOf(payments.stripePaymentIntentId, paymentIntentIds),
        isAnyOf(
          payments.stripeInvoiceId,
          links.map(({ stripeInvoiceId }) => stripeInvoiceId),
        ),
      ),
    );
  const byIntent = new Map(rows.map((row) => [row.stripePaymentIntentId, row]));
  const byInvoice = new Map(rows.map((row) => [row.stripeInvoiceId, row]));
  const invoiceOf = new Map(links.map((link) => [link.stripePaymentIntentId, link.stripeInvoiceId]));
  const found = new Map<string, Payment>();
  for (const id of paymentIntentIds) {
    const row = byIntent.get(id) ?? byInvoice.get(invoiceOf.get(id) ?? '');
    if (row) found.set(id, row);
  }
  return found;
}

/** The payment of a membership's invoice; null while it is not paid or not known. */
export async function paymentOfInvoice(reads: Reads, stripeInvoiceId: string): Promise<Payment | null> {
  const [row] = await reads.select().from(payments).where(eq(payments.stripeInvoiceId, stripeInvoiceId));
  return row ?? null;
}

/** What a payment takes over from the intent that began it. */
function fromCheckout(intent: Checkout, amountMinor: bigint) {
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

/** Answers the ids of those that were not known. */
async function insertPayments(
  tx: Tx,
  rows: readonly Omit<typeof payments.$inferInsert, 'settleDueAt'>[],
): Promise<Set<unknown>> {
  const written = await insertRows(
    tx,
    payments,
    // The fee is asked for right away; where it is not known yet, settlement asks again.
    rows.map((row) => ({ ...row, settleDueAt: row.paidAt, settleAttempts: 0 })),
    sql`on conflict do nothing returning id`,
  );
  return new Set(written.map(({ id }) => id));
}
