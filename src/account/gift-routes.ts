// The acts on regular gifts: the same pages and posts behind a letter's link and for whoever is signed in, and their twins for programs.
import { createHash, randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response, Router } from 'express';
import { z } from 'zod';
import type { Giver, RegularGift } from '../ledger/giver.ts';
import { runs } from '../ledger/standing.ts';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import type { Locale } from '../values/locale.ts';
import { parseAmount } from '../values/money.ts';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';
import { answerOnce, idempotencyKeyOf } from '../web/idempotency.ts';
import { formBody, jsonBody, optionalLine, readInput } from '../web/input.ts';
import { localeOf } from '../web/locale.ts';
import { personal, sameSite } from '../web/protection.ts';
import { type Reminding, remindingDays } from '../web/reminding.tsx';
import { sendPage } from '../web/respond.ts';
import { wordsFor } from '../words/words.ts';
import { amountRequest, changeAmount, unchangeable } from './amount.ts';
import { chooseDiscreet, lettersRequest } from './discreet.ts';
import { AmountPage, typedAmount } from './gift-pages.tsx';
import { historyOf } from './history.ts';
import { openInvoice } from './open-invoice.ts';
import { overviewAnswerOf } from './overview.ts';
import { OverviewPage } from './overview-pages.tsx';
import { ManagePage } from './pages.tsx';
import { openPortals } from './portal.ts';
import { portalRequest } from './portal-request.ts';
import { asked, ownPage, showSignIn } from './showing.ts';
import { actingByLink, actingBySession, byLink, byRequest, bySession, type WayIn } from './ways-in.ts';

/** One of the two addresses under which the same stands. Both answer null where they have already answered the request. */
interface Entrance {
  at: string;
  look(req: Request, res: Response): Promise<WayIn | null>;
  act(req: Request, res: Response): Promise<WayIn | null>;
}

