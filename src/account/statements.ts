// Statements: each January every reader who gave in the year before is written what they gave, once, for their own records.
import { sql } from 'drizzle-orm';
import { type LetterFacts, messageDomain, type NewLetter, queueLetters } from '../letters/outbox.ts';
import { type Reads, type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { adjustments, letters, payments, readers } from '../schema.ts';
import { localDate, sendAt } from '../values/calendar.ts';
import { period } from '../values/period.ts';

/** By then what the old year's last days brought, and what went back of it, has been told. */
const firstDayOfJanuary = 5;
const batch = 500;

/**
 * Writes the statements that are due tonight; nothing outside January. Every reader has one key a year, so any number of
 * nights and instances write it once. They go out in the morning, spread over two hours.
 */
export async function writeStatements(
  services: Pick<Services, 'config' | 'database' | 'now'>,
): Promise<void> {
  const now = services.now();
  const { timeZone } = services.config.publication;
  const today = localDate(now, timeZone);
  if (today.slice(5, 7) !== '01' || Number(today.slice(8)) < firstDayOfJanuary) return;
  const year = Number(today.slice(0, 4)) - 1;
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const givers = await transact(services, async (tx) => {
      const found = await giversIn(tx, year, timeZone, after);
      const facts = await yearsOf(
        tx,
        found.map(({ id }) => id),
        year,
        timeZone,
      );
      const written = found.flatMap(({ id, locale }): NewLetter<'annual-statement'>[] => {
        const theirs = facts.get(id);
        if (!theirs?.totals.some(leavesSomething)) return [];
        return [
          {
            kind: 'annual-statement',
            key: `${id}:${year}`,
            to: { readerId: id },
            locale,
            notBefore: sendAt(today, timeZone, id),
            facts: theirs,
          },
        ];
      });
      await queueLetters(tx, now, messageDomain(services.config), written);
      return found;
    });
    const last = givers.at(-1)?.id;
    if (last === undefined || givers.length < batch) return;
    after = last;
  }
}

export type Statement = LetterFacts['annual-statement'];

/** What one reader gave in a calendar year until now; null where that is nothing. Minor units are decimal strings. */
export async function yearOf(
  reads: Reads,
  readerId: string,
  year: number,
  timeZone: string,
): Promise<Statement | null> {
  return (await yearsOf(reads, [readerId], year, timeZone)).get(readerId) ?? null;
}

/**
 * Readers whom we may write to, who gave in that year and have no statement of it, in the order of their ids. Whoever gave
 * through another system alone had one from there.
 */
async function giversIn(
  tx: Tx,
  year: number,
  timeZone: string,
  after: string,
): Promise<{ id: string; locale: string }[]> {
  const { rows } = await tx.execute<{ id: string; locale: string }>(sql`
    select ${readers.id}, ${readers.locale} from ${readers}
    where ${readers.id} > ${after}::uuid and ${readers.erasedAt} is null and ${readers.addressSealed} is not null
      and exists (select from ${payments} where ${payments.readerId} = ${readers.id} and ${within(year, timeZone)}
        and ${payments.externalId} is null)
      and not exists (select from ${letters}
        where ${letters.key} = 'annual-statement:' || ${readers.id} || ':' || ${String(year)})
    order by ${readers.id} limit ${batch}`);
  return rows;
}

/** What each gave: by local day, and by currency with what went back of it until now. */
async function yearsOf(
  reads: Reads,
  readerIds: readonly string[],
  year: number,
  timeZone: string,
): Promise<Map<string, Statement>> {
  if (readerIds.length === 0) return new Map();
  const { rows } = await reads.execute<{
    reader_id: string;
    day: string;
    currency: string;
    gifts: number;
    amount: string;
    sent_back: string;
  }>(sql`
    select ${payments.readerId} as reader_id, (${payments.paidAt} at time zone ${timeZone})::date::text as day,
      ${payments.currency} as currency, count(*)::int as gifts,
      sum(${payments.amountMinor})::text as amount, coalesce(sum(back.minor), 0)::text as sent_back
    from ${payments} left join lateral (
      select sum(case when ${adjustments.kind} in ('refund', 'dispute_withdrawn')
        then ${adjustments.amountMinor} else -${adjustments.amountMinor} end) as minor
      from ${adjustments} where ${adjustments.paymentId} = ${payments.id}
    ) back on true
    where ${payments.readerId} = any(${sql.param([...readerIds])}::uuid[]) and ${within(year, timeZone)}
    group by 1, 2, 3 order by 1, 2, 3`);
  const byReader = Map.groupBy(rows, (row) => row.reader_id);
  return new Map(
    [...byReader].map(([readerId, days]) => [
      readerId,
      {
        year,
        gifts: days.reduce((sum, day) => sum + day.gifts, 0),
        days: days.map(({ day, amount, currency }) => ({ on: day, amountMinor: amount, currency })),
        totals: [...Map.groupBy(days, (day) => day.currency)]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([currency, theirs]) => ({
            currency,
            amountMinor: sumOf(theirs.map((day) => day.amount)),
            sentBackMinor: sumOf(theirs.map((day) => day.sent_back)),
          })),
      },
    ]),
  );
}

/** The calendar year, whatever the publication's fiscal year is: it is the reader's own. */
function within(year: number, timeZone: string) {
  const { startsAt, endsAt } = period(`${year}-01-01`, `${year + 1}-01-01`, timeZone);
  return sql`${payments.paidAt} >= ${startsAt.toISOString()}::timestamptz and ${payments.paidAt} < ${endsAt.toISOString()}::timestamptz`;
}

function sumOf(minors: readonly string[]): string {
  return minors.reduce((sum, minor) => sum + BigInt(minor), 0n).toString();
}

/** A year of which all went back is no year to thank for. */
function leavesSomething(total: Statement['totals'][number]): boolean {
  return BigInt(total.amountMinor) > BigInt(total.sentBackMinor);
}
