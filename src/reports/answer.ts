// Answer: a report asked and answered, as its page, its file and its JSON all show it.
import type { Reads } from '../outside/database.ts';
import { fault, inField, Refusal } from '../values/refusal.ts';
import { churn } from './churn.ts';
import { cohorts } from './cohorts.ts';
import { disputes } from './disputes.ts';
import { events } from './events.ts';
import { forecast } from './forecast.ts';
import { gifts } from './gifts.ts';
import { giving } from './giving.ts';
import { growth } from './growth.ts';
import { income } from './income.ts';
import { lybunt, sybunt } from './lapsed.ts';
import { letterProblems } from './letter-problems.ts';
import { letters } from './letters.ts';
import { movements } from './movements.ts';
import { mrr } from './mrr.ts';
import { movementName, type Question } from './question.ts';
import { recovery } from './recovery.ts';
import { recoveryTimes } from './recovery-times.ts';
import { reminders } from './reminders.ts';
import type { Column, Figures, Report } from './report.ts';
import { retention } from './retention.ts';
import { sources } from './sources.ts';
import type { KeptRange } from './stretch.ts';
import { supporters } from './supporters.ts';
import { suppressions } from './suppressions.ts';
import { work } from './work.ts';

/** Every report by its name in addresses. */
export const reports = {
  income,
  mrr,
  movements,
  giving,
  churn,
  retention,
  growth,
  cohorts,
  recovery,
  'recovery-times': recoveryTimes,
  forecast,
  lybunt,
  sybunt,
  supporters,
  disputes,
  gifts,
  sources,
  reminders,
  letters,
  'letter-problems': letterProblems,
  suppressions,
  events,
  work,
} as const satisfies Record<string, Report>;

export type ReportName = keyof typeof reports;

export function isReportName(text: string): text is ReportName {
  return Object.hasOwn(reports, text);
}

/** Rows one by one, the newest first: a page shows some at once, a file holds all. */
export function isList(name: ReportName): boolean {
  return name === 'gifts' || name === 'movements' || name === 'events' || isListOfPersons(name);
}

/** Of these the newest do not come first, and each currency may have a block. */
export function isListOfPersons(name: ReportName): boolean {
  return name === 'lybunt' || name === 'sybunt' || name === 'supporters';
}

export interface Answer extends Figures {
  name: ReportName;
  question: Question;
  columns: readonly Column[];
}

/** The stretches that a report as asked is quickly told of once sums are kept of them. */
export function rangesOf(name: ReportName, question: Question): readonly KeptRange[] {
  const report: Report = reports[name];
  return report.ranges?.(question) ?? [];
}

export async function answerReport(reads: Reads, name: ReportName, asked: Question): Promise<Answer> {
  const report: Report = reports[name];
  const inCurrency = { ...asked, currency: currencyOf(name, asked) };
  const question = report.suits?.(inCurrency) ?? inCurrency;
  // A row of another list is no place in this one.
  if (question.before !== null && movementName.test(question.before) !== (name === 'movements'))
    throw new Refusal(inField('before', fault('value-malformed')));
  return { name, question, columns: report.columns(question), ...(await report.read(reads, question)) };
}

/** One by one, amounts are told in the currency they were given in. */
function currencyOf(name: ReportName, { currency }: Question): Question['currency'] {
  if ((name === 'gifts' || name === 'events') && currency === 'reporting') return null;
  const report: Report = reports[name];
  return currency ?? report.usualCurrency ?? null;
}

/** For machines: `/api/v1/reports/NAME`. */
export function jsonOf({
  name,
  question,
  columns,
  rows,
  totals,
  totalsByCurrency,
  unconverted,
  place,
}: Answer) {
  return {
    name,
    from: question.from,
    to: question.to,
    by: question.by,
    currency: question.currency,
    ...(name === 'sources' && { of: question.of }),
    ...(name === 'events' && { state: question.state }),
    ...(name === 'movements' && { movement: question.movement }),
    ...(question.year !== null && { year: question.year }),
    time_zone: question.reckoning.timeZone,
    as_of: question.asOf.toISOString(),
    columns: columns.map((column) => column.name),
    rows,
    ...(place && place.count !== null && { count: place.count }),
    totals,
    ...(question.currency === null &&
      totalsByCurrency.length > 1 && { totals_by_currency: totalsByCurrency }),
    // Where no column says it.
    ...(question.currency === 'reporting' &&
      !columns.some(({ kind }) => kind === 'unconverted') && { unconverted }),
  };
}
