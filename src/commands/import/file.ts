// A file to import, read a part at a time: CSV, whose header tells the kind of its rows, or JSON lines, where each line tells its own.
import { createReadStream } from 'node:fs';
import {
  type ImportedGift,
  type ImportedMembership,
  identifyGift,
  identifyMembership,
} from '../../ledger/imported.ts';
import type { Keys } from '../../outside/keys.ts';
import { stop } from '../verb.ts';
import { type CsvRecord, csvRecords } from './csv.ts';
import { giftColumns, moreGiftColumns, readGift } from './gift-row.ts';
import { membershipColumns, moreMembershipColumns, readMembership } from './membership-row.ts';
import { momentsIn, type ReadMoment } from './moments.ts';
import type { BadRow, Reading, Rows } from './record.ts';

/** As many rows as are kept in one transaction, or fewer; what is wrong with others; and how much of the file is read. */
export type Part = { bytes: number } & (
  | ({ kind: 'gift' } & Rows<ImportedGift>)
  | ({ kind: 'membership' } & Rows<ImportedMembership>)
);

export interface ImportFile {
  path: string;
  /** In which days without a time begin. */
  zone: string;
  rowsAtOnce: number;
  keys: Keys;
  /** Told of columns that mean nothing here. */
  passedOver(columns: string[]): void;
}

/** Reads the file through. Of JSON lines the memberships come first, since gifts may belong to them. */
export async function* readImportFile(file: ImportFile): AsyncGenerator<Part> {
  const format = await formatOf(file.path);
  if (format === 'csv') return yield* readCsv(file);
  let hasGifts = false;
  for await (const part of readJsonLines(file, 'membership', () => {
    hasGifts = true;
  }))
    yield part;
  if (hasGifts) yield* readJsonLines(file, 'gift', () => {});
}

type Kind = Part['kind'];

const columnsOf = {
  gift: [...giftColumns, ...moreGiftColumns],
  membership: [...membershipColumns, ...moreMembershipColumns],
} as const;

const neededColumns: Record<Kind, readonly string[]> = {
  gift: ['external_id', 'happened_at', 'amount', 'currency'],
  membership: ['external_id', 'amount', 'currency', 'interval', 'started_at'],
};

async function formatOf(path: string): Promise<'csv' | 'json-lines'> {
  for await (const part of textOf(path, () => {})) {
    const begun = part.trimStart();
    if (begun !== '') return begun.startsWith('{') ? 'json-lines' : 'csv';
  }
  return stop(`${path} is empty.`);
}

/** The text of a file, without the mark that some programs put before UTF-8. */
async function* textOf(path: string, count: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Small enough that the database, which is at work for the rows before, is answered in between within two milliseconds.
  for await (const chunk of createReadStream(path, { highWaterMark: 8 * 1024 })) {
    const bytes: Buffer = chunk;
    count(bytes.length);
    yield decoder.decode(bytes, { stream: true });
  }
  yield decoder.decode();
}

async function* readCsv(file: ImportFile): AsyncGenerator<Part> {
  const collected = collector(file);
  let header: { kind: Kind; places: ReadonlyMap<string, number>; width: number } | null = null;
  let fields: string[] = [];
  for await (const records of csvRecords(textOf(file.path, collected.count))) {
    for (const record of records) {
      if (header === null) {
        header = readHeader(file, record);
        continue;
      }
      const { kind, places, width } = header;
      if (record.broken || record.fields.length !== width) {
        collected.wrong(record.line, wrongWidth(record, width));
        continue;
      }
      fields = record.fields;
      collected.take(kind, record.line, (column) => {
        const at = places.get(column);
        return at === undefined ? '' : unguarded((fields[at] ?? '').trim());
      });
      if (collected.size() >= file.rowsAtOnce) yield collected.part(kind);
    }
  }
  if (header !== null) yield collected.part(header.kind);
}

function wrongWidth({ broken, fields }: CsvRecord, width: number): string {
  return broken
    ? 'its quotes do not add up: put fields with commas or quotes in quotes, and double the quotes inside'
    : `it has ${fields.length} fields, and the header ${width}: put fields with commas in quotes`;
}

