// Passwords: kept as argon2id (RFC 9106), so that a copied database gives none of them away.
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Fault, fault } from '../values/refusal.ts';

/** NIST SP 800-63B: fifteen where the password stands alone; length counts, not the kinds of characters. */
export const shortestPassword = 15;
const longestPassword = 200;

/** The second recommendation of RFC 9106 section 4: 64 MiB, three passes, four lanes, 128 bits of salt, 256 of tag. */
const memoryKib = 65_536;
const passes = 3;
const lanes = 4;

export function passwordFault(password: string): Fault | null {
  const length = [...normal(password)].length;
  if (length < shortestPassword) return fault('password-too-short', { shortest: shortestPassword });
  if (length > longestPassword) return fault('password-too-long', { longest: longestPassword });
  return null;
}

/** In the PHC string form, which says how it was made. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await derive(password, { nonce, memory: memoryKib, passes, parallelism: lanes, tagLength: 32 });
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${base64(nonce)}$${base64(tag)}`;
}

/**
 * Whether this password made this hash. Without a hash it works as long and says no, so that the time taken does not tell
 * whether there is such a person.
 */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const kept = phc.exec(hash ?? hashOfNobody);
  if (!kept) return false;
  const [, memory, times, parallel, salt = '', tag = ''] = kept;
  const expected = Buffer.from(tag, 'base64');
  const made = await derive(password.slice(0, 4 * longestPassword), {
    nonce: Buffer.from(salt, 'base64'),
    memory: Number(memory),
    passes: Number(times),
    parallelism: Number(parallel),
    tagLength: expected.length,
  });
  return timingSafeEqual(made, expected) && hash !== null;
}

/** Node works this out in its pool of four threads, so at most four are under way at once, 256 MiB together. */
function derive(password: string, cost: Omit<Argon2Parameters, 'message'>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { ...cost, message: Buffer.from(normal(password)) }, (error, tag) =>
      error ? reject(error) : resolve(tag),
    );
  });
}

/** The same characters, whichever keyboard composed them. */
function normal(password: string): string {
  return password.normalize('NFKC');
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const hashOfNobody = `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${'A'.repeat(22)}$${'A'.repeat(43)}`;
