// Keeps facts in the ledger, with the letters they cause, inside one transaction of the caller's.
import { and, eq, isNotNull, not, or } from 'drizzle-orm';
import { noteAdjustment } from '../ledger/adjustment.ts';
import {
  type Checkout,
  checkoutById,
  completeCheckout,
  expireCheckout,
  noteOutcome,
} from '../ledger/checkout.ts';
import { noteDispute } from '../ledger/dispute.ts';
import { claimMemberships, noteLook, type SubscriptionLook } from '../ledger/membership.ts';
import {
  movePaidAt,
  noteInvoicePayment,
  notePaidCharge,
  notePaidInvoice,
  type Payment,
  paymentOfIntent,
  paymentOfInvoice,
} from '../ledger/payment.ts';
import { failedAttempts, noteFailure } from '../ledger/payment-failure.ts';
import {
  findOrMakeReader,
  lockCustomer,
  noteCustomer,
  readerOfCustomer,
  sealPerson,
} from '../ledger/reader.ts';
import { endedForNewer, noteSecondGifts } from '../ledger/second-gift.ts';
import { runs } from '../ledger/standing.ts';
import {
  type LetterKind,
  letterWritten,
  type NewLetter,
  queueLetter,
  takeBackLetter,
} from '../letters/outbox.ts';
import { addressLives } from '../letters/suppression.ts';
import type { Tx } from '../outside/database.ts';
import type { Keys } from '../outside/keys.ts';
import { membershipLooks, memberships, readers } from '../schema.ts';
import { parseAddress } from '../values/address.ts';
import { isFault } from '../values/refusal.ts';
import type { Fact, Person, Question } from './fact.ts';
import { at } from './translate.ts';

export interface Keeping {
  tx: Tx;
  now: Date;
  keys: Keys;
  /** What stands behind the @ of a letter's Message-ID. */
  letterDomain: string;
  /** History that is written down anew: nobody waits for its letters. */
  quiet?: boolean;
}

/** What came of keeping a fact: kept, not ours, or not to be kept before Stripe has answered a question. */
export type Kept = 'kept' | 'not ours' | { ask: Question };

/** Keeps one fact. Nothing here depends on which facts came before: what is missing is asked for, what is known is left. */
export async function keepFact(keeping: Keeping, fact: Fact): Promise<Kept> {
  switch (fact.fact) {
    case 'session-completed':
      return keepSession(keeping, fact);
    case 'giver':
      return keepGiver(keeping, fact);
    case 'session-settled':
      return keepOutcome(keeping, fact);
    case 'session-expired':
      await expireCheckout(keeping.tx, fact.checkoutId);
      return 'kept';
    case 'paid-charge':
      return keepCharge(keeping, fact);
    case 'paid-invoice':
      return keepInvoice(keeping, fact);
    case 'invoice-payment':
      await noteInvoicePayment(keeping.tx, fact.invoiceId, fact.paymentIntentId);
      return 'kept';
    case 'look':
      return keepLook(keeping, fact);
    case 'card-changed':
      return keepCardChange(keeping, fact);
    case 'adjustment':
      return keepAdjustment(keeping, fact);
    case 'failed-invoice':
      return keepFailure(keeping, fact);
    case 'held-invoice':
      return keepHeld(keeping, fact);
    case 'dispute':
      return keepDispute(keeping, fact);
    case 'settles':
      return 'kept';
  }
}

type FactOf<F extends Fact['fact']> = Extract<Fact, { fact: F }>;

async function keepSession(keeping: Keeping, fact: FactOf<'session-completed'>): Promise<Kept> {
  const { tx } = keeping;
  const intent = await checkoutById(tx, fact.checkoutId);
  if (intent === null) return 'not ours';
  const readerId = await whoGave(keeping, fact.stripeCustomerId, fact.person, intent);
  await completeCheckout(tx, fact.checkoutId, {
    stripeSessionId: fact.stripeSessionId,
    readerId,
    completedAt: fact.completedAt,
  });
  return 'kept';
}

/** A debit that was under way has come, or failed for good: then the reader is told. */
async function keepOutcome(keeping: Keeping, fact: FactOf<'session-settled'>): Promise<Kept> {
  const { tx } = keeping;
  await noteOutcome(tx, fact.checkoutId, { at: fact.at, failed: fact.failed });
  const intent = fact.failed ? await checkoutById(tx, fact.checkoutId) : null;
  if (!intent?.readerId) return 'kept';
  await write(keeping, fact.at, {
    kind: 'debit-failed',
    key: intent.id,
    to: { readerId: intent.readerId },
    locale: await localeOf(tx, intent.readerId, intent),
    facts: {
      checkoutId: intent.id,
      amountMinor: intent.amountMinor.toString(),
      currency: intent.currency,
      kind: intent.frequency,
      failedAt: fact.at.toISOString(),
    },
  });
  return 'kept';
}

