// A report as a table: the same columns as its file and its JSON, each leading to how it is counted.
import type { VNode } from 'preact';
import type { Config } from '../outside/config.ts';
import { paymentPage } from '../outside/stripe.ts';
import { type Currency, isCurrency } from '../values/money.ts';
import type { Words } from '../words/words.ts';
import { type Answer, isList, isListOfPersons, type ReportName } from './answer.ts';
import { pathBehind } from './behind.ts';
import { countText, figureOf, placeOf, textOf, unconvertedText, type Written } from './figures.ts';
import { queryOf } from './question.ts';
import type { Cell, Column, Row } from './report.ts';

export interface Seen {
  words: Words;
  config: Pick<Config, 'stripe'>;
  /** Kept in every link, so that a page asked for in one language leads to pages in it. */
  locale: string | null;
  /** Whether who looks may open a reader's letters; others see the number alone. */
  opensReaders: boolean;
}

/** Wide tables scroll in their own frame, which those without a mouse must be able to reach. */
export const reachable = { tabIndex: 0 };

/** The currency that money stands in where a row does not say. */
export function moneyIn({ question }: Pick<Answer, 'question'>): Currency {
  const { currency, reckoning } = question;
  return isCurrency(currency) ? currency : reckoning.reportingCurrency;
}

export function writtenOf(
  { words }: Pick<Seen, 'words'>,
  { question }: Pick<Answer, 'question'>,
  columns: readonly Column[],
): Written {
  const { timeZone, fiscalYearStart } = question.reckoning;
  return {
    words,
    timeZone,
    fiscalYearStart,
    by: question.by,
    saysCurrency: columns.some(({ kind }) => kind === 'currency'),
  };
}

/** `columns` may be fewer than the report's, where a page shows only a part. */
export function ReportTable({
  seen,
  answer,
  columns = answer.columns,
  after,
}: {
  seen: Seen;
  answer: Answer;
  columns?: readonly Column[];
  /** What stands at the end of each row: something to do with it. */
  after?: (row: Row) => VNode;
}): VNode {
  const { words } = seen;
  const { name, rows } = answer;
  const label = words.reports.names[name];
  const totals = totalLines(answer);
  return (
    <section class="table" aria-label={words.reports.tableScrolls(label)} {...reachable}>
      <table>
        <caption class="unseen">{label}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th scope="col" class={isNumber(column) ? 'number' : undefined}>
                <Term seen={seen} column={column} report={name} />
              </th>
            ))}
            {after && <td />}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {columns.map((column, index) => (
                <TableCell seen={seen} answer={answer} column={column} row={row} isHead={index === 0} />
              ))}
              {after && <td>{after(row)}</td>}
            </tr>
          ))}
        </tbody>
        {totals.length > 0 && (
          <tfoot>
            {totals.map((row) => (
              <tr>
                {columns.map((column, index) =>
                  index === 0 ? (
                    <th scope="row">{words.reports.total}</th>
                  ) : (
                    <TableCell seen={seen} answer={answer} column={column} row={row} isTotal />
                  ),
                )}
              </tr>
            ))}
          </tfoot>
        )}
      </table>
    </section>
  );
}

/** A figure's name, leading to how it is counted. */
export function Term({
  seen,
  column,
  report,
}: {
  seen: Seen;
  column: Pick<Column, 'name'>;
  report: ReportName;
}): VNode {
  return (
    <a class="term" href={localised(seen, `/staff/definitions#${placeOf(column, report)}`)}>
      {figureOf(seen.words, column, report).term}
    </a>
  );
}

/** The same rows as a file and for programs. */
export function Files({ seen, answer }: { seen: Seen; answer: Answer }): VNode {
  const { words } = seen;
  const label = words.reports.names[answer.name];
  const query = fileQuery(answer);
  return (
    <span class="files small">
      <a href={`/api/v1/reports/${answer.name}.csv?${query}`} aria-label={words.reports.downloadCsv(label)}>
        {words.reports.csv}
      </a>{' '}
      <a href={`/api/v1/reports/${answer.name}?${query}`} aria-label={words.reports.openJson(label)}>
        {words.reports.json}
      </a>
    </span>
  );
}

/** What stands beside the figures because no exchange rate is known; nothing where there is none. */
export function NotConverted({ words, amounts }: { words: Words; amounts: Cell | undefined }): VNode | null {
  if (!Array.isArray(amounts) || amounts.length === 0) return null;
  return <p class="aside">{words.reports.unconvertedNote(unconvertedText(words, amounts))}</p>;
}

/** An address of the desk in the language that was asked for by the address, if one was. */
export function localised({ locale }: Pick<Seen, 'locale'>, path: string): string {
  if (locale === null) return path;
  const at = new URL(path, 'http://here');
  at.searchParams.set('locale', locale);
  return `${at.pathname}${at.search}${at.hash}`;
}

