// Imported: what another system knew, kept as the same kinds of facts that Stripe tells, many rows at a time.
import { randomUUIDv7 } from 'node:crypto';
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Reads, Tx } from '../outside/database.ts';
import type { Keys } from '../outside/keys.ts';
import {
  adjustments,
  importedRows,
  membershipChanges,
  membershipLooks,
  memberships,
  paymentFailures,
  payments,
  readers,
} from '../schema.ts';
import type { Currency, Frequency, Interval } from '../values/money.ts';
import { attemptsOf, daysOfBill, type Told } from './imported-bills.ts';
import { type ImportedLife, looksOf } from './imported-looks.ts';
import {
  findOrMakeReaders,
  type HashedPerson,
  type ImportedPerson,
  unknownReaders,
} from './imported-readers.ts';
import { digestOf } from './look.ts';
import { refoldMovementsOf } from './movement.ts';

interface Source {
  campaign: string | null;
  article: string | null;
  component: string | null;
  referrer: string | null;
}

/** Amounts are minor units of the gift's currency. */
export interface ImportedGift extends Source {
  externalId: string;
  person: ImportedPerson;
  happenedAt: Date;
  amountMinor: bigint;
  currency: Currency;
  kind: Frequency;
  membershipExternalId: string | null;
  feeMinor: bigint | null;
  feesCoveredMinor: bigint;
  refund: { amountMinor: bigint; happenedAt: Date } | null;
  status: 'succeeded' | 'failed' | 'pending';
  method: string | null;
  country: string | null;
}

export interface ImportedMembership extends Source, ImportedLife {
  externalId: string;
  person: ImportedPerson;
  currency: Currency;
  interval: Interval;
}

export interface Importing {
  keys: Keys;
  /** The publication's zone, in which memberships renew. */
  zone: string;
  /** The language of letters to readers who come in this way. */
  locale: string;
  /** Takes rows with a known name and other contents in the place of what was read before. */
  replace: boolean;
  /** Only says what would happen: writes nothing but a table of its own that ends with the connection (`beginRehearsal`). */
  rehearsing: boolean;
}

/** A row with what it is known by: reckoned beforehand, while the database is at work for others. */
export interface Identified<Row> {
  row: Row;
  /** Of all it says, keyed. */
  digest: Buffer;
  /** The keyed hash of its reader's address, in hexadecimal; null where only an id is known. */
  addressHash: string | null;
}

/** What became of a row. The last two are left out. */
export type Outcome = 'new' | 'same' | 'replaced' | 'other-contents' | 'membership-unknown';

export interface Kept {
  /** In the order of the rows. */
  outcomes: Outcome[];
  newReaders: number;
}

export function identifyGift(keys: Keys, gift: ImportedGift): Identified<ImportedGift> {
  return identified(keys, gift, digestOfGift(gift));
}

export function identifyMembership(
  keys: Keys,
  membership: ImportedMembership,
): Identified<ImportedMembership> {
  return identified(keys, membership, digestOfMembership(membership));
}

function identified<Row extends { person: ImportedPerson }>(
  keys: Keys,
  row: Row,
  contents: string,
): Identified<Row> {
  const { person } = row;
  const addressHash = 'readerId' in person ? null : keys.addressHash(person.address.lookUp).toString('hex');
  return { row, digest: keys.addressHash(contents), addressHash };
}

/**
 * Keeps gifts: those that succeeded as payments, settled as far as they will be, with what was refunded of them; attempts at a
 * membership's bill that failed as payment failures. What is pending, or failed outside of any membership, leaves only its name.
 * Causes no letter and nothing to ask of Stripe.
 */
