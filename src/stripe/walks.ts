// The walks through Stripe, one for each kind of object: what is listed there, how it is compared with ours, and what is mended.
import { and, asc, eq, gt, inArray, isNotNull, isNull } from 'drizzle-orm';
import type Stripe from 'stripe';
import { adoptIntents, intentFromMarks, type MarkedIntent } from '../ledger/checkout.ts';
import { type LookFacts, rankOf } from '../ledger/look.ts';
import { membershipsWithoutPast, notePast } from '../ledger/past.ts';
import { settleAdjustment, settlePayments } from '../ledger/settlement.ts';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import {
  adjustments,
  checkouts,
  customers,
  disputes,
  fraudWarnings,
  memberships,
  paymentFailures,
  payments,
} from '../schema.ts';
import { applyEvents } from './apply.ts';
import { askFailure, askStripe } from './ask.ts';
import { addTo, type Found, type MoneyKind, tallyOf } from './drift.ts';
import { subscribedTypes } from './events.ts';
import type { Fact } from './fact.ts';
import { type Mended, mendEach } from './mend.ts';
import type { Pace } from './pace.ts';
import type { Told } from './page.ts';
import { noteEvents } from './receive.ts';
import { chargeFacts, settlementOf } from './settle.ts';
import {
  at,
  bookingsOf,
  completedSession,
  disputeSteps,
  idOf,
  lookAt,
  markIn,
  paidCharge,
  paidInvoice,
  refundSteps,
  toldDispute,
  toldWarning,
} from './translate.ts';

/** A walk under way. */
export interface Walking {
  services: Services;
  pace: Pace;
  found: Found;
  /** Only what happened from here on is compared; null: everything. */
  since: Date | null;
  /** What happens after the walk began is the webhooks' affair. */
  until: Date;
}

export interface Step {
  name: string;
  /** In words, for whoever looks on. */
  says: string;
  /** Goes on after the object of this id; answers when the list has ended. `save` is called after each page, with its last id. */
  walk(walking: Walking, after: string | null, save: (after: string) => Promise<void>): Promise<void>;
}

interface Page<T> {
  data: T[];
  more: boolean;
  /** The earliest second in which what is listed can have been true. */
  lookedAt: Date;
}

const perPage = 100;
const day = 86_400;
/** How long after it was made an object may still bring or take money. */
const slackDays = { session: 2, invoice: 40, charge: 15, refund: 30, dispute: 120 } as const;
/** How far back `events.list` reaches (https://docs.stripe.com/api/events/list), less what the walk itself may take. */
const eventDays = 29.5;
/** As many types as `events.list` takes at once. */
const typesAtOnce = 20;

const eventSteps = (name: string, says: string, params: Partial<Stripe.EventListParams>): Step[] =>
  chunksOf(subscribedTypes, typesAtOnce).map((types, part) =>
    step<Stripe.Event>(
      `${name} ${part + 1}`,
      says,
      (walking, after) =>
        listed(walking, after, (page) =>
          walking.services.stripe.events.list(
            {
              ...page,
              ...params,
              types,
              created: { gte: eventsFrom(walking, params.delivery_success === false) },
            },
            listing,
          ),
        ),
      takeEvents,
    ),
  );

