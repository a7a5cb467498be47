// Cookies of ours: read from a request, and given so that no script, no other site and no other host gets at them.
import type { Request, Response } from 'express';
import type { Config } from '../outside/config.ts';

type Where = Pick<Config, 'secure'>;

/** What the browser sent under this name; null where it sent none. */
export function cookieIn(config: Where, req: Request, name: string): string | null {
  const wanted = fullName(config, name);
  for (const pair of (req.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === wanted) return pair.slice(at + 1).trim();
  }
  return null;
}

/** Kept until the browser is closed; how long it is good for, is decided by what it holds. */
export function giveCookie(config: Where, res: Response, name: string, value: string): void {
  res.cookie(fullName(config, name), value, options(config));
}

export function takeCookie(config: Where, res: Response, name: string): void {
  res.clearCookie(fullName(config, name), options(config));
}

/** The prefix makes browsers insist on Secure and on this very host; on plain http it would make the cookie vanish. */
function fullName({ secure }: Where, name: string): string {
  return secure ? `__Host-${name}` : name;
}

function options({ secure }: Where) {
  return { httpOnly: true, secure, sameSite: 'lax', path: '/' } as const;
}
