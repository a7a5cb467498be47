// The pages of remind me later: asking, the calendar instead, what was answered, the reminder's own page, and unsubscribing.
import type { ComponentChildren, VNode } from 'preact';
import type { FormerReminder } from '../schema.ts';
import { isDate, type ReminderChoice, reminderChoices } from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import type { Fault } from '../values/refusal.ts';
import { Button, FaultSummary, Field, faultIn, HiddenFields, RadioCards, Tick } from '../web/form.tsx';
import { ReaderPage } from '../web/layout.tsx';
import type { Words } from '../words/words.ts';
import { type Offer, type OfferedDays, queryOfShown, type ReminderShown } from './reminder.ts';

interface Page {
  words: Words;
  locale: Locale;
  publication: string;
  languages: { locale: Locale; href: string }[];
}

export interface RemindMePageProps extends Page {
  shown: ReminderShown;
  faults: readonly Fault[];
  offered: OfferedDays;
  /** Makes this form, sent twice, one reminder. */
  formKey: string;
  /** False where the publication writes discreetly to everybody. */
  asksDiscretion: boolean;
}

export function RemindMePage(page: RemindMePageProps): VNode {
  const { words, shown, faults } = page;
  const own = words.reminders;
  return (
    <Whole {...page} title={own.title} scripts={['remind-me']}>
      <div class="stack loose">
        <div class="stack close">
          <h1>{own.title}</h1>
          <p class="lead aside">{own.lead}</p>
        </div>
        <form class="remind stack" method="post" action="/remind-me" data-locale={page.locale} novalidate>
          <FaultSummary words={words} faults={faults} idOf={fieldId} />
          <WhenChoice
            words={words}
            offered={page.offered}
            chosen={shown.choice}
            date={shown.date}
            faults={faults}
          />
          <Field
            name="email"
            type="email"
            label={words.common.address}
            hint={own.whatWeKeep}
            value={shown.email}
            fault={faultIn(words, faults, 'email')}
            autocomplete="email"
            inputmode="email"
            maxlength={254}
            required
          />
          {page.asksDiscretion && (
            <Tick name="discreet" label={own.discreet} hint={own.discreetWhy} ticked={shown.discreet} />
          )}
          <HiddenFields
            fields={{ locale: page.locale, stage: shown.stage, ...shown.source, key: page.formKey }}
          />
          {/* Filled by the script, once the days on the page are those of this zone. */}
          <input type="hidden" name="time_zone" value={shown.timeZone ?? ''} />
          <Preview
            offered={page.offered}
            date={shown.date}
            say={(sendOn) => own.preview(words.common.onDay(sendOn, page.offered.today))}
            unsaid={own.previewOfChoice}
          />
          <Button wide busy={own.submitting}>
            {own.submit}
          </Button>
        </form>
        <hr class="rule" />
        <p class="later">
          <a href={`/remind-me/calendar?${withLocale(queryOfShown(shown), page.locale)}`}>
            {own.calendarInstead}
          </a>
          {'. '}
          {own.calendarInsteadWhy}
        </p>
      </div>
    </Whole>
  );
}

/** The same choices for the reader's own calendar: a form without an address, whose answer is the file. */
export function CalendarPage(page: Omit<RemindMePageProps, 'formKey'>): VNode {
  const { words, shown, faults } = page;
  const own = words.reminders.calendar;
  return (
    <Whole {...page} title={own.title} scripts={['remind-me']}>
      <div class="stack loose">
        <div class="stack close">
          <h1>{own.title}</h1>
          <p class="lead aside">{own.lead}</p>
        </div>
        <form
          class="remind stack"
          method="get"
          action="/remind-me/calendar.ics"
          data-locale={page.locale}
          data-promise-by="calendar"
          novalidate
        >
          <FaultSummary words={words} faults={faults} idOf={fieldId} />
          <WhenChoice
            words={words}
            legend={own.whenLegend}
            offered={page.offered}
            chosen={shown.choice}
            date={shown.date}
            faults={faults}
          />
          {page.asksDiscretion && (
            <Tick name="discreet" label={own.discreet} hint={own.discreetWhy} ticked={shown.discreet} />
          )}
          <HiddenFields fields={{ locale: page.locale, ...shown.source }} />
          <input type="hidden" name="time_zone" value={shown.timeZone ?? ''} />
          <Preview
            offered={page.offered}
            date={shown.date}
            say={(sendOn) => own.preview(words.common.onDay(sendOn, page.offered.today))}
            unsaid={own.previewOfChoice}
          />
          <Button wide>{own.submit}</Button>
        </form>
        <hr class="rule" />
        <p class="later">
          <a href={`/remind-me?${withLocale(queryOfShown(shown), page.locale)}`}>{own.byLetter}</a>
        </p>
      </div>
    </Whole>
  );
}

