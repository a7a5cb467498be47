// Memberships: looks are noted, the newest one is the membership, and the supporter's movements follow.
import { randomUUIDv7 } from 'node:crypto';
import { eq, or, sql } from 'drizzle-orm';
import { insertRows, isAnyOf, rowsOf, type Tx } from '../outside/database.ts';
import { membershipLooks, memberships, payments } from '../schema.ts';
import type { Checkout } from './checkout.ts';
import { digestOf, type LookFacts, type Rank, verdictOf } from './look.ts';
import { writeMovements } from './movement.ts';
import { lockReaders } from './reader.ts';

export interface SubscriptionLook {
  stripeSubscriptionId: string;
  stripeCustomerId: string;
  /** Our intent, from the subscription's metadata. */
  checkoutId: string;
  facts: LookFacts;
  lookedAt: Date;
  rank: Rank;
  /** What this look replaced, where Stripe says so. */
  replaced: LookFacts | null;
  /** When a pause goes on by itself, where Stripe says so; for the letter that tells of it, and not kept. */
  resumesAt: Date | null;
  /** A look by asking that only stands in for what is not told yet, or settles a tie: dropped once what was told decides. */
  provisional: boolean;
}

export interface NotedLook {
  membershipId: string;
  readerId: string | null;
  /** True when two looks of one second contradict each other: only Stripe can say which is true. */
  undecided: boolean;
}

/** A membership and all that was ever seen of it; `newest` is what it is. */
export interface Plan {
  membershipId: string;
  /** Null where another system keeps it. */
  stripeSubscriptionId: string | null;
  looks: StoredLook[];
  newest: StoredLook;
}

export interface NotedLooks {
  /** By subscription; absent where a look names an intent that this service did not begin. */
  bySubscription: Map<string, NotedLook>;
  /** Every membership of each reader of whom something was noted. */
  plansOf: Map<string, Plan[]>;
}

type StoredLook = typeof membershipLooks.$inferSelect;

/** What is known of the looks' customers and intents. */
export interface Known {
  /** Whose each customer is. */
  owners: ReadonlyMap<string, string>;
  /** Those of them of whom it was not known before: their memberships have waited for it. */
  learnt: ReadonlyMap<string, string>;
  intents: ReadonlyMap<string, Checkout>;
}

/**
 * Notes looks, gives the memberships of customers to the readers they turned out to be, and brings those memberships and readers'
 * movements up to date, in the caller's transaction. With the customers held.
 */
export async function noteLooks(
  tx: Tx,
  now: Date,
  looks: readonly SubscriptionLook[],
  known: Known,
): Promise<NotedLooks> {
  const ofLooks = looks.flatMap(({ stripeCustomerId }) => known.owners.get(stripeCustomerId) ?? []);
  await lockReaders(tx, [...new Set([...ofLooks, ...known.learnt.values()])]);
  const claimed = await claimMemberships(tx, known.learnt);
  const found = await findOrMakeMemberships(tx, now, looks, known);
  await insertLooks(tx, looks, found);
  const touched = [...found.values()];
  const readerIds = [...new Set([...claimed, ...touched.flatMap(({ readerId }) => readerId ?? [])])];
  const plans = await readPlans(tx, readerIds, touched);
  const undecided = await refreshMemberships(tx, plans, new Set(touched.map(({ id }) => id)));
  const plansOf = Map.groupBy(
    plans.filter(({ readerId }) => readerId !== null),
    ({ readerId }) => readerId ?? '',
  );
  await writeMovements(
    tx,
    new Map([...plansOf].map(([readerId, all]) => [readerId, all.map((plan) => plan.looks)])),
  );
  return {
    plansOf,
    bySubscription: new Map(
      [...found].map(([subscription, { id, readerId }]) => [
        subscription,
        { membershipId: id, readerId, undecided: undecided.has(id) },
      ]),
    ),
  };
}

