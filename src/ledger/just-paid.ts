// Just paid: whose money a checkout brought within the last half hour, for who comes back from paying.
import { and, asc, eq, gte, isNull } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { payments, readers } from '../schema.ts';

export interface JustPaid {
  readerId: string;
  article: string | null;
  campaign: string | null;
}

/** Who paid this checkout, where that was at most 30 minutes of business time ago; null else, and for a reader who was forgotten. */
export async function justPaid(reads: Reads, checkoutId: string, now: Date): Promise<JustPaid | null> {
  const [paid] = await reads
    .select({
      readerId: payments.readerId,
      article: payments.article,
      campaign: payments.campaign,
    })
    .from(payments)
    .innerJoin(readers, and(eq(readers.id, payments.readerId), isNull(readers.erasedAt)))
    .where(
      and(eq(payments.checkoutId, checkoutId), gte(payments.paidAt, new Date(now.getTime() - longestMs))),
    )
    .orderBy(asc(payments.paidAt))
    .limit(1);
  return paid ?? null;
}

const longestMs = 30 * 60_000;
