// The reader: one person known by an address, sealed here and nowhere else.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import { insertRows, isAnyOf, type Reads, type Tx } from '../outside/database.ts';
import type { Keys } from '../outside/keys.ts';
import { customers, readers } from '../schema.ts';
import type { Address } from '../values/address.ts';

/** A person as the table keeps them: a keyed hash to look up by, the address and the name sealed. */
export interface SealedPerson {
  hash: Buffer;
  sealed: Buffer;
  nameSealed?: Buffer | null;
  locale: string;
}

/** Seals an address and a name for the readers' table. */
export function sealPerson(keys: Keys, address: Address, name: string | null, locale: string): SealedPerson {
  const plainName = name?.trim() ?? '';
  return {
    hash: keys.addressHash(address.lookUp),
    sealed: keys.seal('address', address.address),
    nameSealed: plainName === '' ? null : keys.seal('name', plainName.slice(0, 200)),
    locale,
  };
}

/** The reader with this address, made if there is none. See `findOrMakeReaders`. */
export async function findOrMakeReader(tx: Tx, now: Date, person: SealedPerson): Promise<string> {
  const readerId = (await findOrMakeReaders(tx, now, [person])).get(person.hash.toString('hex'));
  if (readerId === undefined) throw new Error('A reader could neither be found nor made');
  return readerId;
}

/**
 * The readers with these addresses, made where there are none; keyed by the hash in hex. A name is taken where none is known.
 * Several callers at once end with one reader: the hash is unique.
 */
export async function findOrMakeReaders(
  tx: Tx,
  now: Date,
  people: readonly SealedPerson[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if (people.length === 0) return found;
  const named = new Map<string, SealedPerson>();
  for (const person of people) {
    const hash = person.hash.toString('hex');
    const before = named.get(hash);
    if (before === undefined || (!before.nameSealed && person.nameSealed)) named.set(hash, person);
  }
  const known = await tx
    .select({ id: readers.id, hash: readers.addressHash, nameSealed: readers.nameSealed })
    .from(readers)
    .where(
      isAnyOf(
        readers.addressHash,
        people.map(({ hash }) => hash),
      ),
    );
  for (const { id, hash: bytes, nameSealed } of known) {
    const hash = bytes?.toString('hex') ?? '';
    found.set(hash, id);
    const told = named.get(hash)?.nameSealed ?? null;
    if (nameSealed !== null || told === null) continue;
    await tx
      .update(readers)
      .set({ nameSealed: told })
      .where(and(eq(readers.id, id), isNull(readers.nameSealed)));
  }
  // In one order, so that two who make the same readers wait for each other and not in a circle.
  const unknown = [...named].filter(([hash]) => !found.has(hash)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (unknown.length === 0) return found;
  const made = await insertRows(
    tx,
    readers,
    unknown.map(([, { hash, sealed, nameSealed = null, locale }]) => ({
      id: randomUUIDv7(),
      addressHash: hash,
      addressSealed: sealed,
      nameSealed,
      locale,
      createdAt: now,
    })),
    sql`on conflict (address_hash) do nothing returning id, encode(address_hash, 'hex') as hash`,
  );
  for (const { id, hash } of made) found.set(String(hash), String(id));
  // Another transaction made the same reader in between, and has committed since.
  const missed = unknown.filter(([hash]) => !found.has(hash)).map(([, person]) => person);
  for (const [hash, id] of await findOrMakeReaders(tx, now, missed)) found.set(hash, id);
  return found;
}

/** Whose customers these are; absent where we have not heard of one. A forgotten reader's customer stays theirs. */
export async function readersOfCustomers(
  reads: Reads,
  stripeCustomerIds: readonly string[],
): Promise<Map<string, string>> {
  if (stripeCustomerIds.length === 0) return new Map();
  const rows = await reads
    .select({ id: customers.stripeCustomerId, readerId: customers.readerId })
    .from(customers)
    .where(isAnyOf(customers.stripeCustomerId, stripeCustomerIds));
  return new Map(rows.map(({ id, readerId }) => [id, readerId]));
}

/** Notes whose these customers are, with the customers held; the first word stands. */
export async function noteCustomers(tx: Tx, now: Date, owners: ReadonlyMap<string, string>): Promise<void> {
  await insertRows(
    tx,
    customers,
    [...owners].map(([stripeCustomerId, readerId]) => ({ stripeCustomerId, readerId, createdAt: now })),
  );
}

/**
 * Holds Stripe's objects of these ids until the transaction ends, in one order for everybody. Two transactions, of which one
 * learns whose a customer is and the other makes a membership of that customer, would otherwise each miss what the other wrote.
 */
export async function holdObjects(tx: Tx, stripeIds: readonly string[]): Promise<void> {
  if (stripeIds.length === 0) return;
  await tx.execute(sql`
    select pg_advisory_xact_lock(key) from (
      select distinct hashtextextended(id, 0) as key from unnest(${sql.param(stripeIds)}::text[]) as id order by key
    ) keys`);
}

/** Holds readers until the transaction ends, so that what is folded of one supporter is folded one after the other. */
export async function lockReaders(tx: Tx, readerIds: readonly string[]): Promise<void> {
  if (readerIds.length === 0) return;
  await tx
    .select({ id: readers.id })
    .from(readers)
    .where(isAnyOf(readers.id, readerIds))
    .orderBy(readers.id)
    // Rows that name the reader may be written meanwhile; the reader's own row may not.
    .for('no key update');
}

/** Notes whether letters to this reader name the publication from the outside. Answers whether there is such a reader. */
export async function writeDiscreetly(tx: Tx, readerId: string, discreet: boolean): Promise<boolean> {
  const changed = await tx
    .update(readers)
    .set({ discreet })
    .where(and(eq(readers.id, readerId), isNull(readers.erasedAt)))
    .returning({ id: readers.id });
  return changed.length > 0;
}

/** Forgets a person: address, hashes and name go; the row stays for the money that hangs on it. */
export async function forgetReader(tx: Tx, now: Date, readerId: string): Promise<void> {
  await tx
    .update(readers)
    .set({ addressHash: null, addressSealed: null, nameSealed: null, formerHash: null, erasedAt: now })
    .where(and(eq(readers.id, readerId), isNull(readers.erasedAt)));
}

/**
 * Forgets readers whose address was kept only for a reminder: address and name go. The keyed hash moves aside, where nobody
 * who asks anew is looked up: a bounce or a late click on "never write" still finds the address by it. `dropFormerHashes` ends that.
 */
export async function retireReaders(tx: Tx, now: Date, readerIds: readonly string[]): Promise<void> {
  await tx
    .update(readers)
    .set({
      formerHash: sql`${readers.addressHash}`,
      addressHash: null,
      addressSealed: null,
      nameSealed: null,
      erasedAt: now,
    })
    .where(and(inArray(readers.id, [...readerIds]), isNull(readers.erasedAt)));
}

/** Ends the keeping of hashes of readers who were retired before this instant. */
export async function dropFormerHashes(tx: Pick<Tx, 'update'>, before: Date): Promise<void> {
  await tx
    .update(readers)
    .set({ formerHash: null })
    .where(and(isNotNull(readers.formerHash), lt(readers.erasedAt, before)));
}
