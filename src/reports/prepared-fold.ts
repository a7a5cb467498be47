// Prepared fold: brings the kept sums up to date with the facts that changed, counts them anew, and compares them with the facts.
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Tx } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { addDays, localDate, startOfDay } from '../values/calendar.ts';
import { byParts } from './every-fact.ts';
import { foreseeRanges, markCounted, rangesWait, waitingRange } from './kept-ranges.ts';
import type { Keeping, KeptKind } from './prepared.ts';
import { attemptSums } from './prepared-attempts.ts';
import { cohortSums } from './prepared-cohorts.ts';
import { comparisonSums, rangeSums } from './prepared-comparisons.ts';
import { factsNow, factsThen } from './prepared-facts.ts';
import { gapSums, keepGaps } from './prepared-gaps.ts';
import { giftSums } from './prepared-gifts.ts';
import { moneySums } from './prepared-money.ts';
import { promiseSums } from './prepared-promises.ts';
import { reckoningOf } from './reckoning.ts';
import { answered } from './report.ts';

/** Everything that sums are kept of. Where one is added the migration empties kept_books, so that all are counted once more. */
const kinds: readonly KeptKind[] = [
  moneySums,
  promiseSums,
  attemptSums,
  giftSums,
  comparisonSums,
  cohortSums,
  gapSums,
];

type Counting = Pick<Services, 'database' | 'now'> & { config: Pick<Services['config'], 'publication'> };

/**
 * Takes off the kept sums what supporters with changed facts counted for then, adds what they count for now and forgets the change,
 * some hundred supporters in one transaction. Counts everything first where nothing is kept for this reckoning yet. Answers whether
 * there may be more; false also while another instance is at it.
 */
export async function foldChanges(services: Counting, mostReaders = 500): Promise<boolean> {
  const [work] = await answered(
    services.database,
    sql`select exists (select from changed_facts) or not exists (${books(services)})
      or ${rangesWait(reckoningOf(services.config), services.now())} as is_due`,
  );
  if (work?.is_due !== true) return false;
  return alone(services.database, async (tx) => {
    if (!(await isKept(tx, services))) {
      await countAnew(tx, services);
      return true;
    }
    const [changed] = await answered(
      tx,
      sql`with few as (select distinct reader_id from changed_facts limit ${mostReaders})
        select array_agg(reader_id) as readers, count(*)::int as number from few`,
    );
    const readers = changed?.readers;
    if (Array.isArray(readers)) await foldReaders(tx, services, readers);
    return changed?.number === mostReaders || countRange(tx, services);
  });
}

async function foldReaders(tx: Tx, services: Counting, readers: readonly unknown[]): Promise<void> {
  const some = sql`changed_reader as materialized (select unnest(${sql.param(readers)}::uuid[]) as reader_id)`;
  await keepDays(tx, services, some);
  await addUp(tx, services, some, [
    { facts: factsNow, times: 1 },
    { facts: factsThen, times: -1 },
  ]);
  await keepGaps(tx, services.config.publication, { readers, part: some });
  await tx.execute(sql`delete from changed_facts where reader_id = any(${sql.param(readers)}::uuid[])`);
}

/** Counts one of the ranges that sums are to be kept of from now on, where all changes are folded. */
async function countRange(tx: Tx, services: Counting): Promise<boolean> {
  await foreseeRanges(tx, reckoningOf(services.config), services.now());
  const name = await waitingRange(tx);
  if (name === null) return false;
  await tx.execute(sql`set local work_mem = '256MB'`);
  await addUpEveryone(tx, services, [rangeSums(name)]);
  await markCounted(tx, name);
  return true;
}

/** Forgets all kept sums and counts everything anew, as from the first day. False while another instance is at it. */
export function rebuildSums(services: Counting): Promise<boolean> {
  return alone(services.database, async (tx) => {
    await countAnew(tx, services);
    return true;
  });
}

/** What differs between the kept sums and everything counted anew, once pending changes are folded: nothing, or a fault of the program. */
export async function compareSums(services: Counting): Promise<{ kept: number; differing: number } | null> {
  while (await foldChanges(services));
  let found: { kept: number; differing: number } | null = null;
  await alone(services.database, async (tx) => {
    const before = await contents(tx);
    for (const { table } of kinds)
      await tx.execute(
        sql`create temporary table ${former(table)} on commit drop as select * from ${sql.identifier(table)}`,
      );
    await countAnew(tx, services);
    let differing = 0;
    for (const { table } of kinds) differing += await differences(tx, table);
    found = { kept: before, differing };
    return true;
  });
  return found;
}

