// Prepared gaps: who is missed in a fiscal year, from rows kept in the list's own order and from their sums.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import { gapLines, gapsOf, keptYear, type YearOf } from './gaps.ts';
import type { KeptKind, PreparedQuestion } from './prepared.ts';
import { everyoneChanged, factsNow, factsThen } from './prepared-facts.ts';
import { type Answered, answered, givenPeriods } from './report.ts';

export const gapSums: KeptKind = {
  table: 'kept_gap_sums',
  keys: ['kind', 'year', 'currency', 'own_currency'],
  unique: 'one_sum_of_gaps',
  sums: ['facts', 'gifts', 'last_year', 'lifetime'],
  lines: ({ mode, fiscalYearStart }, facts, times) =>
    gapLines(facts, times, {
      yearOf: (moment) => keptYear(moment, fiscalYearStart),
      persons: mode === 'own',
    }),
};

/** Writes the rows themselves anew: of some supporters, `changed`, or of all. */
export async function keepGaps(
  tx: Tx,
  { reportingCurrency, fiscalYearStart }: { reportingCurrency: string; fiscalYearStart: number },
  changed: { readers: readonly unknown[]; part: SQL } | null,
): Promise<void> {
  if (changed === null) await tx.execute(sql`delete from kept_gaps`);
  else
    await tx.execute(sql`delete from kept_gaps where reader_id = any(${sql.param(changed.readers)}::uuid[])`);
  for (const mode of ['own', 'reporting'] as const) {
    const reporting = mode === 'reporting' ? reportingCurrency : null;
    const facts = changed === null ? sql`every_fact as (select)` : sql`${changed.part}, ${factsNow}`;
    await tx.execute(sql`
with given as materialized (select ${reporting}::text as reporting, null::text as only_currency), ${gapsOf(facts, (moment) => keptYear(moment, fiscalYearStart))}
insert into kept_gaps (mode, ${columns})
select ${mode}, ${rowsOfGaps}`);
  }
}

const columns = sql.raw(
  'currency, reader_id, from_year, until_year, gifts, first_at, last_at, last_year_minor, lifetime_minor',
);
const rowsOfGaps = sql`currency, reader_id, from_year, until_year, gifts, first_at, last_at, round(last_year), round(lifetime) from gap`;

/** A place in the list: that of one of its rows. */
interface Position {
  currency: string;
  reader: string;
  lastYear: string;
  lifetime: string;
  /** How many rows there are up to it, itself among them. */
  passed: number;
}

export interface Missed {
  year: number;
  /** Only who gave in the year before. */
  lastYearOnly: boolean;
  day(moment: SQL): SQL;
  /** Right up to the year itself; whatever comes after is some later one. */
  yearOf: YearOf;
  /** The row that the page follows; null from the first. */
  passed: { reader: string; currency: string | null } | null;
}

/**
 * The page's rows and the totals as lapsed.ts answers them; null where the row that the page follows is none of the list. The first
 * page costs what it shows; one further on also a count of the rows before it.
 */
export async function readMissed(
  reads: Reads,
  question: PreparedQuestion,
  missed: Missed,
): Promise<Answered[] | null> {
  const position = missed.passed === null ? null : await positionOf(reads, question, missed, missed.passed);
  if (missed.passed !== null && position === null) return null;
  const { day } = missed;
  return answered(
    reads,
    sql`
with ${listParts(question, missed)}, line as (
  select kind, currency, own_currency, facts, gifts, last_year, lifetime
  from given
  join kept_gap_sums k on k.mode = ${modeOf(question)} and ${isTotal(missed)}
    and (given.only_currency is null or k.currency = given.only_currency)
  ${
    question.hasChanges
      ? sql`union all select * from (${changedTotals(question, missed, factsNow, 1)}) as now
  union all select * from (${changedTotals(question, missed, factsThen, -1)}) as was`
      : sql``
  }
), counted as (
  select currency, own_currency, sum(facts) filter (where kind = ${countedKind(missed)}) as facts,
    sum(gifts) filter (where kind = ${countedKind(missed)}) as gifts,
    coalesce(sum(last_year) filter (where kind = 'begun'), 0) as last_year,
    sum(lifetime) filter (where kind = ${countedKind(missed)}) as lifetime
  from line
  group by currency, own_currency
  having sum(facts) filter (where kind = ${countedKind(missed)}) > 0
), block as (
  select currency from counted where currency is not null and own_currency is null
), shown as (
  select row.* from block cross join lateral (${pageOf(question, missed, position)}) as row
  ${question.hasChanges ? sql`union all select ${rowColumns} from changed_row where ${isAfter(sql`changed_row.currency`, position)}` : sql``}
  order by currency, last_year_minor desc, lifetime_minor desc, reader_id
  limit ${question.most + 1}
)
select row_number() over (order by currency, last_year_minor desc, lifetime_minor desc, reader_id) as place, currency, reader_id,
  ${day(sql`first_at`)} as first_gift_on, ${day(sql`last_at`)} as last_gift_on, gifts, last_year_minor, lifetime_minor,
  null as rows, null as donors, null as passed, null as unconverted
from shown
union all
select null, currency, null, null, null, sum(gifts), round(coalesce(sum(last_year), 0)), round(coalesce(sum(lifetime), 0)),
  coalesce(sum(facts), 0),
  coalesce(case when grouping(currency) = 1 then (select sum(facts) from counted where currency is null) end, sum(facts), 0),
  ${position?.passed ?? null}::bigint,
  (select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', lifetime) order by own_currency)
    from counted where own_currency is not null)
from counted
where currency is not null and own_currency is null
group by grouping sets ((currency), ())
order by place, currency`,
  );
}

