// Who gives again, who leaves and who is missed, for any history: the reports beside a naive count of the same facts.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answerReport, type ReportName } from '../../src/reports/answer.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import type { Row } from '../../src/reports/report.ts';
import { addMonths, localDate } from '../../src/values/calendar.ts';
import { fiscalYear, type Period, period, periodsBetween } from '../../src/values/period.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import {
  alone,
  byClocksOf,
  countsBefore,
  drawnPeople,
  firstGiftAt,
  givenIn,
  isIn,
  keptUntil,
  leavings,
  live,
  lookBefore,
  monthlyBefore,
  type Person,
  standsBefore,
} from './drawn.ts';
import { type History, historyIn } from './history.ts';

const zone = 'Europe/Riga';
const reckoning: Reckoning = { timeZone: zone, fiscalYearStart: 4, reportingCurrency: 'USD' };
const asOf = new Date('2026-06-20T12:00:00Z');
const from = '2025-11-01';
const to = '2026-07-01';
const months = periodsBetween(from, to, 'month', zone);
const whole = period(from, to, zone);
const monthAfter = (days: string) => period(addMonths(days, 1), addMonths(days, 2), zone);
const eightMonths = (by: 1 | -1) => period(addMonths(from, 8 * by), addMonths(to, 8 * by), zone);

function question(wanted: Partial<Question> = {}): Question {
  return ask({ from, to, by: 'month', currency: 'USD', ...wanted }, reckoning, asOf);
}

// Of a few rows quicker than to truncate.
const forgetAll = [
  'payment_failures',
  'adjustments',
  'payments',
  'membership_changes',
  'membership_looks',
  'memberships',
  'readers',
]
  .map((table) => `delete from ${table}`)
  .join(';');

// Busy machines are slow.
vi.setConfig({ testTimeout: 60_000 });

