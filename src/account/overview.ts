// The overview for programs: what a reader who is signed in gives and gave.
import { z } from 'zod';
import type {} from 'zod-openapi';
import type { Giver } from '../ledger/giver.ts';
import { standings } from '../ledger/standing.ts';
import { frequencies } from '../values/money.ts';
import type { Given } from './history.ts';

/** The answer of `GET /api/v1/account`. Nobody's address or name is in it. */
export const overviewAnswer = z
  .object({
    gifts: z
      .array(
        z.object({
          id: z.uuid(),
          amount_minor: z.int(),
          currency: z.string(),
          interval: z.enum(['month', 'year']),
          standing: z.enum(standings),
          period_ends_at: z.iso.datetime().meta({ description: 'When it is collected next, while it runs.' }),
          ends_at: z.iso.datetime().nullable(),
          ended_at: z.iso.datetime().nullable(),
        }),
      )
      .meta({ description: 'Regular gifts that run; where none does, the newest one that ever did.' }),
    payments: z
      .array(
        z.object({
          paid_at: z.iso.datetime(),
          amount_minor: z.int(),
          currency: z.string(),
          kind: z.enum(frequencies),
          sent_back_minor: z.int(),
        }),
      )
      .meta({ description: 'The newest twelve.' }),
    years: z.array(z.int()).meta({ description: 'In which anything was given.' }),
    discreet: z.boolean(),
  })
  .meta({ id: 'Account' });

export function overviewAnswerOf(
  giver: Giver,
  newest: readonly Given[],
  years: readonly number[],
): z.output<typeof overviewAnswer> {
  return {
    gifts: giver.gifts.map(({ id, amount, interval, standing, periodEndsAt, endsAt, endedAt }) => ({
      id,
      amount_minor: Number(amount.amountMinor),
      currency: amount.currency,
      interval,
      standing,
      period_ends_at: periodEndsAt.toISOString(),
      ends_at: endsAt?.toISOString() ?? null,
      ended_at: endedAt?.toISOString() ?? null,
    })),
    payments: newest.map(({ paidAt, amount, kind, sentBack }) => ({
      paid_at: paidAt.toISOString(),
      amount_minor: Number(amount.amountMinor),
      currency: amount.currency,
      kind,
      sent_back_minor: Number(sentBack?.amountMinor ?? 0n),
    })),
    years: [...years],
    discreet: giver.discreet,
  };
}
