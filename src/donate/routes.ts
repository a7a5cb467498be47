// The donate door: its page, the form and its JSON twin that begin a checkout, and the page of thanks.
import { randomUUID } from 'node:crypto';
import { type Request, type Response, Router } from 'express';
import { justPaid } from '../ledger/just-paid.ts';
import type { Config } from '../outside/config.ts';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import type { Locale } from '../values/locale.ts';
import { type Fault, fault, Refusal } from '../values/refusal.ts';
import { type Choice, usualCurrency } from '../web/giving.tsx';
import { answerOnce, answerOnceWaiting, idempotencyKeyOf } from '../web/idempotency.ts';
import { formBody, jsonBody } from '../web/input.ts';
import { limitNetwork } from '../web/limits.ts';
import { languageLinks, localeOf } from '../web/locale.ts';
import { rememberCheckout, rememberedCheckout } from '../web/own-checkout.ts';
import { otherLoopback, personal, sameSite } from '../web/protection.ts';
import { type Reminding, remindingDays } from '../web/reminding.tsx';
import { sendPage } from '../web/respond.ts';
import { wordsFor } from '../words/words.ts';
import { type Begun, beginCheckout, type ReminderOpened } from './checkout.ts';
import { choiceFromQuery, type Gift, giftFromForm, giftFromRequest, queryOf, queryOfChoice } from './gift.ts';
import { DonatePage, RunningPage } from './pages.tsx';
import { type Running, runningGift } from './running.ts';
import { ThanksPage, type Told, tellOutcome } from './thanks.tsx';

export interface DonateDoor {
  /** Asks Stripe how a checkout went and notes the answer, as its webhook would. Rejects when Stripe cannot be asked. */
  lookAtCheckout(checkoutId: string): Promise<void>;
  /** Called in the intent's transaction when a gift came through a reminder's link. */
  reminderOpened?: ReminderOpened;
  /** How many checkouts one network may begin in ten minutes; card testers begin hundreds. */
  beginningsPerNetwork?: number;
}

export function donateRoutes(services: Services, door: DonateDoor): Router {
  const { config } = services;
  const routes = Router();
  const usual = usualCurrency(config);
  const limited = limitNetwork(services, 'checkout', door.beginningsPerNetwork ?? 60, 600);

  routes.get('/donate', async (req, res) => {
    const choice = choiceFromQuery(withReferrer(req, config), usual);
    showForm(req, res, { choice, running: await runningGift(services, req, res, choice.reminder) });
  });

  routes.post('/donate', limited, sameSite(config), formBody(), async (req, res) => {
    const { gift, faults, choice, key } = giftFromForm(req.body, usual);
    if (!gift) return showForm(req, res, { choice, faults, status: 422 });
    const locale = localeOf(req, config, gift.locale);
    const running = await besideWhat(req, res, gift);
    if (running !== null && !gift.besides) {
      return showRunning(req, res, { gift: { ...gift, locale }, running, key });
    }
    try {
      const { id, url } = await beginOnce(
        services,
        door,
        { ...gift, locale, besides: running !== null },
        key,
      );
      rememberCheckout(services, res, id);
      personal(res);
      res.redirect(303, url);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      showForm(req, res, { choice, faults: error.faults, status: error.status, locale });
    }
  });

  routes.post('/api/v1/checkouts', limited, jsonBody(), async (req, res) => {
    const gift = giftFromRequest(req.body);
    const locale = gift.locale ?? localeOf(req, config);
    const besides = (await besideWhat(req, res, gift)) !== null;
    if (besides && !gift.besides) throw new Refusal(fault('gift-runs-already'));
    const request = { scope: 'checkouts', key: idempotencyKeyOf(req), body: req.body as unknown };
    const { status, body } = await answerOnce(services, request, async () => ({
      status: 201,
      body: await beginCheckout(services, { ...gift, locale, besides }, door.reminderOpened),
    }));
    rememberCheckout(services, res, body.id);
    personal(res);
    res.status(status).json(body);
  });

  routes.get('/thanks', limitNetwork(services, 'thanks', 300, 600), async (req, res) => {
    personal(res);
    const { checkout: id } = req.query;
    if (typeof id !== 'string' || !uuid.test(id)) throw new Refusal(fault('not-found'));
    let told = await tellOutcome(services.database, id);
    if (!told) throw new Refusal(fault('not-found'));
    let unsure = false;
    if (
      told.outcome === 'open' ||
      (told.outcome === 'processing' && isRecent(services, told.checkout.completedAt))
    ) {
      try {
        await door.lookAtCheckout(id);
        told = (await tellOutcome(services.database, id)) ?? told;
      } catch (error) {
        services.log.warn({ checkout: id, ...describeError(error) }, 'A checkout could not be looked at');
        unsure = true;
      }
    }
    const locale = localeOf(
      req,
      config,
      typeof req.query.locale === 'string' ? req.query.locale : told.checkout.locale,
    );
    sendPage(
      res,
      ThanksPage({
        ...told,
        unsure,
        words: wordsFor(locale),
        locale,
        publication: config.publication.name,
        languages: languageLinks(req, config),
        articleOrigins: articleOrigins(config),
        reminding: await remindingAfter(req, told),
      }),
    );
  });

  return routes;

  /** The gift beside which this one would run. That both are meant counts only of whoever is known to have it. */
  async function besideWhat(req: Request, res: Response, gift: Gift): Promise<Running | null> {
    if (gift.frequency === 'once') return null;
    return runningGift(services, req, res, gift.reminderToken);
  }

  function showRunning(
    req: Request,
    res: Response,
    { gift, running, key }: { gift: Gift & { locale: Locale }; running: Running; key: string | null },
  ): void {
    const { locale } = gift;
    const page = RunningPage({
      words: wordsFor(locale),
      locale,
      publication: config.publication.name,
      languages: languageLinks(req, config, `/donate?${queryOf(gift)}`),
      formKey: key ?? randomUUID(),
      gift,
      running,
    });
    sendPage(res, page, new Refusal(fault('gift-runs-already')).status);
  }

  /** Where this browser has just paid a single gift: being reminded of it is one press away. */
  async function remindingAfter(req: Request, { checkout, outcome }: Told): Promise<Reminding | null> {
    if (outcome !== 'paid' || checkout.frequency !== 'once') return null;
    if (rememberedCheckout(services, req) !== checkout.id) return null;
    const now = services.now();
    if ((await justPaid(services.database, checkout.id, now)) === null) return null;
    const days = remindingDays(now, config.publication);
    return { proof: checkout.id, formKey: randomUUID(), ...days };
  }

  function showForm(
    req: Request,
    res: Response,
    shown: {
      choice: Choice;
      faults?: readonly Fault[];
      status?: number;
      locale?: Locale;
      running?: Running | null;
    },
  ): void {
    const locale = shown.locale ?? localeOf(req, config, formLocale(req));
    sendPage(
      res,
      DonatePage({
        words: wordsFor(locale),
        locale,
        publication: config.publication.name,
        choice: shown.choice,
        running: shown.running ?? null,
        faults: shown.faults ?? [],
        formKey: randomUUID(),
        cancelled: req.query.cancelled === 'yes',
        languages:
          req.method === 'GET'
            ? languageLinks(req, config)
            : languageLinks(req, config, `/donate?${queryOfChoice(shown.choice)}`),
      }),
      shown.status ?? 200,
    );
  }
}

