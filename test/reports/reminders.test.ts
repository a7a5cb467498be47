// The way of reminders, looked at by one thing at a time: each is the whole again, and each step a part of the one before.
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { h } from 'preact';
import { render } from 'preact-render-to-string';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerReport } from '../../src/reports/answer.ts';
import { ask, type Question, type Reckoning } from '../../src/reports/question.ts';
import { reminders } from '../../src/reports/reminders.ts';
import { ReminderWays, reminderSteps } from '../../src/reports/reminders-page.tsx';
import type { Row } from '../../src/reports/report.ts';
import { wordsFor } from '../../src/words/words.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type History, historyIn } from './history.ts';

const utc: Reckoning = { timeZone: 'UTC', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asOf = new Date('2026-03-20T12:00:00Z');
const question = (wanted: Partial<Question> = {}) =>
  ask({ from: '2026-01-01', to: '2026-04-01', by: 'month', currency: 'reporting', ...wanted }, utc, asOf);

let fresh: FreshDatabase;
let history: History;

beforeAll(async () => {
  fresh = await freshDatabase();
  history = historyIn(fresh.pool);
});
afterAll(() => fresh.drop());

const day = (date: string) => new Date(`${date}T09:00:00Z`);

/** A reminder that came so far; `gave` in minor units of its currency, of which `back` was given back. */
async function remind(
  reader: string,
  wish: {
    askedOn: string;
    stage?: 'before' | 'again' | 'win-back';
    choice?: 'week' | 'month' | 'year';
    source?: string;
    steps: number;
    gave?: number;
    back?: number;
  },
): Promise<void> {
  const { askedOn, steps } = wish;
  const id = await history.remindMe({
    createdAt: day(askedOn),
    stage: wish.stage ?? 'before',
    choice: wish.choice ?? 'month',
    component: wish.source ?? null,
    state: steps > 3 ? 'sent' : steps > 1 ? 'waiting' : 'unconfirmed',
    dueAt: steps > 2 ? day(askedOn) : day('2026-09-01'),
    confirmedAt: steps > 1 ? day(askedOn) : null,
    sentAt: steps > 3 ? day(askedOn) : null,
    openedAt: steps > 4 ? day(askedOn) : null,
  });
  if (steps < 6) return;
  const gift = await history.gives(reader, {
    at: `${askedOn}T10:00:00Z`,
    amount: wish.gave ?? 500,
    reminderId: id,
  });
  if (wish.back)
    await history.returns(gift, 'USD', { kind: 'refund', at: `${askedOn}T11:00:00Z`, amount: wish.back });
}

const countsOf = (row: Row) => [...reminderSteps, 'net_minor'].map((name) => row[name]);

describe('a worked example', () => {
  beforeAll(async () => {
    const reader = await history.reader();
    // Asked before giving, in January: four, of whom one gave 20.00 and got 5.00 back.
    for (const steps of [1, 3, 5]) await remind(reader, { askedOn: '2026-01-10', source: 'appeal', steps });
    await remind(reader, { askedOn: '2026-01-12', source: 'appeal', steps: 6, gave: 2_000, back: 500 });
    // After a gift, in a week: two, both gave 7.00. After leaving: one, never confirmed, from nowhere known.
    for (const steps of [6, 6]) {
      await remind(reader, {
        askedOn: '2026-02-03',
        stage: 'again',
        choice: 'week',
        source: 'thanks',
        steps,
        gave: 700,
      });
    }
    await remind(reader, { askedOn: '2026-02-04', stage: 'win-back', choice: 'year', steps: 1 });
  });

  it('is told by stage, by choice, by source and by month', async () => {
    const { totals, ways = [] } = await reminders.read(history.database, question());
    // 15.00 + 7.00 + 7.00
    expect(countsOf(totals ?? {})).toEqual([7, 5, 5, 4, 4, 3, 2_900]);
    const by = (name: string) =>
      ways.filter((row) => row.by === name).map((row) => [row.name, ...countsOf(row)]);
    expect(by('stage')).toEqual([
      ['again', 2, 2, 2, 2, 2, 2, 1_400],
      ['before', 4, 3, 3, 2, 2, 1, 1_500],
      ['win-back', 1, 0, 0, 0, 0, 0, 0],
    ]);
    expect(by('choice')).toEqual([
      ['month', 4, 3, 3, 2, 2, 1, 1_500],
      ['week', 2, 2, 2, 2, 2, 2, 1_400],
      ['year', 1, 0, 0, 0, 0, 0, 0],
    ]);
    expect(by('source').map(([name, asked]) => [name, asked])).toEqual(
      expect.arrayContaining([
        ['appeal', 4],
        ['thanks', 2],
        [null, 1],
      ]),
    );
    expect(by('period')).toEqual([
      ['2026-01-01', 4, 3, 3, 2, 2, 1, 1_500],
      ['2026-02-01', 3, 2, 2, 2, 2, 2, 1_400],
      ['2026-03-01', 0, 0, 0, 0, 0, 0, 0],
    ]);
  });

  it.each(['en', 'ru'] as const)(
    'in %s, each count stands beside its share of the step before',
    async (locale) => {
      const words = wordsFor(locale);
      const answer = await answerReport(history.database, 'reminders', question());
      const seen = {
        words,
        config: { stripe: { secretKey: '', webhookSecrets: [], apiUrl: null, live: false } },
        locale,
        opensReaders: false,
      };
      const { document } = parseHTML(render(h(ReminderWays, { seen, answer })));
      const percent = (share: number) =>
        new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share);
      const steps = [...document.querySelectorAll('.funnel li')].map((item) => item.textContent);
      // 5 of 7 confirmed, all of those were due, 4 of 5 were sent and opened, 3 of 4 gave.
      [5 / 7, 1, 4 / 5, 1, 3 / 4].forEach((share, at) => {
        expect(steps[at + 1]).toContain(words.reports.ofBefore(percent(share)));
      });
      const titles = [...document.querySelectorAll('h2')].map((title) => title.textContent);
      const { stage, choice, source, period, together } = words.reports.reminderWays;
      expect(titles).toEqual([stage, choice, source, period, together]);
      const names = [...document.querySelectorAll('section')][0]?.querySelectorAll('tbody th') ?? [];
      const { stages } = words.reports;
      expect([...names].map((name) => name.textContent)).toEqual([
        stages.before,
        stages.again,
        stages['win-back'],
      ]);
      const winBack = [...document.querySelectorAll('tbody tr')].find((row) =>
        row.textContent?.startsWith(words.reports.stages['win-back']),
      );
      // Of nobody no share is told.
      const cells = [...(winBack?.querySelectorAll('td') ?? [])].map((cell) => cell.textContent);
      expect(cells.slice(0, 3)).toEqual(['1', `0${percent(0)}`, '0']);
    },
  );
});

