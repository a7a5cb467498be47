// The checkout that this browser began: a signed cookie, so that whoever comes back from paying need not say again who they are.
import type { Request, Response } from 'express';
import type { Services } from '../outside/services.ts';
import { linkToken, readLinkToken } from '../outside/tokens.ts';

type Remembering = Pick<Services, 'config' | 'keys' | 'now'>;

/** Has the browser remember it until it is closed, a day at most. Names no one. */
export function rememberCheckout(
  { config, keys, now }: Remembering,
  res: Response,
  checkoutId: string,
): void {
  const until = new Date(now().getTime() + 86_400_000);
  res.cookie(cookieName(config), linkToken(keys, 'checkout', checkoutId, until), {
    httpOnly: true,
    secure: config.secure,
    sameSite: 'lax',
    path: '/',
  });
}

/** The newest checkout that this browser began, or null. */
export function rememberedCheckout({ config, keys, now }: Remembering, req: Request): string | null {
  const name = `${cookieName(config)}=`;
  const pairs = (req.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const token = pairs.find((pair) => pair.startsWith(name))?.slice(name.length);
  if (token === undefined) return null;
  const read = readLinkToken(keys, 'checkout', token, now());
  return 'id' in read ? read.id : null;
}

/** The prefix makes browsers insist on Secure and on this very host; on plain http it would make the cookie vanish. */
function cookieName(config: { secure: boolean }): string {
  return config.secure ? '__Host-gift' : 'gift';
}
