// Behind a figure: the list of movements that it counts, of exactly its days, its currency and its kind.
import type { Answer, ReportName } from './answer.ts';
import type { MovementChoice } from './question.ts';
import type { Column, Row } from './report.ts';

/** The query of the list behind a figure; null where there is none, or nothing in it. `isTotal` means the whole range. */
export function queryBehind(
  { name, question }: Pick<Answer, 'name' | 'question'>,
  column: Pick<Column, 'name'>,
  row: Row,
  isTotal: boolean,
): URLSearchParams | null {
  const movement = counted[name]?.[column.name];
  if (movement === undefined || !row[column.name]) return null;
  const piece = isTotal ? question.whole : question.periods.find(({ firstOn }) => firstOn === row.period);
  if (!piece) return null;
  // Where nobody chose one, a row says its own; the whole of several has none, and so each by itself behind it.
  const currency = question.currency ?? String(row.currency ?? '');
  return new URLSearchParams({ from: piece.firstOn, to: piece.until, movement, currency });
}

const counted: Partial<Record<ReportName, Readonly<Record<string, MovementChoice>>>> = {
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