/** Answers the readers to whom memberships were given. */
async function claimMemberships(tx: Tx, learnt: ReadonlyMap<string, string>): Promise<string[]> {
  if (learnt.size === 0) return [];
  const given = [...learnt].map(([stripeCustomerId, readerId]) => ({ stripeCustomerId, readerId }));
  const { rows } = await tx.execute<{ reader_id: string }>(sql`
    update ${memberships} set reader_id = given.reader_id from ${rowsOf(memberships, given)} given
    where ${memberships.stripeCustomerId} = given.stripe_customer_id and ${memberships.readerId} is null
    returning given.reader_id`);
  return rows.map((row) => row.reader_id);
}

interface Found {
  id: string;
  readerId: string | null;
}

async function findOrMakeMemberships(
  tx: Tx,
  now: Date,
  looks: readonly SubscriptionLook[],
  { owners, intents }: Known,
): Promise<Map<string, Found>> {
  const bySubscription = new Map(looks.map((look) => [look.stripeSubscriptionId, look]));
  const found = await lockMemberships(tx, [...bySubscription.keys()]);
  const rows = [...bySubscription.values()].flatMap((look) => {
    const intent = intents.get(look.checkoutId);
    if (found.has(look.stripeSubscriptionId) || intent === undefined) return [];
    return [membershipRow(look, intent, owners.get(look.stripeCustomerId) ?? null, now)];
  });
  if (rows.length === 0) return found;
  await insertRows(tx, memberships, rows, sql`on conflict (stripe_subscription_id) do nothing`);
  await tx.execute(sql`
    update ${payments} set membership_id = given.id from ${rowsOf(memberships, rows)} given
    where ${payments.stripeSubscriptionId} = given.stripe_subscription_id and ${payments.membershipId} is null`);
  for (const { id, stripeSubscriptionId, readerId } of rows)
    found.set(stripeSubscriptionId, { id, readerId });
  return found;
}

function membershipRow(look: SubscriptionLook, intent: Checkout, readerId: string | null, now: Date) {
  const { facts } = look;
  return {
    id: randomUUIDv7(),
    readerId,
    checkoutId: intent.id,
    stripeSubscriptionId: look.stripeSubscriptionId,
    stripeCustomerId: look.stripeCustomerId,
    standing: facts.standing,
    amountMinor: facts.amountMinor,
    currency: facts.currency,
    interval: facts.interval,
    startedAt: facts.startedAt,
    periodEndsAt: facts.periodEndsAt,
    endsAt: facts.endsAt,
    endedAt: facts.endedAt,
    endReason: facts.endReason,
    lookedAt: look.lookedAt,
    article: intent.article,
    campaign: intent.campaign,
    component: intent.component,
    referrer: intent.referrer,
    createdAt: now,
  };
}

async function lockMemberships(tx: Tx, subscriptions: readonly string[]): Promise<Map<string, Found>> {
  if (subscriptions.length === 0) return new Map();
  const rows = await tx
    .select({
      id: memberships.id,
      readerId: memberships.readerId,
      stripeSubscriptionId: memberships.stripeSubscriptionId,
    })
    .from(memberships)
    .where(isAnyOf(memberships.stripeSubscriptionId, subscriptions))
    .orderBy(memberships.stripeSubscriptionId)
    .for('no key update');
  return new Map(rows.map(({ stripeSubscriptionId, ...row }) => [stripeSubscriptionId ?? '', row]));
}

/** One look told twice is one row; that it was told ends its being provisional. */
async function insertLooks(
  tx: Tx,
  looks: readonly SubscriptionLook[],
  found: ReadonlyMap<string, Found>,
): Promise<void> {
  const rows = new Map<string, typeof membershipLooks.$inferInsert & { provisional: boolean }>();
  for (const look of looks) {
    const membership = found.get(look.stripeSubscriptionId);
    if (membership === undefined) continue;
    const digest = digestOf(look.facts);
    const before = look.replaced === null ? null : digestOf(look.replaced);
    // A change of something that does not concern us replaces nothing.
    const replaced = before === digest ? null : before;
    const name = [membership.id, look.lookedAt.getTime(), look.rank, digest, replaced].join();
    const known = rows.get(name);
    rows.set(name, {
      id: randomUUIDv7(),
      membershipId: membership.id,
      lookedAt: look.lookedAt,
      rank: look.rank,
      digest,
      replaced,
      ...look.facts,
      provisional: look.provisional && known?.provisional !== false,
    });
  }
  await insertRows(
    tx,
    membershipLooks,
    [...rows.values()],
    sql`on conflict (membership_id, looked_at, rank, digest, replaced) do update set provisional = false
      where ${membershipLooks.provisional} and not excluded.provisional`,
  );
}

