// The guard: who may come in, by the session row and the role, asked on every request; and forms bound to the session.
import type { Request, RequestHandler, Response } from 'express';
import type { VNode } from 'preact';
import type { Keys } from '../outside/keys.ts';
import type { Services } from '../outside/services.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { spend, spendNetwork } from '../web/limits.ts';
import { personal } from '../web/protection.ts';
import { giveSession, isBound, sessionFormToken, sessionNamed } from '../web/session.ts';
import type { Words } from '../words/words.ts';
import { DeskEnd } from './pages.tsx';
import { includes, type Role } from './roles.ts';
import { readSession, type SignedIn } from './session.ts';
import { readToken } from './tokens.ts';

/** What another door needs of this one: who may come in, and the end of each page's head. */
export interface StaffGuard {
  require(needed: Role): RequestHandler;
  /** The same, and programs whose token has this role or a higher one. */
  requireOrToken(needed: Role): RequestHandler;
  /** Who is signed in, and the way out. */
  end(res: Response, words: Words): VNode;
  /** What a form must carry by which somebody of this role acts; null for whom the role does not reach. */
  formToken(res: Response, needed: Role): string | null;
  /** Whether who is signed in has this role or a higher one. */
  reaches(res: Response, needed: Role): boolean;
}

export function staffGuard(services: Services): StaffGuard {
  return {
    require: (needed) => requireStaff(services, needed),
    requireOrToken: (needed) => requireTokenOrStaff(services, needed),
    end(res, words) {
      const { role, sessionId } = signedInFrom(res);
      return DeskEnd({ words, role, formToken: formToken(services.keys, sessionId) });
    },
    formToken(res, needed) {
      const { role, sessionId } = signedInFrom(res);
      return includes(role, needed) ? formToken(services.keys, sessionId) : null;
    },
    reaches: (res, needed) => includes(signedInFrom(res).role, needed),
  };
}

/**
 * Lets in who is signed in with this role or a higher one. A page leads others to the sign-in and back; the API refuses
 * with 401, and either with 403 where the role does not reach.
 */
export function requireStaff(services: Services, needed: Role): RequestHandler {
  return async (req, res, next) => {
    personal(res);
    const named = sessionNamed(services, 'staff', req);
    const signedIn = named && (await readSession(services, named.sessionId));
    if (!signedIn) {
      if (req.method === 'GET' && !req.originalUrl.startsWith('/api/')) {
        return res.redirect(303, `/staff/sign-in?next=${encodeURIComponent(req.originalUrl)}`);
      }
      return next(new Refusal(fault('sign-in-needed')));
    }
    if (!includes(signedIn.role, needed)) return next(new Refusal(fault('not-allowed')));
    // The row lives on: the name for it is made anew.
    if (named.stale) giveSession(services, 'staff', res, signedIn.sessionId);
    res.locals.signedIn = signedIn;
    next();
  };
}

/**
 * Lets in a program by its bearer token, and nobody else where one is sent: a wrong one is refused with 401 though somebody be
 * signed in. Without one it is as `requireStaff`.
 */
function requireTokenOrStaff(services: Services, needed: Role): RequestHandler {
  const asStaff = requireStaff(services, needed);
  return async (req, res, next) => {
    const given = req.get('authorization');
    if (given === undefined) return asStaff(req, res, next);
    personal(res);
    const [, token = ''] = /^bearer +(\S+)$/i.exec(given.trim()) ?? [];
    const known = await readToken(services, token);
    if (known === null) {
      await spendNetwork(services, { req, res }, 'token-guess', guessesAtOnce, 600);
      res.set('WWW-Authenticate', 'Bearer realm="reports", error="invalid_token"');
      return next(new Refusal(fault('token-wrong')));
    }
    if (!includes(known.role, needed)) return next(new Refusal(fault('not-allowed')));
    if (!(await spend(services, 'token', known.id, readingsAMinute, 60))) {
      res.set('Retry-After', '60');
      return next(new Refusal(fault('too-many-tries', { minutes: 1 })));
    }
    next();
  };
}

const guessesAtOnce = 30;
const readingsAMinute = 600;

/** Who the guard let in. Throws where no guard stands before: a fault of the program. */
export function signedInFrom(res: Response): SignedIn {
  const signedIn: SignedIn | undefined = res.locals.signedIn;
  if (!signedIn) throw new Error('This address has no guard before it');
  return signedIn;
}

/** What a form of the desk carries, so that only a page given to this very session can post it. */
export function formToken(keys: Keys, sessionId: string): string {
  return sessionFormToken(keys, 'staff', sessionId);
}

/** Refuses a post whose form was not given to this session. Stands after the guard and the body's parser. */
export function sessionBound(services: Pick<Services, 'keys'>): RequestHandler {
  return (req: Request, res, next) => {
    const bound = isBound(services.keys, 'staff', signedInFrom(res).sessionId, req.body);
    next(bound ? undefined : new Refusal(fault('form-from-elsewhere')));
  };
}
