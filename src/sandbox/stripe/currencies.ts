// Money as Stripe counts it: decimals, smallest charges, and the stand-in's fixed exchange rates into its settlement currency.

export const settlementCurrency = 'usd';

const zeroDecimal = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' '));
const threeDecimal = new Set('bhd jod kwd omr tnd'.split(' '));

/** US dollars for one major unit, in millionths so that no sum is ever a float. Stated here, not real. */
const usdMillionths: Record<string, number> = {
  usd: 1_000_000,
  aed: 272_290,
  aud: 660_000,
  bgn: 552_000,
  bhd: 2_652_000,
  brl: 184_000,
  cad: 731_000,
  chf: 1_121_000,
  clp: 1_060,
  cop: 250,
  czk: 43_100,
  dkk: 144_700,
  eur: 1_080_000,
  gbp: 1_270_000,
  gel: 368_000,
  hkd: 128_000,
  huf: 2_750,
  idr: 62,
  ils: 271_000,
  inr: 11_900,
  isk: 7_180,
  jod: 1_410_000,
  jpy: 6_700,
  krw: 725,
  kwd: 3_255_000,
  kzt: 2_090,
  mxn: 55_000,
  myr: 224_000,
  nok: 92_500,
  nzd: 602_000,
  omr: 2_597_000,
  pln: 252_000,
  ron: 217_000,
  rub: 10_900,
  sek: 94_600,
  sgd: 742_000,
  thb: 28_200,
  tnd: 321_000,
  try: 29_400,
  twd: 31_000,
  uah: 24_200,
  vnd: 39,
  zar: 55_300,
};

/** Stripe's published minimum charges, in minor units. Others: what half a US dollar is worth. */
const published: Record<string, number> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17500,
  inr: 50,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1000,
};

export function isCurrency(code: string): boolean {
  return usdMillionths[code] !== undefined;
}

export const currencyCodes = Object.keys(usdMillionths);

export function decimalsOf(currency: string): 0 | 2 | 3 {
  if (zeroDecimal.has(currency)) return 0;
  return threeDecimal.has(currency) ? 3 : 2;
}

/** How many settlement units one unit of the currency is, as `exchange_rate` says it: in major units. */
export function exchangeRate(currency: string): number {
  return (usdMillionths[currency] ?? 0) / 1_000_000;
}

/** The settled amount in settlement minor units, rounded half up (away from zero for refunds). */
export function settled(amount: number, currency: string): number {
  const scale = 10n ** BigInt(decimalsOf(currency)) * 1_000_000n;
  const cents = BigInt(Math.abs(amount)) * BigInt(usdMillionths[currency] ?? 0) * 100n;
  const rounded = Number((cents * 2n + scale) / (scale * 2n));
  return amount < 0 ? -rounded : rounded;
}

export function minimumCharge(currency: string): number {
  const known = published[currency];
  if (known !== undefined) return known;
  let amount = 1;
  const step = 10 ** Math.max(0, decimalsOf(currency) - 2);
  while (settled(amount * step, currency) < 50) amount = Math.ceil(amount * 1.02);
  return amount * step;
}

/** An amount for people: plain digits with the code, since the stand-in speaks no reader's locale. */
export function plainAmount(amount: number, currency: string, locale = 'en'): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const major = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  const number = Number(major);
  return format.format(amount < 0 ? -number : number);
}