async function keepGiver(keeping: Keeping, fact: FactOf<'giver'>): Promise<Kept> {
  const intent = await checkoutById(keeping.tx, fact.checkoutId);
  if (intent === null) return 'not ours';
  await whoGave(keeping, fact.stripeCustomerId, fact.person, intent);
  return 'kept';
}

async function keepCharge(keeping: Keeping, fact: FactOf<'paid-charge'>): Promise<Kept> {
  const { tx } = keeping;
  const intent = await checkoutById(tx, fact.checkoutId);
  if (intent === null) return 'not ours';
  const readerId = await whoGave(keeping, fact.stripeCustomerId, fact.person, intent);
  if (readerId === null) return { ask: { about: 'payment-intent', id: fact.charge.paymentIntentId } };
  const noted = await notePaidCharge(tx, fact.checkoutId, readerId, fact.charge);
  if (noted === null) return 'not ours';
  if (!noted.fresh) {
    await movePaidAt(tx, noted.payment.id, fact.charge.paidAt);
    return 'kept';
  }
  await addressLives(tx, fact.charge.paidAt, readerId);
  await write(keeping, fact.charge.paidAt, {
    kind: 'thank-you',
    key: fact.charge.paymentIntentId,
    to: { readerId },
    locale: intent.locale,
    facts: { ...receiptFacts(noted.payment), nextAt: null },
  });
  return 'kept';
}

async function keepInvoice(keeping: Keeping, fact: FactOf<'paid-invoice'>): Promise<Kept> {
  const { tx } = keeping;
  const intent = await checkoutById(tx, fact.checkoutId);
  if (intent === null) return 'not ours';
  const readerId = await whoGave(keeping, fact.stripeCustomerId, fact.person, intent);
  if (readerId === null) return { ask: { about: 'customer', id: fact.stripeCustomerId } };
  const noted = await notePaidInvoice(tx, fact.checkoutId, readerId, fact.invoice);
  if (noted === null) return 'not ours';
  if (!noted.fresh || noted.payment.kind === 'once') return 'kept';
  const receipt = {
    ...receiptFacts(noted.payment),
    kind: noted.payment.kind,
    nextAt: fact.periodEndsAt?.toISOString() ?? null,
  };
  const letter = {
    key: fact.invoice.invoiceId,
    to: { readerId },
    locale: await localeOf(tx, readerId, intent),
  };
  if (fact.first) {
    await addressLives(tx, fact.invoice.paidAt, readerId);
    await write(keeping, fact.invoice.paidAt, { kind: 'thank-you', ...letter, facts: receipt });
  } else {
    await write(keeping, fact.invoice.paidAt, { kind: 'renewal-receipt', ...letter, facts: receipt });
    await writeOfRecovery(keeping, noted.payment, receipt.nextAt);
  }
  return 'kept';
}

async function keepLook(keeping: Keeping, fact: FactOf<'look'>): Promise<Kept> {
  const { tx, now } = keeping;
  await lockCustomer(tx, fact.look.stripeCustomerId);
  const noted = await noteLook(tx, now, fact.look);
  if (noted === null) return 'not ours';
  if (changesAmount(fact.look)) {
    if (noted.readerId === null) return { ask: { about: 'customer', id: fact.look.stripeCustomerId } };
    await writeOfAmount(keeping, noted.readerId, noted.membershipId, fact.look);
  }
  if (pauses(fact.look)) {
    if (noted.readerId === null) return { ask: { about: 'customer', id: fact.look.stripeCustomerId } };
    await writeOfPause(keeping, noted.readerId, noted.membershipId, fact.look);
  }
  if (noted.undecided) return { ask: { about: 'subscription', id: fact.look.stripeSubscriptionId } };
  if (noted.readerId !== null) {
    await writeOfEndings(keeping, noted.readerId);
    await noteSecondGifts(tx, now, noted.readerId);
  }
  return 'kept';
}

