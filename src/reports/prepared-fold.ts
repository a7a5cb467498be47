// Prepared fold: brings the kept sums up to date with the facts that changed, counts them anew, and compares them with the facts.
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Tx } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { addDays, localDate, startOfDay } from '../values/calendar.ts';
import { factsNow, factsThen } from './prepared-facts.ts';
import { moneyLines } from './prepared-money.ts';
import { promiseLines } from './prepared-promises.ts';
import { answered } from './report.ts';

type Counting = Pick<Services, 'database' | 'now'> & { config: Pick<Services['config'], 'publication'> };

/**
 * Takes off the kept sums what supporters with changed facts counted for then, adds what they count for now and forgets the change,
 * some hundred supporters in one transaction. Counts everything first where nothing is kept for this reckoning yet. Answers whether
 * there may be more; false also while another instance is at it.
 */
export async function foldChanges(services: Counting, mostReaders = 500): Promise<boolean> {
  const { timeZone, reportingCurrency } = services.config.publication;
  const [work] = await answered(
    services.database,
    sql`select exists (select from changed_facts) or not exists (
      select from kept_books where time_zone = ${timeZone} and reporting_currency = ${reportingCurrency}) as is_due`,
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
    if (!Array.isArray(readers)) return false;
    const some = sql`changed_reader as materialized (select unnest(${sql.param(readers)}::uuid[]) as reader_id)`;
    await keepDays(tx, services, some);
    for (const mode of modes) {
      await addUp(tx, services, mode, some, [
        { facts: factsNow, times: 1 },
        { facts: factsThen, times: -1 },
      ]);
    }
    await tx.execute(sql`delete from changed_facts where reader_id = any(${sql.param(readers)}::uuid[])`);
    return changed?.number === mostReaders;
  });
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
    await tx.execute(sql`create temporary table former_money on commit drop as select * from kept_money`);
    await tx.execute(
      sql`create temporary table former_promises on commit drop as select * from kept_promises`,
    );
    await countAnew(tx, services);
    const [differing] = await answered(
      tx,
      sql`select (${differences('kept_money', 'former_money')}) + (${differences('kept_promises', 'former_promises')}) as number`,
    );
    found = { kept: before, differing: Number(differing?.number) };
    return true;
  });
  return found;
}

function differences(one: string, other: string): SQL {
  const rows = (table: string) => sql`select * from ${sql.identifier(table)} where facts <> 0`;
  return sql`select count(*) from ((${rows(one)} except ${rows(other)}) union all (${rows(other)} except ${rows(one)})) as either`;
}

async function contents(tx: Tx): Promise<number> {
  const [found] = await answered(
    tx,
    sql`select (select count(*) from kept_money) + (select count(*) from kept_promises) as number`,
  );
  return Number(found?.number);
}

const modes = ['own', 'reporting'] as const;
type Mode = (typeof modes)[number];

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

async function isKept(tx: Tx, { config }: Counting): Promise<boolean> {
  const { timeZone, reportingCurrency } = config.publication;
  const [found] = await answered(
    tx,
    sql`select from kept_books where time_zone = ${timeZone} and reporting_currency = ${reportingCurrency}`,
  );
  return found !== undefined;
}

async function countAnew(tx: Tx, services: Counting): Promise<void> {
  const { timeZone, reportingCurrency } = services.config.publication;
  for (const table of ['kept_books', 'kept_days', 'kept_money', 'kept_promises', 'changed_facts']) {
    await tx.execute(sql`delete from ${sql.identifier(table)}`);
  }
  await tx.execute(sql`set local work_mem = '256MB'`);
  const everyone = sql`changed_reader as materialized (select null::uuid as reader_id where false)`;
  await keepDays(tx, services, null);
  for (const mode of modes) await addUp(tx, services, mode, everyone, [{ facts: everyFact, times: 1 }]);
  await tx.execute(
    sql`insert into kept_books values (${timeZone}, ${reportingCurrency}, ${services.now().toISOString()}::timestamptz)`,
  );
}

/** The tables as they are; a statement's list of parts may not be empty. */
const everyFact = sql`all_facts as (select)`;

/** Writes sums by day, and by month, and adds them to those that are kept. */
async function addUp(
  tx: Tx,
  services: Counting,
  mode: Mode,
  changed: SQL,
  sides: readonly { facts: SQL; times: 1 | -1 }[],
): Promise<void> {
  const reporting = mode === 'reporting' ? services.config.publication.reportingCurrency : null;
  const given = sql`days as materialized (select array_agg(on_day order by on_day) as days, array_agg(starts_at order by on_day) as starts from kept_days
), given as materialized (
  select starts, starts[1] as starts_at, 'infinity'::timestamptz as ends_at, ${reporting}::text as reporting, null::text as only_currency,
    null::text as house_currency
  from days
)`;
  const number = sql`width_bucket(at, starts)`;
  const united = (lines: (facts: SQL, times: 1 | -1) => SQL) =>
    sql.join(
      sides.map(({ facts, times }) => sql`select * from (${lines(facts, times)}) as side`),
      sql` union all `,
    );
  const byGrain = sql`cross join lateral (values ('day', days.days[number]), ('month', date_trunc('month', days.days[number])::date)) as kept(grain, on_day)`;
  await tx.execute(sql`
with ${changed}, ${given}, line as (${united((facts, times) => moneyLines(facts, times))})
insert into kept_money as k (mode, grain, on_day, currency, own_currency, kind, ${columnList(moneyColumns)})
select ${mode}, grain, on_day, currency, own_currency, kind, ${sumList(moneyColumns)}
from line cross join days ${byGrain}
group by grain, on_day, currency, own_currency, kind
having ${anyOf(moneyColumns)}
on conflict on constraint one_sum_of_money do update set ${addList(moneyColumns)}`);
  const currency = mode === 'reporting' ? 'reporting' : null;
  await tx.execute(sql`
with ${changed}, ${given}, bounds as materialized (select * from given), line as (${united((facts, times) => promiseLines({ currency }, facts, number, times))})
insert into kept_promises as k (mode, grain, on_day, currency, movement, ${columnList(promiseColumns)})
select ${mode}, grain, on_day, currency, movement, ${sumList(promiseColumns)}
from line cross join days ${byGrain}
group by grain, on_day, currency, movement
having ${anyOf(promiseColumns)}
on conflict on constraint one_sum_of_promises do update set ${addList(promiseColumns)}`);
}

const moneyColumns = [
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
];
const promiseColumns = [
  'facts',
  'delta',
  'members_delta',
  'supporters_delta',
  'ending_delta',
  'paused_delta',
  'overdue_delta',
  'people',
];

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