/** The rows that follow these, for programs; null where none do. */
export function nextOf(answer: Answer): string | null {
  const query = nextQuery(answer);
  return query && `/api/v1/reports/${answer.name}?${query}`;
}

/** Which page of a list this is, and the ways to the others; nothing where all of it is shown. */
export function ListPages({ seen, answer }: { seen: Seen; answer: Answer }): VNode | null {
  const { words } = seen;
  const { name, rows, place, question } = answer;
  if (!place) {
    return isList(name) && rows.length >= question.most ? (
      <p class="aside">{words.reports.newestShown(rows.length)}</p>
    ) : null;
  }
  const { count, passed } = place;
  if (count === rows.length || (count === null && passed === 0 && place.next === null)) return null;
  const older = nextQuery(answer);
  const page = (query: string) => localised(seen, `/staff/reports/${name}?${query}`);
  return (
    <nav class="row" aria-label={words.reports.pages}>
      {count !== null && (
        <span>{placeText(words, { count, passed }, rows.length, isListOfPersons(name))}</span>
      )}
      {passed > 0 && (
        <a href={page(fileQuery(answer))}>
          {isListOfPersons(name) ? words.reports.firstOnes : words.reports.newest}
        </a>
      )}
      {older !== null && (
        <a href={page(older)} rel="next">
          {isListOfPersons(name) ? words.reports.nextOnes : words.reports.older}
        </a>
      )}
    </nav>
  );
}

function placeText(
  words: Words,
  { count, passed }: { count: number; passed: number },
  shown: number,
  isOfPersons: boolean,
): string {
  const first = countText(words, passed + 1);
  const last = countText(words, passed + shown);
  const all = countText(words, count);
  if (isOfPersons) return words.reports.placesOf(first, last, all);
  return passed === 0 ? words.reports.newestOf(last, all) : words.reports.partOf(first, last, all);
}

function nextQuery(answer: Answer): string | null {
  const { place, question } = answer;
  if (!place || place.next === null) return null;
  return `${fileQuery(answer)}&most=${question.most}&before=${place.next}`;
}

/** Of a list, the file holds every row. */
function fileQuery({ name, question }: Answer): string {
  const query = queryOf(question);
  if (name === 'sources') query.set('of', question.of);
  if (name === 'events' && question.state !== null) query.set('state', question.state);
  return query.toString();
}

function totalLines({ question, totals, totalsByCurrency }: Answer): Row[] {
  if (!totals) return [];
  return question.currency === null && totalsByCurrency.length > 1 ? [...totalsByCurrency, totals] : [totals];
}

function TableCell({
  seen,
  answer,
  column,
  row,
  isHead = false,
  isTotal = false,
}: {
  seen: Seen;
  answer: Answer;
  column: Column;
  row: Row;
  isHead?: boolean;
  isTotal?: boolean;
}): VNode {
  const kind = isNumber(column) ? (row[column.name] === 0 ? 'number zero' : 'number') : undefined;
  const told = <Told seen={seen} answer={answer} column={column} row={row} isTotal={isTotal} />;
  return isHead ? (
    <th scope="row" class={kind}>
      {told}
    </th>
  ) : (
    <td class={kind}>{told}</td>
  );
}

function Told({
  seen,
  answer,
  column,
  row,
  isTotal,
}: {
  seen: Seen;
  answer: Answer;
  column: Column;
  row: Row;
  isTotal: boolean;
}): VNode | null {
  if (isTotal && namesOneThing.includes(column.kind)) return null;
  const text = textOf(writtenOf(seen, answer, answer.columns), column, row, moneyIn(answer));
  const id = row[column.name];
  if (column.kind === 'id' && typeof id === 'string') {
    const href = pageOf(seen, column, id);
    return <code title={id}>{href === null ? text : <a href={href}>{text}</a>}</code>;
  }
  const behind = pathBehind(answer, column, row, isTotal);
  if (behind === null) return <>{text}</>;
  return (
    <a class="behind" href={localised(seen, behind)}>
      {text}
    </a>
  );
}

/** Where more is told of what an id names; null where nothing is. */
function pageOf(seen: Seen, { name }: Column, id: string): string | null {
  if (name === 'stripe_payment_intent_id') return paymentPage(seen.config, id);
  return name === 'reader_id' && seen.opensReaders
    ? localised(seen, `/staff/supporters/${id}/letters`)
    : null;
}

const namesOneThing: readonly Column['kind'][] = ['text', 'period', 'id', 'instant', 'day'];

function isNumber({ kind }: Column): boolean {
  return kind === 'count' || kind === 'money' || kind === 'rate' || kind === 'seconds';
}
