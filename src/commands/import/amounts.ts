// Amounts as the import format has them: major units with a dot, by the currency's real exponent.
import { type Currency, exponentOf } from '../../values/money.ts';

/** Minor units, or what is wrong with the text and what to write instead. Zero is read as zero, a minus is refused. */
export function readMajor(text: string, currency: Currency): bigint | { wrong: string } {
  const [, sign = '', whole = '', decimals = ''] = /^([+-]?)(\d{1,15})(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '') return { wrong: notAnAmount(text, currency) };
  if (sign !== '' && !/^[0.]*$/.test(`${whole}${decimals}`)) {
    return {
      wrong:
        sign === '-'
          ? 'is below zero: write what was given; a refund has columns of its own'
          : notAnAmount(text, currency),
    };
  }
  const exponent = exponentOf(currency);
  // Many systems write two decimals even where a currency has none; three could be meant as thousands.
  const known = exponent === 0 && /^00?$/.test(decimals) ? '' : decimals;
  if (known.length > exponent) {
    return {
      wrong:
        exponent === 0
          ? `${currency} has no decimals: write it as ${whole}`
          : `${currency} has ${exponent} decimals: write no more than ${whole}.${decimals.slice(0, exponent)}`,
    };
  }
  return BigInt(`${whole}${known.padEnd(exponent, '0')}`);
}

function notAnAmount(text: string, currency: Currency): string {
  const example = exponentOf(currency) === 0 ? '1500' : '12.50';
  const why = text.includes(',') ? 'has a comma' : 'is not a number';
  return `${why}: write major units with a dot and nothing else, as in ${example}`;
}
