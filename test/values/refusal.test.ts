// A refusal names what is wrong, and says nothing that must not be logged.
import { expect, it } from 'vitest';
import { fault, inField, isFault, Refusal } from '../../src/values/refusal.ts';

it('takes its status from what is wrong first', () => {
  expect(new Refusal(fault('not-found')).status).toBe(404);
  expect(new Refusal(fault('too-many-tries', { minutes: 5 })).status).toBe(429);
  expect(new Refusal(fault('address-missing'), fault('not-found')).status).toBe(422);
});

it('carries every bad field', () => {
  const refusal = new Refusal(
    inField('email', fault('address-missing')),
    inField('amount', fault('amount-missing')),
  );
  expect(refusal.code).toBe('address-missing');
  expect(refusal.faults.map((each) => [each.field, each.code])).toEqual([
    ['email', 'address-missing'],
    ['amount', 'amount-missing'],
  ]);
});

it('puts neither facts nor fields into its message', () => {
  const refusal = new Refusal(
    inField(
      'anna@example.org',
      fault('amount-too-small', { minimum: { amountMinor: 200n, currency: 'USD' }, frequency: 'once' }),
    ),
  );
  expect(refusal.message).toBe('amount-too-small');
});

it('is told from an amount or a day', () => {
  expect(isFault(fault('not-found'))).toBe(true);
  for (const value of [500n, '2027-01-01', null, undefined, {}]) expect(isFault(value)).toBe(false);
});
