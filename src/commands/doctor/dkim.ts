// The doctor's look at DKIM: whether our key can be used, whether its public half stands in the name system, and whether it speaks for the sender.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Config } from '../../outside/config.ts';
import { type Finding, noted, ok, problem } from './finding.ts';
import { tagsOf } from './tags.ts';

type Dkim = NonNullable<Config['mail']['dkim']>;

/**
 * `published`: the text records where the public half should stand, and whether the sender's DMARC wants the very same domain;
 * null where they could not be looked up, and only the key is looked at.
 */
export function lookAtDkim(
  dkim: Dkim,
  sender: string,
  published: { records: readonly string[]; strict: boolean } | null,
): Finding[] {
  const key = readKey(dkim.key);
  if (typeof key === 'string') {
    return [
      problem(
        check,
        key,
        'make one: openssl genrsa 2048, and put it into MAIL_DKIM_KEY with its newlines as \\n',
      ),
    ];
  }
  const findings = [
    ...lookAtStrength(key),
    ...(published === null
      ? []
      : [...lookAtRecord(dkim, key, published.records), ...lookAtDomain(dkim, sender, published.strict)]),
  ];
  if (findings.length > 0 || published === null) return findings;
  return [ok(check, `letters are signed for ${dkim.domain}, and ${placeOf(dkim)} holds the key`)];
}

const check = 'DKIM';

/** The private key, or what is wrong with it. */
function readKey(pem: string): KeyObject | string {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa'
      ? key
      : `MAIL_DKIM_KEY is a key of another kind (${key.asymmetricKeyType}): letters are signed with RSA`;
  } catch {
    return 'MAIL_DKIM_KEY cannot be read as a private key, so no letter can be signed';
  }
}

/** RFC 8301: below 1024 bits receivers heed no signature, and signers use 2048. */
function lookAtStrength(key: KeyObject): Finding[] {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < 1024)
    return [problem(check, `a key of ${bits} bits is heeded by nobody`, 'make one of 2048 bits')];
  return bits < 2048 ? [noted(check, `the key has ${bits} bits`, 'use 2048 when you change it next')] : [];
}

function lookAtRecord(dkim: Dkim, key: KeyObject, texts: readonly string[]): Finding[] {
  const place = placeOf(dkim);
  const ours = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const publish = `publish this TXT record there: v=DKIM1; k=rsa; p=${ours}`;
  const [record, ...others] = texts.map(tagsOf).filter((tags) => tags.has('p'));
  if (!record) return [problem(check, `nothing stands at ${place}, so no signature can be checked`, publish)];
  if (others.length > 0) {
    return [
      problem(
        check,
        `${others.length + 1} keys stand at ${place}; receivers may take the wrong one`,
        'keep one',
      ),
    ];
  }
  const theirs = (record.get('p') ?? '').replace(/\s+/g, '');
  if (theirs === '') return [problem(check, `the key at ${place} was withdrawn (p= is empty)`, publish)];
  if (!isSameKey(theirs, ours)) {
    return [problem(check, `the key at ${place} is not the other half of MAIL_DKIM_KEY`, publish)];
  }
  const hashes = record
    .get('h')
    ?.split(':')
    .map((hash) => hash.trim());
  if (hashes && !hashes.includes('sha256')) {
    return [problem(check, `the record at ${place} does not allow sha256 (h=)`, 'take h= out of it')];
  }
  return record.get('t')?.split(':').includes('y')
    ? [noted(check, `the record at ${place} says that it is only a test (t=y)`, 'take t=y out of it')]
    : [];
}

/** RFC 7489, 3.1.1: relaxed, one organisation's domains speak for each other; strict, only the very same. */
function lookAtDomain({ domain }: Dkim, sender: string, strict: boolean): Finding[] {
  const signer = domain.toLowerCase();
  const isKin = signer === sender || sender.endsWith(`.${signer}`) || signer.endsWith(`.${sender}`);
  if (strict ? signer === sender : isKin) return [];
  return [
    problem(
      check,
      `letters from ${sender} are signed as ${domain}${strict && isKin ? ', and its DMARC wants the very same (adkim=s)' : ''}`,
      'make MAIL_DKIM_DOMAIN the domain of MAIL_FROM',
    ),
  ];
}

function placeOf({ selector, domain }: Dkim): string {
  return `${selector}._domainkey.${domain}`;
}

/** Some publish the bare RSA key without its wrapping (RFC 6376, errata 3017): it is the same key. */
function isSameKey(published: string, ours: string): boolean {
  if (published === ours) return true;
  const bare = createPublicKey({ key: Buffer.from(ours, 'base64'), format: 'der', type: 'spki' }).export({
    type: 'pkcs1',
    format: 'der',
  });
  return published === bare.toString('base64');
}
