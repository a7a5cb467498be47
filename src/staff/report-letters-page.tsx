// The page on which somebody of the staff chooses how often the figures come by letter.
import type { VNode } from 'preact';
import { localDate } from '../values/calendar.ts';
import { Button, HiddenFields, RadioCards } from '../web/form.tsx';
import { OwnFrame, type OwnPage } from './desk-frame.tsx';
import type { Every } from './report-letters.ts';

export function ReportLettersPage(
  page: OwnPage & { kept: { every: Every; dueAt: Date } | null; formToken: string; now: Date },
): VNode {
  const { words, locale, publication, kept } = page;
  const own = words.reportLetters;
  const day = (instant: Date) => localDate(instant, publication.timeZone);
  return (
    <OwnFrame {...page} title={own.title}>
      <h1>{own.title}</h1>
      <p class="lead">{own.text}</p>
      <p role="status">
        {kept === null ? own.kept.none : own.kept.coming(words.common.onDay(day(kept.dueAt), day(page.now)))}
      </p>
      <form method="post" action="/staff/report-letters" class="stack form">
        <HiddenFields fields={{ form_token: page.formToken, locale }} />
        <RadioCards
          name="every"
          legend={own.legend}
          chosen={kept?.every ?? 'none'}
          required
          choices={(['week', 'month', 'none'] as const).map((value) => ({
            value,
            label: own.choices[value],
          }))}
        />
        <p class="aside small">{own.language}</p>
        <p>
          <Button>{own.save}</Button>
        </p>
      </form>
    </OwnFrame>
  );
}
