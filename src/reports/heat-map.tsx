// Cohorts as two heat maps: a row for each month of first gifts, a column for each month since; figures in every cell.
import type { VNode } from 'preact';
import type { Answer } from './answer.ts';
import { countText, percentText, textOf } from './figures.ts';
import type { Row } from './report.ts';
import { type Seen, Term, writtenOf } from './table.tsx';

/** Nothing where several currencies have a block each: their cohorts would stand in one map. */
export function HeatMaps({ seen, answer }: { seen: Seen; answer: Answer }): VNode | null {
  const { words } = seen;
  if (new Set(answer.rows.map((row) => row.currency)).size > 1) return null;
  const maps = (['giving', 'not_churned'] as const).filter((column) =>
    answer.rows.some((row) => Number(row[column] ?? 0) > 0),
  );
  if (maps.length === 0) return null;
  return (
    <>
      <p class="aside">{words.reports.heat.reading}</p>
      {maps.map((column) => (
        <HeatMap seen={seen} answer={answer} column={column} />
      ))}
    </>
  );
}

function HeatMap({
  seen,
  answer,
  column,
}: {
  seen: Seen;
  answer: Answer;
  column: 'giving' | 'not_churned';
}): VNode {
  const { words } = seen;
  const title = words.reports.heat[column];
  const cohorts = Map.groupBy(answer.rows, (row) => String(row.cohort));
  const shown = [...cohorts.values()].filter(([first]) => Number(first?.size) > 0);
  const longest = Math.max(...shown.map((rows) => rows.length));
  return (
    <section class="table heat" aria-label={words.reports.tableScrolls(title)} {...reachable}>
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">
              <Term seen={seen} column={{ name: 'cohort' }} report="cohorts" />
            </th>
            <th scope="col" class="number">
              <Term seen={seen} column={{ name: 'size' }} report="cohorts" />
            </th>
            {Array.from({ length: longest }, (_, offset) => (
              <th scope="col" class="number">
                {offset}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((rows) => (
            <tr>
              <th scope="row">{cohortText(seen, answer, rows[0])}</th>
              <td class="number">{countText(words, Number(rows[0]?.size))}</td>
              {rows.map((row) => (
                <Cell seen={seen} row={row} column={column} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ seen: { words }, row, column }: { seen: Seen; row: Row; column: string }): VNode {
  const people = row[column];
  if (typeof people !== 'number') return <td class="number">–</td>;
  const share = people / Number(row.size);
  const percent = percentText(words, share);
  return (
    <td class={`number heat-${Math.round(share * 10)}`}>
      <span title={words.reports.heat.people(percent, countText(words, people))}>{percent}</span>
    </td>
  );
}

function cohortText(seen: Seen, answer: Answer, row: Row | undefined): string {
  const [column] = answer.columns;
  const { reportingCurrency } = answer.question.reckoning;
  return column && row ? textOf(writtenOf(seen, answer, answer.columns), column, row, reportingCurrency) : '';
}

const reachable = { tabIndex: 0 };
