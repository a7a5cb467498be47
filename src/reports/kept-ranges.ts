// Kept ranges: the stretches of days that staff ask for and that no calendar has, so that they are counted once and kept from then on.
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Reads, Tx } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { addDays, localDate } from '../values/calendar.ts';
import { type PeriodLength, periodLengths } from '../values/period.ts';
import { ask, type Question, type Reckoning, usualDays } from './question.ts';
import { answered } from './report.ts';
import { type KeptRange, type Stretch, withNeighbours } from './stretch.ts';

export function rangeOf(question: Question, set: Stretch['set']): KeptRange {
  const { from, to, by, reckoning } = question;
  const pieces = withNeighbours(question).filter((stretch) => stretch.set === set);
  return {
    name: nameOf(from, to, set === 'whole' ? 'whole' : by, reckoning),
    starts: pieces.map(({ piece }) => piece.startsAt.toISOString()),
    ends: pieces.map(({ piece }) => piece.endsAt.toISOString()),
  };
}

/** The whole of a range is the same in whatever steps it is asked for. */
function nameOf(
  from: string,
  to: string,
  steps: PeriodLength | 'whole',
  { timeZone, fiscalYearStart }: Reckoning,
): string {
  return `${from} ${to} ${steps === 'year' ? `year ${fiscalYearStart}` : steps} ${timeZone}`;
}

/** Which of these the sums count already. */
export async function areKept(reads: Reads, ranges: readonly KeptRange[]): Promise<Set<string>> {
  if (ranges.length === 0) return new Set();
  const names = sql.param(ranges.map(({ name }) => name));
  const found = await answered(
    reads,
    sql`select name from kept_ranges where state = 'counted' and name = any(${names}::text[])`,
  );
  return new Set(found.map(({ name }) => String(name)));
}

/** Those whose sums are brought up to date, as sets of stretches (see compared.ts). */
export const countedRanges = setsOf(sql`state <> 'waiting'`);

/** One of them, counted or not. */
export function rangeNamed(name: string): SQL {
  return setsOf(sql`name = ${name}`);
}

function setsOf(which: SQL): SQL {
  return sql`select name as set_name, 0 as first_number, starts, ends from kept_ranges where ${which}`;
}

/**
 * Notes that staff asked for these. One that was not kept is counted as soon as nothing else waits to be; there is room for some
 * dozens. It costs a statement where something is new or was not asked for today.
 */
export async function noteAsked(
  { database, now, config }: Pick<Services, 'now'> & Writing,
  ranges: readonly KeptRange[],
): Promise<void> {
  if (ranges.length === 0) return;
  const today = localDate(now(), config.publication.timeZone);
  const names = sql.param(ranges.map(({ name }) => name));
  const [known] = await answered(
    database,
    sql`select count(*) filter (where name = any(${names}::text[]) and asked_on = ${today}) = ${ranges.length}
      or count(*) filter (where asked_on is not null) >= ${mostAsked} as is_noted from kept_ranges`,
  );
  if (known?.is_noted !== true) await note(database, ranges, today, today);
}

type Writing = { database: Database; config: Pick<Services['config'], 'publication'> };

/**
 * Whether a range waits to be counted, or to be noted first: what staff see first changes from day to day, all at once, and so is known
 * by one of them, that of the day after tomorrow.
 */
export function rangesWait(reckoning: Reckoning, now: Date): SQL {
  const { from, to } = usualDays('day', reckoning, new Date(now.getTime() + twoDaysMs));
  const foreseen = nameOf(from, to, 'whole', reckoning);
  return sql`(exists (select from kept_ranges where state = 'waiting')
    or not exists (select from kept_ranges where name = ${foreseen}))`;
}

/**
 * Notes the ranges that staff will see first today and the day after tomorrow, where they are not noted yet, and forgets those that
 * nobody asked for in weeks: a day before their sums are deleted no report looks at them any more.
 */
export async function foreseeRanges(tx: Tx, reckoning: Reckoning, now: Date): Promise<void> {
  const today = localDate(now, reckoning.timeZone);
  const ranges = [now, new Date(now.getTime() + twoDaysMs)].flatMap((moment) =>
    usualRanges(reckoning, moment),
  );
  const names = sql.param(ranges.map(({ name }) => name));
  const [found] = await answered(
    tx,
    sql`select count(*)::int as known from kept_ranges where name = any(${names}::text[])`,
  );
  if (found?.known === new Set(ranges.map(({ name }) => name)).size) return;
  await note(tx, ranges, today, null);
  const left = await answered(
    tx,
    sql`delete from kept_ranges where state = 'left' and left_on < ${today} returning name`,
  );
  for (const { name } of left) await tx.execute(sql`delete from kept_comparisons where grain = ${name}`);
  await tx.execute(
    sql`update kept_ranges set state = 'left', left_on = ${today}
      where state <> 'left' and noted_on < ${addDays(today, -daysUnasked)}
        and (asked_on is null or asked_on < ${addDays(today, -daysAsked)})`,
  );
}

/** One that waits to be counted; null where none does. */
export async function waitingRange(tx: Tx): Promise<string | null> {
  const [found] = await answered(
    tx,
    sql`select name from kept_ranges where state = 'waiting' order by noted_on, name limit 1`,
  );
  return typeof found?.name === 'string' ? found.name : null;
}

export async function markCounted(tx: Tx, name: string): Promise<void> {
  await tx.execute(sql`update kept_ranges set state = 'counted' where name = ${name}`);
}

function usualRanges(reckoning: Reckoning, moment: Date): KeptRange[] {
  return periodLengths.flatMap((by) => {
    const question = ask({ ...usualDays(by, reckoning, moment), by }, reckoning, moment);
    const whole = rangeOf(question, 'whole');
    return by === 'day' || by === 'week' ? [whole, rangeOf(question, 'periods')] : [whole];
  });
}

async function note(
  tx: Pick<Tx, 'execute'>,
  ranges: readonly KeptRange[],
  today: string,
  askedOn: string | null,
): Promise<void> {
  for (const { name, starts, ends } of ranges)
    await tx.execute(
      sql`insert into kept_ranges (name, starts, ends, state, noted_on, asked_on)
        values (${name}, ${sql.param(starts)}::timestamptz[], ${sql.param(ends)}::timestamptz[], 'waiting', ${today}, ${askedOn}::date)
        on conflict (name) do update set asked_on = coalesce(excluded.asked_on, kept_ranges.asked_on)`,
    );
}

const mostAsked = 60;
const daysAsked = 35;
const daysUnasked = 4;
const twoDaysMs = 2 * 86_400_000;
