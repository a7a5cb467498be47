// A reminder falls on the day that was shown, for every day of five years in zones with every kind of clock change.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  addMonths,
  daysBetween,
  endOfMonth,
  formatDate,
  formatDay,
  isDate,
  isKnownZone,
  isReminderChoice,
  localDate,
  type ReminderChoice,
  reminderChoices,
  reminderDueOn,
  sendAt,
  startOfDay,
} from '../../src/values/calendar.ts';

const zones = [
  'UTC',
  'Europe/Berlin',
  'Europe/Lisbon',
  'Asia/Tbilisi',
  'Asia/Beirut',
  'Africa/Casablanca',
  'America/New_York',
  'America/Santiago',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
];

describe.each(zones)('in %s', (zone) => {
  const clock = clockOf(zone);

  it('every choice, asked on any day of 2024–2028, is due on the day plain arithmetic gives', () => {
    for (const askedAt of hoursOfAsking()) {
      const askedOn = clock(askedAt).date;
      for (const choice of reminderChoices) {
        const chosenOn = plainAddDays(askedOn, 45);
        const expected = choice === 'date' ? chosenOn : plainDue(askedOn, choice);
        const dueOn = reminderDueOn(choice, askedAt, zone, chosenOn);
        if (dueOn !== expected)
          expect({ askedOn, choice, dueOn }).toEqual({ askedOn, choice, dueOn: expected });
      }
    }
  });

  it('a letter due on any day from 2024 to 2029 leaves on that day, between nine and eleven', () => {
    for (let day = '2024-01-01', i = 0; day < '2030-01-01'; day = plainAddDays(day, 1), i += 1) {
      const local = clock(sendAt(day, zone, `letter ${i}`));
      const right = local.date === day && local.hour >= 9 && local.hour < 11;
      if (!right) expect({ day, local }).toBe('the same day, between 09:00 and 11:00');
    }
  });

  it('a day begins at its first instant', () => {
    for (let day = '2024-01-01'; day < '2030-01-01'; day = plainAddDays(day, 1)) {
      const start = startOfDay(day, zone);
      const before = clock(new Date(start.getTime() - 1)).date;
      if (clock(start).date !== day || before >= day)
        expect({ day, start, before }).toBe('the first instant');
    }
  });
});

describe('a reminder', () => {
  const askedAt = new Date('2027-01-31T23:30:00Z');

  it('counts from the local day of asking', () => {
    expect(reminderDueOn('week', askedAt, 'UTC')).toBe('2027-02-07');
    expect(reminderDueOn('week', askedAt, 'Asia/Tbilisi')).toBe('2027-02-08');
  });

  it.each<[string, ReminderChoice, string]>([
    ['2027-01-31T12:00:00Z', 'month', '2027-02-28'],
    ['2028-01-31T12:00:00Z', 'month', '2028-02-29'],
    ['2027-11-30T12:00:00Z', 'quarter', '2028-02-29'],
    ['2027-08-31T12:00:00Z', 'half-year', '2028-02-29'],
    ['2028-02-29T12:00:00Z', 'year', '2029-02-28'],
    ['2027-12-31T12:00:00Z', 'month', '2028-01-31'],
  ])('asked at %s in a %s comes on %s, clamped to the end of the month', (asked, choice, dueOn) => {
    expect(reminderDueOn(choice, new Date(asked), 'UTC')).toBe(dueOn);
  });

  it.each<[string | undefined, string]>([
    ['2027-02-01', '2027-02-01'],
    ['2028-03-06', '2028-03-06'],
    [' 2027-05-01 ', '2027-05-01'],
    [undefined, 'date-missing'],
    ['', 'date-missing'],
    ['2027-01-31', 'date-too-soon'],
    ['2026-05-01', 'date-too-soon'],
    ['2028-03-07', 'date-too-late'],
    ['2027-02-29', 'date-malformed'],
    ['01.05.2027', 'date-malformed'],
    ['2027-5-1', 'date-malformed'],
    ['+002027-05-01', 'date-malformed'],
    ['tomorrow', 'date-malformed'],
  ])('on the day %j chosen by hand: %s', (chosenOn, answer) => {
    const dueOn = reminderDueOn('date', askedAt, 'UTC', chosenOn);
    expect(typeof dueOn === 'string' ? dueOn : dueOn.code).toBe(answer);
  });

  it('names the nearest day that can be chosen', () => {
    expect(reminderDueOn('date', askedAt, 'UTC', '2027-01-01')).toMatchObject({
      facts: { earliestOn: '2027-02-01' },
    });
    expect(reminderDueOn('date', askedAt, 'UTC', '2030-01-01')).toMatchObject({
      facts: { latestOn: '2028-03-06' },
    });
  });

  it('knows only its own choices', () => {
    for (const other of ['Month', 'decade', '', null]) expect(isReminderChoice(other)).toBe(false);
  });
});

