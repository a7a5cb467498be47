// Links and sessions: each good for one purpose, for its time, under our keys, and not to be bent.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/outside/database.ts';
import { type Keys, unlockKeys } from '../../src/outside/keys.ts';
import {
  idInLinkToken,
  type LinkPurpose,
  linkToken,
  readLinkToken,
  readSessionToken,
  sessionToken,
} from '../../src/outside/tokens.ts';
import { freshDatabase } from '../harness/fresh-database.ts';

const now = new Date('2026-03-02T10:00:00Z');
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
const older = 'the older key of these tests and of no worth';
const newer = 'the newer key of these tests and of no worth';
const foreign = 'the key of quite another house of this kind';

let keys: Keys;
let oldKeys: Keys;
let foreignKeys: Keys;
let close: () => Promise<void>;
beforeAll(async () => {
  const opened = await Promise.all([freshDatabase(), freshDatabase()]);
  const [ours, theirs] = opened.map(({ url }) => openDatabase(url, { most: 2 }));
  if (!ours || !theirs) throw new Error('Two databases are needed');
  oldKeys = await unlockKeys(ours, [older], now);
  keys = await unlockKeys(ours, [newer, older], now);
  foreignKeys = await unlockKeys(theirs, [foreign], now);
  close = async () => {
    await Promise.all([ours, theirs].map((each) => each.$client.end()));
    await Promise.all(opened.map((each) => each.drop()));
  };
});
afterAll(() => close());

const purposes: LinkPurpose[] = [
  'reminder',
  'reminder-give',
  'unsubscribe',
  'block',
  'manage',
  'invitation',
  'checkout',
];
const anyPurpose = fc.constantFrom(...purposes);
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a link', () => {
  test('names its row, is the same every time it is made, and fits into a line of a letter', () => {
    fc.assert(
      fc.property(fc.uuid(), anyPurpose, fc.string(), (id, purpose, extra) => {
        const token = linkToken(keys, purpose, id, later(60), extra);
        expect(linkToken(keys, purpose, id, later(60), extra)).toBe(token);
        expect(readLinkToken(keys, purpose, token, now, extra)).toEqual({ id });
        expect(idInLinkToken(token)).toBe(id);
        expect(token).toMatch(/^[A-Za-z0-9_-]{59}$/);
      }),
    );
  });

  test('is good for one purpose only', () => {
    const id = randomUUID();
    for (const made of purposes) {
      for (const asked of purposes.filter((each) => each !== made)) {
        const token = linkToken(keys, made, id, later(60));
        expect(readLinkToken(keys, asked, token, now)).toEqual({ fault: 'broken' });
      }
    }
  });

  test('is good until its minute, and for ever where it has none', () => {
    const id = randomUUID();
    const token = linkToken(keys, 'manage', id, later(60));
    expect(readLinkToken(keys, 'manage', token, later(59.9))).toEqual({ id });
    expect(readLinkToken(keys, 'manage', token, later(60))).toEqual({ fault: 'expired' });
    const lasting = linkToken(keys, 'reminder', id, null);
    expect(readLinkToken(keys, 'reminder', lasting, later(10 * 525_600))).toEqual({ id });
  });

  test('ends when what was bound in has changed', () => {
    const id = randomUUID();
    const token = linkToken(keys, 'invitation', id, later(60), '0');
    expect(readLinkToken(keys, 'invitation', token, now, '0')).toEqual({ id });
    expect(readLinkToken(keys, 'invitation', token, now, '1')).toEqual({ fault: 'broken' });
    expect(readLinkToken(keys, 'invitation', token, now)).toEqual({ fault: 'broken' });
  });

  test('cannot be bent: another character anywhere, and it is broken', () => {
    const id = randomUUID();
    const token = linkToken(keys, 'manage', id, later(60));
    const bytes = Buffer.from(token, 'base64url');
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...alphabet), (place, character) => {
        const bent = `${token.slice(0, place)}${character}${token.slice(place + 1)}`;
        const read = readLinkToken(keys, 'manage', bent, now);
        // The last character carries two bits that are no part of the token.
        if (Buffer.from(bent, 'base64url').equals(bytes)) expect(read).toEqual({ id });
        else expect(read).toEqual({ fault: 'broken' });
      }),
    );
  });

  test('cannot be made up, cut or lengthened', () => {
    const token = linkToken(keys, 'manage', randomUUID(), later(60));
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (made) => {
        expect(readLinkToken(keys, 'manage', made, now)).toEqual({ fault: 'broken' });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 44, maxLength: 44 }), (made) => {
        const text = Buffer.from(made).toString('base64url');
        expect(readLinkToken(keys, 'manage', text, now)).toEqual({ fault: 'broken' });
      }),
    );
    for (const bent of [token.slice(1), token.slice(0, -1), `${token}A`, `${token} `, `${token}=`]) {
      expect(readLinkToken(keys, 'manage', bent, now)).toEqual({ fault: 'broken' });
    }
  });

  test('of the older key is still read; of another house it is not', () => {
    const id = randomUUID();
    expect(readLinkToken(keys, 'manage', linkToken(oldKeys, 'manage', id, later(60)), now)).toEqual({ id });
    expect(readLinkToken(keys, 'manage', linkToken(foreignKeys, 'manage', id, later(60)), now)).toEqual({
      fault: 'broken',
    });
  });
});