const former = (table: string) => sql.identifier(`former_${table}`);

async function differences(tx: Tx, table: string): Promise<number> {
  const one = sql`select * from ${sql.identifier(table)} where facts <> 0`;
  const other = sql`select * from ${former(table)} where facts <> 0`;
  const [found] = await answered(
    tx,
    sql`select count(*) as number from ((${one} except ${other}) union all (${other} except ${one})) as either`,
  );
  return Number(found?.number);
}

async function contents(tx: Tx): Promise<number> {
  let rows = 0;
  for (const { table } of kinds) {
    const [found] = await answered(tx, sql`select count(*) as number from ${sql.identifier(table)}`);
    rows += Number(found?.number);
  }
  return rows;
}

/** One instance at a time, in one snapshot; false where another is at it. */
function alone(database: Database, work: (tx: Tx) => Promise<boolean>): Promise<boolean> {
  return database.transaction(
    async (tx) => {
      // The whole of a big newsroom's history takes minutes.
      await tx.execute(sql`set local statement_timeout = 0`);
      const [lock] = await answered(tx, sql`select pg_try_advisory_xact_lock(${foldLock}) as is_ours`);
      return lock?.is_ours === true ? work(tx) : false;
    },
    { isolationLevel: 'repeatable read' },
  );
}

async function isKept(tx: Tx, services: Counting): Promise<boolean> {
  const [found] = await answered(tx, books(services));
  return found !== undefined;
}

function books({ config }: Counting): SQL {
  const { timeZone, reportingCurrency, fiscalYearStart } = config.publication;
  return sql`select from kept_books where time_zone = ${timeZone} and reporting_currency = ${reportingCurrency}
      and fiscal_year_start = ${fiscalYearStart}`;
}

async function countAnew(tx: Tx, services: Counting): Promise<void> {
  const { timeZone, reportingCurrency, fiscalYearStart } = services.config.publication;
  for (const table of ['kept_books', 'kept_days', ...kinds.map(({ table }) => table), 'changed_facts']) {
    await tx.execute(sql`delete from ${sql.identifier(table)}`);
  }
  await tx.execute(sql`set local work_mem = '256MB'`);
  await keepDays(tx, services, null);
  await addUpEveryone(tx, services, kinds);
  await keepGaps(tx, services.config.publication, null);
  await tx.execute(
    sql`insert into kept_books (time_zone, reporting_currency, fiscal_year_start, counted_at)
      values (${timeZone}, ${reportingCurrency}, ${fiscalYearStart}, ${services.now().toISOString()}::timestamptz)`,
  );
}

/** Adds what everyone counts for to kinds of sums of which there are none yet; the sums of each part are put together at the end. */
async function addUpEveryone(tx: Tx, services: Counting, some: readonly KeptKind[]): Promise<void> {
  for (const { table } of some)
    await tx.execute(
      sql`create temporary table ${ofParts(table)} (like ${sql.identifier(table)}) on commit drop`,
    );
  await byParts(tx, () =>
    eachKind(services, some, [{ facts: everyFact, times: 1 }], async ({ table, keys, sums }, mode, line) => {
      await tx.execute(sql`
with ${line}
insert into ${ofParts(table)} (mode, ${columnList(keys)}, ${columnList(sums)})
${summed(keys, sums, mode)}`);
    }),
  );
  for (const { table, keys, sums } of some) {
    await tx.execute(sql`
insert into ${sql.identifier(table)} (mode, ${columnList(keys)}, ${columnList(sums)})
select mode, ${columnList(keys)}, ${sumList(sums)}
from ${ofParts(table)}
group by mode, ${columnList(keys)}
having ${anyOf(sums)}`);
    await tx.execute(sql`drop table ${ofParts(table)}`);
  }
}

const ofParts = (table: string) => sql.identifier(`parts_of_${table}`);

/** The tables as they are; a statement's list of parts may not be empty. */
const everyFact = sql`all_facts as (select)`;

/** Adds what these facts count for to every kind of sums that is kept. */
function addUp(tx: Tx, services: Counting, changed: SQL, sides: readonly Side[]): Promise<void> {
  return eachKind(services, kinds, sides, async ({ table, keys, unique, sums }, mode, line) => {
    await tx.execute(sql`
with ${changed}, ${line}
insert into ${sql.identifier(table)} as k (mode, ${columnList(keys)}, ${columnList(sums)})
${summed(keys, sums, mode)}
on conflict on constraint ${sql.identifier(unique)} do update set ${addList(sums)}`);
  });
}