/** In the order in which one makes the next understandable: who gave, what was promised, what was paid, what came of it. */
export const steps: readonly Step[] = [
  step<Stripe.Checkout.Session>(
    'sessions',
    'checkouts',
    (walking, after) =>
      listed(walking, after, (page) =>
        walking.services.stripe.checkout.sessions.list(
          { ...page, ...createdSince(walking, slackDays.session) },
          listing,
        ),
      ),
    takeSessions,
  ),
  step<Stripe.Subscription>(
    'subscriptions',
    'running memberships',
    (walking, after) =>
      listed(walking, after, (page) => walking.services.stripe.subscriptions.list(page, listing)),
    // Those that expired before they were paid are listed among the ended ones too.
    (walking, all, lookedAt) =>
      takeSubscriptions(
        walking,
        all.filter(({ status }) => status !== 'incomplete_expired'),
        lookedAt,
      ),
  ),
  step<Stripe.Subscription>(
    'ended',
    'ended memberships',
    (walking, after) => {
      // Every running one of ours was met: then only those that began and ended meanwhile can be unknown.
      const { openMet, openBefore } = walking.found.memberships;
      const allMet = openMet >= openBefore;
      return listed(walking, after, (page) =>
        walking.services.stripe.subscriptions.list(
          { ...page, status: 'ended', ...(allMet ? createdSince(walking, 0) : {}) },
          listing,
        ),
      );
    },
    takeSubscriptions,
  ),
  step<Stripe.Invoice>(
    'invoices',
    "memberships' payments",
    (walking, after) =>
      listed(walking, after, (page) =>
        walking.services.stripe.invoices.list(
          {
            ...page,
            ...createdSince(walking, slackDays.invoice),
            status: 'paid',
            expand: ['data.payments'],
          },
          listing,
        ),
      ),
    takeInvoices,
  ),
  step<Stripe.Charge>(
    'charges',
    'charges and fees',
    (walking, after) =>
      listed(walking, after, (page) =>
        walking.services.stripe.charges.list(
          { ...page, ...createdSince(walking, slackDays.charge), expand: ['data.balance_transaction'] },
          listing,
        ),
      ),
    takeCharges,
  ),
  step<Stripe.Refund>(
    'refunds',
    'refunds',
    (walking, after) =>
      listed(walking, after, (page) =>
        walking.services.stripe.refunds.list(
          {
            ...page,
            ...createdSince(walking, slackDays.refund),
            expand: ['data.charge', 'data.balance_transaction', 'data.failure_balance_transaction'],
          },
          listing,
        ),
      ),
    takeRefunds,
  ),
  step<Stripe.Dispute>(
    'disputes',
    'disputes',
    (walking, after) =>
      listed(walking, after, (page) =>
        walking.services.stripe.disputes.list(
          { ...page, ...createdSince(walking, slackDays.dispute), expand: ['data.charge'] },
          listing,
        ),
      ),
    takeDisputes,
  ),
  step<Stripe.Radar.EarlyFraudWarning>(
    'warnings',
    'fraud warnings',
    (walking, after) =>
      listed(walking, after, (page) =>
        walking.services.stripe.radar.earlyFraudWarnings.list(
          { ...page, ...createdSince(walking, slackDays.dispute) },
          listing,
        ),
      ),
    takeWarnings,
  ),
  step<{ id: string }>('orphans', 'payments whose membership is unknown', listOrphans, takeOrphans),
  ...eventSteps('undelivered', 'events that never arrived', { delivery_success: false }),
  ...eventSteps('events', 'events', {}),
  step<{ id: string }>(
    'past',
    'the past of memberships',
    async ({ services, until }, after) => {
      const data = await membershipsWithoutPast(services.database, after, perPage);
      return { data, more: data.length === perPage, lookedAt: until };
    },
    async ({ services, found }, rows) => {
      const ids = rows.map(({ id }) => id);
      found.pastLooks += await transact(services, (tx) => notePast(tx, ids));
    },
  ),
];

/** The package's own repeats would not keep the pace, and a page of a hundred may take its time. */
const listing: Stripe.RequestOptions = { maxNetworkRetries: 0, timeout: 30_000 };

/** The next page is asked for while this one is being kept; never more than these two are held. */
function step<T extends { id: string }>(
  name: string,
  says: string,
  list: (walking: Walking, after: string | undefined) => Promise<Page<T>>,
  take: (walking: Walking, objects: T[], lookedAt: Date) => Promise<void>,
): Step {
  return {
    name,
    says,
    async walk(walking, from, save) {
      let coming = list(walking, from ?? undefined);
      for (;;) {
        const { data, more, lookedAt } = await coming;
        const last = data.at(-1);
        if (last === undefined) return;
        if (more) {
          coming = list(walking, last.id);
          // Should this page fail first, nobody waits for the next one.
          coming.catch(() => {});
        }
        await take(walking, data, lookedAt);
        walking.found.objects += data.length;
        await save(last.id);
        if (!more) return;
      }
    },
  };
}

