// Prepared cohorts: supporters from the month of their first gift on, from kept sums.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { followedLines } from './followed.ts';
import { grainOf, isPrepared, type KeptKind, type PreparedQuestion, prepare } from './prepared.ts';
import { everyoneChanged, factsNow, factsThen } from './prepared-facts.ts';
import type { Question } from './question.ts';

export const cohortSums: KeptKind = {
  table: 'kept_cohorts',
  keys: ['cohort', 'month', 'currency'],
  unique: 'one_sum_of_cohorts',
  sums: ['facts', 'giving', 'standing', 'promised'],
  // Persons once are the same in any currency.
  lines: ({ mode }, facts, times) => {
    const monthOf = (moment: SQL) =>
      sql`(${monthsKept('on_day')})[width_bucket(${moment}, ${monthsKept('starts_at')})]`;
    const lines = followedLines({ facts, times, monthOf });
    return mode === 'own' ? lines : sql`select * from (${lines}) as none where false`;
  },
};

function monthsKept(column: 'on_day' | 'starts_at'): SQL {
  return sql`(select array_agg(${sql.identifier(column)} order by on_day) from kept_days where extract(day from on_day) = 1)`;
}

/**
 * The statement's part `followed`: as `followedLines` has it, `cohort` and `month` as numbers of the question's periods, 0 before the
 * first. Where the range begins or ends within a month everything is counted: about two minutes for a million supporters.
 */
export async function followedOf(reads: Reads, asked: Question): Promise<SQL> {
  const question = await prepare(reads, asked);
  const { currency } = asked;
  const labelled = currency === 'reporting' ? sql`(select reporting from given)` : sql`currency`;
  return sql`${everyoneChanged}, followed as (
  select cohort, month, ${labelled} as currency, sum(facts) as facts, sum(giving) as giving, sum(standing) as standing, sum(promised) as promised
  from (${isPrepared(question) && grainOf(question) === 'month' ? kept(question) : counted(null, 1)}) as line
  where cohort > 0 ${currency === null ? sql`` : sql`and currency is ${sql.raw(currency === 'reporting' ? '' : 'not')} null`}
  group by 1, 2, 3
  having sum(facts) > 0
)`;
}

function kept(question: PreparedQuestion): SQL {
  const firsts = sql.param(question.periods.map(({ firstOn }) => firstOn));
  const number = (column: string) => sql`width_bucket(${sql.identifier(column)}, ${firsts}::date[])`;
  return sql`
  select ${number('cohort')} as cohort, ${number('month')} as month, k.currency, facts, giving, standing, promised
  from given
  join kept_cohorts k on k.mode = 'own'
    and k.cohort >= ${question.from}::date and k.cohort < ${question.to}::date and k.month < ${question.to}::date
    and (given.only_currency is null or k.currency = given.only_currency)
  ${
    question.hasChanges ? sql`union all ${counted(factsNow, 1)} union all ${counted(factsThen, -1)}` : sql``
  }`;
}

function counted(facts: SQL | null, times: 1 | -1): SQL {
  const monthOf = (moment: SQL) => sql`width_bucket(${moment}, given.starts)`;
  return sql`select * from (${followedLines({ facts, times, monthOf })}) as counted`;
}
