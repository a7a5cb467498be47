// The staff's entrance: signing in and out, and the page behind an invitation's link.
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Services } from '../outside/services.ts';
import { isLocale } from '../values/locale.ts';
import { type Fault, fault, Refusal } from '../values/refusal.ts';
import { formBody, jsonBody, optionalLine, readInput } from '../web/input.ts';
import { limitNetwork } from '../web/limits.ts';
import { localeOf } from '../web/locale.ts';
import { framesOwn, personal, sameSite, showsLetter } from '../web/protection.ts';
import { sendPage } from '../web/respond.ts';
import { endSession, giveSession, sessionNamed, takeSession } from '../web/session.ts';
import { wordsFor } from '../words/words.ts';
import { audit } from './audit.ts';
import { addGoalRoutes } from './goals-routes.ts';
import { formToken, requireStaff, sessionBound, signedInFrom } from './guard.ts';
import { acceptInvitation, readInvitation } from './invite.ts';
import { LetterPreviewPage, SupporterLettersPage } from './letter-pages.tsx';
import { isReadersKind, lettersWritten, previewLetter, type ReadersKind } from './letter-preview.ts';
import { DeskEnd, InvitationOverPage, SignInPage, WelcomePage } from './pages.tsx';
import { replayForm, replayRequest } from './replay-request.ts';
import { addReportLetterRoutes } from './report-letters-routes.ts';
import { signIn } from './sign-in.ts';

/** Far more than a password has, far less than hurts; whether it is too long to be set, it is told in its own words. */
const password = z.string().max(2000);
const signInForm = z.object({ address: z.string().max(320), password, next: optionalLine(2000) });
const welcomeForm = z.object({ password });

export interface StaffDoor {
  /** Tries of one account in an hour, from wherever; networks have their own limit. */
  triesPerAccount?: number;
  /** Lets Stripe's events be applied once more; answers those that are known. Another door's act, which this one is given. */
  replayEvents?: (ids: readonly string[]) => Promise<readonly string[]>;
}

