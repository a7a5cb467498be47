// Movements: worked examples, and what holds for any history of a supporter.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimalOfTwelfths, type FoldedLook, foldMovements } from '../../src/ledger/movement.ts';

const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n));

function look(on: number, changes: Partial<FoldedLook> = {}): FoldedLook {
  return {
    lookedAt: day(on),
    standing: 'active',
    amountMinor: 500n,
    currency: 'USD',
    interval: 'month',
    startedAt: day(0),
    endedAt: null,
    endReason: null,
    ...changes,
  };
}

const ended = (
  on: number,
  endReason: 'voluntary' | 'involuntary' = 'voluntary',
  changes: Partial<FoldedLook> = {},
) => look(on, { standing: 'ended', endedAt: day(on), endReason, ...changes });

/** `day movement amount`, the amount in minor units a month. */
function told(plans: FoldedLook[][]): string[] {
  return foldMovements(plans).map(
    (each) =>
      `${Math.round((each.happenedAt.getTime() - day(0).getTime()) / 86_400_000)} ${each.movement} ${Number(each.twelfths) / 12}`,
  );
}

describe('worked examples', () => {
  const cases: [string, FoldedLook[][], string[]][] = [
    ['a beginning is new, on the day it began', [[look(0)]], ['0 new 500']],
    ['an unfinished first payment is nothing', [[look(0, { standing: 'incomplete' })]], []],
    [
      'finished later, it counts from its beginning',
      [[look(0, { standing: 'incomplete' }), look(1)]],
      ['0 new 500'],
    ],
    ['a yearly plan counts a twelfth', [[look(0, { interval: 'year', amountMinor: 6000n })]], ['0 new 500']],
    ['more is expansion', [[look(0), look(9, { amountMinor: 800n })]], ['0 new 500', '9 expansion 300']],
    ['less is contraction', [[look(0), look(9, { amountMinor: 200n })]], ['0 new 500', '9 contraction -300']],
    ['past due still counts', [[look(0), look(9, { standing: 'past_due' })]], ['0 new 500']],
    ['ended by the reader', [[look(0), ended(9)]], ['0 new 500', '9 churn_voluntary -500']],
    [
      'lost to a failing card',
      [[look(0), ended(9, 'involuntary')]],
      ['0 new 500', '9 churn_involuntary -500'],
    ],
    [
      'unpaid is lost too',
      [[look(0), look(9, { standing: 'unpaid' })]],
      ['0 new 500', '9 churn_involuntary -500'],
    ],
    [
      'unpaid and then paid after all comes back',
      [[look(0), look(9, { standing: 'unpaid' }), look(12)]],
      ['0 new 500', '9 churn_involuntary -500', '12 reactivation 500'],
    ],
    [
      'a pause and its end are their own lines',
      [[look(0), look(5, { standing: 'paused' }), look(8)]],
      ['0 new 500', '5 paused -500', '8 resumed 500'],
    ],
    [
      'ended while paused is a supporter who left, with no money',
      [[look(0), look(5, { standing: 'paused' }), ended(8)]],
      ['0 new 500', '5 paused -500', '8 churn_voluntary 0'],
    ],
    [
      'someone with all plans paused who starts another: expansion',
      [[look(0), look(5, { standing: 'paused' })], [look(8, { startedAt: day(8) })]],
      ['0 new 500', '5 paused -500', '8 expansion 500'],
    ],
    [
      'a second plan is expansion, the end of one of two is contraction',
      [
        [look(0)],
        [look(4, { startedAt: day(4), amountMinor: 200n }), ended(9, 'voluntary', { startedAt: day(4) })],
      ],
      ['0 new 500', '4 expansion 200', '9 contraction -200'],
    ],
    ['two plans begun together are one new', [[look(0)], [look(0, { amountMinor: 100n })]], ['0 new 600']],
    [
      'one ended and one begun at the same instant is netted',
      [[look(0), ended(9)], [look(9, { startedAt: day(9), amountMinor: 700n })]],
      ['0 new 500', '9 expansion 200'],
    ],
    [
      'gone and come back later is reactivation',
      [[look(0), ended(9)], [look(30, { startedAt: day(30) })]],
      ['0 new 500', '9 churn_voluntary -500', '30 reactivation 500'],
    ],
    [
      'each currency is its own promise',
      [[look(0)], [look(3, { startedAt: day(3), currency: 'EUR' })]],
      ['3 new 500', '0 new 500'],
    ],
  ];
  test.each(cases)('%s', (_sentence, plans, movements) => {
    expect(told(plans)).toEqual(movements);
  });
});

