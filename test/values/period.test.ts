// The stretches of time that reports count in have no holes, no overlaps, and the names people expect.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../../src/values/calendar.ts';
import {
  fiscalYear,
  monthOf,
  periodAround,
  periodLengths,
  periodsBetween,
  readRange,
  startOf,
} from '../../src/values/period.ts';

const names = (...range: Parameters<typeof periodsBetween>) =>
  periodsBetween(...range).map((each) => each.firstOn);

describe('periods', () => {
  it('are named by their first day inside; unaligned ends clip', () => {
    expect(names('2026-01-15', '2026-03-02', 'month', 'UTC')).toEqual([
      '2026-01-15',
      '2026-02-01',
      '2026-03-01',
    ]);
    expect(periodsBetween('2026-01-15', '2026-03-02', 'month', 'UTC').at(-1)?.until).toBe('2026-03-02');
  });

  it('begin weeks on Monday', () => {
    expect(names('2026-11-23', '2026-12-10', 'week', 'UTC')).toEqual([
      '2026-11-23',
      '2026-11-30',
      '2026-12-07',
    ]);
    expect(names('2026-11-29', '2026-12-01', 'week', 'UTC')).toEqual(['2026-11-29', '2026-11-30']);
  });

  it('begin years with the fiscal year', () => {
    expect(names('2025-01-01', '2027-01-01', 'year', 'UTC')).toEqual(['2025-01-01', '2026-01-01']);
    expect(names('2025-01-01', '2027-01-01', 'year', 'UTC', 7)).toEqual([
      '2025-01-01',
      '2025-07-01',
      '2026-07-01',
    ]);
    expect(fiscalYear(2015, 'UTC', 10)).toMatchObject({ firstOn: '2015-10-01', until: '2016-10-01' });
    expect(startOf('2026-03-31', 'year', 4)).toBe('2025-04-01');
    expect(startOf('2026-04-01', 'year', 4)).toBe('2026-04-01');
  });

  it('begin and end at local midnight, through changes of the clock', () => {
    const [day] = periodsBetween('2026-03-29', '2026-03-30', 'day', 'Europe/Berlin');
    expect(day?.startsAt.toISOString()).toBe('2026-03-28T23:00:00.000Z');
    expect(day?.endsAt.toISOString()).toBe('2026-03-29T22:00:00.000Z');
  });

  it('are found around an instant', () => {
    const instant = new Date('2026-03-01T04:30:00Z');
    expect(monthOf(instant, 'UTC')).toBe('2026-03-01');
    expect(monthOf(instant, 'America/New_York')).toBe('2026-02-01');
    expect(periodAround(instant, 'week', 'UTC')).toMatchObject({
      firstOn: '2026-02-23',
      until: '2026-03-02',
    });
  });

  it('cover every range whole, each beginning where the one before ended', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000 }),
        fc.integer({ min: 1, max: 900 }),
        fc.constantFrom(...periodLengths),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/Santiago', 'Pacific/Chatham'),
        fc.integer({ min: 1, max: 12 }),
        (offset, length, by, zone, fiscalYearStart) => {
          const from = addDays('2020-01-01', offset);
          const to = addDays(from, length);
          const periods = periodsBetween(from, to, by, zone, fiscalYearStart);
          expect(periods[0]?.firstOn).toBe(from);
          expect(periods.at(-1)?.until).toBe(to);
          periods.forEach((each, i) => {
            expect(each.startsAt.getTime()).toBeLessThan(each.endsAt.getTime());
            const next = periods[i + 1];
            if (!next) return;
            expect([next.firstOn, next.startsAt]).toEqual([each.until, each.endsAt]);
            expect(startOf(next.firstOn, by, fiscalYearStart)).toBe(next.firstOn);
            expect(startOf(each.firstOn, by, fiscalYearStart)).not.toBe(next.firstOn);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the range a report is asked for', () => {
  it.each([
    ['2026-01-01', '2027-01-01', 'month', null],
    ['2026-01-01', '2026-01-02', 'day', null],
    ['2026-01-01', '2026-01-01', 'day', 'period-malformed'],
    ['2026-02-01', '2026-01-01', 'day', 'period-malformed'],
    ['2026-02-30', '2026-03-30', 'day', 'period-malformed'],
    ['2026-01-01', '2027-01-01', 'quarter', 'period-malformed'],
    ['', '', '', 'period-malformed'],
    ['1900-01-01', '2199-12-31', 'day', 'period-too-long'],
    ['0001-01-01', '9999-12-31', 'day', 'period-too-long'],
    ['0001-01-01', '9999-12-31', 'year', 'period-too-long'],
    ['0001-01-01', '2026-01-01', 'year', 'date-too-soon'],
    ['2026-01-01', '9999-12-31', 'year', 'period-too-long'],
    ['2026-01-01', '2500-01-01', 'year', 'date-too-late'],
    ['1900-01-01', '2199-12-31', 'year', null],
  ])('from %j to %j by %j', (from, to, by, code) => {
    const range = readRange(from, to, by);
    expect('code' in range ? range.code : null).toBe(code);
  });
});
