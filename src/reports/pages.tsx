// The frame around every page of the desk: its places, who is signed in, and the same page in another language.
import type { ComponentChildren, VNode } from 'preact';
import type { Locale } from '../values/locale.ts';
import { DeskPage } from '../web/layout.tsx';
import type { Words } from '../words/words.ts';
import type { ReportName } from './answer.ts';
import { localised, type Seen } from './table.tsx';

/** Where one is: the desk, a report by its name, or the definitions. */
export type Place =
  | 'desk'
  | 'letters'
  | 'events'
  | 'definitions'
  | (typeof reportsInNav)[number]
  | 'elsewhere';

const reportsInNav = ['income', 'mrr', 'supporters', 'gifts', 'sources', 'reminders'] as const;

/** What is read together, the first of each in the head of every page. */
export const families: readonly (readonly ReportName[])[] = [
  ['income', 'giving', 'sources'],
  ['mrr', 'movements', 'churn', 'recovery', 'recovery-times', 'forecast'],
  ['supporters', 'retention', 'growth', 'cohorts', 'lybunt', 'sybunt'],
  ['gifts', 'disputes'],
];

export interface Frame {
  seen: Seen;
  place: Place;
  title: string;
  publication: string;
  /** The staff's own part of the head. */
  end: VNode;
  languages: { locale: Locale; href: string }[];
  children: ComponentChildren;
}

export function Framed(frame: Frame): VNode {
  const { seen, place } = frame;
  const { words } = seen;
  const link = (to: Place, path: string, label: string) => ({
    href: localised(seen, path),
    label,
    current: to === place,
  });
  return (
    <DeskPage
      words={words}
      locale={words.locale}
      title={frame.title}
      publication={frame.publication}
      nav={[
        link('desk', '/staff', words.reports.desk),
        ...reportsInNav.map((name) => link(name, `/staff/reports/${name}`, words.reports.names[name])),
        link('letters', '/staff/letters', words.reports.names.letters),
        link('events', '/staff/events', words.reports.names.events),
        link('definitions', '/staff/definitions', words.reports.definitionsTitle),
      ]}
      end={
        <div class="row">
          <Languages words={words} languages={frame.languages} />
          {frame.end}
        </div>
      }
    >
      {frame.children}
    </DeskPage>
  );
}

/** Only where the figures are read from a copy that is noticeably behind, or of which nobody can say. */
export function CopyBehind({ words, behindMs }: { words: Words; behindMs: number | null }): VNode | null {
  if (behindMs === null) return <p class="aside">{words.reports.copyOfUnknownAge}</p>;
  if (behindMs < noticedMs) return null;
  return (
    <p>
      <span class="tag slow">
        {words.reports.copyBehind(words.reports.seconds(Math.round(behindMs / 1000)))}
      </span>
    </p>
  );
}

const noticedMs = 10_000;

export function placeOfReport(name: string): Place {
  const family = families.find((each) => each.some((member) => member === name)) ?? [];
  const member = (each: Place) => each === name || family.some((other) => other === each);
  return reportsInNav.find((each) => each === name) ?? reportsInNav.find(member) ?? 'elsewhere';
}

function Languages({ words, languages }: { words: Words; languages: Frame['languages'] }): VNode {
  return (
    <>
      {languages
        .filter(({ locale }) => locale !== words.locale)
        .map(({ locale, href }) => (
          <a href={href} lang={locale} hreflang={locale}>
            {words.common.languages[locale]}
          </a>
        ))}
    </>
  );
}