async function listed<T extends { id: string }>(
  { services, pace }: Walking,
  after: string | undefined,
  list: (page: { limit: number; starting_after?: string }) => Promise<Stripe.Response<Stripe.ApiList<T>>>,
): Promise<Page<T>> {
  return pace.ask(async () => {
    const begun = services.machineNow().getTime();
    const answer = await list({ limit: perPage, ...(after !== undefined && { starting_after: after }) });
    const tookSeconds = Math.ceil((services.machineNow().getTime() - begun) / 1000);
    const answered = Date.parse(answer.lastResponse.headers.date ?? '');
    if (Number.isNaN(answered)) throw new Error('Stripe answered without a date');
    return {
      data: answer.data,
      more: answer.has_more,
      lookedAt: at(Math.floor(answered / 1000) - tookSeconds),
    };
  });
}

function createdSince({ since }: Walking, slack: number): { created?: { gte: number } } {
  return since === null ? {} : { created: { gte: seconds(since) - slack * day } };
}

/** What never arrived is looked for as far back as Stripe remembers, whatever else is compared. */
function eventsFrom({ since, until }: Walking, all: boolean): number {
  const remembered = Math.floor(seconds(until) - eventDays * day);
  return since === null || all ? remembered : Math.max(remembered, seconds(since));
}

async function takeSessions(walking: Walking, sessions: Stripe.Checkout.Session[]): Promise<void> {
  const { services, found } = walking;
  const ours = sessions.filter((session) => {
    const mark = markIn(session.metadata);
    return mark !== null && mark === session.client_reference_id;
  });
  found.foreign += sessions.length - ours.length;
  if (ours.length === 0) return;
  const completed = ours.filter((session) => session.status === 'complete');
  await adopt(
    walking,
    completed.map((session) =>
      intentFromMarks(session.metadata, {
        frequency: session.mode === 'subscription' ? 'month' : 'once',
        amountMinor: BigInt(session.amount_total ?? 0),
        currency: (session.currency ?? '').toUpperCase(),
        createdAt: at(session.created),
      }),
    ),
  );
  const known = await services.database
    .select({ id: checkouts.id, state: checkouts.state, readerId: checkouts.readerId })
    .from(checkouts)
    .where(
      inArray(
        checkouts.id,
        ours.map((session) => session.client_reference_id ?? ''),
      ),
    );
  const byId = new Map(known.map((row) => [row.id, row]));
  const told = ours.flatMap((session): Told[] => {
    const row = byId.get(session.client_reference_id ?? '');
    if (session.status === 'complete') {
      const isKnown = row?.state === 'completed' && row.readerId !== null;
      return isKnown ? [] : [{ facts: completedSession(session, at(session.created)) }];
    }
    const lapsed = session.status === 'expired' && (row?.state === 'open' || row?.state === 'begun');
    return lapsed ? [{ facts: [{ fact: 'session-expired', checkoutId: row.id }] }] : [];
  });
  const outcomes = await mend(walking, told);
  found.checkoutsMended += outcomes.filter((outcome) => outcome === 'kept').length;
}

async function takeSubscriptions(
  walking: Walking,
  subscriptions: Stripe.Subscription[],
  lookedAt: Date,
): Promise<void> {
  const { services, found } = walking;
  const tally = found.memberships;
  const looks = subscriptions.flatMap((subscription) => {
    const facts = lookAt(subscription, { lookedAt, rank: rankOf.asked });
    const look = facts.find((fact) => fact.fact === 'look')?.look;
    return look ? [{ subscription, facts, look }] : [];
  });
  found.foreign += subscriptions.length - looks.length;
  if (looks.length === 0) return;
  tally.atStripe += looks.length;
  const known = await services.database
    .select()
    .from(memberships)
    .where(
      inArray(
        memberships.stripeSubscriptionId,
        looks.map(({ subscription }) => subscription.id),
      ),
    );
  const byId = new Map(known.map((row) => [row.stripeSubscriptionId, row]));
  tally.openMet += known.filter((row) => row.standing !== 'ended' && row.createdAt <= walking.until).length;
  await adopt(
    walking,
    looks
      .filter(({ subscription }) => !byId.has(subscription.id))
      .map(({ subscription, look }) =>
        intentFromMarks(subscription.metadata, {
          frequency: look.facts.interval,
          amountMinor: look.facts.amountMinor,
          currency: look.facts.currency,
          createdAt: look.facts.startedAt,
        }),
      ),
  );
  const differing = looks.flatMap((one) => {
    const row = byId.get(one.subscription.id);
    const difference = row === undefined ? 'missing' : differenceOf(row, one.look.facts);
    // One that never began and is over would leave no trace but itself.
    if (difference === null) return [];
    tally[difference] += 1;
    const old = walking.until.getTime() - one.look.facts.startedAt.getTime() > 3 * day * 1000;
    return [{ facts: one.facts, quiet: difference === 'missing' && old }];
  });
  const outcomes = await mend(walking, differing);
  tally.mended += outcomes.filter((outcome) => outcome === 'kept').length;
}