describe('a session’s token', () => {
  const id = randomUUID();

  test('names its session, and is stale after a quarter of an hour', () => {
    const token = sessionToken(keys, 'staff', id, now);
    expect(readSessionToken(keys, 'staff', token, now)).toEqual({ sessionId: id, stale: false });
    expect(readSessionToken(keys, 'staff', token, later(14.9))).toEqual({ sessionId: id, stale: false });
    expect(readSessionToken(keys, 'staff', token, later(15))).toEqual({ sessionId: id, stale: true });
  });

  test('is not taken for another audience, with another key, or signed by nobody', () => {
    const token = sessionToken(keys, 'staff', id, now);
    expect(readSessionToken(keys, 'reader', token, now)).toBeNull();
    expect(readSessionToken(keys, 'staff', sessionToken(foreignKeys, 'staff', id, now), now)).toBeNull();
    expect(readSessionToken(keys, 'staff', sessionToken(oldKeys, 'staff', id, now), now)).not.toBeNull();
    const [, claims] = token.split('.');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'session+jwt', kid: kid() })).toString(
      'base64url',
    );
    expect(readSessionToken(keys, 'staff', `${unsigned}.${claims}.`, now)).toBeNull();
  });

  test.each([
    ['another algorithm', { algorithm: 'HS512' as const, header: { alg: 'HS512', typ: 'session+jwt' } }],
    ['another issuer', { issuer: 'someone-else' }],
    ['another audience', { audience: 'reader' }],
    ['another type', { header: { alg: 'HS256', typ: 'JWT' } }],
    ['another key’s number', { keyid: '1' }],
  ])('signed with the right key but of %s is not taken', (_of, bent) => {
    const usual = { algorithm: 'HS256' as const, issuer: 'small-favor', audience: 'staff', keyid: kid() };
    const typ = { header: { alg: 'HS256', typ: 'session+jwt' } };
    const claims = { sid: id, iat: now.getTime() / 1000, exp: later(15).getTime() / 1000 };
    const sign = (options: jwt.SignOptions) => jwt.sign(claims, staffSecret(), options);
    expect(readSessionToken(keys, 'staff', sign({ ...usual, ...typ }), now)?.sessionId).toBe(id);
    expect(readSessionToken(keys, 'staff', sign({ ...usual, ...typ, ...bent }), now)).toBeNull();
  });

  test('without a session or an end is not taken', () => {
    const options = {
      algorithm: 'HS256' as const,
      issuer: 'small-favor',
      audience: 'staff',
      keyid: kid(),
      header: { alg: 'HS256', typ: 'session+jwt' },
    };
    for (const claims of [{ exp: 4_000_000_000 }, { sid: 7, exp: 4_000_000_000 }, { sid: id }]) {
      expect(readSessionToken(keys, 'staff', jwt.sign(claims, staffSecret(), options), now)).toBeNull();
    }
  });

  test('cannot be bent or made up', () => {
    const token = sessionToken(keys, 'staff', id, now);
    const [head = '', claims = '', mac = ''] = token.split('.');
    fc.assert(
      fc.property(fc.nat(claims.length - 1), fc.constantFrom(...alphabet), (place, character) => {
        const bent = `${claims.slice(0, place)}${character}${claims.slice(place + 1)}`;
        fc.pre(bent !== claims);
        expect(readSessionToken(keys, 'staff', `${head}.${bent}.${mac}`, now)).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (made) => {
        expect(readSessionToken(keys, 'staff', made, now)).toBeNull();
      }),
    );
  });

  function staffSecret(): Buffer {
    return keys.secrets('session:staff')[0]?.secret ?? Buffer.alloc(0);
  }

  function kid(): string {
    return String(keys.secrets('session:staff')[0]?.keyNumber);
  }
});
