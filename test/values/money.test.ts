// What people type for an amount, what they read back, and that arithmetic on money stays exact.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  addExact,
  type Currency,
  decimalString,
  exponentOf,
  feeCover,
  formatMoney,
  fromStripeMinor,
  isCurrency,
  type Money,
  monthlyValue,
  parseAmount,
  roundHalfUp,
  stepMinor,
  subtract,
  toStripeMinor,
} from '../../src/values/money.ts';
import { isFault } from '../../src/values/refusal.ts';

const money = (amountMinor: bigint, currency: Currency): Money => ({ amountMinor, currency });

function read(text: string, currency: Currency): bigint | string {
  const amount = parseAmount(text, currency);
  return isFault(amount) ? amount.code : amount;
}

describe('an amount as people type it', () => {
  it.each<[string, Currency, bigint | string]>([
    ['5', 'USD', 500n],
    ['5.00', 'USD', 500n],
    ['5,50', 'EUR', 550n],
    ['5.5', 'USD', 550n],
    ['.50', 'USD', 50n],
    ['0', 'USD', 0n],
    ['007', 'USD', 700n],
    ['  5  ', 'USD', 500n],
    ['$5', 'USD', 500n],
    ['$ 5.25', 'CAD', 525n],
    ['US$5', 'USD', 500n],
    ['5 €', 'EUR', 500n],
    ['5\u00a0€', 'EUR', 500n],
    ['EUR 5', 'EUR', 500n],
    ['5 eur', 'EUR', 500n],
    ['5,-', 'EUR', 500n],
    ['kr 50', 'SEK', 5_000n],
    ['50 Kč', 'CZK', 5_000n],
    ['20 zł', 'PLN', 2_000n],
    ['1 000', 'USD', 100_000n],
    ['1\u202f000,50', 'EUR', 100_050n],
    ["1'000.50", 'CHF', 100_050n],
    ['1,000.50', 'USD', 100_050n],
    ['1.000,50', 'EUR', 100_050n],
    ['1,000,000', 'USD', 100_000_000n],
    ['1,000', 'JPY', 1_000n],
    ['500円', 'JPY', 500n],
    ['５００', 'JPY', 500n],
    ['1.5', 'KWD', 1_500n],
    ['1.250', 'KWD', 1_250n],
  ])('%j in %s is read', (text, currency, amountMinor) => {
    expect(read(text, currency)).toBe(amountMinor);
  });

  it.each<[string, Currency, string]>([
    ['', 'USD', 'amount-missing'],
    [' \u00a0 ', 'USD', 'amount-missing'],
    ['abc', 'USD', 'amount-not-a-number'],
    ['five', 'USD', 'amount-not-a-number'],
    ['-5', 'USD', 'amount-not-a-number'],
    ['+5', 'USD', 'amount-not-a-number'],
    ['1e3', 'USD', 'amount-not-a-number'],
    ['0x10', 'USD', 'amount-not-a-number'],
    ['Infinity', 'USD', 'amount-not-a-number'],
    ['NaN', 'USD', 'amount-not-a-number'],
    ['.', 'USD', 'amount-not-a-number'],
    ['$', 'USD', 'amount-not-a-number'],
    ['€5', 'USD', 'amount-not-a-number'],
    ['5 10', 'USD', 'amount-not-a-number'],
    ['5\u0000', 'USD', 'amount-not-a-number'],
    ['5²', 'USD', 'amount-not-a-number'],
    ['1,00,000', 'INR', 'amount-not-a-number'],
    ['1.000.50', 'USD', 'amount-not-a-number'],
    ['1,5.00', 'USD', 'amount-not-a-number'],
    ['9'.repeat(5_000), 'USD', 'amount-not-a-number'],
    ['1,000', 'USD', 'amount-unclear'],
    ['5,000', 'KWD', 'amount-unclear'],
    ['5.000', 'JPY', 'amount-unclear'],
    ['5.005', 'USD', 'too-many-decimals'],
    ['0.125', 'USD', 'too-many-decimals'],
    ['5.5', 'JPY', 'too-many-decimals'],
    ['1.125', 'KWD', 'too-many-decimals'],
  ])('%j in %s is refused', (text, currency, code) => {
    expect(read(text, currency)).toBe(code);
  });

  it('is never taken for something else than it says, whatever is typed', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."0123456789., '-$€ek") }),
        anyCurrency,
        (text, currency) => {
          const amount = parseAmount(text, currency);
          if (isFault(amount)) return;
          const digits = text.replace(/\D/g, '');
          const written = amount.toString().replace(/0+$/, '');
          expect(digits).toContain(written);
          expect(amount % stepMinor(currency)).toBe(0n);
        },
      ),
    );
  });

  it('comes back as it was written out', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 13n), anyCurrency, (steps, currency) => {
        const amountMinor = steps * stepMinor(currency);
        expect(read(decimalString(money(amountMinor, currency)), currency)).toBe(amountMinor);
      }),
    );
  });
});

