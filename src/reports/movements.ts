// Movements: what moved promised income, one by one and the newest first: the list behind each figure of it (metric 8).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { promised, rounded } from './promised.ts';
import type { MovementChoice, Question } from './question.ts';
import {
  type Answered,
  answered,
  type Column,
  type Figures,
  givenPeriods,
  type Report,
  type Row,
  rowOf,
  unconvertedOf,
} from './report.ts';

const columns: readonly Column[] = [
  { name: 'happened_at', kind: 'instant' },
  { name: 'reader_id', kind: 'id' },
  { name: 'movement', kind: 'text' },
  { name: 'currency', kind: 'currency' },
  { name: 'mrr_delta_minor', kind: 'money' },
];

export const movements: Report = { name: 'movements', columns: () => columns, read: readMovements };

/**
 * Movements of the range, netted per supporter, currency and instant as the mrr report counts them; in the reporting currency all
 * of a supporter's promises are one, so they are judged anew and exchange rates are a movement too. A row's money is rounded by
 * itself, the totals once from the exact sum: those are the figures of the mrr report. `totals.supporters` counts each person once.
 */
async function readMovements(reads: Reads, question: Question): Promise<Figures> {
  const passed = passedOf(question.before);
  const isPassed = sql`(at > ${passed.at}::timestamptz or at = ${passed.at}::timestamptz
    and (reader_id, currency, movement) <= (${passed.readerId}::uuid, ${passed.currency}::text, ${passed.movement}::text))`;
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), ${question.currency === 'reporting' ? listedTogether(question) : listedByCurrency(question)}
select false as is_whole, at as moment, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as happened_at,
  reader_id, movement, currency, ${rounded(sql`delta`)} as mrr_delta_minor,
  null::bigint as rows, null::bigint as passed, null::bigint as supporters, null::jsonb as unconverted
from (
  select * from listed
  where ${passed.at}::timestamptz is null or not ${isPassed}
  order by at desc, reader_id, currency, movement
  limit ${question.most + 1}
) as shown
union all
select true, null, null, null, null, currency, ${rounded(sql`coalesce(sum(delta), 0)`)},
  count(*), count(*) filter (where ${isPassed}), count(distinct reader_id), (select amounts from left_out)
from listed
group by grouping sets ((currency), ())
order by is_whole, moment desc, reader_id, currency, movement`,
  );
  return listOf(question, found);
}

/** Every currency by itself: the movements as the ledger folded them. */
function listedByCurrency({ movement }: Question): SQL {
  return sql`listed as (
  select c.happened_at as at, c.reader_id, c.movement, c.currency, c.mrr_delta as delta
  from given
  join membership_changes c on c.happened_at >= given.starts_at and c.happened_at < given.ends_at
    and (given.only_currency is null or c.currency = given.only_currency)
  where ${isWanted(movement, sql`c.movement`)}
    and (${movement !== 'churned'} or (
      select sum(e.mrr_delta) from membership_changes e
      where e.reader_id = c.reader_id and e.currency = c.currency and e.happened_at < given.starts_at
    ) > 0.000001)
), left_out as (
  select null::jsonb as amounts
)`;
}

/**
 * All currencies as one promise. What somebody promised depends on their own facts alone, so only those whose promise moved in
 * the range are counted: by a movement of their own or, where rates are asked for, by a newer one.
 */
function listedTogether({ movement }: Question): SQL {
  const hasRates = movement === null || movement === 'fx';
  return sql`changed_reader as materialized (
  select c.reader_id from given
  join public.membership_changes c on c.happened_at >= given.starts_at and c.happened_at < given.ends_at
  union
  select p.reader_id from given
  join public.payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and p.kind <> 'once' and p.currency <> given.reporting and p.settled_currency = given.reporting
  where ${hasRates}
), ${ofChanged}, ${promised({ currency: 'reporting' })}, stood as (
  select move.reader_id, sum(move.delta) as value
  from given join move on move.at < given.starts_at
  group by move.reader_id
), listed as (
  select move.at, move.reader_id, move.movement, move.currency, move.delta
  from given
  join move on move.at >= given.starts_at
  left join stood on stood.reader_id = move.reader_id
  where ${isWanted(movement, sql`move.movement`)}
    and (move.delta <> 0 or move.people > 0 and move.movement like 'churn%')
    and (${movement !== 'churned'} or move.people > 0 and stood.value > 0.000001)
), left_out as (
  select jsonb_agg(jsonb_build_object('currency', currency, 'amount_minor', amount) order by currency) as amounts
  from (
    select currency, ${rounded(sql`sum(delta)`)} as amount
    from given join carried on carried.at >= given.starts_at
    where rate_now is null and is_inside and ${isOfSign(movement)}
    group by currency
  ) as unrated
  where amount <> 0
)`;
}

/** Parts before the tables of the same names. Looks are found by their membership, in the table itself, which has an index for it. */
const ofChanged = sql`payments as materialized (
  select p.* from public.payments p where p.reader_id in (select reader_id from changed_reader)
), memberships as materialized (
  select m.* from public.memberships m where m.reader_id in (select reader_id from changed_reader)
), membership_changes as materialized (
  select c.* from public.membership_changes c where c.reader_id in (select reader_id from changed_reader)
)`;

function isWanted(movement: MovementChoice | null, column: SQL): SQL {
  if (movement === null) return sql`true`;
  return movement === 'churned' ? sql`${column} like 'churn%'` : sql`${column} = ${movement}`;
}

/** What has no rate is not judged; it is told by whether it gained or lost. */
function isOfSign(movement: MovementChoice | null): SQL {
  if (movement === null) return sql`true`;
  if (movement === 'fx') return sql`false`;
  return gains.includes(movement) ? sql`delta > 0` : sql`delta < 0`;
}

const gains: readonly MovementChoice[] = ['new', 'reactivation', 'expansion', 'resumed'];

function listOf(question: Question, found: readonly Answered[]): Figures {
  const list = found.filter((line) => line.is_whole === false).map((line) => rowOf(columns, line));
  const wholes = found.filter((line) => line.is_whole === true);
  const whole = wholes.find((line) => line.currency === null) ?? {};
  const byCurrency = wholes.filter((line) => line.currency !== null);
  const passed = Number(whole.passed ?? 0);
  // Else the rows would begin at a place nobody can tell.
  if (question.before !== null && passed === 0)
    throw new Refusal(inField('before', fault('value-malformed')));
  const rows = list.slice(0, question.most);
  const last = rows.at(-1);
  return {
    rows,
    // Different currencies are never added.
    totals:
      byCurrency.length <= 1
        ? totalOf({ ...whole, currency: byCurrency[0]?.currency })
        : totalOf({ ...whole, mrr_delta_minor: null }),
    totalsByCurrency: byCurrency.map(totalOf),
    unconverted: unconvertedOf(whole.unconverted),
    place: {
      count: Number(whole.rows ?? 0),
      passed,
      next: last && list.length > rows.length ? nameOf(last) : null,
    },
  };
}

function totalOf(line: Answered): Row {
  return { ...rowOf(columns, line), supporters: Number(line.supporters ?? 0) };
}

/** A movement is named by what tells it from every other; see `movementName` in question.ts. */
function nameOf({ happened_at, currency, movement, reader_id }: Row): string {
  return `${Date.parse(String(happened_at))}:${currency}:${movement}:${reader_id}`;
}

function passedOf(before: string | null) {
  const [milliseconds, currency = null, movement = null, readerId = null] = before?.split(':') ?? [];
  const at = milliseconds === undefined ? null : new Date(Number(milliseconds)).toISOString();
  return { at, currency, movement, readerId };
}
