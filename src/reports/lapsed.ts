// Lapsed: supporters who gave in the last year (LYBUNT) or in some year before (SYBUNT) and not in this one, one by one (metric 13).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { localDate } from '../values/calendar.ts';
import { fiscalYear, startOf } from '../values/period.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { isPrepared, prepare } from './prepared.ts';
import { type Missed, readMissed } from './prepared-gaps.ts';
import { ask, type Question, type Reckoning } from './question.ts';
import {
  type Answered,
  answered,
  type Column,
  type Figures,
  givenPeriods,
  inBlocks,
  type Report,
  type Row,
  rowOf,
  unconvertedOf,
  worth,
} from './report.ts';

const figures: readonly Column[] = [
  { name: 'reader_id', kind: 'id' },
  { name: 'first_gift_on', kind: 'day' },
  { name: 'last_gift_on', kind: 'day' },
  { name: 'gifts', kind: 'count' },
  { name: 'last_year_minor', kind: 'money' },
  { name: 'lifetime_minor', kind: 'money' },
];

/** How far back somebody must have given to be missed. */
type Since = 'last-year' | 'ever';

export const lybunt = lapsedSince('lybunt', 'last-year');
export const sybunt = lapsedSince('sybunt', 'ever');

function lapsedSince(name: string, since: Since): Report {
  const columns = (question: Question) => inBlocks(figures, question);
  return {
    name,
    suits: ofOneYear,
    columns,
    read: (reads, question) => readLapsed(reads, question, columns(question), since),
  };
}

/** The fiscal year that is asked for, whatever days are. */
function ofOneYear(question: Question): Question {
  const { asOf, reckoning } = question;
  const year = question.year ?? presentYear(asOf, reckoning);
  const { firstOn, until } = fiscalYear(year, reckoning.timeZone, reckoning.fiscalYearStart);
  return ask({ ...question, year, from: firstOn, to: until, by: 'year' }, reckoning, asOf);
}

/** The calendar year in which the present fiscal year began. */
export function presentYear(asOf: Date, { timeZone, fiscalYearStart }: Reckoning): number {
  return Number(startOf(localDate(asOf, timeZone), 'year', fiscalYearStart).slice(0, 4));
}

/**
 * A gift counts net of what was refunded before the end of its own fiscal year, and not at all if nothing stayed. Gifts, lifetime
 * and last gift run to the end of the year asked for. The largest of last year come first. `totals.donors` counts each person once.
 */
async function readLapsed(
  reads: Reads,
  question: Question,
  columns: readonly Column[],
  since: Since,
): Promise<Figures> {
  const { reckoning, before } = question;
  const { timeZone } = reckoning;
  const year = question.year ?? presentYear(question.asOf, reckoning);
  const [reader, currency = null] = before?.split(':').toReversed() ?? [];
  const day = (moment: SQL) => sql`to_char(${moment} at time zone ${timeZone}, 'YYYY-MM-DD')`;
  const passed = reader === undefined ? null : { reader, currency };
  const ends = sql.param(yearEnds(year, reckoning));
  const yearOf = (moment: SQL) => sql`${earliestYear} + width_bucket(${moment}, ${ends}::timestamptz[])`;
  const missed = { year, lastYearOnly: since === 'last-year', day, yearOf, passed };
  const prepared = await prepare(reads, question);
  const found = isPrepared(prepared)
    ? await readMissed(reads, prepared, missed)
    : await countMissed(reads, question, missed);
  return listOf(question, columns, found ?? []);
}