function readHeader(file: ImportFile, { fields, broken }: CsvRecord) {
  const names = fields.map((name) => name.trim().toLowerCase());
  const kind = kindOf((name) => names.includes(name));
  if (kind === null || broken) {
    return stop(
      [
        'The first line does not say what the rows are. It must name the columns, separated by commas:',
        `gifts        ${giftColumns.join(',')}`,
        `memberships  ${membershipColumns.join(',')}`,
      ].join('\n'),
    );
  }
  const missing = [
    ...neededColumns[kind].filter((name) => !names.includes(name)),
    ...(names.includes('email') || names.includes('reader_id') ? [] : ['email']),
  ];
  if (missing.length > 0) return stop(`The header lacks ${missing.join(', ')}.`);
  const twice = names.filter((name, at) => name !== '' && names.indexOf(name) < at);
  if (twice.length > 0) return stop(`The header names ${twice.join(', ')} twice.`);
  const known: readonly string[] = columnsOf[kind];
  file.passedOver(names.filter((name) => !known.includes(name)));
  return { kind, places: new Map(names.map((name, at) => [name, at])), width: names.length };
}

function kindOf(has: (column: string) => boolean): Kind | null {
  const isGift = has('happened_at');
  const isMembership = has('interval') || has('started_at');
  if (isGift === isMembership) return null;
  return isGift ? 'gift' : 'membership';
}

/** `export` puts an apostrophe before what a spreadsheet could take for a formula. */
function unguarded(text: string): string {
  return /^'[=+\-@|%＝＋－＠]/.test(text) ? text.slice(1) : text;
}

/** Lines of the other kind are left to another reading; what is neither is told of in the reading for memberships. */
async function* readJsonLines(file: ImportFile, kind: Kind, other: () => void): AsyncGenerator<Part> {
  const collected = collector(file);
  const unknown = new Set<string>();
  let line = 0;
  for await (const text of linesOf(textOf(file.path, collected.count))) {
    line += 1;
    if (text.trim() === '') continue;
    const read = objectIn(text);
    const found = read === null ? null : kindOf((column) => column in read);
    if (read === null || found === null) {
      if (kind === 'membership') collected.wrong(line, read === null ? notAnObject : neither);
      continue;
    }
    if (found !== kind) {
      other();
      continue;
    }
    const known: readonly string[] = columnsOf[kind];
    for (const name of Object.keys(read)) if (!known.includes(name)) unknown.add(name);
    collected.take(kind, line, (column) => plainText(read[column]));
    if (collected.size() >= file.rowsAtOnce) yield collected.part(kind);
  }
  yield collected.part(kind);
  file.passedOver([...unknown]);
}

const notAnObject = 'it is no JSON object: write {"external_id": …} on a line of its own';
const neither = 'it is neither a gift (happened_at) nor a membership (interval, started_at)';

async function* linesOf(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const part of parts) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? { ...read } : null;
  } catch {
    return null;
  }
}

/** What is neither text nor a number is read as something that no column takes. */
function plainText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' ? String(value) : '\0';
}

/** Gathers rows and what is wrong with others until they are taken as a part. */
function collector(file: ImportFile) {
  const moment: ReadMoment = momentsIn(file.zone);
  let bytes = 0;
  let gifts: Rows<ImportedGift>['rows'] = [];
  let memberships: Rows<ImportedMembership>['rows'] = [];
  let bad: BadRow[] = [];
  return {
    count(more: number) {
      bytes += more;
    },
    size: () => gifts.length + memberships.length + bad.length,
    wrong(line: number, problem: string) {
      bad.push({ line, column: null, externalId: null, problem });
    },
    take(kind: Kind, line: number, text: Reading['text']) {
      const found: BadRow[] = [];
      const wrong = (column: string, problem: string) =>
        found.push({ line, column, externalId: text('external_id') || null, problem });
      const reading: Reading = { line, text, moment, wrong };
      if (kind === 'gift') {
        const row = readGift(reading);
        if (row !== null && found.length === 0) gifts.push({ line, ...identifyGift(file.keys, row) });
      } else {
        const row = readMembership(reading);
        if (row !== null && found.length === 0)
          memberships.push({ line, ...identifyMembership(file.keys, row) });
      }
      bad.push(...found);
    },
    part(kind: Kind): Part {
      const part: Part =
        kind === 'gift' ? { kind, rows: gifts, bad, bytes } : { kind, rows: memberships, bad, bytes };
      gifts = [];
      memberships = [];
      bad = [];
      return part;
    },
  };
}
