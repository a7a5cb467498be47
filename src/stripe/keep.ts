// Keeps facts in the ledger, with the letters they cause, inside one transaction of the caller's: those of one event or of many.
import { noteAdjustments } from '../ledger/adjustment.ts';
import { completeCheckouts, expireCheckouts, noteOutcome } from '../ledger/checkout.ts';
import { noteDeclines } from '../ledger/decline.ts';
import { noteDispute } from '../ledger/dispute.ts';
import { noteFraudWarning } from '../ledger/fraud-warning.ts';
import { noteLooks } from '../ledger/membership.ts';
import {
  noteInvoicePayments,
  notePaidCharges,
  notePaidInvoices,
  type Paid,
  type PaidCharge,
  type PaidInvoice,
  paymentsOfIntents,
  type Received,
} from '../ledger/payment.ts';
import { holdObjects } from '../ledger/reader.ts';
import { noteSecondGifts } from '../ledger/second-gift.ts';
import { addressesLive } from '../letters/suppression.ts';
import { tellsOfAChange, writeOfChanges } from './changes.ts';
import { writeOfEndings } from './endings.ts';
import type { Question } from './fact.ts';
import { findGivers } from './givers.ts';
import {
  ask,
  type Entry,
  entriesOf,
  type Keeping,
  learnLocales,
  openPage,
  type Page,
  type Told,
  write,
  writeLetters,
} from './page.ts';
import { keepCardChange, keepFailure, keepHeld, receiptFacts, writeOfRecoveries } from './trouble.ts';

/** What came of keeping what one told: whether anything of it is ours, and what Stripe must be asked first. */
export interface Kept {
  kept: boolean;
  question: Question | null;
}

/**
 * Keeps what each of these told, in the caller's transaction; answers what came of each, in their order. Where one has a
 * question the transaction is not to be committed with it. What is kept follows from the set of facts alone, so that they are
 * kept kind by kind, those first that others hang on; one that is told alone is a page of one.
 */
export async function keepFacts(keeping: Keeping, told: readonly Told[]): Promise<Kept[]> {
  const page = openPage(keeping, told);
  await holdObjects(page.tx, objectsIn(page));
  const giverOf = await findGivers(page);
  await keepSessions(page, giverOf);
  await keepLooks(page);
  await keepInvoicePayments(page);
  await keepCharges(page, giverOf);
  await keepInvoices(page, giverOf);
  await keepMoneyBack(page);
  await keepDeclines(page);
  await writeLetters(page);
  for (const entry of entriesOf(page, 'failed-invoice')) await keepFailure(page, entry);
  for (const entry of entriesOf(page, 'held-invoice')) await keepHeld(page, entry);
  for (const entry of entriesOf(page, 'card-changed')) await keepCardChange(page, entry);
  for (const { told: one } of entriesOf(page, 'settles')) page.kept.add(one);
  return told.map((one) => ({ kept: page.kept.has(one), question: page.questions.get(one) ?? null }));
}

/** What two transactions must not both be at: customers, whose memberships and readers find each other, and invoices, whose payments and links do. */
function objectsIn(page: Page): string[] {
  return page.entries.flatMap(({ fact }) => {
    if (fact.fact === 'look') return [fact.look.stripeCustomerId];
    if (fact.fact === 'invoice-payment') return [fact.invoiceId];
    const customer = 'stripeCustomerId' in fact ? (fact.stripeCustomerId ?? []) : [];
    return [customer, fact.fact === 'paid-invoice' ? fact.invoice.invoiceId : []].flat();
  });
}

type GiverOf = Awaited<ReturnType<typeof findGivers>>;

async function keepSessions(page: Page, giverOf: GiverOf): Promise<void> {
  const { tx, intents, kept } = page;
  const completed = entriesOf(page, 'session-completed').filter(({ fact }) => intents.has(fact.checkoutId));
  await completeCheckouts(
    tx,
    completed.map((entry) => ({
      id: entry.fact.checkoutId,
      stripeSessionId: entry.fact.stripeSessionId,
      readerId: giverOf(entry),
      completedAt: entry.fact.completedAt,
    })),
  );
  for (const { told } of completed) kept.add(told);
  for (const { told, fact } of entriesOf(page, 'giver')) if (intents.has(fact.checkoutId)) kept.add(told);
  for (const { told, fact } of entriesOf(page, 'session-settled')) {
    await noteOutcome(tx, fact.checkoutId, { at: fact.at, failed: fact.failed });
    kept.add(told);
  }
  await writeOfFailedDebits(page, giverOf);
  const expired = entriesOf(page, 'session-expired');
  await expireCheckouts(
    tx,
    expired.map(({ fact }) => fact.checkoutId),
  );
  for (const { told } of expired) kept.add(told);
}

