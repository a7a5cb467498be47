// Prepared: whether a report may be put together from kept sums, and how its periods lie on the days and months they are kept for.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Period } from '../values/period.ts';
import type { Question } from './question.ts';
import { answered } from './report.ts';

/** A question that is answered from kept sums and the facts that changed since. */
export type PreparedQuestion = Question & { prepared: true; hasChanges: boolean };

/** One kind of sums that are kept over all supporters, in a table of its own; prepared-fold.ts has the list of all. */
export interface KeptKind {
  table: string;
  /** Its columns that tell sums apart, besides `mode`, and the constraint by which they do, `mode` among them. */
  keys: readonly string[];
  unique: string;
  /** Its columns that are added up; `facts` among them says how many there are to a sum, so that one of none is none. */
  sums: readonly string[];
  /**
   * A query of these keys and sums over the supporters of these facts (which stand before what it asks, see prepared-facts.ts),
   * added or (times -1) taken off; lines of the same keys are added up. It finds `given` as a report does, with `starts` the
   * beginnings of all days, and `days`: the `days` themselves, each at its beginning's place. `bounds` is `given` once more.
   */
  lines(keeping: Keeping, facts: SQL, times: 1 | -1): SQL;
}

/** In which currencies, and by which days and years. */
export interface Keeping {
  mode: 'own' | 'reporting';
  timeZone: string;
  /** A month's number. */
  fiscalYearStart: number;
}

/** The keys of lines that are told by the `number` of their day: each counts for its day and for its month. */
export function byDayAndMonth(lines: SQL): SQL {
  return sql`
    select kept.grain, kept.on_day, numbered.*
    from (${lines}) as numbered
    cross join days
    cross join lateral (
      values ('day', days.days[number]), ('month', date_trunc('month', days.days[number])::date)
    ) as kept(grain, on_day)`;
}

/**
 * Marks a question as prepared where sums are kept for its reckoning and few enough facts changed since; else everything is
 * counted, and the answer is the same.
 */
export async function prepare(reads: Reads, question: Question): Promise<Question> {
  const { timeZone, reportingCurrency, fiscalYearStart } = question.reckoning;
  const [found] = await answered(
    reads,
    sql`select exists (select from changed_facts) as has_changes from kept_books
      where time_zone = ${timeZone} and reporting_currency = ${reportingCurrency}
        and fiscal_year_start = ${fiscalYearStart}
        and (select count(*) from (select from changed_facts limit ${mostChanged + 1}) as noted) <= ${mostChanged}`,
  );
  if (!found) return question;
  const prepared: PreparedQuestion = {
    ...question,
    prepared: true,
    // Where nothing waits to be folded the sums alone are the answer as of now or, folded meanwhile, of a moment later.
    hasChanges: found.has_changes === true,
  };
  return prepared;
}

export function isPrepared(question: Question): question is PreparedQuestion {
  return 'prepared' in question && question.prepared === true;
}

/** Months where every period begins with one and the range ends with one. */
export function grainOf({ periods, to }: Question): 'day' | 'month' {
  return to.endsWith('-01') && periods.every(({ firstOn }) => firstOn.endsWith('-01')) ? 'month' : 'day';
}

/** In which of the question's periods a day lies, that of the kept row `k` if no other; 0 before the first. */
export function keptNumber({ periods }: Pick<Question, 'periods'>, day = sql`k.on_day`): SQL {
  return sql`width_bucket(${day}, ${sql.param(periods.map(({ firstOn }) => firstOn))}::date[])`;
}

/** The part `days` as in a kind's lines, with the question's own days and these besides. */
export function knownDays(
  { periods, whole }: Question,
  others: readonly Pick<Period, 'firstOn' | 'startsAt'>[] = [],
): SQL {
  const own = [...periods, ...others, { firstOn: whole.until, startsAt: whole.endsAt }];
  return sql`days as materialized (
  select array_agg(on_day order by on_day) as days, array_agg(starts_at order by on_day) as starts
  from (
    select on_day, starts_at from kept_days
    union
    select * from unnest(
      ${sql.param(own.map(({ firstOn }) => firstOn))}::date[],
      ${sql.param(own.map(({ startsAt }) => startsAt.toISOString()))}::timestamptz[]
    )
  ) as known
)`;
}

/** From here on counting everything is hardly slower. */
const mostChanged = 50_000;