async function keepCardChange(keeping: Keeping, fact: FactOf<'card-changed'>): Promise<Kept> {
  const { tx } = keeping;
  await lockCustomer(tx, fact.stripeCustomerId);
  const [membership] = await tx
    .select({ id: memberships.id, readerId: memberships.readerId })
    .from(memberships)
    .where(
      fact.stripeSubscriptionId === null
        ? eq(memberships.stripeCustomerId, fact.stripeCustomerId)
        : eq(memberships.stripeSubscriptionId, fact.stripeSubscriptionId),
    )
    .orderBy(memberships.stripeSubscriptionId)
    .limit(1);
  if (!membership?.readerId) return { ask: { about: 'customer', id: fact.stripeCustomerId } };
  await write(keeping, fact.changedAt, {
    kind: 'card-changed',
    // The customer and its subscription both tell of one card that took another's place.
    key: `${fact.stripeCustomerId}:${fact.card}`,
    to: { readerId: membership.readerId },
    locale: await localeOf(tx, membership.readerId),
    facts: { membershipId: membership.id, changedAt: fact.changedAt.toISOString() },
  });
  return 'kept';
}

async function keepAdjustment(keeping: Keeping, fact: FactOf<'adjustment'>): Promise<Kept> {
  const { tx } = keeping;
  const payment = await paymentOfIntent(tx, fact.paymentIntentId);
  if (payment === null) return { ask: { about: 'payment-intent', id: fact.paymentIntentId } };
  const fresh = await noteAdjustment(tx, payment, fact.step);
  if (!fresh || fact.step.kind !== 'refund') return 'kept';
  await write(keeping, fact.step.happenedAt, {
    kind: 'refunded',
    key: fact.step.stripeId,
    to: { readerId: payment.readerId },
    locale: await localeOf(tx, payment.readerId),
    facts: {
      paymentId: payment.id,
      amountMinor: fact.step.amountMinor.toString(),
      currency: fact.step.currency,
      refundedAt: fact.step.happenedAt.toISOString(),
      whole: fact.step.amountMinor === payment.amountMinor,
    },
  });
  return 'kept';
}

async function keepDispute({ tx }: Keeping, fact: FactOf<'dispute'>): Promise<Kept> {
  const payment = await paymentOfIntent(tx, fact.paymentIntentId);
  if (payment === null) return { ask: { about: 'payment-intent', id: fact.paymentIntentId } };
  await noteDispute(tx, payment, fact.dispute);
  return 'kept';
}

