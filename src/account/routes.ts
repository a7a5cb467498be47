// The account door: a letter's link opens the portal for one reader's gift, and a lost link is mailed anew.
import { createHash, randomUUID } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { type Giver, giverById, type RegularGift } from '../ledger/giver.ts';
import { runs } from '../ledger/standing.ts';
import { addressLives } from '../letters/suppression.ts';
import { transact } from '../outside/database.ts';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { readLinkToken } from '../outside/tokens.ts';
import { parseAddress } from '../values/address.ts';
import { isLocale, type Locale } from '../values/locale.ts';
import { parseAmount } from '../values/money.ts';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';
import { answerOnce, idempotencyKeyOf } from '../web/idempotency.ts';
import { formBody, jsonBody, optionalLine, readInput } from '../web/input.ts';
import { limitNetwork } from '../web/limits.ts';
import { languageLinks, localeOf } from '../web/locale.ts';
import { personal, sameSite } from '../web/protection.ts';
import { type Reminding, remindingDays } from '../web/reminding.tsx';
import { sendPage } from '../web/respond.ts';
import { wordsFor } from '../words/words.ts';
import { amountRequest, changeAmount, unchangeable } from './amount.ts';
import { chooseDiscreet, lettersRequest } from './discreet.ts';
import { AmountPage, SecondGiftOverPage, SecondGiftPage, typedAmount } from './gift-pages.tsx';
import { linkRequest, mailLink } from './link.ts';
import { openInvoice } from './open-invoice.ts';
import { AccountPage, BackPage, LinkPage, ManagePage } from './pages.tsx';
import { openPortals } from './portal.ts';
import { portalRequest } from './portal-request.ts';
import { keepGifts, keepsChoices, secondGiftRequest, type TwoGifts, twoGifts } from './second-gift.ts';

export interface AccountDoor {
  /** How many links one network may ask for in ten minutes. */
  linksPerNetwork?: number;
  /** How often one network may open the portal in ten minutes. */
  openingsPerNetwork?: number;
}

