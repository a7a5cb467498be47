// Attempts: every regular payment by its first attempt: whether that failed, and when what failed was collected after all.
import { sql } from 'drizzle-orm';
import { rateAt } from './promised.ts';
import { worth } from './report.ts';

/**
 * One row per regular payment or bill whose first attempt lies in the range of `given` (see report.ts): when that was, how much,
 * whether it failed, when what failed was collected (null where it was not) and its rate into the report's currency. A payment is
 * taken at its own rate, one that was never collected at its supporter's latest; null where none is known.
 */
export const attempts = sql`
  select
    p.paid_at as at,
    p.currency as own_currency,
    p.amount_minor,
    false as has_failed,
    null::timestamptz as collected_at,
    ${worth(sql`1::numeric`)} as rate
  from given
  join payments p on p.paid_at >= given.starts_at and p.paid_at < given.ends_at and p.kind <> 'once'
    and (given.only_currency is null or p.currency = given.only_currency)
  where not exists (select from payment_failures f where f.stripe_invoice_id = p.stripe_invoice_id)
    and not exists (select from payment_failures f where f.collected_by = p.id)
  union all
  select
    f.failed_at,
    f.currency,
    f.amount_minor,
    true,
    p.paid_at,
    coalesce(${worth(sql`1::numeric`)}, ${rateAt(sql`m.reader_id`, sql`f.currency`, sql`f.failed_at`)})
  from given
  join payment_failures f on f.failed_at >= given.starts_at and f.failed_at < given.ends_at
    and (given.only_currency is null or f.currency = given.only_currency)
  join memberships m on m.id = f.membership_id and m.reader_id is not null
  left join payments p on p.id = coalesce(
    f.collected_by, (select i.id from payments i where i.stripe_invoice_id = f.stripe_invoice_id)
  )
  where not exists (
    select from payment_failures e where e.stripe_invoice_id = f.stripe_invoice_id and e.attempt < f.attempt
  ) and (f.external_id is null or f.attempt = 1)`;
