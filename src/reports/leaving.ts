// Leaving: who left in each piece of time, and how much promised income with them; what churn and the forecast rest on.
import { sql } from 'drizzle-orm';

/**
 * The statement's parts from `piece` (a named set of moments to cut time at, and the number of its last piece; 0 is everything
 * before) and `move` (see promised.ts). `standing` is a row per currency and piece; `month_rate` is the supporter churn rate
 * of each piece of the set "months" that is defined.
 */
export const leaving = sql`placed as (
  select
    piece.set_name,
    width_bucket(move.at, piece.starts) as number,
    move.currency,
    move.reader_id,
    sum(move.delta) as delta,
    sum(move.supporters_delta) as supporters_delta,
    coalesce(bool_or(move.movement like 'churn%' and move.people > 0), false) as has_left,
    sum(move.delta) filter (where move.movement in ('expansion', 'reactivation')) as gained,
    -sum(move.delta) filter (where move.movement = 'contraction' or move.movement like 'churn%') as lost
  from piece cross join move
  where move.movement is not null
  group by 1, 2, 3, 4
), person as (
  select *, sum(delta) over (partition by set_name, currency, reader_id order by number) - delta > 0.000001 as was_active
  from placed
), counted as (
  select
    set_name,
    number,
    currency,
    sum(delta) as delta,
    sum(supporters_delta) as supporters_delta,
    count(*) filter (where has_left and was_active) as churned,
    coalesce(sum(gained), 0) as gained,
    coalesce(sum(lost), 0) as lost
  from person
  group by set_name, number, currency
), block as (
  select coalesce(given.reporting, given.only_currency) as currency from given
  where coalesce(given.reporting, given.only_currency) is not null
  union
  select currency from move
  union
  select house_currency from given
  where given.reporting is null and given.only_currency is null and not exists (select from move)
), standing as (
  select
    block.currency,
    piece.set_name,
    numbered.number,
    coalesce(churned, 0) as churned,
    coalesce(gained, 0) as gained,
    coalesce(lost, 0) as lost,
    coalesce(sum(delta) over so_far, 0) - coalesce(delta, 0) as at_start,
    coalesce(sum(delta) over so_far, 0) as at_end,
    coalesce(sum(supporters_delta) over so_far, 0) - coalesce(supporters_delta, 0) as active_at_start,
    coalesce(sum(supporters_delta) over so_far, 0) as active_at_end
  from block
  cross join piece
  cross join lateral generate_series(0, piece.last) as numbered(number)
  left join counted on counted.set_name = piece.set_name and counted.currency = block.currency
    and counted.number = numbered.number
  window so_far as (partition by block.currency, piece.set_name order by numbered.number)
), month_rate as (
  select currency, number, churned::numeric / active_at_start as rate
  from standing
  where set_name = 'months' and number > 0 and active_at_start > 0
)`;
