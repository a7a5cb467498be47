// Saving it to one's own calendar: the file as RFC 5545 has it, and what asking for it leaves behind, which is nothing.
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CalendarEntry, calendarFile } from '../../src/reminders/calendar-file.ts';
import { openReminderDesk, type ReminderDesk } from './desk.ts';

const entry: CalendarEntry = {
  sendOn: '2027-03-24',
  url: 'https://support.example.org/donate?component=calendar&article=river',
  title: 'Support The Example; really, \\now',
  text: 'You wanted to come back to this:',
  language: 'en',
  writtenAt: new Date('2027-02-24T09:00:00.123Z'),
};

/** The lines as a calendar reads them: unfolded, then each name with its parameters and its value. */
function read(file: string): [string, string][] {
  expect(file.endsWith('\r\n')).toBe(true);
  expect(file.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  for (const line of file.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  const lines = file.slice(0, -2).replaceAll('\r\n ', '').split('\r\n');
  return lines.map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1)];
  });
}

const plain = (value = '') =>
  value.replace(/\\([\\;,nN])/g, (_, sign: string) => (/n/i.test(sign) ? '\n' : sign));

describe('the file', () => {
  test('is one event with one alarm, at nine in the morning by the reader’s own clock', () => {
    const lines = read(calendarFile(entry));
    const said = Object.fromEntries(lines);
    expect(lines.filter(([name]) => /^(BEGIN|END)$/.test(name)).map((line) => line.join(':'))).toEqual([
      'BEGIN:VCALENDAR',
      'BEGIN:VEVENT',
      'BEGIN:VALARM',
      'END:VALARM',
      'END:VEVENT',
      'END:VCALENDAR',
    ]);
    expect(said).toMatchObject({
      VERSION: '2.0',
      DTSTAMP: '20270224T090000Z',
      DTSTART: '20270324T090000',
      DTEND: '20270324T091500',
      URL: entry.url,
      ACTION: 'DISPLAY',
      TRIGGER: 'PT0S',
    });
    expect(plain(said['SUMMARY;LANGUAGE=en'])).toBe(entry.title);
    expect(said.UID).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('is the same event when it is saved again, and another one for another day', () => {
    const uid = (change: Partial<CalendarEntry>) =>
      Object.fromEntries(read(calendarFile({ ...entry, ...change }))).UID;
    expect(uid({ writtenAt: new Date('2027-02-25T09:00:00Z') })).toBe(uid({}));
    expect(uid({ sendOn: '2027-03-25' })).not.toBe(uid({}));
  });

  test('keeps every character of whatever title, in lines of 75 octets', () => {
    const titles = fc
      .string({ unit: 'binary', maxLength: 300 })
      .map((text) => text.replace(/[\p{Cc}\p{Cs}]/gu, ' '));
    fc.assert(
      fc.property(titles, (title) => {
        const said = new Map(read(calendarFile({ ...entry, title })));
        expect(plain(said.get('SUMMARY;LANGUAGE=en'))).toBe(title);
      }),
    );
  });
});

describe('its page', () => {
  let desk: ReminderDesk;
  beforeAll(async () => {
    desk = await openReminderDesk();
  });
  afterAll(() => desk.post.close());

  const file = async (query: string) => {
    const answer = await desk.site.get(`/remind-me/calendar.ics?${query}`).expect(200);
    return { answer, said: new Map(read(answer.text)) };
  };

  test('offers every choice without asking for an address', async () => {
    const { text } = await desk.site.get('/remind-me/calendar?article=river').expect(200);
    expect(text).toContain('method="get" action="/remind-me/calendar.ics"');
    expect(text).toContain('Your calendar will remind you on Wednesday 24 March, at nine in the morning.');
    expect(text).not.toContain('name="email"');
    expect(text).toContain('name="article" value="river"');
    expect((await desk.site.get('/remind-me?article=river')).text).toContain(
      'href="/remind-me/calendar?when=month&amp;article=river&amp;locale=en"',
    );
  });

  test('the file is for the day the page names, and leads to the donate page with where it came from', async () => {
    const source = new URLSearchParams({
      article: 'https://gazette.example.org/river?user=7',
      campaign: 'spring',
    });
    const { answer, said } = await file(`when=month&time_zone=Pacific/Kiritimati&${source}`);
    expect(said.get('DTSTART')).toBe('20270324T090000');
    const url = new URL(said.get('URL') ?? '');
    expect(url.pathname).toBe('/donate');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      component: 'calendar',
      article: 'https://gazette.example.org/river',
      campaign: 'spring',
      locale: 'en',
    });
    expect(said.get('SUMMARY;LANGUAGE=en')).toBe('Support The Small Gazette');
    expect(answer.headers['content-type']).toBe('text/calendar; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('discreetly, its title, its id, its maker and where it leads name nobody', async () => {
    const source = new URLSearchParams({ article: 'https://gazette.example.org/river', campaign: 'gazette' });
    const { answer, said } = await file(`when=date&date=2027-09-01&discreet=yes&locale=ru&${source}`);
    expect(new URL(said.get('URL') ?? '').search).toBe('?component=calendar&locale=ru');
    expect(said.get('DTSTART')).toBe('20270901T090000');
    expect(said.get('SUMMARY;LANGUAGE=ru')).toBe('Напоминание');
    expect(answer.text).not.toMatch(/Gazette|favor/i);
    const careful = await openReminderDesk({ PUBLICATION_DISCREET: 'on' });
    try {
      const { text } = await careful.site.get('/remind-me/calendar.ics?when=week').expect(200);
      expect(text).toContain('SUMMARY;LANGUAGE=en:Reminder\r\n');
    } finally {
      await careful.post.close();
    }
  });

  test.each([
    ['when=date&date=2027-02-24', 'The earliest day we can do is Thursday 25 February 2027.'],
    ['when=2028-04-01', 'The latest day we can do is Thursday 30 March 2028.'],
    ['when=date', 'Please choose a day.'],
    ['', 'Please choose when we should write to you.'],
  ])('%s: the form again, with what to change', async (query, says) => {
    const { text } = await desk.site.get(`/remind-me/calendar.ics?${query}`).expect(422);
    expect(text).toContain(says);
    expect(text).toContain('action="/remind-me/calendar.ics"');
  });

  test('nothing is kept of it', async () => {
    const { rows } = await desk.post.services.database.execute(
      sql`select (select count(*) from reminders) + (select count(*) from readers) + (select count(*) from letters)
        + (select count(*) from limits) as kept`,
    );
    expect(rows).toEqual([{ kept: '0' }]);
  });
});
