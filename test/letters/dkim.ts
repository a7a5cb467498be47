// Checks a letter's DKIM signature (RFC 6376, relaxed/relaxed) as a receiving server would, with the public key at hand.
import { createHash, createVerify, type KeyObject } from 'node:crypto';

export interface Signature {
  valid: boolean;
  domain: string;
  /** Names of the header fields that the signature covers, in lower case. */
  covers: string[];
}

/** Reads the topmost signature of a whole message and says whether it holds. */
export function checkDkim(raw: string, publicKey: KeyObject): Signature {
  const end = raw.indexOf('\r\n\r\n');
  const fields = raw
    .slice(0, end)
    .split(/\r\n(?![ \t])/)
    .map((line) => ({ name: line.slice(0, line.indexOf(':')).toLowerCase(), line }));
  const signature = fields.find(({ name }) => name === 'dkim-signature')?.line ?? '';
  const tags = tagsOf(signature);
  const covers = (tags.get('h') ?? '').toLowerCase().split(/\s*:\s*/);
  const bodyHash = createHash('sha256')
    .update(relaxedBody(raw.slice(end + 4)))
    .digest('base64');
  const signed = covers
    // Of a field that stands several times the last is taken; one that is missing counts as empty.
    .flatMap((name) => fields.findLast((field) => field.name === name)?.line ?? [])
    .map((line) => `${relaxedHeader(line)}\r\n`)
    .join('');
  const own = relaxedHeader(signature.replace(/(\bb=)[^;]*/, '$1'));
  const verify = createVerify('RSA-SHA256').update(signed + own);
  const given = Buffer.from((tags.get('b') ?? '').replace(/\s/g, ''), 'base64');
  return {
    valid: bodyHash === (tags.get('bh') ?? '').replace(/\s/g, '') && verify.verify(publicKey, given),
    domain: tags.get('d') ?? '',
    covers,
  };
}

function tagsOf(signature: string): Map<string, string> {
  const text = signature.slice(signature.indexOf(':') + 1);
  return new Map(
    text.split(';').map((tag) => {
      const at = tag.indexOf('=');
      return [tag.slice(0, at).trim(), tag.slice(at + 1).trim()];
    }),
  );
}

function relaxedHeader(line: string): string {
  const at = line.indexOf(':');
  const value = line
    .slice(at + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim();
  return `${line.slice(0, at).trim().toLowerCase()}:${value}`;
}

function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.length === 0 ? '' : `${lines.join('\r\n')}\r\n`;
}
