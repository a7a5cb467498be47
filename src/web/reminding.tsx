// Being reminded again, where the reader is known already: one button for each span, each with its own day. On the page of thanks and of a gift that ends.
import type { VNode } from 'preact';
import type { Config } from '../outside/config.ts';
import {
  addDays,
  addMonths,
  chosenDays,
  localDate,
  type ReminderChoice,
  reminderDueOn,
} from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import { isFault } from '../values/refusal.ts';
import type { Words } from '../words/words.ts';
import { HiddenFields, Tick } from './form.tsx';

export interface Reminding {
  /** What shows who is asking: the checkout just paid, the token of the letter's link, or that somebody is signed in (`session`). */
  proof: string;
  /** Binds the form to a session, where that is the proof. */
  formToken?: string | null;
  /** Makes this form, sent twice, one reminder. */
  formKey: string;
  today: string;
  days: { span: (typeof spans)[number] | 'after-ending'; sendOn: string }[];
  /** False where the publication writes discreetly to everybody. */
  asksDiscretion: boolean;
}

const spans = ['quarter', 'half-year', 'year'] as const satisfies readonly ReminderChoice[];

/**
 * The days offered to a reader who has given: a quarter, half a year and a year from now. After an ending a month from then,
 * and only those on which what was paid for has surely run out, in the reader's zone too: nobody who still gives is reminded.
 */
export function remindingDays(
  now: Date,
  { timeZone, discreet }: Pick<Config['publication'], 'timeZone' | 'discreet'>,
  endsAt: Date | null = null,
): Pick<Reminding, 'today' | 'days' | 'asksDiscretion'> {
  const today = localDate(now, timeZone);
  const fromNow = spans.flatMap((span) => {
    const sendOn = reminderDueOn(span, now, timeZone);
    return isFault(sendOn) ? [] : [{ span, sendOn }];
  });
  const days =
    endsAt === null ? fromNow : afterEnding(localDate(endsAt, timeZone), chosenDays(today).latestOn, fromNow);
  return { today, days, asksDiscretion: !discreet };
}

function afterEnding(endsOn: string, latestOn: string, fromNow: Reminding['days']): Reminding['days'] {
  const surelyOn = addDays(endsOn, 2);
  const monthLater = addMonths(endsOn, 1);
  const first = { span: 'after-ending' as const, sendOn: monthLater < latestOn ? monthLater : latestOn };
  const all = [first, ...fromNow.filter(({ sendOn }) => sendOn !== first.sendOn)];
  return all
    .filter(({ sendOn }) => sendOn >= surelyOn)
    .sort((one, other) => (one.sendOn < other.sendOn ? -1 : 1));
}

/** Works without a script; with one (`remind-me`) the days are those of the reader's own zone. */
export function RemindAgain(part: {
  words: Words;
  locale: Locale;
  reminding: Reminding;
  title: string;
  text: string;
}): VNode {
  const { words, locale, reminding } = part;
  const own = words.reminders;
  return (
    <section class="stack" id="remind" aria-labelledby="remind-title">
      <div class="stack close">
        <h2 id="remind-title">{part.title}</h2>
        <p>{part.text}</p>
      </div>
      <form class="remind stack" method="post" action="/remind-me/again" data-locale={locale}>
        {reminding.asksDiscretion && <Tick name="discreet" label={own.discreet} hint={own.discreetWhy} />}
        <HiddenFields
          fields={{
            proof: reminding.proof,
            locale,
            key: reminding.formKey,
            form_token: reminding.formToken,
          }}
        />
        <input type="hidden" name="time_zone" value="" />
        <div class="cards days lines">
          {reminding.days.map(({ span, sendOn }) => (
            <button type="submit" class="card" name="when" value={span === 'after-ending' ? sendOn : span}>
              <span>
                <span class="span">
                  {span === 'after-ending' ? own.winBack.afterEnding : own.choices[span]}
                </span>
                <span class="day" data-when={span}>
                  {words.common.day(sendOn, reminding.today)}
                </span>
              </span>
            </button>
          ))}
        </div>
      </form>
    </section>
  );
}