export async function keepGifts(
  tx: Tx,
  now: Date,
  importing: Importing,
  gifts: readonly Identified<ImportedGift>[],
): Promise<Kept> {
  const judged = await judge(tx, importing, 'gift', gifts);
  const plans = await plansNamed(tx, importing, judged.writing);
  const writing = judged.writing.filter(({ row, at }) => {
    const isKnown = row.membershipExternalId === null || plans.has(row.membershipExternalId);
    if (!isKnown) judged.outcomes[at] = 'membership-unknown';
    return isKnown;
  });
  const received = writing.filter(({ row }) => row.status === 'succeeded');
  const persons = received.map(personOf);
  if (importing.rehearsing) return rehearse(tx, 'gift', judged.outcomes, writing, persons);
  const replaced = await removeGifts(
    tx,
    writing.filter(({ known }) => known),
  );
  const { readerIds, made } = await findOrMakeReaders(tx, now, importing.keys, persons, importing.locale);
  const paid = received.map(({ row }, at) => {
    const plan = row.membershipExternalId === null ? null : (plans.get(row.membershipExternalId) ?? null);
    const former = replaced.get(row.externalId);
    return {
      ...row,
      id: former?.paymentId ?? randomUUIDv7(),
      // Whoever was forgotten stays so, whatever address a file still has.
      readerId: former?.forgottenId ?? plan?.forgottenId ?? readerIds[at] ?? '',
      membershipId: plan?.id ?? null,
    };
  });
  await writePayments(tx, paid);
  await writeRefunds(tx, paid);
  const failed = writing.flatMap(({ row }) => {
    const plan = row.status === 'failed' ? plans.get(row.membershipExternalId ?? '') : undefined;
    return plan ? [{ ...row, membershipId: plan.id }] : [];
  });
  await writeFailures(tx, failed);
  await billAnew(tx, [
    ...[...replaced.values()].map(({ membershipId }) => membershipId),
    ...failed.map(({ membershipId }) => membershipId),
    ...(await followingFailures(tx, paid)),
  ]);
  await remember(tx, sql`imported_rows`, now, 'gift', writing);
  return { outcomes: judged.outcomes, newReaders: made };
}

/** Keeps memberships as the looks that Stripe's events would have left, and folds their supporters' movements. */
export async function keepMemberships(
  tx: Tx,
  now: Date,
  importing: Importing,
  memberships: readonly Identified<ImportedMembership>[],
): Promise<Kept> {
  const { outcomes, writing } = await judge(tx, importing, 'membership', memberships);
  const persons = writing.map(personOf);
  if (importing.rehearsing) return rehearse(tx, 'membership', outcomes, writing, persons);
  const former = await plansOf(
    tx,
    writing.filter(({ known }) => known).map(({ row }) => row.externalId),
  );
  const { readerIds, made } = await findOrMakeReaders(tx, now, importing.keys, persons, importing.locale);
  const plans = writing.map(({ row }, at) => ({
    ...row,
    id: former.get(row.externalId)?.id ?? randomUUIDv7(),
    readerId: former.get(row.externalId)?.forgottenId ?? readerIds[at] ?? '',
    looks: looksOf(row, importing.zone),
  }));
  await writePlans(tx, now, plans);
  await writeLooks(tx, plans);
  await billAnew(
    tx,
    [...former.values()].map(({ id }) => id),
  );
  await refoldMovementsOf(tx, [
    ...plans.map(({ readerId }) => readerId),
    ...[...former.values()].map(({ readerId }) => readerId),
  ]);
  await remember(tx, sql`imported_rows`, now, 'membership', writing);
  return { outcomes, newReaders: made };
}

/** Brings imported memberships up to date of which a change that lay ahead when they were read has come. */
export async function refreshImported({ database }: { database: Database }, now: Date): Promise<void> {
  await database.execute(sql`
    update memberships m set
      standing = look.standing,
      amount_minor = look.amount_minor,
      period_ends_at = look.period_ends_at,
      ends_at = look.ends_at,
      ended_at = look.ended_at,
      end_reason = look.end_reason,
      looked_at = look.looked_at
    from (
      select distinct on (l.membership_id) l.*
      from membership_looks l join memberships m on m.id = l.membership_id
      where m.external_id is not null and l.looked_at > m.looked_at and l.looked_at <= ${now.toISOString()}::timestamptz
      order by l.membership_id, l.looked_at desc
    ) as look
    where m.id = look.membership_id`);
}

/** Makes the table that a rehearsal notes its rows in; it lives on this connection alone, and ends with it. */
export async function beginRehearsal(reads: Reads): Promise<void> {
  await reads.execute(sql`
    create temporary table rehearsed_rows (kind text, external_id text, digest bytea, primary key (kind, external_id))`);
}

/**
 * Lets Postgres look at what has come so far. The plans that it keeps for triggers and lookups of small tables read the whole of
 * large ones; by itself it looks again after a minute, in which hundreds of thousands of rows come. Only at what rows are found by:
 * all columns would take ten times as long.
 */
