// The way of reminders on their report's page: how far they came, in all and by one thing at a time, each step with its share of the one before.
import type { VNode } from 'preact';
import type { Words } from '../words/words.ts';
import type { Answer } from './answer.ts';
import { countText, moneyText, percentText, textOf } from './figures.ts';
import type { Column, Row } from './report.ts';
import { moneyIn, reachable, type Seen, Term, writtenOf } from './table.tsx';

/** The steps of the way, each a part of the one before. */
export const reminderSteps = ['asked', 'confirmed', 'due', 'sent', 'opened', 'gave'] as const;

const ways = ['stage', 'choice', 'source', 'period'] as const;

export function ReminderWays({ seen, answer }: { seen: Seen; answer: Answer }): VNode | null {
  const parts = answer.ways ?? [];
  if (Number(answer.totals?.asked ?? 0) === 0) return null;
  return (
    <>
      <Funnel seen={seen} answer={answer} />
      <p class="aside small">{seen.words.reports.sharesOfBefore}</p>
      {ways.map((by) => {
        const rows = parts.filter((row) => row.by === by);
        return rows.length > 1 && <Way seen={seen} answer={answer} by={by} rows={inOrder(seen, by, rows)} />;
      })}
      <h2>{seen.words.reports.reminderWays.together}</h2>
    </>
  );
}

/** All of them, step by step. */
export function Funnel({ seen, answer }: { seen: Seen; answer: Answer }): VNode {
  const { words } = seen;
  const totals = answer.totals ?? {};
  const asked = Number(totals.asked ?? 0);
  return (
    <ol class="funnel">
      {reminderSteps.map((step, index) => {
        const count = Number(totals[step] ?? 0);
        const share = shareText(words, totals, index);
        return (
          <li>
            <Term seen={seen} column={{ name: step }} report="reminders" />
            <span class="number">{countText(words, count)}</span>
            <progress max={asked} value={count} aria-hidden="true" />
            <span class="aside small">{share === null ? '' : words.reports.ofBefore(share)}</span>
          </li>
        );
      })}
      <li>
        <Term seen={seen} column={{ name: 'net_minor' }} report="reminders" />
        <span class="number">{moneyText(words, Number(totals.net_minor ?? 0), moneyIn(answer))}</span>
      </li>
    </ol>
  );
}

function Way({
  seen,
  answer,
  by,
  rows,
}: {
  seen: Seen;
  answer: Answer;
  by: (typeof ways)[number];
  rows: readonly Row[];
}): VNode {
  const { words } = seen;
  const title = words.reports.reminderWays[by];
  const column = answer.columns.find(({ name }) => name === by) ?? { name: by, kind: 'text' as const };
  const cell = (of: Column, row: Row) =>
    textOf(writtenOf(seen, answer, answer.columns), of, row, moneyIn(answer));
  return (
    <section class="stack close" aria-labelledby={`by-${by}`}>
      <h2 id={`by-${by}`}>{title}</h2>
      <section class="table" aria-label={words.reports.tableScrolls(title)} {...reachable}>
        <table>
          <caption class="unseen">{title}</caption>
          <thead>
            <tr>
              <th scope="col">
                <Term seen={seen} column={column} report="reminders" />
              </th>
              {reminderSteps.map((step) => (
                <th scope="col" class="number">
                  <Term seen={seen} column={{ name: step }} report="reminders" />
                </th>
              ))}
              <th scope="col" class="number">
                <Term seen={seen} column={{ name: 'net_minor' }} report="reminders" />
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row">{cell(column, { [by]: row.name ?? null })}</th>
                {reminderSteps.map((step, index) => {
                  const share = shareText(words, row, index);
                  return (
                    <td class={row[step] === 0 ? 'number zero' : 'number'}>
                      {countText(words, Number(row[step]))}
                      {index > 0 && <span class="aside small share">{share}</span>}
                    </td>
                  );
                })}
                <td class={row.net_minor === 0 ? 'number zero' : 'number'}>
                  {cell({ name: 'net_minor', kind: 'money' }, row)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

/** Stages and choices as their words are listed; the rest as the statement ordered them. */
function inOrder({ words }: Seen, by: (typeof ways)[number], rows: readonly Row[]): readonly Row[] {
  const listed = by === 'stage' ? words.reports.stages : by === 'choice' ? words.reports.choices : null;
  if (listed === null) return rows;
  const places = Object.keys(listed);
  const place = (row: Row) => places.indexOf(String(row.name));
  return [...rows].sort((one, other) => place(one) - place(other));
}

/** A step's share of the one before; null for the first, and where nobody had come so far. */
function shareText(words: Words, row: Row, index: number): string | null {
  const [step, before] = [reminderSteps[index], reminderSteps[index - 1]];
  if (step === undefined || before === undefined || !row[before]) return null;
  return percentText(words, Number(row[step]) / Number(row[before]));
}
