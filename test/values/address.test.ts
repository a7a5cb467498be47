// E-mail addresses are read narrowly, and looked up without guessing what a provider thinks is the same.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/values/address.ts';
import { isFault } from '../../src/values/refusal.ts';

function read(text: string): string[] | string {
  const address = parseAddress(text);
  return isFault(address) ? address.code : [address.address, address.lookUp];
}

describe('an address', () => {
  it.each([
    ['anna@example.org', 'anna@example.org', 'anna@example.org'],
    ['  Anna.B@Example.ORG ', 'Anna.B@example.org', 'anna.b@example.org'],
    ['anna+news@example.org', 'anna+news@example.org', 'anna+news@example.org'],
    ['a.n.n.a@example.org', 'a.n.n.a@example.org', 'a.n.n.a@example.org'],
    ["o'brien@example.org", "o'brien@example.org", "o'brien@example.org"],
    ['anna@пример.рф', 'anna@xn--e1afmkfd.xn--p1ai', 'anna@xn--e1afmkfd.xn--p1ai'],
    ['anna@BÜCHER.example', 'anna@xn--bcher-kva.example', 'anna@xn--bcher-kva.example'],
    [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
  ])('%j is taken', (text, address, lookUp) => {
    expect(read(text)).toEqual([address, lookUp]);
  });

  it.each(['анна@example.org', 'анна@пример.рф', 'josé.m@example.org', '花子@example.org'])(
    '%j has foreign letters before the @, and is told so',
    (text) => {
      expect(read(text)).toBe('address-not-ascii');
    },
  );

  it.each(['', '   ', '\u00a0'])('%j is missing', (text) => {
    expect(read(text)).toBe('address-missing');
  });

  it.each([
    'anna',
    'anna@',
    '@example.org',
    'anna@localhost',
    'anna@example',
    'anna@example.org.',
    'anna@.example.org',
    'anna@exa..mple.org',
    'anna@-example.org',
    'anna@exam_ple.org',
    'anna@127.0.0.1',
    'anna@[127.0.0.1]',
    'anna@0x7f.1',
    'anna@example.1a',
    'anna@exa%6dple.org',
    'anna@exam\u00adple.org',
    'anna@exam\u200dple.org',
    'anna@example。org',
    'anna@xn--a\u0000.org',
    'an na@example.org',
    '.anna@example.org',
    'anna.@example.org',
    'an..na@example.org',
    '"anna"@example.org',
    'anna(home)@example.org',
    'Anna <anna@example.org>',
    'anna@example.org,boris@example.org',
    'anna@example.org;boris@example.org',
    'friends:anna@example.org;',
    'anna@example.org\r\nBcc: boris@example.org',
    'anna\u0000@example.org',
    'a@b@example.org',
    `${'a'.repeat(65)}@example.org`,
    `anna@${'a'.repeat(64)}.org`,
    `anna@${'a.'.repeat(130)}org`,
    `${'a'.repeat(100_000)}@example.org`,
  ])('%j is refused', (text) => {
    expect(read(text)).toBe('address-malformed');
  });

  it('is plain ASCII whatever was typed, and reading it again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary' }), withOddDomain), (text) => {
        const address = parseAddress(text);
        if (isFault(address)) return;
        expect(address.address).toMatch(/^[!-?A-~]+@[a-z0-9.-]+$/);
        expect(parseAddress(address.address)).toEqual(address);
        expect(parseAddress(address.lookUp)).toMatchObject({ lookUp: address.lookUp });
      }),
    );
  });
});

const withOddDomain = fc.string({ unit: 'grapheme', minLength: 1 }).map((label) => `anna@${label}.org`);
