// The two kinds of page: the reader's, one column as on paper, and the desk of the staff.
import type { ComponentChildren, VNode } from 'preact';
import type { Locale } from '../values/locale.ts';
import type { Words } from '../words/words.ts';
import { assetPath } from './assets.ts';

interface WholePage {
  words: Words;
  locale: Locale;
  title: string;
  publication: string;
  /** Browser scripts by name (`donate` for `donate.browser.ts`); every page works without them. */
  scripts?: string[];
  children: ComponentChildren;
}

export interface ReaderPageProps extends WholePage {
  /** A shorter line, for pages of a few sentences. */
  narrow?: boolean;
  /** The page loads itself anew after so many seconds. */
  refreshSeconds?: number;
  /** The same page in other languages; see `languageLinks`. */
  languages?: { locale: Locale; href: string }[];
}

export function ReaderPage(page: ReaderPageProps): VNode {
  const { words, locale, publication, languages = [] } = page;
  return (
    <html lang={locale} dir="ltr">
      <Head {...page} sheet="reader.css" />
      <body class={page.narrow ? 'reader narrow' : 'reader'}>
        <header class="masthead">
          <span>{publication}</span>
        </header>
        <main id="content">{page.children}</main>
        {languages.length > 0 && (
          <footer class="foot">
            <nav aria-label={words.common.language}>
              {languages.map((language) =>
                language.locale === locale ? (
                  <span lang={language.locale} aria-current="true">
                    {words.common.languages[language.locale]}
                  </span>
                ) : (
                  <a href={language.href} lang={language.locale} hreflang={language.locale}>
                    {words.common.languages[language.locale]}
                  </a>
                ),
              )}
            </nav>
          </footer>
        )}
      </body>
    </html>
  );
}

export interface DeskPageProps extends WholePage {
  /** The desk's own pages, the present one marked. Empty before signing in. */
  nav: { href: string; label: string; current?: boolean }[];
  /** At the far end of the head: who is signed in, the way out. */
  end?: ComponentChildren;
}

export function DeskPage(page: DeskPageProps): VNode {
  const { words, locale, publication, nav } = page;
  return (
    <html lang={locale} dir="ltr">
      <Head {...page} sheet="desk.css" />
      <body class="desk">
        <a class="unseen" href="#content">
          {words.common.skipToContent}
        </a>
        <header class="desk-head">
          <span class="name">{publication}</span>
          {nav.length > 0 && (
            <nav>
              <ul>
                {nav.map((link) => (
                  <li>
                    <a href={link.href} {...(link.current && { 'aria-current': 'page' as const })}>
                      {link.label}
                    </a>
                  </li>
                ))}
              </ul>
            </nav>
          )}
          {page.end !== undefined && <div class="end">{page.end}</div>}
        </header>
        <main id="content">{page.children}</main>
      </body>
    </html>
  );
}

/** The appeal's page inside another site's page: no head of its own, no way around. */
export function FramePage(page: WholePage & { light?: boolean }): VNode {
  return (
    <html lang={page.locale} dir="ltr" {...(page.light && { 'data-scheme': 'light' })}>
      <Head {...page} sheet="reader.css" />
      <body class="frame">
        <main id="content">{page.children}</main>
      </body>
    </html>
  );
}

function Head(page: WholePage & { sheet: string; refreshSeconds?: number }): VNode {
  const title = page.title.includes(page.publication) ? page.title : `${page.title} · ${page.publication}`;
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title}</title>
      {page.refreshSeconds !== undefined && (
        <meta http-equiv="refresh" content={String(page.refreshSeconds)} />
      )}
      <meta name="color-scheme" content="light dark" />
      <meta name="format-detection" content="telephone=no" />
      <link rel="icon" type="image/svg+xml" href={assetPath('mark.svg')} />
      <link rel="stylesheet" href={assetPath(page.sheet)} />
      {page.scripts?.map((script) => (
        <script type="module" src={assetPath(`${script}.js`)} />
      ))}
    </head>
  );
}