export function addGiftRoutes(routes: Router, services: Services, limited: RequestHandler): void {
  const { config } = services;
  const portal = openPortals(services);
  const post = [limited, sameSite(config), formBody()];
  const programs = [limited, sameSite(config), jsonBody()];

  for (const entrance of entrances(services)) addActs(entrance);

  routes.get('/account', async (req, res) => {
    personal(res);
    const way = await bySession(services, req, res);
    if (way === null) return showSignIn(req, res, config, { left: req.query.left === 'yes' });
    await showGifts(req, res, way, { locale: localeOf(req, config, asked(req) ?? way.giver.locale) });
  });

  routes.get('/api/v1/account', async (req, res) => {
    const { giver } = await byRequest(services, req, res, undefined);
    const { newest, years } = await historyOf(services.database, giver.id, config.publication.timeZone);
    res.json(overviewAnswerOf(giver, newest, years));
  });

  routes.post('/api/v1/account/portals', ...programs, async (req, res) => {
    const request = readInput(portalRequest, req.body);
    const { giver } = await byRequest(services, req, res, request.token);
    const locale = localeOf(req, config, request.locale ?? giver.locale);
    const { status, body } = await answerOnce(services, onceOf(req, 'account-portals', giver), async () => ({
      status: 201,
      body: { url: await portal.open(chosen(giver, request.gift).stripeCustomerId, locale, request.to) },
    }));
    res.status(status).json(body);
  });

  routes.post('/api/v1/account/amounts', ...programs, async (req, res) => {
    const request = readInput(amountRequest, req.body);
    const { giver } = await byRequest(services, req, res, request.token);
    const gift = chosen(giver, request.gift);
    const amount = { amountMinor: BigInt(request.amount_minor), currency: gift.amount.currency };
    const once = onceOf(req, 'account-amounts', giver);
    const { status, body } = await answerOnce(services, once, async () => {
      const wish = once.key === null ? randomUUID() : hashed(once.key);
      const { from } = await changeAmount(services, gift, amount, wish, 'amount_minor');
      const { currency } = amount;
      return { status: 202, body: { gift: gift.id, amount_minor: request.amount_minor, currency, from } };
    });
    res.status(status).json(body);
  });

  routes.post('/api/v1/account/letters', ...programs, async (req, res) => {
    const { token, discreet } = readInput(lettersRequest, req.body);
    const { giver } = await byRequest(services, req, res, token);
    const { status, body } = await answerOnce(services, onceOf(req, 'account-letters', giver), async () => {
      await chooseDiscreet(services, giver.id, discreet);
      return { status: 200, body: { discreet } };
    });
    res.status(status).json(body);
  });

  function addActs({ at, look, act }: Entrance): void {
    routes.get(at, async (req, res) => {
      const way = await look(req, res);
      if (way === null) return;
      await showGifts(req, res, way, { locale: localeOf(req, config, asked(req) ?? way.giver.locale) });
    });

    routes.post(at, ...post, async (req: Request, res: Response) => {
      const way = await act(req, res);
      if (way === null) return;
      const form = readInput(manageForm, req.body);
      const locale = localeOf(req, config, form.locale ?? way.giver.locale);
      try {
        const { stripeCustomerId } = chosen(way.giver, form.gift);
        const to = form.to === 'card' ? 'card' : undefined;
        res.redirect(303, await portal.open(stripeCustomerId, locale, to));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.code !== 'payments-unavailable' && error.code !== 'not-found') throw error;
        const away = error.code === 'payments-unavailable';
        if (away) res.set('Retry-After', '120');
        await showGifts(req, res, way, { locale, status: error.status, trouble: away ? 'away' : 'gone' });
      }
    });

    // A letter's way to confirm a payment: it leads on to Stripe, and changes nothing by itself.
    routes.get(`${at}/invoice`, limited, async (req: Request, res: Response) => {
      const way = await look(req, res);
      if (way === null) return;
      const { gift } = req.query;
      let url: string | null = null;
      try {
        const { stripeSubscriptionId } = chosen(way.giver, typeof gift === 'string' ? gift : undefined);
        url = await openInvoice(services, stripeSubscriptionId);
      } catch (error) {
        services.log.warn(describeError(error), 'An open invoice could not be looked up');
      }
      res.redirect(303, url ?? way.home);
    });

    routes.get(`${at}/amount`, async (req, res) => {
      const way = await look(req, res);
      if (way === null) return;
      const query = readInput(amountQuery, req.query);
      const gift = chosen(way.giver, query.gift);
      const locale = localeOf(req, config, asked(req) ?? way.giver.locale);
      const wished = query.amount !== undefined && { typed: query.amount };
      showAmount(req, res, way, gift, { locale, ...wished });
    });

    routes.post(`${at}/amount`, ...post, async (req: Request, res: Response) => {
      const way = await act(req, res);
      if (way === null) return;
      const form = readInput(amountForm, req.body);
      const locale = localeOf(req, config, form.locale ?? way.giver.locale);
      const gift = chosen(way.giver, form.gift);
      const typed = form.amount ?? '';
      const amountMinor = typed === '' ? fault('amount-missing') : parseAmount(typed, gift.amount.currency);
      if (isFault(amountMinor)) {
        const faults = [inField('amount', amountMinor)];
        return showAmount(req, res, way, gift, { locale, typed, faults, status: 422 });
      }
      const amount = { amountMinor, currency: gift.amount.currency };
      try {
        const wish = form.wish ?? randomUUID();
        const { from } = await changeAmount(services, gift, amount, wish, 'amount');
        showAmount(req, res, way, gift, {
          locale,
          asked: { amount: wordsFor(locale).common.moneyHowOften(amount, gift.interval), from },
        });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const away = error.code === 'payments-unavailable';
        if (away) res.set('Retry-After', '120');
        const faults = away ? [] : error.faults;
        showAmount(req, res, way, gift, { locale, typed, faults, away, status: error.status });
      }
    });

    routes.post(`${at}/letters`, ...post, async (req: Request, res: Response) => {
      const way = await act(req, res);
      if (way === null) return;
      const form = readInput(lettersForm, req.body);
      await chooseDiscreet(services, way.giver.id, form.discreet === 'yes');
      const locale = localeOf(req, config, form.locale ?? way.giver.locale);
      res.redirect(303, `${way.home}?locale=${locale}#letters`);
    });
  }

  async function showGifts(
    req: Request,
    res: Response,
    way: WayIn,
    shown: { locale: Locale; status?: number; trouble?: 'away' | 'gone' },
  ): Promise<void> {
    const { giver } = way;
    const { publication } = config;
    const page = {
      ...ownPage(req, config, shown.locale),
      way,
      gifts: giver.gifts,
      trouble: shown.trouble ?? null,
      discreet: publication.discreet ? null : giver.discreet,
      reminding: remindingAfter(way),
    };
    if (way.sessionId === null) return sendPage(res, ManagePage(page), shown.status);
    const history = await historyOf(services.database, giver.id, publication.timeZone);
    sendPage(res, OverviewPage({ ...page, history }), shown.status);
  }

  function showAmount(
    req: Request,
    res: Response,
    way: WayIn,
    gift: RegularGift,
    shown: {
      locale: Locale;
      typed?: string;
      faults?: readonly Fault[];
      away?: boolean;
      asked?: { amount: string; from: string };
      status?: number;
    },
  ): void {
    const { locale, typed = typedAmount(gift), away = false, asked: taken = null } = shown;
    const kept = unchangeable(gift);
    const faults = shown.faults ?? (kept === null ? [] : [kept]);
    const page = { ...ownPage(req, config, locale), way, gift, typed, away, asked: taken };
    sendPage(res, AmountPage({ ...page, faults, wish: randomUUID() }), shown.status ?? 200);
  }

  /** Once no gift goes on: who asks is known, so that a press is enough. */
  function remindingAfter({ giver: { gifts }, proof, formToken }: WayIn): Reminding | null {
    if (gifts.length === 0 || gifts.some(({ standing, endsAt }) => runs(standing) && endsAt === null)) {
      return null;
    }
    const endings = gifts.map(({ standing, endsAt }) => (runs(standing) ? (endsAt?.getTime() ?? 0) : 0));
    const last = Math.max(...endings);
    const endsAt = last === 0 ? null : new Date(last);
    const offered = remindingDays(services.now(), config.publication, endsAt);
    if (offered.days.length === 0) return null;
    // The same page asks it once for all letters.
    return { proof, formToken, formKey: randomUUID(), ...offered, asksDiscretion: false };
  }
}