/** The answer to every address alike; who is known by a gift or a letter need not confirm, and can go on to the reminder's own page. */
export function AskedPage(
  page: Page & {
    sendOn: string;
    today: string;
    by: 'confirmation' | 'address' | 'proof';
    /** The reminder's own page, where its asker is known. */
    reminderPath: string | null;
  },
): VNode {
  const { words, by } = page;
  const own = words.reminders.asked;
  const onDay = words.common.onDay(page.sendOn, page.today);
  const title = by === 'confirmation' ? own.title : own.noConfirmationTitle;
  const says = { confirmation: own.text, address: own.noConfirmation, proof: own.known };
  return (
    <Whole {...page} title={title} narrow>
      <div class="stack">
        <h1>{title}</h1>
        <p class="lead" role="status">
          {says[by](onDay)}
        </p>
        {by === 'confirmation' && <p class="aside">{own.notThere}</p>}
        {page.reminderPath !== null && (
          <p>
            <a href={page.reminderPath}>{own.changeOrStop}</a>
          </p>
        )}
      </div>
    </Whole>
  );
}

export interface ReminderPageProps extends Page {
  token: string;
  /** Leads to "never write to this address". */
  blockToken: string;
  offer: Offer;
  /** What taking back the last act would lead to. */
  former: FormerReminder | null;
  sendOn: string;
  discreet: boolean;
  /** The day has come: the letter goes out at once, not in the morning. */
  dueNow: boolean;
  offered: OfferedDays;
  faults: readonly Fault[];
  chosen: { choice: ReminderChoice; date: string };
}

/** A reminder's own page: says how it stands, and acts on a button only. */
export function ReminderPage(page: ReminderPageProps): VNode {
  const { words, offer } = page;
  const own = words.reminders;
  const confirming = offer.is === 'confirm' || offer.is === 'confirm-another-day';
  const title = confirming ? own.confirm.title : own.manage.title;
  return (
    <Whole {...page} title={title} narrow scripts={['remind-me']}>
      <div class="stack loose">
        <h1>{title}</h1>
        <Standing {...page} />
      </div>
    </Whole>
  );
}

export function UnsubscribePage(
  page: Page & {
    token: string;
    reason: 'unsubscribed' | 'blocked';
    done: boolean;
    undoable: boolean;
    /** It was just taken back. */
    undone: boolean;
  },
): VNode {
  const own = page.words.reminders.unsubscribe;
  const blocked = page.reason === 'blocked';
  const title = page.done ? own.doneTitle : blocked ? own.blockTitle : own.title;
  return (
    <Whole {...page} title={title} narrow>
      <div class="stack">
        <h1>{title}</h1>
        {page.done ? (
          <>
            <p class="lead" role="status">
              {blocked ? own.blockDone : own.done}
            </p>
            {page.undoable && (
              <form method="post" action={`/unsubscribe/${page.token}/undo?locale=${page.locale}`}>
                <Button kind="quiet">{own.undo}</Button>
              </form>
            )}
          </>
        ) : (
          <>
            {page.undone && (
              <p class="note" role="status">
                {own.undone}
              </p>
            )}
            <p class="lead">{blocked ? own.blockText : own.text}</p>
            <form method="post" action={`/unsubscribe/${page.token}?locale=${page.locale}`}>
              <Button>{blocked ? own.blockButton : own.button}</Button>
            </form>
          </>
        )}
      </div>
    </Whole>
  );
}