export async function lookAtImported(database: Pick<Database, 'execute'>): Promise<void> {
  await database.execute(sql`
    analyze ${readers} (id, address_hash), ${memberships} (id, reader_id, external_id), ${membershipLooks} (id, membership_id),
      ${membershipChanges} (reader_id), ${payments} (id, reader_id, membership_id, external_id, paid_at), ${adjustments} (id, payment_id),
      ${paymentFailures} (id, membership_id, external_id, failed_at), ${importedRows} (kind, external_id)`);
}

type Kind = 'gift' | 'membership';

interface Writing<Row> extends Identified<Row> {
  /** Its place among the rows given. */
  at: number;
  /** True when it takes the place of one read before. */
  known: boolean;
}

/** Tells rows that are new from those known, and those known from such with other contents. Of one name given twice, the last is written. */
async function judge<Row extends { externalId: string }>(
  reads: Reads,
  importing: Importing,
  kind: Kind,
  rows: readonly Identified<Row>[],
): Promise<{ outcomes: Outcome[]; writing: Writing<Row>[] }> {
  const names = [...new Set(rows.map(({ row }) => row.externalId))];
  const known = await knownDigests(reads, importing, kind, names);
  const writing = new Map<string, Writing<Row>>();
  const outcomes = rows.map((each, at): Outcome => {
    const name = each.row.externalId;
    const former = writing.get(name)?.digest ?? known.get(name);
    if (former?.equals(each.digest)) return 'same';
    if (former !== undefined && !importing.replace) return 'other-contents';
    writing.set(name, { ...each, at, known: known.has(name) });
    return former === undefined ? 'new' : 'replaced';
  });
  return { outcomes, writing: [...writing.values()] };
}

function personOf({ row, addressHash }: Identified<{ person: ImportedPerson }>): HashedPerson {
  return { person: row.person, addressHash };
}

async function knownDigests(
  reads: Reads,
  importing: Importing,
  kind: Kind,
  names: readonly string[],
): Promise<Map<string, Buffer>> {
  const from = (table: SQL) => sql`
    select external_id as name, digest from ${table}
    where kind = ${kind} and external_id = any(${sql.param(names)}::text[])`;
  const { rows } = await reads.execute<{ name: string; digest: Buffer }>(from(sql`imported_rows`));
  const known = new Map(rows.map(({ name, digest }) => [name, digest]));
  if (!importing.rehearsing) return known;
  const rehearsed = await reads.execute<{ name: string; digest: Buffer }>(from(sql`rehearsed_rows`));
  for (const { name, digest } of rehearsed.rows) known.set(name, digest);
  return known;
}

interface Plan {
  id: string;
  readerId: string;
  /** The reader's id again, where that reader was forgotten. */
  forgottenId: string | null;
}

async function plansNamed(
  reads: Reads,
  importing: Importing,
  writing: readonly Writing<ImportedGift>[],
): Promise<Map<string, Plan>> {
  const names = [...new Set(writing.flatMap(({ row }) => row.membershipExternalId ?? []))];
  const plans = await plansOf(reads, names);
  if (!importing.rehearsing) return plans;
  const rehearsed = await knownDigests(reads, importing, 'membership', names);
  for (const name of rehearsed.keys())
    if (!plans.has(name)) plans.set(name, { id: '', readerId: '', forgottenId: null });
  return plans;
}

async function plansOf(reads: Reads, names: readonly string[]): Promise<Map<string, Plan>> {
  if (names.length === 0) return new Map();
  const { rows } = await reads.execute<{
    name: string;
    id: string;
    reader_id: string;
    forgotten: boolean;
  }>(sql`
    select m.external_id as name, m.id, m.reader_id, r.erased_at is not null as forgotten
    from memberships m join readers r on r.id = m.reader_id
    where m.external_id = any(${sql.param(names)}::text[])`);
  return new Map(
    rows.map(({ name, id, reader_id: readerId, forgotten }) => [
      name,
      { id, readerId, forgottenId: forgotten ? readerId : null },
    ]),
  );
}