async function takeInvoices(walking: Walking, invoices: Stripe.Invoice[]): Promise<void> {
  const { services } = walking;
  const told = invoices.flatMap((invoice) => {
    const facts = paidInvoice(invoice);
    const paid = facts.find((fact) => fact.fact === 'paid-invoice');
    return paid ? [{ invoice, facts, paid }] : [];
  });
  walking.found.foreign += invoices.length - told.length;
  if (told.length === 0) return;
  const known = await services.database
    .select()
    .from(payments)
    .where(
      inArray(
        payments.stripeInvoiceId,
        told.map(({ invoice }) => invoice.id),
      ),
    );
  const byId = new Map(known.map((row) => [row.stripeInvoiceId, row]));
  await adopt(
    walking,
    told
      .filter(({ invoice }) => !byId.has(invoice.id))
      .map(({ invoice, paid }) =>
        intentFromMarks(invoice.parent?.subscription_details?.metadata, {
          frequency: 'month',
          amountMinor: paid.invoice.amountMinor,
          currency: paid.invoice.currency,
          createdAt: at(invoice.created),
        }),
      ),
  );
  await compareMoney(
    walking,
    told.map(({ invoice, facts, paid }) => {
      const row = byId.get(invoice.id);
      return {
        kind: 'payment' as const,
        amountMinor: paid.invoice.amountMinor,
        currency: paid.invoice.currency,
        happenedAt: paid.invoice.paidAt,
        row: row === undefined ? null : { ...row, happenedAt: row.paidAt },
        told: { facts },
        // The link to the payment intent may be what is missing; telling it again does no harm.
        incomplete: row !== undefined && row.stripePaymentIntentId === null && facts.length > 1,
      };
    }),
  );
}

async function takeCharges(walking: Walking, charges: Stripe.Charge[]): Promise<void> {
  const { services, found } = walking;
  const paid = charges.flatMap((charge) => {
    const paymentIntentId = idOf(charge.payment_intent);
    return paymentIntentId !== null && charge.status === 'succeeded' && charge.paid
      ? [{ charge, paymentIntentId, facts: paidCharge(charge, settledLater(charge)) }]
      : [];
  });
  const byIntent = await paymentsByIntent(services, paid);
  const marked = paid.filter(({ facts }) => facts.length > 0);
  await adopt(
    walking,
    marked
      .filter(({ paymentIntentId }) => !byIntent.has(paymentIntentId))
      .map(({ charge }) =>
        intentFromMarks(charge.metadata, {
          frequency: 'once',
          amountMinor: BigInt(charge.amount),
          currency: charge.currency.toUpperCase(),
          createdAt: at(charge.created),
        }),
      ),
  );
  await compareMoney(
    walking,
    marked.flatMap(({ paymentIntentId, facts }) => {
      const [fact] = facts;
      if (fact?.fact !== 'paid-charge') return [];
      const row = byIntent.get(paymentIntentId);
      return [
        {
          kind: 'payment' as const,
          amountMinor: fact.charge.amountMinor,
          currency: fact.charge.currency,
          happenedAt: fact.charge.paidAt,
          row: row === undefined ? null : { ...row, happenedAt: row.paidAt },
          told: { facts },
        },
      ];
    }),
  );
  const strangers = paid.filter(
    ({ facts, paymentIntentId }) => facts.length === 0 && !byIntent.has(paymentIntentId),
  );
  const asked = await askAboutRenewals(walking, strangers);
  found.foreign += strangers.length - asked;
  await settleCharges(walking, paid);
  await takeFailures(walking, charges);
}

