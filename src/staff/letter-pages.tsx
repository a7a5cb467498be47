// Pages on which staff see the letters of one supporter: which there are, and each as a mail program shows it.
import type { VNode } from 'preact';
import { localDate } from '../values/calendar.ts';
import { OwnFrame, type OwnPage } from './desk-frame.tsx';
import { type Preview, readersKinds } from './letter-preview.ts';

interface SupporterPage extends OwnPage {
  readerId: string;
}

/** Every kind of letter, and when the newest of it was written. */
export function SupporterLettersPage(page: SupporterPage & { written: ReadonlyMap<string, Date> }): VNode {
  const { words, locale, publication, readerId, written } = page;
  const own = words.staff.letters;
  return (
    <OwnFrame {...page} title={own.title}>
      <h1>{own.title}</h1>
      <p class="lead">{own.text}</p>
      <p class="aside small">{own.supporter(readerId)}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{own.kind}</th>
            <th scope="col">{own.newest}</th>
          </tr>
        </thead>
        <tbody>
          {readersKinds.map((kind) => {
            const at = written.get(kind);
            return (
              <tr>
                <th scope="row">
                  <a href={`/staff/supporters/${readerId}/letters/${kind}?locale=${locale}`}>
                    {words.reports.letterKinds[kind]}
                  </a>
                </th>
                <td>
                  {at === undefined ? own.never : words.common.date(localDate(at, publication.timeZone))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </OwnFrame>
  );
}

/** One letter: whose facts it tells, how it looks before it is opened, and the letter in a frame of its own. */
export function LetterPreviewPage(page: SupporterPage & { preview: Preview }): VNode {
  const { words, locale, publication, readerId, preview } = page;
  const own = words.staff.letters;
  const name = words.reports.letterKinds[preview.kind];
  const at =
    preview.writtenAt === null ? '' : words.common.date(localDate(preview.writtenAt, publication.timeZone));
  return (
    <OwnFrame {...page} title={name}>
      <p>
        <a href={`/staff/supporters/${readerId}/letters?locale=${locale}`}>{own.title}</a>
      </p>
      <h1>{name}</h1>
      <p class="lead" role="status">
        {preview.facts === 'written' ? own.written(at) : own[preview.facts]}
      </p>
      <dl class="facts" lang={preview.locale}>
        <dt lang={locale}>{own.from}</dt>
        <dd>{preview.from}</dd>
        <dt lang={locale}>{own.subject}</dt>
        <dd>{preview.subject}</dd>
        <dt lang={locale}>{own.preview}</dt>
        <dd>{preview.preview}</dd>
      </dl>
      <iframe
        class="letter-frame"
        title={name}
        src={`/staff/supporters/${readerId}/letters/${preview.kind}/html`}
        sandbox=""
      />
      <details>
        <summary>{own.asText}</summary>
        <pre class="letter-text" lang={preview.locale}>
          {preview.text}
        </pre>
      </details>
    </OwnFrame>
  );
}