async function rehearse<Row extends { externalId: string }>(
  tx: Tx,
  kind: Kind,
  outcomes: Outcome[],
  writing: readonly Writing<Row>[],
  persons: readonly HashedPerson[],
): Promise<Kept> {
  await remember(tx, sql`rehearsed_rows`, null, kind, writing);
  const unknown = await unknownReaders(tx, persons);
  if (unknown.length === 0) return { outcomes, newReaders: 0 };
  const { rows } = await tx.execute(sql`
    insert into rehearsed_rows (kind, external_id)
    select 'reader', unnest(${sql.param(unknown)}::text[]) on conflict do nothing returning 1`);
  return { outcomes, newReaders: rows.length };
}

async function remember<Row extends { externalId: string }>(
  tx: Tx,
  table: SQL,
  now: Date | null,
  kind: Kind,
  writing: readonly Writing<Row>[],
): Promise<void> {
  if (writing.length === 0) return;
  const moment = now === null ? sql`` : sql`, imported_at`;
  await tx.execute(sql`
    insert into ${table} (kind, external_id, digest${moment})
    select ${kind}, name, digest ${now === null ? sql`` : sql`, ${now.toISOString()}::timestamptz`}
    from unnest(
      ${sql.param(writing.map(({ row }) => row.externalId))}::text[], ${sql.param(writing.map(({ digest }) => digest))}::bytea[]
    ) as given(name, digest)
    on conflict (kind, external_id) do update set digest = excluded.digest`);
}

interface Removed {
  /** The payment's, so that it keeps it; null of an attempt that failed. */
  paymentId: string | null;
  membershipId: string | null;
  forgottenId: string | null;
}

/** Takes back what rows left that are to be replaced; answers what they were, by their names. */
async function removeGifts(tx: Tx, writing: readonly Writing<ImportedGift>[]): Promise<Map<string, Removed>> {
  if (writing.length === 0) return new Map();
  const names = sql`any(${sql.param(writing.map(({ row }) => row.externalId))}::text[])`;
  const { rows } = await tx.execute<{
    name: string;
    id: string;
    membership_id: string | null;
    reader_id: string;
    forgotten: boolean;
  }>(sql`
    select p.external_id as name, p.id, p.membership_id, p.reader_id, r.erased_at is not null as forgotten
    from payments p join readers r on r.id = p.reader_id where p.external_id = ${names}`);
  await tx.execute(sql`
    update payment_failures set collected_by = null
    where collected_by = any(${sql.param(rows.map(({ id }) => id))}::uuid[])`);
  await tx.execute(sql`delete from adjustments where external_id = ${names}`);
  await tx.execute(sql`delete from payments where external_id = ${names}`);
  const failures = await tx.execute<{ name: string; membership_id: string }>(sql`
    delete from payment_failures where external_id = ${names}
    returning external_id as name, membership_id`);
  return new Map<string, Removed>([
    ...failures.rows.map(({ name, membership_id }): [string, Removed] => [
      name,
      { paymentId: null, membershipId: membership_id, forgottenId: null },
    ]),
    ...rows.map(({ name, id, membership_id, reader_id, forgotten }): [string, Removed] => [
      name,
      { paymentId: id, membershipId: membership_id, forgottenId: forgotten ? reader_id : null },
    ]),
  ]);
}

type Paid = ImportedGift & { id: string; readerId: string; membershipId: string | null };

/** A fee that is told settles the gift in its own currency; where none is told, nobody can be asked for it. */
async function writePayments(tx: Tx, paid: readonly Paid[]): Promise<void> {
  if (paid.length === 0) return;
  const column = <V>(of: (gift: Paid) => V) => sql.param(paid.map(of));
  await tx.execute(sql`
    insert into payments (
      id, reader_id, membership_id, kind, external_id, amount_minor, fees_covered_minor, currency, paid_at, method, country,
      article, campaign, component, referrer, fee_minor, settled_amount_minor, settled_fee_minor, settled_net_minor,
      settled_currency, settled_at, settle_due_at
    )
    select given.*,
      case when fee is not null then amount end,
      fee,
      amount - fee,
      case when fee is not null then currency end,
      paid_at,
      paid_at
    from unnest(
      ${column(({ id }) => id)}::uuid[],
      ${column(({ readerId }) => readerId)}::uuid[],
      ${column(({ membershipId }) => membershipId)}::uuid[],
      ${column(({ kind }) => kind)}::text[],
      ${column(({ externalId }) => externalId)}::text[],
      ${column(({ amountMinor }) => String(amountMinor))}::bigint[],
      ${column(({ feesCoveredMinor }) => String(feesCoveredMinor))}::bigint[],
      ${column(({ currency }) => currency)}::text[],
      ${column(({ happenedAt }) => happenedAt.toISOString())}::timestamptz[],
      ${column(({ method }) => method)}::text[],
      ${column(({ country }) => country)}::text[],
      ${column(({ article }) => article)}::text[],
      ${column(({ campaign }) => campaign)}::text[],
      ${column(({ component }) => component)}::text[],
      ${column(({ referrer }) => referrer)}::text[],
      ${column(({ feeMinor }) => (feeMinor === null ? null : String(feeMinor)))}::bigint[]
    ) as given(id, reader_id, membership_id, kind, external_id, amount, covered, currency, paid_at, method, country,
      article, campaign, component, referrer, fee)`);
}

