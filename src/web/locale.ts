// In which language a request is answered.
import type { Request } from 'express';
import type { Config } from '../outside/config.ts';
import { chooseLocale, type Locale } from '../values/locale.ts';

/** `?locale=`, else what the browser asks for, else the publication's own language. `explicit` wins over all, if offered. */
export function localeOf(req: Request, config: Pick<Config, 'publication'>, explicit?: string): Locale {
  const inQuery = req.query.locale;
  const [own = 'en', ...others] = config.publication.locales;
  return chooseLocale({
    explicit: explicit ?? (typeof inQuery === 'string' ? inQuery : undefined),
    acceptLanguage: req.get('accept-language'),
    offered: [own, ...others],
  });
}

/**
 * The same page in each of the publication's languages, for the foot of the page. None where there is only one. `path` leads
 * back to what was chosen where that is not in the address, as after a form that was refused.
 */
export function languageLinks(
  req: Request,
  config: Pick<Config, 'publication'>,
  path: string = req.originalUrl,
): { locale: Locale; href: string }[] {
  const { locales } = config.publication;
  if (locales.length < 2) return [];
  // The path as the reader sees it, never a whole address: a link must not lead elsewhere.
  const at = new URL(path.replace(/^\/+/, '/'), 'http://here');
  return locales.map((locale) => {
    at.searchParams.set('locale', locale);
    return { locale, href: `${at.pathname}${at.search}` };
  });
}
