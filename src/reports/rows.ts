// Rows: every row of a list, however many there are, a part at a time, for files.
import type { Reads } from '../outside/database.ts';
import { addDays, daysBetween } from '../values/calendar.ts';
import { isListOfPersons, type ReportName, reports } from './answer.ts';
import { ask, type Question } from './question.ts';
import type { Report, Row } from './report.ts';

/**
 * A list's rows of the whole range; of one that names persons, page after page as it stands at each. So too of movements of those
 * who were there as the range begins: a part of it begins with others.
 */
export async function* everyRow(
  reads: Reads,
  name: ReportName,
  question: Question,
  heldAtOnce = isListOfPersons(name) ? personsAtOnce : 5_000,
): AsyncGenerator<readonly Row[]> {
  if (!isListOfPersons(name) && question.movement !== 'churned')
    return yield* everyRowByDays(reads, name, question, heldAtOnce);
  const report: Report = reports[name];
  for (let before: string | null = null; ; ) {
    const { rows, place } = await report.read(reads, { ...question, most: heldAtOnce, before });
    yield rows;
    before = place?.next ?? null;
    if (before === null) return;
  }
}

/**
 * A list's rows of the whole range, the newest first. Where a stretch of days has more rows than are held at once, its newer half
 * is read before its older one: no more is held than those or one day's. No snapshot is kept while somebody slowly downloads; a row
 * never changes its day, so none comes twice.
 */
async function* everyRowByDays(
  reads: Reads,
  name: ReportName,
  question: Question,
  heldAtOnce: number,
): AsyncGenerator<readonly Row[]> {
  const report: Report = reports[name];
  const { from, to, currency, of, state, movement, reckoning, asOf } = question;
  const days = daysBetween(from, to);
  const most = days > 1 ? heldAtOnce + 1 : everything;
  const part = ask({ from, to, by: 'year', currency, of, state, movement, most }, reckoning, asOf);
  const { rows } = await report.read(reads, part);
  if (days <= 1 || rows.length <= heldAtOnce) return yield rows;
  const middle = addDays(from, Math.floor(days / 2));
  yield* everyRowByDays(reads, name, { ...question, from: middle }, heldAtOnce);
  yield* everyRowByDays(reads, name, { ...question, to: middle }, heldAtOnce);
}

/** Each page reads the whole list anew, so pages are large. */
const personsAtOnce = 20_000;

/** More than any day has. */
const everything = 1_000_000_000;