/** Attempts at renewals that failed: of those longer ago than any event, the charge alone tells. */
async function takeFailures(walking: Walking, charges: readonly Stripe.Charge[]): Promise<void> {
  const { services, pace, found, until } = walking;
  const failed = charges.filter(({ status, metadata }) => status === 'failed' && markIn(metadata) === null);
  const named = [...new Set(failed.flatMap(({ customer }) => idOf(customer) ?? []))];
  if (named.length === 0) return;
  const known = await services.database
    .select({ customer: memberships.stripeCustomerId, failedAt: paymentFailures.failedAt })
    .from(memberships)
    .leftJoin(paymentFailures, eq(paymentFailures.membershipId, memberships.id))
    .where(inArray(memberships.stripeCustomerId, named));
  const told: Told[] = [];
  for (const charge of failed) {
    const theirs = known.filter(({ customer }) => customer === idOf(charge.customer));
    const isKnown = theirs.some(({ failedAt }) => isJustAfter(failedAt, charge.created));
    if (theirs.length === 0 || isKnown) continue;
    const facts = await pace.ask(() => askFailure(services, charge));
    const old = seconds(until) - charge.created > 3 * day;
    if (facts.length > 0) told.push({ facts, quiet: old });
  }
  const outcomes = await mend(walking, told);
  found.failuresMended += outcomes.filter((outcome) => outcome === 'kept').length;
}

/** A failed attempt is told within a minute of its charge. */
function isJustAfter(failedAt: Date | null, created: number): boolean {
  if (failedAt === null) return false;
  const after = seconds(failedAt) - created;
  return after >= 0 && after <= 60;
}

/** A charge without our mark, of a customer of ours: a renewal whose invoice was not listed, if it is ours at all. */
async function askAboutRenewals(
  walking: Walking,
  strangers: { charge: Stripe.Charge; paymentIntentId: string }[],
): Promise<number> {
  const { services, pace } = walking;
  const ours = await customersOf(
    services,
    strangers.map(({ charge }) => idOf(charge.customer)),
  );
  let asked = 0;
  for (const { charge, paymentIntentId } of strangers) {
    if (!ours.has(idOf(charge.customer) ?? '')) continue;
    const facts = await pace.ask(() => askStripe(services, { about: 'payment-intent', id: paymentIntentId }));
    const paid = facts.find((fact) => fact.fact === 'paid-invoice');
    if (paid === undefined) continue;
    asked += 1;
    const [row] = await services.database
      .select()
      .from(payments)
      .where(inArray(payments.stripeInvoiceId, [paid.invoice.invoiceId]));
    await compareMoney(walking, [
      {
        kind: 'payment',
        amountMinor: paid.invoice.amountMinor,
        currency: paid.invoice.currency,
        happenedAt: paid.invoice.paidAt,
        row: row === undefined ? null : { ...row, happenedAt: row.paidAt },
        told: { facts },
        incomplete: true,
      },
    ]);
  }
  return asked;
}

/** Fees and rates come with the list: whoever has not been settled yet is settled here, without a call for each. */
async function settleCharges(
  { services, found }: Walking,
  paid: { charge: Stripe.Charge; paymentIntentId: string }[],
): Promise<void> {
  const byIntent = await paymentsByIntent(services, paid);
  const settling = paid.flatMap(({ charge, paymentIntentId }) => {
    const row = byIntent.get(paymentIntentId);
    const settlement = settlementOf(charge.balance_transaction);
    return row && row.settledAt === null && settlement !== null
      ? [{ payment: row, charge: chargeFacts(charge), settlement }]
      : [];
  });
  if (settling.length === 0) return;
  await transact(services, (tx) => settlePayments(tx, services.now(), settling));
  found.settled += settling.length;
}

