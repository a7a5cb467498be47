// The past of a membership that we came to know late: what it was before the earliest look, as its payments tell it.
import { randomUUIDv7 } from 'node:crypto';
import { and, asc, gt, isNotNull, sql } from 'drizzle-orm';
import { insertRows, isAnyOf, type Reads, type Tx } from '../outside/database.ts';
import { membershipLooks, memberships, payments } from '../schema.ts';
import { digestOf, type LookFacts, rankOf } from './look.ts';
import { refoldMovementsOf } from './movement.ts';
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
 * Writes looks at what these memberships were: from the start on the first amount paid, and each other amount from the payment that
 * first brought it. Only moments before the earliest look are told; pauses in between are not known. Answers how many were new.
 */
export async function notePast(tx: Tx, membershipIds: readonly string[]): Promise<number> {
  const plans = await tx.select().from(memberships).where(isAnyOf(memberships.id, membershipIds));
  const readerIds = plans.flatMap(({ readerId }) => readerId ?? []);
  await lockReaders(tx, readerIds);
  const looks = await tx
    .selectDistinctOn([membershipLooks.membershipId])
    .from(membershipLooks)
    .where(isAnyOf(membershipLooks.membershipId, membershipIds))
    .orderBy(membershipLooks.membershipId, asc(membershipLooks.lookedAt));
  const earliest = new Map(looks.map((look) => [look.membershipId, look]));
  const paid = await tx
    .select()
    .from(payments)
    .where(isAnyOf(payments.membershipId, membershipIds))
    .orderBy(asc(payments.paidAt));
  const paidFor = Map.groupBy(paid, ({ membershipId }) => membershipId);
  const rows = plans.flatMap((plan) => {
    const first = earliest.get(plan.id);
    if (plan.readerId === null || first === undefined) return [];
    const before = (paidFor.get(plan.id) ?? []).filter(({ paidAt }) => paidAt < first.lookedAt);
    return pastLooks(plan, before, first.periodEndsAt).map(({ lookedAt, facts }, at) => ({
      id: randomUUIDv7(),
      membershipId: plan.id,
      lookedAt,
      rank: at === 0 ? rankOf.created : rankOf.updated,
      digest: digestOf(facts),
      replaced: null,
      provisional: false,
      ...facts,
    }));
  });
  const written = await insertRows(tx, membershipLooks, rows, sql`on conflict do nothing returning id`);
  await refoldMovementsOf(tx, readerIds);
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
