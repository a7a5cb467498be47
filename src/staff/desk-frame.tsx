// The frame around the staff's own pages beside the reports: the way back to the desk, and who is signed in.
import type { ComponentChildren, VNode } from 'preact';
import type { Locale } from '../values/locale.ts';
import { DeskPage } from '../web/layout.tsx';
import type { Words } from '../words/words.ts';

export interface OwnPage {
  words: Words;
  locale: Locale;
  publication: { name: string; timeZone: string };
  /** The staff's own part of the head. */
  end: VNode;
  /** The same page in other languages, where it is one to be read by all; see `languageLinks`. */
  languages?: { locale: Locale; href: string }[];
}

export function OwnFrame(page: OwnPage & { title: string; children: ComponentChildren }): VNode {
  const { words, locale, languages = [] } = page;
  return (
    <DeskPage
      words={words}
      locale={locale}
      title={page.title}
      publication={page.publication.name}
      nav={[{ href: `/staff?locale=${locale}`, label: words.reports.desk }]}
      end={
        <div class="row">
          {languages
            .filter((language) => language.locale !== locale)
            .map((language) => (
              <a href={language.href} lang={language.locale} hreflang={language.locale}>
                {words.common.languages[language.locale]}
              </a>
            ))}
          {page.end}
        </div>
      }
    >
      <div class="stack">{page.children}</div>
    </DeskPage>
  );
}