test('a twelfth is kept to twelve decimals', () => {
  expect(decimalOfTwelfths(1n)).toBe('0.083333333333');
  expect(decimalOfTwelfths(-1000n)).toBe('-83.333333333333');
  expect(decimalOfTwelfths(6000n)).toBe('500.000000000000');
});

describe('for any history', () => {
  const anyLook = fc.record({
    standing: fc.constantFrom('incomplete', 'active', 'past_due', 'paused', 'unpaid', 'ended' as const),
    amountMinor: fc.bigInt(1n, 100_000n),
    gap: fc.integer({ min: 0, max: 40 }),
    endReason: fc.constantFrom('voluntary', 'involuntary' as const),
  });
  const anyPlan = fc
    .record({
      interval: fc.constantFrom('month', 'year' as const),
      currency: fc.constantFrom('USD', 'EUR'),
      start: fc.integer({ min: 0, max: 300 }),
      looks: fc.array(anyLook, { minLength: 1, maxLength: 6 }),
    })
    .map(({ interval, currency, start, looks }) => {
      let on = start;
      const plan: FoldedLook[] = [];
      for (const { gap, standing, amountMinor, endReason } of looks) {
        on += gap;
        const over = standing === 'ended';
        plan.push(
          look(on, {
            standing,
            amountMinor,
            interval,
            currency,
            startedAt: day(start),
            endedAt: over ? day(on) : null,
            endReason: over ? endReason : null,
          }),
        );
        if (over) break;
      }
      return plan;
    });
  const anyHistory = fc.array(anyPlan, { minLength: 1, maxLength: 4 });

  test('movements add up to what is promised in the end', () => {
    fc.assert(
      fc.property(anyHistory, (plans) => {
        for (const currency of ['USD', 'EUR']) {
          const sum = foldMovements(plans)
            .filter((each) => each.currency === currency)
            .reduce((total, each) => total + each.twelfths, 0n);
          const promised = plans.reduce((total, plan) => {
            const last = plan.at(-1);
            if (!last || last.currency !== currency) return total;
            const counting = last.standing === 'active' || last.standing === 'past_due';
            return counting
              ? total + (last.interval === 'month' ? last.amountMinor * 12n : last.amountMinor)
              : total;
          }, 0n);
          expect(sum).toBe(promised);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('the promise is never negative, and each kind moves it its own way', () => {
    const up = ['new', 'reactivation', 'expansion', 'resumed'];
    fc.assert(
      fc.property(anyHistory, (plans) => {
        for (const currency of ['USD', 'EUR']) {
          let promised = 0n;
          const movements = foldMovements(plans).filter((each) => each.currency === currency);
          expect(movements.filter((each) => each.movement === 'new').length).toBeLessThanOrEqual(1);
          for (const each of movements) {
            if (up.includes(each.movement)) expect(each.twelfths).toBeGreaterThan(0n);
            else expect(each.twelfths).toBeLessThanOrEqual(0n);
            promised += each.twelfths;
          }
          expect(promised).toBeGreaterThanOrEqual(0n);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('the order of plans does not matter', () => {
    fc.assert(
      fc.property(anyHistory, (plans) => {
        expect(foldMovements(plans.toReversed())).toEqual(foldMovements(plans));
      }),
      { numRuns: 1000 },
    );
  });
});
