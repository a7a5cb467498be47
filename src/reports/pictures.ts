// Pictures: what each report's chart shows of its rows, and what it is called.
import { addDays } from '../values/calendar.ts';
import { type Currency, isCurrency } from '../values/money.ts';
import type { Words } from '../words/words.ts';
import type { Answer } from './answer.ts';
import { movementIn, movementsBehind, pathBehindAny, pathOfGifts } from './behind.ts';
import {
  type Bar,
  type Drawn,
  drawBars,
  drawComparison,
  drawLines,
  type Line,
  type Part,
  type Step,
} from './chart.ts';
import type { Desk } from './desk.ts';
import { countText, dateText, figureOf, moneyText, percentText, textOf } from './figures.ts';
import type { Question } from './question.ts';
import type { Row } from './report.ts';
import { localised, type Seen, writtenOf } from './table.tsx';

export interface Picture {
  drawn: Drawn;
  title: string;
  /** In words, for those who do not see it. */
  text: string;
  /** The parts of its bars from the foot outwards, for the legend; lines are named where they end. */
  parts: readonly Part[];
  lines: readonly Line[];
}

/** What its bars need to lead on in the language of the page. */
type Leading = Pick<Seen, 'words' | 'locale'>;
/** Of the desk: how promised income moved in the days so far. */
type Promised = Pick<Desk, 'members' | 'days' | 'currency'>;

/** Which reports have one. */
export type Pictured = keyof Words['reports']['charts'];

function isPictured(words: Words, name: string): name is Pictured {
  return Object.hasOwn(words.reports.charts, name);
}

/** The picture of an answer; null where there is nothing to draw, too much, or several currencies. */
export async function pictureOf(seen: Leading, answer: Answer): Promise<Picture | null> {
  const { words } = seen;
  const { name, question, rows, columns } = answer;
  if (!isPictured(words, name) || rows.length === 0) return null;
  const moneyIn = currencyOf(question, rows);
  if (moneyIn === null) return null;
  if (name === 'sources' || name === 'recovery-times') return comparisonOf(words, answer, name, moneyIn);
  if (rows.length > mostDrawn) return null;
  const drawing = { words, id: name, rows, by: question.by };
  const { title, text } = words.reports.charts[name];
  const lines = linesOf(words, name);
  const parts = partsOf(seen, answer, name);
  const used = parts.filter((part) => rows.some((row) => part.valueOf(row) !== 0));
  const shares = rows.some((row) => lines.some(({ column }) => row[column] !== null));
  if (used.length === 0 && !shares) return null;
  const spans = columns.some(({ kind }) => kind === 'money') ? moneyIn : null;
  return {
    drawn: shares ? await drawLines(drawing, lines) : await drawBars(drawing, used, moneyIn, false),
    title,
    text: words.reports.chartSays(
      text,
      firstCell(words, answer, rows[0]),
      firstCell(words, answer, rows.at(-1)),
      lines.length > 0 ? null : spans,
    ),
    parts: used,
    lines,
  };
}

/** Not period by period: one bar for each row, the smallest of many together. */
async function comparisonOf(
  words: Words,
  answer: Answer,
  name: 'sources' | 'recovery-times',
  moneyIn: Currency,
): Promise<Picture | null> {
  const bars = name === 'sources' ? barsOfSources(words, answer, moneyIn) : barsOfTimes(words, answer);
  if (bars.length === 0) return null;
  const { title, text } = words.reports.charts[name];
  const { from, to } = answer.question;
  const day = (on: string) => dateText(words, on, { day: 'numeric', month: 'short', year: 'numeric' });
  return {
    drawn: await drawComparison({ id: name }, bars),
    title,
    text: words.reports.chartSays(text, day(from), day(addDays(to, -1)), name === 'sources' ? moneyIn : null),
    parts: [],
    lines: [],
  };
}

function barsOfSources(words: Words, answer: Answer, moneyIn: Currency): Bar[] {
  const gross = (row: Row) => Number(row.gross_minor);
  const brought = answer.rows.filter((row) => gross(row) > 0);
  const whole = brought.reduce((sum, row) => sum + gross(row), 0);
  const bar = (called: string, value: number): Bar => ({
    name: called,
    value,
    label: `${moneyText(words, value, moneyIn)} (${percentText(words, value / whole)})`,
  });
  // One more than are shown stands as itself.
  const shown = brought.length <= mostCompared ? brought : brought.slice(0, mostCompared - 1);
  const others = brought.slice(shown.length);
  return [
    ...shown.map((row) => bar(nameOfSource(words, answer, row), gross(row))),
    ...(others.length === 0
      ? []
      : [
          bar(
            words.reports.otherSources(others.length),
            others.reduce((sum, row) => sum + gross(row), 0),
          ),
        ]),
  ];
}

/** An address without what all of them begin with. */
function nameOfSource(words: Words, answer: Answer, row: Row): string {
  return firstCell(words, answer, row)
    .replace(/^https?:\/\/(www\.)?/, '')
    .replace(/\/$/, '');
}

function barsOfTimes(words: Words, answer: Answer): Bar[] {
  if (!answer.totals?.bills) return [];
  return answer.rows.map((row) => {
    const value = Number(row.bills);
    const label = value === 0 ? '0' : `${countText(words, value)} (${percentText(words, Number(row.share))})`;
    return { name: firstCell(words, answer, row), value, label };
  });
}