describe('money as people read it', () => {
  it.each<[bigint, Currency, string, string]>([
    [500n, 'USD', 'en', '$5'],
    [550n, 'USD', 'en', '$5.50'],
    [5n, 'USD', 'en', '$0.05'],
    [-550n, 'USD', 'en', '-$5.50'],
    [500n, 'EUR', 'ru', '5 €'],
    [550n, 'EUR', 'ru', '5,50 €'],
    [100_000_000n, 'USD', 'en', '$1,000,000'],
    [500n, 'JPY', 'en', '¥500'],
    [1_500n, 'KWD', 'en', 'KWD 1.500'],
    [2_000n, 'KWD', 'en', 'KWD 2'],
    [9_007_199_254_740_993_01n, 'USD', 'en', '$9,007,199,254,740,993.01'],
  ])('%s minor units of %s in %s', (amountMinor, currency, locale, text) => {
    expect(formatMoney(money(amountMinor, currency), locale).replace(/\s/g, ' ')).toBe(text);
  });
});

describe('arithmetic', () => {
  it('adds and takes away in one currency only', () => {
    expect(add(money(500n, 'USD'), money(46n, 'USD'))).toEqual(money(546n, 'USD'));
    expect(subtract(money(500n, 'USD'), money(700n, 'USD'))).toEqual(money(-200n, 'USD'));
    expect(() => add(money(1n, 'USD'), money(1n, 'EUR'))).toThrow(TypeError);
    expect(() => subtract(money(1n, 'USD'), money(1n, 'EUR'))).toThrow(TypeError);
  });

  it('keeps a year of exact twelfths whole', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 12n), (amountMinor) => {
        const months = Array.from({ length: 12 }, () => monthlyValue(amountMinor, 'year'));
        expect(roundHalfUp(months.reduce(addExact))).toBe(amountMinor);
      }),
    );
  });

  it.each([
    [5n, 2n, 3n],
    [1n, 2n, 1n],
    [49n, 100n, 0n],
    [-1n, 2n, -1n],
    [-49n, 100n, 0n],
    [10_000n, 12n, 833n],
    [0n, 12n, 0n],
  ])('rounds %s/%s to %s', (numerator, denominator, rounded) => {
    expect(roundHalfUp({ numerator, denominator })).toBe(rounded);
  });
});

describe('covering the fees', () => {
  it.each<[bigint, Currency, bigint]>([
    [500n, 'USD', 46n],
    [1_000n, 'USD', 61n],
    [10_000n, 'USD', 330n],
  ])('%s minor units of %s need %s more', (amountMinor, currency, extra) => {
    expect(feeCover(money(amountMinor, currency))).toEqual(money(extra, currency));
  });

  it('lets the whole gift arrive at 2.9 % and 30, and asks for no cent too much', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 9n), (amountMinor) => {
        const charged = amountMinor + feeCover(money(amountMinor, 'USD')).amountMinor;
        const arriving = (gross: bigint) => gross * 1000n - gross * 29n - 30_000n;
        expect(arriving(charged)).toBeGreaterThanOrEqual(amountMinor * 1000n);
        expect(arriving(charged - 1n)).toBeLessThan(amountMinor * 1000n);
      }),
    );
  });

  it('can always be charged', () => {
    expect(feeCover(money(1_500n, 'KWD')).amountMinor % 10n).toBe(0n);
  });
});

describe('currencies', () => {
  it('knows codes in upper case only', () => {
    expect(isCurrency('USD')).toBe(true);
    for (const other of ['usd', 'XXX', '', 'toString', '__proto__', 5, null])
      expect(isCurrency(other)).toBe(false);
  });

  it.each<[Currency, number]>([
    ['JPY', 0],
    ['USD', 2],
    ['KWD', 3],
    ['ISK', 0],
    ['HUF', 2],
    ['TWD', 2],
    ['UGX', 0],
  ])('%s has %s decimals', (currency, digits) => {
    expect(exponentOf(currency)).toBe(digits);
  });

  it.each<[Currency, bigint, bigint]>([
    ['USD', 500n, 500n],
    ['JPY', 500n, 500n],
    ['KWD', 5_000n, 5_000n],
    ['HUF', 500n, 500n],
    ['ISK', 5n, 500n],
    ['UGX', 5n, 500n],
  ])('%s %s is %s at Stripe, and back', (currency, ours, stripes) => {
    expect(toStripeMinor(money(ours, currency))).toBe(stripes);
    expect(fromStripeMinor(stripes, currency)).toEqual(money(ours, currency));
  });
});

const anyCurrency = fc.constantFrom<Currency>('USD', 'EUR', 'SEK', 'JPY', 'KWD');