async function writeRefunds(tx: Tx, paid: readonly Paid[]): Promise<void> {
  const refunds = paid.flatMap(({ id, externalId, currency, refund }) =>
    refund === null ? [] : [{ id: randomUUIDv7(), paymentId: id, externalId, currency, ...refund }],
  );
  if (refunds.length === 0) return;
  await tx.execute(sql`
    insert into adjustments (
      id, payment_id, kind, external_id, amount_minor, currency, happened_at, settled_at, settle_due_at
    )
    select id, payment_id, 'refund', external_id, amount, currency, happened_at, happened_at, happened_at
    from unnest(
      ${sql.param(refunds.map(({ id }) => id))}::uuid[],
      ${sql.param(refunds.map(({ paymentId }) => paymentId))}::uuid[],
      ${sql.param(refunds.map(({ externalId }) => externalId))}::text[],
      ${sql.param(refunds.map(({ amountMinor }) => String(amountMinor)))}::bigint[],
      ${sql.param(refunds.map(({ currency }) => currency))}::text[],
      ${sql.param(refunds.map(({ happenedAt }) => happenedAt.toISOString()))}::timestamptz[]
    ) as given(id, payment_id, external_id, amount, currency, happened_at)`);
}

async function writeFailures(
  tx: Tx,
  failed: readonly (ImportedGift & { membershipId: string })[],
): Promise<void> {
  if (failed.length === 0) return;
  await tx.execute(sql`
    insert into payment_failures (id, membership_id, external_id, attempt, amount_minor, currency, failed_at)
    select id, membership_id, external_id, 1, amount, currency, failed_at
    from unnest(
      ${sql.param(failed.map(() => randomUUIDv7()))}::uuid[],
      ${sql.param(failed.map(({ membershipId }) => membershipId))}::uuid[],
      ${sql.param(failed.map(({ externalId }) => externalId))}::text[],
      ${sql.param(failed.map(({ amountMinor }) => String(amountMinor)))}::bigint[],
      ${sql.param(failed.map(({ currency }) => currency))}::text[],
      ${sql.param(failed.map(({ happenedAt }) => happenedAt.toISOString()))}::timestamptz[]
    ) as given(id, membership_id, external_id, amount, currency, failed_at)`);
}

/** Memberships of which an attempt had failed so shortly before one of these payments that it may have been at the same bill. */
async function followingFailures(tx: Tx, paid: readonly Paid[]): Promise<string[]> {
  const renewals = paid.filter(({ membershipId }) => membershipId !== null);
  if (renewals.length === 0) return [];
  const { rows } = await tx.execute<{ id: string }>(sql`
    select distinct paid.id
    from unnest(
      ${sql.param(renewals.map(({ membershipId }) => membershipId))}::uuid[],
      ${sql.param(renewals.map(({ happenedAt }) => happenedAt.toISOString()))}::timestamptz[]
    ) as paid(id, at)
    join memberships m on m.id = paid.id
    join payment_failures f on f.membership_id = paid.id and f.external_id is not null and f.failed_at <= paid.at
      and f.failed_at > paid.at - ${billOpen(sql`m.interval`)}`);
  return rows.map(({ id }) => id);
}

/** How long after its first attempt a bill is open: no payment that comes later, or before, has to do with it. */
function billOpen(interval: SQL): SQL {
  return sql`interval '24 hours'
    * case ${interval} when 'year' then ${daysOfBill.year}::int else ${daysOfBill.month}::int end`;
}