/**
 * Where the reader goes on. A form sent twice, or again from the browser's history, leads to the same checkout while that is open,
 * to the thanks when it was paid, and to a new one when it has closed.
 */
async function beginOnce(
  services: Services,
  door: DonateDoor,
  gift: Gift & { locale: Locale },
  formKey: string | null,
): Promise<Begun> {
  // Part of the key: the same form with another amount is another wish, not a mistake.
  let key = formKey === null ? null : `${formKey}?${queryOf(gift)}`;
  for (let tries = 0; tries < 10; tries += 1) {
    const request = { scope: 'donate', key, body: null };
    const { body, again } = await answerOnceWaiting<Begun>(services, request, async () => ({
      status: 303,
      body: await beginCheckout(services, gift, door.reminderOpened),
    }));
    if (!again) return body;
    const told = await tellOutcome(services.database, body.id);
    if (told?.outcome === 'open') return body;
    if (told?.outcome === 'paid' || told?.outcome === 'processing') {
      return { id: body.id, url: `/thanks?checkout=${body.id}` };
    }
    key = `${key}&after=${body.id}`;
  }
  throw new Refusal(fault('idempotency-in-flight'));
}

/** The query, and the site the reader came from if the query does not say. */
function withReferrer(req: Request, { baseUrl }: Pick<Config, 'baseUrl'>): Record<string, unknown> {
  const referrer = URL.parse(req.get('referer') ?? '');
  const fromElsewhere = referrer !== null && referrer.origin !== new URL(baseUrl).origin;
  return { ...(fromElsewhere && { referrer: referrer.host }), ...req.query };
}

/** A form says in which language it was shown, so that it comes back in the same. */
function formLocale(req: Request): string | undefined {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !('locale' in body)) return undefined;
  return typeof body.locale === 'string' ? body.locale : undefined;
}

function isRecent({ now }: Pick<Services, 'now'>, completedAt: Date | null): boolean {
  return completedAt === null || now().getTime() - completedAt.getTime() < 10 * 60_000;
}

function articleOrigins({ embedOrigins, production, baseUrl }: Config): string[] {
  const twin = production ? null : otherLoopback(baseUrl);
  return [...embedOrigins, ...(twin === null ? [] : [twin])];
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
