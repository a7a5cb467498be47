// Prepared comparisons: every stretch of time beside the one before it, from kept sums; what retention and growth rest on.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { addMonths } from '../values/calendar.ts';
import { startOf } from '../values/period.ts';
import { type Comparing, comparedLines, stretchSets } from './compared.ts';
import { areKept, countedRanges, rangeNamed, rangeOf } from './kept-ranges.ts';
import { isPrepared, type KeptKind, prepare } from './prepared.ts';
import { everyoneChanged, factsNow, factsThen } from './prepared-facts.ts';
import type { Question } from './question.ts';
import type { KeptRange, Stretch } from './stretch.ts';

/** Months and fiscal years each beside the one before, and the stretches of ranges that staff ask for (see kept-ranges.ts). */
export const comparisonSums: KeptKind = {
  table: 'kept_comparisons',
  keys: ['grain', 'number', 'currency', 'part', 'was_new'],
  unique: 'one_sum_of_comparisons',
  sums: ['facts', 'previous', 'current'],
  lines: ({ fiscalYearStart }, facts, times) =>
    linesOf(sql`${calendarSets(fiscalYearStart)} union all ${countedRanges}`, facts, times),
};

/** The same of one range alone, for it to be kept from then on. */
export function rangeSums(name: string): KeptKind {
  return { ...comparisonSums, lines: (_keeping, facts, times) => linesOf(rangeNamed(name), facts, times) };
}

function linesOf(sets: SQL, facts: SQL, times: 1 | -1): SQL {
  return sql`
    select set_name as grain, number, currency, part, was_new, facts, previous, current
    from (${comparedLines(sets, { facts, times, firstGifts: 'at-once', persons: false })}) as compared`;
}

/** Months numbered from the year 0 on, and fiscal years by the calendar year they begin in, from the days that sums are kept for. */
function calendarSets(fiscalYearStart: number): SQL {
  const set = (name: string, number: SQL, begins: SQL) => sql`
    select ${sql.raw(`'${name}'`)}, (array_agg(${number} order by on_day))[1]::int, array_agg(starts_at order by on_day),
      array_agg(ends_at order by on_day)
    from (
      select on_day, starts_at, lead(starts_at, 1, 'infinity') over (order by on_day) as ends_at
      from kept_days
      where ${begins} or on_day = (select min(on_day) from kept_days)
    ) as each
    having count(*) > 0`;
  const start = sql.raw(String(fiscalYearStart));
  return sql`${set(
    'month',
    sql`extract(year from on_day) * 12 + extract(month from on_day) - 1`,
    sql`extract(day from on_day) = 1`,
  )} union all ${set(
    'year',
    sql`extract(year from on_day) - (extract(month from on_day) < ${start})::int`,
    sql`extract(day from on_day) = 1 and extract(month from on_day) = ${start}`,
  )}`;
}

/** What stands beside what precedes it: stretches of a question, by set and number. */
export type Later = Pick<Stretch, 'set' | 'number'>;

/** What a question asks for beside the calendar's stretches; counted quickly if it is kept (see kept-ranges.ts). */
export function rangesBeside(question: Question): KeptRange[] {
  const sets = (['periods', 'whole'] as const).filter((set) => calendarOf(question, set) === null);
  return sets.map((set) => rangeOf(question, set));
}

/**
 * The statement's part `comparison`, as `comparedLines` has it, which needs `given`: these stretches beside what precedes each, from sums where they are kept. `stretches` are those and what precedes them, without
 * holes in a set's numbers. A range that is not kept is counted over all payments of its stretches: some seconds for each million.
 */
