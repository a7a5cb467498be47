// `favor export`: writes out gifts, memberships or a report, row by row, of one moment and however many there are.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Reads } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { answerReport, isList, isReportName, reports } from '../reports/answer.ts';
import { csvHead, csvLines } from '../reports/csv.ts';
import { type Asked, type Question, readQuestion } from '../reports/question.ts';
import type { Column, Row } from '../reports/report.ts';
import { everyRow } from '../reports/rows.ts';
import { isDate, startOfDay } from '../values/calendar.ts';
import { isCurrency } from '../values/money.ts';
import { Refusal } from '../values/refusal.ts';
import { withServices } from './environment.ts';
import { addressesBeside } from './export/addresses.ts';
import { exportedGifts, giftsColumns } from './export/gifts.ts';
import { exportedMemberships, membershipsColumns } from './export/memberships.ts';
import type { Chosen } from './export/raw.ts';
import { inSnapshot } from './export/stream.ts';
import { type Answer, type Call, stop, textOf, type Verb } from './verb.ts';

const rawLists = ['gifts', 'memberships'] as const;
const filters = [
  'from',
  'to',
  'by',
  'currency',
  'of',
  'state',
  'movement',
  'year',
  'type',
  'standing',
  'country',
  'campaign',
  'since',
  'amount',
] as const;

export const exportRows: Verb = {
  help: `favor export NAME [filters] [--format csv|jsonl] [--out FILE] [--with-addresses]

Writes rows to the standard output, or to a file that appears when it is whole. All rows are of one moment, and none is
held longer than it takes to write it.

  gifts, memberships   every row of the ledger, in the columns that \`favor import\` reads: what is written here can be read
                       into an empty database, whose reports then say the same
  a report             ${names().join(', ')}: the columns of /api/v1/reports/NAME

  --from, --to      only what happened from the one day on and before the other (in the publication's time zone)
  --currency        only this currency; with a report also reporting
  --campaign        only what came this way
  --by, --of, --state, --movement, --year, --type, --standing, --country, --since, --amount
                    as in the address of the report
  --format          csv (usual) or jsonl: one JSON object on each line
  --out             a file instead of the standard output; only you may read it
  --with-addresses  readers' addresses and names beside their ids: keep such a file as you keep a secret
  --json            with --out: answer {"name", "file", "rows", "columns"}; else as --format jsonl

What was refunded in several steps is one refund here, on the day of the last; of several pauses the last is told.`,
  options: {
    ...Object.fromEntries(filters.map((name) => [name, { type: 'string' as const }])),
    format: { type: 'string' },
    out: { type: 'string' },
    'with-addresses': { type: 'boolean' },
  },
  async run(call) {
    const [name, ...others] = call.words;
    const isRaw = rawLists.some((each) => each === name);
    if (name === undefined || others.length > 0 || !(isRaw || isReportName(name))) {
      const unknown = name !== undefined && others.length === 0 ? `There is nothing called ${name}. ` : '';
      return stop(`${unknown}Say: export NAME, one of ${[...rawLists, ...names()].join(', ')}`, 'usage');
    }
    const format = formatOf(call);
    return withServices(call, async (services) => {
      const listing = isRaw ? rawListing(call, services, name) : reportListing(call, services, name);
      return write(call, services, { name, format, listing });
    });
  },
};

/** What is written: its columns, and its rows from a snapshot. */
interface Listing {
  columns: readonly Column[];
  rows(reads: Reads): AsyncGenerator<readonly Row[]>;
}

function names(): string[] {
  return Object.keys(reports).filter((name) => !rawLists.some((raw) => raw === name));
}

function formatOf(call: Call): 'csv' | 'jsonl' {
  const usual = call.options.json === true && textOf(call, 'out') === undefined ? 'jsonl' : 'csv';
  const format = textOf(call, 'format') ?? usual;
  return format === 'csv' || format === 'jsonl' ? format : stop('--format must be csv or jsonl.', 'usage');
}

function rawListing(call: Call, { config, keys }: Services, name: string): Listing {
  const { timeZone } = config.publication;
  const withAddresses = call.options['with-addresses'] === true;
  const chosen = chosenBy(call, timeZone);
  const isGifts = name === 'gifts';
  const columns = isGifts ? giftsColumns(withAddresses) : membershipsColumns(withAddresses);
  return {
    columns: columns.map((column) => ({ name: column, kind: 'text' })),
    rows: (reads) =>
      isGifts
        ? exportedGifts(reads, keys, chosen, withAddresses)
        : exportedMemberships(reads, keys, chosen, timeZone, withAddresses),
  };
}

