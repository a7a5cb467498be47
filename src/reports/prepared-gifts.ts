// Prepared gifts: the totals of a list of gifts, from sums kept by day and month.
import { type SQL, sql } from 'drizzle-orm';
import {
  byDayAndMonth,
  grainOf,
  isPrepared,
  type KeptKind,
  keptNumber,
  type PreparedQuestion,
} from './prepared.ts';
import { everyoneChanged, factsNow, factsThen } from './prepared-facts.ts';
import type { Question } from './question.ts';

/** Gifts by day and month and currency, with what refunds and disputes took back of them until now. */
export const giftSums: KeptKind = {
  table: 'kept_gifts',
  keys: ['grain', 'on_day', 'currency'],
  unique: 'one_sum_of_gifts',
  sums: ['facts', 'amount', 'fees_covered', 'fee', 'returned'],
  // One by one, gifts are told in their own currencies alone.
  lines: ({ mode }, facts, times) => byDayAndMonth(giftLines(facts, times, mode === 'own')),
};

/** The statement's part `whole`: the gifts of the range of `given` by currency. */
export function giftsOf(question: Question): SQL {
  return sql`whole as (
  select currency, sum(facts) as gifts, sum(amount) as amount, sum(fees_covered) as fees_covered, sum(fee) as fee,
    sum(returned) as returned
  from (${isPrepared(question) ? keptGifts(question) : giftLines(sql`all_facts as (select)`, 1)}) as each
  group by currency
  having sum(facts) > 0
)`;
}

const keptGifts = (question: PreparedQuestion) => sql`
  select ${keptNumber(question)} as number, k.currency, facts, amount, fees_covered, fee, returned
  from given
  join kept_gifts k on k.mode = 'own' and k.grain = ${grainOf(question)} and k.on_day >= ${question.from}::date
    and k.on_day < ${question.to}::date and (given.only_currency is null or k.currency = given.only_currency)
  ${
    question.hasChanges
      ? sql`union all
  select * from (${giftLines(sql`${everyoneChanged}, ${factsNow}`, 1)}) as now
  union all
  select * from (${giftLines(sql`${everyoneChanged}, ${factsThen}`, -1)}) as was`
      : sql``
  }`;

/** What of a payment was taken back by an adjustment `a`. */
export const takenBack = sql`case when a.kind in ('refund', 'dispute_withdrawn') then a.amount_minor else -a.amount_minor end`;

/** Sums over the supporters of these facts, as in prepared-money.ts. */
function giftLines(facts: SQL, times: 1 | -1, isCounted = true): SQL {
  const sum = (column: string) => sql`${sql.raw(String(times))} * coalesce(sum(${sql.raw(column)}), 0)`;
  return sql`
    with ${facts}, taken as (
      select a.payment_id, sum(${takenBack}) as returned from adjustments a group by a.payment_id
    )
    select width_bucket(p.paid_at, given.starts) as number, p.currency, ${sql.raw(String(times))} * count(*) as facts,
      ${sum('p.amount_minor')} as amount, ${sum('p.fees_covered_minor')} as fees_covered, ${sum('p.fee_minor')} as fee,
      ${sum('taken.returned')} as returned
    from given
    join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
      and (given.only_currency is null or p.currency = given.only_currency)
    left join taken on taken.payment_id = p.id
    where ${isCounted}
    group by 1, 2`;
}
