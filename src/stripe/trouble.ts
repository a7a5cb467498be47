// Trouble with a membership's money: attempts that failed or wait for the reader's bank, cards that changed, and money that came after all.
import { eq } from 'drizzle-orm';
import { type Payment, paymentOfInvoice, type Received } from '../ledger/payment.ts';
import { failedAttempts, noteFailure } from '../ledger/payment-failure.ts';
import {
  type LetterKind,
  letterWritten,
  type NewLetter,
  queueLetter,
  takeBackLetter,
} from '../letters/outbox.ts';
import { memberships } from '../schema.ts';
import { ask, type Entry, learnLocales, type Page, type Told } from './page.ts';
import { at } from './translate.ts';

export async function keepFailure(page: Page, entry: Entry<'failed-invoice'>): Promise<void> {
  const { tx } = page;
  const { told, fact } = entry;
  const membership = await membershipOf(page, entry);
  if (membership === null) return;
  page.kept.add(told);
  const { stripeInvoiceId, attempt } = fact.failed;
  const fresh = await noteFailure(tx, membership.id, fact.failed);
  if (!fresh) return;
  const paid = await paymentOfInvoice(tx, stripeInvoiceId);
  if (paid !== null) await writeOfRecoveries(page, [{ told, payment: paid, periodEndsAt: null }]);
  // Without a next attempt the plan is about to end, and the goodbye says what this letter would.
  if (fact.nextAttemptAt === null) return;
  await writeNow(page, told, fact.failed.failedAt, {
    kind: 'payment-failed',
    key: `${stripeInvoiceId}:${attempt}`,
    to: { readerId: membership.readerId },
    locale: page.locales.get(membership.readerId) ?? 'en',
    facts: {
      membershipId: membership.id,
      amountMinor: fact.failed.amountMinor.toString(),
      currency: fact.failed.currency,
      kind: membership.interval,
      failedAt: fact.failed.failedAt.toISOString(),
      nextAttemptAt: fact.nextAttemptAt.toISOString(),
    },
  });
  // Heard late, when the money has come or the reader was asked to confirm: then nobody need be told of it.
  if (paid !== null || (await isHeld(page, stripeInvoiceId, attempt))) {
    await takeBackLetter(tx, 'payment-failed', `${stripeInvoiceId}:${attempt}`);
  }
}

/** The reader's bank wants them to confirm: one letter per invoice says so, in place of the one that an attempt failed. */
export async function keepHeld(page: Page, entry: Entry<'held-invoice'>): Promise<void> {
  const { tx } = page;
  const { told, fact } = entry;
  const membership = await membershipOf(page, entry);
  if (membership === null) return;
  page.kept.add(told);
  const { stripeInvoiceId, attempt } = fact.held;
  const fresh = await writeNow(page, told, fact.held.failedAt, {
    kind: 'action-required',
    key: stripeInvoiceId,
    to: { readerId: membership.readerId },
    locale: page.locales.get(membership.readerId) ?? 'en',
    facts: {
      membershipId: membership.id,
      amountMinor: fact.held.amountMinor.toString(),
      currency: fact.held.currency,
      kind: membership.interval,
      attempt,
    },
  });
  if (!fresh) return;
  await takeBackLetter(tx, 'payment-failed', `${stripeInvoiceId}:${attempt}`);
  if ((await paymentOfInvoice(tx, stripeInvoiceId)) !== null)
    await takeBackLetter(tx, 'action-required', stripeInvoiceId);
}

export async function keepCardChange(page: Page, entry: Entry<'card-changed'>): Promise<void> {
  const { told, fact } = entry;
  const [membership] = await page.tx
    .select({ id: memberships.id, readerId: memberships.readerId })
    .from(memberships)
    .where(
      fact.stripeSubscriptionId === null
        ? eq(memberships.stripeCustomerId, fact.stripeCustomerId)
        : eq(memberships.stripeSubscriptionId, fact.stripeSubscriptionId),
    )
    .orderBy(memberships.stripeSubscriptionId)
    .limit(1);
  if (!membership?.readerId) return ask(page, entry, 'customer', fact.stripeCustomerId);
  page.kept.add(told);
  await learnLocales(page, [membership.readerId]);
  await writeNow(page, told, fact.changedAt, {
    kind: 'card-changed',
    // The customer and its subscription both tell of one card that took another's place.
    key: `${fact.stripeCustomerId}:${fact.card}`,
    to: { readerId: membership.readerId },
    locale: page.locales.get(membership.readerId) ?? 'en',
    facts: { membershipId: membership.id, changedAt: fact.changedAt.toISOString() },
  });
}

