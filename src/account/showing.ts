// What every page of this door is shown with, and the page that asks who is there.
import type { Request, Response } from 'express';
import type { Config } from '../outside/config.ts';
import { isLocale, type Locale } from '../values/locale.ts';
import { type Fault, Refusal } from '../values/refusal.ts';
import { languageLinks, localeOf } from '../web/locale.ts';
import { sendPage } from '../web/respond.ts';
import { wordsFor } from '../words/words.ts';
import type { OwnPage } from './pages.tsx';
import { SignInPage, type WhySignIn } from './sign-in-pages.tsx';

export function ownPage(req: Request, config: Pick<Config, 'publication'>, locale: Locale): OwnPage {
  return {
    words: wordsFor(locale),
    locale,
    publication: config.publication,
    languages: req.method === 'GET' ? languageLinks(req, config) : [],
  };
}

/** Asks for the address; where something led to it that is no good, that is said first. */
export function showSignIn(
  req: Request,
  res: Response,
  config: Pick<Config, 'publication'>,
  shown: {
    locale?: string | undefined;
    reason?: WhySignIn;
    faults?: readonly Fault[];
    email?: string;
    left?: boolean;
    status?: number;
  } = {},
): void {
  const { reason = null, faults = [], email = '', left = false } = shown;
  const page = ownPage(req, config, localeOf(req, config, shown.locale ?? localeInBody(req)));
  const status = shown.status ?? (reason === null ? 200 : new Refusal(reason).status);
  sendPage(res, SignInPage({ ...page, reason, faults, email, left }), status);
}

/** The language a reader chose at the foot of the page: it goes before the one of their letters. */
export function asked(req: Request): Locale | undefined {
  const { locale } = req.query;
  return isLocale(locale) ? locale : undefined;
}

/** A form says in which language it was shown, so that what is wrong is said in the same. */
function localeInBody(req: Request): string | undefined {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || !('locale' in body)) return undefined;
  return typeof body.locale === 'string' ? body.locale : undefined;
}