async function takeRefunds(walking: Walking, refunds: Stripe.Refund[]): Promise<void> {
  await takeMoneyBack(
    walking,
    refunds.map((refund) => ({
      id: refund.id,
      charge: refund.charge,
      paymentIntentId: idOf(refund.payment_intent),
      facts: refundSteps(refund, at(refund.created)),
      settlements: [
        { kind: 'refund', part: 1, booked: refund.balance_transaction },
        { kind: 'refund_failed', part: 1, booked: refund.failure_balance_transaction ?? null },
      ],
    })),
  );
}

async function takeDisputes(walking: Walking, told: Stripe.Dispute[], lookedAt: Date): Promise<void> {
  const ours = await takeMoneyBack(
    walking,
    told.map((dispute) => ({
      id: dispute.id,
      charge: dispute.charge,
      paymentIntentId: idOf(dispute.payment_intent),
      facts: disputeSteps(dispute),
      settlements: bookingsOf(dispute),
    })),
  );
  await mendDisputes(
    walking,
    told.filter(({ id }) => ours.has(id)),
    lookedAt,
  );
}

/** How disputes stand, and by when they must be answered; the money they moved is compared above. */
async function mendDisputes(walking: Walking, told: Stripe.Dispute[], lookedAt: Date): Promise<void> {
  if (told.length === 0) return;
  const known = await walking.services.database
    .select({ id: disputes.stripeDisputeId, status: disputes.status, answered: disputes.answered })
    .from(disputes)
    .where(
      inArray(
        disputes.stripeDisputeId,
        told.map(({ id }) => id),
      ),
    );
  const outcomes = await mend(
    walking,
    told.flatMap((dispute) => {
      const standing = toldDispute(dispute, lookedAt).find((fact) => fact.fact === 'dispute');
      if (standing === undefined) return [];
      const { status, answered } = standing.dispute;
      const same = known.some(
        (row) => row.id === dispute.id && row.status === status && row.answered === answered,
      );
      return same ? [] : [{ facts: [standing] }];
    }),
  );
  walking.found.disputesMended += outcomes.filter((outcome) => outcome === 'kept').length;
}

/** Warnings of payments that are ours; what they say is counted with the disputes. */
async function takeWarnings(
  walking: Walking,
  warnings: Stripe.Radar.EarlyFraudWarning[],
  lookedAt: Date,
): Promise<void> {
  const named = warnings.map((warning) => ({
    ...warning,
    paymentIntentId: idOf(warning.payment_intent),
  }));
  const byIntent = await paymentsByIntent(walking.services, named);
  const ours = named.filter(({ paymentIntentId }) => byIntent.has(paymentIntentId));
  walking.found.foreign += warnings.length - ours.length;
  if (ours.length === 0) return;
  const known = await walking.services.database
    .select({ id: fraudWarnings.stripeWarningId, actionable: fraudWarnings.actionable })
    .from(fraudWarnings)
    .where(
      inArray(
        fraudWarnings.stripeWarningId,
        ours.map(({ id }) => id),
      ),
    );
  const outcomes = await mend(
    walking,
    ours
      .filter(({ id, actionable }) => !known.some((row) => row.id === id && row.actionable === actionable))
      .map((warning) => ({ facts: toldWarning(warning, lookedAt) })),
  );
  walking.found.disputesMended += outcomes.filter((outcome) => outcome === 'kept').length;
}

interface MoneyBack {
  id: string;
  charge: string | Stripe.Charge | null;
  paymentIntentId: string | null;
  facts: Fact[];
  settlements: { kind: MoneyKind; part: number; booked: string | Stripe.BalanceTransaction | null }[];
}

