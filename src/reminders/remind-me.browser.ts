// On the forms of remind me later: shows the days of the reader's own time zone, and keeps a button from being pressed twice.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const form of document.querySelectorAll<HTMLFormElement>('form.remind')) {
  void showOwnDays(form);
  const button = form.querySelector<HTMLButtonElement>('button[type="submit"]');
  form.addEventListener('submit', (event) => {
    if (button?.ariaBusy === 'true') event.preventDefault();
    else if (button) button.ariaBusy = 'true';
  });
  addEventListener('pageshow', () => {
    if (button) button.ariaBusy = null;
  });
}

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
  const query = new URLSearchParams({ time_zone: zone, locale: form.dataset.locale ?? 'en' });
  const answer = await fetch(`/remind-me/when?${query}`).catch(() => null);
  if (!answer?.ok) return;
  const offered: Offered = await answer.json();
  for (const { when, day, promise } of offered.choices) {
    say(form, `[data-when="${when}"]`, day);
    say(form, `[data-promise="${when}"]`, promise);
  }
  const date = form.querySelector<HTMLInputElement>('input[name="date"]');
  if (date) {
    date.min = offered.earliest_on;
    date.max = offered.latest_on;
  }
  field.value = offered.time_zone;
}

function say(form: HTMLFormElement, where: string, words: string): void {
  const place = form.querySelector(where);
  if (place && place.textContent !== words) place.textContent = words;
}
