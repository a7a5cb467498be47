// Goals: how far each has come, counted from the ledger as every report counts, and what an even pace would have reached.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { addDays, daysBetween, localDate } from '../values/calendar.ts';
import { type Currency, isCurrency } from '../values/money.ts';
import { period } from '../values/period.ts';
import { readIncome } from './income.ts';
import { ask, type Question, type Reckoning } from './question.ts';
import { type Answered, answered, givenPeriods } from './report.ts';

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
export async function readGoals(reads: Reads, reckoning: Reckoning, asOf: Date): Promise<GoalProgress[]> {
  const today = localDate(asOf, reckoning.timeZone);
  const set = await answered(
    reads,
    sql`select id, title, campaign, currency, target_minor, first_on::text, last_on::text from goals
      where ended_at is null and last_on >= ${addDays(today, -shownAfterDays)}::date order by last_on, id`,
  );
  const found: GoalProgress[] = [];
  for (const line of set) {
    const goal = goalOf(line);
    found.push({ ...goal, ...paceOf(goal, await raisedFor(reads, goal, reckoning, asOf), reckoning, asOf) });
  }
  return found;
}

type Goal = Pick<GoalProgress, 'id' | 'title' | 'campaign' | 'currency' | 'target' | 'firstOn' | 'lastOn'>;
type Raised = Pick<GoalProgress, 'gross' | 'wentBack' | 'fees'>;

function goalOf(line: Answered): Goal {
  if (!isCurrency(line.currency)) throw new Error('A goal names a currency that is none');
  return {
    id: String(line.id),
    title: String(line.title),
    campaign: line.campaign === null ? null : String(line.campaign),
    currency: line.currency,
    target: Number(line.target_minor),
    firstOn: String(line.first_on),
    lastOn: String(line.last_on),
  };
}

/** Of all gifts it is the report of income, whose sums are kept; of a campaign it is counted, by an index of campaigns. */
async function raisedFor(reads: Reads, goal: Goal, reckoning: Reckoning, asOf: Date): Promise<Raised> {
  const { campaign, currency, firstOn, lastOn } = goal;
  const question = ask({ from: firstOn, to: addDays(lastOn, 1), by: 'year', currency }, reckoning, asOf);
  if (campaign !== null) return raisedByCampaign(reads, campaign, question);
  const { totals } = await readIncome(reads, question);
  return {
    gross: Number(totals?.gross_minor ?? 0),
    wentBack: Number(totals?.refunds_minor ?? 0) + Number(totals?.disputes_minor ?? 0),
    fees: Number(totals?.fees_minor ?? 0),
  };
}

async function raisedByCampaign(reads: Reads, campaign: string, question: Question): Promise<Raised> {
  const [line = {}] = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
)
select coalesce(came.gross, 0) as gross, coalesce(went.back, 0) as back,
  coalesce(came.fees, 0) + coalesce(went.fees, 0) as fees
from given
cross join lateral (
  select sum(p.amount_minor) as gross, sum(p.fee_minor) as fees
  from payments p
  where p.campaign = ${campaign} and p.paid_at >= given.starts_at and p.paid_at < given.ends_at
    and p.currency = given.only_currency
) as came
cross join lateral (
  select
    sum(case when a.kind in ('refund', 'dispute_withdrawn') then a.amount_minor else -a.amount_minor end) as back,
    sum(a.fee_minor) as fees
  from adjustments a join payments p on p.id = a.payment_id
  where p.campaign = ${campaign} and a.happened_at >= given.starts_at and a.happened_at < given.ends_at
    and a.currency = given.only_currency
) as went`,
  );
  return { gross: Number(line.gross), wentBack: Number(line.back), fees: Number(line.fees) };
}

function paceOf(
  { target, firstOn, lastOn }: Goal,
  money: Raised,
  { timeZone }: Reckoning,
  asOf: Date,
): Omit<GoalProgress, keyof Goal> {
  const { startsAt, endsAt } = period(firstOn, addDays(lastOn, 1), timeZone);
  const today = localDate(asOf, timeZone);
  const raised = money.gross - money.wentBack;
  const passed = (asOf.getTime() - startsAt.getTime()) / (endsAt.getTime() - startsAt.getTime());
  const share = Math.min(Math.max(passed, 0), 1);
  return {
    ...money,
    raised,
    pace: Math.round(target * share),
    estimate: today > firstOn && passed < 1 ? Math.round(raised / share) : null,
    daysUntil: Math.max(daysBetween(today, firstOn), 0),
    daysLeft: Math.max(daysBetween(today, lastOn) + 1, 0),
  };
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