export function accountRoutes(services: Services, door: AccountDoor = {}): Router {
  const { config } = services;
  const routes = Router();
  const portal = openPortals(services);
  const linksLimited = limitNetwork(services, 'account-link', door.linksPerNetwork ?? 20, 600);
  const openingsLimited = limitNetwork(services, 'account-portal', door.openingsPerNetwork ?? 30, 600);

  routes.get('/account', (req, res) => {
    sendPage(res, AccountPage(own(req, localeOf(req, config))));
  });

  routes.get('/account/manage/back', (req, res) => {
    sendPage(res, BackPage(own(req, localeOf(req, config))));
  });

  routes.get('/account/manage/:token', async (req, res) => {
    personal(res);
    const read = await readLink(req.params.token);
    if (isFault(read)) return showLink(req, res, { reason: read });
    showGifts(req, res, read, { locale: localeOf(req, config, asked(req) ?? read.locale) });
  });

  // A letter's way to confirm a payment: it leads on to Stripe, and changes nothing by itself.
  routes.get(
    '/account/manage/:token/invoice',
    openingsLimited,
    async (req: Request<{ token: string }>, res: Response) => {
      personal(res);
      const { token } = req.params;
      const read = await readLink(token);
      if (isFault(read)) return showLink(req, res, { reason: read });
      const { gift } = req.query;
      let url: string | null = null;
      try {
        const { stripeSubscriptionId } = chosen(read, typeof gift === 'string' ? gift : undefined);
        url = await openInvoice(services, stripeSubscriptionId);
      } catch (error) {
        services.log.warn(describeError(error), 'An open invoice could not be looked up');
      }
      res.redirect(303, url ?? `/account/manage/${token}`);
    },
  );

  routes.post(
    '/account/manage/:token',
    openingsLimited,
    sameSite(config),
    formBody(),
    async (req: Request<{ token: string }>, res: Response) => {
      personal(res);
      const form = readInput(manageForm, req.body);
      const read = await actingBy(req.params.token);
      if (isFault(read)) return showLink(req, res, { reason: read, locale: form.locale });
      const locale = localeOf(req, config, form.locale ?? read.locale);
      try {
        const { stripeCustomerId } = chosen(read, form.gift);
        res.redirect(
          303,
          await portal.open(stripeCustomerId, locale, form.to === 'card' ? 'card' : undefined),
        );
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.code !== 'payments-unavailable' && error.code !== 'not-found') throw error;
        const away = error.code === 'payments-unavailable';
        if (away) res.set('Retry-After', '120');
        showGifts(req, res, read, { locale, status: error.status, trouble: away ? 'away' : 'gone' });
      }
    },
  );

  routes.get('/account/manage/:token/amount', async (req, res) => {
    personal(res);
    const query = readInput(amountQuery, req.query);
    const read = await readLink(req.params.token);
    if (isFault(read)) return showLink(req, res, { reason: read });
    const gift = chosen(read, query.gift);
    showAmount(req, res, gift, { locale: localeOf(req, config, asked(req) ?? read.locale) });
  });

  routes.post(
    '/account/manage/:token/amount',
    openingsLimited,
    sameSite(config),
    formBody(),
    async (req: Request<{ token: string }>, res: Response) => {
      personal(res);
      const form = readInput(amountForm, req.body);
      const read = await actingBy(req.params.token);
      if (isFault(read)) return showLink(req, res, { reason: read, locale: form.locale });
      const locale = localeOf(req, config, form.locale ?? read.locale);
      const gift = chosen(read, form.gift);
      const typed = form.amount ?? '';
      const amountMinor = typed === '' ? fault('amount-missing') : parseAmount(typed, gift.amount.currency);
      if (isFault(amountMinor)) {
        const faults = [inField('amount', amountMinor)];
        return showAmount(req, res, gift, { locale, typed, faults, status: 422 });
      }
      const amount = { amountMinor, currency: gift.amount.currency };
      try {
        const { from } = await changeAmount(services, gift, amount, form.wish ?? randomUUID());
        showAmount(req, res, gift, {
          locale,
          asked: { amount: wordsFor(locale).common.moneyHowOften(amount, gift.interval), from },
        });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const away = error.code === 'payments-unavailable';
        if (away) res.set('Retry-After', '120');
        const faults = away ? [] : error.faults;
        showAmount(req, res, gift, { locale, typed, faults, away, status: error.status });
      }
    },
  );

  routes.post('/api/v1/account/amounts', openingsLimited, jsonBody(), async (req, res) => {
    personal(res);
    const request = readInput(amountRequest, req.body);
    const read = await actingBy(request.token);
    if (isFault(read)) throw new Refusal(read);
    const gift = chosen(read, request.gift);
    const amount = { amountMinor: BigInt(request.amount_minor), currency: gift.amount.currency };
    const key = idempotencyKeyOf(req);
    const once = { scope: 'account-amounts', key, body: req.body as unknown };
    const { status, body } = await answerOnce(services, once, async () => {
      const wish = key === null ? randomUUID() : hashed(key);
      const { from } = await changeAmount(services, gift, amount, wish);
      const { currency } = amount;
      return { status: 202, body: { gift: gift.id, amount_minor: request.amount_minor, currency, from } };
    });
    res.status(status).json(body);
  });

  routes.post(
    '/account/manage/:token/letters',
    openingsLimited,
    sameSite(config),
    formBody(),
    async (req: Request<{ token: string }>, res: Response) => {
      personal(res);
      const form = readInput(lettersForm, req.body);
      const read = await actingBy(req.params.token);
      if (isFault(read)) return showLink(req, res, { reason: read, locale: form.locale });
      await chooseDiscreet(services, read.id, form.discreet === 'yes');
      const locale = localeOf(req, config, form.locale ?? read.locale);
      res.redirect(303, `/account/manage/${req.params.token}?locale=${locale}#letters`);
    },
  );

  routes.post('/api/v1/account/letters', openingsLimited, jsonBody(), async (req, res) => {
    personal(res);
    const { token, discreet } = readInput(lettersRequest, req.body);
    const read = await actingBy(token);
    if (isFault(read)) throw new Refusal(read);
    const once = { scope: 'account-letters', key: idempotencyKeyOf(req), body: req.body as unknown };
    const { status, body } = await answerOnce(services, once, async () => {
      await chooseDiscreet(services, read.id, discreet);
      return { status: 200, body: { discreet } };
    });
    res.status(status).json(body);
  });

  routes.get('/account/second/:token', async (req, res) => {
    personal(res);
    const two = await readSecond(req.params.token);
    if (isFault(two)) return showSecondOver(req, res, two);
    showSecond(req, res, two, localeOf(req, config, asked(req) ?? two.locale));
  });

  routes.post(
    '/account/second/:token',
    openingsLimited,
    sameSite(config),
    formBody(),
    async (req: Request<{ token: string }>, res: Response) => {
      personal(res);
      const form = readInput(secondForm, req.body);
      const two = await readSecond(req.params.token);
      if (isFault(two)) return showSecondOver(req, res, two);
      const locale = localeOf(req, config, form.locale ?? two.locale);
      // What is over in the meantime, the page says by itself.
      if (two.open) await keepGifts(services, two, form.keeps);
      res.redirect(303, `/account/second/${req.params.token}?locale=${locale}`);
    },
  );

  routes.post('/api/v1/account/second-gifts', openingsLimited, jsonBody(), async (req, res) => {
    personal(res);
    const request = readInput(secondGiftRequest, req.body);
    const two = await readSecond(request.token);
    if (isFault(two)) throw new Refusal(two);
    const once = { scope: 'account-second', key: idempotencyKeyOf(req), body: req.body as unknown };
    const { status, body } = await answerOnce(services, once, async () => {
      await keepGifts(services, two, request.keeps);
      return { status: 202, body: { keeps: request.keeps } };
    });
    res.status(status).json(body);
  });

  routes.post('/api/v1/account/portals', openingsLimited, jsonBody(), async (req, res) => {
    personal(res);
    const request = readInput(portalRequest, req.body);
    const read = await actingBy(request.token);
    if (isFault(read)) throw new Refusal(read);
    const locale = localeOf(req, config, request.locale ?? read.locale);
    const once = { scope: 'account-portals', key: idempotencyKeyOf(req), body: req.body as unknown };
    const { status, body } = await answerOnce(services, once, async () => ({
      status: 201,
      body: { url: await portal.open(chosen(read, request.gift).stripeCustomerId, locale, request.to) },
    }));
    res.status(status).json(body);
  });

  routes.get('/account/link', (req, res) => {
    showLink(req, res, { mailed: req.query.mailed === 'yes' });
  });

  routes.post('/account/link', linksLimited, sameSite(config), formBody(), async (req, res) => {
    personal(res);
    const form = readInput(linkForm, req.body);
    const locale = localeOf(req, config, form.locale);
    const address = parseAddress(form.email ?? '');
    if (isFault(address)) {
      const faults = [inField('email', address)];
      return showLink(req, res, { locale, faults, email: form.email ?? '', status: 422 });
    }
    await mailLink(services, address);
    res.redirect(303, `/account/link?mailed=yes&locale=${locale}`);
  });

  routes.post('/api/v1/account/links', linksLimited, jsonBody(), async (req, res) => {
    personal(res);
    const request = readInput(linkRequest, req.body);
    const words = wordsFor(localeOf(req, config, request.locale));
    const once = { scope: 'account-links', key: idempotencyKeyOf(req), body: req.body as unknown };
    const { status, body } = await answerOnce(services, once, async () => {
      await mailLink(services, request.email);
      return { status: 202, body: { message: words.account.linkMailed } };
    });
    res.status(status).json(body);
  });

  return routes;

  /** The reader a letter's link stands for; a link of another purpose is none. */
  async function readLink(token: string): Promise<Giver | LinkFault> {
    const read = readLinkToken(services.keys, 'manage', token, services.now());
    if ('fault' in read) return fault(read.fault === 'expired' ? 'link-expired' : 'link-broken');
    const giver = await giverById(services.database, read.id);
    return giver ?? fault('link-broken');
  }

  /** The same, for whoever presses a button behind it: they have read that letter, so their address lives. */
  async function actingBy(token: string): Promise<Giver | LinkFault> {
    const read = await readLink(token);
    if (!isFault(read)) await transact(services, (tx) => addressLives(tx, services.now(), read.id));
    return read;
  }

  /** The pair a letter's link stands for; a link of another purpose is none. */
  async function readSecond(token: string): Promise<TwoGifts | LinkFault> {
    const read = readLinkToken(services.keys, 'second-gift', token, services.now());
    if ('fault' in read) return fault(read.fault === 'expired' ? 'link-expired' : 'link-broken');
    return (await twoGifts(services.database, read.id)) ?? fault('link-broken');
  }

  function showSecond(req: Request, res: Response, two: TwoGifts, locale: Locale): void {
    sendPage(res, SecondGiftPage({ ...own(req, locale), token: String(req.params.token), two }));
  }

  function showSecondOver(req: Request, res: Response, reason: LinkFault): void {
    sendPage(res, SecondGiftOverPage(own(req, localeOf(req, config))), new Refusal(reason).status);
  }

  function showAmount(
    req: Request,
    res: Response,
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
    const page = { ...own(req, locale), token: String(req.params.token), gift, typed, away, asked: taken };
    sendPage(res, AmountPage({ ...page, faults, wish: randomUUID() }), shown.status ?? 200);
  }

  function showGifts(
    req: Request,
    res: Response,
    giver: Giver,
    shown: { locale: Locale; status?: number; trouble?: 'away' | 'gone' },
  ): void {
    const token = String(req.params.token);
    const page = {
      ...own(req, shown.locale),
      token,
      gifts: giver.gifts,
      trouble: shown.trouble ?? null,
      discreet: config.publication.discreet ? null : giver.discreet,
    };
    sendPage(res, ManagePage({ ...page, reminding: remindingAfter(token, giver) }), shown.status ?? 200);
  }

  /** Once no gift goes on: the link shows who asks, so that a press is enough. */
  function remindingAfter(token: string, { gifts }: Giver): Reminding | null {
    if (gifts.length === 0 || gifts.some(({ standing, endsAt }) => runs(standing) && endsAt === null)) {
      return null;
    }
    const endings = gifts.map(({ standing, endsAt }) => (runs(standing) ? (endsAt?.getTime() ?? 0) : 0));
    const last = Math.max(...endings);
    const endsAt = last === 0 ? null : new Date(last);
    const offered = remindingDays(services.now(), config.publication, endsAt);
    if (offered.days.length === 0) return null;
    // The same page asks it once for all letters.
    return { proof: token, formKey: randomUUID(), ...offered, asksDiscretion: false };
  }

  function showLink(
    req: Request,
    res: Response,
    shown: {
      locale?: string | undefined;
      reason?: LinkFault;
      faults?: readonly Fault[];
      email?: string;
      mailed?: boolean;
      status?: number;
    },
  ): void {
    const { reason = null, faults = [], email = '', mailed = false } = shown;
    const page = own(req, localeOf(req, config, shown.locale));
    const status = shown.status ?? (reason === null ? 200 : new Refusal(reason).status);
    sendPage(res, LinkPage({ ...page, reason, faults, email, mailed }), status);
  }

  function own(req: Request, locale: Locale) {
    return {
      words: wordsFor(locale),
      locale,
      publication: config.publication,
      languages: req.method === 'GET' ? languageLinks(req, config) : [],
    };
  }
}

