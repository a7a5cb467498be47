// Signatures: decided as the package decides, and stricter about the future.
import fc from 'fast-check';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { signedBy } from '../../src/stripe/signature.ts';

const stripe = new Stripe('sk_test_0123456789abcdef');
const older = 'whsec_older0123456789';
const newer = 'whsec_newer0123456789';
const isSigned = signedBy([newer, older]);
const now = new Date('2026-08-03T09:00:00Z');
const seconds = now.getTime() / 1000;
const header = (payload: string, secret: string, timestamp = seconds) =>
  stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });

test('what a current secret signed is genuine, whatever it says', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.constantFrom(older, newer),
      (payload, secret) => isSigned(Buffer.from(payload), header(payload, secret), now),
    ),
  );
});

test('what anybody else signed, or what was changed since by one byte, is not', () => {
  const body = Buffer.from('{"id":"evt_1"}');
  expect(isSigned(body, header(body.toString(), 'whsec_somebody-else'), now)).toBe(false);
  fc.assert(
    fc.property(fc.nat({ max: body.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ by;
      return !isSigned(changed, header(body.toString(), newer), now);
    }),
  );
});

test('five minutes either way are tolerated, and no second more', () => {
  const body = '{}';
  const at = (timestamp: number) => isSigned(Buffer.from(body), header(body, newer, timestamp), now);
  expect([at(seconds - 300), at(seconds + 300)]).toEqual([true, true]);
  expect([at(seconds - 301), at(seconds + 301)]).toEqual([false, false]);
});

test('while a secret is being changed one of several signatures is enough; other schemes count for nothing', () => {
  const body = '{}';
  const mac = header(body, newer).split('v1=')[1] ?? '';
  const genuine = (text: string) => isSigned(Buffer.from(body), text, now);
  expect(genuine(`t=${seconds},v1=${'0'.repeat(64)},v1=${mac},v0=${'1'.repeat(64)}`)).toBe(true);
  expect(genuine(`t=${seconds},v0=${mac}`)).toBe(false);
  expect(genuine(`t=${seconds},v1=${mac.slice(0, 62)}`)).toBe(false);
});

test.each([
  undefined,
  '',
  't=',
  'v1=',
  't=,v1=',
  `t=-1,v1=${'0'.repeat(64)}`,
  `t=NaN,v1=${'0'.repeat(64)}`,
  `t=1e9,v1=${'0'.repeat(64)}`,
])('no sense is made of the header %s', (text) => {
  expect(isSigned(Buffer.from('{}'), text, now)).toBe(false);
});
