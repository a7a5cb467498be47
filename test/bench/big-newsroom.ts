// A big newsroom: years of supporters, gifts and memberships as the ledger keeps them, made in the database from a seed.
import type pg from 'pg';

export interface Newsroom {
  supporters: number;
  /** The first instant after the history; eight years before it is the first gift. */
  endsAt: Date;
  say(line: string): void;
}

const years = 8;
const tables = [
  'readers',
  'memberships',
  'membership_looks',
  'membership_changes',
  'payments',
  'adjustments',
  'payment_failures',
] as const;

/**
 * Fills an empty, migrated database. Six currencies; of ten supporters three give once or a few times, six every month, one every year;
 * some change their amount, pause, leave, come back, are refunded or charged back. About twelve payments each, and a look at every
 * renewal, as Stripe tells it. The same number and day give the same rows.
 */
export async function raiseNewsroom(pool: pg.Pool, { supporters, endsAt, say }: Newsroom): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(
      `set session_replication_role = replica; set synchronous_commit = off; set statement_timeout = 0;
       set work_mem = '512MB'; set maintenance_work_mem = '2GB'`,
    );
    const later = await withoutIndexes(client);
    for (const [name, statement] of statements(supporters, endsAt)) {
      await client.query(statement);
      say(name);
    }
    for (const statement of later) await client.query(statement);
    say('indexes');
    await client.query('reset all');
    await client.query(`vacuum (analyze) ${tables.join(', ')}`);
    say('analyzed');
  } finally {
    client.release(true);
  }
}

