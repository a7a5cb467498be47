// Readers come in and go out: asking for a letter, its link and its code, a year's statement behind them, and the end of sessions.
import type { Request, RequestHandler, Response, Router } from 'express';
import { z } from 'zod';
import type { Services } from '../outside/services.ts';
import { linkToken, readLinkToken } from '../outside/tokens.ts';
import { parseAddress } from '../values/address.ts';
import { localDate } from '../values/calendar.ts';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';
import { cookieIn, giveCookie, takeCookie } from '../web/cookies.ts';
import { answerOnce, idempotencyKeyOf } from '../web/idempotency.ts';
import { formBody, jsonBody, optionalLine, readInput } from '../web/input.ts';
import { localeOf } from '../web/locale.ts';
import { personal, sameSite } from '../web/protection.ts';
import { sendPage } from '../web/respond.ts';
import { endSession, endSessionsOf, giveSession, sessionNamed, takeSession } from '../web/session.ts';
import { wordsFor } from '../words/words.ts';
import { YearPage } from './overview-pages.tsx';
import { asked, ownPage, showSignIn } from './showing.ts';
import {
  askToSignIn,
  isOpen,
  isOwnAsking,
  sessionRequest,
  signIn,
  signInRequest,
  signOutRequest,
} from './sign-in.ts';
import { AskedPage, LetInPage } from './sign-in-pages.tsx';
import { yearOf } from './statements.ts';
import { actingBySession, byRequest, bySession, type WayIn } from './ways-in.ts';

