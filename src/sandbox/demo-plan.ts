// A year of made-up readers, decided beforehand: who comes when, what they give, and what becomes of it. The same seed is the same year.
import { limitsFor, type OfferedCurrency } from '../values/limits.ts';
import type { Locale } from '../values/locale.ts';
import type { Frequency } from '../values/money.ts';

export interface MadeUpReader {
  number: number;
  address: string;
  name: string;
  /** A network of their own, from the ranges kept for documentation (RFC 5737, RFC 3849). */
  network: string;
  locale: Locale;
  country: string;
  currency: OfferedCurrency;
  timeZone: string;
  /** Stripe's test card of their country. */
  card: string;
}

export interface Wish {
  frequency: Frequency;
  amountMinor: number;
  coverFees: boolean;
  source: { article?: string; campaign?: string; component: string; referrer?: string };
}

export type ReminderEnd = 'give' | 'nearly give' | 'put off' | 'unsubscribe' | 'stop early' | 'leave it';

export type Act =
  /** The cards are tried one after the other, as a person would. */
  | { does: 'give'; wish: Wish; cards: string[] }
  | { does: 'walk away'; wish: Wish }
  | { does: 'take back'; whole: boolean }
  | { does: 'end' | 'pause' | 'resume' | 'mend the card' }
  | { does: 'change'; amountMinor: number }
  | { does: 'ask to be reminded'; when: string; confirms: boolean; end: ReminderEnd; wish: Wish };

export interface Planned {
  at: Date;
  reader: MadeUpReader;
  act: Act;
}

/** What `count` readers do between two moments, in the order of time; they are numbered from `first` on. */
export function planYear(span: { begins: Date; ends: Date; first: number; count: number }): Planned[] {
  const { begins, ends, first, count } = span;
  const days = weighDays(begins, ends);
  const planned: Planned[] = [];
  for (let number = first; number < first + count; number += 1) {
    const chance = chanceOf(number);
    const reader = makeUp(number, chance);
    const day = chance.weighted(days);
    planned.push(...lifeOf(reader, hourOf(day, chance), chance));
  }
  return planned
    .filter(({ at }) => at >= begins && at < ends)
    .sort((a, b) => a.at.getTime() - b.at.getTime() || a.reader.number - b.reader.number);
}

const dayMs = 86_400_000;

/** The publication grows over the year; spring and the year's end have campaigns, July is slow. */
function weighDays(begins: Date, ends: Date): [Date, number][] {
  const whole = Math.max(1, Math.floor((ends.getTime() - begins.getTime()) / dayMs));
  return Array.from({ length: whole }, (_, index) => {
    const day = new Date(begins.getTime() + index * dayMs);
    const growth = 0.7 + (0.9 * index) / whole;
    const weekend = [0, 6].includes(day.getUTCDay()) ? 0.8 : 1;
    const pull = { spring: 3.2, 'year-end': 3.4, none: day.getUTCMonth() === 6 ? 0.6 : 1 };
    return [day, growth * weekend * pull[campaignOn(day) ?? 'none']];
  });
}

function campaignOn(day: Date): 'spring' | 'year-end' | null {
  const [month, date] = [day.getUTCMonth() + 1, day.getUTCDate()];
  if ((month === 4 && date >= 20) || (month === 5 && date <= 14)) return 'spring';
  return month === 12 ? 'year-end' : null;
}

function hourOf(day: Date, chance: Chance): Date {
  const midnight = Math.floor(day.getTime() / dayMs) * dayMs;
  return new Date(midnight + Math.floor((6 + chance.next() * 16) * 3_600_000));
}

function later(from: Date, days: number, chance: Chance): Date {
  return hourOf(new Date(from.getTime() + days * dayMs), chance);
}

