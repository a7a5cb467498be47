// On the forms of remind me later: shows the days of the reader's own time zone, keeps a button from being pressed twice, and unfolds what a link leads to.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const form of document.querySelectorAll<HTMLFormElement>('form.remind')) {
  void showOwnDays(form);
  const date = form.querySelector<HTMLInputElement>('input[name="date"]');
  date?.addEventListener('input', () => void showOwnDays(form));
  const buttons = form.querySelectorAll<HTMLButtonElement>('button[type="submit"]');
  // A file leaves the page standing: there is nothing to wait for.
  if (form.method === 'get') continue;
  form.addEventListener('submit', (event) => {
    const pressed = [...buttons].some((button) => button.ariaBusy === 'true');
    if (pressed) event.preventDefault();
    else if (event.submitter) event.submitter.ariaBusy = 'true';
  });
  addEventListener('pageshow', () => {
    for (const button of buttons) button.ariaBusy = null;
  });
}

// A letter's link may lead to what is folded up.
const named = document.getElementById(location.hash.slice(1));
if (named instanceof HTMLDetailsElement) named.open = true;

interface Offered {
  time_zone: string;
  earliest_on: string;
  latest_on: string;
  choices: { when: string; day: string; promise: string }[];
}

/** The zone is sent along only once the page shows that zone's days: what is promised is what was read. */
async function showOwnDays(form: HTMLFormElement): Promise<void> {
  const field = form.querySelector<HTMLInputElement>('input[name="time_zone"]');
  if (!field || !zone) return;
  const date = form.querySelector<HTMLInputElement>('input[name="date"]');
  const day = date?.value ?? '';
  const offered = (day && (await offeredFor(form, day))) || (await offeredFor(form, ''));
  // Another day was chosen meanwhile: its own answer is on the way.
  if (!offered || (date?.value ?? '') !== day) return;
  for (const { when, day: words, promise } of offered.choices) {
    say(form, `[data-when="${when}"]`, words);
    say(form, `[data-promise="${when}"]`, promise);
  }
  if (!offered.choices.some(({ when }) => when === 'date')) {
    const place = form.querySelector<HTMLElement>('[data-unsaid]');
    if (place?.dataset.unsaid) say(form, '[data-unsaid]', place.dataset.unsaid);
  }
  if (date) {
    date.min = offered.earliest_on;
    date.max = offered.latest_on;
  }
  field.value = offered.time_zone;
}

/** The days as the service reckons them; null where the day cannot be chosen, or nothing answers. */
async function offeredFor(form: HTMLFormElement, day: string): Promise<Offered | null> {
  const { locale = 'en', promiseBy = 'letter' } = form.dataset;
  const query = new URLSearchParams({ time_zone: zone, locale, by: promiseBy });
  if (day) {
    const min = form.querySelector<HTMLInputElement>('input[name="date"]');
    if (!min?.validity.valid) return null;
    query.set('date', day);
  }
  const answer = await fetch(`/remind-me/when?${query}`).catch(() => null);
  return answer?.ok ? await answer.json() : null;
}

function say(form: HTMLFormElement, where: string, words: string): void {
  const place = form.querySelector(where);
  if (place && place.textContent !== words) place.textContent = words;
}
