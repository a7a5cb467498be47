// Movements one by one: the list behind every figure of promised income and of leaving, whatever has happened.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, answerReport, type ReportName } from '../../src/reports/answer.ts';
import { pathBehind } from '../../src/reports/behind.ts';
import { ask, type Question, type Reckoning, readQuestion } from '../../src/reports/question.ts';
import type { Row } from '../../src/reports/report.ts';
import { everyRow } from '../../src/reports/rows.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { drawnPeople, live } from './drawn.ts';
import { type History, historyIn, type Seen } from './history.ts';

const riga: Reckoning = { timeZone: 'Europe/Riga', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asOf = new Date('2026-04-15T12:00:00Z');

function question(wanted: Partial<Question> = {}): Question {
  return ask({ from: '2026-01-01', to: '2026-04-01', by: 'month', currency: 'USD', ...wanted }, riga, asOf);
}

const ended = (at: string): Seen => ({ at, standing: 'ended', endedAt: at, endReason: 'voluntary' });

describe('movements one by one', () => {
  let fresh: FreshDatabase;
  let history: History;

  beforeAll(async () => {
    fresh = await freshDatabase();
    history = historyIn(fresh.pool);
  });

  afterAll(() => fresh.drop());

  const told = (name: ReportName, wanted: Partial<Question> = {}) =>
    answerReport(history.database, name, question(wanted));
  const lines = ({ rows }: Pick<Answer, 'rows'>, named: Record<string, string> = {}) =>
    rows.map((row) => [
      row.happened_at,
      named[String(row.reader_id)] ?? '?',
      row.movement,
      row.currency,
      row.mrr_delta_minor,
    ]);

  describe('in a small history', () => {
    let named: Record<string, string>;

    beforeAll(async () => {
      await fresh.pool.query('truncate readers cascade');
      const anna = await history.reader();
      const boris = await history.reader();
      const vera = await history.reader();
      named = { [anna]: 'Anna', [boris]: 'Boris', [vera]: 'Vera' };
      // Anna: 5.00 in dollars a month, and 8.00 in euro, each worth 1.10; the euro end on 20 February.
      await history.promises(anna, { amount: 500, seen: [{ at: '2025-12-05T10:00:00Z' }] });
      await history.promises(anna, {
        amount: 800,
        currency: 'EUR',
        seen: [{ at: '2026-01-05T10:00:00Z' }, ended('2026-02-20T10:00:00Z')],
      });
      const settled = (amount: number) => ({ amount, fee: 0, currency: 'USD' });
      const euro = { kind: 'month', amount: 800, currency: 'EUR' } as const;
      await history.gives(anna, { ...euro, at: '2026-01-05T10:00:00Z', settled: settled(880) });
      // In February a euro is worth 1.20.
      await history.gives(anna, { ...euro, at: '2026-02-05T10:00:00Z', settled: settled(960) });
      // Boris: 50.00 a year, 4.1666… a month, from a minute after midnight in Riga; at one moment he ends it and begins 60.00.
      const change = '2026-02-10T10:00:00Z';
      await history.promises(boris, {
        amount: 5_000,
        interval: 'year',
        seen: [{ at: '2025-12-31T22:01:00Z' }, ended(change)],
      });
      await history.promises(boris, { amount: 6_000, interval: 'year', seen: [{ at: change }] });
      // Vera begins and leaves in March: she is nobody of its start.
      await history.promises(vera, {
        amount: 300,
        seen: [{ at: '2026-03-02T10:00:00Z' }, ended('2026-03-20T10:00:00Z')],
      });
    });

    it('come the newest first, netted per supporter and moment', async () => {
      const answer = await told('movements');
      expect(lines(answer, named)).toEqual([
        ['2026-03-20T10:00:00.000Z', 'Vera', 'churn_voluntary', 'USD', -300],
        ['2026-03-02T10:00:00.000Z', 'Vera', 'new', 'USD', 300],
        // 6,000 ÷ 12 − 5,000 ÷ 12 = 83.33…
        ['2026-02-10T10:00:00.000Z', 'Boris', 'expansion', 'USD', 83],
        // 5,000 ÷ 12 = 416.66…
        ['2025-12-31T22:01:00.000Z', 'Boris', 'new', 'USD', 417],
      ]);
      // 416.66… + 83.33… + 300 − 300, rounded once
      expect(answer.totals).toMatchObject({ currency: 'USD', mrr_delta_minor: 500, supporters: 2 });
      const euros = await told('movements', { currency: 'EUR' });
      expect(lines(euros, named).map(([, ...rest]) => rest)).toEqual([
        ['Anna', 'churn_voluntary', 'EUR', -800],
        ['Anna', 'new', 'EUR', 800],
      ]);
      const each = await told('movements', { currency: null });
      expect([each.rows.length, each.totals?.mrr_delta_minor, each.totals?.supporters]).toEqual([6, null, 3]);
      expect(each.totalsByCurrency.map((row) => [row.currency, row.mrr_delta_minor])).toEqual([
        ['EUR', 0],
        ['USD', 500],
      ]);
    });

    it('are in the reporting currency those of one promise, and rates are among them', async () => {
      const answer = await told('movements', { currency: 'reporting' });
      const ofAnna = lines(answer, named).filter(([, who]) => who === 'Anna');
      expect(ofAnna).toEqual([
        // Her dollars stay: she lowered what she promises, by 8.00 at 1.20.
        ['2026-02-20T10:00:00.000Z', 'Anna', 'contraction', 'USD', -960],
        // 8.00 × (1.20 − 1.10)
        ['2026-02-05T10:00:00.000Z', 'Anna', 'fx', 'USD', 80],
        ['2026-01-05T10:00:00.000Z', 'Anna', 'expansion', 'USD', 880],
      ]);
      const lowered = await told('movements', { currency: 'reporting', movement: 'contraction' });
      expect(lines(lowered, named)).toEqual([ofAnna[0]]);
    });

    it('leave out what no rate is known of, and say how much', async () => {
      const dace = await history.reader();
      await history.promises(dace, {
        amount: 700,
        currency: 'EUR',
        seen: [{ at: '2026-03-05T10:00:00Z' }],
      });
      const unconverted = [{ currency: 'EUR', amount_minor: 700 }];
      expect(await told('movements', { currency: 'reporting', movement: 'new' })).toMatchObject({
        unconverted,
        totals: { supporters: 2 },
      });
      expect((await told('movements', { currency: 'reporting' })).unconverted).toEqual(unconverted);
      expect(
        (await told('movements', { currency: 'reporting', movement: 'contraction' })).unconverted,
      ).toEqual([]);
      expect((await told('movements', { currency: 'EUR' })).unconverted).toEqual([]);
      await fresh.pool.query('delete from membership_changes where reader_id = $1', [dace]);
      await fresh.pool.query(
        'delete from membership_looks where membership_id in (select id from memberships where reader_id = $1)',
        [dace],
      );
    });

    it('tell those who were there as the range begins from those who came and went in it', async () => {
      const march = { from: '2026-03-01', movement: 'churned' } as const;
      expect((await told('movements', march)).rows).toEqual([]);
      const churned = await told('movements', { currency: 'EUR', from: '2026-02-01', movement: 'churned' });
      expect(lines(churned, named).map(([, who]) => who)).toEqual(['Anna']);
    });

    it('are read on from any of them, and not from a row of another list', async () => {
      for (const currency of [null, 'USD', 'reporting'] as const) {
        const all = await told('movements', { currency });
        const pages: Row[] = [];
        for (let before: string | null = null; ; ) {
          const page = await told('movements', { currency, most: 2, before });
          expect([page.place?.count, page.place?.passed]).toEqual([all.rows.length, pages.length]);
          pages.push(...page.rows);
          before = page.place?.next ?? null;
          if (before === null) break;
          const asked = readQuestion({ before }, riga, asOf);
          expect(asked).toMatchObject({ before });
          await expect(told('lybunt', { before })).rejects.toMatchObject({ status: 422 });
        }
        expect(pages).toEqual(all.rows);
      }
      const nobody = '00000000-0000-7000-8000-000000000000';
      for (const before of [nobody, `9999999999999:USD:new:${nobody}`])
        await expect(told('movements', { before })).rejects.toMatchObject({ status: 422 });
    });

    it('are all in a file, a few at a time', async () => {
      for (const wanted of [{ currency: 'reporting' }, { currency: 'EUR', movement: 'churned' }] as const) {
        const asked = question({ ...wanted, from: '2026-02-01' });
        const all: Row[] = [];
        for await (const rows of everyRow(history.database, 'movements', asked, 1)) all.push(...rows);
        expect(all).toEqual((await told('movements', { ...wanted, from: '2026-02-01' })).rows);
        expect(all.length).toBeGreaterThan(0);
      }
    });

    it('can be asked for by their kind alone', () => {
      expect(readQuestion({ movement: 'paused' }, riga, asOf)).toMatchObject({ movement: 'paused' });
      expect(readQuestion({ movement: 'leapt' }, riga, asOf)).toEqual([
        expect.objectContaining({ field: 'movement' }),
      ]);
    });
  });

  it('sum up to the figure that leads to them, for any history, currency and step', async () => {
    await fc.assert(
      fc.asyncProperty(
        drawnPeople,
        fc.constantFrom(null, 'USD', 'EUR', 'reporting'),
        fc.constantFrom('month', 'year'),
        async (people, currency, by) => {
          await fresh.pool.query('truncate readers cascade');
          for (const { id, plans } of await live(history, people)) {
            // What is settled for a promise gives it a rate, and another one a month later.
            for (const plan of plans.filter((each) => each.currency === 'EUR'))
              for (const [month, amount] of [110, 130].entries())
                await history.gives(id, {
                  kind: 'month',
                  at: new Date((plan.looks[0]?.at.getTime() ?? 0) + month * 2_600_000_000).toISOString(),
                  amount: 100,
                  currency: 'EUR',
                  settled: { amount, fee: 0, currency: 'USD' },
                });
          }
          const range = { from: '2025-02-10', to: '2026-05-20', by, currency };
          for (const name of ['mrr', 'churn'] as const) await expectBehind(await told(name, range));
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 12) },
    );
  }, 60_000);

  /** Follows every figure that leads to a list, as a click does. */
  async function expectBehind(answer: Answer): Promise<void> {
    const { columns, rows, totals, totalsByCurrency } = answer;
    const sums = [...rows.map((row) => ({ row, isTotal: false }))];
    for (const row of totals ? [...totalsByCurrency, totals] : []) sums.push({ row, isTotal: true });
    for (const { row, isTotal } of sums) {
      for (const column of columns) {
        const path = pathBehind(answer, column, row, isTotal);
        // Of the many that are nothing, those of the whole.
        if (path === null || (!row[column.name] && !isTotal)) continue;
        const [, query] = path.split('?');
        const asked = readQuestion(Object.fromEntries(new URLSearchParams(query)), riga, asOf);
        if (Array.isArray(asked)) throw new Error(`Nobody can ask for ${query}`);
        const list = await answerReport(history.database, 'movements', { ...asked, most: 10_000 });
        const figure = Number(row[column.name]);
        const sum = column.kind === 'count' ? list.totals?.supporters : list.totals?.mrr_delta_minor;
        const lost = /contraction|churn_|paused/.test(column.name);
        // Where nobody moved there is no sum.
        expect([path, sum ?? 0]).toEqual([path, lost ? 0 - figure : figure]);
        const shown = list.rows.reduce((total, each) => total + Number(each.mrr_delta_minor), 0);
        if (column.kind === 'money')
          expect(Math.abs(shown - Number(sum))).toBeLessThanOrEqual(list.rows.length / 2);
      }
    }
  }
});
