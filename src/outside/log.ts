// The log: ids and codes, never addresses, names, tokens or secrets, also when something goes wrong.
import { DrizzleQueryError } from 'drizzle-orm/errors';
import { pino } from 'pino';

export interface Log {
  info(facts: Record<string, unknown>, sentence: string): void;
  warn(facts: Record<string, unknown>, sentence: string): void;
  error(facts: Record<string, unknown>, sentence: string): void;
  debug(facts: Record<string, unknown>, sentence: string): void;
}

/** A JSON-lines log on standard error, so that the calm lines of the start stay alone on standard output. */
export function openLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** What may be written of an error: its class and code and where it arose. A message may carry what a person typed, so it stays out. */
export function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof DrizzleQueryError) {
    return { error: 'DrizzleQueryError', ...codeOf(error.cause), at: placeOf(error) };
  }
  if (error instanceof Error) return { error: error.name, ...codeOf(error), at: placeOf(error) };
  return { error: typeof error };
}

/** A short, address-free account of what went wrong, fit to keep in a row's `problem`. */
export function problemOf(error: unknown): string {
  const { error: name, code, type, status, constraint } = describeError(error);
  return [name, type, code, status, constraint].filter((part) => part !== undefined).join(' ');
}

function codeOf(error: unknown): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return {};
  const facts: Record<string, unknown> = {};
  const named = error as Record<string, unknown>;
  for (const [from, to] of [
    ['code', 'code'],
    ['type', 'type'],
    ['statusCode', 'status'],
    ['responseCode', 'status'],
    ['constraint', 'constraint'],
    ['requestId', 'request'],
  ] as const) {
    const value = named[from];
    if (typeof value === 'string' || typeof value === 'number') facts[to] = value;
  }
  return facts;
}

/** The first lines of the stack without its head, which repeats the message. */
function placeOf(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 6)
    .map((line) => line.trim());
}
