// Guards: whether a letter may still go out, as one rule in SQL, read when letters are claimed and once more right before the recipient is named.
import { type SQL, sql } from 'drizzle-orm';
import { letters, memberships, payments, readers, reminders, staff, suppressions } from '../schema.ts';

/**
 * For a row of `letters` at a moment in business time: 'sending' where it may go out, else the state in which it ends. A
 * letter of which a copy may have gone out already is never said to be cancelled.
 */
export function verdict(moment: SQL): SQL<(typeof letters.$inferSelect)['state']> {
  return sql`case
    when ${letters.expiresAt} <= ${moment} then ${ends('expired')}
    when not ${hasRecipient} then ${ends('cancelled')}
    when ${letters.class} = 'confirm' and not ${stillUnconfirmed} then ${ends('cancelled')}
    when ${letters.class} = 'reminder' and (not ${stillWanted} or ${gaveSince}) then ${ends('cancelled')}
    when ${suppressed} then ${ends('suppressed')}
    else 'sending'
  end`;
}

function ends(state: 'expired' | 'cancelled' | 'suppressed'): SQL {
  return sql`case when ${letters.inDoubt} then 'ambiguous' else ${sql.raw(`'${state}'`)} end`;
}

const hasRecipient = sql`(
  exists (select from ${readers} where ${readers.id} = ${letters.readerId}
    and ${readers.erasedAt} is null and ${readers.addressSealed} is not null)
  or exists (select from ${staff} where ${staff.id} = ${letters.staffId} and ${staff.removedAt} is null))`;

const stillUnconfirmed = sql`exists (select from ${reminders}
  where ${reminders.id} = ${letters.reminderId} and ${reminders.state} = 'unconfirmed')`;

/** Handed over to us and neither stopped, put off nor satisfied since. */
const stillWanted = sql`exists (select from ${reminders}
  where ${reminders.id} = ${letters.reminderId} and ${reminders.state} = 'sent')`;

/** By any payment of this reader's, or by a gift that came by this reminder; or a promise that still runs. */
const gaveSince = sql`(
  exists (select from ${payments}, ${reminders} where ${reminders.id} = ${letters.reminderId}
    and ${payments.readerId} = ${letters.readerId} and ${payments.paidAt} >= ${reminders.createdAt})
  or exists (select from ${payments}, ${reminders} where ${reminders.id} = ${letters.reminderId}
    and ${payments.reminderId} = ${letters.reminderId} and ${payments.paidAt} >= ${reminders.createdAt})
  or exists (select from ${memberships} where ${memberships.readerId} = ${letters.readerId}
    and ${memberships.standing} in ('active', 'past_due', 'paused')))`;

/** Letters of access and about money are kept back from dead addresses only; the rest by every suppression. */
const suppressed = sql`exists (select from ${suppressions}, ${readers}
  where ${readers.id} = ${letters.readerId} and ${suppressions.addressHash} = ${readers.addressHash}
    and (${letters.class} in ('confirm', 'reminder')
      or (${suppressions.scope} = 'all' and ${suppressions.reason} = 'dead-address')))`;