describe('the moment of sending', () => {
  it('is nine in the morning when nothing spreads it, and the same for the same letter', () => {
    expect(sendAt('2027-07-01', 'Europe/Berlin').toISOString()).toBe('2027-07-01T07:00:00.000Z');
    expect(sendAt('2027-07-01', 'UTC', 'a')).toEqual(sendAt('2027-07-01', 'UTC', 'a'));
  });

  it('moves to the first valid time when the clocks skip it', () => {
    // Athens went from 09:00 to 10:00 that morning; Apia had no 30 December at all.
    const athens = Array.from({ length: 200 }, (_, i) => sendAt('1979-04-01', 'Europe/Athens', `${i}`));
    const earliest = Math.min(...athens.map((at) => at.getTime()));
    expect(new Date(earliest).toISOString()).toBe('1979-04-01T07:00:00.000Z');
    expect(Math.max(...athens.map((at) => at.getTime()))).toBeLessThan(Date.parse('1979-04-01T08:00:00Z'));
    expect(sendAt('2011-12-30', 'Pacific/Apia').toISOString()).toBe('2011-12-30T10:00:00.000Z');
  });

  it('spreads letters over the two hours', () => {
    const moments = Array.from({ length: 1_000 }, (_, i) =>
      sendAt('2027-07-01', 'UTC', `letter ${i}`).getTime(),
    );
    const inQuarter = (quarter: number) =>
      moments.filter((at) => Math.floor((at - Date.parse('2027-07-01T09:00:00Z')) / 1_800_000) === quarter)
        .length;
    for (const quarter of [0, 1, 2, 3]) expect(inQuarter(quarter)).toBeGreaterThan(150);
    expect(new Set(moments).size).toBeGreaterThan(800);
  });
});

describe('zones', () => {
  it.each(['UTC', 'Europe/Kyiv', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('%s is known', (zone) => {
    expect(isKnownZone(zone)).toBe(true);
  });

  it.each([
    '',
    '+03:00',
    'Mars/Olympus',
    'Europe/Berlin\n',
    '../etc/passwd',
    'Z',
    `Europe/${'a'.repeat(500)}`,
  ])('%j is not', (zone) => {
    expect(isKnownZone(zone)).toBe(false);
  });
});

describe('days', () => {
  it('exist or do not', () => {
    for (const day of ['2024-02-29', '2000-02-29', '2199-12-31']) expect(isDate(day)).toBe(true);
    for (const day of [
      '2023-02-29',
      '2100-02-29',
      '2024-00-10',
      '2024-13-01',
      '20240229',
      '1066-10-14',
      '2024-02-30T00',
    ])
      expect(isDate(day)).toBe(false);
  });

  it('add as plain arithmetic does', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: -800, max: 800 }), (day, days) => {
        expect(addDays(day, days)).toBe(plainAddDays(day, days));
        expect(daysBetween(day, addDays(day, days))).toBe(days);
      }),
    );
    fc.assert(
      fc.property(anyDay, fc.integer({ min: -40, max: 40 }), (day, months) => {
        expect(addMonths(day, months)).toBe(plainAddMonths(day, months));
      }),
    );
  });

  it('know the end of their month', () => {
    expect(endOfMonth('2028-02-03')).toBe('2028-02-29');
    expect(endOfMonth('2027-12-31')).toBe('2027-12-31');
  });

  it('belong to the zone they are looked at in', () => {
    const instant = new Date('2027-03-01T02:30:00Z');
    expect(localDate(instant, 'America/New_York')).toBe('2027-02-28');
    expect(localDate(instant, 'Pacific/Kiritimati')).toBe('2027-03-01');
  });

  it('are written in the reader’s own way, with the year when it is another one', () => {
    expect(formatDay('2027-02-24', 'en', '2027-01-24')).toBe('Wednesday 24 February');
    expect(formatDay('2027-02-24', 'en', '2026-12-24')).toBe('Wednesday 24 February 2027');
    expect(formatDay('2027-02-24', 'en')).toBe('Wednesday 24 February 2027');
    expect(formatDay('2027-02-24', 'ru', '2027-01-24')).toBe('среда, 24 февраля');
    expect(formatDay('2027-02-24', 'ru')).toBe('среда, 24 февраля 2027 года');
    expect(formatDate('2027-02-24', 'en')).toBe('24 February 2027');
    expect(formatDate('2027-02-24', 'ru')).toBe('24 февраля 2027 года');
  });
});

const anyDay = fc.integer({ min: 0, max: 60_000 }).map((days) => plainAddDays('1950-01-01', days));

/** Every day of 2024–2028, at an hour that wanders round the clock. */
function hoursOfAsking(): Date[] {
  const first = Date.UTC(2024, 0, 1);
  return Array.from(
    { length: 1_827 },
    (_, day) => new Date(first + day * 86_400_000 + ((day * 7) % 24) * 3_600_000),
  );
}

/** What a wall clock in the zone shows, asked of the platform and not of the code under test. */
function clockOf(zone: string): (instant: Date) => { date: string; hour: number } {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  return (instant) => {
    const [date = '', time = ''] = format.format(instant).split(' ');
    return { date, hour: Number(time.slice(0, 2)) };
  };
}

function plainDue(askedOn: string, choice: Exclude<ReminderChoice, 'date'>): string {
  if (choice === 'week') return plainAddDays(askedOn, 7);
  return plainAddMonths(askedOn, { month: 1, quarter: 3, 'half-year': 6, year: 12 }[choice]);
}

function plainAddMonths(date: string, months: number): string {
  const [year, month, day] = split(date);
  const count = year * 12 + (month - 1) + months;
  const newYear = Math.floor(count / 12);
  const newMonth = count - newYear * 12 + 1;
  return join(newYear, newMonth, Math.min(day, monthLength(newYear, newMonth)));
}

function plainAddDays(date: string, days: number): string {
  let [year, month, day] = split(date);
  day += days;
  while (day < 1) {
    [year, month] = month === 1 ? [year - 1, 12] : [year, month - 1];
    day += monthLength(year, month);
  }
  while (day > monthLength(year, month)) {
    day -= monthLength(year, month);
    [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
  }
  return join(year, month, day);
}

function monthLength(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function split(date: string): [number, number, number] {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  return [year, month, day];
}

function join(year: number, month: number, day: number): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