async function keepFailure(keeping: Keeping, fact: FactOf<'failed-invoice'>): Promise<Kept> {
  const { tx } = keeping;
  const membership = await membershipOf(keeping, fact);
  if ('ask' in membership) return membership;
  const { stripeInvoiceId, attempt } = fact.failed;
  const fresh = await noteFailure(tx, membership.id, fact.failed);
  if (!fresh) return 'kept';
  const paid = await paymentOfInvoice(tx, stripeInvoiceId);
  if (paid !== null) await writeOfRecovery(keeping, paid, null);
  // Without a next attempt the plan is about to end, and the goodbye says what this letter would.
  if (fact.nextAttemptAt === null) return 'kept';
  await write(keeping, fact.failed.failedAt, {
    kind: 'payment-failed',
    key: `${stripeInvoiceId}:${attempt}`,
    to: { readerId: membership.readerId },
    locale: await localeOf(tx, membership.readerId),
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
  if (paid !== null || (await isHeld(tx, stripeInvoiceId, attempt))) {
    await takeBackLetter(tx, 'payment-failed', `${stripeInvoiceId}:${attempt}`);
  }
  return 'kept';
}

/** The reader's bank wants them to confirm: one letter per invoice says so, in place of the one that an attempt failed. */
async function keepHeld(keeping: Keeping, fact: FactOf<'held-invoice'>): Promise<Kept> {
  const { tx } = keeping;
  const membership = await membershipOf(keeping, fact);
  if ('ask' in membership) return membership;
  const { stripeInvoiceId, attempt } = fact.held;
  const fresh = await write(keeping, fact.held.failedAt, {
    kind: 'action-required',
    key: stripeInvoiceId,
    to: { readerId: membership.readerId },
    locale: await localeOf(tx, membership.readerId),
    facts: {
      membershipId: membership.id,
      amountMinor: fact.held.amountMinor.toString(),
      currency: fact.held.currency,
      kind: membership.interval,
      attempt,
    },
  });
  if (!fresh) return 'kept';
  await takeBackLetter(tx, 'payment-failed', `${stripeInvoiceId}:${attempt}`);
  if ((await paymentOfInvoice(tx, stripeInvoiceId)) !== null)
    await takeBackLetter(tx, 'action-required', stripeInvoiceId);
  return 'kept';
}

/** Whether the reader was asked to confirm this very attempt. */
async function isHeld(tx: Tx, stripeInvoiceId: string, attempt: number): Promise<boolean> {
  const written = await letterWritten(tx, 'action-required', stripeInvoiceId);
  return written?.attempt === attempt;
}

/** Whose attempt failed; or what must be asked first. */
async function membershipOf(
  { tx }: Keeping,
  of: { stripeSubscriptionId: string; stripeCustomerId: string },
): Promise<{ id: string; readerId: string; interval: 'month' | 'year' } | { ask: Question }> {
  await lockCustomer(tx, of.stripeCustomerId);
  const [membership] = await tx
    .select({ id: memberships.id, readerId: memberships.readerId, interval: memberships.interval })
    .from(memberships)
    .where(eq(memberships.stripeSubscriptionId, of.stripeSubscriptionId));
  if (!membership) return { ask: { about: 'subscription', id: of.stripeSubscriptionId } };
  const { id, readerId, interval } = membership;
  return readerId === null
    ? { ask: { about: 'customer', id: of.stripeCustomerId } }
    : { id, readerId, interval };
}

/**
 * An invoice was paid of which an attempt had failed: whichever of the two is heard last, the reader is thanked once. The
 * receipt is taken back for it; where that is on its way already, it has said what there is to say.
 */
async function writeOfRecovery(keeping: Keeping, payment: Payment, nextAt: string | null): Promise<void> {
  const { tx } = keeping;
  const { stripeInvoiceId, kind } = payment;
  if (stripeInvoiceId === null || kind === 'once') return;
  const attempts = await failedAttempts(tx, stripeInvoiceId);
  if (attempts.length === 0) return;
  const fresh = await write(keeping, payment.paidAt, {
    kind: 'recovered',
    key: stripeInvoiceId,
    to: { readerId: payment.readerId },
    locale: await localeOf(tx, payment.readerId),
    facts: { ...receiptFacts(payment), kind, nextAt },
  });
  if (fresh && !(await takeBackLetter(tx, 'renewal-receipt', stripeInvoiceId)))
    await takeBackLetter(tx, 'recovered', stripeInvoiceId);
  await takeBackLetter(tx, 'action-required', stripeInvoiceId);
  for (const attempt of attempts) await takeBackLetter(tx, 'payment-failed', `${stripeInvoiceId}:${attempt}`);
}

/**
 * Whose gift this is: by the customer if we know it, else by the address; null when neither tells.
 * What is learnt here gives the customer's waiting memberships to that reader.
 */
async function whoGave(
  keeping: Keeping,
  stripeCustomerId: string | null,
  person: Person | null,
  intent: Checkout,
): Promise<string | null> {
  const { tx, now, keys } = keeping;
  if (stripeCustomerId !== null) {
    await lockCustomer(tx, stripeCustomerId);
    const known = await readerOfCustomer(tx, stripeCustomerId);
    if (known !== null) return known;
  }
  if (person === null) return null;
  const readerId = await findOrMakeReader(
    tx,
    now,
    sealPerson(keys, addressAsTold(person.address), person.name, intent.locale),
  );
  if (stripeCustomerId === null) return readerId;
  const owner = await noteCustomer(tx, now, stripeCustomerId, readerId);
  await claimMemberships(tx, stripeCustomerId, owner);
  await writeOfEndings(keeping, owner);
  await noteSecondGifts(tx, now, owner);
  return owner;
}

/** Stripe takes addresses that our forms would not; the money is a reader's all the same. */
function addressAsTold(told: string) {
  const parsed = parseAddress(told);
  return isFault(parsed) ? { address: told, lookUp: told.toLowerCase() } : parsed;
}

/** Letters of goodbye follow from the looks kept, one for each ending that was asked for or forced. */
async function writeOfEndings(keeping: Keeping, readerId: string): Promise<void> {
  const { tx } = keeping;
  const endings = await tx
    .select({ look: membershipLooks, subscription: memberships.stripeSubscriptionId })
    .from(membershipLooks)
    .innerJoin(memberships, eq(memberships.id, membershipLooks.membershipId))
    .where(
      and(
        eq(memberships.readerId, readerId),
        // What only stands in for an event is written of when that comes.
        eq(membershipLooks.provisional, false),
        // Of what we ended since a newer gift took its place, another letter tells.
        or(not(endedForNewer), eq(membershipLooks.endReason, 'involuntary')),
        or(
          isNotNull(membershipLooks.endsAt),
          isNotNull(membershipLooks.endReason),
          eq(membershipLooks.standing, 'unpaid'),
        ),
      ),
    )
    .orderBy(membershipLooks.lookedAt, membershipLooks.rank);
  if (endings.length === 0) return;
  const locale = await localeOf(tx, readerId);
  for (const { look, subscription } of endings) {
    // An imported gift ended in another system, which told its reader.
    if (subscription === null) continue;
    const facts = {
      membershipId: look.membershipId,
      amountMinor: look.amountMinor.toString(),
      currency: look.currency,
      kind: look.interval === 'year' ? ('year' as const) : ('month' as const),
    };
    if (look.endReason === 'involuntary' || look.standing === 'unpaid') {
      const endedAt = look.endedAt ?? look.lookedAt;
      await write(keeping, endedAt, {
        kind: 'gift-lost',
        key: subscription,
        to: { readerId },
        locale,
        facts: { ...facts, endedAt: endedAt.toISOString() },
      });
      continue;
    }
    const askedAt = look.cancelRequestedAt ?? look.endedAt ?? look.lookedAt;
    const endsAt = look.endsAt ?? look.endedAt ?? look.periodEndsAt;
    await write(keeping, askedAt, {
      kind: 'gift-ending',
      key: `${subscription}:${askedAt.toISOString()}`,
      to: { readerId },
      locale,
      facts: { ...facts, endsAt: endsAt.toISOString() },
    });
  }
}

/** Told by the change itself, which says what was before: no other order of events gives it another key. */
function changesAmount({ facts, replaced, provisional }: SubscriptionLook): boolean {
  if (replaced === null || provisional || !runs(facts.standing) || !runs(replaced.standing)) return false;
  return replaced.amountMinor !== facts.amountMinor || replaced.interval !== facts.interval;
}

/** Told by the change itself, as another amount is. */
function pauses({ facts, replaced, provisional }: SubscriptionLook): boolean {
  if (replaced === null || provisional) return false;
  return facts.standing === 'paused' && runs(replaced.standing) && replaced.standing !== 'paused';
}

async function writeOfPause(
  keeping: Keeping,
  readerId: string,
  membershipId: string,
  { stripeSubscriptionId, lookedAt, facts }: SubscriptionLook,
): Promise<void> {
  await write(keeping, lookedAt, {
    kind: 'paused',
    key: `${stripeSubscriptionId}:${lookedAt.toISOString()}`,
    to: { readerId },
    locale: await localeOf(keeping.tx, readerId),
    facts: {
      membershipId,
      amountMinor: facts.amountMinor.toString(),
      currency: facts.currency,
      kind: facts.interval,
      // A look does not tell it.
      resumesAt: null,
    },
  });
}

async function writeOfAmount(
  keeping: Keeping,
  readerId: string,
  membershipId: string,
  { stripeSubscriptionId, lookedAt, facts, replaced }: SubscriptionLook,
): Promise<void> {
  await write(keeping, lookedAt, {
    kind: 'amount-changed',
    key: `${stripeSubscriptionId}:${lookedAt.toISOString()}:${facts.amountMinor}`,
    to: { readerId },
    locale: await localeOf(keeping.tx, readerId),
    facts: {
      membershipId,
      amountMinor: facts.amountMinor.toString(),
      currency: facts.currency,
      kind: facts.interval,
      beforeMinor: (replaced?.amountMinor ?? 0n).toString(),
      nextAt: facts.periodEndsAt.toISOString(),
    },
  });
}

/** A letter's deadline counts from what it tells of: long after that its key is only taken, and nothing is sent. */
async function write<K extends LetterKind>(
  { tx, now, letterDomain, quiet }: Keeping,
  happenedAt: Date,
  letter: NewLetter<K>,
): Promise<boolean> {
  return queueLetter(tx, now, letterDomain, { ...letter, wantedAt: quiet ? at(0) : happenedAt });
}

function receiptFacts(payment: Payment) {
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

async function localeOf(tx: Tx, readerId: string, intent?: Checkout): Promise<string> {
  const [reader] = await tx.select({ locale: readers.locale }).from(readers).where(eq(readers.id, readerId));
  return reader?.locale ?? intent?.locale ?? 'en';
}
