// The account door: a letter's link opens one reader's gifts, who is signed in comes to all of their own pages, and two gifts are chosen from.
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Services } from '../outside/services.ts';
import { readLinkToken } from '../outside/tokens.ts';
import { fault, isFault, Refusal } from '../values/refusal.ts';
import { answerOnce, idempotencyKeyOf } from '../web/idempotency.ts';
import { formBody, jsonBody, optionalLine, readInput } from '../web/input.ts';
import { limitNetwork } from '../web/limits.ts';
import { localeOf } from '../web/locale.ts';
import { personal, sameSite } from '../web/protection.ts';
import { sendPage } from '../web/respond.ts';
import { SecondGiftOverPage, SecondGiftPage } from './gift-pages.tsx';
import { addGiftRoutes } from './gift-routes.ts';
import { BackPage } from './pages.tsx';
import { keepGifts, keepsChoices, secondGiftRequest, type TwoGifts, twoGifts } from './second-gift.ts';
import { asked, ownPage } from './showing.ts';
import { addSignInRoutes } from './sign-in-routes.ts';
import type { LinkFault } from './ways-in.ts';

export interface AccountDoor {
  /** How many letters one network may ask for in ten minutes. */
  askingsPerNetwork?: number;
  /** How often one network may try a code or a letter's link in ten minutes. */
  entriesPerNetwork?: number;
  /** How often one network may act on gifts in ten minutes. */
  openingsPerNetwork?: number;
}

export function accountRoutes(services: Services, door: AccountDoor = {}): Router {
  const { config } = services;
  const routes = Router();
  const asking = limitNetwork(services, 'account-sign-in', door.askingsPerNetwork ?? 20, 600);
  const entering = limitNetwork(services, 'account-code', door.entriesPerNetwork ?? 30, 600);
  const acting = limitNetwork(services, 'account-portal', door.openingsPerNetwork ?? 30, 600);

  // Before '/account/manage/:token': no link's token is as short.
  routes.get('/account/manage/back', (req, res) => {
    sendPage(res, BackPage(ownPage(req, config, localeOf(req, config))));
  });

  addSignInRoutes(routes, services, { asking, entering });
  addGiftRoutes(routes, services, acting);

  routes.get('/account/second/:token', async (req, res) => {
    personal(res);
    const two = await readSecond(req.params.token);
    if (isFault(two)) return showSecondOver(req, res, two);
    const locale = localeOf(req, config, asked(req) ?? two.locale);
    sendPage(res, SecondGiftPage({ ...ownPage(req, config, locale), token: req.params.token, two }));
  });

  routes.post(
    '/account/second/:token',
    acting,
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

  routes.post('/api/v1/account/second-gifts', acting, jsonBody(), async (req, res) => {
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

  return routes;

  /** The pair a letter's link stands for; a link of another purpose is none. */
  async function readSecond(token: string): Promise<TwoGifts | LinkFault> {
    const read = readLinkToken(services.keys, 'second-gift', token, services.now());
    if ('fault' in read) return fault(read.fault === 'expired' ? 'link-expired' : 'link-broken');
    return (await twoGifts(services.database, read.id)) ?? fault('link-broken');
  }

  function showSecondOver(req: Request, res: Response, reason: LinkFault): void {
    const page = ownPage(req, config, localeOf(req, config));
    sendPage(res, SecondGiftOverPage(page), new Refusal(reason).status);
  }
}

const secondForm = z.object({
  keeps: z.enum(keepsChoices, { error: 'choice-unknown' }),
  locale: optionalLine(20),
});
