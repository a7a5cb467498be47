// Drawn: random histories of a handful of people, written as the ledger keeps them, and counted naively from what was drawn.
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import type { Period } from '../../src/values/period.ts';
import type { History, Seen } from './history.ts';

const begin = Date.parse('2024-12-01T00:00:00Z');
const lastHour = 19 * 30 * 24;
const inUtc = (hour: number) => new Date(begin + hour * 3_600_000);

/** The same hour by the clocks of a place; one that a clock change skips is the hour after. */
export function byClocksOf(zone: string): typeof inUtc {
  return (hour) => {
    const wall = inUtc(hour).toISOString().slice(0, -1);
    return new Date(Temporal.PlainDateTime.from(wall).toZonedDateTime(zone).epochMilliseconds);
  };
}

const drawnGift = fc.record({
  hour: fc.integer({ min: 0, max: lastHour }),
  amount: fc.integer({ min: 1, max: 90 }).map((tens) => tens * 10),
  currency: fc.constantFrom('USD', 'EUR'),
  /** Hundredths of a dollar that a euro brought; null before Stripe has told. */
  rate: fc.option(fc.integer({ min: 50, max: 200 }), { freq: 8 }),
  back: fc.option(
    fc.record({ after: fc.integer({ min: 1, max: 2_000 }), whole: fc.boolean(), fails: fc.boolean() }),
    { freq: 2 },
  ),
});

