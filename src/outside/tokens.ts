// Secrets given to people: links in letters (derived, never stored) and signed session tokens (the only user of jsonwebtoken).
import jwt from 'jsonwebtoken';
import type { Keys } from './keys.ts';

export type LinkPurpose =
  | 'reminder'
  | 'reminder-give'
  | 'unsubscribe'
  | 'block'
  | 'manage'
  | 'second-gift'
  | 'invitation'
  | 'sign-in'
  | 'sign-in-asking'
  | 'checkout';

/**
 * A link's token: the row's id, an expiry in business time (minutes, null for never) and a MAC under the purpose's key.
 * The same arguments give the same token while the newest key stays, so a letter can be rendered again at a retry.
 * `extra` binds a changing value of the row (an invitation's number), so that using it ends the link.
 */
export function linkToken(
  keys: Keys,
  purpose: LinkPurpose,
  id: string,
  expiresAt: Date | null,
  extra = '',
): string {
  const minutes = expiresAt === null ? 0 : Math.floor(expiresAt.getTime() / 60_000);
  const body = Buffer.alloc(20);
  Buffer.from(id.replaceAll('-', ''), 'hex').copy(body);
  body.writeUInt32BE(minutes, 16);
  const { keyNumber, mac } = keys.sign(`link:${purpose}`, `${body.toString('hex')}:${extra}`);
  const number = Buffer.alloc(4);
  number.writeUInt32BE(keyNumber);
  return Buffer.concat([body, number, mac.subarray(0, 20)]).toString('base64url');
}

/**
 * Reads a link's token: the row's id, or why not. `extraOf` is asked only where the caller bound a value of the row in;
 * it takes the id before the MAC is checked, so it must not reveal anything.
 */
export function readLinkToken(
  keys: Keys,
  purpose: LinkPurpose,
  token: string,
  now: Date,
  extra = '',
): { id: string } | { fault: 'broken' | 'expired' } {
  if (!/^[A-Za-z0-9_-]{59}$/.test(token)) return { fault: 'broken' };
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 44) return { fault: 'broken' };
  const body = bytes.subarray(0, 20);
  const expected = `${body.toString('hex')}:${extra}`;
  if (!keys.verify(`link:${purpose}`, expected, bytes.readUInt32BE(20), bytes.subarray(24))) {
    return { fault: 'broken' };
  }
  const minutes = body.readUInt32BE(16);
  if (minutes !== 0 && now.getTime() >= minutes * 60_000) return { fault: 'expired' };
  return { id: idOf(body) };
}

/**
 * Six digits for one sign-in, derived from its row as its link is, for a browser other than the one that asked.
 * A million possible ones: whoever takes them counts the wrong ones, and stops at five.
 */
export function signInCode(keys: Keys, id: string): string {
  const { mac } = keys.sign('sign-in-code', id);
  return String(mac.readUIntBE(0, 6) % 1_000_000).padStart(6, '0');
}

/** The id a token names, unchecked: to read the row whose value is bound in. */
export function idInLinkToken(token: string): string | null {
  const bytes = Buffer.from(token, 'base64url');
  return bytes.length === 44 ? idOf(bytes) : null;
}

const ISSUER = 'small-favor';

/** A session's token: names the session row, which is the authority; good for 15 minutes of machine time, then made anew. */
export function sessionToken(keys: Keys, audience: string, sessionId: string, machineNow: Date): string {
  const [newest] = keys.secrets(`session:${audience}`);
  if (!newest) throw new Error('APP_KEYS is empty');
  const issued = Math.floor(machineNow.getTime() / 1000);
  return jwt.sign({ sid: sessionId, iat: issued, exp: issued + 15 * 60 }, newest.secret, {
    algorithm: 'HS256',
    issuer: ISSUER,
    audience,
    keyid: String(newest.keyNumber),
    header: { alg: 'HS256', typ: 'session+jwt', kid: String(newest.keyNumber) },
  });
}

/** The session row's id named by a token and whether the token's own quarter hour has passed; null when it is not ours. */
export function readSessionToken(
  keys: Keys,
  audience: string,
  token: string,
  machineNow: Date,
): { sessionId: string; stale: boolean } | null {
  const decoded = jwt.decode(token, { complete: true });
  if (decoded === null || decoded.header.typ !== 'session+jwt') return null;
  const key = keys.secrets(`session:${audience}`).find((one) => String(one.keyNumber) === decoded.header.kid);
  if (!key) return null;
  try {
    const claims = jwt.verify(token, key.secret, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience,
      // Staleness is judged below: the row decides whether a stale token is made anew.
      ignoreExpiration: true,
    });
    if (typeof claims === 'string' || typeof claims.sid !== 'string' || typeof claims.exp !== 'number')
      return null;
    return { sessionId: claims.sid, stale: claims.exp * 1000 <= machineNow.getTime() };
  } catch {
    return null;
  }
}

function idOf(bytes: Buffer): string {
  const hex = bytes.subarray(0, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
