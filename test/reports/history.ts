// A hand-made history: rows of the ledger as webhooks would have left them, for reports to count.
import { randomUUIDv7 } from 'node:crypto';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { digestOf, rankOf } from '../../src/ledger/look.ts';
import { refoldMovements } from '../../src/ledger/movement.ts';
import type { Standing } from '../../src/ledger/standing.ts';
import type { Database } from '../../src/outside/database.ts';
import {
  adjustments,
  membershipLooks,
  memberships,
  paymentFailures,
  payments,
  readers,
  reminders,
} from '../../src/schema.ts';

export interface Given {
  kind?: 'once' | 'month' | 'year';
  at: string;
  amount: number;
  currency?: string;
  covered?: number;
  fee?: number;
  /** What the balance transaction said, in another currency or the same. */
  settled?: { amount: number; fee: number; currency: string };
  from?: { article?: string; campaign?: string; component?: string; referrer?: string };
  country?: string;
  method?: string;
  reminderId?: string;
  membershipId?: string;
  invoice?: string;
}

export interface GivenBack {
  kind: 'refund' | 'refund_failed' | 'dispute_withdrawn' | 'dispute_reinstated';
  at: string;
  amount: number;
  fee?: number;
  settled?: { amount: number; fee: number; currency: string };
}

/** A plan as it was from a moment on. */
export interface Seen {
  at: string;
  standing?: Standing;
  amount?: number;
  cancelRequestedAt?: string;
  endsAt?: string;
  endedAt?: string;
  endReason?: 'voluntary' | 'involuntary';
  rank?: keyof typeof rankOf;
  /** The look before this one is what it says it replaced. */
  replacesLast?: boolean;
}

export function historyIn(pool: pg.Pool) {
  const database: Database = drizzle({ client: pool });
  return {
    database,

    async reader(): Promise<string> {
      const id = randomUUIDv7();
      await database
        .insert(readers)
        .values({ id, locale: 'en', createdAt: new Date('2020-01-01T00:00:00Z') });
      return id;
    },

    async gives(readerId: string, given: Given): Promise<string> {
      const id = randomUUIDv7();
      const at = new Date(given.at);
      await database.insert(payments).values({
        id,
        readerId,
        kind: given.kind ?? 'once',
        stripePaymentIntentId: `pi_${id}`,
        amountMinor: BigInt(given.amount),
        feesCoveredMinor: BigInt(given.covered ?? 0),
        currency: given.currency ?? 'USD',
        paidAt: at,
        settleDueAt: at,
        ...(given.fee !== undefined && { feeMinor: BigInt(given.fee) }),
        ...(given.settled && {
          settledAmountMinor: BigInt(given.settled.amount),
          settledFeeMinor: BigInt(given.settled.fee),
          settledNetMinor: BigInt(given.settled.amount - given.settled.fee),
          settledCurrency: given.settled.currency,
          settledAt: at,
        }),
        ...(given.country !== undefined && { country: given.country }),
        ...(given.method !== undefined && { method: given.method }),
        ...(given.reminderId !== undefined && { reminderId: given.reminderId }),
        ...(given.membershipId !== undefined && { membershipId: given.membershipId }),
        ...(given.invoice !== undefined && { stripeInvoiceId: given.invoice }),
        ...given.from,
      });
      return id;
    },

    async returns(paymentId: string, currency: string, step: GivenBack): Promise<void> {
      const id = randomUUIDv7();
      const at = new Date(step.at);
      await database.insert(adjustments).values({
        id,
        paymentId,
        kind: step.kind,
        stripeId: `re_${id}`,
        amountMinor: BigInt(step.amount),
        currency,
        happenedAt: at,
        settleDueAt: at,
        ...(step.fee !== undefined && { feeMinor: BigInt(step.fee) }),
        ...(step.settled && {
          settledAmountMinor: BigInt(step.settled.amount),
          settledFeeMinor: BigInt(step.settled.fee),
          settledCurrency: step.settled.currency,
        }),
      });
    },

    /** A membership with all its looks; the movements are folded as the ledger folds them. */
    async promises(
      readerId: string,
      plan: {
        amount: number;
        currency?: string;
        interval?: 'month' | 'year';
        seen: readonly Seen[];
        component?: string;
        /** When the next payment is due; far away if not said. */
        paidUntil?: string;
      },
    ): Promise<string> {
      const id = randomUUIDv7();
      const startedAt = new Date(plan.seen[0]?.at ?? '2026-01-01T00:00:00Z');
      let amount = plan.amount;
      const looks = plan.seen.map((seen) => {
        amount = seen.amount ?? amount;
        return {
          lookedAt: new Date(seen.at),
          rank: rankOf[seen.rank ?? 'updated'],
          replacesLast: seen.replacesLast ?? false,
          facts: {
            standing: seen.standing ?? ('active' as const),
            amountMinor: BigInt(amount),
            currency: plan.currency ?? 'USD',
            interval: plan.interval ?? ('month' as const),
            startedAt,
            periodEndsAt: new Date(plan.paidUntil ?? '2099-01-01T00:00:00Z'),
            cancelRequestedAt: seen.cancelRequestedAt ? new Date(seen.cancelRequestedAt) : null,
            endsAt: seen.endsAt ? new Date(seen.endsAt) : null,
            endedAt: seen.endedAt ? new Date(seen.endedAt) : null,
            endReason: seen.endReason ?? null,
          },
        };
      });
      const last = looks.at(-1);
      if (!last) throw new RangeError('A plan has at least one look');
      const { cancelRequestedAt: _asked, ...known } = last.facts;
      await database.transaction(async (tx) => {
        await tx.insert(memberships).values({
          id,
          readerId,
          stripeSubscriptionId: `sub_${id}`,
          stripeCustomerId: `cus_${readerId}`,
          ...known,
          lookedAt: last.lookedAt,
          createdAt: startedAt,
          ...(plan.component !== undefined && { component: plan.component }),
        });
        for (const [index, look] of looks.entries()) {
          const before = looks[index - 1];
          await tx.insert(membershipLooks).values({
            id: randomUUIDv7(),
            membershipId: id,
            lookedAt: look.lookedAt,
            rank: look.rank,
            digest: digestOf(look.facts),
            replaced: look.replacesLast && before ? digestOf(before.facts) : null,
            ...look.facts,
          });
        }
        await refoldMovements(tx, readerId);
      });
      return id;
    },

    /** An attempt at a membership's invoice that brought no money. */
    async fails(
      membershipId: string,
      failed: { at: string; invoice: string; amount: number; currency?: string; attempt?: number },
    ): Promise<void> {
      await database.insert(paymentFailures).values({
        id: randomUUIDv7(),
        membershipId,
        stripeInvoiceId: failed.invoice,
        attempt: failed.attempt ?? 1,
        amountMinor: BigInt(failed.amount),
        currency: failed.currency ?? 'USD',
        failedAt: new Date(failed.at),
      });
    },

    async remindMe(reminder: Partial<typeof reminders.$inferInsert> & { createdAt: Date }): Promise<string> {
      const id = randomUUIDv7();
      await database.insert(reminders).values({
        id,
        state: 'unconfirmed',
        stage: 'before',
        choice: 'month',
        timeZone: 'UTC',
        locale: 'en',
        sendOn: '2026-01-01',
        dueAt: reminder.createdAt,
        ...reminder,
      });
      return id;
    },
  };
}

export type History = ReturnType<typeof historyIn>;
