// What a reader gave: the newest payments one by one, and the years in which there were any.
import { desc, eq, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { adjustments, payments } from '../schema.ts';
import { type Frequency, isCurrency, type Money } from '../values/money.ts';

export interface Given {
  paidAt: Date;
  amount: Money;
  kind: Frequency;
  /** What went back of it until now; null where nothing did. */
  sentBack: Money | null;
}

export interface History {
  newest: Given[];
  /** Calendar years of the publication's zone, the newest first. */
  years: number[];
}

/** Whatever was received, through another system as well. */
export async function historyOf(reads: Reads, readerId: string, timeZone: string): Promise<History> {
  const back = sql<string>`coalesce((select sum(case when ${adjustments.kind} in ('refund', 'dispute_withdrawn')
    then ${adjustments.amountMinor} else -${adjustments.amountMinor} end)
    from ${adjustments} where ${adjustments.paymentId} = ${payments.id}), 0)::text`;
  const rows = await reads
    .select({
      paidAt: payments.paidAt,
      amountMinor: payments.amountMinor,
      currency: payments.currency,
      kind: payments.kind,
      back,
    })
    .from(payments)
    .where(eq(payments.readerId, readerId))
    .orderBy(desc(payments.paidAt), desc(payments.id))
    .limit(newestShown);
  const { rows: years } = await reads.execute<{ year: number }>(sql`
    select distinct extract(year from ${payments.paidAt} at time zone ${timeZone})::int as year
    from ${payments} where ${payments.readerId} = ${readerId} order by 1 desc`);
  return { newest: rows.map(givenOf), years: years.map(({ year }) => year) };
}

const newestShown = 12;

function givenOf(row: {
  paidAt: Date;
  amountMinor: bigint;
  currency: string;
  kind: Frequency;
  back: string;
}): Given {
  const { paidAt, amountMinor, currency, kind } = row;
  if (!isCurrency(currency)) throw new Error('A payment is in a currency that is none');
  const backMinor = BigInt(row.back);
  return {
    paidAt,
    kind,
    amount: { amountMinor, currency },
    sentBack: backMinor > 0n ? { amountMinor: backMinor, currency } : null,
  };
}