/** Everything that a reader does of their own accord, from the first day on. */
function lifeOf(reader: MadeUpReader, at: Date, chance: Chance): Planned[] {
  const does = (when: Date, act: Act): Planned => ({ at: when, reader, act });
  // One in so many, so that every year has one.
  const story = reader.number % 350 === 60 ? 'once, disputed' : chance.weighted(stories);
  const frequency: Frequency = story.startsWith('month') ? 'month' : story === 'year' ? 'year' : 'once';
  const wish = wishOf(reader, frequency, at, chance);
  const give = (when: Date, wished: Wish, ...declined: string[]) =>
    does(when, { does: 'give', wish: wished, cards: [...declined, cardFor(reader, wished, chance)] });
  const wait = (low: number, high: number) => low + chance.next() * (high - low);

  switch (story) {
    case 'once':
      return [give(at, wish, ...(chance.hit(0.08) ? ['4000000000000002'] : []))];
    case 'once, and again': {
      const again = later(at, wait(40, 120), chance);
      const third = later(again, wait(50, 130), chance);
      return [at, again, ...(chance.hit(0.5) ? [third] : [])].map((when) =>
        give(when, wishOf(reader, 'once', when, chance)),
      );
    }
    case 'once, then every month': {
      const when = later(at, wait(30, 90), chance);
      return [give(at, wish), give(when, wishOf(reader, 'month', when, chance))];
    }
    case 'once, taken back':
      return [
        give(at, wish),
        does(later(at, wait(1, 9), chance), { does: 'take back', whole: chance.hit(0.7) }),
      ];
    case 'once, disputed':
      return [does(at, { does: 'give', wish, cards: ['4000000000000259'] })];
    case 'a debit that fails':
      return [
        does(at, { does: 'give', wish, cards: [reader.currency === 'EUR' ? badDebit : '4000000000009995'] }),
      ];
    case 'month':
    case 'year':
      return [give(at, wish, ...(chance.hit(0.05) ? ['4000000000009995'] : []))];
    case 'month, ended':
      return [give(at, wish), does(later(at, wait(35, 200), chance), { does: 'end' })];
    case 'month, ended and begun anew': {
      const end = later(at, wait(35, 70), chance);
      const again = later(end, wait(60, 130), chance);
      return [
        give(at, wish),
        does(end, { does: 'end' }),
        give(again, wishOf(reader, 'month', again, chance)),
      ];
    }
    case 'month, raised or lowered': {
      const factor = chance.weighted([
        [2, 5],
        [1.5, 3],
        [0.6, 4],
      ]);
      const amountMinor = rounded(reader.currency, wish.amountMinor * factor, 'month');
      return [give(at, wish), does(later(at, wait(40, 150), chance), { does: 'change', amountMinor })];
    }
    case 'month, paused': {
      const pause = later(at, wait(40, 110), chance);
      return [
        give(at, wish),
        does(pause, { does: 'pause' }),
        ...(chance.hit(0.7) ? [does(later(pause, wait(50, 90), chance), { does: 'resume' })] : []),
      ];
    }
    case 'month, card fails':
      return [does(at, { does: 'give', wish, cards: [failsLater] })];
    case 'month, card fails and is mended': {
      // Between the first failed attempt, a month and an hour after the beginning, and the last, fifteen days later.
      const mended = later(at, 36, chance);
      return [does(at, { does: 'give', wish, cards: [failsLater] }), does(mended, { does: 'mend the card' })];
    }
    case 'walks away':
      return [does(at, { does: 'walk away', wish })];
    case 'reminder': {
      const end = chance.weighted(reminderEnds);
      return [
        does(at, {
          does: 'ask to be reminded',
          when: chance.weighted(spans),
          confirms: chance.hit(0.76),
          end,
          // What is given in the end: every third time a promise.
          wish: wishOf(reader, chance.hit(0.35) ? 'month' : 'once', at, chance, 'reminder'),
        }),
      ];
    }
  }
}

const failsLater = '4000000000000341';
const badDebit = 'AT861904300235473202';
const goodDebits = ['DE89370400440532013000', 'AT611904300234573201'] as const;

const stories = [
  ['once', 108],
  ['once, and again', 32],
  ['once, then every month', 10],
  ['once, taken back', 7],
  ['a debit that fails', 4],
  ['month', 66],
  ['month, ended', 18],
  ['month, ended and begun anew', 4],
  ['month, raised or lowered', 14],
  ['month, paused', 6],
  ['month, card fails', 8],
  ['month, card fails and is mended', 5],
  ['year', 20],
  ['walks away', 14],
  ['reminder', 74],
] as const;

const reminderEnds: readonly (readonly [ReminderEnd, number])[] = [
  ['give', 36],
  ['nearly give', 9],
  ['put off', 14],
  ['unsubscribe', 8],
  ['stop early', 6],
  ['leave it', 27],
];

const spans = [
  ['week', 20],
  ['month', 55],
  ['quarter', 20],
  ['half-year', 5],
] as const;

const homes: readonly (readonly [
  Omit<MadeUpReader, 'number' | 'address' | 'name' | 'network' | 'locale'>,
  number,
])[] = [
  [home('US', 'USD', 'America/New_York', '4242424242424242'), 30],
  [home('US', 'USD', 'America/Los_Angeles', '5555555555554444'), 14],
  [home('DE', 'EUR', 'Europe/Berlin', '4000002760000016'), 11],
  [home('FR', 'EUR', 'Europe/Paris', '4000002500000003'), 6],
  [home('NL', 'EUR', 'Europe/Amsterdam', '4000005280000002'), 4],
  [home('LV', 'EUR', 'Europe/Riga', '4000004280000005'), 5],
  [home('GB', 'GBP', 'Europe/London', '4000008260000000'), 14],
  [home('CA', 'CAD', 'America/Toronto', '4000001240000000'), 4],
  [home('CH', 'CHF', 'Europe/Zurich', '4000007560000009'), 3],
  [home('SE', 'SEK', 'Europe/Stockholm', '4000007520000008'), 3],
  [home('PL', 'PLN', 'Europe/Warsaw', '4000006160000005'), 3],
  [home('JP', 'JPY', 'Asia/Tokyo', '4000003920000003'), 2],
  [home('GE', 'GEL', 'Asia/Tbilisi', '4242424242424242'), 1],
];