it('for any reminders every way sums to the whole, and no step is larger than the one before', async () => {
  const wish = fc.record({
    askedOn: fc.constantFrom('2026-01-02', '2026-01-31', '2026-02-01', '2026-03-19', '2026-04-01'),
    stage: fc.constantFrom('before', 'again', 'win-back'),
    choice: fc.constantFrom('week', 'month', 'year'),
    source: fc.constantFrom('appeal', 'donate'),
    steps: fc.integer({ min: 1, max: 6 }),
    gave: fc.integer({ min: 1, max: 90_000 }),
  });
  const reader = await history.reader();
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { minLength: 1, maxLength: 12 }), async (wishes) => {
      await fresh.pool.query('truncate adjustments, payments, reminders cascade');
      for (const each of wishes) await remind(reader, { ...each, back: Math.floor(each.gave / 3) });
      const { rows, totals, ways = [] } = await reminders.read(history.database, question());
      const inside = wishes.filter(({ askedOn }) => askedOn < '2026-04-01');
      expect(totals?.asked).toBe(inside.length);
      const gave = inside.filter(({ steps }) => steps === 6);
      const net = gave.reduce((sum, each) => sum + each.gave - Math.floor(each.gave / 3), 0);
      expect(totals?.net_minor).toBe(net);
      for (const part of [
        rows,
        ...['stage', 'choice', 'source', 'period'].map((by) => ways.filter((row) => row.by === by)),
      ]) {
        for (const name of [...reminderSteps, 'net_minor']) {
          expect(part.reduce((sum, row) => sum + Number(row[name]), 0)).toBe(totals?.[name]);
        }
        for (const row of part) {
          const counts = reminderSteps.map((step) => Number(row[step]));
          expect(counts).toEqual([...counts].sort((one, other) => other - one));
        }
      }
    }),
    { numRuns: 25 },
  );
});