function Standing(page: ReminderPageProps): VNode {
  const { words, offer, token } = page;
  const own = words.reminders;
  const onDay = words.common.onDay(page.sendOn, page.offered.today);
  switch (offer.is) {
    case 'confirm':
      return (
        <>
          <p class="lead">{page.dueNow ? own.manage.dueToday : own.confirm.text(onDay)}</p>
          <ActForm {...page} act="confirm">
            <Button busy={own.submitting}>{own.confirm.button}</Button>
          </ActForm>
          <p class="aside">{own.confirm.vanishes}</p>
          <NotMe {...page} />
        </>
      );
    case 'confirm-another-day':
      return (
        <>
          <p class="lead">{own.confirm.dayPassed}</p>
          <DayForm {...page} act="confirm" button={own.confirm.button} />
          <NotMe {...page} />
        </>
      );
    case 'waiting':
      return (
        <>
          <p class="lead" role="status">
            {page.dueNow ? own.manage.dueToday : own.manage.due(onDay)}
          </p>
          {page.discreet && <p>{own.manage.discreet}</p>}
          <Undo {...page} />
          <hr class="rule" />
          <Change {...page} />
          <Stop {...page} />
        </>
      );
    case 'sent':
      return (
        <>
          <p class="lead">{own.manage.sent}</p>
          <p>
            <a class="button" href={`/reminders/${token}/give?locale=${page.locale}`}>
              {own.manage.give}
            </a>
          </p>
          <hr class="rule" />
          {offer.mayRepeat ? (
            <section class="stack" id="again" aria-labelledby="again-title">
              <h2 id="again-title">{own.manage.againTitle}</h2>
              <ActForm {...page} act="again">
                <Button kind="quiet" busy={own.submitting}>
                  {own.manage.again(words.common.onDay(dayOf(page.offered, 'month'), page.offered.today))}
                </Button>
              </ActForm>
              <details class="other-day" id="again-other" {...(page.faults.length > 0 && { open: true })}>
                <summary>{own.manage.againOther}</summary>
                <DayForm {...page} act="change" button={own.manage.againThen} />
              </details>
            </section>
          ) : (
            <p>{own.manage.noMoreRepeats}</p>
          )}
          <p>
            <a href={`/unsubscribe/${page.blockToken}?locale=${page.locale}`}>{own.unsubscribe.blockTitle}</a>
          </p>
        </>
      );
    case 'over':
      return (
        <>
          <p class="lead" role="status">
            {own.over[offer.because]}
          </p>
          <Undo {...page} />
          {offer.because !== 'satisfied' && (
            <p>
              <a href={`/remind-me?locale=${page.locale}`}>{own.over.askAgain}</a>
            </p>
          )}
        </>
      );
  }
}

/** The last act, taken back with one button while what it would bring back can still be kept. */
function Undo(page: ReminderPageProps): VNode | null {
  const { words, former, offered } = page;
  if (former === null) return null;
  const own = words.reminders.manage;
  return (
    <ActForm {...page} act="undo">
      <Button kind="quiet" busy={words.reminders.submitting}>
        {former.state === 'waiting' ? own.undoTo(words.common.day(former.sendOn, offered.today)) : own.undo}
      </Button>
    </ActForm>
  );
}

function NotMe({ words, locale, blockToken }: ReminderPageProps): VNode {
  return (
    <p>
      <a href={`/unsubscribe/${blockToken}?locale=${locale}`}>{words.reminders.confirm.notMe}</a>
    </p>
  );
}

/** Folded up: what another choice would promise must not stand beside the promise that holds. */
function Change(page: ReminderPageProps): VNode {
  const own = page.words.reminders.manage;
  return (
    <details class="other-day" id="change" {...(page.faults.length > 0 && { open: true })}>
      <summary>{own.changeTitle}</summary>
      <DayForm {...page} act="change" button={own.change} />
    </details>
  );
}

function Stop(page: ReminderPageProps): VNode {
  const own = page.words.reminders.manage;
  return (
    <section class="stack" id="stop" aria-labelledby="stop-title">
      <h2 id="stop-title">{own.stopTitle}</h2>
      <ActForm {...page} act="stop">
        <Button kind="stop" busy={page.words.reminders.submitting}>
          {own.stop}
        </Button>
      </ActForm>
    </section>
  );
}

