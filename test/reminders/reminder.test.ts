// The reminder as a rule: which day, whether it is still wanted, and what may still be done with it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dueDay,
  fateOf,
  offeredDays,
  offerFor,
  type Standing,
  zoneFor,
} from '../../src/reminders/reminder.ts';
import { localDate, type ReminderChoice, sendAt } from '../../src/values/calendar.ts';

const at = (moment: string) => new Date(moment);

test('the day of the preview is the day of the letter, whatever the moment, the choice, the zone and the reminder', () => {
  const zones = [
    'UTC',
    'Europe/Riga',
    'America/New_York',
    'Asia/Kolkata',
    'Pacific/Apia',
    'Australia/Lord_Howe',
  ];
  fc.assert(
    fc.property(
      fc.date({ min: at('2026-01-01T00:00:00Z'), max: at('2028-12-31T00:00:00Z'), noInvalidDate: true }),
      fc.constantFrom<Exclude<ReminderChoice, 'date'>>('week', 'month', 'quarter', 'half-year', 'year'),
      fc.constantFrom(...zones),
      fc.uuid(),
      (askedAt, choice, zone, id) => {
        const preview = offeredDays(askedAt, zone).days.find((each) => each.choice === choice)?.sendOn;
        const sendOn = dueDay({ choice }, askedAt, zone);
        expect(sendOn).toBe(preview);
        expect(localDate(sendAt(sendOn, zone, id), zone)).toBe(preview);
      },
    ),
    { numRuns: 2000 },
  );
});

test('an unknown zone is not refused: the publication’s decides', () => {
  expect(zoneFor('Europe/Riga', 'UTC')).toBe('Europe/Riga');
  expect(zoneFor('Nowhere/Else', 'UTC')).toBe('UTC');
  expect(zoneFor('+03:00', 'UTC')).toBe('UTC');
  expect(zoneFor(undefined, 'Europe/Riga')).toBe('Europe/Riga');
});

describe('on the day', () => {
  const dueAt = at('2027-03-24T09:00:00Z');
  const wanted = { dueAt, reachable: true, gaveSince: false, runningMembership: false, suppressed: false };
  const later = (seconds: number) => new Date(dueAt.getTime() + seconds * 1000);

  test.each([
    ['still wanted', wanted, 0, 'send'],
    ['exactly two days late', wanted, 172_800, 'send'],
    ['more than two days late', wanted, 172_801, 'late'],
    ['given since', { ...wanted, gaveSince: true }, 0, 'satisfied'],
    ['a membership that runs', { ...wanted, runningMembership: true }, 0, 'satisfied'],
    ['suppressed', { ...wanted, suppressed: true }, 0, 'lapsed'],
    ['forgotten', { ...wanted, reachable: false }, 0, 'lapsed'],
    ['given since and forgotten', { ...wanted, gaveSince: true, reachable: false }, 0, 'satisfied'],
  ] as const)('%s', (_name, reminder, lateSeconds, fate) => {
    expect(fateOf(reminder, later(lateSeconds))).toBe(fate);
  });
});

describe('its own page', () => {
  const asked: Standing = {
    state: 'unconfirmed',
    sendOn: '2027-03-24',
    timeZone: 'Europe/Riga',
    createdAt: at('2027-03-20T12:00:00Z'),
    sentAt: null,
    snoozes: 0,
    former: null,
  };
  const sent: Standing = { ...asked, state: 'sent', sentAt: at('2027-03-24T08:00:00Z') };

  test.each([
    ['before the day', asked, '2027-03-21T00:00:00Z', { is: 'confirm' }],
    ['in the last minute of the day', asked, '2027-03-24T21:59:00Z', { is: 'confirm' }],
    [
      'when the day is over where the reader lives',
      asked,
      '2027-03-24T22:00:00Z',
      { is: 'confirm-another-day' },
    ],
    ['seven days after asking', asked, '2027-03-27T12:00:00Z', { is: 'over', because: 'expired' }],
    ['waiting', { ...asked, state: 'waiting' }, '2027-03-21T00:00:00Z', { is: 'waiting' }],
    ['sent', sent, '2027-03-25T00:00:00Z', { is: 'sent', mayRepeat: true }],
    [
      'sent, put off three times',
      { ...sent, snoozes: 3 },
      '2027-03-25T00:00:00Z',
      { is: 'sent', mayRepeat: false },
    ],
    ['sent thirty days ago', sent, '2027-04-23T08:00:00Z', { is: 'over', because: 'expired' }],
    [
      'given since',
      { ...sent, state: 'satisfied' },
      '2027-03-25T00:00:00Z',
      { is: 'over', because: 'satisfied' },
    ],
    [
      'too late to send',
      { ...asked, state: 'late' },
      '2027-03-27T00:00:00Z',
      { is: 'over', because: 'expired' },
    ],
  ] as const)('%s', (_name, reminder, now, offer) => {
    expect(offerFor(reminder, at(now))).toEqual(offer);
  });
});