export function addSignInRoutes(
  routes: Router,
  services: Services,
  /** Of one network: asking for letters, and entering what they hold. */
  limits: { asking: RequestHandler; entering: RequestHandler },
): void {
  const { config, keys } = services;

  routes.post('/account/sign-in', limits.asking, sameSite(config), formBody(), async (req, res) => {
    personal(res);
    const form = readInput(askForm, req.body);
    const locale = localeOf(req, config, form.locale);
    const address = parseAddress(form.email ?? '');
    if (isFault(address)) {
      const faults = [inField('email', address)];
      return showSignIn(req, res, config, { faults, email: form.email ?? '', status: 422 });
    }
    rememberAsking(res, await askToSignIn(services, address));
    res.redirect(303, `/account/sign-in?locale=${locale}`);
  });

  routes.post('/api/v1/account/sign-ins', limits.asking, sameSite(config), jsonBody(), async (req, res) => {
    personal(res);
    const request = readInput(signInRequest, req.body);
    const words = wordsFor(localeOf(req, config, request.locale));
    const once = { scope: 'account-sign-ins', key: idempotencyKeyOf(req), body: req.body as unknown };
    const { status, body } = await answerOnce(services, once, async () => {
      rememberAsking(res, await askToSignIn(services, request.email));
      return { status: 202, body: { message: words.account.asked } };
    });
    res.status(status).json(body);
  });

  routes.get('/account/sign-in', (req, res) => {
    personal(res);
    showAsked(req, res);
  });

  // Before '/account/sign-in/:token': no link's token is as short.
  routes.post('/account/sign-in/code', limits.entering, sameSite(config), formBody(), async (req, res) => {
    const { code } = readInput(codeForm, req.body);
    await letIn(req, res, { linked: null, code }, (faults, status) => showAsked(req, res, faults, status));
  });

  // Changes nothing: mail scanners open links.
  routes.get('/account/sign-in/:token', async (req, res) => {
    personal(res);
    const linked = readSignInLink(req.params.token);
    if (isFault(linked)) return showSignIn(req, res, config, { reason: linked });
    if (!(await isOpen(services, linked))) return overOrIn(req, res);
    showLetIn(req, res, linked);
  });

  routes.post(
    '/account/sign-in/:token',
    limits.entering,
    sameSite(config),
    formBody(),
    async (req: Request<{ token: string }>, res: Response) => {
      const linked = readSignInLink(req.params.token);
      if (isFault(linked)) return showSignIn(req, res, config, { reason: linked });
      const { code } = readInput(codeForm, req.body);
      await letIn(req, res, { linked, code }, (faults, status) =>
        showLetIn(req, res, linked, faults, status),
      );
    },
  );

  routes.post('/api/v1/account/sessions', limits.entering, sameSite(config), jsonBody(), async (req, res) => {
    personal(res);
    const request = readInput(sessionRequest, req.body);
    const linked = request.token === undefined ? null : readSignInLink(request.token);
    if (isFault(linked)) throw new Refusal(linked);
    await begin(req, res, { linked, code: request.code });
    res.status(201).json({ signed_in: true });
  });

  routes.post('/account/sign-out', sameSite(config), formBody(), async (req, res) => {
    personal(res);
    const { everywhere, locale } = readInput(outForm, req.body);
    const way = await actingBySession(services, req, res);
    if (way !== null) await leave(res, way, everywhere === 'yes');
    res.redirect(303, `/account?left=yes&locale=${localeOf(req, config, locale)}`);
  });

  routes.post('/api/v1/account/sign-outs', sameSite(config), jsonBody(), async (req, res) => {
    const { everywhere } = readInput(signOutRequest, req.body);
    await leave(res, await byRequest(services, req, res, undefined), everywhere);
    res.json({ signed_in: false });
  });

  routes.get('/account/years/:year', async (req, res) => {
    personal(res);
    const way = await bySession(services, req, res);
    if (way === null) return res.redirect(303, '/account');
    const { timeZone } = config.publication;
    const year = /^(19|20|21)\d\d$/.test(req.params.year) ? Number(req.params.year) : null;
    const statement = year === null ? null : await yearOf(services.database, way.giver.id, year, timeZone);
    if (statement === null) throw new Refusal(fault('not-found'));
    const page = ownPage(req, config, localeOf(req, config, asked(req) ?? way.giver.locale));
    sendPage(res, YearPage({ ...page, statement, today: localDate(services.now(), timeZone) }));
  });

  /** Lets in, or shows what is wrong: with the code at its field, with the asking where another can be begun. */
  async function letIn(
    req: Request,
    res: Response,
    given: { linked: string | null; code: string | undefined },
    show: (faults: readonly Fault[], status: number) => void,
  ): Promise<void> {
    personal(res);
    try {
      await begin(req, res, given);
      res.redirect(303, `/account?locale=${localeOf(req, config, readInput(codeForm, req.body).locale)}`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'sign-in-over') return overOrIn(req, res);
      show(error.faults, error.status);
    }
  }

  async function begin(
    req: Request,
    res: Response,
    given: { linked: string | null; code: string | undefined },
  ): Promise<void> {
    const ending = sessionNamed(services, 'reader', req)?.sessionId ?? null;
    const sessionId = await signIn(services, { ...given, asked: rememberedAsking(req) }, ending);
    giveSession(services, 'reader', res, sessionId);
    takeCookie(config, res, askingCookie);
  }

  /** Pressed twice, or opened again, by somebody who is in already: there is nothing to say. */
  async function overOrIn(req: Request, res: Response): Promise<void> {
    if (await bySession(services, req, res)) return res.redirect(303, '/account');
    showSignIn(req, res, config, { reason: fault('sign-in-over') });
  }

  async function leave(res: Response, { sessionId, giver }: WayIn, everywhere: boolean): Promise<void> {
    const machineNow = services.machineNow();
    if (everywhere) await endSessionsOf(services.database, machineNow, { readerId: giver.id });
    else if (sessionId !== null) await endSession(services.database, machineNow, sessionId);
    takeSession(services, 'reader', res);
  }

  function showAsked(req: Request, res: Response, faults: readonly Fault[] = [], status = 200): void {
    const locale = localeOf(req, config, readInput(codeForm, req.body).locale);
    const asking = rememberedAsking(req) !== null;
    sendPage(res, AskedPage({ ...ownPage(req, config, locale), faults, asking }), status);
  }

  function showLetIn(
    req: Request,
    res: Response,
    linked: string,
    faults: readonly Fault[] = [],
    status = 200,
  ): void {
    const locale = localeOf(req, config, readInput(codeForm, req.body).locale);
    const own = isOwnAsking({ linked, asked: rememberedAsking(req) });
    const page = { ...ownPage(req, config, locale), token: String(req.params.token), faults, own };
    sendPage(res, LetInPage(page), status);
  }

  /** The asking that a letter's link stands for; a link of another purpose is none. */
  function readSignInLink(token: string): string | Fault<'sign-in-over' | 'link-broken'> {
    const read = readLinkToken(keys, 'sign-in', token, services.now());
    if ('id' in read) return read.id;
    return fault(read.fault === 'expired' ? 'sign-in-over' : 'link-broken');
  }

  /** For this browser alone, as long as the letter is good. */
  function rememberAsking(res: Response, id: string): void {
    const until = new Date(services.now().getTime() + 10 * 60_000);
    giveCookie(config, res, askingCookie, linkToken(keys, 'sign-in-asking', id, until));
  }

  function rememberedAsking(req: Request): string | null {
    const token = cookieIn(config, req, askingCookie);
    const read = token === null ? null : readLinkToken(keys, 'sign-in-asking', token, services.now());
    return read !== null && 'id' in read ? read.id : null;
  }
}

const askingCookie = 'asking';
const askForm = z.object({ email: optionalLine(400), locale: optionalLine(20) });
const codeForm = z.object({ code: optionalLine(40), locale: optionalLine(20) });
const outForm = z.object({ everywhere: optionalLine(5), locale: optionalLine(20) });