export function staffRoutes(services: Services, door: StaffDoor = {}): Router {
  const { config } = services;
  const routes = Router();
  const guessing = limitNetwork(services, 'staff-sign-in', 20, 900);

  routes.get('/staff/sign-in', (req, res) => {
    const { next } = req.query;
    showSignIn(req, res, { address: '', next: deskPath(typeof next === 'string' ? next : undefined) });
  });

  routes.post('/staff/sign-in', sameSite(config), formBody(), guessing, async (req, res) => {
    const given = readInput(signInForm, req.body);
    const next = deskPath(given.next);
    try {
      const sessionId = await signIn(
        services,
        given.address,
        given.password,
        presentSession(req),
        door.triesPerAccount ?? 20,
      );
      giveSession(services, 'staff', res, sessionId);
      res.redirect(303, next ?? '/staff');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      showSignIn(req, res, { address: given.address, next, faults: error.faults, status: error.status });
    }
  });

  routes.post(
    '/staff/sign-out',
    sameSite(config),
    formBody(),
    requireStaff(services, 'viewer'),
    sessionBound(services),
    async (_req, res) => {
      await endSession(services.database, services.machineNow(), signedInFrom(res).sessionId);
      takeSession(services, 'staff', res);
      res.redirect(303, '/staff/sign-in');
    },
  );

  const mayReplay = requireStaff(services, 'finance');

  routes.post(
    '/staff/events/replay',
    sameSite(config),
    formBody(),
    mayReplay,
    sessionBound(services),
    async (req, res) => {
      const given = readInput(replayForm, req.body);
      const { replayed } = await replay(res, given.events);
      const query = new URLSearchParams({ state: 'dead', replayed: String(replayed.length) });
      if (isLocale(given.locale)) query.set('locale', given.locale);
      res.redirect(303, `/staff/events?${query}`);
    },
  );

  // A program on another site could not send JSON here, but its page could try: both are refused before the body is read.
  routes.post('/api/v1/events/replays', sameSite(config), mayReplay, jsonBody(), async (req, res) => {
    const { events } = readInput(replayRequest, req.body);
    res.json(await replay(res, events));
  });

  const maySupport = requireStaff(services, 'support');

  routes.get('/staff/supporters/:id/letters', maySupport, async (req, res) => {
    const readerId = supporterNamed(String(req.params.id));
    const written = await lettersWritten(services.reportsDatabase, readerId);
    if (written === null) throw new Refusal(fault('not-found'));
    await audit(services, { staffId: signedInFrom(res).staffId, act: 'letters-listed', readerId });
    sendPage(res, SupporterLettersPage({ ...ofSupporter(req, res, readerId), written }));
  });

  routes.get('/staff/supporters/:id/letters/:kind', maySupport, async (req, res) => {
    const preview = await lookAtLetter(req, res);
    framesOwn(res);
    sendPage(res, LetterPreviewPage({ ...ofSupporter(req, res, String(req.params.id)), preview }));
  });

  routes.get('/staff/supporters/:id/letters/:kind/html', maySupport, async (req, res) => {
    const { html } = await lookAtLetter(req, res);
    showsLetter(res);
    res.type('html').send(html);
  });

  addReportLetterRoutes(routes, services);
  addGoalRoutes(routes, services);

  routes.get('/staff/welcome/:token', async (req, res) => {
    const invitation = await readInvitation(services, req.params.token);
    if (!invitation) return showOver(req, res);
    showWelcome(req, res, req.params.token);
  });

  routes.post('/staff/welcome/:token', sameSite(config), formBody(), guessing, async (req, res) => {
    const { token = '' } = req.params;
    const given = readInput(welcomeForm, req.body);
    try {
      const sessionId = await acceptInvitation(services, String(token), given.password, presentSession(req));
      if (sessionId === null) return showOver(req, res);
      giveSession(services, 'staff', res, sessionId);
      res.redirect(303, '/staff');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      showWelcome(req, res, String(token), error.faults, error.status);
    }
  });

  return routes;

  async function replay(res: Response, events: readonly string[]) {
    const wanted = [...new Set(events)];
    const { staffId } = signedInFrom(res);
    await audit(services, { staffId, act: 'events-replayed', subject: wanted.join(' ') });
    const replayed = (await door.replayEvents?.(wanted)) ?? [];
    services.log.info({ events: replayed, staff: staffId }, 'Events are replayed');
    return { replayed, unknown: wanted.filter((id) => !replayed.includes(id)) };
  }

  async function lookAtLetter(req: Request, res: Response) {
    const readerId = supporterNamed(String(req.params.id));
    const preview = await previewLetter(services, readerId, kindNamed(String(req.params.kind)));
    if (preview === null) throw new Refusal(fault('not-found'));
    const { staffId } = signedInFrom(res);
    await audit(services, { staffId, act: 'letter-seen', readerId, subject: preview.kind });
    return preview;
  }

  function ofSupporter(req: Request, res: Response, readerId: string) {
    const { role, sessionId } = signedInFrom(res);
    const locale = localeOf(req, config);
    const words = wordsFor(locale);
    const end = DeskEnd({ words, role, formToken: formToken(services.keys, sessionId) });
    return { words, locale, publication: config.publication, end, readerId };
  }

  function presentSession(req: Request): string | null {
    return sessionNamed(services, 'staff', req)?.sessionId ?? null;
  }

  function showSignIn(
    req: Request,
    res: Response,
    shown: { address: string; next: string | null; faults?: readonly Fault[]; status?: number },
  ): void {
    personal(res);
    sendPage(res, SignInPage({ faults: [], ...shown, ...said(req) }), shown.status);
  }

  function showWelcome(
    req: Request,
    res: Response,
    token: string,
    faults: readonly Fault[] = [],
    status = 200,
  ): void {
    personal(res);
    sendPage(res, WelcomePage({ token, faults, ...said(req) }), status);
  }

  function showOver(req: Request, res: Response): void {
    personal(res);
    sendPage(res, InvitationOverPage(said(req)), 410);
  }

  function said(req: Request) {
    const locale = localeOf(req, config);
    return { words: wordsFor(locale), locale, publication: config.publication.name };
  }
}

function supporterNamed(id: string): string {
  if (!z.uuid().safeParse(id).success) throw new Refusal(fault('not-found'));
  return id;
}

function kindNamed(kind: string): ReadersKind {
  if (!isReadersKind(kind)) throw new Refusal(fault('not-found'));
  return kind;
}

/** Where to go on after signing in: a page of the desk, and never another site. */
function deskPath(next: string | undefined): string | null {
  return next !== undefined && /^\/staff(?:[/?][\x21-\x7e]*)?$/.test(next) && !next.includes('\\')
    ? next
    : null;
}