/** Answers the ids of those that are ours. */
async function takeMoneyBack(walking: Walking, objects: MoneyBack[]): Promise<Set<string>> {
  const { services, found } = walking;
  const byIntent = await paymentsByIntent(services, objects);
  const ourCustomers = await customersOf(
    services,
    objects.map(({ charge }) => (typeof charge === 'string' ? null : idOf(charge?.customer))),
  );
  const ours = objects.filter(({ charge, paymentIntentId }) => {
    if (paymentIntentId === null) return false;
    if (byIntent.has(paymentIntentId) || typeof charge === 'string') return true;
    return markIn(charge?.metadata) !== null || ourCustomers.has(idOf(charge?.customer) ?? '');
  });
  const ids = new Set(ours.map(({ id }) => id));
  found.foreign += objects.length - ours.length;
  if (ours.length === 0) return ids;
  const known = await stepsOf(services, ours);
  await compareMoney(
    walking,
    ours.flatMap(({ id, facts }) =>
      facts.flatMap((fact) => {
        if (fact.fact !== 'adjustment') return [];
        const { kind, part, amountMinor, currency, happenedAt } = fact.step;
        return [
          {
            kind,
            amountMinor,
            currency,
            happenedAt,
            row: known.get(`${id} ${kind} ${part}`) ?? null,
            told: { facts: [fact] },
          },
        ];
      }),
    ),
  );
  await settleSteps(walking, ours);
  return ids;
}

async function settleSteps({ services, found }: Walking, objects: MoneyBack[]): Promise<void> {
  const rows = await stepsOf(services, objects);
  const settling = objects.flatMap(({ id, settlements }) =>
    settlements.flatMap(({ kind, part, booked }) => {
      const row = rows.get(`${id} ${kind} ${part}`);
      const settlement = settlementOf(booked);
      return row && row.settledAt === null && settlement !== null ? [{ row, settlement }] : [];
    }),
  );
  if (settling.length === 0) return;
  await transact(services, async (tx) => {
    for (const { row, settlement } of settling) await settleAdjustment(tx, row, services.now(), settlement);
  });
  found.settled += settling.length;
}

interface Compared {
  kind: MoneyKind;
  amountMinor: bigint;
  currency: string;
  happenedAt: Date;
  row: { amountMinor: bigint; currency: string; happenedAt: Date } | null;
  told: Told;
  /** Known, but not all of it. */
  incomplete?: boolean;
}

/** Counts what is at Stripe and what was here, and keeps what was missing. */
async function compareMoney(walking: Walking, compared: readonly Compared[]): Promise<void> {
  const missing = compared.filter(({ row, incomplete }) => row === null || incomplete);
  const outcomes = await mend(
    walking,
    missing.map(({ told }) => told),
  );
  const outcomeOf = new Map(missing.map((one, index) => [one, outcomes[index]]));
  for (const one of compared) {
    const { row, amountMinor, happenedAt } = one;
    const tally = tallyOf(walking.found, one.kind, one.currency);
    if (isCompared(walking, happenedAt)) {
      addTo(tally.atStripe, amountMinor);
      if (row === null) {
        tally.missing += 1;
        if (outcomeOf.get(one) === 'kept') addTo(tally.mended, amountMinor);
      } else {
        addTo(tallyOf(walking.found, one.kind, row.currency).here, row.amountMinor);
        if (row.amountMinor !== amountMinor || row.currency !== one.currency) tally.different += 1;
      }
    }
    if (row !== null && isCompared(walking, row.happenedAt)) {
      addTo(tallyOf(walking.found, one.kind, row.currency).met, row.amountMinor);
    } else if (row === null && outcomeOf.get(one) === 'kept' && isCompared(walking, happenedAt)) {
      addTo(tally.met, amountMinor);
    }
  }
}

function isCompared({ since, until }: Walking, happenedAt: Date): boolean {
  return (since === null || happenedAt >= since) && happenedAt <= until;
}

async function takeEvents({ services, found }: Walking, events: Stripe.Event[]): Promise<void> {
  const fresh = await noteEvents(services, events);
  found.eventsMissed += fresh;
  // Right away, so that never more than a page of them waits.
  if (fresh > 0) await applyEvents(services);
}

async function listOrphans(
  { services, until }: Walking,
  after: string | undefined,
): Promise<Page<{ id: string }>> {
  const data = await services.database
    .select({ id: payments.id })
    .from(payments)
    .where(
      and(
        isNull(payments.membershipId),
        isNotNull(payments.stripeSubscriptionId),
        after === undefined ? undefined : gt(payments.id, after),
      ),
    )
    .orderBy(asc(payments.id))
    .limit(perPage);
  return { data, more: data.length === perPage, lookedAt: until };
}

