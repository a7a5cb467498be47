// Keys: what one purpose sealed no other opens, older keys still open, and the look-up key never changes.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/outside/database.ts';
import { lookUpKeyState, rewrapLookUpKey, type SealPurpose, unlockKeys } from '../../src/outside/keys.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';

const at = new Date('2026-03-02T10:00:00Z');
const older = 'the older key of these tests and of no worth';
const newer = 'the newer key of these tests and of no worth';

let fresh: FreshDatabase;
let database: Database;
beforeEach(async () => {
  fresh = await freshDatabase();
  database = openDatabase(fresh.url, { most: 4 });
});
afterEach(async () => {
  await database.$client.end();
  await fresh.drop();
});

const purposes: SealPurpose[] = ['address', 'name', 'stripe-event', 'answer', 'wrap'];

describe('sealing', () => {
  test('what was sealed opens to the same text, and never looks the same twice', async () => {
    const keys = await unlockKeys(database, [newer], at);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(...purposes), (text, purpose) => {
        const sealed = keys.seal(purpose, text);
        expect(keys.open(purpose, sealed).toString()).toBe(text);
        expect(keys.seal(purpose, text)).not.toEqual(sealed);
        if (text.length > 5) expect(sealed.includes(Buffer.from(text))).toBe(false);
      }),
    );
  });

  test('one purpose does not open what another sealed', async () => {
    const keys = await unlockKeys(database, [newer], at);
    for (const sealing of purposes) {
      const sealed = keys.seal(sealing, 'ada@example.org');
      for (const opening of purposes.filter((each) => each !== sealing)) {
        expect(() => keys.open(opening, sealed)).toThrow();
      }
    }
  });

  test('a single changed byte, anywhere, is noticed', async () => {
    const keys = await unlockKeys(database, [newer], at);
    const sealed = keys.seal('address', 'ada@example.org');
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const bent = Buffer.from(sealed);
        bent[place] = (bent[place] ?? 0) ^ change;
        expect(() => keys.open('address', bent)).toThrow();
      }),
    );
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => keys.open('address', sealed.subarray(0, length))).toThrow();
    }
  });
});

describe('a newer key', () => {
  test('seals; the older still opens what it sealed, and nothing opens without its own', async () => {
    const before = await unlockKeys(database, [older], at);
    const sealed = before.seal('address', 'ada@example.org');
    const after = await unlockKeys(database, [newer, older], at);
    expect(after.open('address', sealed).toString()).toBe('ada@example.org');
    const anew = after.seal('address', 'ada@example.org');
    expect(anew.subarray(0, 5)).toEqual(after.newestMark);
    expect(sealed.subarray(0, 5)).not.toEqual(after.newestMark);
    expect(() => before.open('address', anew)).toThrow('No current key opens this');
  });

  test('signs; what the older signed is still known, by its number', async () => {
    const before = await unlockKeys(database, [older], at);
    const after = await unlockKeys(database, [newer, older], at);
    const signed = before.sign('link:manage', 'text');
    expect(after.verify('link:manage', 'text', signed.keyNumber, signed.mac)).toBe(true);
    expect(after.verify('link:manage', 'another text', signed.keyNumber, signed.mac)).toBe(false);
    expect(after.verify('link:unsubscribe', 'text', signed.keyNumber, signed.mac)).toBe(false);
    const anew = after.sign('link:manage', 'text');
    expect(anew.keyNumber).not.toBe(signed.keyNumber);
    expect(after.verify('link:manage', 'text', anew.keyNumber, signed.mac)).toBe(false);
    expect(before.verify('link:manage', 'text', anew.keyNumber, anew.mac)).toBe(false);
  });

  test('a shortened MAC is taken only down to 160 bits', async () => {
    const keys = await unlockKeys(database, [newer], at);
    const { keyNumber, mac } = keys.sign('link:manage', 'text');
    expect(keys.verify('link:manage', 'text', keyNumber, mac.subarray(0, 20))).toBe(true);
    for (const length of [0, 1, 8, 19]) {
      expect(keys.verify('link:manage', 'text', keyNumber, mac.subarray(0, length))).toBe(false);
    }
  });
});

describe('the look-up key', () => {
  test('is made once, whoever comes first of many', async () => {
    const many = await Promise.all(Array.from({ length: 8 }, () => unlockKeys(database, [older], at)));
    const hashes = many.map((keys) => keys.addressHash('ada@example.org').toString('hex'));
    expect(new Set(hashes).size).toBe(1);
    expect(many[0]?.addressHash('ben@example.org')).not.toEqual(many[0]?.addressHash('ada@example.org'));
  });

  test('stays the same when wrapped anew, and opens with the newer key alone', async () => {
    const before = await unlockKeys(database, [older], at);
    expect(await rewrapLookUpKey(database, [newer, older])).toBe(true);
    expect(await rewrapLookUpKey(database, [newer, older])).toBe(false);
    const after = await unlockKeys(database, [newer], at);
    expect(after.addressHash('ada@example.org')).toEqual(before.addressHash('ada@example.org'));
    await expect(unlockKeys(database, [older], at)).rejects.toThrow('None of APP_KEYS opens this database');
  });

  test('is looked at without being made', async () => {
    expect(await lookUpKeyState(database, [older])).toBe('absent');
    expect(await lookUpKeyState(database, [older])).toBe('absent');
    await unlockKeys(database, [older], at);
    expect(await lookUpKeyState(database, [newer, older])).toBe('opens');
    expect(await lookUpKeyState(database, [newer])).toBe('closed');
  });

  test('of another database gives other hashes: a stolen list fits nowhere else', async () => {
    const other = await freshDatabase();
    const elsewhere = openDatabase(other.url, { most: 2 });
    const here = await unlockKeys(database, [older], at);
    const there = await unlockKeys(elsewhere, [older], at);
    expect(there.addressHash('ada@example.org')).not.toEqual(here.addressHash('ada@example.org'));
    await elsewhere.$client.end();
    await other.drop();
  });
});