/** Drops what would slow the loading down; answers the statements that bring it back. */
async function withoutIndexes(client: pg.PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ drops: string; makes: string }>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drops,
       format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as makes,
       contype = 'f' as is_reference
     from pg_constraint
     where contype in ('p', 'u', 'f') and (conrelid = any($1::regclass[]) or confrelid = any($1::regclass[]))
     union all
     select format('drop index %I', indexname), indexdef, false
     from pg_indexes
     where tablename = any($1::text[]) and schemaname = 'public'
       and not exists (select from pg_constraint where conname = indexname)
     order by is_reference desc`,
    [tables],
  );
  // A reference goes before the key it needs, and comes back after it.
  for (const { drops } of rows) await client.query(drops);
  return rows.map(({ makes }) => makes).reverse();
}

function statements(supporters: number, endsAt: Date): [string, string][] {
  const end = `'${endsAt.toISOString()}'::timestamptz`;
  const begin = `(${end} - interval '${years} years')`;
  return [
    [
      'chance',
      `create function pg_temp.u(bigint, bigint) returns float8 immutable parallel safe language sql
         return (hashint8extended($1, $2) & 2147483647) / 2147483648::float8;
       create function pg_temp.id(timestamptz, text) returns uuid immutable parallel safe language sql
         return (lpad(to_hex((extract(epoch from $1) * 1000)::bigint), 12, '0') || '7' || substr(md5($2), 1, 3)
           || '8' || substr(md5($2), 4, 15))::uuid`,
    ],
    [
      'supporters',
      `create temp table giver as
       select i, pg_temp.id(begins_at, 'r' || i) as reader_id, begins_at, kind, currency,
         case when kind = 'year' then 10 else 1 end
           * (array[300, 500, 700, 1000, 1500, 2500])[1 + floor(pg_temp.u(i, 3) * 6)::int]
           / case currency when 'JPY' then 1 when 'KWD' then 1 else 1 end as amount,
         case when pg_temp.u(i, 7) < 0.25 then 'campaign-' || floor(pg_temp.u(i, 8) * 40) end as campaign,
         case when pg_temp.u(i, 9) < 0.7 then '/articles/' || floor(power(pg_temp.u(i, 10), 3) * 3000) end as article,
         (array['appeal', 'appeal', 'donate-page', 'reminder'])[1 + floor(pg_temp.u(i, 11) * 4)::int] as component,
         case when pg_temp.u(i, 12) < 0.3 then 'search.example.org' end as referrer,
         (array['US', 'US', 'US', 'DE', 'FR', 'GB', 'JP', 'CA', 'KW', 'NL'])[1 + floor(pg_temp.u(i, 13) * 10)::int] as country,
         (array['card', 'card', 'card', 'sepa_debit', 'paypal'])[1 + floor(pg_temp.u(i, 14) * 5)::int] as method
       from (
         select i,
           date_trunc('second', ${begin} + (${end} - ${begin}) * sqrt(pg_temp.u(i, 1))) as begins_at,
           case when pg_temp.u(i, 2) < 0.3 then 'once' when pg_temp.u(i, 2) < 0.9 then 'month' else 'year' end as kind,
           (array['USD', 'USD', 'USD', 'USD', 'EUR', 'EUR', 'EUR', 'GBP', 'GBP', 'JPY', 'CAD', 'KWD'])
             [1 + floor(pg_temp.u(i, 6) * 12)::int] as currency
         from generate_series(1, ${supporters}::bigint) as i
       ) as drawn;
       insert into readers (id, locale, created_at) select reader_id, 'en', begins_at from giver order by begins_at`,
    ],
    [
      'plans',
      `create temp table plan as
       with recursive drawn as (
         select i, 1 as nth, reader_id, begins_at as starts_at, kind as every, currency, amount, campaign, article, component, referrer,
           country, method, 1 + floor(-ln(1 - pg_temp.u(i, 20)) * case kind when 'month' then 30 else 5 end)::int as wanted
         from giver where kind <> 'once'
         union all
         select i, nth + 1, reader_id,
           starts_at + make_interval(months => wanted * case every when 'month' then 1 else 12 end
             + 2 + floor(pg_temp.u(i, 21 + nth) * 8)::int, hours => 5),
           every, currency, amount, campaign, article, component, referrer, country, method,
           1 + floor(-ln(1 - pg_temp.u(i, 30 + nth)) * case every when 'month' then 12 else 3 end)::int
         from drawn
         where nth < 3 and pg_temp.u(i, 40 + nth) < 0.12
           and starts_at + make_interval(months => wanted * case every when 'month' then 1 else 12 end + 11) < ${end}
       ), fitted as (
         select *, case every when 'month' then 1 else 12 end as step,
           least(wanted, 1 + case every
             when 'month' then (extract(year from age(${end}, starts_at)) * 12 + extract(month from age(${end}, starts_at)))::int
             else extract(year from age(${end}, starts_at))::int end) as paid
         from drawn
       )
       select *, pg_temp.id(starts_at, 'm' || i || '-' || nth) as membership_id,
         case when paid = wanted and starts_at + make_interval(months => wanted * step) < ${end}
           then starts_at + make_interval(months => wanted * step) end as ended_at,
         case when pg_temp.u(i, 50 + nth) < 0.7 then 'voluntary' else 'involuntary' end as end_reason,
         case when paid > 6 and pg_temp.u(i, 60 + nth) < 0.2 then 3 + floor(pg_temp.u(i, 70 + nth) * (paid - 4))::int end as changed_from,
         case when pg_temp.u(i, 80 + nth) < 0.7 then amount * 3 / 2 else amount * 3 / 5 end as changed_amount,
         case when paid > 8 and step = 1 and pg_temp.u(i, 60 + nth) > 0.96 then 5 end as paused_from
       from fitted`,
    ],
    [
      'memberships',
      `insert into memberships (id, reader_id, stripe_subscription_id, stripe_customer_id, standing, amount_minor, currency, interval,
         started_at, period_ends_at, ended_at, end_reason, looked_at, article, campaign, component, referrer, created_at)
       select membership_id, reader_id, 'sub_' || membership_id, 'cus_' || reader_id,
         case when ended_at is null then 'active' else 'ended' end,
         case when changed_from is null then amount else changed_amount end, currency, every, starts_at,
         starts_at + make_interval(months => paid * step), ended_at, case when ended_at is not null then end_reason end,
         coalesce(ended_at, starts_at + make_interval(months => (paid - 1) * step)), article, campaign, component, referrer, starts_at
       from plan order by starts_at`,
    ],
    [
      'looks',
      `insert into membership_looks (id, membership_id, looked_at, rank, digest, standing, amount_minor, currency, interval,
         started_at, period_ends_at, cancel_requested_at, ends_at, ended_at, end_reason)
       select pg_temp.id(at, 'l' || i || '-' || nth || '-' || k || '-' || rank), membership_id, at, rank,
         md5(concat_ws('|', standing, amount, k, wish, ended_at)), standing, amount, currency, every,
         starts_at, starts_at + make_interval(months => least(k + 1, paid) * step),
         case when wish then at end, case when wish then ends_at end, ended_at, case when ended_at is not null then end_reason end
       from (
         select i, nth, membership_id, currency, every, starts_at, step, paid, end_reason, k,
           starts_at + make_interval(months => k * step) as at, case when k = 0 then 0 else 1 end as rank,
           case when k >= changed_from then changed_amount else amount end as amount,
           case when k in (paused_from, paused_from + 1) then 'paused' else 'active' end as standing,
           false as wish, null::timestamptz as ends_at, null::timestamptz as ended_at
         from plan, generate_series(0, paid - 1) as k
         union all
         select i, nth, membership_id, currency, every, starts_at, step, paid, end_reason, paid - 1,
           ended_at - interval '10 days', 1, case when changed_from is null then amount else changed_amount end, 'active', true, ended_at, null
         from plan where ended_at is not null and end_reason = 'voluntary'
         union all
         select i, nth, membership_id, currency, every, starts_at, step, paid, end_reason, paid,
           ended_at, 3, case when changed_from is null then amount else changed_amount end, 'ended', false, null, ended_at
         from plan where ended_at is not null
       ) as seen
       order by at`,
    ],
    [
      'movements',
      `insert into membership_changes (reader_id, currency, happened_at, movement, mrr_delta, members)
       select reader_id, currency, at, movement, round(delta, 12), members
       from plan
       cross join lateral (select amount / case every when 'year' then 12.0 else 1.0 end as monthly,
         changed_amount / case every when 'year' then 12.0 else 1.0 end as changed) as value
       cross join lateral (values
         (starts_at, case when nth = 1 then 'new' else 'reactivation' end, round(monthly, 12), 1),
         (starts_at + make_interval(months => changed_from * step),
           case when changed > monthly then 'expansion' else 'contraction' end, changed - monthly, 1),
         (starts_at + make_interval(months => paused_from), 'paused', -monthly, 0),
         (starts_at + make_interval(months => paused_from + 2), 'resumed', monthly, 1),
         (ended_at, 'churn_' || end_reason,
           -round(monthly, 12) - case when changed_from is null then 0 else round(changed - monthly, 12) end, 0)
       ) as step(at, movement, delta, members)
       where at is not null
       order by at`,
    ],
    [
      'payments',
      `insert into payments (id, reader_id, membership_id, kind, stripe_subscription_id, stripe_invoice_id, stripe_payment_intent_id,
         amount_minor, fees_covered_minor, currency, paid_at, method, country, article, campaign, component, referrer,
         fee_minor, settled_amount_minor, settled_fee_minor, settled_net_minor, settled_currency, exchange_rate, settled_at, settle_due_at)
       select id, reader_id, membership_id, kind, 'sub_' || membership_id, case when membership_id is not null then 'in_' || id end, 'pi_' || id,
         amount, case when chance < 0.3 then amount * 3 / 100 else 0 end, currency, paid_at, method, country, article, campaign, component, referrer,
         fee, round(amount * rate), round(fee * rate), round(amount * rate) - round(fee * rate), 'USD', rate, paid_at, paid_at
       from (
         select gift.*, pg_temp.id(paid_at, 'p' || gift.i || '-' || nth || '-' || k) as id, pg_temp.u(gift.i * 400 + k, 90 + nth) as chance,
           amount * 29 / 1000 + 30 as fee,
           case currency when 'USD' then 1 else
             round((case currency when 'EUR' then 1.1 when 'GBP' then 1.3 when 'JPY' then 0.67 when 'CAD' then 0.75 else 0.325 end
               * (1 + 0.1 * sin(extract(epoch from paid_at) / 86400 / 200)))::numeric, 6) end as rate
         from (
           select i, nth, k, reader_id, membership_id, every as kind, currency,
             case when k >= changed_from then changed_amount else amount end as amount,
             starts_at + make_interval(months => k * step, secs => 3 + case when k = 0 then 0 else 3600 end) as paid_at,
             method, country, article, campaign, component, referrer
           from plan, generate_series(0, paid - 1) as k
           where paused_from is null or k not in (paused_from, paused_from + 1)
           union all
           select i, 0, k, reader_id, null, 'once', currency, amount * 3,
             date_trunc('second', begins_at + (${end} - begins_at) * case when k = 0 then 0 else pg_temp.u(i, 100 + k) end),
             method, country, article, campaign, component, referrer
           from giver, generate_series(0, floor(-ln(1 - pg_temp.u(i, 99)) * 1.2)::int) as k
           where kind = 'once' or pg_temp.u(i, 98) < 0.1
         ) as gift
         where paid_at < ${end}
         -- Else each of these would be worked out again wherever it is used.
         offset 0
       ) as priced
       order by paid_at`,
    ],
    [
      'refunds and disputes',
      `insert into adjustments (id, payment_id, kind, stripe_id, amount_minor, currency, happened_at, fee_minor,
         settled_amount_minor, settled_fee_minor, settled_currency, settled_at, settle_due_at)
       select pg_temp.id(at, 'a' || id), id, kind, kind || id, amount, currency, at, 0,
         -round(amount * exchange_rate), 0, settled_currency, at, at
       from (
         select p.id, p.amount_minor, p.currency, p.exchange_rate, p.settled_currency, case when chance < 0.001 then 'dispute_withdrawn' else 'refund' end as kind,
           case when chance < 0.007 then amount_minor else (amount_minor + 1) / 2 end as amount,
           paid_at + interval '40 days' * pg_temp.u(hashint8extended(hashtext(id::text), 2), 1) as at
         from (select *, pg_temp.u(hashtext(id::text), 1) as chance from payments) as p
         where chance < 0.01
       ) as back
       where at < ${end}
       order by at`,
    ],
    [
      'failures',
      `insert into payment_failures (id, membership_id, stripe_invoice_id, attempt, amount_minor, currency, failed_at)
       select pg_temp.id(paid_at, 'f' || id), membership_id, stripe_invoice_id, 1, amount_minor, currency, paid_at - interval '3 days'
       from payments where membership_id is not null and pg_temp.u(hashtext(id::text), 3) < 0.03
       order by paid_at`,
    ],
    ['done', 'drop table giver, plan'],
  ];
}
