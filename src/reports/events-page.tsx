// Stripe's events for people: by state, with what went wrong, and a button that replays what was given up.
import type { VNode } from 'preact';
import { HiddenFields } from '../web/form.tsx';
import type { Words } from '../words/words.ts';
import type { Answer } from './answer.ts';
import type { Inbox } from './events.ts';
import { countText } from './figures.ts';
import { type EventState, eventStates } from './question.ts';
import type { Row } from './report.ts';
import { Files, localised, ReportTable, type Seen } from './table.tsx';

export interface EventsPageProps {
  seen: Seen;
  inbox: Inbox;
  state: EventState;
  /** The newest in this state. */
  answer: Answer;
  /** What the forms must carry; null for whom may only look. */
  formToken: string | null;
  /** How many were just replayed; null where none was asked for. */
  replayed: number | null;
}

export function EventsContent(page: EventsPageProps): VNode {
  const { seen, inbox, state, answer } = page;
  const { words } = seen;
  const { rows } = answer;
  return (
    <div class="stack">
      <div class="stack close">
        <h1>{words.reports.names.events}</h1>
        <p>{words.reports.about.events}</p>
        <p class="aside">{delayText(words, inbox)}</p>
      </div>
      {page.replayed !== null && <p role="status">{words.reports.replayed(page.replayed)}</p>}
      <StateLinks {...page} />
      <section class="stack" aria-labelledby="state">
        <div class="row apart">
          <h2 id="state">{words.reports.eventStates[state]}</h2>
          <Files seen={seen} answer={answer} />
        </div>
        {rows.length === 0 ? (
          <p class="empty">{words.reports.noEvents[state]}</p>
        ) : (
          <>
            <p class="aside">{words.reports.eventsAbout[state]}</p>
            {state === 'ignored' && <Reasons {...page} />}
            {state === 'dead' && <ReplayThese {...page} />}
            <ReportTable
              seen={seen}
              answer={answer}
              {...(state === 'dead' &&
                page.formToken !== null && { after: (row: Row) => <ReplayOne {...page} row={row} /> })}
            />
            {rows.length < inbox.counts[state] && (
              <p class="aside small">{words.reports.newestShown(rows.length)}</p>
            )}
          </>
        )}
      </section>
    </div>
  );
}

function delayText(words: Words, { delay }: Inbox): string {
  if (delay === null) return words.reports.noDelay;
  const seconds = new Intl.NumberFormat(words.locale, { maximumFractionDigits: 1 });
  return words.reports.eventDelay(
    seconds.format(delay.p50),
    seconds.format(delay.p99),
    countText(words, delay.events),
  );
}

function StateLinks({ seen, inbox, state }: EventsPageProps): VNode {
  const { words } = seen;
  return (
    <nav aria-label={words.reports.figures.state.term}>
      <ul class="choices">
        {eventStates.map((each) => (
          <li>
            <a
              href={localised(seen, `/staff/events?state=${each}`)}
              {...(each === state && { 'aria-current': 'true' as const })}
            >
              {words.reports.eventsOf(words.reports.eventStates[each], countText(words, inbox.counts[each]))}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Reasons({ seen: { words }, inbox }: EventsPageProps): VNode {
  return (
    <section class="stack close" aria-labelledby="reasons">
      <h3 id="reasons">{words.reports.ignoredBy}</h3>
      <ul>
        {inbox.ignoredBy.map(({ reason, count }) => (
          <li>{words.reports.eventsOf(reason, countText(words, count))}</li>
        ))}
      </ul>
    </section>
  );
}

function ReplayThese({ seen, answer, formToken }: EventsPageProps): VNode {
  const { words } = seen;
  if (formToken === null) return <p class="aside">{words.reports.replayNeedsRole}</p>;
  const ids = answer.rows.map((row) => String(row.event_id));
  return (
    <form method="post" action="/staff/events/replay">
      <HiddenFields fields={{ form_token: formToken, events: ids.join(','), locale: seen.locale }} />
      <button type="submit" class="button">
        {words.reports.replayAllShown(ids.length)}
      </button>
    </form>
  );
}

function ReplayOne({ seen, row, formToken }: EventsPageProps & { row: Row }): VNode {
  const { words } = seen;
  const id = String(row.event_id);
  return (
    <form method="post" action="/staff/events/replay">
      <HiddenFields fields={{ form_token: formToken, events: id, locale: seen.locale }} />
      <button type="submit" class="button-link" aria-label={words.reports.replayOne(String(row.type), id)}>
        {words.reports.replay}
      </button>
    </form>
  );
}
