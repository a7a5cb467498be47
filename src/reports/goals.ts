// Goals: how far each has come, counted from the ledger as every report counts, and what an even pace would have reached.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { addDays, daysBetween, localDate } from '../values/calendar.ts';
import { type Currency, isCurrency } from '../values/money.ts';
import { period } from '../values/period.ts';
import { answered } from './report.ts';

/** Money is in minor units of the goal's currency. */
export interface GoalProgress {
  id: string;
  title: string;
  /** Null where all gifts count. */
  campaign: string | null;
  currency: Currency;
  target: number;
  /** Both days are inside. */
  firstOn: string;
  lastOn: string;
  gross: number;
  /** Refunds and disputes, on their own dates. */
  wentBack: number;
  fees: number;
  /** Gross less what went back; fees are the newsroom's own cost and do not lower it. */
  raised: number;
  /** What an even pace from the first instant to the last would have reached by now. */
  pace: number;
  /** What it comes to at the end if it goes on as it did: an estimate; null in its first day, and once its time is over. */
  estimate: number | null;
  /** Days until it begins; 0 once it has. */
  daysUntil: number;
  /** Days left, today included; 0 once its time is over. */
  daysLeft: number;
}

/** Those on the desk: not taken off, and over for a month at most, the first to end first. */
export async function readGoals(reads: Reads, timeZone: string, asOf: Date): Promise<GoalProgress[]> {
  const today = localDate(asOf, timeZone);
  const set = await answered(
    reads,
    sql`select id, first_on::text, last_on::text from goals
      where ended_at is null and last_on >= ${addDays(today, -shownAfterDays)}::date order by last_on, id`,
  );
  if (set.length === 0) return [];
  const stretches = set.map(({ id, first_on, last_on }) => ({
    id: String(id),
    ...period(String(first_on), addDays(String(last_on), 1), timeZone),
  }));
  const counted = await answered(
    reads,
    sql`
select g.id, g.title, g.campaign, g.currency, g.target_minor, g.first_on::text, g.last_on::text,
  coalesce(came.gross, 0) as gross, coalesce(went.back, 0) as back,
  coalesce(came.fees, 0) + coalesce(went.fees, 0) as fees
from unnest(
  ${sql.param(stretches.map(({ id }) => id))}::uuid[],
  ${sql.param(stretches.map(({ startsAt }) => startsAt.toISOString()))}::timestamptz[],
  ${sql.param(stretches.map(({ endsAt }) => endsAt.toISOString()))}::timestamptz[]
) with ordinality as given (id, starts_at, ends_at, place)
join goals g on g.id = given.id
cross join lateral (
  select sum(p.amount_minor) as gross, sum(p.fee_minor) as fees
  from payments p
  where p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and p.currency = g.currency and (g.campaign is null or p.campaign = g.campaign)
) as came
cross join lateral (
  select
    sum(case when a.kind in ('refund', 'dispute_withdrawn') then a.amount_minor else -a.amount_minor end) as back,
    sum(a.fee_minor) as fees
  from adjustments a join payments p on p.id = a.payment_id
  where a.happened_at >= given.starts_at and a.happened_at < given.ends_at
    and a.currency = g.currency and (g.campaign is null or p.campaign = g.campaign)
) as went
order by place`,
  );
  return counted.map((line, at) => {
    const stretch = stretches[at];
    if (!stretch || !isCurrency(line.currency)) throw new Error('A goal could not be counted');
    const { startsAt, endsAt } = stretch;
    const target = Number(line.target_minor);
    const raised = Number(line.gross) - Number(line.back);
    const passed = (asOf.getTime() - startsAt.getTime()) / (endsAt.getTime() - startsAt.getTime());
    const share = Math.min(Math.max(passed, 0), 1);
    const firstOn = String(line.first_on);
    const lastOn = String(line.last_on);
    return {
      id: stretch.id,
      title: String(line.title),
      campaign: line.campaign === null ? null : String(line.campaign),
      currency: line.currency,
      target,
      firstOn,
      lastOn,
      gross: Number(line.gross),
      wentBack: Number(line.back),
      fees: Number(line.fees),
      raised,
      pace: Math.round(target * share),
      estimate: today > firstOn && passed < 1 ? Math.round(raised / share) : null,
      daysUntil: Math.max(daysBetween(today, firstOn), 0),
      daysLeft: Math.max(daysBetween(today, lastOn) + 1, 0),
    };
  });
}

/** As programs read it. */
export function goalJson(goal: GoalProgress) {
  return {
    id: goal.id,
    title: goal.title,
    campaign: goal.campaign,
    currency: goal.currency,
    target_minor: goal.target,
    first_on: goal.firstOn,
    last_on: goal.lastOn,
    gross_minor: goal.gross,
    went_back_minor: goal.wentBack,
    raised_minor: goal.raised,
    pace_minor: goal.pace,
    estimate_minor: goal.estimate,
    days_left: goal.daysLeft,
  };
}

/** After its last day a goal stays in sight for a while: how it went is worth a look. */
const shownAfterDays = 30;