/** A debit that was under way has failed for good: its reader is told, whichever is heard last, that it failed or whose it was. */
async function writeOfFailedDebits(page: Page, giverOf: GiverOf): Promise<void> {
  const settled = new Map(entriesOf(page, 'session-settled').map((entry) => [entry.fact.checkoutId, entry]));
  const completed = new Map(
    entriesOf(page, 'session-completed').map((entry) => [entry.fact.checkoutId, entry]),
  );
  const failures = [...page.intents.values()].flatMap((intent) => {
    const entry = settled.get(intent.id);
    const session = completed.get(intent.id);
    const told = (entry ?? session)?.told;
    const hasFailed = entry?.fact.failed ?? intent.asyncFailed;
    const failedAt = entry?.fact.at ?? intent.outcomeAt;
    const readerId = (session && giverOf(session)) ?? intent.readerId;
    return told && hasFailed && failedAt !== null && readerId !== null
      ? [{ told, intent, failedAt, readerId }]
      : [];
  });
  await learnLocales(
    page,
    failures.map(({ readerId }) => readerId),
  );
  for (const { told, intent, failedAt, readerId } of failures) {
    write(page, told, failedAt, {
      kind: 'debit-failed',
      key: intent.id,
      to: { readerId },
      locale: page.locales.get(readerId) ?? intent.locale,
      facts: {
        checkoutId: intent.id,
        amountMinor: intent.amountMinor.toString(),
        currency: intent.currency,
        kind: intent.frequency,
        failedAt: failedAt.toISOString(),
      },
    });
  }
}

async function keepLooks(page: Page): Promise<void> {
  const { tx, now, owners, learnt, intents, kept } = page;
  const entries = entriesOf(page, 'look');
  if (entries.length + learnt.size === 0) return;
  const noted = await noteLooks(
    tx,
    now,
    entries.map(({ fact }) => fact.look),
    { owners, learnt, intents },
  );
  for (const entry of entries) {
    const { look } = entry.fact;
    const membership = noted.bySubscription.get(look.stripeSubscriptionId);
    if (membership === undefined) continue;
    if (tellsOfAChange(look) && membership.readerId === null)
      ask(page, entry, 'customer', look.stripeCustomerId);
    if (membership.undecided) ask(page, entry, 'subscription', look.stripeSubscriptionId);
    kept.add(entry.told);
  }
  const pairs = await noteSecondGifts(tx, now, noted.plansOf);
  await writeOfChanges(page, entries, noted, pairs);
  await writeOfEndings(page, noted.plansOf, pairs);
}

async function keepInvoicePayments(page: Page): Promise<void> {
  const entries = entriesOf(page, 'invoice-payment');
  await noteInvoicePayments(
    page.tx,
    entries.map(({ fact }) => fact),
  );
  for (const { told } of entries) page.kept.add(told);
}

async function keepCharges(page: Page, giverOf: GiverOf): Promise<void> {
  const known = new Map<Entry<'paid-charge'>, Paid<PaidCharge>>();
  for (const entry of entriesOf(page, 'paid-charge')) {
    const intent = page.intents.get(entry.fact.checkoutId);
    if (intent === undefined) continue;
    const readerId = giverOf(entry);
    if (readerId === null) ask(page, entry, 'payment-intent', entry.fact.charge.paymentIntentId);
    else known.set(entry, { paid: entry.fact.charge, readerId, intent });
  }
  const fresh = await notePaidCharges(page.tx, [...known.values()]);
  await haveGiven(page, [...fresh.values()]);
  for (const [{ told, fact }, { intent }] of known) {
    page.kept.add(told);
    const payment = fresh.get(fact.charge.paymentIntentId);
    if (payment === undefined) continue;
    write(page, told, payment.paidAt, {
      kind: 'thank-you',
      key: fact.charge.paymentIntentId,
      to: { readerId: payment.readerId },
      locale: intent.locale,
      facts: { ...receiptFacts(payment), nextAt: null },
    });
  }
}

