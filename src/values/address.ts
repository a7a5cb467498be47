// Address: an e-mail address, read narrowly, in the form it is written to and the form it is looked up by.
import { domainToASCII } from 'node:url';
import { type Fault, fault } from './refusal.ts';

export interface Address {
  /** To write to: the local part as the reader wrote it, the domain in ASCII. */
  readonly address: string;
  /** To look up by: the whole in lower case. Dots and plus signs stay: only the provider knows what they mean. */
  readonly lookUp: string;
}

/**
 * Takes `name@example.org` and nothing more elaborate: no comments, groups, quotes, display names or control characters;
 * an ASCII local part, and a domain with at least two labels, of which a foreign one is turned to ASCII (IDNA).
 */
export function parseAddress(text: string): Address | Fault {
  const written = text.trim();
  if (written === '') return fault('address-missing');
  if (written.length > longestAddress) return fault('address-malformed');
  const parts = written.split('@');
  const [local = '', domain = ''] = parts;
  const foreign = /\P{ASCII}/u.test(local);
  const inLatin = foreign ? local.replace(/[\p{L}\p{M}\p{N}]/gu, 'a') : local;
  if (parts.length !== 2 || inLatin.length > longestLocalPart || !localPart.test(inLatin)) {
    return fault('address-malformed');
  }
  const asciiDomain = asciiDomainOf(domain);
  if (asciiDomain === null) return fault('address-malformed');
  if (foreign) return fault('address-not-ascii');
  const address = `${local}@${asciiDomain}`;
  if (address.length > longestAddress) return fault('address-malformed');
  return { address, lookUp: address.toLowerCase() };
}

function asciiDomainOf(domain: string): string | null {
  // Letters, marks and digits of any script: what else the URL standard would map or drop must not get that far.
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain)) return null;
  const ascii = domainToASCII(domain).toLowerCase();
  if (ascii.length > longestDomain || !domainName.test(ascii)) return null;
  return ascii;
}

// RFC 5321 4.5.3.1, and 254 for the whole because a path carries two angle brackets.
const longestAddress = 254;
const longestLocalPart = 64;
const longestDomain = 253;
const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const domainName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?=[a-z])[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$/;