function listParts(question: PreparedQuestion, missed: Missed): SQL {
  return sql`given as materialized (${givenPeriods(question)}
), ${everyoneChanged}${
    question.hasChanges
      ? sql`, changed_row as materialized (
  select currency, reader_id, gifts, first_at, last_at, case when from_year = ${missed.year} then last_year_minor else 0 end as last_year_minor,
    lifetime_minor
  from (with ${gapsOf(factsNow, missed.yearOf)} select ${rowsOfGaps}) as gap(${columns})
  where ${isMissed(missed)}
)`
      : sql``
  }`;
}

const rowColumns = sql.raw('currency, reader_id, gifts, first_at, last_at, last_year_minor, lifetime_minor');

function isMissed({ year, lastYearOnly }: Missed): SQL {
  return lastYearOnly ? sql`from_year = ${year}` : sql`from_year <= ${year} and until_year > ${year}`;
}

function isTotal({ year, lastYearOnly }: Missed): SQL {
  return lastYearOnly
    ? sql`(kind = 'begun' and year = ${year})`
    : sql`(kind = 'begun' and year = ${year} or kind = 'more' and year <= ${year})`;
}

const countedKind = ({ lastYearOnly }: Missed) => (lastYearOnly ? 'begun' : 'more');

function changedTotals(question: PreparedQuestion, missed: Missed, facts: SQL, times: 1 | -1): SQL {
  const persons = question.currency === null;
  return sql`select kind, currency, own_currency, facts, gifts, last_year, lifetime
    from (${gapLines(facts, times, { yearOf: missed.yearOf, persons })}) as line where ${isTotal(missed)}`;
}

const modeOf = ({ currency }: PreparedQuestion) => (currency === 'reporting' ? 'reporting' : 'own');

const unchanged = ({ hasChanges }: PreparedQuestion) =>
  hasChanges ? sql`k.reader_id not in (select reader_id from changed_reader)` : sql`true`;

/** The first rows of the currency `block`: those that gave last year by what they gave then, and who has been missed for longer. */
function pageOf(question: PreparedQuestion, missed: Missed, position: Position | null): SQL {
  const { year, lastYearOnly } = missed;
  const part = (lastYear: SQL, which: SQL, order: SQL) => sql`(
    select k.currency, k.reader_id, k.gifts, k.first_at, k.last_at, ${lastYear} as last_year_minor, k.lifetime_minor
    from kept_gaps k
    where k.mode = ${modeOf(question)} and k.currency = block.currency and ${which} and ${unchanged(question)}
      and ${isAfter(sql`k.currency`, position, lastYear, sql`k.lifetime_minor`, sql`k.reader_id`)}
    order by ${order}
    limit ${question.most + 1}
  )`;
  const newly = part(
    sql`k.last_year_minor`,
    sql`k.from_year = ${year}`,
    sql`(- k.last_year_minor), (- k.lifetime_minor), k.reader_id`,
  );
  if (lastYearOnly) return newly;
  const longer = part(
    sql`0::bigint`,
    sql`k.from_year < ${year} and k.until_year > ${year}`,
    sql`(- k.lifetime_minor), k.reader_id`,
  );
  return sql`${newly} union all ${longer}`;
}

function isAfter(
  currency: SQL,
  position: Position | null,
  lastYear = sql`last_year_minor`,
  lifetime = sql`lifetime_minor`,
  reader = sql`reader_id`,
): SQL {
  if (position === null) return sql`true`;
  return sql`(${currency} > ${position.currency} or ${currency} = ${position.currency}
    and (- ${lastYear}, - ${lifetime}, ${reader}) > (- ${position.lastYear}::bigint, - ${position.lifetime}::bigint, ${position.reader}::uuid))`;
}

async function positionOf(
  reads: Reads,
  question: PreparedQuestion,
  missed: Missed,
  passed: { reader: string; currency: string | null },
): Promise<Position | null> {
  const [found] = await answered(
    reads,
    sql`
with ${listParts(question, missed)}, listed as (
  select k.currency, k.reader_id, case when from_year = ${missed.year} then k.last_year_minor else 0 end as last_year_minor, k.lifetime_minor
  from given
  join kept_gaps k on k.mode = ${modeOf(question)} and ${isMissed(missed)} and ${unchanged(question)}
    and (given.only_currency is null or k.currency = given.only_currency)
  ${question.hasChanges ? sql`union all select currency, reader_id, last_year_minor, lifetime_minor from changed_row` : sql``}
), passed as (
  select * from listed
  where reader_id = ${passed.reader}::uuid and currency = coalesce(${passed.currency}::text, currency)
)
select passed.*, (
  select count(*) from listed
  where listed.currency < passed.currency or listed.currency = passed.currency
    and (- listed.last_year_minor, - listed.lifetime_minor, listed.reader_id)
      <= (- passed.last_year_minor, - passed.lifetime_minor, passed.reader_id)
) as passed
from passed`,
  );
  if (!found) return null;
  return {
    currency: String(found.currency),
    reader: String(found.reader_id),
    lastYear: String(found.last_year_minor),
    lifetime: String(found.lifetime_minor),
    passed: Number(found.passed),
  };
}