function firstCell(words: Words, answer: Answer, row: Row | undefined): string {
  const [column] = answer.columns;
  const { reportingCurrency } = answer.question.reckoning;
  return column && row
    ? textOf(writtenOf({ words }, answer, answer.columns), column, row, reportingCurrency)
    : '';
}

/** The one currency that all rows are in; null where they are in several. */
function currencyOf({ currency, reckoning }: Question, rows: readonly Row[]): Currency | null {
  if (currency === 'reporting') return reckoning.reportingCurrency;
  if (currency !== null) return currency;
  const named = new Set(rows.map((row) => row.currency));
  const [only] = named;
  return named.size === 1 && isCurrency(only) ? only : null;
}

function linesOf(words: Words, name: Pictured): Line[] {
  const columns = {
    churn: ['supporter_churn_rate', 'gross_mrr_churn_rate'],
    retention: ['rate', 'new_rate', 'repeat_rate'],
  };
  if (name !== 'churn' && name !== 'retention') return [];
  return columns[name].map((column) => ({ column, term: figureOf(words, { name: column }, name).term }));
}

function partsOf(seen: Leading, answer: Answer, name: Pictured): Part[] {
  const { words } = seen;
  const value = (row: Row, column: string) => Number(row[column] ?? 0);
  const termOf = (column: string) => figureOf(words, { name: column }, name).term;
  const part = (tone: Part['tone'], column: string, sign: 1 | -1 = 1, ...more: string[]): Part => ({
    tone,
    name: termOf(column),
    term: [column, ...more].map(termOf).join(', '),
    valueOf: (row) => sign * [column, ...more].reduce((sum, each) => sum + value(row, each), 0),
    behind: (row) => localisedOrNone(seen, pathBehindAny(answer, [column, ...more], row)),
  });
  const difference = (tone: Part['tone'], term: string, whole: string, less: string): Part => ({
    tone,
    name: term,
    term,
    valueOf: (row) => value(row, whole) - value(row, less),
    behind: (row) => localisedOrNone(seen, pathBehindAny(answer, [whole], row)),
  });
  switch (name) {
    case 'income':
      return [
        {
          ...part('first', 'net_minor'),
          behind: (row) => localisedOrNone(seen, pathOfGifts(answer, row, false)),
        },
        difference('third', words.reports.wentOut, 'gross_minor', 'net_minor'),
      ];
    case 'mrr':
      return [
        part('first', 'new_minor'),
        part('second', 'reactivation_minor', 1, 'resumed_minor'),
        part('fourth', 'expansion_minor'),
        part('third', 'churn_voluntary_minor', -1, 'churn_involuntary_minor', 'paused_minor'),
        part('fifth', 'contraction_minor', -1),
      ];
    case 'growth':
      return [
        part('first', 'new_minor'),
        part('second', 'recaptured_minor'),
        part('fourth', 'upgraded_minor'),
        part('third', 'lapsed_minor', -1),
        part('fifth', 'downgraded_minor', -1),
      ];
    case 'recovery':
      return [
        part('first', 'recovered_minor'),
        difference('third', words.reports.stillMissing, 'failed_first_minor', 'recovered_minor'),
      ];
    case 'forecast':
      return [
        part('first', 'expected_minor'),
        difference('third', words.reports.mayBeLost, 'due_minor', 'expected_minor'),
      ];
    default:
      return [];
  }
}

/** Of the giving report: what is promised below, what comes once on top; each leads to the gifts of its days. */
export function partsOfGiving(seen: Leading, answer: Pick<Answer, 'name' | 'question'>): Part[] {
  const { month, year, once } = seen.words.reports.figures;
  const part = (tone: Part['tone'], { term }: { term: string }, column: string): Part => ({
    tone,
    name: term,
    term,
    valueOf: (row) => Number(row[column] ?? 0),
    behind: (row) => localisedOrNone(seen, pathOfGifts(answer, row, false)),
  });
  return [
    part('first', month, 'month_minor'),
    part('second', year, 'year_minor'),
    part('third', once, 'once_minor'),
  ];
}

/** How promised income came from the start of the row to its end, step by step; what did not move is left out. */
export function stepsOf(seen: Leading, { members: row, days, currency }: Promised): Step[] {
  const { words } = seen;
  const term = (column: string) => figureOf(words, { name: column }, 'mrr').term;
  const value = (column: string) => Number(row[column] ?? 0);
  const moves = [
    ...['new_minor', 'reactivation_minor', 'expansion_minor', 'resumed_minor'].map(
      (c) => [c, value(c)] as const,
    ),
    ['fx_minor', value('fx_minor')] as const,
    ...['contraction_minor', 'churn_voluntary_minor', 'churn_involuntary_minor', 'paused_minor'].map(
      (c) => [c, -value(c)] as const,
    ),
  ];
  let at = value('start_minor');
  const steps: Step[] = [{ name: term('start_minor'), from: 0, to: at, is: 'standing', behind: null }];
  for (const [column, change] of moves.filter(([, each]) => each !== 0)) {
    const behind = localised(seen, movementsBehind(days, movementIn(column), currency));
    steps.push({ name: term(column), from: at, to: at + change, is: change > 0 ? 'gain' : 'loss', behind });
    at += change;
  }
  // Each figure is rounded by itself: the end is told as it is, not added up.
  return [
    ...steps,
    { name: term('end_minor'), from: 0, to: value('end_minor'), is: 'standing', behind: null },
  ];
}

function localisedOrNone(seen: Leading, path: string | null): string | null {
  return path === null ? null : localised(seen, path);
}

const mostCompared = 12;

/** More periods than this are a table. */
const mostDrawn = 200;