interface Side {
  facts: SQL;
  times: 1 | -1;
}

/** For each kind and mode the statement's parts up to `line`, all that is to be added up. */
async function eachKind(
  { config }: Counting,
  some: readonly KeptKind[],
  sides: readonly Side[],
  write: (kind: KeptKind, mode: Keeping['mode'], line: SQL) => Promise<void>,
): Promise<void> {
  const { timeZone, reportingCurrency, fiscalYearStart } = config.publication;
  for (const mode of ['own', 'reporting'] as const) {
    const reporting = mode === 'reporting' ? reportingCurrency : null;
    for (const kind of some) {
      const line = sql.join(
        sides.map(
          ({ facts, times }) =>
            sql`select * from (${kind.lines({ mode, timeZone, fiscalYearStart }, facts, times)}) as side`,
        ),
        sql` union all `,
      );
      await write(
        kind,
        mode,
        sql`days as materialized (
  select array_agg(on_day order by on_day) as days, array_agg(starts_at order by on_day) as starts from kept_days
), given as materialized (
  select starts, starts[1] as starts_at, 'infinity'::timestamptz as ends_at, ${reporting}::text as reporting, null::text as only_currency,
    null::text as house_currency
  from days
), bounds as materialized (select * from given), line as (${line})`,
      );
    }
  }
}

const summed = (keys: readonly string[], sums: readonly string[], mode: Keeping['mode']) => sql`
select ${mode}, ${columnList(keys)}, ${sumList(sums)}
from line
group by ${columnList(keys)}
having ${anyOf(sums)}`;

const columnList = (columns: readonly string[]) => sql.raw(columns.join(', '));
const sumList = (columns: readonly string[]) => sql.raw(columns.map((each) => `sum(${each})`).join(', '));
const addList = (columns: readonly string[]) =>
  sql.raw(columns.map((each) => `${each} = k.${each} + excluded.${each}`).join(', '));
const anyOf = (columns: readonly string[]) =>
  sql.raw(columns.map((each) => `sum(${each}) <> 0`).join(' or '));

/** Every day from the earliest of these supporters' facts (null: of all) to more than a year ahead has its beginning. */
async function keepDays(tx: Tx, { config, now }: Counting, changed: SQL | null): Promise<void> {
  const { timeZone } = config.publication;
  const parts = changed === null ? sql`with` : sql`with ${changed}, ${factsNow},`;
  const [found] = await answered(
    tx,
    sql`${parts} bound as (
      select least(
        (select min(paid_at) from payments),
        (select min(happened_at) from adjustments),
        (select min(happened_at) from membership_changes),
        (select min(started_at) from memberships),
        (select min(least(looked_at, started_at, ended_at)) from membership_looks)
      ) as earliest
    )
    select extract(epoch from earliest) as earliest, (select min(on_day)::text from kept_days) as first_day,
      (select max(on_day)::text from kept_days) as last_day
    from bound`,
  );
  const today = localDate(now(), timeZone);
  const earliest =
    found?.earliest == null ? today : localDate(new Date(Number(found.earliest) * 1000), timeZone);
  const first = typeof found?.first_day === 'string' ? found.first_day : null;
  const last = typeof found?.last_day === 'string' ? found.last_day : null;
  const begin = `${(earliest < today ? earliest : today).slice(0, 7)}-01`;
  const wanted =
    first === null || last === null
      ? daysFrom(begin, addDays(today, daysAhead))
      : [
          ...(begin < first ? daysFrom(begin, first) : []),
          ...(last < addDays(today, fewDaysAhead)
            ? daysFrom(addDays(last, 1), addDays(today, daysAhead))
            : []),
        ];
  if (wanted.length === 0) return;
  const starts = wanted.map((day) => startOfDay(day, timeZone).toISOString());
  await tx.execute(
    sql`insert into kept_days select * from unnest(${sql.param(wanted)}::date[], ${sql.param(starts)}::timestamptz[])`,
  );
}

function daysFrom(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day < to; day = addDays(day, 1)) days.push(day);
  return days;
}

const daysAhead = 500;
const fewDaysAhead = 400;
const foldLock = 7_346_214;