function DayForm(page: ReminderPageProps & { act: 'confirm' | 'change'; button: string }): VNode {
  const { words, faults, chosen } = page;
  return (
    <form
      class="remind stack"
      method="post"
      action={`/reminders/${page.token}?locale=${page.locale}`}
      data-locale={page.locale}
      novalidate
    >
      <FaultSummary words={words} faults={faults} idOf={fieldId} />
      <WhenChoice
        words={words}
        offered={page.offered}
        chosen={chosen.choice}
        date={chosen.date}
        faults={faults}
      />
      <input type="hidden" name="time_zone" value="" />
      <HiddenFields fields={{ act: page.act }} />
      <Preview
        offered={page.offered}
        date={chosen.date}
        say={(sendOn) => words.reminders.preview(words.common.onDay(sendOn, page.offered.today))}
        unsaid={words.reminders.previewOfChoice}
      />
      <div>
        <Button {...(page.act === 'change' && { kind: 'quiet' })} busy={words.reminders.submitting}>
          {page.button}
        </Button>
      </div>
    </form>
  );
}

function ActForm(
  form: Pick<ReminderPageProps, 'token' | 'locale'> & { act: string; children: ComponentChildren },
): VNode {
  return (
    <form class="remind" method="post" action={`/reminders/${form.token}?locale=${form.locale}`}>
      <HiddenFields fields={{ act: form.act }} />
      {form.children}
    </form>
  );
}

/** Every choice with its own day, so that nobody need count. */
function WhenChoice(choice: {
  words: Words;
  /** Whom the question is about, where that is not us. */
  legend?: string;
  offered: OfferedDays;
  chosen: ReminderChoice;
  date: string;
  faults: readonly Fault[];
}): VNode {
  const { words, offered, faults } = choice;
  const own = words.reminders;
  const dayOfChoice = (each: Exclude<ReminderChoice, 'date'>) => (
    <span class="day" data-when={each}>
      {words.common.day(dayOf(offered, each), offered.today)}
    </span>
  );
  return (
    <div class="stack close">
      <RadioCards
        name="when"
        legend={choice.legend ?? own.whenLegend}
        chosen={choice.chosen}
        grid="days"
        required
        fault={faultIn(words, faults, 'when')}
        choices={reminderChoices.map((each) => ({
          value: each,
          kind: each,
          label: (
            <>
              <span class="span">{own.choices[each]}</span>
              {each !== 'date' && dayOfChoice(each)}
            </>
          ),
        }))}
      />
      <div class="own-day">
        <Field
          name="date"
          type="date"
          label={own.day}
          value={choice.date}
          min={offered.earliestOn}
          max={offered.latestOn}
          fault={faultIn(words, faults, 'date')}
        />
      </div>
    </div>
  );
}

/** The promise with the day of the choice that is marked; which of them shows is the style sheet's affair. */
function Preview({
  offered,
  date,
  say,
  unsaid,
}: {
  offered: OfferedDays;
  /** The reader's own day, as far as it is known. */
  date: string;
  say: (sendOn: string) => string;
  /** While no day of the reader's own is known. */
  unsaid: string;
}): VNode {
  const known = date >= offered.earliestOn && date <= offered.latestOn && isDate(date);
  return (
    <p class="preview" aria-live="polite">
      {offered.days.map(({ choice, sendOn }) => (
        <span class={`by-when ${choice}`} data-promise={choice}>
          {say(sendOn)}
        </span>
      ))}
      <span class="by-when date" data-promise="date" data-unsaid={unsaid}>
        {known ? say(date) : unsaid}
      </span>
    </p>
  );
}

function Whole(
  page: Page & { title: string; narrow?: boolean; scripts?: string[]; children: ComponentChildren },
): VNode {
  return (
    <ReaderPage
      words={page.words}
      locale={page.locale}
      title={page.title}
      publication={page.publication}
      languages={page.languages}
      {...(page.narrow && { narrow: true })}
      {...(page.scripts && { scripts: page.scripts })}
    >
      {page.children}
    </ReaderPage>
  );
}

function dayOf(offered: OfferedDays, choice: ReminderChoice): string {
  return offered.days.find((each) => each.choice === choice)?.sendOn ?? offered.today;
}

function withLocale(query: URLSearchParams, locale: Locale): URLSearchParams {
  query.set('locale', locale);
  return query;
}

function fieldId(field: string): string {
  return field === 'time_zone' ? 'when' : field;
}