function chosenBy(call: Call, zone: string): Chosen {
  const foreign = filters.find(
    (name) => !['from', 'to', 'currency', 'campaign'].includes(name) && call.options[name] !== undefined,
  );
  if (foreign !== undefined) return stop(`--${foreign} chooses among rows of reports alone.`, 'usage');
  const day = (name: string) => {
    const text = textOf(call, name);
    if (text === undefined) return null;
    return isDate(text)
      ? startOfDay(text, zone)
      : stop(`--${name} must be a day, as in 2026-03-01.`, 'usage');
  };
  const currency = textOf(call, 'currency')?.toUpperCase() ?? null;
  if (currency !== null && !isCurrency(currency)) return stop(`${currency} is no currency.`, 'usage');
  const [from, to] = [day('from'), day('to')];
  if (from !== null && to !== null && to <= from)
    return stop('--from must lie before --to: the day after the last is not written any more.', 'usage');
  return { from, to, currency, campaign: textOf(call, 'campaign') ?? null };
}

function reportListing(call: Call, services: Services, name: string): Listing {
  if (!isReportName(name)) return stop(`There is no report ${name}.`, 'usage');
  const question = questionOf(call, services);
  const columns = reports[name].columns(question);
  const withAddresses = call.options['with-addresses'] === true;
  if (withAddresses && !columns.some((column) => column.name === 'reader_id'))
    return stop(`${name} names no readers, so there are no addresses to it.`, 'usage');
  async function* rows(reads: Reads): AsyncGenerator<readonly Row[]> {
    if (!isReportName(name)) return;
    if (isList(name)) yield* everyRow(reads, name, question);
    else yield (await answerReport(reads, name, question)).rows;
  }
  if (!withAddresses) return { columns, rows };
  return addressesBeside(services.keys, { columns, rows });
}

function questionOf(call: Call, { config, now }: Services): Question {
  const { timeZone, fiscalYearStart, reportingCurrency } = config.publication;
  if (!isCurrency(reportingCurrency)) return stop('REPORTING_CURRENCY is no currency that can be charged.');
  const asked: Asked = Object.fromEntries(filters.map((name) => [name, textOf(call, name)]));
  const question = readQuestion(asked, { timeZone, fiscalYearStart, reportingCurrency }, now());
  if (!Array.isArray(question)) return question;
  const [first, ...more] = question;
  if (!first) return stop('This question cannot be read.', 'usage');
  throw new Refusal(first, ...more);
}

async function write(
  call: Call,
  services: Services,
  { name, format, listing }: { name: string; format: 'csv' | 'jsonl'; listing: Listing },
): Promise<Answer> {
  const out = textOf(call, 'out');
  const sink = out === undefined ? { write: call.write, end: async () => {} } : fileSink(out);
  const { columns } = listing;
  let count = 0;
  if (format === 'csv') await sink.write(csvHead(columns));
  try {
    await inSnapshot(services.reportsDatabase, async (reads) => {
      for await (const rows of listing.rows(reads)) {
        if (rows.length === 0) continue;
        await sink.write(format === 'csv' ? csvLines(columns, rows) : jsonLines(columns, rows));
        count += rows.length;
        if (out !== undefined) call.pulse(`${count} rows`);
      }
    });
  } catch (error) {
    if (isLeft(error)) return { text: null, json: undefined };
    throw error;
  }
  await sink.end();
  if (out === undefined) return { text: null, json: undefined };
  call.pulse('');
  return {
    text: `${count} rows in ${out}`,
    json: { name, file: out, rows: count, columns: columns.map((column) => column.name) },
  };
}

function jsonLines(columns: readonly Column[], rows: readonly Row[]): string {
  return rows
    .map((row) => {
      const fields = columns.map(({ name }) => [name, row[name] ?? null]);
      return `${JSON.stringify(Object.fromEntries(fields))}\n`;
    })
    .join('');
}

/** The file has another name until it is whole, and is nobody else's to read. */
function fileSink(path: string) {
  const unfinished = `${path}.part`;
  const stream = createWriteStream(unfinished, { mode: 0o600 });
  const failed = once(stream, 'error').then(([error]) =>
    stop(
      `${path} cannot be written (${error.code}): is its folder there, has it room, and may you write in it?`,
    ),
  );
  failed.catch(() => {});
  return {
    async write(text: string): Promise<void> {
      if (!stream.write(text)) await Promise.race([once(stream, 'drain'), failed]);
    },
    async end(): Promise<void> {
      await Promise.race([new Promise<void>((resolve) => stream.end(resolve)), failed]);
      if (stream.errored) await failed;
      await rename(unfinished, path);
    },
  };
}

/** Whoever read the output has had enough of it. */
function isLeft(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