export async function comparisonOf(
  reads: Reads,
  asked: Question,
  stretches: readonly Stretch[],
  laters: readonly Later[],
): Promise<SQL> {
  const question = await prepare(reads, asked);
  const persons = asked.currency === null;
  const sets = [...new Set(laters.map(({ set }) => set))];
  const ranges = new Map(
    sets.filter((set) => calendarOf(asked, set) === null).map((set) => [set, rangeOf(asked, set)]),
  );
  const known = isPrepared(question) ? await areKept(reads, [...ranges.values()]) : new Set<string>();
  const grainOf = (set: Stretch['set']) => {
    if (!isPrepared(question)) return null;
    const range = ranges.get(set);
    return range === undefined ? calendarOf(asked, set) : known.has(range.name) ? range.name : null;
  };
  const kept = new Set(sets.filter((set) => grainOf(set) !== null));
  const of = (isKept: boolean) => stretches.filter(({ set }) => kept.has(set) === isKept);
  const counted = (some: readonly Stretch[], facts: SQL | null, times: 1 | -1): SQL => {
    const firstGifts: Comparing['firstGifts'] = facts === null ? 'by-index' : 'at-once';
    return sql`
  select * from (${comparedLines(stretchSets(some), { facts, times, firstGifts, persons })}) as counted`;
  };
  const hasChanges = isPrepared(question) && question.hasChanges && kept.size > 0;
  const sources = [
    ...(kept.size > 0 ? [keptSums(persons)] : []),
    ...(hasChanges ? [counted(of(true), factsNow, 1), counted(of(true), factsThen, -1)] : []),
    ...(of(false).length > 0 ? [counted(of(false), null, 1)] : []),
  ];
  const column = (of: (later: Later) => string | number | null) => sql.param(laters.map(of));
  return sql`${everyoneChanged}, asked as (
  select * from unnest(
    ${column(({ set }) => set)}::text[],
    ${column(({ number }) => number)}::int[],
    ${column(({ set }) => grainOf(set))}::text[],
    ${column((later) => keptNumber(asked, stretches, later))}::int[]
  ) as a(set_name, number, grain, kept_number)
), comparison as (
  select set_name, number, line.currency, part, was_new, sum(facts) as facts, sum(previous) as previous, sum(current) as current
  from (${sql.join(sources, sql` union all `)}) as line
  join asked using (set_name, number)
  group by set_name, number, line.currency, part, was_new
  having sum(facts) > 0
)`;
}

/** Persons once are those that the sums in the reporting currency count. */
function keptSums(persons: boolean): SQL {
  const columns = sql`asked.set_name, asked.number`;
  const rest = sql`k.part, k.was_new, k.facts, k.previous, k.current`;
  const once = sql`
  union all
  select ${columns}, null, ${rest}
  from asked join kept_comparisons k on k.mode = 'reporting' and k.grain = asked.grain and k.number = asked.kept_number
    and k.part <> 'unconverted' and asked.set_name = 'whole'`;
  return sql`
  select ${columns}, k.currency, ${rest}
  from given
  cross join asked
  join kept_comparisons k on k.mode = case when given.reporting is null then 'own' else 'reporting' end
    and k.grain = asked.grain and k.number = asked.kept_number
    and (given.only_currency is null or k.currency = given.only_currency)${persons ? once : sql``}`;
}

/** The sums of the calendar that a set's stretches are among, if they are. */
function calendarOf(question: Question, set: Stretch['set']): 'month' | 'year' | null {
  const { from, to, by, reckoning } = question;
  const calendar = (['month', 'year'] as const).find((length) => {
    const isAligned = [from, to].every((day) => startOf(day, length, reckoning.fiscalYearStart) === day);
    const isOne = addMonths(from, length === 'month' ? 1 : 12) === to;
    return isAligned && (set === 'periods' ? by === length : isOne);
  });
  return calendar ?? null;
}

function keptNumber(question: Question, stretches: readonly Stretch[], later: Later): number {
  const grain = calendarOf(question, later.set);
  if (grain === null) return later.number;
  const stretch = stretches.find(({ set, number }) => set === later.set && number === later.number);
  const firstOn = stretch?.piece.firstOn ?? '';
  const year = Number(firstOn.slice(0, 4));
  return grain === 'year' ? year : year * 12 + Number(firstOn.slice(5, 7)) - 1;
}