/** Tells anew which attempts of these memberships were at one bill: any gift may have come between what was known. */
async function billAnew(tx: Tx, membershipIds: readonly (string | null)[]): Promise<void> {
  const ids = [...new Set(membershipIds)].filter((id) => id !== null);
  if (ids.length === 0) return;
  const { rows } = await tx.execute<{
    membership_id: string;
    interval: Interval;
    id: string;
    failed: boolean;
    at: string;
    external_id: string;
  }>(sql`
    with failing as (
      select m.id, m.interval from memberships m
      where m.id = any(${sql.param(ids)}::uuid[])
        and exists (select from payment_failures f where f.membership_id = m.id and f.external_id is not null)
    )
    select failing.id as membership_id, failing.interval, f.id, true as failed, f.failed_at as at, f.external_id
    from failing join payment_failures f on f.membership_id = failing.id and f.external_id is not null
    union all
    select distinct failing.id, failing.interval, p.id, false, p.paid_at, p.external_id
    from failing
    join payment_failures f on f.membership_id = failing.id and f.external_id is not null
    join payments p on p.membership_id = failing.id and p.external_id is not null and p.paid_at >= f.failed_at
      and p.paid_at < f.failed_at + ${billOpen(sql`failing.interval`)}`);
  const attempts = [...Map.groupBy(rows, (row) => row.membership_id).values()].flatMap((told) =>
    attemptsOf(
      told.map(
        ({ id, failed, at, external_id }): Told => ({
          id,
          failed,
          at: new Date(at),
          externalId: external_id,
        }),
      ),
      told[0]?.interval ?? 'month',
    ),
  );
  if (attempts.length === 0) return;
  await tx.execute(sql`
    update payment_failures f set attempt = given.attempt, collected_by = given.collected_by
    from unnest(
      ${sql.param(attempts.map(({ failureId }) => failureId))}::uuid[],
      ${sql.param(attempts.map(({ attempt }) => attempt))}::int[],
      ${sql.param(attempts.map(({ collectedBy }) => collectedBy))}::uuid[]
    ) as given(id, attempt, collected_by)
    where f.id = given.id and (f.attempt, f.collected_by) is distinct from (given.attempt, given.collected_by)`);
}

type PlanRow = ImportedMembership & { id: string; readerId: string; looks: ReturnType<typeof looksOf> };

/** As each is by its newest look that does not lie ahead; the others are taken up by `refreshImported`. */
async function writePlans(tx: Tx, now: Date, plans: readonly PlanRow[]): Promise<void> {
  if (plans.length === 0) return;
  const column = <V>(of: (plan: PlanRow) => V) => sql.param(plans.map(of));
  const looks = plans.map(({ looks: own }) => own.findLast(({ lookedAt }) => lookedAt <= now) ?? own[0]);
  const newest = <V>(of: (look: PlanRow['looks'][number]) => V) =>
    sql.param(looks.map((look) => look && of(look)));
  await tx.execute(sql`
    insert into memberships (
      id, reader_id, external_id, standing, amount_minor, currency, interval, started_at, period_ends_at, ends_at, ended_at,
      end_reason, looked_at, article, campaign, component, referrer, created_at
    )
    select given.*, ${now.toISOString()}::timestamptz
    from unnest(
      ${column(({ id }) => id)}::uuid[],
      ${column(({ readerId }) => readerId)}::uuid[],
      ${column(({ externalId }) => externalId)}::text[],
      ${newest(({ facts }) => facts.standing)}::text[],
      ${newest(({ facts }) => String(facts.amountMinor))}::bigint[],
      ${column(({ currency }) => currency)}::text[],
      ${column(({ interval }) => interval)}::text[],
      ${column(({ startedAt }) => startedAt.toISOString())}::timestamptz[],
      ${newest(({ facts }) => facts.periodEndsAt.toISOString())}::timestamptz[],
      ${newest(({ facts }) => facts.endsAt?.toISOString() ?? null)}::timestamptz[],
      ${newest(({ facts }) => facts.endedAt?.toISOString() ?? null)}::timestamptz[],
      ${newest(({ facts }) => facts.endReason)}::text[],
      ${newest(({ lookedAt }) => lookedAt.toISOString())}::timestamptz[],
      ${column(({ article }) => article)}::text[],
      ${column(({ campaign }) => campaign)}::text[],
      ${column(({ component }) => component)}::text[],
      ${column(({ referrer }) => referrer)}::text[]
    ) as given
    on conflict (external_id) where external_id is not null do update set
      reader_id = excluded.reader_id,
      standing = excluded.standing,
      amount_minor = excluded.amount_minor,
      currency = excluded.currency,
      interval = excluded.interval,
      started_at = excluded.started_at,
      period_ends_at = excluded.period_ends_at,
      ends_at = excluded.ends_at,
      ended_at = excluded.ended_at,
      end_reason = excluded.end_reason,
      looked_at = excluded.looked_at,
      article = excluded.article,
      campaign = excluded.campaign,
      component = excluded.component,
      referrer = excluded.referrer`);
}

