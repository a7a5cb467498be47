// Prepared money: what moved, from sums kept by day and month instead of payment by payment; what income and giving rest on.
import { type SQL, sql } from 'drizzle-orm';
import { judgedMoney, judgedTogether, moneyMoved } from './moved.ts';
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

/** Money moved by day and month, currency and kind of gift. */
export const moneySums: KeptKind = {
  table: 'kept_money',
  keys: ['grain', 'on_day', 'currency', 'own_currency', 'kind'],
  unique: 'one_sum_of_money',
  sums: [
    'facts',
    'payments',
    'own_minor',
    'gross',
    'fees_covered',
    'refunds',
    'disputes',
    'fees',
    'first_gifts',
    'first_gifts_of_all',
  ],
  lines: (_keeping, facts, times) => byDayAndMonth(moneyLines(facts, times)),
};

/** The statement's parts `moved` and `judged` (see moved.ts), payment by payment; `key` is a column of the payment `p`. */
export function moneyOf(question: Question, key: SQL): SQL {
  return isPrepared(question)
    ? preparedMoney(question)
    : sql`moved as (${moneyMoved(key)}
), ${judgedMoney}`;
}

/** The same parts, a row per period, currency and kind of gift, which is their `key`. */
function preparedMoney(question: PreparedQuestion): SQL {
  return sql`${everyoneChanged}, summed_money as (
  select ${keptNumber(question)} as number, currency, own_currency, kind, facts, payments, own_minor, gross, fees_covered,
    refunds, disputes, fees, first_gifts, first_gifts_of_all
  from given
  join kept_money k on k.mode = case when given.reporting is null then 'own' else 'reporting' end
    and k.grain = ${grainOf(question)} and k.on_day >= ${question.from}::date and k.on_day < ${question.to}::date
    and (given.only_currency is null or k.currency = given.only_currency)
  ${question.hasChanges ? changedMoney() : sql``}
), moved as (
  select
    number as bucket,
    currency,
    own_currency,
    kind as key,
    sum(payments) as payments,
    sum(own_minor) as own_minor,
    -- Null is what no rate is known for.
    case when own_currency is null then sum(gross) end as gross,
    sum(fees_covered) as fees_covered,
    sum(refunds) as refunds,
    sum(disputes) as disputes,
    sum(fees) as fees,
    sum(first_gifts) as first_gift,
    sum(case when given.only_currency is null then first_gifts_of_all else first_gifts end) as first_gift_of_all
  from given cross join summed_money
  group by number, currency, own_currency, kind
  having sum(facts) > 0
), judged as (select * from moved)`;
}

const changedMoney = () => sql`union all
  select * from (${moneyLines(factsNow, 1)}) as now
  union all
  select * from (${moneyLines(factsThen, -1)}) as was`;

/** Sums over the supporters of these facts, added or (times -1) taken off, in the pieces of `given`. */
function moneyLines(facts: SQL, times: 1 | -1): SQL {
  const sum = (column: string) =>
    sql`${sql.raw(String(times))} * coalesce(sum(${sql.identifier(column)}), 0)`;
  return sql`
    with ${facts}, moved as (${moneyMoved(sql`p.kind`)}
    ), ${judgedTogether}
    select bucket as number, currency, case when gross is null then own_currency end as own_currency, key as kind,
      ${sql.raw(String(times))} * count(*) as facts, ${sum('payments')} as payments, ${sum('own_minor')} as own_minor,
      ${sum('gross')} as gross, ${sum('fees_covered')} as fees_covered, ${sum('refunds')} as refunds,
      ${sum('disputes')} as disputes, ${sum('fees')} as fees, ${sum('first_gift')} as first_gifts,
      ${sum('first_gift_of_all')} as first_gifts_of_all
    from given cross join judged
    group by 1, 2, 3, 4`;
}
