// When a subscription's periods begin: counted from its anchor, so that the 31st comes back after a short month.

interface Rhythm {
  interval: 'day' | 'month' | 'week' | 'year';
  count: number;
}

export function rhythmOf(recurring: { interval: string; interval_count: number }): Rhythm {
  const { interval } = recurring;
  if (interval === 'day' || interval === 'week' || interval === 'month' || interval === 'year') {
    return { interval, count: recurring.interval_count };
  }
  throw new Error(`No such interval: ${interval}`);
}

/** The first moment of the series from `anchor` that lies after `after`; all in unix seconds, in UTC as Stripe counts. */
export function nextPeriodStart(anchor: number, rhythm: Rhythm, after: number): number {
  if (anchor > after) return anchor;
  let step = Math.max(0, Math.floor((after - anchor) / longest(rhythm)) - 1);
  while (nth(anchor, rhythm, step) <= after) step += 1;
  return nth(anchor, rhythm, step);
}

function nth(anchor: number, rhythm: Rhythm, n: number): number {
  const units = n * rhythm.count;
  if (rhythm.interval === 'day') return anchor + units * 86_400;
  if (rhythm.interval === 'week') return anchor + units * 7 * 86_400;
  const start = new Date(anchor * 1000);
  const months = start.getUTCMonth() + units * (rhythm.interval === 'year' ? 12 : 1);
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), months + 1, 0)).getUTCDate();
  const day = Math.min(start.getUTCDate(), lastDay);
  const midnight = Date.UTC(start.getUTCFullYear(), months, day) / 1000;
  return midnight + (((anchor % 86_400) + 86_400) % 86_400);
}

function longest(rhythm: Rhythm): number {
  const days = { day: 1, week: 7, month: 31, year: 366 }[rhythm.interval];
  return days * 86_400 * rhythm.count;
}