function entrances(services: Services): Entrance[] {
  const linked =
    (enter: typeof byLink): Entrance['look'] =>
    async (req, res) => {
      personal(res);
      const way = await enter(services, String(req.params.token));
      if (!isFault(way)) return way;
      showSignIn(req, res, services.config, { reason: way });
      return null;
    };
  const signedIn =
    (enter: typeof bySession): Entrance['look'] =>
    async (req, res) => {
      personal(res);
      const way = await enter(services, req, res);
      if (way === null) res.redirect(303, '/account');
      return way;
    };
  return [
    { at: '/account/manage/:token', look: linked(byLink), act: linked(actingByLink) },
    { at: '/account/gifts', look: signedIn(bySession), act: signedIn(actingBySession) },
  ];
}

/** The gift that is meant: the named one of this reader's, else the newest that runs. */
function chosen({ gifts }: Giver, giftId: string | undefined): RegularGift {
  const [newest] = gifts;
  if (!newest) throw new Refusal(fault('not-found'));
  if (giftId === undefined) return newest;
  const named = gifts.find((gift) => gift.id === giftId);
  if (!named) throw new Refusal(inField('gift', fault('choice-unknown')));
  return named;
}

/** One reader's key is no other's, though both came without a token. */
function onceOf(req: Request, scope: string, { id }: Giver) {
  return { scope: `${scope}:${id}`, key: idempotencyKeyOf(req), body: req.body as unknown };
}

/** Stripe takes keys of 255 characters at most, and a program's may be as long. */
function hashed(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

const manageForm = z.object({ gift: optionalLine(60), to: optionalLine(20), locale: optionalLine(20) });
const amountForm = z.object({
  gift: optionalLine(60),
  amount: optionalLine(60),
  wish: z.uuid().optional().catch(undefined),
  locale: optionalLine(20),
});
const amountQuery = z.object({ gift: optionalLine(60), amount: optionalLine(60) });
const lettersForm = z.object({
  discreet: z.enum(['yes', 'no'], { error: 'choice-unknown' }),
  locale: optionalLine(20),
});
