// Notices: what members are told ahead of time, each night: a yearly gift that renews soon, a card that is about to expire.
import { and, asc, eq, gt, isNotNull, isNull, lte } from 'drizzle-orm';
import type Stripe from 'stripe';
import { messageDomain, queueLetter, queueLetters } from '../letters/outbox.ts';
import { transact } from '../outside/database.ts';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { memberships, readers } from '../schema.ts';
import { addDays, localDate } from '../values/calendar.ts';
import { idOf, markIn } from './translate.ts';

/** In time to change one's mind, and within what consumer law asks of yearly renewals (15 to 45 days ahead in California). */
const renewalDays = 30;
const batch = 500;

/** Tells members ahead of time. Every letter has its natural key, so any number of nights and instances write it once. */
export async function tellAhead(services: Services): Promise<void> {
  await announceRenewals(services);
  try {
    await warnOfCards(services);
  } catch (error) {
    // Stripe away for one night: there are three more before the card's last month.
    services.log.warn(describeError(error), 'Cards could not be looked up');
  }
}

async function announceRenewals(services: Services): Promise<void> {
  const now = services.now();
  const until = new Date(now.getTime() + renewalDays * 86_400_000);
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const rows = await services.database
      .select({ membership: memberships, locale: readers.locale })
      .from(memberships)
      .innerJoin(readers, eq(readers.id, memberships.readerId))
      .where(
        and(
          // Of an imported gift the system that collects it tells its reader.
          isNotNull(memberships.stripeSubscriptionId),
          eq(memberships.interval, 'year'),
          eq(memberships.standing, 'active'),
          isNull(memberships.endsAt),
          gt(memberships.periodEndsAt, now),
          lte(memberships.periodEndsAt, until),
          gt(memberships.id, after),
        ),
      )
      .orderBy(asc(memberships.id))
      .limit(batch);
    await transact(services, (tx) =>
      queueLetters(
        tx,
        now,
        messageDomain(services.config),
        rows.flatMap(({ membership, locale }) =>
          membership.readerId === null
            ? []
            : [
                {
                  kind: 'renewal-ahead' as const,
                  key: `${membership.stripeSubscriptionId}:${membership.periodEndsAt.toISOString()}`,
                  to: { readerId: membership.readerId },
                  locale,
                  facts: {
                    membershipId: membership.id,
                    amountMinor: membership.amountMinor.toString(),
                    currency: membership.currency,
                    renewsAt: membership.periodEndsAt.toISOString(),
                  },
                },
              ],
        ),
      ),
    );
    const last = rows.at(-1)?.membership.id;
    if (last === undefined || rows.length < batch) return;
    after = last;
  }
}

/** Cards whose last month is the next one, looked for on the 1st, 8th, 15th, 22nd and 29th. Stripe lists a hundred plans at a time with the card each is collected from. */
async function warnOfCards(services: Services): Promise<void> {
  const today = localDate(services.now(), services.config.publication.timeZone);
  if (Number(today.slice(8)) % 7 !== 1) return;
  const lastDay = lastDayOfNextMonth(today);
  const plans = services.stripe.subscriptions.list({
    status: 'active',
    limit: 100,
    expand: ['data.default_payment_method', 'data.customer.invoice_settings.default_payment_method'],
  });
  for await (const plan of plans) {
    const card = cardOf(plan);
    if (markIn(plan.metadata) === null || plan.cancel_at_period_end || card === null) continue;
    const month = `${card.exp_year}-${String(card.exp_month).padStart(2, '0')}`;
    if (lastDay.startsWith(month)) await warn(services, plan.id, lastDay);
  }
}

async function warn(services: Services, stripeSubscriptionId: string, lastDay: string): Promise<void> {
  const [found] = await services.database
    .select({ membership: memberships, locale: readers.locale })
    .from(memberships)
    .innerJoin(readers, eq(readers.id, memberships.readerId))
    .where(
      and(
        eq(memberships.stripeSubscriptionId, stripeSubscriptionId),
        eq(memberships.standing, 'active'),
        isNotNull(memberships.readerId),
      ),
    );
  if (!found || found.membership.readerId === null) return;
  const { membership, locale } = found;
  const readerId = membership.readerId ?? '';
  await transact(services, (tx) =>
    queueLetter(tx, services.now(), messageDomain(services.config), {
      kind: 'card-expiring',
      key: `${stripeSubscriptionId}:${lastDay}`,
      to: { readerId },
      locale,
      facts: {
        membershipId: membership.id,
        amountMinor: membership.amountMinor.toString(),
        currency: membership.currency,
        kind: membership.interval,
        expiresOn: lastDay,
      },
    }),
  );
}

/** The card a plan is collected from: its own, else its customer's. */
function cardOf(plan: Stripe.Subscription): Stripe.PaymentMethod.Card | null {
  const { customer } = plan;
  const customers =
    typeof customer === 'string' || 'deleted' in customer
      ? null
      : customer.invoice_settings.default_payment_method;
  const method = idOf(plan.default_payment_method) === null ? customers : plan.default_payment_method;
  return method !== null && typeof method === 'object' ? (method.card ?? null) : null;
}

function lastDayOfNextMonth(today: string): string {
  const firstOf = (day: string) => `${day.slice(0, 7)}-01`;
  const next = firstOf(addDays(firstOf(today), 31));
  return addDays(firstOf(addDays(next, 31)), -1);
}
