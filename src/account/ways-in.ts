// The ways in: by a letter's link, which opens its reader's gifts and no more, or signed in, which opens all of their own pages.
import type { Request, Response } from 'express';
import { type Giver, giverById } from '../ledger/giver.ts';
import { addressLives } from '../letters/suppression.ts';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { readLinkToken } from '../outside/tokens.ts';
import { type Fault, fault, isFault, Refusal } from '../values/refusal.ts';
import { personal } from '../web/protection.ts';
import { isBound, sessionFormToken, signedInReader } from '../web/session.ts';
import type { Way } from './pages.tsx';

export interface WayIn extends Way {
  giver: Giver;
  /** What shows the reminders' door who asks. */
  proof: string;
  /** Of whoever is signed in; null behind a letter's link. */
  sessionId: string | null;
}

export type LinkFault = Fault<'link-expired' | 'link-broken'>;

/** The reader a letter's link stands for; a link of another purpose is none. */
export async function byLink(services: Services, token: string): Promise<WayIn | LinkFault> {
  const read = readLinkToken(services.keys, 'manage', token, services.now());
  if ('fault' in read) return fault(read.fault === 'expired' ? 'link-expired' : 'link-broken');
  const giver = await giverById(services.database, read.id);
  if (giver === null) return fault('link-broken');
  const path = `/account/manage/${token}`;
  return { giver, path, home: path, formToken: null, proof: token, sessionId: null };
}

/** The same, for whoever presses a button behind it: they have read that letter, so their address lives. */
export async function actingByLink(services: Services, token: string): Promise<WayIn | LinkFault> {
  const way = await byLink(services, token);
  if (!isFault(way)) {
    await transact(services, (tx) => addressLives(tx, services.now(), way.giver.id));
  }
  return way;
}

/** Null where nobody is signed in in this browser. */
export async function bySession(services: Services, req: Request, res: Response): Promise<WayIn | null> {
  const signedIn = await signedInReader(services, req, res);
  if (signedIn === null) return null;
  const giver = await giverById(services.database, signedIn.readerId);
  if (giver === null) return null;
  const { sessionId } = signedIn;
  return {
    giver,
    path: '/account/gifts',
    home: '/account',
    formToken: sessionFormToken(services.keys, 'reader', sessionId),
    proof: 'session',
    sessionId,
  };
}

/** The same, for a form's post: it must come from a page that was given to this very session. */
export async function actingBySession(
  services: Services,
  req: Request,
  res: Response,
): Promise<WayIn | null> {
  const way = await bySession(services, req, res);
  if (way?.sessionId && !isBound(services.keys, 'reader', way.sessionId, req.body)) {
    throw new Refusal(fault('form-from-elsewhere'));
  }
  return way;
}

/** For programs: by the link's token where one is sent, else by the session. Throws a Refusal where neither lets in. */
export async function byRequest(
  services: Services,
  req: Request,
  res: Response,
  token: string | undefined,
): Promise<WayIn> {
  personal(res);
  if (token !== undefined) {
    const way = await actingByLink(services, token);
    if (isFault(way)) throw new Refusal(way);
    return way;
  }
  const way = await bySession(services, req, res);
  if (way === null) throw new Refusal(fault('sign-in-needed'));
  return way;
}
