// A verb of `favor`: what it is called with, and what it answers; the entry prints that for people or as JSON.
import type { ParseArgsConfig } from 'node:util';
import type { Names } from './doctor/names.ts';

export interface Verb {
  /** The whole of `favor VERB --help`. */
  help: string;
  options: NonNullable<ParseArgsConfig['options']>;
  run(call: Call): Promise<Answer>;
}

export interface Call {
  /** What stands after the verb's name, in order. */
  words: string[];
  options: Record<string, string | boolean | (string | boolean)[] | undefined>;
  env: Record<string, string | undefined>;
  machineNow(): Date;
  /** The domain name system. */
  names: Names;
  /** Says how long work comes along; never part of the answer. */
  progress(line: string): void;
  /** Says over and over how far it is: one line that changes on a terminal, and nothing elsewhere. */
  pulse(line: string): void;
  /** Writes a piece of an answer that is too long to be held; resolves when more can be taken. */
  write(text: string): Promise<void>;
}

export interface Answer {
  /** For people; null where all was written already. */
  text: string | null;
  /** For `--json`. */
  json: unknown;
  /** True ends with exit code 1 although there is an answer. */
  failed?: boolean;
}

/** Ends the command with words for the person who called it: `usage` when it was called wrongly (exit code 2). */
export function stop(words: string, why: 'failed' | 'usage' = 'failed'): never {
  throw Object.assign(new Error(words), { name: why === 'usage' ? wrongUse : stopped });
}

export function isStop(error: unknown): error is Error {
  return error instanceof Error && (error.name === stopped || error.name === wrongUse);
}

export function isWrongUse(error: Error): boolean {
  return error.name === wrongUse;
}

/** An option's text, or undefined. */
export function textOf(call: Call, name: string): string | undefined {
  const value = call.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** Columns under their names, as wide as they need to be. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  return [columns, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const stopped = 'Stopped';
const wrongUse = 'WrongUse';
