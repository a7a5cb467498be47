// CSV: a report's rows as RFC 4180, safe to open in a spreadsheet.
import type { Cell, Column, Row } from './report.ts';

/**
 * UTF-8 without a byte order mark, since programs read the mark as part of the first column's name; lines end in CRLF. Numbers
 * are bare, what is not defined is empty. What could pass for a formula begins with an apostrophe.
 */
export function csvOf(columns: readonly Column[], rows: readonly Row[]): string {
  return csvHead(columns) + csvLines(columns, rows);
}

export function csvHead(columns: readonly Column[]): string {
  return `${columns.map((column) => column.name).join(',')}\r\n`;
}

export function csvLines(columns: readonly Column[], rows: readonly Row[]): string {
  return rows
    .map((row) => `${columns.map((column) => fieldOf(row[column.name] ?? null)).join(',')}\r\n`)
    .join('');
}

function fieldOf(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  if (typeof cell === 'string') return quoted(harmless(cell));
  return quoted(cell.map((each) => `${each.currency} ${each.amount_minor}`).join('; '));
}

/** Spreadsheets run what begins with one of these, also after blanks and in its wide form (OWASP, CSV injection). */
function harmless(text: string): string {
  return /^[\s\p{Cc}\p{Cf}]*[=+\-@|%＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
