// The readers of imported rows: found by their addresses or made, many at a time.
import { randomUUIDv7 } from 'node:crypto';
import { inArray, sql } from 'drizzle-orm';
import type { Reads, Tx } from '../outside/database.ts';
import type { Keys } from '../outside/keys.ts';
import { readers } from '../schema.ts';
import type { Address } from '../values/address.ts';
import { sealPerson } from './reader.ts';

/** Known by an address; or, where another Small Favor knew it no longer, by the id it had there. */
export type ImportedPerson = { address: Address; name: string | null } | { readerId: string };

export interface HashedPerson {
  person: ImportedPerson;
  /** The keyed hash of the address, in hexadecimal; null where only an id is known. */
  addressHash: string | null;
}

/**
 * The readers' ids, in the order of the persons, and how many had to be made. A name is taken where none is known. They are made in
 * the order of their hashes, so that two who make the same ones do not wait for each other crosswise.
 */
export async function findOrMakeReaders(
  tx: Tx,
  now: Date,
  keys: Keys,
  persons: readonly HashedPerson[],
  locale: string,
): Promise<{ readerIds: string[]; made: number }> {
  const byHash = personsByHash(persons);
  const sorted = [...byHash.keys()].sort();
  const known = await readersByHash(tx, sorted);
  const unknown = sorted.filter((hash) => !known.has(hash));
  const made = await makeReaders(tx, now, keys, byHash, unknown, locale);
  for (const [hash, id] of made) known.set(hash, { id, named: true });
  // Somebody else made them in between, and has committed since.
  const missed = unknown.filter((hash) => !known.has(hash));
  for (const [hash, reader] of await readersByHash(tx, missed)) known.set(hash, reader);
  await nameReaders(tx, keys, byHash, known);
  await keepStrangers(tx, now, persons, locale);
  const readerIds = persons.map(({ person, addressHash }) => {
    if ('readerId' in person) return person.readerId;
    const reader = known.get(addressHash ?? '');
    if (!reader) throw new Error('A reader was neither found nor made');
    return reader.id;
  });
  return { readerIds, made: made.length };
}

/** The keyed hashes, in hexadecimal, of those of these persons who are not known here. */
export async function unknownReaders(reads: Reads, persons: readonly HashedPerson[]): Promise<string[]> {
  const hashes = [...personsByHash(persons).keys()];
  const known = await readersByHash(reads, hashes);
  return hashes.filter((hash) => !known.has(hash));
}

type Known = Extract<ImportedPerson, { address: Address }>;

/** Of several rows with one address, the first that has a name speaks for it. */
function personsByHash(persons: readonly HashedPerson[]): Map<string, Known> {
  const byHash = new Map<string, Known>();
  for (const { person, addressHash } of persons) {
    if ('readerId' in person || addressHash === null) continue;
    if ((byHash.get(addressHash)?.name ?? null) === null) byHash.set(addressHash, person);
  }
  return byHash;
}

async function readersByHash(
  reads: Reads,
  hashes: readonly string[],
): Promise<Map<string, { id: string; named: boolean }>> {
  if (hashes.length === 0) return new Map();
  const { rows } = await reads.execute<{ hash: Buffer; id: string; named: boolean }>(sql`
    select address_hash as hash, id, name_sealed is not null as named from readers
    where address_hash = any(${sql.param(hashes.map(fromHex))}::bytea[])`);
  return new Map(rows.map(({ hash, id, named }) => [hash.toString('hex'), { id, named }]));
}

async function makeReaders(
  tx: Tx,
  now: Date,
  keys: Keys,
  byHash: ReadonlyMap<string, Known>,
  hashes: readonly string[],
  locale: string,
): Promise<[string, string][]> {
  const made = hashes.flatMap((hash) => {
    const person = byHash.get(hash);
    return person ? [{ id: randomUUIDv7(), ...sealPerson(keys, person.address, person.name, locale) }] : [];
  });
  if (made.length === 0) return [];
  const { rows } = await tx.execute<{ hash: Buffer; id: string }>(sql`
    insert into readers (id, address_hash, address_sealed, name_sealed, locale, created_at)
    select id, hash, sealed, name, ${locale}, ${now.toISOString()}::timestamptz
    from unnest(
      ${sql.param(made.map(({ id }) => id))}::uuid[],
      ${sql.param(made.map(({ hash }) => hash))}::bytea[],
      ${sql.param(made.map(({ sealed }) => sealed))}::bytea[],
      ${sql.param(made.map(({ nameSealed }) => nameSealed ?? null))}::bytea[]
    ) as given(id, hash, sealed, name)
    on conflict (address_hash) do nothing
    returning address_hash as hash, id`);
  return rows.map(({ hash, id }) => [hash.toString('hex'), id]);
}

async function nameReaders(
  tx: Tx,
  keys: Keys,
  byHash: ReadonlyMap<string, Known>,
  known: ReadonlyMap<string, { id: string; named: boolean }>,
): Promise<void> {
  const named = [...known].flatMap(([hash, reader]) => {
    const name = byHash.get(hash)?.name ?? null;
    return reader.named || name === null ? [] : [{ id: reader.id, name: keys.seal('name', name) }];
  });
  if (named.length === 0) return;
  // No condition on the name: by statistics from before these readers came, Postgres takes the nameless for none, and then compares
  // every one of them with every row given.
  await tx.execute(sql`
    update readers set name_sealed = coalesce(readers.name_sealed, given.name)
    from unnest(
      ${sql.param(named.map(({ id }) => id))}::uuid[], ${sql.param(named.map(({ name }) => name))}::bytea[]
    ) as given(id, name)
    where readers.id = given.id and readers.erased_at is null`);
}

/** Of whom only an id is known: forgotten before they came here, as after `forgetReader`. */
async function keepStrangers(
  tx: Tx,
  now: Date,
  persons: readonly HashedPerson[],
  locale: string,
): Promise<void> {
  const ids = [...new Set(persons.flatMap(({ person }) => ('readerId' in person ? [person.readerId] : [])))];
  if (ids.length === 0) return;
  const known = await tx.select({ id: readers.id }).from(readers).where(inArray(readers.id, ids));
  const strangers = ids.filter((id) => !known.some((reader) => reader.id === id));
  if (strangers.length === 0) return;
  await tx
    .insert(readers)
    .values(strangers.map((id) => ({ id, locale, createdAt: now, erasedAt: now })))
    .onConflictDoNothing();
}

function fromHex(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}