async function takeOrphans(walking: Walking, orphans: { id: string }[]): Promise<void> {
  const { services, pace, found } = walking;
  const rows = await services.database
    .selectDistinct({ id: payments.stripeSubscriptionId })
    .from(payments)
    .where(
      and(
        isNull(payments.membershipId),
        inArray(
          payments.id,
          orphans.map(({ id }) => id),
        ),
      ),
    );
  for (const { id } of rows) {
    if (id === null) continue;
    const facts = await pace.ask(() => askStripe(services, { about: 'subscription', id }));
    found.memberships.atStripe += 1;
    found.memberships.missing += 1;
    const [outcome] = await mend(walking, [{ facts, quiet: true }]);
    if (outcome === 'kept') found.memberships.mended += 1;
  }
}

async function mend({ services, pace, found }: Walking, told: Told[]): Promise<Mended[]> {
  if (told.length === 0) return [];
  const outcomes = await mendEach(services, pace, told);
  found.failed += outcomes.filter((outcome) => outcome === 'failed').length;
  return outcomes;
}

/** Writes the intents that these objects name, where they are not known. */
async function adopt({ services, found }: Walking, named: (MarkedIntent | null)[]): Promise<void> {
  const intents = named.filter((intent) => intent !== null && intent.amountMinor > 0n) as MarkedIntent[];
  if (intents.length === 0) return;
  found.checkoutsAdopted += await transact(services, (tx) => adoptIntents(tx, intents));
}

async function paymentsByIntent(services: Services, objects: readonly { paymentIntentId: string | null }[]) {
  const ids = objects.flatMap(({ paymentIntentId }) => paymentIntentId ?? []);
  if (ids.length === 0) return new Map<string | null, typeof payments.$inferSelect>();
  const rows = await services.database
    .select()
    .from(payments)
    .where(inArray(payments.stripePaymentIntentId, ids));
  return new Map(rows.map((row) => [row.stripePaymentIntentId, row]));
}

async function stepsOf(services: Services, objects: readonly { id: string }[]) {
  const rows = await services.database
    .select()
    .from(adjustments)
    .where(
      inArray(
        adjustments.stripeId,
        objects.map(({ id }) => id),
      ),
    );
  return new Map(rows.map((row) => [`${row.stripeId} ${row.kind} ${row.part}`, row]));
}

async function customersOf(services: Services, ids: readonly (string | null)[]): Promise<Set<string>> {
  const named = [...new Set(ids)].filter((id) => id !== null) as string[];
  if (named.length === 0) return new Set();
  const rows = await services.database
    .select({ id: customers.stripeCustomerId })
    .from(customers)
    .where(inArray(customers.stripeCustomerId, named));
  return new Set(rows.map(({ id }) => id));
}

type Difference = 'standing' | 'amount' | 'period' | 'ending';

/** The first thing in which a membership differs from what Stripe says now. */
function differenceOf(row: typeof memberships.$inferSelect, facts: LookFacts): Difference | null {
  if (row.standing !== facts.standing) return 'standing';
  if (
    row.amountMinor !== facts.amountMinor ||
    row.currency !== facts.currency ||
    row.interval !== facts.interval
  )
    return 'amount';
  if (!sameMoment(row.periodEndsAt, facts.periodEndsAt)) return 'period';
  if (!sameMoment(row.endsAt, facts.endsAt) || !sameMoment(row.endedAt, facts.endedAt)) return 'ending';
  return row.endReason === facts.endReason ? null : 'ending';
}

function sameMoment(one: Date | null, other: Date | null): boolean {
  return one?.getTime() === other?.getTime();
}

/** A method that settles later: its money is booked days after the charge was made. */
function settledLater(charge: Stripe.Charge): Date | null {
  const transaction = charge.balance_transaction;
  return transaction === null || typeof transaction === 'string' ? null : at(transaction.created);
}

function seconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1000);
}

function chunksOf<T>(items: readonly T[], most: number): T[][] {
  const chunks: T[][] = [];
  for (let from = 0; from < items.length; from += most) chunks.push(items.slice(from, from + most));
  return chunks;
}