describe('for any history', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
  });

  afterAll(() => fresh.drop());

  /** Lets people live, and compares what is told of them. */
  function holds(check: (people: Person[]) => Promise<void>, numRuns = 15): Promise<void> {
    return fc.assert(
      fc.asyncProperty(drawnPeople, async (drawn) => {
        await fresh.pool.query(forgetAll);
        await check(await live(history, drawn));
      }),
      { numRuns },
    );
  }

  const told = (name: ReportName, wanted: Partial<Question> = {}) =>
    answerReport(history.database, name, question(wanted));

  const share = (part: number, of: number) => (of === 0 ? null : part / of);
  const close = (value: number | null) => (value === null ? null : expect.closeTo(value, 9));

  function retentionOf(people: readonly Person[], piece: Period, next: Period): Row {
    const donors = people.filter((person) => givenIn(person, piece) !== null);
    const isNew = (person: Person) => isIn(piece, firstGiftAt(person) ?? new Date(0));
    const again = (person: Person) => givenIn(person, next) !== null;
    const fresh = donors.filter(isNew);
    const retained = donors.filter(again);
    const freshRetained = fresh.filter(again);
    const repeat = donors.length - fresh.length;
    const repeatRetained = retained.length - freshRetained.length;
    const rate = (part: number, of: number) => (next.endsAt > asOf ? null : share(part, of));
    return {
      donors: donors.length,
      retained: retained.length,
      rate: rate(retained.length, donors.length),
      new_donors: fresh.length,
      new_retained: freshRetained.length,
      new_rate: rate(freshRetained.length, fresh.length),
      repeat_donors: repeat,
      repeat_retained: repeatRetained,
      repeat_rate: rate(repeatRetained, repeat),
    };
  }

  const withRates = (row: Row): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        name.includes('rate') ? close(typeof value === 'number' ? value : null) : value,
      ]),
    );

  it('retention is whoever gave and gave again', async () => {
    await holds(async (people) => {
      for (const currency of ['USD', 'reporting'] as const) {
        const counted = currency === 'USD' ? alone(people, 'USD') : people;
        const { rows, totals } = await told('retention', { currency });
        const expected = months.map((month) => ({
          period: month.firstOn,
          ...withRates(retentionOf(counted, month, monthAfter(month.firstOn))),
        }));
        expect(rows).toEqual(expected);
        expect(totals).toEqual({ period: null, ...withRates(retentionOf(counted, whole, eightMonths(1))) });
      }
      // Each currency by itself, and in the whole a person once.
      const { rows, totals, totalsByCurrency } = await told('retention', { currency: null });
      for (const { currency, period: _period, ...row } of [...totalsByCurrency])
        expect(row).toEqual(withRates(retentionOf(alone(people, String(currency)), whole, eightMonths(1))));
      expect(rows.length % months.length).toBe(0);
      if (totalsByCurrency.length > 1)
        expect(totals).toMatchObject(withRates(retentionOf(people, whole, eightMonths(1))));
    });
  });

  function growthOf(people: readonly Person[], before: Period, piece: Period, inDollars: boolean): Row {
    const sums: Record<string, number> = {};
    const counts: Record<string, number> = {};
    const add = (part: string, amount: number) => {
      sums[part] = (sums[part] ?? 0) + amount;
      counts[part] = (counts[part] ?? 0) + 1;
    };
    for (const person of people) {
      const previous = givenIn(person, before, inDollars);
      const current = givenIn(person, piece, inDollars);
      if (previous !== null) add('previous', previous);
      if (current !== null) add('current', current);
      if (previous !== null && current === null) add('lapsed', previous);
      if (previous === null && current !== null) {
        const first = firstGiftAt(person);
        add(first && first >= piece.startsAt ? 'new' : 'recaptured', current);
      }
      if (previous === null || current === null) continue;
      if (current - previous > 1e-9) add('upgraded', current - previous);
      if (previous - current > 1e-9) add('downgraded', previous - current);
    }
    const parts = ['previous', 'new', 'recaptured', 'upgraded', 'lapsed', 'downgraded', 'current'];
    return Object.fromEntries([
      ...parts.map((part) => [`${part}_minor`, Math.floor((sums[part] ?? 0) + 0.5 + 1e-9)]),
      ...parts.map((part) => [`${part}_donors`, counts[part] ?? 0]),
    ]);
  }

  it('growth goes from the period before to this one by gains and losses', async () => {
    await holds(async (people) => {
      for (const currency of ['EUR', 'reporting'] as const) {
        const counted = currency === 'EUR' ? alone(people, 'EUR') : people;
        const inDollars = currency === 'reporting';
        const { rows, totals } = await told('growth', { currency });
        const expected = months.map((month) => ({
          period: month.firstOn,
          ...growthOf(counted, period(addMonths(month.firstOn, -1), month.firstOn, zone), month, inDollars),
        }));
        expect(rows).toEqual(expected);
        expect(totals).toEqual({ period: null, ...growthOf(counted, eightMonths(-1), whole, inDollars) });
        for (const row of rows) {
          const value = (name: string) => Number(row[name]);
          const gains = value('new_minor') + value('recaptured_minor') + value('upgraded_minor');
          const losses = value('lapsed_minor') + value('downgraded_minor');
          const missed = value('previous_minor') + gains - losses - value('current_minor');
          // In one currency to the unit; else each of seven columns is rounded by itself.
          expect(Math.abs(missed)).toBeLessThanOrEqual(inDollars ? 3 : 0);
        }
      }
    });
  });

  const year = (begins: number) => fiscalYear(begins, zone, 4);

  function lapsedOf(people: readonly Person[], begins: number, earlierYears: number): Row[] {
    const day = (at: Date | null) => (at === null ? null : localDate(at, zone));
    return people.flatMap((person) => {
      const { endsAt } = year(begins);
      const known = Array.from({ length: 8 }, (_, back) => year(begins - back));
      const gaveIn = (back: number) => {
        const piece = known[back];
        return piece !== undefined && givenIn(person, piece) !== null;
      };
      const gaveBefore = Array.from({ length: earlierYears }, (_, back) => gaveIn(back + 1)).some(Boolean);
      if (gaveIn(0) || !gaveBefore) return [];
      const counted = person.gifts
        .filter((gift) => gift.at < endsAt)
        .map((gift) => ({
          ...gift,
          kept: keptUntil(gift, known.find((each) => isIn(each, gift.at))?.endsAt ?? endsAt),
        }))
        .filter(({ kept }) => kept > 0)
        .toSorted((a, b) => a.at.getTime() - b.at.getTime());
      return [
        {
          reader_id: person.id,
          first_gift_on: day(firstGiftAt(person)),
          last_gift_on: day(counted.at(-1)?.at ?? null),
          gifts: counted.length,
          last_year_minor: givenIn(person, year(begins - 1)) ?? 0,
          lifetime_minor: counted.reduce((sum, { kept }) => sum + kept, 0),
        },
      ];
    });
  }

  const byReader = (rows: readonly Row[]) =>
    rows.toSorted((a, b) => (String(a.reader_id) < String(b.reader_id) ? -1 : 1));

  it('who is missed gave last year, or some year, and not this one; last year’s givers are the retained and the missed', async () => {
    await holds(async (people) => {
      for (const begins of [2025, 2026]) {
        const dollars = alone(people, 'USD');
        const lybunt = await told('lybunt', { year: begins });
        expect(byReader(lybunt.rows)).toEqual(byReader(lapsedOf(dollars, begins, 1)));
        const sybunt = await told('sybunt', { year: begins });
        expect(byReader(sybunt.rows)).toEqual(byReader(lapsedOf(dollars, begins, 5)));
        expect(lybunt.totals?.donors).toBe(lybunt.rows.length);
        const last = year(begins - 1);
        const { totals } = await told('retention', { from: last.firstOn, to: last.until, by: 'year' });
        expect(totals?.donors).toBe(Number(totals?.retained) + lybunt.rows.length);
        // Each currency by itself; in the whole a person counts once.
        const blocks = await told('lybunt', { year: begins, currency: null });
        for (const currency of ['USD', 'EUR']) {
          const mine = blocks.rows.filter((row) => row.currency === currency);
          expect(byReader(mine.map(({ currency: _, ...row }) => row))).toEqual(
            byReader(lapsedOf(alone(people, currency), begins, 1)),
          );
        }
        expect(blocks.totals?.donors).toBe(new Set(blocks.rows.map((row) => row.reader_id)).size);
      }
    });
  });

  it('the missed are the same, page by page', async () => {
    await holds(async () => {
      for (const currency of ['reporting', null] as const) {
        const all = await told('sybunt', { year: 2026, currency });
        const pages: Row[] = [];
        for (let before: string | null = null; ; ) {
          const page = await told('sybunt', { year: 2026, currency, most: 2, before });
          expect(page.place).toMatchObject({ count: all.rows.length, passed: pages.length });
          pages.push(...page.rows);
          before = page.place?.next ?? null;
          if (before === null) break;
        }
        expect(pages).toEqual(all.rows);
      }
    }, 8);
  });

  it('cohorts are who gave first in a month, who gave in each since, and whose promise still stood', async () => {
    await holds(async (people) => {
      for (const currency of ['EUR', 'reporting'] as const) {
        const counted = currency === 'EUR' ? alone(people, 'EUR') : people;
        const { rows, totals } = await told('cohorts', { currency });
        const expected = months.flatMap((cohort, index) => {
          const members = counted.filter((person) => isIn(cohort, firstGiftAt(person) ?? new Date(0)));
          const ever = members.some((person) =>
            person.plans.some((plan) => lookBefore(plan, whole.endsAt) !== null),
          );
          return months.slice(index).map((month, offset) => ({
            cohort: cohort.firstOn,
            size: members.length,
            offset,
            giving: members.filter((person) => person.gifts.some(({ at }) => isIn(month, at))).length,
            not_churned: ever ? members.filter((person) => standsBefore(person, month.endsAt)).length : null,
          }));
        });
        expect(rows).toEqual(expected);
        const lasts = expected.filter((row, index) => expected[index + 1]?.cohort !== row.cohort);
        const sum = (values: (number | null)[]) => values.reduce<number>((all, one) => all + (one ?? 0), 0);
        expect(totals).toEqual({
          cohort: null,
          size: sum(lasts.map(({ size }) => size)),
          offset: null,
          giving: sum(lasts.map(({ giving }) => giving)),
          not_churned: lasts.every((row) => row.not_churned === null)
            ? null
            : sum(lasts.map((row) => row.not_churned)),
        });
      }
    });
  });

  const monthly = (person: Person, moment: Date) =>
    person.plans.reduce((sum, plan) => sum + monthlyBefore(plan, moment), 0);

  function leftIn(people: readonly Person[], piece: Period): { active: number; churned: number } {
    const active = people.filter((person) => countsBefore(person, piece.startsAt));
    const churned = active.filter((person) => leavings(person).some((at) => isIn(piece, at)));
    return { active: active.length, churned: churned.length };
  }

  function meanChurn(people: readonly Person[], endsAt: Date): number | null {
    const until = endsAt < asOf ? endsAt : asOf;
    const full = periodsBetween('2024-06-01', '2026-12-01', 'month', zone).filter((m) => m.endsAt <= until);
    const rates = full
      .slice(-6)
      .map((month) => leftIn(people, month))
      .filter(({ active }) => active > 0)
      .map(({ active, churned }) => churned / active);
    return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  }

  function churnOf(people: readonly Person[], piece: Period): Record<string, unknown> {
    const { active, churned } = leftIn(people, piece);
    let lost = 0;
    let gained = 0;
    for (const person of people) {
      const looks = person.plans.flatMap((plan) => plan.looks);
      const moments = [...new Set(looks.map(({ at }) => at.getTime()))].map((moment) => new Date(moment));
      for (const at of moments.filter((moment) => isIn(piece, moment))) {
        const after = new Date(at.getTime() + 1);
        let delta = monthly(person, after) - monthly(person, at);
        for (const plan of person.plans) {
          const was = lookBefore(plan, at)?.standing;
          const is = lookBefore(plan, after)?.standing;
          // What is paused or goes on is neither lost nor gained.
          if (was !== 'paused' && was !== undefined && was !== 'unpaid' && is === 'paused')
            delta += monthlyBefore(plan, at);
          if (was === 'paused' && (is === 'active' || is === 'past_due')) delta -= monthlyBefore(plan, after);
        }
        if (delta < 0) lost -= delta;
        const isNew =
          !standsBefore(person, at) &&
          moments.every((m) => m >= at || !countsBefore(person, new Date(m.getTime() + 1)));
        if (delta > 0 && !isNew) gained += delta;
      }
    }
    const start = people.reduce((sum, person) => sum + monthly(person, piece.startsAt), 0);
    const end = people.reduce((sum, person) => sum + monthly(person, piece.endsAt), 0);
    const supporters = people.filter((person) => countsBefore(person, piece.endsAt)).length;
    const asked = people.filter((person) =>
      person.plans.some(({ looks }) => looks.some(({ askedAt }) => askedAt && isIn(piece, askedAt))),
    );
    const arpu = supporters === 0 ? null : end / supporters;
    const mean = meanChurn(people, piece.endsAt);
    const shown = (value: number | null) => (value === null ? null : Math.floor(value + 0.5 + 1e-7));
    return {
      active_at_start: active,
      churned,
      cancellations_requested: asked.length,
      supporter_churn_rate: close(share(churned, active)),
      gross_mrr_churn_rate: start < 1e-9 ? null : expect.closeTo(lost / start, 6),
      net_mrr_churn_rate: start < 1e-9 ? null : expect.closeTo((lost - gained) / start, 6),
      arpu_minor: shown(arpu),
      ltv_minor: arpu === null || !mean ? null : shown(arpu / mean),
    };
  }

  it('churn is who stood at the start and stood no more', async () => {
    await holds(async (people) => {
      for (const currency of ['USD', 'EUR'] as const) {
        const mine = alone(people, currency);
        const { rows, totals } = await told('churn', { currency });
        expect(rows).toEqual(months.map((month) => ({ period: month.firstOn, ...churnOf(mine, month) })));
        expect(totals).toEqual({ period: null, ...churnOf(mine, whole) });
      }
      // Where nobody has two currencies, everything in one is the same as that one.
      const dollars = await told('churn', { currency: 'USD' });
      await fresh.pool.query(
        "delete from membership_looks where currency = 'EUR'; delete from membership_changes where currency = 'EUR'",
      );
      const together = await told('churn', { currency: 'reporting' });
      expect(together.rows).toEqual(dollars.rows);
      expect(together.totals).toEqual(dollars.totals);
    });
  });

  it('the forecast is what running plans pay, month by month, less who is likely to leave', async () => {
    await holds(async (people) => {
      const mine = alone(people, 'USD');
      const mean = meanChurn(mine, asOf);
      const coming = periodsBetween('2026-07-01', '2027-07-01', 'month', zone);
      const expected = coming.map((month, index) => {
        let due = 0;
        for (const plan of mine.flatMap((person) => person.plans)) {
          const last = plan.looks.at(-1);
          if (!last || (last.standing !== 'active' && last.standing !== 'past_due') || last.askedAt) continue;
          const next = `${localDate(plan.paidUntil, zone).slice(0, 7)}-01`;
          if (month.firstOn < next) continue;
          if (plan.interval === 'month' || month.firstOn.slice(5) === next.slice(5)) due += last.amount;
        }
        const expectedMinor = mean === null ? null : Math.floor(due * (1 - mean) ** (index + 1) + 0.5 + 1e-6);
        return { period: month.firstOn, due_minor: due, expected_minor: expectedMinor };
      });
      const { rows, question: answered } = await told('forecast');
      expect(rows).toEqual(expected);
      expect([answered.from, answered.to]).toEqual(['2026-07-01', '2027-07-01']);
    });
  });

  it('a closed month stays as it is, whenever it is looked at', async () => {
    await holds(async () => {
      for (const name of ['churn', 'retention', 'growth', 'recovery', 'income'] as const) {
        const closed = { to: '2026-04-01' };
        const early = await answerReport(
          history.database,
          name,
          ask({ from, ...closed, by: 'month', currency: 'USD' }, reckoning, new Date('2026-05-02T00:00:00Z')),
        );
        const late = await told(name, closed);
        expect(late.rows).toEqual(early.rows);
      }
    }, 8);
  });

  it('is the same wherever the clocks that all of it goes by change', async () => {
    await fc.assert(
      fc.asyncProperty(drawnPeople, async (drawn) => {
        const answers: unknown[] = [];
        for (const timeZone of ['Europe/Riga', 'America/New_York', 'Asia/Tokyo']) {
          await fresh.pool.query(forgetAll);
          await live(history, drawn, byClocksOf(timeZone));
          const there = ask({ from, to, by: 'week', currency: 'USD' }, { ...reckoning, timeZone }, asOf);
          const reports = ['income', 'mrr', 'churn', 'retention', 'growth', 'cohorts'] as const;
          const told = [];
          for (const name of reports) told.push((await answerReport(history.database, name, there)).rows);
          answers.push(told);
        }
        expect(answers[1]).toEqual(answers[0]);
        expect(answers[2]).toEqual(answers[0]);
      }),
      { numRuns: 5 },
    );
  });
});
