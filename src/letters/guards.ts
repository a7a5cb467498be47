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
    when ${letters.class} = 'reminder' and not ${stillWanted} then ${ends('cancelled')}
    when ${suppressed} then ${ends('suppressed')}
    else 'sending'
  end`;
}

function ends(state: 'expired' | 'cancelled' | 'suppressed'): SQL {
  return sql`case when ${letters.inDoubt} then 'ambiguous' else ${sql.raw(`'${state}'`)} end`;
}

// Each is written so that nothing but the ids of one letter can lead to what it asks for: a plan that went by the states of
// reminders or memberships, chosen while few were in them, would read all of them for every letter of a hundred thousand.

const hasRecipient = sql`(
  (select ${readers.erasedAt} is null and ${readers.addressSealed} is not null from ${readers}
    where ${readers.id} = ${letters.readerId}) is true
  or (select ${staff.removedAt} is null from ${staff} where ${staff.id} = ${letters.staffId}) is true)`;

const stillUnconfirmed = sql`(
  (select ${reminders.state} from ${reminders} where ${reminders.id} = ${letters.reminderId})
    is not distinct from 'unconfirmed')`;

/** A promise of this reader's that still runs. */
const running = sql`(
  (select true from ${memberships} where ${memberships.readerId} = ${letters.readerId}
    and array_position(array['active', 'past_due', 'paused'], ${memberships.standing}) is not null limit 1) is true)`;

/**
 * Handed over to us and neither stopped, put off nor satisfied since; no gift since it was asked for, by any payment of this
 * reader's or one that came by this reminder; and no promise that still runs.
 */
const stillWanted = sql`(
  (select ${reminders.state} = 'sent'
    and not exists (select from ${payments}
      where ${payments.readerId} = ${letters.readerId} and (${payments.paidAt} >= ${reminders.createdAt}) is true)
    and not exists (select from ${payments}
      where ${payments.reminderId} = ${reminders.id} and (${payments.paidAt} >= ${reminders.createdAt}) is true)
    and not ${running}
  from ${reminders} where ${reminders.id} = ${letters.reminderId}) is true)`;

/** Letters of access and about money are kept back from dead addresses only; the rest by every suppression. */
const suppressed = sql`(
  (select true from ${suppressions}
    where ${suppressions.addressHash} = (select ${readers.addressHash} from ${readers}
        where ${readers.id} = ${letters.readerId})
      and (array_position(array['confirm', 'reminder'], ${letters.class}) is not null
        or (${suppressions.scope} = 'all' and ${suppressions.reason} = 'dead-address'))
    limit 1) is true)`;
