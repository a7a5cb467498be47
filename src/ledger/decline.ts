// Declines: attempts at new gifts that brought nothing, and the stretches in which there were so many that somebody may be testing cards.
import { lt, sql } from 'drizzle-orm';
import { insertRows, type Tx } from '../outside/database.ts';
import { checkouts, declineBursts, declines } from '../schema.ts';

export interface Decline {
  stripePaymentIntentId: string;
  declinedAt: Date;
}

export interface Burst {
  /** The first of ten minutes by the clock. */
  beganAt: Date;
  declined: number;
  /** New gifts that were completed in them. */
  given: number;
}

/** Notes declined attempts, each once. */
export async function noteDeclines(tx: Tx, told: readonly Decline[]): Promise<void> {
  await insertRows(tx, declines, told);
}

/**
 * The rule: of ten minutes by the clock, twenty declined attempts at new gifts or more, and at least half as many as new gifts
 * that were completed. In a good hour for giving one attempt in ten is declined. Notes such stretches of the last half hour;
 * answers those that were not known.
 */
export async function noteBursts(tx: Tx, now: Date): Promise<Burst[]> {
  const since = new Date(now.getTime() - 3 * stretchMs).toISOString();
  const { rows } = await tx.execute<{
    began_at: string;
    declined: number;
    given: number;
    fresh: boolean;
  }>(sql`
    with many as (
      select to_timestamp(floor(extract(epoch from ${declines.declinedAt}) / 600) * 600) as began_at, count(*) as declined
      from ${declines} where ${declines.declinedAt} >= ${since}::timestamptz
      group by 1 having count(*) >= ${fewest}
    ), beside as (
      select many.*, (
        select count(*) from ${checkouts}
        where ${checkouts.state} = 'completed' and ${checkouts.createdAt} >= many.began_at - interval '1 day'
          and ${checkouts.completedAt} >= many.began_at and ${checkouts.completedAt} < many.began_at + interval '10 minutes'
      ) as given from many
    )
    insert into ${declineBursts} as known (began_at, declined, given)
    select began_at, declined, given from beside where declined * 2 >= given
    on conflict (began_at) do update set declined = excluded.declined, given = excluded.given
      where known.declined < excluded.declined
    returning began_at, declined, given, xmax = 0 as fresh`);
  return rows
    .filter(({ fresh }) => fresh)
    .map(({ began_at, declined, given }) => ({ beganAt: new Date(began_at), declined, given }));
}

const stretchMs = 600_000;
const fewest = 20;

/** Declines of more than a week ago are of no more use. */
export async function sweepDeclines(tx: Tx, now: Date): Promise<void> {
  await tx.delete(declines).where(lt(declines.declinedAt, new Date(now.getTime() - 7 * 86_400_000)));
}
