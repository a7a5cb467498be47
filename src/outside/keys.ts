// Keys: every purpose's key is derived from APP_KEYS, except the look-up key for addresses, which is random and kept wrapped.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { eq } from 'drizzle-orm';
import { wrappedKeys } from '../schema.ts';
import type { Database } from './database.ts';

export type SealPurpose = 'address' | 'name' | 'stripe-event' | 'answer' | 'wrap';

export interface Keys {
  /** AES-256-GCM under the newest key; the purpose is bound in, so that one kind of secret cannot pass for another. */
  seal(purpose: SealPurpose, text: string | Buffer): Buffer;
  /** Opens what any current key sealed. Throws when the key is gone or the bytes were changed. */
  open(purpose: SealPurpose, sealed: Buffer): Buffer;
  /** Keyed hash of an address in its look-up form (see values/address). */
  addressHash(lookUpForm: string): Buffer;
  /** HMAC-SHA256 under a purpose's newest key, with the key's number. */
  sign(purpose: string, text: string): { keyNumber: number; mac: Buffer };
  /** True when a current key of that number made this MAC; constant time. */
  verify(purpose: string, text: string, keyNumber: number, mac: Buffer): boolean;
  /** Current signing secrets of a purpose by key number, newest first (for jsonwebtoken). */
  secrets(purpose: string): { keyNumber: number; secret: Buffer }[];
  /** How everything begins that the newest key seals; what begins otherwise is under an older one. */
  newestMark: Buffer;
}

/** Unlocks the keys: derives from APP_KEYS (newest first), and opens or makes the look-up key. Throws when none of the keys opens it. */
export async function unlockKeys(database: Database, appKeys: readonly string[], now: Date): Promise<Keys> {
  const seals = sealing(appKeys);
  const made = seals.seal('wrap', randomBytes(32));
  await database
    .insert(wrappedKeys)
    .values({ purpose: 'address-look-up', wrapped: made, createdAt: now })
    .onConflictDoNothing();
  const [row] = await database.select().from(wrappedKeys).where(eq(wrappedKeys.purpose, 'address-look-up'));
  if (!row) throw new Error('The look-up key could not be kept');
  let lookUpKey: KeyObject;
  try {
    lookUpKey = createSecretKey(seals.open('wrap', row.wrapped));
  } catch {
    throw new Error('None of APP_KEYS opens this database: add the key that was used before');
  }
  return {
    ...seals,
    addressHash: (lookUpForm) => createHmac('sha256', lookUpKey).update(lookUpForm).digest(),
  };
}

/** Whether these keys open the database's look-up key; `absent` before the service first ran there. Changes nothing. */
export async function lookUpKeyState(
  database: Pick<Database, 'select'>,
  appKeys: readonly string[],
): Promise<'opens' | 'closed' | 'absent'> {
  const [row] = await database.select().from(wrappedKeys).where(eq(wrappedKeys.purpose, 'address-look-up'));
  if (!row) return 'absent';
  try {
    sealing(appKeys).open('wrap', row.wrapped);
    return 'opens';
  } catch {
    return 'closed';
  }
}

/** Wraps the look-up key under the newest of APP_KEYS; answers whether it was under another. The key itself never changes. */
export async function rewrapLookUpKey(database: Database, appKeys: readonly string[]): Promise<boolean> {
  const seals = sealing(appKeys);
  const here = eq(wrappedKeys.purpose, 'address-look-up');
  return database.transaction(async (tx) => {
    const [row] = await tx.select().from(wrappedKeys).where(here).for('update');
    if (!row || row.wrapped.subarray(0, seals.newestMark.length).equals(seals.newestMark)) return false;
    const wrapped = seals.seal('wrap', seals.open('wrap', row.wrapped));
    await tx.update(wrappedKeys).set({ wrapped }).where(here);
    return true;
  });
}

function sealing(appKeys: readonly string[]): Omit<Keys, 'addressHash'> {
  const roots = appKeys.map((key) => ({
    // The key's number names it in what it sealed; it is not secret and says nothing of the key.
    keyNumber: createHash('sha256').update('number').update(key).digest().readUInt32BE(0),
    key,
  }));
  const newest = roots[0];
  if (!newest) throw new Error('APP_KEYS is empty');
  // Filled once per purpose and key; derivation is pure, so sharing it is safe.
  const derived = new Map<string, KeyObject>();
  // A key made ready once: handing over bytes has each use make it ready anew, which costs more than the use.
  const derive = (root: { key: string; keyNumber: number }, purpose: string): KeyObject => {
    const name = `${root.keyNumber}:${purpose}`;
    const known = derived.get(name);
    if (known) return known;
    const made = createSecretKey(Buffer.from(hkdfSync('sha256', root.key, 'small-favor', purpose, 32)));
    derived.set(name, made);
    return made;
  };
  const rootOf = (keyNumber: number) => roots.find((root) => root.keyNumber === keyNumber);
  const newestMark = Buffer.alloc(5);
  newestMark.writeUInt8(1, 0);
  newestMark.writeUInt32BE(newest.keyNumber, 1);
  return {
    newestMark,
    seal(purpose, text) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', derive(newest, `seal:${purpose}`), iv);
      cipher.setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text), cipher.final()]);
      return Buffer.concat([newestMark, iv, cipher.getAuthTag(), body]);
    },
    open(purpose, sealed) {
      const root = sealed.length >= 33 && sealed[0] === 1 ? rootOf(sealed.readUInt32BE(1)) : undefined;
      if (!root) throw new Error('No current key opens this');
      const decipher = createDecipheriv(
        'aes-256-gcm',
        derive(root, `seal:${purpose}`),
        sealed.subarray(5, 17),
      );
      decipher.setAAD(Buffer.from(purpose));
      decipher.setAuthTag(sealed.subarray(17, 33));
      return Buffer.concat([decipher.update(sealed.subarray(33)), decipher.final()]);
    },
    sign(purpose, text) {
      return { keyNumber: newest.keyNumber, mac: mac(derive(newest, `sign:${purpose}`), text) };
    },
    verify(purpose, text, keyNumber, given) {
      const root = rootOf(keyNumber);
      if (!root) return false;
      // Links carry the first 160 bits: short enough for a letter, far too many to guess.
      const expected = mac(derive(root, `sign:${purpose}`), text).subarray(0, Math.max(20, given.length));
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
    secrets(purpose) {
      return roots.map((root) => ({
        keyNumber: root.keyNumber,
        secret: derive(root, `sign:${purpose}`).export(),
      }));
    },
  };
}

function mac(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
