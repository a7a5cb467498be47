// CSV as RFC 4180 has it, read a part at a time: fields in quotes may hold commas, quotes and line breaks.
import { stop } from '../verb.ts';

export interface CsvRecord {
  /** The line it begins on, counted from 1. */
  line: number;
  fields: string[];
  /** True where the quotes do not add up; the fields are then no use. */
  broken: boolean;
}

/** The records of a text that comes in parts, some at a time. Blank lines are passed over; lines end in LF or CRLF. */
export async function* csvRecords(parts: AsyncIterable<string>): AsyncGenerator<CsvRecord[]> {
  let rest = '';
  let line = 1;
  for await (const part of parts) {
    const read = readRecords(rest + part, line, false);
    if (read.records.length > 0) yield read.records;
    rest = read.rest;
    line = read.line;
    if (rest.length > longestRecord)
      stop(`The row that begins on line ${line} does not end: a quote is opened there and not closed.`);
  }
  const last = readRecords(rest, line, true);
  if (last.records.length > 0) yield last.records;
}

const longestRecord = 1_000_000;

function readRecords(
  text: string,
  firstLine: number,
  isLast: boolean,
): { records: CsvRecord[]; rest: string; line: number } {
  const records: CsvRecord[] = [];
  let line = firstLine;
  let from = 0;
  let quote = text.indexOf('"');
  while (from < text.length) {
    if (quote !== -1 && quote < from) quote = text.indexOf('"', from);
    const feed = text.indexOf('\n', from);
    if (feed === -1 && !isLast) break;
    const end = feed === -1 ? text.length : feed;
    if (quote === -1 || quote > end) {
      const plain = text.slice(from, text[end - 1] === '\r' ? end - 1 : end);
      if (plain !== '') records.push({ line, fields: plain.split(','), broken: false });
      line += 1;
      from = end + 1;
      continue;
    }
    const quoted = readQuoted(text, from, isLast);
    if (quoted === null) break;
    records.push({ line, fields: quoted.fields, broken: quoted.broken });
    line += quoted.lines;
    from = quoted.next;
  }
  return { records, rest: text.slice(from), line };
}

interface QuotedRecord {
  fields: string[];
  broken: boolean;
  /** How many lines it takes. */
  lines: number;
  /** Where the next one begins. */
  next: number;
}

/** A record with quotes in it; null while its end has not come. */
function readQuoted(text: string, start: number, isLast: boolean): QuotedRecord | null {
  const fields: string[] = [];
  let broken = false;
  let lines = 1;
  let from = start;
  for (;;) {
    if (text[from] !== '"') {
      const end = endOfField(text, from);
      const field = text.slice(from, end);
      broken ||= field.includes('"');
      fields.push(field);
      from = end;
    } else {
      const closing = closingQuote(text, from + 1);
      // The last character may be the first of a doubled quote, of which the other half has not come.
      if (closing === -1 || (closing === text.length - 1 && !isLast)) {
        if (!isLast) return null;
        if (closing === -1) return { fields, broken: true, lines, next: text.length };
      }
      const field = text.slice(from + 1, closing).replaceAll('""', '"');
      lines += field.split('\n').length - 1;
      fields.push(field);
      from = closing + 1;
      const end = endOfField(text, from);
      broken ||= end > from;
      from = end;
    }
    if (text[from] === ',') {
      from += 1;
      continue;
    }
    if (from >= text.length) return isLast ? { fields, broken, lines, next: from } : null;
    const next = from + (text[from] === '\r' ? 2 : 1);
    return { fields, broken, lines, next };
  }
}

/** Where a field without quotes ends: at a comma, at the line's end, or at the end of the text. */
function endOfField(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const character = text[at];
    if (character === ',' || character === '\n') return at;
    if (character === '\r' && text[at + 1] === '\n') return at;
    at += 1;
  }
  return at;
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
