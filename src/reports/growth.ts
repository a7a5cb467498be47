// Growth in giving: what each period has more than the one before, and what it lost (metric 14).
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { keptGifts, keptLines } from './kept.ts';
import { figuresOf } from './moved.ts';
import type { Question } from './question.ts';
import {
  answered,
  blocksOf,
  type Column,
  type Figures,
  givenPeriods,
  inBlocks,
  namedPeriods,
  type Report,
} from './report.ts';
import { type Stretch, stretchRows, withNeighbours } from './stretch.ts';

const parts = ['previous', 'new', 'recaptured', 'upgraded', 'lapsed', 'downgraded', 'current'] as const;

const figures: readonly Column[] = [
  { name: 'period', kind: 'period' },
  ...parts.map((part) => ({ name: `${part}_minor`, kind: 'money' }) as const),
  ...parts.map((part) => ({ name: `${part}_donors`, kind: 'count' }) as const),
];

export const growth: Report = {
  name: 'growth',
  columns: (question) => inBlocks(figures, question),
  read: readGrowth,
};

/**
 * Each supporter is one part of a period's gains or losses, or gave as much as before. A supporter who gave before, but not in
 * the period before, is recaptured. For the whole range the one before is the stretch of the same length before it.
 */
async function readGrowth(reads: Reads, question: Question): Promise<Figures> {
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
), period as (${namedPeriods(question)}
), stretch as materialized (${stretchRows(withoutNext(question))}
), ${keptGifts(question)}, pair as (
  select
    set_name,
    number,
    currency,
    reader_id,
    sum(current) as current,
    sum(previous) as previous,
    bool_or(gives) as gives,
    bool_or(gave) as gave
  from (
    select set_name, number, currency, reader_id, amount as current, 0 as previous, true as gives, false as gave
    from kept where number > 0
    union all
    select set_name, number + 1, currency, reader_id, 0, amount, false, true from kept
  ) as either
  group by set_name, number, currency, reader_id
), judged as (
  select
    pair.*,
    case
      when gives and gave and current > previous then 'upgraded'
      when gives and gave and current < previous then 'downgraded'
      when gives and gave then 'same'
      when gave then 'lapsed'
      when first_gift.at >= s.starts_at then 'new'
      else 'recaptured'
    end as part
  from pair
  join stretch s on s.set_name = pair.set_name and s.number = pair.number
  join first_gift on first_gift.reader_id = pair.reader_id and first_gift.currency is not distinct from pair.currency
), summed as (
  select
    set_name,
    number,
    currency,
    sum(previous) as previous,
    ${gainOf('new')} as gained_new,
    ${gainOf('recaptured')} as recaptured,
    ${gainOf('upgraded')} as upgraded,
    -(${gainOf('lapsed')}) as lapsed,
    -(${gainOf('downgraded')}) as downgraded,
    sum(current) as current,
    count(*) filter (where gave) as previous_donors,
    count(*) filter (where part = 'new') as new_donors,
    count(*) filter (where part = 'recaptured') as recaptured_donors,
    count(*) filter (where part = 'upgraded') as upgraded_donors,
    count(*) filter (where part = 'lapsed') as lapsed_donors,
    count(*) filter (where part = 'downgraded') as downgraded_donors,
    count(*) filter (where gives) as current_donors
  from judged
  group by set_name, number, currency
), unconverted as (
  select jsonb_agg(jsonb_build_object('currency', own_currency, 'amount_minor', amount) order by own_currency) as amounts
  from (
    select own_currency, sum(own_kept) as amount from gift
    where kept is null and set_name = 'whole' and number = 1
    group by own_currency
  ) as by_currency
), block as (${blocksOf('gift')}
), line as (${keptLines}
)
select
  line.period,
  line.currency,
  line.bucket,
  round(coalesce(previous, 0)) as previous_minor,
  round(coalesce(gained_new, 0)) as new_minor,
  round(coalesce(recaptured, 0)) as recaptured_minor,
  round(coalesce(upgraded, 0)) as upgraded_minor,
  round(coalesce(lapsed, 0)) as lapsed_minor,
  round(coalesce(downgraded, 0)) as downgraded_minor,
  round(coalesce(current, 0)) as current_minor,
  coalesce(previous_donors, 0) as previous_donors,
  coalesce(new_donors, 0) as new_donors,
  coalesce(recaptured_donors, 0) as recaptured_donors,
  coalesce(upgraded_donors, 0) as upgraded_donors,
  coalesce(lapsed_donors, 0) as lapsed_donors,
  coalesce(downgraded_donors, 0) as downgraded_donors,
  coalesce(current_donors, 0) as current_donors,
  case when line.bucket is null then unconverted.amounts end as unconverted
from line
cross join unconverted
left join summed on summed.set_name = line.set_name and summed.number = line.number
  and summed.currency is not distinct from line.currency
order by line.currency, line.bucket`,
  );
  return figuresOf(growth.columns(question), found);
}

/** What follows the range is no part of it. */
function withoutNext(question: Question): Stretch[] {
  const last = { periods: question.periods.length, whole: 1, months: 0 };
  return withNeighbours(question).filter(({ set, number }) => number <= last[set]);
}

function gainOf(part: string): SQL {
  return sql`sum(current - previous) filter (where part = ${part})`;
}
