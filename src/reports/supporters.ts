// Supporters: who gives or gave, one by one and by id, the newest first, as far as a filter lets them through.
import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { startOfDay } from '../values/calendar.ts';
import { isCurrency, parseAmount } from '../values/money.ts';
import { promisedNow } from './promised.ts';
import type { Question } from './question.ts';
import {
  type Answered,
  answered,
  type Column,
  type Figures,
  givenPeriods,
  inBlocks,
  type Report,
  rowOf,
} from './report.ts';

const figures: readonly Column[] = [
  { name: 'reader_id', kind: 'id' },
  { name: 'donor_type', kind: 'text' },
  { name: 'standing', kind: 'text' },
  { name: 'country', kind: 'text' },
  { name: 'campaign', kind: 'text' },
  { name: 'first_gift_on', kind: 'day' },
  { name: 'last_gift_on', kind: 'day' },
  { name: 'gifts', kind: 'count' },
  { name: 'given_minor', kind: 'money' },
  { name: 'mrr_minor', kind: 'money' },
  { name: 'unconverted', kind: 'unconverted' },
];

export const supporters: Report = {
  name: 'supporters',
  columns: (question) => inBlocks(figures, question),
  read: readSupporters,
};

/**
 * As things stand now, whatever days are asked for. Who neither gave nor promised is listed only where the type "none" is asked
 * for. Readers are walked through by id, the newest first, so that a page costs what it shows and nothing is counted.
 */
async function readSupporters(reads: Reads, question: Question): Promise<Figures> {
  const columns = supporters.columns(question);
  const { before, most, reckoning, supporters: filter } = question;
  const [passedReader = null, passedCurrency = null] = before?.split(':').toReversed() ?? [];
  const day = (moment: SQL) => sql`to_char(${moment} at time zone ${reckoning.timeZone}, 'YYYY-MM-DD')`;
  const found = await answered(
    reads,
    sql`
with given as materialized (${givenPeriods(question)}
)
select r.id as reader_id, person.currency, donor_type, standing, country, campaign,
  ${day(sql`first_at`)} as first_gift_on, ${day(sql`last_at`)} as last_gift_on,
  gifts, given_minor, mrr_minor, unconverted
from given
cross join readers r
cross join lateral (
  select
    fact.currency,
    count(*) filter (where is_gift) as gifts,
    min(at) filter (where is_gift) as first_at,
    max(at) filter (where is_gift) as last_at,
    round(coalesce(sum(kept * rate), 0)) as given_minor,
    round(round(coalesce(sum(monthly * rate), 0), 6)) as mrr_minor,
    (array_agg(fact.country order by at desc) filter (where fact.country is not null))[1] as country,
    (array_agg(fact.campaign order by at desc) filter (where is_gift and fact.campaign is not null))[1] as campaign,
    array_agg(fact.campaign) as campaigns,
    (array_agg(fact.standing order by rank) filter (where fact.standing is not null))[1] as standing,
    case
      when bool_or(fact.standing in ('active', 'past_due', 'paused')) then 'member'
      when count(*) filter (where is_gift) > 1 then 'repeat'
      when count(*) filter (where is_gift) = 1 then 'one-time'
      else 'none'
    end as donor_type,
    (
      select jsonb_agg(jsonb_build_object('currency', own.currency, 'amount_minor', own.kept) order by own.currency)
      from (
        select p.currency, sum(p.amount_minor - ${returned}) as kept
        from payments p
        where p.reader_id = r.id and given.reporting is not null and p.currency <> given.reporting
          and p.settled_currency is distinct from given.reporting
        group by p.currency
      ) as own
    ) as unconverted
  from (
    select coalesce(given.reporting, p.currency) as currency, true as is_gift, p.paid_at as at,
      p.amount_minor - ${returned} as kept, 0::numeric as monthly,
      case
        when given.reporting is null or p.currency = given.reporting then 1
        when p.settled_currency = given.reporting then p.settled_amount_minor::numeric / p.amount_minor
      end as rate,
      p.country, p.campaign, null as standing, 0 as rank
    from payments p
    where p.reader_id = r.id and (given.only_currency is null or p.currency = given.only_currency)
    union all
    select coalesce(given.reporting, m.currency), false, m.started_at, 0, ${promisedNow.monthly}, ${promisedNow.rate},
      null, m.campaign, m.standing, array_position(array['active', 'past_due', 'paused', 'unpaid', 'ended', 'incomplete'], m.standing)
    from memberships m
    where m.reader_id = r.id and (given.only_currency is null or m.currency = given.only_currency)
    union all
    -- Who neither gave nor promised has a row too, for whoever asks for them.
    select coalesce(given.reporting, given.only_currency, given.house_currency), false, r.created_at, 0, 0, null, null, null, null, 0
    where not exists (select from payments p where p.reader_id = r.id)
      and not exists (select from memberships m where m.reader_id = r.id)
  ) as fact
  group by fact.currency
) as person
where (${passedReader}::uuid is null or r.id < ${passedReader}::uuid
    or (r.id = ${passedReader}::uuid and person.currency > ${passedCurrency}::text))
  and (${passedReader}::uuid is null or r.id <= ${passedReader}::uuid)
  and donor_type = coalesce(${filter.type}::text, donor_type) and (${filter.type}::text is not null or donor_type <> 'none')
  and (${filter.standing}::text is null or standing = ${filter.standing}::text)
  and (${filter.country}::text is null or country = ${filter.country}::text)
  and (${filter.campaign}::text is null or ${filter.campaign}::text = any(campaigns))
  and (${sinceOf(question)}::timestamptz is null or last_at >= ${sinceOf(question)}::timestamptz)
  and (${amountOf(question)}::bigint is null or given_minor >= ${amountOf(question)}::bigint)
order by r.id desc, person.currency
limit ${most + 1}`,
  );
  const shown = found.slice(0, most);
  const last = shown.at(-1);
  return {
    rows: shown.map((line) => rowOf(columns, line)),
    totals: null,
    totalsByCurrency: [],
    unconverted: [],
    place: {
      count: null,
      passed: before === null ? 0 : 1,
      next: last && found.length > most ? nameOf(question, last) : null,
    },
  };
}

/** A person may stand in several currencies' blocks. */
function nameOf({ currency }: Question, line: Answered): string {
  return currency === null ? `${line.currency}:${line.reader_id}` : String(line.reader_id);
}

function sinceOf({ supporters: { since }, reckoning }: Question): string | null {
  return since === null ? null : startOfDay(since, reckoning.timeZone).toISOString();
}

/** The least that was given, in minor units of the currency that is asked for. */
function amountOf({ supporters: { amount }, currency, reckoning }: Question): string | null {
  if (amount === null) return null;
  const amountMinor = parseAmount(amount, isCurrency(currency) ? currency : reckoning.reportingCurrency);
  return typeof amountMinor === 'bigint' ? String(amountMinor) : null;
}

/** What refunds and disputes took back of a payment until now. */
const returned = sql`coalesce((
      select sum(case when a.kind in ('refund', 'dispute_withdrawn') then a.amount_minor else -a.amount_minor end)
      from adjustments a where a.payment_id = p.id
    ), 0)`;