/** The same over all gifts of whoever gave in the years that matter: some twenty seconds for a million supporters. */
function countMissed(
  reads: Reads,
  question: Question,
  { year, lastYearOnly, day, passed }: Missed,
): Promise<Answered[]> {
  const { timeZone, fiscalYearStart } = question.reckoning;
  const ends = yearEnds(year, question.reckoning);
  const gaveSince = lastYearOnly
    ? fiscalYear(year - 1, timeZone, fiscalYearStart).startsAt.toISOString()
    : '-infinity';
  const { reader: passedReader = null, currency: passedCurrency = null } = passed ?? {};
  return answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), year as materialized (
  -- When each fiscal year ends; the last is the one asked for.
  select ends, cardinality(ends) as this_year from (select ${sql.param(ends)}::timestamptz[] as ends) as each
), back as (
  select a.payment_id, sum(case a.kind when 'refund' then a.amount_minor else -a.amount_minor end) as amount
  from year
  join adjustments a on a.kind in ('refund', 'refund_failed') and a.happened_at < year.ends[year.this_year]
  join payments p on p.id = a.payment_id and p.paid_at < year.ends[year.this_year]
    and a.happened_at < year.ends[width_bucket(p.paid_at, year.ends) + 1]
  group by a.payment_id
), gift as (
  select
    p.reader_id,
    coalesce(given.reporting, p.currency) as currency,
    p.currency as own_currency,
    p.paid_at,
    width_bucket(p.paid_at, year.ends) + 1 - year.this_year as years_from_this,
    p.amount_minor - coalesce(back.amount, 0) as own_kept,
    ${worth(sql`(p.amount_minor - coalesce(back.amount, 0))`)} as kept
  from given
  cross join year
  join payments p on p.paid_at < year.ends[year.this_year]
    and (given.only_currency is null or p.currency = given.only_currency)
  left join back on back.payment_id = p.id
  where p.reader_id in (
    select b.reader_id from payments b
    where b.paid_at >= ${gaveSince}::timestamptz and b.paid_at < year.ends[year.this_year - 1]
  )
), person as (
  select
    reader_id,
    currency,
    min(paid_at) as first_at,
    max(paid_at) filter (where own_kept > 0) as last_at,
    count(*) filter (where own_kept > 0) as gifts,
    count(*) filter (where own_kept > 0 and years_from_this = 0) as of_this_year,
    count(*) filter (where own_kept > 0 and years_from_this = -1) as of_last_year,
    count(*) filter (where own_kept > 0 and years_from_this < 0) as of_earlier_years,
    round(coalesce(sum(kept) filter (where years_from_this = -1), 0)) as last_year_minor,
    round(coalesce(sum(kept), 0)) as lifetime_minor,
    sum(kept) filter (where years_from_this = -1) as last_year,
    sum(kept) as lifetime
  from gift
  group by reader_id, currency
), lapsed as (
  select *, row_number() over (
    order by currency, last_year_minor desc, lifetime_minor desc, reader_id
  ) as place
  from person
  where of_this_year = 0 and ${lastYearOnly ? sql`of_last_year > 0` : sql`of_earlier_years > 0`}
), last_passed as (
  select place from lapsed
  where reader_id = ${passedReader}::uuid and currency = coalesce(${passedCurrency}::text, currency)
), whole as (
  select currency, count(*) as rows, count(distinct reader_id) as donors, sum(gifts) as gifts,
    round(coalesce(sum(last_year), 0)) as last_year_minor, round(coalesce(sum(lifetime), 0)) as lifetime_minor
  from lapsed
  group by grouping sets ((currency), ())
)
select place, currency, reader_id, ${day(sql`first_at`)} as first_gift_on, ${day(sql`last_at`)} as last_gift_on,
  gifts, last_year_minor, lifetime_minor, null as rows, null as donors, null as passed, null as unconverted
from (
  select * from lapsed
  where ${passedReader}::uuid is null or place > (select place from last_passed)
  order by place
  limit ${question.most + 1}
) as shown
union all
select null, currency, null, null, null, gifts, last_year_minor, lifetime_minor, rows, donors,
  (select place from last_passed), (
    select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', amount) order by own_currency)
    from (
      select gift.own_currency, sum(gift.own_kept) as amount
      from gift
      join lapsed on lapsed.reader_id = gift.reader_id and lapsed.currency = gift.currency
      where gift.kept is null and gift.own_kept > 0
      group by gift.own_currency
    ) as by_currency
  )
from whole
order by place, currency`,
  );
}

function listOf(question: Question, columns: readonly Column[], found: readonly Answered[]): Figures {
  const lines = found.filter((line) => line.place !== null);
  const wholes = found.filter((line) => line.place === null);
  const whole = wholes.find((line) => line.currency === null) ?? {};
  const byCurrency = wholes.filter((line) => line.currency !== null);
  const passed = Number(whole.passed ?? 0);
  // Else the rows would begin at a place nobody can tell.
  if (question.before !== null && passed === 0)
    throw new Refusal(inField('before', fault('value-malformed')));
  const shown = lines.slice(0, question.most);
  const last = shown.at(-1);
  const totalOf = (line: Answered): Row => ({ ...rowOf(columns, line), donors: Number(line.donors ?? 0) });
  const isOne = byCurrency.length <= 1;
  return {
    rows: shown.map((line) => rowOf(columns, line)),
    // Different currencies are never added.
    totals: totalOf(
      isOne
        ? { ...whole, currency: byCurrency[0]?.currency }
        : { ...whole, last_year_minor: null, lifetime_minor: null },
    ),
    totalsByCurrency: byCurrency.map(totalOf),
    unconverted: unconvertedOf(whole.unconverted),
    place: {
      count: Number(whole.rows ?? 0),
      passed,
      next: last && lines.length > shown.length ? nameOf(question, last) : null,
    },
  };
}

/** A person may stand in several currencies' blocks. */
function nameOf({ currency }: Question, line: Answered): string {
  return currency === null ? `${line.currency}:${line.reader_id}` : String(line.reader_id);
}

function yearEnds(year: number, { timeZone, fiscalYearStart }: Reckoning): string[] {
  return Array.from({ length: year - earliestYear + 1 }, (_, at) =>
    fiscalYear(earliestYear + at, timeZone, fiscalYearStart).endsAt.toISOString(),
  );
}

/** Nothing is asked for before; whatever was given earlier counts as given in the year before it. */
const earliestYear = 1900;
