// The reader: one person known by an address, sealed here and nowhere else.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
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

/**
 * The reader with this address, made if there is none. A name is taken where none is known.
 * Several callers at once end with one reader: the hash is unique.
 */
export async function findOrMakeReader(tx: Tx, now: Date, person: SealedPerson): Promise<string> {
  const { hash, sealed, nameSealed = null, locale } = person;
  const [known] = await tx
    .select({ id: readers.id, nameSealed: readers.nameSealed })
    .from(readers)
    .where(eq(readers.addressHash, hash));
  if (known) {
    if (nameSealed !== null && known.nameSealed === null) {
      await tx
        .update(readers)
        .set({ nameSealed })
        .where(and(eq(readers.id, known.id), isNull(readers.nameSealed)));
    }
    return known.id;
  }
  const [made] = await tx
    .insert(readers)
    .values({
      id: randomUUIDv7(),
      addressHash: hash,
      addressSealed: sealed,
      nameSealed,
      locale,
      createdAt: now,
    })
    .onConflictDoNothing({ target: readers.addressHash })
    .returning({ id: readers.id });
  // Another transaction made the same reader in between, and has committed since.
  return made?.id ?? findOrMakeReader(tx, now, person);
}

/** Whose customer this is; null when we have not heard of it. A forgotten reader's customer stays theirs. */
export async function readerOfCustomer(reads: Reads, stripeCustomerId: string): Promise<string | null> {
  const [row] = await reads
    .select({ readerId: customers.readerId })
    .from(customers)
    .where(eq(customers.stripeCustomerId, stripeCustomerId));
  return row?.readerId ?? null;
}

/** Notes whose a customer is; the first word stands. Answers the reader it belongs to. */
export async function noteCustomer(
  tx: Tx,
  now: Date,
  stripeCustomerId: string,
  readerId: string,
): Promise<string> {
  await tx.insert(customers).values({ stripeCustomerId, readerId, createdAt: now }).onConflictDoNothing();
  return (await readerOfCustomer(tx, stripeCustomerId)) ?? readerId;
}

/**
 * Holds a customer until the transaction ends. Two transactions, of which one learns whose a customer is and the other
 * makes a membership of that customer, would otherwise each miss what the other wrote.
 */
export async function lockCustomer(tx: Tx, stripeCustomerId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${stripeCustomerId}, 0))`);
}

/** Holds the reader until the transaction ends, so that two events of one supporter are folded one after the other. */
export async function lockReader(tx: Tx, readerId: string): Promise<void> {
  await tx.select({ id: readers.id }).from(readers).where(eq(readers.id, readerId)).for('update');
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