/**
 * Invoices were paid of which an attempt had failed: whichever of the two is heard last, the reader is thanked once. The
 * receipt is taken back for it; where that is on its way already, it has said what there is to say.
 */
export async function writeOfRecoveries(
  page: Page,
  renewals: readonly { told: Told; payment: Payment | Received; periodEndsAt: Date | null }[],
): Promise<void> {
  const { tx } = page;
  const attempts = await failedAttempts(
    tx,
    renewals.flatMap(({ payment }) => payment.stripeInvoiceId ?? []),
  );
  for (const { told, payment, periodEndsAt } of renewals) {
    const { stripeInvoiceId, kind, readerId } = payment;
    const failed = attempts.get(stripeInvoiceId ?? '');
    if (stripeInvoiceId === null || kind === 'once' || failed === undefined) continue;
    await learnLocales(page, [readerId]);
    const fresh = await writeNow(page, told, payment.paidAt, {
      kind: 'recovered',
      key: stripeInvoiceId,
      to: { readerId },
      locale: page.locales.get(readerId) ?? 'en',
      facts: { ...receiptFacts(payment), kind, nextAt: periodEndsAt?.toISOString() ?? null },
    });
    if (fresh && !(await takeBackLetter(tx, 'renewal-receipt', stripeInvoiceId)))
      await takeBackLetter(tx, 'recovered', stripeInvoiceId);
    await takeBackLetter(tx, 'action-required', stripeInvoiceId);
    for (const attempt of failed) await takeBackLetter(tx, 'payment-failed', `${stripeInvoiceId}:${attempt}`);
  }
}

export function receiptFacts(payment: Received) {
  return {
    paymentId: payment.id,
    membershipId: payment.membershipId,
    amountMinor: payment.amountMinor.toString(),
    feesCoveredMinor: payment.feesCoveredMinor.toString(),
    currency: payment.currency,
    kind: payment.kind,
    paidAt: payment.paidAt.toISOString(),
  };
}

/** Whose attempt failed; null, and a question, where that is not known yet. */
async function membershipOf(
  page: Page,
  entry: Entry<'failed-invoice' | 'held-invoice'>,
): Promise<{ id: string; readerId: string; interval: 'month' | 'year' } | null> {
  const { stripeSubscriptionId, stripeCustomerId } = entry.fact;
  const [membership] = await page.tx
    .select({ id: memberships.id, readerId: memberships.readerId, interval: memberships.interval })
    .from(memberships)
    .where(eq(memberships.stripeSubscriptionId, stripeSubscriptionId));
  if (!membership) ask(page, entry, 'subscription', stripeSubscriptionId);
  else if (membership.readerId === null) ask(page, entry, 'customer', stripeCustomerId);
  if (!membership?.readerId) return null;
  await learnLocales(page, [membership.readerId]);
  return { ...membership, readerId: membership.readerId };
}

/** Whether the reader was asked to confirm this very attempt. */
async function isHeld({ tx }: Page, stripeInvoiceId: string, attempt: number): Promise<boolean> {
  const written = await letterWritten(tx, 'action-required', stripeInvoiceId);
  return written?.attempt === attempt;
}

/** A letter on which others depend. Answers whether it is new. */
function writeNow<K extends LetterKind>(
  { tx, now, letterDomain }: Page,
  { quiet }: Told,
  happenedAt: Date,
  letter: NewLetter<K>,
): Promise<boolean> {
  return queueLetter(tx, now, letterDomain, { ...letter, wantedAt: quiet ? at(0) : happenedAt });
}
