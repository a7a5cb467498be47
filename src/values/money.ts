// Money: whole minor units of a currency, how people type it, how they read it, and exact arithmetic on it.
import { type Fault, fault } from './refusal.ts';

export interface Money {
  readonly amountMinor: bigint;
  readonly currency: Currency;
}

export type Currency = keyof typeof exponents;

/** Once, every month, every year: how often a gift is given. */
export type Frequency = (typeof frequencies)[number];
/** How often a membership is paid. */
export type Interval = Exclude<Frequency, 'once'>;

/** An exact quotient, for values that a minor unit cannot hold (a twelfth of a year). The denominator is positive. */
export interface Exact {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const frequencies = ['once', 'month', 'year'] as const;

export function isFrequency(text: unknown): text is Frequency {
  return frequencies.some((frequency) => frequency === text);
}

/** True for an upper-case ISO 4217 code that Stripe can charge in. */
export function isCurrency(text: unknown): text is Currency {
  return typeof text === 'string' && Object.hasOwn(exponents, text);
}

/** Digits after the decimal point in the currency's own reckoning (ISO 4217). */
export function exponentOf(currency: Currency): 0 | 2 | 3 {
  return exponents[currency];
}

export function minorPerMajor(currency: Currency): bigint {
  return 10n ** BigInt(exponents[currency]);
}

/** The smallest difference between two amounts that can be charged: Stripe wants the last of three decimals to be 0. */
export function stepMinor(currency: Currency): bigint {
  return exponents[currency] === 3 ? 10n : 1n;
}

/**
 * Reads an amount in major units as people type it: "5", "5.00", "5,50", "1 000", "1,000.50", "$5", "5 €", "5,-".
 * Never guesses: "1,000" of a currency with decimals can mean one or a thousand, and is refused.
 * Zero is read as zero; whether it is enough is a question for the limits.
 */
export function parseAmount(text: string, currency: Currency): bigint | Fault {
  if (text.trim() === '') return fault('amount-missing');
  if (text.length > longestText) return fault('amount-not-a-number');
  const number = withoutSign(plainCharacters(text), currency);
  if (!/^[0-9.,]*[0-9][0-9.,]*$/.test(number)) return fault('amount-not-a-number');
  const split = splitNumber(number, currency);
  if ('code' in split) return split;
  const { whole, decimals } = split;
  const exponent = exponents[currency];
  if (decimals.length > exponent) return tooManyDecimals(currency);
  const amountMinor = BigInt(`${whole}${decimals.padEnd(exponent, '0')}`);
  return amountMinor % stepMinor(currency) === 0n ? amountMinor : tooManyDecimals(currency);
}

/** "$5", "$5.50", "5 €": zero decimals are dropped where the amount is whole. `locale` is any language tag. */
export function formatMoney(money: Money, locale: string): string {
  const whole = money.amountMinor % minorPerMajor(money.currency) === 0n;
  const digits = whole ? 0 : exponents[money.currency];
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(decimalString(money));
}

export interface CurrencySign {
  readonly sign: string;
  /** "1 $", as Russian has it, and not "$1". */
  readonly afterNumber: boolean;
}

/** The currency's sign alone and on which side of a number it stands, for an input field. */
export function currencySign(currency: Currency, locale: string): CurrencySign {
  const parts = new Intl.NumberFormat(locale, { style: 'currency', currency }).formatToParts(0);
  const at = parts.findIndex((part) => part.type === 'currency');
  return {
    sign: parts[at]?.value ?? currency,
    afterNumber: at > parts.findIndex((part) => part.type === 'integer'),
  };
}

/** The exact amount in major units with a dot, all decimals written: "5.00", "-0.05", "500". */
export function decimalString(money: Money): `${number}` {
  const exponent = exponents[money.currency];
  const sign = money.amountMinor < 0n ? '-' : '';
  const digits = absolute(money.amountMinor)
    .toString()
    .padStart(exponent + 1, '0');
  const point = digits.length - exponent;
  const written = exponent === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return `${sign}${written}` as `${number}`;
}

/** Amounts of different currencies are never added: that is a fault of ours, not of the reader's. */
export function add(one: Money, other: Money): Money {
  return { amountMinor: one.amountMinor + sameCurrency(one, other), currency: one.currency };
}

export function subtract(one: Money, other: Money): Money {
  return { amountMinor: one.amountMinor - sameCurrency(one, other), currency: one.currency };
}

/** What a membership is worth a month, exactly: an annual amount is a twelfth. In minor units. */
export function monthlyValue(amountMinor: bigint, interval: Interval): Exact {
  return { numerator: amountMinor, denominator: interval === 'year' ? 12n : 1n };
}

export function addExact(one: Exact, other: Exact): Exact {
  return {
    numerator: one.numerator * other.denominator + other.numerator * one.denominator,
    denominator: one.denominator * other.denominator,
  };
}

/** To the nearest whole minor unit; a half goes away from zero, as round(numeric) does in Postgres. */
export function roundHalfUp({ numerator, denominator }: Exact): bigint {
  const rounded = (2n * absolute(numerator) + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/**
 * What to add so that the given amount arrives after fees of 2.9 % and 30 minor units (30 cents; in currencies
 * of other worth, about as much). An estimate made before the payment: the true fee depends on card and country and
 * comes with the balance transaction. Rounded up to what can be charged.
 */
export function feeCover(amount: Money): Money {
  const step = stepMinor(amount.currency);
  const arriving = amount.amountMinor + fixedFeeMinor(amount.currency);
  const charged = ceilTo((arriving * 1000n + 970n) / 971n, step);
  return { amountMinor: charged - amount.amountMinor, currency: amount.currency };
}

/** The fixed part of the fee that `feeCover` reckons with: a browser script reckons the same. */
export function fixedFeeMinor(currency: Currency): bigint {
  return fixedFeesMinor[currency] ?? 30n;
}

/** The amount as Stripe counts it. */
export function toStripeMinor(money: Money): bigint {
  return money.amountMinor * (stripeUnits[money.currency] ?? 1n);
}

/** Stripe's count of a currency in our minor units; `currency` is ours, in upper case. */
export function fromStripeMinor(stripeAmount: bigint, currency: Currency): Money {
  const units = stripeUnits[currency] ?? 1n;
  return { amountMinor: roundHalfUp({ numerator: stripeAmount, denominator: units }), currency };
}

function sameCurrency(one: Money, other: Money): bigint {
  if (one.currency !== other.currency) {
    throw new TypeError(`${one.currency} and ${other.currency} cannot be reckoned together`);
  }
  return other.amountMinor;
}

function absolute(amountMinor: bigint): bigint {
  return amountMinor < 0n ? -amountMinor : amountMinor;
}

function ceilTo(amountMinor: bigint, step: bigint): bigint {
  return ((amountMinor + step - 1n) / step) * step;
}

function tooManyDecimals(currency: Currency): Fault {
  return fault('too-many-decimals', { allowed: exponents[currency] === 0 ? 0 : 2, currency });
}

function plainCharacters(text: string): string {
  return text
    .trim()
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/(?<=\d)[\s'’](?=\d{3}(?!\d))/g, '')
    .replace(/[.,][-–—]$/, '');
}

function withoutSign(text: string, currency: Currency): string {
  const lower = text.toLowerCase();
  for (const sign of [currency.toLowerCase(), ...(signs[currency] ?? [])]) {
    if (lower.startsWith(sign)) return text.slice(sign.length).trimStart();
    if (lower.endsWith(sign)) return text.slice(0, -sign.length).trimEnd();
  }
  return text;
}

function splitNumber(number: string, currency: Currency): { whole: string; decimals: string } | Fault {
  const marks = [...new Set(number.replace(/\d/g, ''))];
  const lastMark = Math.max(number.lastIndexOf('.'), number.lastIndexOf(','));
  if (lastMark === -1) return { whole: number, decimals: '' };
  const before = number.slice(0, lastMark);
  const after = number.slice(lastMark + 1);
  const onceOnly = number.split(number.charAt(lastMark)).length === 2;
  if (marks.length === 2) {
    if (!onceOnly || !isGrouped(before)) return fault('amount-not-a-number');
    return { whole: before.replace(/[.,]/g, ''), decimals: after };
  }
  if (!onceOnly) {
    return isGrouped(number)
      ? { whole: number.replace(/[.,]/g, ''), decimals: '' }
      : fault('amount-not-a-number');
  }
  if (isGrouped(number)) return readOneGroup(before, after, number.charAt(lastMark), currency);
  return { whole: before === '' ? '0' : before, decimals: after };
}

function readOneGroup(
  before: string,
  after: string,
  mark: string,
  currency: Currency,
): { whole: string; decimals: string } | Fault {
  if (exponents[currency] === 0 && mark === ',') return { whole: before + after, decimals: '' };
  if (exponents[currency] === 2 && mark === '.') return tooManyDecimals(currency);
  if (exponents[currency] === 3 && mark === '.') return { whole: before, decimals: after };
  return fault('amount-unclear');
}

/** Longer than any sum; a sum too large to be given is still read, so that it can be refused as that. */
const longestText = 60;

/** Thousands, all with the same mark, no leading zero: "1,000", "1.000.000". */
function isGrouped(number: string): boolean {
  return /^[1-9]\d{0,2}([.,])\d{3}(\1\d{3})*$/.test(number);
}

// Digits after the decimal point by ISO 4217, for every currency that Stripe can charge in. Two of them differ at Stripe
// (see stripeUnits). HUF and TWD have two decimals here as in charges at Stripe; only its payouts want them whole.
// MGA is 0 as at Stripe and in daily life: ISO's two digits stand for fifths, which nobody uses.
const exponents = {
  AED: 2,
  AFN: 2,
  ALL: 2,
  AMD: 2,
  ANG: 2,
  AOA: 2,
  ARS: 2,
  AUD: 2,
  AWG: 2,
  AZN: 2,
  BAM: 2,
  BBD: 2,
  BDT: 2,
  BGN: 2,
  BHD: 3,
  BIF: 0,
  BMD: 2,
  BND: 2,
  BOB: 2,
  BRL: 2,
  BSD: 2,
  BWP: 2,
  BYN: 2,
  BZD: 2,
  CAD: 2,
  CDF: 2,
  CHF: 2,
  CLP: 0,
  CNY: 2,
  COP: 2,
  CRC: 2,
  CVE: 2,
  CZK: 2,
  DJF: 0,
  DKK: 2,
  DOP: 2,
  DZD: 2,
  EGP: 2,
  ETB: 2,
  EUR: 2,
  FJD: 2,
  FKP: 2,
  GBP: 2,
  GEL: 2,
  GIP: 2,
  GMD: 2,
  GNF: 0,
  GTQ: 2,
  GYD: 2,
  HKD: 2,
  HNL: 2,
  HTG: 2,
  HUF: 2,
  IDR: 2,
  ILS: 2,
  INR: 2,
  ISK: 0,
  JMD: 2,
  JOD: 3,
  JPY: 0,
  KES: 2,
  KGS: 2,
  KHR: 2,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  KYD: 2,
  KZT: 2,
  LAK: 2,
  LBP: 2,
  LKR: 2,
  LRD: 2,
  LSL: 2,
  MAD: 2,
  MDL: 2,
  MGA: 0,
  MKD: 2,
  MMK: 2,
  MNT: 2,
  MOP: 2,
  MUR: 2,
  MVR: 2,
  MWK: 2,
  MXN: 2,
  MYR: 2,
  MZN: 2,
  NAD: 2,
  NGN: 2,
  NIO: 2,
  NOK: 2,
  NPR: 2,
  NZD: 2,
  OMR: 3,
  PAB: 2,
  PEN: 2,
  PGK: 2,
  PHP: 2,
  PKR: 2,
  PLN: 2,
  PYG: 0,
  QAR: 2,
  RON: 2,
  RSD: 2,
  RUB: 2,
  RWF: 0,
  SAR: 2,
  SBD: 2,
  SCR: 2,
  SEK: 2,
  SGD: 2,
  SHP: 2,
  SLE: 2,
  SOS: 2,
  SRD: 2,
  STD: 2,
  SZL: 2,
  THB: 2,
  TJS: 2,
  TND: 3,
  TOP: 2,
  TRY: 2,
  TTD: 2,
  TWD: 2,
  TZS: 2,
  UAH: 2,
  UGX: 0,
  USD: 2,
  UYU: 2,
  UZS: 2,
  VND: 0,
  VUV: 0,
  WST: 2,
  XAF: 0,
  XCD: 2,
  XCG: 2,
  XOF: 0,
  XPF: 0,
  YER: 2,
  ZAR: 2,
  ZMW: 2,
} as const;

// Stripe still counts these in hundredths, which no longer exist: 5 ISK is written 500 there.
const stripeUnits: { readonly [C in Currency]?: bigint } = { ISK: 100n, UGX: 100n };

// The fixed part of a fee where 30 minor units would be worth much less, or more, than 30 US cents.
const fixedFeesMinor: { readonly [C in Currency]?: bigint } = {
  CZK: 650n,
  DKK: 180n,
  GEL: 80n,
  JPY: 45n,
  KWD: 90n,
  NOK: 200n,
  PLN: 100n,
  SEK: 180n,
};

const signs: { readonly [C in Currency]?: readonly string[] } = {
  AUD: ['a$', 'au$', '$'],
  CAD: ['c$', 'ca$', '$'],
  CHF: ['fr.', 'fr', 'sfr.'],
  CZK: ['kč'],
  DKK: ['kr.', 'kr'],
  EUR: ['€', 'euro', 'euros'],
  GBP: ['£'],
  GEL: ['₾'],
  HKD: ['hk$', '$'],
  HUF: ['ft'],
  ILS: ['₪'],
  INR: ['₹'],
  JPY: ['¥', '￥', '円'],
  KRW: ['₩', '원'],
  KZT: ['₸'],
  NOK: ['kr.', 'kr'],
  NZD: ['nz$', '$'],
  PLN: ['zł'],
  RUB: ['₽', 'руб.', 'руб', 'р.', 'р'],
  SEK: ['kr.', 'kr', ':-'],
  SGD: ['s$', '$'],
  TRY: ['₺'],
  UAH: ['₴', 'грн.', 'грн'],
  USD: ['us$', '$'],
};
