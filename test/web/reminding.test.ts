// The days on which a reader who has given may be asked again.
import { expect, test } from 'vitest';
import { remindingDays } from '../../src/web/reminding.tsx';

const riga = { timeZone: 'Europe/Riga', discreet: false };
const offered = (now: string, endsAt: string | null = null) =>
  remindingDays(new Date(now), riga, endsAt === null ? null : new Date(endsAt)).days.map(
    ({ span, sendOn }) => `${span} ${sendOn}`,
  );

test.each([
  [
    'after a gift',
    '2027-02-24T12:00:00Z',
    null,
    ['quarter 2027-05-24', 'half-year 2027-08-24', 'year 2028-02-24'],
  ],
  [
    'when what was paid for runs out in a month',
    '2027-02-24T12:00:00Z',
    '2027-03-24T12:00:00Z',
    ['after-ending 2027-04-24', 'quarter 2027-05-24', 'half-year 2027-08-24', 'year 2028-02-24'],
  ],
  [
    'when it runs out in half a year',
    '2027-02-24T12:00:00Z',
    '2027-08-23T12:00:00Z',
    ['after-ending 2027-09-23', 'year 2028-02-24'],
  ],
  ['when it runs out in a year', '2027-02-24T12:00:00Z', '2028-02-24T12:00:00Z', ['after-ending 2028-03-24']],
  [
    'when a month later is too far away',
    '2027-01-31T12:00:00Z',
    '2028-02-28T12:00:00Z',
    ['after-ending 2028-03-06'],
  ],
  ['when every day is too far away', '2027-01-31T12:00:00Z', '2028-03-05T12:00:00Z', []],
  [
    'when a month later is one of the others',
    '2027-02-24T12:00:00Z',
    '2027-04-24T12:00:00Z',
    ['after-ending 2027-05-24', 'half-year 2027-08-24', 'year 2028-02-24'],
  ],
])('%s', (_name, now, endsAt, days) => {
  expect(offered(now, endsAt)).toEqual(days);
});

test('the publication’s own discretion needs no asking', () => {
  expect(remindingDays(new Date('2027-02-24T12:00:00Z'), { ...riga, discreet: true }).asksDiscretion).toBe(
    false,
  );
});