/** Stripe takes keys of 255 characters at most, and a program's may be as long. */
function hashed(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

type LinkFault = Fault<'link-expired' | 'link-broken'>;

/** The gift whose portal is wanted: the named one of this reader's, else the newest that runs. */
function chosen({ gifts }: Giver, giftId: string | undefined): RegularGift {
  const [newest] = gifts;
  if (!newest) throw new Refusal(fault('not-found'));
  if (giftId === undefined) return newest;
  const named = gifts.find((gift) => gift.id === giftId);
  if (!named) throw new Refusal(inField('gift', fault('choice-unknown')));
  return named;
}

const manageForm = z.object({ gift: optionalLine(60), to: optionalLine(20), locale: optionalLine(20) });
const amountForm = z.object({
  gift: optionalLine(60),
  amount: optionalLine(60),
  wish: z.uuid().optional().catch(undefined),
  locale: optionalLine(20),
});
const amountQuery = z.object({ gift: optionalLine(60) });
const secondForm = z.object({
  keeps: z.enum(keepsChoices, { error: 'choice-unknown' }),
  locale: optionalLine(20),
});
const lettersForm = z.object({
  discreet: z.enum(['yes', 'no'], { error: 'choice-unknown' }),
  locale: optionalLine(20),
});
const linkForm = z.object({ email: optionalLine(400), locale: optionalLine(20) });

/** The language a reader chose at the foot of the page: it goes before the one of their letters. */
function asked(req: Request): Locale | undefined {
  const { locale } = req.query;
  return isLocale(locale) ? locale : undefined;
}
