// Behind a figure: the list of what it counts, of exactly its days and its currency; of movements also of its kind.
import type { Answer, ReportName } from './answer.ts';
import type { MovementChoice } from './question.ts';
import type { Column, Row } from './report.ts';

type Asked = Pick<Answer, 'name' | 'question'>;

/** The address of the list behind a figure; null where there is none, or nothing in it. `isTotal` means the whole range. */
export function pathBehind(
  asked: Asked,
  column: Pick<Column, 'name'>,
  row: Row,
  isTotal = false,
): string | null {
  const movement = moved[asked.name]?.[column.name];
  if (movement === undefined && !gave[asked.name]?.includes(column.name)) return null;
  const figure = row[column.name];
  // What several currencies come to is no figure; each of them has its own list.
  if (figure === null || figure === undefined) return null;
  if (!figure && !mayAddUpToNothing(asked, movement)) return null;
  return movement === undefined
    ? pathOfGifts(asked, row, isTotal)
    : pathOfMovements(asked, row, movement, isTotal);
}

/** Of several figures that are shown as one: the list behind the only one that is not zero, or else behind all of them. */
export function pathBehindAny(asked: Asked, columns: readonly string[], row: Row): string | null {
  const counting = columns.filter((name) => row[name]);
  const [only, ...others] = counting;
  if (only === undefined) return null;
  if (others.length === 0) return pathBehind(asked, { name: only }, row);
  return moved[asked.name] === undefined
    ? pathOfGifts(asked, row, false)
    : pathOfMovements(asked, row, null, false);
}

/** The gifts of a row's days. One by one they stand in the currency they were given in. */
export function pathOfGifts({ question }: Asked, row: Row, isTotal: boolean): string | null {
  const piece = pieceOf(question, row, isTotal);
  if (!piece) return null;
  const chosen = question.currency ?? row.currency;
  return pathTo('gifts', {
    from: piece.firstOn,
    to: piece.until,
    ...(typeof chosen === 'string' && chosen !== 'reporting' && { currency: chosen }),
  });
}

function pathOfMovements(
  { question }: Asked,
  row: Row,
  movement: MovementChoice | null,
  isTotal: boolean,
): string | null {
  const piece = pieceOf(question, row, isTotal);
  if (!piece) return null;
  // Where nobody chose one, a row says its own; the whole of several has none, and so each by itself behind it.
  const currency = question.currency ?? String(row.currency ?? '');
  return movementsBehind({ from: piece.firstOn, to: piece.until }, movement, currency);
}

/** The movements of some days; of every kind where none is named. */
export function movementsBehind(
  { from, to }: { from: string; to: string },
  movement: MovementChoice | null,
  currency: string,
): string {
  return pathTo('movements', { from, to, ...(movement !== null && { movement }), currency });
}

/** The kind of movement that a column of promised income sums up. */
export function movementIn(column: string): MovementChoice | null {
  return moved.mrr?.[column] ?? null;
}

function pieceOf(question: Answer['question'], row: Row, isTotal: boolean) {
  return isTotal ? question.whole : question.periods.find(({ firstOn }) => firstOn === row.period);
}

function pathTo(name: ReportName, query: Record<string, string>): string {
  return `/staff/reports/${name}?${new URLSearchParams(query)}`;
}

const moved: Partial<Record<ReportName, Readonly<Record<string, MovementChoice>>>> = {
  mrr: {
    new_minor: 'new',
    reactivation_minor: 'reactivation',
    expansion_minor: 'expansion',
    contraction_minor: 'contraction',
    churn_voluntary_minor: 'churn_voluntary',
    churn_involuntary_minor: 'churn_involuntary',
    paused_minor: 'paused',
    resumed_minor: 'resumed',
    fx_minor: 'fx',
  },
  churn: { churned: 'churned' },
};

const gave: Partial<Record<ReportName, readonly string[]>> = {
  income: ['payments', 'gross_minor'],
  giving: ['gross_minor'],
};

/** Who leaves while their gift is paused takes no money along, and rates move up as well as down: a list may come to nothing and hold much. */
function mayAddUpToNothing({ question }: Asked, movement: MovementChoice | undefined): boolean {
  if (movement === 'fx') return question.currency === 'reporting';
  return movement === 'churn_voluntary' || movement === 'churn_involuntary';
}
