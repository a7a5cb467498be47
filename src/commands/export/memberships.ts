// Memberships as `import` reads them: how each began, what changed, and how it ended, read off its looks.
import { inArray, type SQL, sql } from 'drizzle-orm';
import { inOrder } from '../../ledger/look.ts';
import { runs, type Standing } from '../../ledger/standing.ts';
import type { Reads } from '../../outside/database.ts';
import type { Keys } from '../../outside/keys.ts';
import type { Row } from '../../reports/report.ts';
import { membershipLooks } from '../../schema.ts';
import { localDate } from '../../values/calendar.ts';
import { decimalString, isCurrency } from '../../values/money.ts';
import { membershipColumns, moreMembershipColumns } from '../import/membership-row.ts';
import { type Chosen, columnsFor, moment, type Sealed, text, whose } from './raw.ts';
import { rowsOf } from './stream.ts';

export function membershipsColumns(withAddresses: boolean): string[] {
  return columnsFor(membershipColumns, moreMembershipColumns, withAddresses);
}

/** Memberships that began in a range and whose reader is known. One that never ran was no promise, and is left out. */
export async function* exportedMemberships(
  reads: Reads,
  keys: Keys,
  chosen: Chosen,
  zone: string,
  withAddresses: boolean,
): AsyncGenerator<Row[]> {
  for await (const rows of rowsOf<Found>(reads, begunIn(chosen))) {
    const looks = await reads
      .select()
      .from(membershipLooks)
      .where(
        inArray(
          membershipLooks.membershipId,
          rows.map(({ id }) => id),
        ),
      );
    const byMembership = Map.groupBy(looks, ({ membershipId }) => membershipId);
    yield rows.flatMap((row) => {
      const life = lifeOf(inOrder(byMembership.get(row.id) ?? []), zone);
      return life === null ? [] : [rowOf(keys, row, life, withAddresses)];
    });
  }
}

type Found = Sealed & {
  id: string;
  external_id: string;
  interval: string;
  campaign: string | null;
  article: string | null;
  component: string | null;
  referrer: string | null;
};

function begunIn({ from, to, currency, campaign }: Chosen): SQL {
  return sql`
    select m.id, coalesce(m.external_id, m.id::text) as external_id, m.reader_id, r.address_sealed, r.name_sealed,
      m.interval, m.campaign, m.article, m.component, m.referrer
    from memberships m join readers r on r.id = m.reader_id
    where m.started_at >= ${from?.toISOString() ?? '-infinity'}::timestamptz
      and m.started_at < ${to?.toISOString() ?? 'infinity'}::timestamptz
      and (${currency}::text is null or m.currency = ${currency})
      and (${campaign}::text is null or m.campaign = ${campaign})
    order by m.id`;
}

type Look = typeof membershipLooks.$inferSelect;

interface Life {
  amountMinor: bigint;
  currency: string;
  startedAt: Date;
  pausedAt: Date | null;
  resumedAt: Date | null;
  cancelRequestedAt: Date | null;
  endedAt: Date | null;
  endReason: string | null;
  /** By local day, of which the last word counts. */
  changes: Map<string, bigint>;
}

/** Of several pauses the last is told; null where it never ran. */
function lifeOf(ordered: readonly Look[], zone: string): Life | null {
  const looks = ordered.slice(ordered.findIndex(({ standing }) => runs(standing as Standing)));
  const first = looks[0];
  const last = looks.at(-1);
  if (!first || !last || !runs(first.standing as Standing)) return null;
  const life: Life = {
    amountMinor: first.amountMinor,
    currency: first.currency,
    startedAt: first.startedAt,
    pausedAt: null,
    resumedAt: null,
    cancelRequestedAt: last.cancelRequestedAt,
    endedAt: null,
    endReason: null,
    changes: new Map(),
  };
  for (const [at, look] of looks.entries()) {
    const before = looks[at - 1];
    const isOver = !runs(look.standing as Standing);
    if (!isOver && before && before.amountMinor !== look.amountMinor)
      life.changes.set(localDate(look.lookedAt, zone), look.amountMinor);
    if (look.standing === 'paused' && before?.standing !== 'paused') {
      life.pausedAt = look.lookedAt;
      life.resumedAt = null;
    }
    if (!isOver && look.standing !== 'paused' && life.pausedAt !== null) life.resumedAt ??= look.lookedAt;
  }
  if (runs(last.standing as Standing)) return life;
  const endedAt = last.endedAt ?? looks.find(({ standing }) => standing === last.standing)?.lookedAt ?? null;
  return {
    ...life,
    endedAt,
    endReason: last.standing === 'unpaid' ? 'involuntary' : (last.endReason ?? 'voluntary'),
  };
}

function rowOf(keys: Keys, found: Found, life: Life, withAddresses: boolean): Row {
  const { currency } = life;
  if (!isCurrency(currency)) throw new Error('A membership is in a currency that is none');
  const major = (amountMinor: bigint) => decimalString({ amountMinor, currency });
  const { endedAt } = life;
  // What another system is told must follow its own order in time.
  const upToEnd = (moment: Date | null) => (moment && endedAt && moment > endedAt ? endedAt : moment);
  return {
    ...whose(keys, found, withAddresses),
    external_id: found.external_id,
    amount: major(life.amountMinor),
    currency,
    interval: found.interval,
    started_at: moment(life.startedAt),
    paused_at: moment(upToEnd(life.pausedAt)),
    resumed_at: moment(upToEnd(life.resumedAt)),
    cancel_requested_at: moment(upToEnd(life.cancelRequestedAt)),
    ended_at: moment(endedAt),
    end_reason: life.endReason,
    campaign: text(found.campaign),
    amount_changes:
      [...life.changes].map(([day, amountMinor]) => `${day}:${major(amountMinor)}`).join(';') || null,
    article: text(found.article),
    component: text(found.component),
    referrer: text(found.referrer),
  };
}
