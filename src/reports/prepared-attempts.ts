// Prepared attempts: regular payments by their first attempt, from sums kept by day and month; what recovery and its times rest on.
import { type SQL, sql } from 'drizzle-orm';
import { attempts } from './attempts.ts';
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

/** Attempts by day and month, currency and the hours that it took to collect what failed. */
export const attemptSums: KeptKind = {
  table: 'kept_attempts',
  keys: ['grain', 'on_day', 'currency', 'own_currency', 'hours'],
  unique: 'one_sum_of_attempts',
  sums: ['facts', 'own_minor', 'attempted', 'failed', 'recovered'],
  lines: (_keeping, facts, times) => byDayAndMonth(attemptLines(facts, times)),
};

/**
 * The statement's part `attempted`: a row per period (`bucket`), currency and `hours` from the first attempt to the payment (null
 * where none was needed or none came), with how many there are. Where `own_currency` is not null no rate is known, and only
 * `own_minor` tells how much.
 */
export function attemptsOf(question: Question): SQL {
  return sql`attempted as (
  select number as bucket, currency, own_currency, hours, sum(facts) as facts, sum(own_minor) as own_minor,
    sum(attempted) as attempted, sum(failed) as failed, sum(recovered) as recovered
  from (${isPrepared(question) ? keptAttempts(question) : attemptLines(sql`all_facts as (select)`, 1)}) as each
  group by number, currency, own_currency, hours
  having sum(facts) > 0
)`;
}

const keptAttempts = (question: PreparedQuestion) => sql`
  select ${keptNumber(question)} as number, k.currency, own_currency, hours, facts, own_minor, attempted, failed, recovered
  from given
  join kept_attempts k on k.mode = case when given.reporting is null then 'own' else 'reporting' end
    and k.grain = ${grainOf(question)} and k.on_day >= ${question.from}::date and k.on_day < ${question.to}::date
    and (given.only_currency is null or k.currency = given.only_currency)
  ${
    question.hasChanges
      ? sql`union all
  select * from (${attemptLines(sql`${everyoneChanged}, ${factsNow}`, 1)}) as now
  union all
  select * from (${attemptLines(sql`${everyoneChanged}, ${factsThen}`, -1)}) as was`
      : sql``
  }`;

/** Sums over the supporters of these facts, as in prepared-money.ts. */
function attemptLines(facts: SQL, times: 1 | -1): SQL {
  const sum = (value: SQL) => sql`${sql.raw(String(times))} * coalesce(sum(${value}), 0)`;
  return sql`
    with ${facts}, attempt as (${attempts})
    select width_bucket(at, given.starts) as number, coalesce(given.reporting, attempt.own_currency) as currency,
      case when rate is null then attempt.own_currency end as own_currency,
      case when collected_at is not null then ceil(extract(epoch from collected_at - at) / 3600)::int end as hours,
      ${sql.raw(String(times))} * count(*) as facts, ${sum(sql`amount_minor`)} as own_minor,
      ${sum(sql`amount_minor * rate`)} as attempted, ${sum(sql`case when has_failed then amount_minor * rate end`)} as failed,
      ${sum(sql`case when collected_at is not null then amount_minor * rate end`)} as recovered
    from given cross join attempt
    group by 1, 2, 3, 4`;
}
