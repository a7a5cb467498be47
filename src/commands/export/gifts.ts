// Gifts as `import` reads them: what was received, and what a membership's failed attempts were.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../../outside/database.ts';
import type { Keys } from '../../outside/keys.ts';
import type { Row } from '../../reports/report.ts';
import { decimalString, isCurrency } from '../../values/money.ts';
import { giftColumns, moreGiftColumns } from '../import/gift-row.ts';
import { type Chosen, columnsFor, moment, type Sealed, text, whose } from './raw.ts';
import { rowsOf } from './stream.ts';

export function giftsColumns(withAddresses: boolean): string[] {
  return columnsFor(giftColumns, moreGiftColumns, withAddresses);
}

/**
 * The gifts of a range, the oldest first, and then the failed attempts. What was refunded in several steps, or lost in a dispute, is
 * one refund on the day of the last.
 */
export async function* exportedGifts(
  reads: Reads,
  keys: Keys,
  chosen: Chosen,
  withAddresses: boolean,
): AsyncGenerator<Row[]> {
  for (const statement of [received(chosen), failed(chosen)]) {
    for await (const rows of rowsOf<Found>(reads, statement))
      yield rows.map((row) => rowOf(keys, row, withAddresses));
  }
}

type Found = Sealed & {
  external_id: string;
  membership: string | null;
  happened_at: Date | string;
  amount_minor: string;
  fees_covered_minor: string;
  currency: string;
  kind: string;
  fee_minor: string | null;
  returned_minor: string | null;
  returned_at: Date | string | null;
  status: string;
  campaign: string | null;
  article: string | null;
  component: string | null;
  referrer: string | null;
  country: string | null;
  method: string | null;
};

function received(chosen: Chosen): SQL {
  return sql`
    select coalesce(p.external_id, p.id::text) as external_id, p.reader_id, r.address_sealed, r.name_sealed,
      case when m.reader_id is not null then coalesce(m.external_id, m.id::text) end as membership,
      p.paid_at as happened_at, p.amount_minor, p.fees_covered_minor, p.currency, p.kind, p.fee_minor,
      returned.minor as returned_minor, returned.at as returned_at, 'succeeded' as status,
      p.campaign, p.article, p.component, p.referrer, p.country, p.method
    from payments p
    join readers r on r.id = p.reader_id
    left join memberships m on m.id = p.membership_id
    left join lateral (
      select sum(case when a.kind in ('refund', 'dispute_withdrawn') then a.amount_minor else -a.amount_minor end) as minor,
        max(a.happened_at) filter (where a.kind in ('refund', 'dispute_withdrawn')) as at
      from adjustments a where a.payment_id = p.id
    ) as returned on true
    where ${within(sql`p.paid_at`, chosen)} and ${matching(sql`p.currency`, chosen.currency)}
      and ${matching(sql`p.campaign`, chosen.campaign)}
    order by p.paid_at, p.id`;
}

/** Of a failed attempt there is no campaign but its membership's, which the membership itself tells. */
function failed(chosen: Chosen): SQL {
  return sql`
    select coalesce(f.external_id, f.id::text) as external_id, m.reader_id, r.address_sealed, r.name_sealed,
      coalesce(m.external_id, m.id::text) as membership, f.failed_at as happened_at, f.amount_minor,
      0 as fees_covered_minor, f.currency, m.interval as kind, null as fee_minor, null as returned_minor,
      null as returned_at, 'failed' as status, null as campaign, null as article, null as component, null as referrer,
      null as country, null as method
    from payment_failures f
    join memberships m on m.id = f.membership_id
    join readers r on r.id = m.reader_id
    where ${within(sql`f.failed_at`, chosen)} and ${matching(sql`f.currency`, chosen.currency)}
      and ${matching(sql`m.campaign`, chosen.campaign)}
    order by f.failed_at, f.id`;
}

function within(column: SQL, { from, to }: Chosen): SQL {
  return sql`${column} >= ${from?.toISOString() ?? '-infinity'}::timestamptz
    and ${column} < ${to?.toISOString() ?? 'infinity'}::timestamptz`;
}

function matching(column: SQL, value: string | null): SQL {
  return value === null ? sql`true` : sql`${column} = ${value}`;
}

function rowOf(keys: Keys, found: Found, withAddresses: boolean): Row {
  const { currency } = found;
  if (!isCurrency(currency)) throw new Error('A gift is in a currency that is none');
  const major = (minor: bigint) => decimalString({ amountMinor: minor, currency });
  const amountMinor = BigInt(found.amount_minor);
  const returnedMinor = BigInt(found.returned_minor ?? 0);
  const isReturned = returnedMinor > 0n && found.returned_at !== null;
  const coveredMinor = BigInt(found.fees_covered_minor);
  return {
    ...whose(keys, found, withAddresses),
    external_id: found.external_id,
    happened_at: moment(found.happened_at),
    amount: major(amountMinor),
    currency,
    kind: found.kind,
    membership_external_id: found.kind === 'once' ? null : found.membership,
    fee: found.fee_minor === null ? null : major(BigInt(found.fee_minor)),
    refunded_amount: isReturned ? major(returnedMinor < amountMinor ? returnedMinor : amountMinor) : null,
    refunded_at: isReturned ? moment(found.returned_at) : null,
    status: found.status,
    campaign: text(found.campaign),
    article: text(found.article),
    country: text(found.country),
    fees_covered: coveredMinor > 0n ? major(coveredMinor) : null,
    component: text(found.component),
    referrer: text(found.referrer),
    method: text(found.method),
  };
}
