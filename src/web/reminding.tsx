// Being reminded again, where the reader is known already: one button for each span, each with its own day. On the page of thanks and of a gift that ends.
import type { VNode } from 'preact';
import type { Config } from '../outside/config.ts';
import { addDays, localDate, type ReminderChoice, reminderDueOn } from '../values/calendar.ts';
import type { Locale } from '../values/locale.ts';
import { isFault } from '../values/refusal.ts';
import type { Words } from '../words/words.ts';
import { HiddenFields, Tick } from './form.tsx';

export interface Reminding {
  /** What shows who is asking: the checkout just paid, or the token of the letter's link. */
  proof: string;
  /** Makes this form, sent twice, one reminder. */
  formKey: string;
  today: string;
  days: { choice: Exclude<ReminderChoice, 'date'>; sendOn: string }[];
  /** False where the publication writes discreetly to everybody. */
  asksDiscretion: boolean;
}

/**
 * The days offered to a reader who has given: a quarter, half a year and a year from now. After an ending only those on which
 * what was paid for has surely run out, in the reader's zone too: nobody who still gives is reminded.
 */
export function remindingDays(
  now: Date,
  { timeZone, discreet }: Pick<Config['publication'], 'timeZone' | 'discreet'>,
  endsAt: Date | null = null,
): Pick<Reminding, 'today' | 'days' | 'asksDiscretion'> {
  const earliestOn = endsAt === null ? '' : addDays(localDate(endsAt, timeZone), 2);
  const days = (['quarter', 'half-year', 'year'] as const).flatMap((choice) => {
    const sendOn = reminderDueOn(choice, now, timeZone);
    return isFault(sendOn) || sendOn < earliestOn ? [] : [{ choice, sendOn }];
  });
  return { today: localDate(now, timeZone), days, asksDiscretion: !discreet };
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
        <HiddenFields fields={{ proof: reminding.proof, locale, key: reminding.formKey }} />
        <input type="hidden" name="time_zone" value="" />
        <div class="cards days lines">
          {reminding.days.map(({ choice, sendOn }) => (
            <button type="submit" class="card" name="when" value={choice}>
              <span>
                <span class="span">{own.choices[choice]}</span>
                <span class="day" data-when={choice}>
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