function home(country: string, currency: OfferedCurrency, timeZone: string, card: string) {
  return { country, currency, timeZone, card };
}

function makeUp(number: number, chance: Chance): MadeUpReader {
  const numeral = String(number).padStart(3, '0');
  const lives = chance.weighted(homes);
  const speaksRussian = chance.hit(['LV', 'DE', 'GE'].includes(lives.country) ? 0.5 : 0.14);
  return {
    number,
    address: `reader-${numeral}@example.org`,
    name: `Reader ${numeral}`,
    network: networkOf(number),
    locale: speaksRussian ? 'ru' : 'en',
    ...lives,
  };
}

function networkOf(number: number): string {
  const ranges = ['192.0.2', '198.51.100', '203.0.113'];
  const range = ranges[Math.floor((number - 1) / 254)];
  return range === undefined ? `2001:db8:${number.toString(16)}::1` : `${range}.${((number - 1) % 254) + 1}`;
}

function wishOf(
  reader: MadeUpReader,
  frequency: Frequency,
  on: Date,
  chance: Chance,
  component?: string,
): Wish {
  const { presets, suggested } = limitsFor(reader.currency, frequency);
  const [first, second, third, fourth] = presets.map(Number) as [number, number, number, number];
  const preset = chance.weighted([
    [first, 34],
    [second, 34],
    [third, 16],
    [fourth, 5],
    [rounded(reader.currency, Number(suggested) * 1.4, frequency), 6],
    [rounded(reader.currency, Number(suggested) * 0.6, frequency), 5],
  ]);
  const campaign = campaignOn(on);
  const carries = campaign !== null && chance.hit(0.75);
  const came = component ?? chance.weighted(components);
  const referrer = chance.weighted(referrers);
  return {
    frequency,
    amountMinor: preset,
    coverFees: chance.hit(frequency === 'once' ? 0.28 : 0.38),
    source: {
      component: came,
      ...(came === 'appeal' || came === 'reminder' ? { article: chance.weighted(articles) } : {}),
      ...(carries ? { campaign } : {}),
      ...(referrer !== '' && { referrer }),
    },
  };
}

const components = [
  ['appeal', 58],
  ['header', 18],
  ['newsletter', 16],
  ['footer', 8],
] as const;

const articles = [
  ['the-river-that-moved', 24],
  ['a-school-in-two-shifts', 17],
  ['what-the-harbour-kept', 14],
  ['the-last-night-train', 11],
  ['who-owns-the-well', 9],
  ['letters-from-the-border', 9],
  ['the-price-of-bread', 6],
].map(([slug, weight]) => [`https://gazette.example.org/${slug}`, Number(weight)] as const);

const referrers = [
  ['', 52],
  ['search.example.com', 20],
  ['social.example.net', 15],
  ['news.example.com', 8],
  ['mail.example.net', 5],
] as const;

/** Some in the euro's countries pay by debit, which settles days later; Stripe's promises are kept with cards. */
function cardFor(reader: MadeUpReader, wish: Wish, chance: Chance): string {
  const debits = reader.currency === 'EUR' && wish.frequency === 'once' && chance.hit(0.3);
  return debits ? goodDebits[reader.number % 2 === 0 ? 0 : 1] : reader.card;
}

/** In whole major units where the currency has cents, in hundreds of yen, within what is taken. */
function rounded(currency: OfferedCurrency, amountMinor: number, frequency: Frequency): number {
  const { minimum, maximum } = limitsFor(currency, frequency);
  const whole = Math.round(amountMinor / 100) * 100;
  return Math.min(Math.max(whole, Number(minimum)), Number(maximum));
}

interface Chance {
  next(): number;
  hit(share: number): boolean;
  weighted<T>(choices: readonly (readonly [T, number])[]): T;
}

/** Numbers that look random and are the same for the same reader in every run. */
function chanceOf(number: number): Chance {
  let state = Math.imul(number, 0x9e3779b1) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    hit: (share) => next() < share,
    weighted(choices) {
      let left = next() * choices.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [choice, weight] of choices) {
        left -= weight;
        if (left < 0) return choice;
      }
      const last = choices.at(-1);
      if (!last) throw new Error('There is nothing to choose from');
      return last[0];
    },
  };
}
