// Promised income: the movements roll forward, a yearly gift is an exact twelfth, and the past stays as it was.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mrr, readMembers } from '../../src/reports/mrr.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import type { Row } from '../../src/reports/report.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn, type Seen } from './history.ts';

const utc: Reckoning = { timeZone: 'UTC', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asOf = new Date('2026-12-15T12:00:00Z');

function question(wanted: Partial<Question> = {}): Question {
  return ask({ from: '2026-01-01', to: '2026-07-01', by: 'month', currency: 'USD', ...wanted }, utc, asOf);
}

const gains = ['new_minor', 'reactivation_minor', 'expansion_minor', 'resumed_minor', 'fx_minor'] as const;
const losses = [
  'contraction_minor',
  'churn_voluntary_minor',
  'churn_involuntary_minor',
  'paused_minor',
] as const;

/** Only what is not zero, and always where it stands at the end. */
function moved(row: Row | undefined): Record<string, unknown> {
  const parts = [...gains, ...losses].filter((name) => row?.[name] !== 0).map((name) => [name, row?.[name]]);
  return Object.fromEntries([...parts, ['end_minor', row?.end_minor]]);
}

function figure(row: Row | null | undefined, name: string): number {
  const value = row?.[name];
  if (typeof value !== 'number') throw new TypeError(`${name} is not a number`);
  return value;
}

describe('promised income', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeEach(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
  });

  afterEach(() => fresh.drop());

  it('tells a supporter’s whole way: new, raised, lowered, paused, resumed, left, returned', async () => {
    const reader = await history.reader();
    await history.promises(reader, {
      amount: 1_000,
      seen: [
        { at: '2026-01-10T00:00:00Z' },
        { at: '2026-02-10T00:00:00Z', amount: 1_500 },
        { at: '2026-03-10T00:00:00Z', amount: 1_200 },
        { at: '2026-03-20T00:00:00Z', standing: 'paused' },
        { at: '2026-04-20T00:00:00Z' },
        {
          at: '2026-05-10T00:00:05Z',
          standing: 'ended',
          endedAt: '2026-05-10T00:00:00Z',
          endReason: 'voluntary',
        },
      ],
    });
    await history.promises(reader, { amount: 500, seen: [{ at: '2026-06-01T00:00:00Z' }] });
    const { rows, totals } = await mrr.read(history.database, question());
    expect(rows.map(moved)).toEqual([
      { new_minor: 1_000, end_minor: 1_000 },
      { expansion_minor: 500, end_minor: 1_500 },
      { contraction_minor: 300, paused_minor: 1_200, end_minor: 0 },
      { resumed_minor: 1_200, end_minor: 1_200 },
      { churn_voluntary_minor: 1_200, end_minor: 0 },
      { reactivation_minor: 500, end_minor: 500 },
    ]);
    // 0 + 1,000 + 500 + 500 + 1,200 − 300 − 1,200 − 1,200 = 500
    expect(moved(totals ?? undefined)).toEqual({
      new_minor: 1_000,
      reactivation_minor: 500,
      expansion_minor: 500,
      resumed_minor: 1_200,
      contraction_minor: 300,
      churn_voluntary_minor: 1_200,
      paused_minor: 1_200,
      end_minor: 500,
    });
  });

  it('counts who came, came back and left, and not who only changed', async () => {
    const stays = await history.reader();
    await history.promises(stays, {
      amount: 100,
      seen: [{ at: '2026-02-01T00:00:00Z' }, { at: '2026-02-10T00:00:00Z', amount: 200 }],
    });
    const leaves = await history.reader();
    const end = {
      at: '2026-02-20T00:00:00Z',
      standing: 'ended',
      endedAt: '2026-02-20T00:00:00Z',
      endReason: 'voluntary',
    } as const;
    await history.promises(leaves, { amount: 100, seen: [{ at: '2026-01-01T00:00:00Z' }, end] });
    await history.promises(leaves, { amount: 100, seen: [{ at: '2026-02-25T00:00:00Z' }] });
    const { rows } = await readMembers(history.database, question({ to: '2026-03-01' }));
    const counted = rows.map((row) => [row.new_supporters, row.returned_supporters, row.lost_supporters]);
    expect(counted).toEqual([
      [1, 0, 0],
      [1, 1, 1],
    ]);
  });

  it('keeps a yearly gift an exact twelfth and rounds only what is shown', async () => {
    // 49.99 a year is 4.165833… a month; six of them 24.995, shown as 25.00 and not as 6 × 4.17 = 25.02.
    for (let each = 0; each < 6; each += 1) {
      const reader = await history.reader();
      await history.promises(reader, {
        amount: 4_999,
        interval: 'year',
        seen: [{ at: '2026-02-01T00:00:00Z' }],
      });
    }
    const { rows } = await mrr.read(history.database, question());
    expect(rows[1]).toMatchObject({
      new_minor: 2_500,
      end_minor: 2_500,
      // 6 × 49.99, not 12 × 25.00
      arr_minor: 29_994,
      members: 6,
      supporters: 6,
    });
  });

  it('takes what begins or ends at midnight into the day that begins', async () => {
    const reader = await history.reader();
    await history.promises(reader, {
      amount: 700,
      seen: [
        { at: '2026-02-01T00:00:00Z' },
        {
          at: '2026-03-01T00:00:00Z',
          standing: 'ended',
          endedAt: '2026-03-01T00:00:00Z',
          endReason: 'involuntary',
        },
      ],
    });
    const { rows } = await mrr.read(history.database, question());
    expect(rows.map((row) => [row.start_minor, row.end_minor, row.churn_involuntary_minor])).toEqual([
      [0, 0, 0],
      [0, 700, 0],
      [700, 0, 700],
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('counts a card inside its retries, and not one that Stripe gave up on', async () => {
    const reader = await history.reader();
    await history.promises(reader, {
      amount: 900,
      seen: [
        { at: '2026-01-05T00:00:00Z' },
        { at: '2026-02-05T00:00:00Z', standing: 'past_due' },
        { at: '2026-03-05T00:00:00Z', standing: 'unpaid' },
      ],
    });
    const { rows } = await mrr.read(history.database, question());
    expect(rows.map((row) => [row.end_minor, row.members])).toEqual([
      [900, 1],
      [900, 1],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(rows[2]).toMatchObject({ churn_involuntary_minor: 900 });
  });

  it('leaves out of the committed what is set to end, and takes it back in when the reader thinks again', async () => {
    const stays = await history.reader();
    await history.promises(stays, { amount: 1_000, seen: [{ at: '2026-01-01T00:00:00Z' }] });
    const leaves = await history.reader();
    await history.promises(leaves, {
      amount: 400,
      seen: [
        { at: '2026-01-15T00:00:00Z' },
        {
          at: '2026-02-20T00:00:00Z',
          cancelRequestedAt: '2026-02-20T00:00:00Z',
          endsAt: '2026-03-15T00:00:00Z',
        },
        { at: '2026-03-10T00:00:00Z' },
        { at: '2026-04-20T00:00:00Z', cancelRequestedAt: '2026-04-20T00:00:00Z' },
        {
          at: '2026-05-15T00:00:01Z',
          standing: 'ended',
          endedAt: '2026-05-15T00:00:00Z',
          endReason: 'voluntary',
        },
      ],
    });
    const { rows } = await mrr.read(history.database, question());
    expect(rows.map((row) => [row.end_minor, row.committed_minor])).toEqual([
      [1_400, 1_400],
      [1_400, 1_000],
      [1_400, 1_400],
      [1_400, 1_000],
      [1_000, 1_000],
      [1_000, 1_000],
    ]);
  });

  it('knows at the end of a month what ended in it, also where that was told only in the next', async () => {
    await history.promises(await history.reader(), {
      amount: 400,
      seen: [
        { at: '2026-01-05T00:00:00Z' },
        { at: '2026-01-20T00:00:00Z', cancelRequestedAt: '2026-01-20T00:00:00Z' },
        {
          at: '2026-02-02T00:00:00Z',
          standing: 'ended',
          endedAt: '2026-01-31T00:00:00Z',
          endReason: 'voluntary',
        },
      ],
    });
    const january = question({ to: '2026-02-01' });
    const { rows } = await mrr.read(history.database, january);
    // 4.00 began and ended; nothing is left that could be set to end.
    expect(rows.map((row) => [row.end_minor, row.committed_minor])).toEqual([[0, 0]]);
  });

  it('believes, of looks of one second, the one that came last', async () => {
    const second = '2026-01-20T00:00:00Z';
    const ending = { at: second, cancelRequestedAt: second };
    const undone = await history.reader();
    await history.promises(undone, {
      amount: 100,
      seen: [{ at: '2026-01-10T00:00:00Z' }, ending, { at: second, amount: 110, replacesLast: true }],
    });
    const redone = await history.reader();
    await history.promises(redone, {
      amount: 1_000,
      seen: [
        { at: '2026-01-10T00:00:00Z' },
        { at: second, amount: 1_100 },
        { ...ending, replacesLast: true },
      ],
    });
    const asked = await history.reader();
    await history.promises(asked, {
      amount: 10_000,
      seen: [{ at: '2026-01-10T00:00:00Z' }, { ...ending, rank: 'asked' }],
    });
    const { rows } = await mrr.read(history.database, question({ to: '2026-02-01' }));
    // 110 stays; 1,100 and 10,000 are set to end.
    expect(rows[0]).toMatchObject({ end_minor: 11_210, committed_minor: 110 });
  });

  it('shows paused plans on their own line and counts a person once for two plans', async () => {
    const reader = await history.reader();
    await history.promises(reader, {
      amount: 300,
      seen: [{ at: '2026-01-01T00:00:00Z' }, { at: '2026-02-01T00:00:00Z', standing: 'paused' }],
    });
    await history.promises(reader, {
      amount: 1_200,
      interval: 'year',
      seen: [{ at: '2026-01-01T00:00:00Z' }],
    });
    const { rows } = await mrr.read(history.database, question({ to: '2026-03-01' }));
    expect(rows.map((row) => [row.end_minor, row.paused_end_minor, row.members, row.supporters])).toEqual([
      // 3.00 + 12.00 / 12
      [400, 0, 2, 1],
      [100, 300, 1, 1],
    ]);
  });

  it('gives every currency its own block and counts a person once in the whole', async () => {
    const reader = await history.reader();
    await history.promises(reader, { amount: 500, seen: [{ at: '2026-01-01T00:00:00Z' }] });
    await history.promises(reader, { amount: 800, currency: 'EUR', seen: [{ at: '2026-02-01T00:00:00Z' }] });
    const { rows, totals } = await mrr.read(history.database, question({ to: '2026-03-01', currency: null }));
    expect(rows.map((row) => [row.currency, row.period, row.end_minor, row.new_minor])).toEqual([
      ['EUR', '2026-01-01', 0, 0],
      ['EUR', '2026-02-01', 800, 800],
      ['USD', '2026-01-01', 500, 500],
      ['USD', '2026-02-01', 500, 0],
    ]);
    expect(totals).toMatchObject({ end_minor: null, members: 2, supporters: 1 });
  });

  it('is not moved in a closed month by what happens later', async () => {
    const reader = await history.reader();
    await history.promises(reader, {
      amount: 1_000,
      seen: [{ at: '2026-01-10T00:00:00Z' }, { at: '2026-04-10T00:00:00Z', amount: 200 }],
    });
    const early = await mrr.read(history.database, question({ to: '2026-03-01' }));
    const late = await mrr.read(history.database, question({ to: '2026-07-01' }));
    expect(late.rows.slice(0, 2)).toEqual(early.rows);
    expect(early.rows[1]).toMatchObject({ end_minor: 1_000 });
  });

  describe('in the reporting currency', () => {
    const inDollars = { currency: 'reporting' } as const;

    it('takes the rate of the latest settled payment, and gives what a new rate moved its own line', async () => {
      const reader = await history.reader();
      await history.promises(reader, {
        amount: 1_000,
        currency: 'EUR',
        seen: [{ at: '2026-01-10T00:00:00Z' }],
      });
      // The first payment is a few seconds younger than the promise.
      const monthly = { kind: 'month', amount: 1_000, currency: 'EUR' } as const;
      await history.gives(reader, {
        ...monthly,
        at: '2026-01-10T00:00:07Z',
        settled: { amount: 1_100, fee: 60, currency: 'USD' },
      });
      await history.gives(reader, {
        ...monthly,
        at: '2026-02-10T00:00:00Z',
        settled: { amount: 1_080, fee: 60, currency: 'USD' },
      });
      await history.gives(reader, { ...monthly, at: '2026-03-10T00:00:00Z' });
      const { rows } = await mrr.read(history.database, question({ ...inDollars, to: '2026-04-01' }));
      expect(rows.map(moved)).toEqual([
        { new_minor: 1_100, end_minor: 1_100 },
        // 10.00 EUR × (1.08 − 1.10)
        { fx_minor: -20, end_minor: 1_080 },
        { end_minor: 1_080 },
      ]);
      expect(rows[2]).toMatchObject({
        currency: 'USD',
        committed_minor: 1_080,
        arr_minor: 12_960,
        members: 1,
      });
    });

    it('sees one promise where a person has two currencies', async () => {
      const reader = await history.reader();
      const euro = {
        kind: 'month',
        amount: 500,
        currency: 'EUR',
        settled: { amount: 550, fee: 40, currency: 'USD' },
      } as const;
      await history.promises(reader, {
        amount: 1_000,
        seen: [
          { at: '2026-01-01T00:00:00Z' },
          {
            at: '2026-03-01T00:00:00Z',
            standing: 'ended',
            endedAt: '2026-03-01T00:00:00Z',
            endReason: 'voluntary',
          },
        ],
      });
      await history.promises(reader, {
        amount: 500,
        currency: 'EUR',
        seen: [
          { at: '2026-02-01T00:00:00Z' },
          {
            at: '2026-04-01T00:00:00Z',
            standing: 'ended',
            endedAt: '2026-04-01T00:00:00Z',
            endReason: 'involuntary',
          },
        ],
      });
      await history.gives(reader, { ...euro, at: '2026-02-01T00:00:00Z' });
      await history.promises(reader, { amount: 300, seen: [{ at: '2026-05-01T00:00:00Z' }] });
      const { rows } = await mrr.read(history.database, question(inDollars));
      expect(rows.map(moved)).toEqual([
        { new_minor: 1_000, end_minor: 1_000 },
        { expansion_minor: 550, end_minor: 1_550 },
        { contraction_minor: 1_000, end_minor: 550 },
        { churn_involuntary_minor: 550, end_minor: 0 },
        { reactivation_minor: 300, end_minor: 300 },
        { end_minor: 300 },
      ]);
      expect(rows.map((row) => row.supporters)).toEqual([1, 1, 1, 0, 1, 1]);
    });

    it('shows a promise of which no rate is known beside the figures', async () => {
      const reader = await history.reader();
      await history.promises(reader, {
        amount: 1_000,
        currency: 'EUR',
        seen: [{ at: '2026-01-10T00:00:00Z' }],
      });
      const { totals, unconverted } = await mrr.read(history.database, question(inDollars));
      expect(totals).toMatchObject({ end_minor: 0, new_minor: 0, members: 0, supporters: 0 });
      expect(unconverted).toEqual([{ currency: 'EUR', amount_minor: 1_000 }]);
    });
  });
});

describe('promised income, for any history', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
  });

  afterAll(() => fresh.drop());

  const start = Date.parse('2026-01-01T00:00:00Z');
  const at = (hour: number) => new Date(start + hour * 3_600_000).toISOString();

  /** A plan's looks: what happens to it every so many hours, perhaps to its end. */
  const plan = fc.record({
    currency: fc.constantFrom('USD', 'EUR'),
    interval: fc.constantFrom('month' as const, 'year' as const),
    amount: fc.integer({ min: 1, max: 5_000 }),
    begins: fc.integer({ min: 0, max: 2_000 }),
    steps: fc.array(
      fc.record({
        after: fc.integer({ min: 1, max: 900 }),
        standing: fc.constantFrom(
          'active' as const,
          'past_due' as const,
          'paused' as const,
          'unpaid' as const,
        ),
        amount: fc.integer({ min: 1, max: 5_000 }),
        ending: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
    ends: fc.option(fc.record({ after: fc.integer({ min: 1, max: 900 }), lost: fc.boolean() }), {
      nil: null,
    }),
  });

  function seenOf(drawn: typeof plan extends fc.Arbitrary<infer Drawn> ? Drawn : never): Seen[] {
    let hour = drawn.begins;
    const seen: Seen[] = [{ at: at(hour) }];
    for (const step of drawn.steps) {
      hour += step.after;
      seen.push({
        at: at(hour),
        standing: step.standing,
        amount: step.amount,
        ...(step.ending && { cancelRequestedAt: at(hour) }),
      });
    }
    if (drawn.ends) {
      hour += drawn.ends.after;
      const endReason = drawn.ends.lost ? ('involuntary' as const) : ('voluntary' as const);
      seen.push({ at: at(hour), standing: 'ended', endedAt: at(hour), endReason });
    }
    return seen;
  }

  /** Metric 6 read straight off the looks, in twelfths: what counts, what is paused, what is set to end. */
  function standingAt(plans: { interval: 'month' | 'year'; amount: number; seen: Seen[] }[], moment: string) {
    let counted = 0;
    let ending = 0;
    let paused = 0;
    let members = 0;
    for (const each of plans) {
      let amount = each.amount;
      let last: Seen | undefined;
      for (const seen of each.seen.filter((look) => look.at < moment)) {
        amount = seen.amount ?? amount;
        last = seen;
      }
      if (!last) continue;
      const twelfths = each.interval === 'month' ? amount * 12 : amount;
      const standing = last.standing ?? 'active';
      if (standing === 'paused') paused += twelfths;
      if (standing !== 'active' && standing !== 'past_due') continue;
      counted += twelfths;
      members += 1;
      if (last.cancelRequestedAt) ending += twelfths;
    }
    const shown = (twelfths: number) => Math.floor(twelfths / 12 + 0.5);
    return {
      end_minor: shown(counted),
      committed_minor: shown(counted - ending),
      paused_end_minor: shown(paused),
      arr_minor: counted,
      members,
    };
  }

  it('stands where the looks say, and rolls forward by its movements', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(plan, { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
        async (people) => {
          await fresh.pool.query('truncate readers cascade');
          const all: { currency: string; interval: 'month' | 'year'; amount: number; seen: Seen[] }[] = [];
          for (const plans of people) {
            const reader = await history.reader();
            for (const drawn of plans) {
              const made = { ...drawn, seen: seenOf(drawn) };
              all.push(made);
              await history.promises(reader, made);
            }
          }
          for (const currency of ['USD', 'EUR'] as const) {
            const { rows, totals } = await mrr.read(
              history.database,
              question({ currency, from: '2026-02-01', to: '2026-06-01' }),
            );
            for (const [index, row] of [...rows, totals].entries()) {
              const through = ['2026-03-01', '2026-04-01', '2026-05-01', '2026-06-01', '2026-06-01'][index];
              const mine = all.filter((each) => each.currency === currency);
              expect(row).toMatchObject(standingAt(mine, `${through}T00:00:00.000Z`));
              const gained = gains.reduce((sum, name) => sum + figure(row, name), figure(row, 'start_minor'));
              const lost = losses.reduce((sum, name) => sum + figure(row, name), 0);
              // Each column is rounded on its own, so a sum of ten may miss by half a unit each.
              expect(Math.abs(gained - lost - figure(row, 'end_minor'))).toBeLessThanOrEqual(5);
            }
            for (const [index, row] of rows.entries()) {
              if (index > 0) expect(row.start_minor).toBe(rows[index - 1]?.end_minor);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is in one currency what the block of that currency is, when nobody has another', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(plan, { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
        async (people) => {
          await fresh.pool.query('truncate readers cascade');
          for (const plans of people) {
            const reader = await history.reader();
            for (const drawn of plans) {
              await history.promises(reader, { ...drawn, currency: 'USD', seen: seenOf(drawn) });
            }
          }
          const block = await mrr.read(history.database, question({ currency: 'USD' }));
          const together = await mrr.read(history.database, question({ currency: 'reporting' }));
          expect(together.rows).toEqual(block.rows);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('rolls forward in the reporting currency too, whatever the rates do', async () => {
    const rates = fc.array(
      fc.record({ hour: fc.integer({ min: 0, max: 3_500 }), rate: fc.integer({ min: 50, max: 200 }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 3 }), rates, async (plans, drawnRates) => {
        await fresh.pool.query('truncate readers cascade');
        const reader = await history.reader();
        const all = plans.map((drawn) => ({ ...drawn, seen: seenOf(drawn) }));
        for (const each of all) await history.promises(reader, each);
        const settled = [...new Map(drawnRates.map((each) => [each.hour, each])).values()].sort(
          (a, b) => a.hour - b.hour,
        );
        for (const { hour, rate } of settled) {
          const inDollars = { amount: rate, fee: 0, currency: 'USD' };
          await history.gives(reader, {
            kind: 'month',
            at: at(hour),
            amount: 100,
            currency: 'EUR',
            settled: inDollars,
          });
        }
        const { rows, totals } = await mrr.read(history.database, question({ currency: 'reporting' }));
        for (const row of [...rows, totals]) {
          const gained = gains.reduce((sum, name) => sum + figure(row, name), figure(row, 'start_minor'));
          const lost = losses.reduce((sum, name) => sum + figure(row, name), 0);
          expect(Math.abs(gained - lost - figure(row, 'end_minor'))).toBeLessThanOrEqual(5);
        }
        const end = '2026-07-01T00:00:00.000Z';
        const known = settled.filter((each) => at(each.hour) < end);
        const rate = (known.at(-1) ?? settled[0])?.rate ?? 0;
        const twelfths = (currency: string) =>
          standingAt(
            all.filter((each) => each.currency === currency),
            end,
          ).arr_minor;
        const expected = twelfths('USD') + (twelfths('EUR') * rate) / 100;
        expect(Math.abs(figure(totals, 'arr_minor') - expected)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20 },
    );
  });
});