async function readPlans(
  tx: Tx,
  readerIds: readonly string[],
  touched: readonly Found[],
): Promise<(Plan & { readerId: string | null })[]> {
  if (readerIds.length + touched.length === 0) return [];
  const rows = await tx
    .select({
      look: membershipLooks,
      readerId: memberships.readerId,
      stripeSubscriptionId: memberships.stripeSubscriptionId,
    })
    .from(membershipLooks)
    .innerJoin(memberships, eq(memberships.id, membershipLooks.membershipId))
    .where(
      or(
        isAnyOf(memberships.readerId, readerIds),
        isAnyOf(
          memberships.id,
          touched.map(({ id }) => id),
        ),
      ),
    );
  return [...Map.groupBy(rows, ({ look }) => look.membershipId)].flatMap(([membershipId, group]) => {
    const looks = group.map(({ look }) => look);
    const [first] = group;
    const [newest] = looks;
    if (first === undefined || newest === undefined) return [];
    const { readerId, stripeSubscriptionId } = first;
    return [{ membershipId, readerId, stripeSubscriptionId, looks, newest }];
  });
}

/**
 * A membership is its newest look. Answers which are undecided; their rows keep what the order by digest gives. The plans
 * lose the looks that are of no more use.
 */
async function refreshMemberships(tx: Tx, plans: Plan[], touched: ReadonlySet<string>): Promise<Set<string>> {
  const undecided = new Set<string>();
  const spent: string[] = [];
  const rows = plans.flatMap((plan) => {
    const verdict = verdictOf(plan.looks);
    const { look } = verdict;
    if (look === null) return [];
    plan.newest = look;
    if (!touched.has(plan.membershipId)) return [];
    spent.push(...verdict.spent.map(({ id }) => id));
    plan.looks = plan.looks.filter((each) => !verdict.spent.includes(each));
    if (verdict.undecided) undecided.add(plan.membershipId);
    return [
      {
        id: plan.membershipId,
        standing: look.standing as LookFacts['standing'],
        amountMinor: look.amountMinor,
        currency: look.currency,
        interval: look.interval as LookFacts['interval'],
        startedAt: look.startedAt,
        periodEndsAt: look.periodEndsAt,
        endsAt: look.endsAt,
        endedAt: look.endedAt,
        endReason: look.endReason as LookFacts['endReason'],
        lookedAt: look.lookedAt,
      },
    ];
  });
  if (spent.length > 0) await tx.delete(membershipLooks).where(isAnyOf(membershipLooks.id, spent));
  if (rows.length > 0) {
    await tx.execute(sql`
      update ${memberships} set
        standing = given.standing, amount_minor = given.amount_minor, currency = given.currency,
        "interval" = given."interval", started_at = given.started_at, period_ends_at = given.period_ends_at,
        ends_at = given.ends_at, ended_at = given.ended_at, end_reason = given.end_reason, looked_at = given.looked_at
      from ${rowsOf(memberships, rows)} given
      where ${memberships.id} = given.id
        and (${memberships.lookedAt}, ${memberships.standing}, ${memberships.amountMinor}, ${memberships.currency},
          ${memberships.interval}, ${memberships.startedAt}, ${memberships.periodEndsAt}, ${memberships.endsAt},
          ${memberships.endedAt}, ${memberships.endReason})
        is distinct from (given.looked_at, given.standing, given.amount_minor, given.currency,
          given."interval", given.started_at, given.period_ends_at, given.ends_at, given.ended_at, given.end_reason)`);
  }
  return undecided;
}
