// One promise, three times the same day: the preview, the confirmation and the sending, in every zone and over every clock change.
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { expect, test } from 'vitest';
import { dueDay, offeredDays, type When } from '../../src/reminders/reminder.ts';
import { addDays, localDate, sendAt } from '../../src/values/calendar.ts';

/** What clocks on the wall show, asked of the platform and not of the code under test. */
const clocks = new Map<string, Intl.DateTimeFormat>();
function clockOf(zone: string, instant: Date): { date: string; hour: number } {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    clocks.set(zone, clock);
  }
  const [date = '', time = ''] = clock.format(instant).split(' ');
  return { date, hour: Number(time.slice(0, 2)) };
}

/** Asks as the form does, confirms as the page does, and looks on which day and at which hour the letter falls due. */
function promised(askedAt: Date, when: When, zone: string, id: string) {
  const preview =
    when.choice === 'date'
      ? when.chosenOn
      : offeredDays(askedAt, zone).days.find(({ choice }) => choice === when.choice)?.sendOn;
  const confirmation = dueDay(when, askedAt, zone);
  return { preview, confirmation, sending: clockOf(zone, sendAt(confirmation, zone, id)) };
}

function holds(askedAt: Date, when: When, zone: string, id: string): void {
  const { preview, confirmation, sending } = promised(askedAt, when, zone, id);
  const inTheMorning = sending.hour === 9 || sending.hour === 10;
  // Compared by hand, since this is done tens of thousands of times.
  if (confirmation === preview && sending.date === preview && inTheMorning) return;
  const told = { zone, askedAt: askedAt.toISOString(), choice: when.choice, id };
  expect({ ...told, confirmation, sending: sending.date, inTheMorning }).toEqual({
    ...told,
    confirmation: preview,
    sending: preview,
    inTheMorning: true,
  });
}

const zones = Intl.supportedValuesOf('timeZone');
const spans = ['week', 'month', 'quarter', 'half-year', 'year'] as const;

test('ten thousand times at random: any moment, any choice, any zone on earth', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('2026-01-01T00:00:00Z'),
        max: new Date('2028-12-31T23:59:59Z'),
        noInvalidDate: true,
      }),
      fc.oneof(fc.constantFrom(...spans), fc.integer({ min: 1, max: 400 })),
      fc.constantFrom(...zones),
      fc.uuid(),
      (askedAt, choice, zone, id) => {
        const when: When =
          typeof choice === 'string'
            ? { choice }
            : { choice: 'date', chosenOn: addDays(localDate(askedAt, zone), choice) };
        holds(askedAt, when, zone, id);
      },
    ),
    { numRuns: 10_000 },
  );
}, 60_000);

const changing = [
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Havana',
  'America/New_York',
  'America/Santiago',
  'America/St_Johns',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Jerusalem',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Europe/London',
  'Pacific/Auckland',
  'Pacific/Chatham',
];

/** Every moment of these three years at which the clocks of a zone are changed. */
function changesOf(zone: string): Date[] {
  const found: Date[] = [];
  let at = Temporal.ZonedDateTime.from(`2026-01-01T00:00[${zone}]`).getTimeZoneTransition('next');
  while (at && at.year < 2029) {
    found.push(new Date(at.epochMilliseconds));
    at = at.getTimeZoneTransition('next');
  }
  return found;
}

test.each(changing)('over every clock change of 2026 to 2028 in %s', (zone) => {
  const changes = changesOf(zone);
  expect(changes.length).toBeGreaterThan(0);
  const hour = 3_600_000;
  for (const change of changes) {
    const changedOn = localDate(change, zone);
    for (const [n, moment] of [-25 * hour, -hour, -1000, 0, 1000, hour, 25 * hour].entries()) {
      const askedAt = new Date(change.getTime() + moment);
      // Asked around the change, due whenever.
      for (const choice of spans) holds(askedAt, { choice }, zone, `${zone} ${n}`);
      // Due on the day of the change and on its neighbours, asked long before.
      const before = new Date(askedAt.getTime() - 40 * 24 * hour);
      for (const days of [-1, 0, 1]) {
        holds(before, { choice: 'date', chosenOn: addDays(changedOn, days) }, zone, `${zone} ${n}`);
      }
    }
  }
});

test.each(['Pacific/Apia', 'Pacific/Kiritimati', 'Pacific/Niue', 'Asia/Kathmandu'])(
  'in %s, where no clock is changed but the day is another one',
  (zone) => {
    for (let hours = 0; hours < 24 * 31; hours += 5) {
      const askedAt = new Date(Date.UTC(2028, 1, 1) + hours * 3_600_000);
      for (const choice of spans) holds(askedAt, { choice }, zone, `${hours}`);
    }
  },
);
