// The gallery's pages: a wall of all letters in one way, and one letter in every way.
import type { VNode } from 'preact';
import type { LetterClass } from '../letters/outbox.ts';
import type { Sample } from '../letters/samples.ts';
import { type Locale, locales } from '../values/locale.ts';
import { wordsFor } from '../words/words.ts';
import { type Hung, nameOf, type Scheme } from './gallery.ts';
import { Frame } from './pages.tsx';

/** How the letters are looked at. */
export interface View {
  locale: Locale;
  screen: (typeof screens)[number];
  scheme: Scheme;
  part: (typeof parts)[number];
  discreet: boolean;
}

export const screens = ['phone', 'desktop'] as const;
export const schemes = ['light', 'dark'] as const satisfies Scheme[];
export const parts = ['html', 'text'] as const;

export function GalleryPage({
  publication,
  hung,
  view,
}: {
  publication: string;
  hung: Hung[];
  view: View;
}): VNode {
  const { locale, screen, scheme, part, discreet } = view;
  return (
    <Frame title="Every letter" publication={publication} back wide>
      <header class="opening">
        <h1>Every letter</h1>
        <p class="lead">
          Each letter that {publication} writes, as it would be sent. Its facts are examples, and its links
          open nothing.
        </p>
      </header>
      <form method="get" action="/sandbox/gallery" class="row gallery-view">
        <Choice name="locale" label="Language" chosen={locale} options={languageNames} />
        <Choice name="screen" label="Screen" chosen={screen} options={screenNames} />
        <Choice name="scheme" label="Colours" chosen={scheme} options={schemeNames} />
        <Choice name="part" label="Part" chosen={part} options={partNames} />
        <Choice name="discreet" label="Discreet" chosen={discreet ? 'yes' : 'no'} options={yesOrNo} />
        <button class="button" type="submit">
          Show
        </button>
      </form>
      {groups.map((group) => (
        <section aria-labelledby={group.class}>
          <h2 id={group.class}>{group.title}</h2>
          <p class="aside">{group.about}</p>
          <ul class="wall">
            {hung
              .filter((letter) => letter.class === group.class)
              .map((letter) => (
                <li class={screen}>
                  <h3>
                    <a href={`/sandbox/gallery/${letter.sample}`}>{letter.name}</a>
                  </h3>
                  <Envelope letter={letter} />
                  {part === 'text' ? <TextPart letter={letter} /> : <HtmlPart letter={letter} view={view} />}
                </li>
              ))}
          </ul>
        </section>
      ))}
    </Frame>
  );
}

/** One letter on every screen, by day and by night, and its text; in each language beneath each other. */
export function GalleryLetterPage({
  publication,
  hung,
  others,
}: {
  publication: string;
  hung: Record<Locale, Hung>;
  others: { before: Sample | undefined; after: Sample | undefined; discreet: boolean };
}): VNode {
  const { name, sample } = hung.en;
  const { before, after, discreet } = others;
  const here = (asked: Sample, discreetly: boolean) =>
    `/sandbox/gallery/${asked}${discreetly ? '?discreet=yes' : ''}`;
  return (
    <Frame title={name} publication={publication} back gallery wide>
      <header class="opening">
        <h1>{name}</h1>
        <p class="gallery-ways">
          {before && <a href={here(before, discreet)}>← {nameOf(before)}</a>}
          <a href={here(sample, !discreet)}>{discreet ? 'As usual' : 'Written discreetly'}</a>
          {after && <a href={here(after, discreet)}>{nameOf(after)} →</a>}
        </p>
      </header>
      {locales.map((locale) => (
        <section aria-labelledby={locale} lang={locale}>
          <h2 id={locale}>{languageNames[locale]}</h2>
          <Envelope letter={hung[locale]} />
          {screens.map((screen) => (
            <ul class="wall">
              {schemes.map((scheme) => (
                <li class={screen}>
                  <HtmlPart letter={hung[locale]} view={{ locale, screen, scheme, part: 'html', discreet }} />
                </li>
              ))}
            </ul>
          ))}
          <TextPart letter={hung[locale]} />
        </section>
      ))}
    </Frame>
  );
}

const groups: readonly { class: LetterClass; title: string; about: string }[] = [
  {
    class: 'money',
    title: 'About money',
    about:
      'Sent within 72 hours; never with one-click unsubscribe, always with the way to look after the gift.',
  },
  { class: 'access', title: 'Ways in', about: 'On a lane of their own, and dropped after ten minutes.' },
  {
    class: 'confirm',
    title: 'Confirmation',
    about: 'Asks whether we may write; to be had once, and refused for good.',
  },
  {
    class: 'reminder',
    title: 'Reminder',
    about: 'Exactly one, on the day the reader chose, with one-click unsubscribe.',
  },
];

const languageNames: Record<Locale, string> = wordsFor('en').common.languages;
const screenNames = { phone: 'Phone', desktop: 'Desktop' };
const schemeNames = { light: 'By day', dark: 'By night' };
const partNames = { html: 'HTML', text: 'Text' };
const yesOrNo = { no: 'No', yes: 'Yes' };

function Choice(props: {
  name: string;
  label: string;
  chosen: string;
  options: Record<string, string>;
}): VNode {
  return (
    <label class="labelled">
      {props.label}
      <select name={props.name}>
        {Object.entries(props.options).map(([value, label]) => (
          <option value={value} selected={value === props.chosen}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** As a list of letters shows it before it is opened. */
function Envelope({ letter }: { letter: Hung }): VNode {
  return (
    <p class="envelope" lang={letter.locale}>
      <span>{letter.from}</span> <b>{letter.subject}</b> <span>{letter.preview}</span>
    </p>
  );
}

function HtmlPart({ letter, view }: { letter: Hung; view: View }): VNode {
  const { screen, scheme, discreet } = view;
  const query = new URLSearchParams({ locale: letter.locale, scheme, discreet: discreet ? 'yes' : 'no' });
  return (
    <iframe
      class={`letter ${screen}`}
      title={`${letter.name}, ${languageNames[letter.locale]}, ${screenNames[screen]}, ${schemeNames[scheme]}`}
      loading="lazy"
      src={`/sandbox/gallery/${letter.sample}/html?${query}`}
      sandbox=""
    />
  );
}

function TextPart({ letter }: { letter: Hung }): VNode {
  return (
    <pre class="text" lang={letter.locale}>
      {letter.text}
    </pre>
  );
}