const drawnPlan = fc.record({
  currency: fc.constantFrom('USD', 'EUR'),
  interval: fc.constantFrom('month' as const, 'year' as const),
  amount: fc.integer({ min: 1, max: 5_000 }),
  begins: fc.integer({ min: 0, max: lastHour - 2_000 }),
  paidUntil: fc.integer({ min: 14_000, max: 22_000 }),
  steps: fc.array(
    fc.record({
      after: fc.integer({ min: 1, max: 1_500 }),
      standing: fc.constantFrom('active' as const, 'past_due' as const, 'paused' as const, 'unpaid' as const),
      amount: fc.integer({ min: 1, max: 5_000 }),
      asks: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
  ends: fc.option(fc.record({ after: fc.integer({ min: 1, max: 1_500 }), lost: fc.boolean() })),
});

export const drawnPeople = fc.array(
  fc.record({
    gifts: fc.array(drawnGift, { maxLength: 7 }),
    plans: fc.array(drawnPlan, { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 6 },
);
type Drawn = typeof drawnPeople extends fc.Arbitrary<infer People> ? People : never;

export interface Gift {
  at: Date;
  amount: number;
  currency: string;
  /** What a minor unit of it is worth in dollars; null where nobody knows. */
  rate: number | null;
  back: { at: Date; amount: number; failsAt: Date | null } | null;
}

export interface Look {
  at: Date;
  standing: 'active' | 'past_due' | 'paused' | 'unpaid' | 'ended';
  amount: number;
  askedAt: Date | null;
}

export interface Plan {
  currency: string;
  interval: 'month' | 'year';
  looks: Look[];
  paidUntil: Date;
}

export interface Person {
  id: string;
  gifts: Gift[];
  plans: Plan[];
}

/** Writes what was drawn, and says in plain words what was written. */
export async function live(history: History, drawn: Drawn, momentOf = inUtc): Promise<Person[]> {
  const people: Person[] = [];
  for (const { gifts, plans } of drawn) {
    const id = await history.reader();
    const person: Person = {
      id,
      gifts: gifts.map((gift) => giftOf(gift, momentOf)),
      plans: plans.map((plan) => planOf(plan, momentOf)),
    };
    for (const gift of person.gifts) await write(history, id, gift);
    for (const plan of person.plans) await history.promises(id, { ...plan, ...seenOf(plan) });
    people.push(person);
  }
  return people;
}

function giftOf(
  { hour, amount, currency, rate, back }: Drawn[number]['gifts'][number],
  momentOf: typeof inUtc,
): Gift {
  return {
    at: momentOf(hour),
    amount,
    currency,
    rate: currency === 'USD' ? 1 : rate === null ? null : rate / 100,
    back: back && {
      at: momentOf(hour + back.after),
      amount: back.whole ? amount : Math.ceil(amount / 4),
      failsAt: back.fails ? momentOf(hour + back.after + 500) : null,
    },
  };
}

async function write(history: History, readerId: string, gift: Gift): Promise<void> {
  const { currency, rate, back } = gift;
  const settled =
    currency === 'EUR' && rate !== null
      ? { settled: { amount: Math.round(gift.amount * rate), fee: 0, currency: 'USD' } }
      : {};
  const id = await history.gives(readerId, {
    at: gift.at.toISOString(),
    amount: gift.amount,
    currency,
    ...settled,
  });
  if (!back) return;
  await history.returns(id, currency, { kind: 'refund', at: back.at.toISOString(), amount: back.amount });
  if (back.failsAt) {
    const failsAt = back.failsAt.toISOString();
    await history.returns(id, currency, { kind: 'refund_failed', at: failsAt, amount: back.amount });
  }
}

function planOf(drawn: Drawn[number]['plans'][number], momentOf: typeof inUtc): Plan {
  let hour = drawn.begins;
  let { amount } = drawn;
  const looks: Look[] = [{ at: momentOf(hour), standing: 'active', amount, askedAt: null }];
  for (const step of drawn.steps) {
    hour += step.after;
    amount = step.amount;
    const at = momentOf(hour);
    looks.push({ at, standing: step.standing, amount, askedAt: step.asks ? at : null });
  }
  if (drawn.ends) {
    const at = momentOf(hour + drawn.ends.after);
    // As Stripe does, also where it ends a plan by itself.
    looks.push({ at, standing: 'ended', amount, askedAt: drawn.ends.lost ? null : at });
  }
  return { ...drawn, looks, paidUntil: momentOf(drawn.paidUntil) };
}

function seenOf({ looks, paidUntil }: Plan): { amount: number; seen: Seen[]; paidUntil: string } {
  return {
    amount: looks[0]?.amount ?? 0,
    paidUntil: paidUntil.toISOString(),
    seen: looks.map(({ at, standing, amount, askedAt }) => ({
      at: at.toISOString(),
      standing,
      amount,
      // Stripe dates an end of its own making as if it had been asked for.
      ...((askedAt || standing === 'ended') && { cancelRequestedAt: (askedAt ?? at).toISOString() }),
      ...(standing === 'ended' && {
        endedAt: at.toISOString(),
        endReason: askedAt ? ('voluntary' as const) : ('involuntary' as const),
      }),
    })),
  };
}

export function isIn(piece: Pick<Period, 'startsAt' | 'endsAt'>, at: Date): boolean {
  return piece.startsAt <= at && at < piece.endsAt;
}

/** What stayed of a gift, counting only what went back before the end of a piece of time. */
export function keptUntil(gift: Gift, endsAt: Date): number {
  if (!gift.back || gift.back.at >= endsAt) return gift.amount;
  const cameBack = gift.back.failsAt !== null && gift.back.failsAt < endsAt;
  return cameBack ? gift.amount : gift.amount - gift.back.amount;
}

/** What a person gave in a piece of time, and whether anything of it stayed; null where they gave nothing that did. */
export function givenIn(
  person: Person,
  piece: Pick<Period, 'startsAt' | 'endsAt'>,
  inDollars = false,
): number | null {
  const kept = person.gifts
    .filter((gift) => isIn(piece, gift.at))
    .map((gift) => ({ kept: keptUntil(gift, piece.endsAt), rate: inDollars ? settledRate(gift) : 1 }))
    .filter((gift) => gift.kept > 0);
  return kept.length === 0 ? null : kept.reduce((sum, gift) => sum + gift.kept * (gift.rate ?? 0), 0);
}

/** Stripe tells a settled amount in whole cents. */
function settledRate(gift: Gift): number | null {
  return gift.rate === null ? null : Math.round(gift.amount * gift.rate) / gift.amount;
}

/** The same people as if they had only ever given and promised in one currency. */
export function alone(people: readonly Person[], currency: string): Person[] {
  return people.map((person) => ({
    ...person,
    gifts: person.gifts.filter((gift) => gift.currency === currency),
    plans: person.plans.filter((plan) => plan.currency === currency),
  }));
}

export function firstGiftAt(person: Person): Date | null {
  const [first] = person.gifts.map(({ at }) => at).toSorted((a, b) => a.getTime() - b.getTime());
  return first ?? null;
}

/** How a plan stood just before a moment; null before it began. */
export function lookBefore(plan: Plan, moment: Date): Look | null {
  return plan.looks.findLast(({ at }) => at < moment) ?? null;
}

/** Monthly minor units of a plan that counts just before a moment, else 0. */
export function monthlyBefore(plan: Plan, moment: Date): number {
  const look = lookBefore(plan, moment);
  if (look?.standing !== 'active' && look?.standing !== 'past_due') return 0;
  return plan.interval === 'year' ? look.amount / 12 : look.amount;
}

export function standsBefore(person: Person, moment: Date): boolean {
  return person.plans.some((plan) => {
    const standing = lookBefore(plan, moment)?.standing;
    return standing === 'active' || standing === 'past_due' || standing === 'paused';
  });
}

export function countsBefore(person: Person, moment: Date): boolean {
  return person.plans.some((plan) => monthlyBefore(plan, moment) > 0);
}

/** The moments at which a person's last running plan ended. */
export function leavings(person: Person): Date[] {
  const moments = [...new Set(person.plans.flatMap((plan) => plan.looks.map(({ at }) => at.getTime())))];
  return moments
    .map((moment) => new Date(moment))
    .filter((at) => standsBefore(person, at) && !standsBefore(person, new Date(at.getTime() + 1)));
}
