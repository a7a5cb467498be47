// Memberships: looks are noted, the newest one is the membership, and the supporter's movements follow.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import { checkouts, membershipLooks, memberships, payments } from '../schema.ts';
import { digestOf, type LookFacts, type Rank, verdictOf } from './look.ts';
import { refoldMovements } from './movement.ts';
import { lockReader, readerOfCustomer } from './reader.ts';

export interface SubscriptionLook {
  stripeSubscriptionId: string;
  stripeCustomerId: string;
  /** Our intent, from the subscription's metadata. */
  checkoutId: string;
  facts: LookFacts;
  lookedAt: Date;
  rank: Rank;
  /** What this look replaced, where Stripe says so. */
  replaced: LookFacts | null;
  /** A look by asking that only stands in for what is not told yet, or settles a tie: dropped once what was told decides. */
  provisional: boolean;
}

export interface NotedLook {
  membershipId: string;
  readerId: string | null;
  /** True when two looks of one second contradict each other: only Stripe can say which is true. */
  undecided: boolean;
}

/**
 * Notes a look and brings the membership and the movements up to date, in the caller's transaction.
 * Answers null when the look names an intent that this service did not begin.
 */
export async function noteLook(tx: Tx, now: Date, look: SubscriptionLook): Promise<NotedLook | null> {
  const readerId = await readerOfCustomer(tx, look.stripeCustomerId);
  if (readerId !== null) await lockReader(tx, readerId);
  const membership = await findOrMakeMembership(tx, now, look, readerId);
  if (membership === null) return null;
  const digest = digestOf(look.facts);
  const replaced = look.replaced === null ? null : digestOf(look.replaced);
  await tx
    .insert(membershipLooks)
    .values({
      id: randomUUIDv7(),
      membershipId: membership.id,
      lookedAt: look.lookedAt,
      rank: look.rank,
      digest,
      // A change of something that does not concern us replaces nothing.
      replaced: replaced === digest ? null : replaced,
      provisional: look.provisional,
      ...look.facts,
    })
    .onConflictDoUpdate({
      target: [
        membershipLooks.membershipId,
        membershipLooks.lookedAt,
        membershipLooks.rank,
        membershipLooks.digest,
        membershipLooks.replaced,
      ],
      set: { provisional: false },
      setWhere: sql`${membershipLooks.provisional} and not excluded.provisional`,
    });
  const undecided = await refreshMembership(tx, membership.id);
  if (membership.readerId !== null) await refoldMovements(tx, membership.readerId);
  return { membershipId: membership.id, readerId: membership.readerId, undecided };
}

/** Gives the memberships of a customer to the reader it turned out to be, and folds their movements. */
export async function claimMemberships(tx: Tx, stripeCustomerId: string, readerId: string): Promise<void> {
  await lockReader(tx, readerId);
  const claimed = await tx
    .update(memberships)
    .set({ readerId })
    .where(and(eq(memberships.stripeCustomerId, stripeCustomerId), isNull(memberships.readerId)))
    .returning({ id: memberships.id });
  if (claimed.length > 0) await refoldMovements(tx, readerId);
}

async function findOrMakeMembership(
  tx: Tx,
  now: Date,
  look: SubscriptionLook,
  readerId: string | null,
): Promise<{ id: string; readerId: string | null } | null> {
  const found = await lockMembership(tx, look.stripeSubscriptionId);
  if (found) {
    if (found.readerId === null && readerId !== null) {
      await tx.update(memberships).set({ readerId }).where(eq(memberships.id, found.id));
      return { id: found.id, readerId };
    }
    return found;
  }
  const [intent] = await tx.select().from(checkouts).where(eq(checkouts.id, look.checkoutId));
  if (!intent) return null;
  const { facts } = look;
  const [made] = await tx
    .insert(memberships)
    .values({
      id: randomUUIDv7(),
      readerId,
      checkoutId: intent.id,
      stripeSubscriptionId: look.stripeSubscriptionId,
      stripeCustomerId: look.stripeCustomerId,
      standing: facts.standing,
      amountMinor: facts.amountMinor,
      currency: facts.currency,
      interval: facts.interval,
      startedAt: facts.startedAt,
      periodEndsAt: facts.periodEndsAt,
      endsAt: facts.endsAt,
      endedAt: facts.endedAt,
      endReason: facts.endReason,
      lookedAt: look.lookedAt,
      article: intent.article,
      campaign: intent.campaign,
      component: intent.component,
      referrer: intent.referrer,
      createdAt: now,
    })
    .onConflictDoNothing({ target: memberships.stripeSubscriptionId })
    .returning({ id: memberships.id, readerId: memberships.readerId });
  if (!made) return lockMembership(tx, look.stripeSubscriptionId);
  await tx
    .update(payments)
    .set({ membershipId: made.id })
    .where(and(eq(payments.stripeSubscriptionId, look.stripeSubscriptionId), isNull(payments.membershipId)));
  return made;
}

async function lockMembership(
  tx: Tx,
  stripeSubscriptionId: string,
): Promise<{ id: string; readerId: string | null } | null> {
  const [row] = await tx
    .select({ id: memberships.id, readerId: memberships.readerId })
    .from(memberships)
    .where(eq(memberships.stripeSubscriptionId, stripeSubscriptionId))
    .for('update');
  return row ?? null;
}

/** The membership is its newest look. Answers whether that is undecided; then the row keeps what the order by digest gives. */
async function refreshMembership(tx: Tx, membershipId: string): Promise<boolean> {
  const looks = await tx.select().from(membershipLooks).where(eq(membershipLooks.membershipId, membershipId));
  const { look, undecided, spent } = verdictOf(looks);
  if (spent.length > 0) {
    await tx.delete(membershipLooks).where(
      inArray(
        membershipLooks.id,
        spent.map(({ id }) => id),
      ),
    );
  }
  if (look === null) return false;
  await tx
    .update(memberships)
    .set({
      standing: look.standing as LookFacts['standing'],
      amountMinor: look.amountMinor,
      currency: look.currency,
      interval: look.interval as LookFacts['interval'],
      startedAt: look.startedAt,
      periodEndsAt: look.periodEndsAt,
      endsAt: look.endsAt,
      endedAt: look.endedAt,
      endReason: look.endReason as LookFacts['endReason'],
      lookedAt: look.lookedAt,
    })
    .where(eq(memberships.id, membershipId));
  return undecided;
}
