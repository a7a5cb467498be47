// Limits: the smallest and largest gift, and the amounts suggested, by currency and frequency. The only such table.
import { type Currency, type Frequency, type Money, stepMinor } from './money.ts';
import { type Fault, fault } from './refusal.ts';

export type OfferedCurrency = keyof typeof table;

/** All in minor units. Presets rise; the suggested one is among them. */
export interface Limits {
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly presets: readonly [bigint, bigint, bigint, bigint];
  readonly suggested: bigint;
}

export function isOffered(currency: unknown): currency is OfferedCurrency {
  return typeof currency === 'string' && Object.hasOwn(table, currency);
}

export function limitsFor(currency: OfferedCurrency, frequency: Frequency): Limits {
  return table[currency][frequency];
}

/** What is wrong with this amount for this frequency, or null. Fees the reader covers are not part of the amount. */
export function amountFault(amount: Money, frequency: Frequency): Fault | null {
  const { amountMinor, currency } = amount;
  if (!isOffered(currency)) return fault('currency-unknown');
  const { minimum, maximum } = limitsFor(currency, frequency);
  if (amountMinor < minimum)
    return fault('amount-too-small', { minimum: { amountMinor: minimum, currency }, frequency });
  if (amountMinor > maximum)
    return fault('amount-too-large', { maximum: { amountMinor: maximum, currency }, frequency });
  if (amountMinor % stepMinor(currency) !== 0n) return fault('too-many-decimals', { allowed: 2, currency });
  return null;
}

/** [minimum, maximum, presets, suggested] in the row's unit, so that it reads like a price list. */
type Row = readonly [number, number, readonly [number, number, number, number], number];

function rows(unitMinor: bigint, once: Row, month: Row, year: Row): { readonly [F in Frequency]: Limits } {
  return { once: inMinor(unitMinor, once), month: inMinor(unitMinor, month), year: inMinor(unitMinor, year) };
}

function inMinor(unitMinor: bigint, [minimum, maximum, presets, suggested]: Row): Limits {
  const minor = (units: number) => BigInt(units) * unitMinor;
  const [first, second, third, fourth] = presets;
  return {
    minimum: minor(minimum),
    maximum: minor(maximum),
    presets: [minor(first), minor(second), minor(third), minor(fourth)],
    suggested: minor(suggested),
  };
}

const yearlySum = [10, 10_000, [60, 120, 180, 300], 60] as const;
const dollarLike = rows(100n, [2, 10_000, [10, 25, 50, 100], 25], [2, 1_000, [5, 10, 15, 25], 5], yearlySum);
const crownLike = rows(
  100n,
  [20, 100_000, [100, 250, 500, 1_000], 250],
  [20, 10_000, [50, 100, 150, 250], 50],
  [100, 100_000, [600, 1_200, 1_800, 3_000], 600],
);

// Monthly from 2.00 where the currency has cents. Where it has none, or Stripe charges no less than a greater sum, about
// what 2 dollars buy. Stripe's own minimum is 0.50 in USD, EUR, CHF, CAD and AUD, 0.30 in GBP, 3.00 in SEK and NOK, 2.50 in
// DKK, 2.00 in PLN, 15.00 in CZK, 50 in JPY, and elsewhere the equivalent of 0.50 in the account's own currency.
const table = {
  USD: dollarLike,
  EUR: dollarLike,
  GBP: dollarLike,
  CHF: dollarLike,
  CAD: dollarLike,
  AUD: dollarLike,
  SEK: crownLike,
  NOK: crownLike,
  DKK: rows(
    100n,
    [15, 70_000, [50, 150, 350, 700], 150],
    [15, 7_000, [35, 70, 100, 175], 35],
    [70, 70_000, [420, 840, 1_200, 2_100], 420],
  ),
  PLN: rows(
    100n,
    [2, 40_000, [40, 100, 200, 400], 100],
    [2, 4_000, [20, 40, 60, 100], 20],
    [40, 40_000, [240, 480, 720, 1_200], 240],
  ),
  CZK: rows(
    100n,
    [50, 200_000, [200, 500, 1_000, 2_000], 500],
    [50, 20_000, [100, 200, 300, 500], 100],
    [200, 200_000, [1_200, 2_400, 3_600, 6_000], 1_200],
  ),
  GEL: rows(
    100n,
    [2, 25_000, [20, 50, 100, 250], 50],
    [2, 2_500, [10, 20, 40, 60], 10],
    [25, 25_000, [120, 240, 480, 720], 120],
  ),
  JPY: rows(
    1n,
    [300, 1_500_000, [1_000, 3_000, 5_000, 10_000], 3_000],
    [300, 150_000, [500, 1_000, 2_000, 3_000], 500],
    [1_500, 1_500_000, [6_000, 12_000, 24_000, 36_000], 6_000],
  ),
  KWD: rows(
    100n,
    [6, 30_000, [30, 80, 150, 300], 80],
    [6, 3_000, [15, 30, 50, 80], 15],
    [30, 30_000, [180, 360, 600, 960], 180],
  ),
} as const satisfies { readonly [C in Currency]?: { readonly [F in Frequency]: Limits } };

/** In the order in which they are offered. */
export const offeredCurrencies: readonly OfferedCurrency[] = Object.keys(table).filter(isOffered);
