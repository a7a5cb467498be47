// The smallest and largest gifts and the amounts suggested make sense in every currency.
import { describe, expect, it } from 'vitest';
import { amountFault, isOffered, limitsFor, offeredCurrencies } from '../../src/values/limits.ts';
import { type Currency, exponentOf, frequencies, stepMinor } from '../../src/values/money.ts';

// From Stripe's table of minimum charges; GEL and KWD have none of their own: 0.50 dollars' worth.
const stripesMinimum: { readonly [C in Currency]?: bigint } = {
  USD: 50n,
  EUR: 50n,
  GBP: 30n,
  CHF: 50n,
  CAD: 50n,
  AUD: 50n,
  SEK: 300n,
  NOK: 300n,
  DKK: 250n,
  PLN: 200n,
  CZK: 1_500n,
  GEL: 140n,
  JPY: 50n,
  KWD: 160n,
};

describe.each(offeredCurrencies)('%s', (currency) => {
  it.each(frequencies)(
    '%s: presets rise between the limits, and the suggested one is among them',
    (frequency) => {
      const { minimum, maximum, presets, suggested } = limitsFor(currency, frequency);
      const rising = [minimum, ...presets, maximum];
      expect([...rising].sort((one, other) => Number(one - other))).toEqual(rising);
      expect(new Set(presets).size).toBe(presets.length);
      expect(presets).toContain(suggested);
    },
  );

  it.each(frequencies)('%s: everything allowed can be charged at Stripe', (frequency) => {
    const { minimum, maximum, presets } = limitsFor(currency, frequency);
    expect(minimum).toBeGreaterThanOrEqual(stripesMinimum[currency] ?? 0n);
    expect(maximum).toBeLessThanOrEqual(99_999_999n);
    for (const amount of [minimum, maximum, ...presets]) expect(amount % stepMinor(currency)).toBe(0n);
  });
});

it('a monthly gift begins at 2.00 where the currency has cents and Stripe takes so little', () => {
  const withCents = offeredCurrencies.filter(
    (currency) => exponentOf(currency) === 2 && (stripesMinimum[currency] ?? 0n) <= 200n,
  );
  expect(withCents.length).toBeGreaterThan(0);
  for (const currency of withCents) expect(limitsFor(currency, 'month').minimum).toBe(200n);
});

it('a gift is refused just below the smallest and just above the largest', () => {
  const judge = (amountMinor: bigint, currency: Currency) => amountFault({ amountMinor, currency }, 'month');
  expect(judge(199n, 'USD')).toEqual({
    code: 'amount-too-small',
    facts: { minimum: { amountMinor: 200n, currency: 'USD' }, frequency: 'month' },
  });
  expect(judge(200n, 'USD')).toBeNull();
  expect(judge(100_000n, 'USD')).toBeNull();
  expect(judge(100_001n, 'USD')?.code).toBe('amount-too-large');
  expect(judge(-500n, 'USD')?.code).toBe('amount-too-small');
  expect(judge(1_005n, 'KWD')?.code).toBe('too-many-decimals');
  expect(judge(500n, 'VND')?.code).toBe('currency-unknown');
});

it('only what is in the table is offered', () => {
  expect(isOffered('USD')).toBe(true);
  for (const other of ['usd', 'VND', 'constructor', undefined]) expect(isOffered(other)).toBe(false);
});
