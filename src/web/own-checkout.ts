// The checkout that this browser began: a signed cookie, so that whoever comes back from paying need not say again who they are.
import type { Request, Response } from 'express';
import type { Services } from '../outside/services.ts';
import { linkToken, readLinkToken } from '../outside/tokens.ts';
import { cookieIn, giveCookie } from './cookies.ts';

type Remembering = Pick<Services, 'config' | 'keys' | 'now'>;

/** Has the browser remember it until it is closed, a day at most. Names no one. */
export function rememberCheckout(
  { config, keys, now }: Remembering,
  res: Response,
  checkoutId: string,
): void {
  const until = new Date(now().getTime() + 86_400_000);
  giveCookie(config, res, cookieName, linkToken(keys, 'checkout', checkoutId, until));
}

/** The newest checkout that this browser began, or null. */
export function rememberedCheckout({ config, keys, now }: Remembering, req: Request): string | null {
  const token = cookieIn(config, req, cookieName);
  if (token === null) return null;
  const read = readLinkToken(keys, 'checkout', token, now());
  return 'id' in read ? read.id : null;
}

const cookieName = 'gift';