/** In the place of those that were written of them before. */
async function writeLooks(tx: Tx, plans: readonly PlanRow[]): Promise<void> {
  if (plans.length === 0) return;
  await tx.execute(sql`
    delete from membership_looks where membership_id = any(${sql.param(plans.map(({ id }) => id))}::uuid[])`);
  const looks = plans.flatMap(({ id, looks: own }) => own.map((look) => ({ membershipId: id, ...look })));
  const column = <V>(of: (look: (typeof looks)[number]) => V) => sql.param(looks.map(of));
  await tx.execute(sql`
    insert into membership_looks (
      id, membership_id, looked_at, rank, digest, standing, amount_minor, currency, interval, started_at, period_ends_at,
      cancel_requested_at, ends_at, ended_at, end_reason
    )
    select * from unnest(
      ${column(() => randomUUIDv7())}::uuid[],
      ${column(({ membershipId }) => membershipId)}::uuid[],
      ${column(({ lookedAt }) => lookedAt.toISOString())}::timestamptz[],
      ${column(({ rank }) => rank)}::int[],
      ${column(({ facts }) => digestOf(facts))}::text[],
      ${column(({ facts }) => facts.standing)}::text[],
      ${column(({ facts }) => String(facts.amountMinor))}::bigint[],
      ${column(({ facts }) => facts.currency)}::text[],
      ${column(({ facts }) => facts.interval)}::text[],
      ${column(({ facts }) => facts.startedAt.toISOString())}::timestamptz[],
      ${column(({ facts }) => facts.periodEndsAt.toISOString())}::timestamptz[],
      ${column(({ facts }) => facts.cancelRequestedAt?.toISOString() ?? null)}::timestamptz[],
      ${column(({ facts }) => facts.endsAt?.toISOString() ?? null)}::timestamptz[],
      ${column(({ facts }) => facts.endedAt?.toISOString() ?? null)}::timestamptz[],
      ${column(({ facts }) => facts.endReason)}::text[]
    )`);
}

function digestOfGift(gift: ImportedGift): string {
  const { externalId, person, happenedAt, amountMinor, currency, refund, feeMinor, ...rest } = gift;
  return writtenOut('gift', externalId, person, [
    happenedAt.toISOString(),
    String(amountMinor),
    currency,
    feeMinor === null ? null : String(feeMinor),
    refund && [String(refund.amountMinor), refund.happenedAt.toISOString()],
    rest.kind,
    rest.membershipExternalId,
    String(rest.feesCoveredMinor),
    rest.status,
    rest.method,
    rest.country,
    rest.campaign,
    rest.article,
    rest.component,
    rest.referrer,
  ]);
}

function digestOfMembership(membership: ImportedMembership): string {
  const { externalId, person, amountMinor, currency, interval, startedAt, ...rest } = membership;
  return writtenOut('membership', externalId, person, [
    String(amountMinor),
    currency,
    interval,
    startedAt.toISOString(),
    rest.pausedAt,
    rest.resumedAt,
    rest.cancelRequestedAt,
    rest.endedAt,
    rest.endReason,
    rest.amountChanges.map((change) => [change.from.toISOString(), String(change.amountMinor)]),
    rest.campaign,
    rest.article,
    rest.component,
    rest.referrer,
  ]);
}

/** Begins as no address can, since it is hashed with the key that addresses are looked up by: the one key that never changes. */
function writtenOut(kind: Kind, externalId: string, person: ImportedPerson, contents: unknown[]): string {
  const whose = 'readerId' in person ? [person.readerId] : [person.address.lookUp, person.name];
  return `\n${JSON.stringify([kind, externalId, whose, contents])}`;
}
