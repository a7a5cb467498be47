// The past of a membership that we came to know late: what it was before the earliest look, as its payments tell it.
import { randomUUIDv7 } from 'node:crypto';
import { and, asc, eq, gt, isNotNull, lt, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { membershipLooks, memberships, payments } from '../schema.ts';
import { digestOf, type LookFacts, rankOf } from './look.ts';
import { refoldMovements } from './movement.ts';
import { lockReaders } from './reader.ts';

/** Memberships that were paid for before the earliest look at them, in the order of their ids, after this one. */
export async function membershipsWithoutPast(
  reads: Reads,
  after: string | undefined,
  most: number,
): Promise<{ id: string }[]> {
  return reads
    .select({ id: memberships.id })
    .from(memberships)
    .where(
      and(
        isNotNull(memberships.readerId),
        after === undefined ? undefined : gt(memberships.id, after),
        // Stripe tells of a beginning within seconds; a day leaves room for a webhook that came late.
        sql`(select min(l.looked_at) from membership_looks l where l.membership_id = ${memberships.id})
          > ${memberships.startedAt} + interval '1 day'`,
        sql`exists (select 1 from payments p where p.membership_id = ${memberships.id})`,
      ),
    )
    .orderBy(asc(memberships.id))
    .limit(most);
}

/**
 * Writes looks at what a membership was: from its start on the first amount paid, and each other amount from the payment that
 * first brought it. Only moments before the earliest look are told; pauses in between are not known. Answers how many were new.
 */
export async function notePast(tx: Tx, membershipId: string): Promise<number> {
  const [membership] = await tx.select().from(memberships).where(eq(memberships.id, membershipId));
  if (!membership?.readerId) return 0;
  await lockReaders(tx, [membership.readerId]);
  const [earliest] = await tx
    .select()
    .from(membershipLooks)
    .where(eq(membershipLooks.membershipId, membershipId))
    .orderBy(asc(membershipLooks.lookedAt))
    .limit(1);
  if (!earliest) return 0;
  const paid = await tx
    .select({ amountMinor: payments.amountMinor, currency: payments.currency, paidAt: payments.paidAt })
    .from(payments)
    .where(and(eq(payments.membershipId, membershipId), lt(payments.paidAt, earliest.lookedAt)))
    .orderBy(asc(payments.paidAt));
  const looks = pastLooks(membership, paid, earliest.periodEndsAt);
  if (looks.length === 0) return 0;
  const written = await tx
    .insert(membershipLooks)
    .values(
      looks.map(({ lookedAt, facts }, at) => ({
        id: randomUUIDv7(),
        membershipId,
        lookedAt,
        rank: at === 0 ? rankOf.created : rankOf.updated,
        digest: digestOf(facts),
        replaced: null,
        ...facts,
      })),
    )
    .onConflictDoNothing()
    .returning({ id: membershipLooks.id });
  await refoldMovements(tx, membership.readerId);
  return written.length;
}

function pastLooks(
  plan: Pick<LookFacts, 'interval' | 'startedAt'>,
  paid: readonly { amountMinor: bigint; currency: string; paidAt: Date }[],
  knownPeriodEndsAt: Date,
): { lookedAt: Date; facts: LookFacts }[] {
  return paid.flatMap((payment, at) => {
    const before = paid[at - 1];
    if (before && before.amountMinor === payment.amountMinor && before.currency === payment.currency)
      return [];
    return [
      {
        lookedAt: before ? payment.paidAt : plan.startedAt,
        facts: {
          standing: 'active',
          amountMinor: payment.amountMinor,
          currency: payment.currency,
          interval: plan.interval,
          startedAt: plan.startedAt,
          periodEndsAt: paid[at + 1]?.paidAt ?? knownPeriodEndsAt,
          cancelRequestedAt: null,
          endsAt: null,
          endedAt: null,
          endReason: null,
        } satisfies LookFacts,
      },
    ];
  });
}
