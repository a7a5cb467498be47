// Moments as other systems write them: a day, or a day and a time with or without its offset.
import { Temporal } from 'temporal-polyfill';
import { addDays, isDate, startOfDay } from '../../values/calendar.ts';

export type ReadMoment = (text: string) => Date | null;

/**
 * Reads `2024-03-01` (midnight in this zone), `2024-03-01T12:30:00Z`, `2024-03-01 12:30+02:00`, and, without an offset, a time
 * in this zone. Null for anything else. Days come again and again in a file: each is reckoned once.
 */
export function momentsIn(zone: string): ReadMoment {
  const days = new Map<string, { start: number; even: boolean } | null>();
  return (text) => {
    const [, day = '', hour, minute = '', second = '00', fraction = '', offset] = pattern.exec(text) ?? [];
    if (!days.has(day)) {
      if (days.size >= mostDays) days.clear();
      days.set(day, dayOf(day, zone));
    }
    const known = days.get(day);
    if (!known) return null;
    if (hour === undefined) return new Date(known.start);
    if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
    const time = `${hour}:${minute}:${second}`;
    const thousandths = fraction === '' ? 0 : Math.floor(Number(`0${fraction}`) * 1000);
    if (offset === undefined) {
      const sinceStart = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
      return new Date((known.even ? known.start + sinceStart : onTheClock(day, time, zone)) + thousandths);
    }
    const instant = Date.parse(`${day}T${time}${withColon(offset)}`);
    return Number.isNaN(instant) ? null : new Date(instant + thousandths);
  };
}

const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;
const mostDays = 20_000;

/** `even`: no clock change falls into it. */
function dayOf(day: string, zone: string): { start: number; even: boolean } | null {
  if (!isDate(day)) return null;
  const start = startOfDay(day, zone).getTime();
  const isEven = startOfDay(addDays(day, 1), zone).getTime() - start === 86_400_000;
  return { start, even: isEven };
}

function onTheClock(day: string, time: string, zone: string): number {
  return Temporal.PlainDateTime.from(`${day}T${time}`).toZonedDateTime(zone).epochMilliseconds;
}

function withColon(offset: string): string {
  return offset === 'Z' || offset.includes(':') ? offset : `${offset.slice(0, 3)}:${offset.slice(3)}`;
}