async function keepInvoices(page: Page, giverOf: GiverOf): Promise<void> {
  const known = new Map<Entry<'paid-invoice'>, Paid<PaidInvoice>>();
  for (const entry of entriesOf(page, 'paid-invoice')) {
    const intent = page.intents.get(entry.fact.checkoutId);
    if (intent === undefined) continue;
    const readerId = giverOf(entry);
    if (readerId === null) ask(page, entry, 'customer', entry.fact.stripeCustomerId);
    else known.set(entry, { paid: entry.fact.invoice, readerId, intent });
  }
  const fresh = await notePaidInvoices(page.tx, [...known.values()]);
  const received = [...known].flatMap(([{ told, fact }, { intent }]) => {
    page.kept.add(told);
    const payment = fresh.get(fact.invoice.invoiceId);
    if (payment === undefined || payment.kind === 'once') return [];
    return [{ told, fact, intent, payment: { ...payment, kind: payment.kind } }];
  });
  await haveGiven(
    page,
    received.flatMap(({ fact, payment }) => (fact.first ? [payment] : [])),
  );
  await learnLocales(
    page,
    received.map(({ payment }) => payment.readerId),
  );
  for (const { told, fact, intent, payment } of received) {
    write(page, told, fact.invoice.paidAt, {
      kind: fact.first ? 'thank-you' : 'renewal-receipt',
      key: fact.invoice.invoiceId,
      to: { readerId: payment.readerId },
      locale: page.locales.get(payment.readerId) ?? intent.locale,
      facts: {
        ...receiptFacts(payment),
        kind: payment.kind,
        nextAt: fact.periodEndsAt?.toISOString() ?? null,
      },
    });
  }
  const renewals = received.filter(({ fact }) => !fact.first);
  if (renewals.length === 0) return;
  await writeLetters(page);
  await writeOfRecoveries(
    page,
    renewals.map(({ told, fact, payment }) => ({ told, payment, periodEndsAt: fact.periodEndsAt })),
  );
}

/** Whoever gives by their own hand has shown that their address lives. */
async function haveGiven(page: Page, fresh: readonly Received[]): Promise<void> {
  await addressesLive(
    page.tx,
    fresh.map(({ readerId, paidAt }) => ({ readerId, at: paidAt })),
  );
}

async function keepMoneyBack(page: Page): Promise<void> {
  const { tx } = page;
  const entries = entriesOf(page, 'adjustment', 'dispute', 'fraud-warning');
  const payments = await paymentsOfIntents(tx, [...new Set(entries.map(({ fact }) => fact.paymentIntentId))]);
  const steps = entries.flatMap((entry) => {
    const payment = payments.get(entry.fact.paymentIntentId);
    if (payment === undefined) ask(page, entry, 'payment-intent', entry.fact.paymentIntentId);
    else page.kept.add(entry.told);
    return payment && entry.fact.fact === 'adjustment'
      ? [{ payment, step: entry.fact.step, told: entry.told }]
      : [];
  });
  const fresh = await noteAdjustments(tx, steps);
  const refunds = fresh.filter(({ step }) => step.kind === 'refund');
  await learnLocales(
    page,
    refunds.map(({ payment }) => payment.readerId),
  );
  for (const { told, payment, step } of refunds) {
    write(page, told, step.happenedAt, {
      kind: 'refunded',
      key: step.stripeId,
      to: { readerId: payment.readerId },
      locale: page.locales.get(payment.readerId) ?? 'en',
      facts: {
        paymentId: payment.id,
        amountMinor: step.amountMinor.toString(),
        currency: step.currency,
        refundedAt: step.happenedAt.toISOString(),
        whole: step.amountMinor === payment.amountMinor,
      },
    });
  }
  for (const { fact } of entriesOf(page, 'dispute')) {
    const payment = payments.get(fact.paymentIntentId);
    if (payment !== undefined) await noteDispute(tx, payment, fact.dispute);
  }
  for (const { fact } of entriesOf(page, 'fraud-warning')) {
    const payment = payments.get(fact.paymentIntentId);
    if (payment !== undefined) await noteFraudWarning(tx, payment, fact.warning);
  }
}

async function keepDeclines(page: Page): Promise<void> {
  const entries = entriesOf(page, 'declined');
  await noteDeclines(
    page.tx,
    entries.map(({ fact }) => fact.decline),
  );
  for (const { told } of entries) page.kept.add(told);
}
