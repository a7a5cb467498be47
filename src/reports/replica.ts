// The copy of the database that reports may be read from: how far behind it is, and what to do when it breaks off a question.
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Database } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { fault, Refusal } from '../values/refusal.ts';

/** The moment that reports tell of. */
export interface Told {
  /** What happened until then is in the figures. */
  asOf: Date;
  /** How far the copy is behind at most; null where that cannot be told, and the figures may be older than they say. */
  behindMs: number | null;
}

type Databases = Pick<Services, 'database' | 'reportsDatabase' | 'now'>;

/**
 * Now, where reports are read from the database itself or from a copy that has everything; else the moment of the last change that
 * has come through.
 */
export async function toldMoment({ database, reportsDatabase, now }: Databases): Promise<Told> {
  const behindMs = database === reportsDatabase ? 0 : await behind(database, reportsDatabase);
  return { asOf: new Date(now().getTime() - (behindMs ?? 0)), behindMs };
}

/** Some databases are copied in ways of their own, which do not answer what Postgres's replicas do: null. */
async function behind(database: Database, copy: Database): Promise<number | null> {
  try {
    const { rows } = await database.execute<{ place: string }>(
      sql`select pg_current_wal_lsn()::text as place`,
    );
    const place = rows[0]?.place;
    for (let look = 1; place !== undefined; look += 1) {
      const found = await standingOf(copy, place);
      if (found.isWhole) return 0;
      // What was written a moment ago is often no commit, and its way takes a moment: the last commit may lie hours back.
      if (look === looks) return found.sinceLastMs;
      await wait(betweenLooksMs);
    }
    return null;
  } catch (error) {
    if (isUnknownThere(error)) return null;
    throw error;
  }
}

async function standingOf(
  copy: Database,
  place: string,
): Promise<{ isWhole: boolean; sinceLastMs: number | null }> {
  const { rows } = await copy.execute<{ is_whole: boolean | null; since_ms: string | null }>(sql`
    select pg_last_wal_replay_lsn() >= ${place}::pg_lsn as is_whole,
      ceil(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint as since_ms`);
  const since = rows[0]?.since_ms ?? null;
  return {
    isWhole: rows[0]?.is_whole === true,
    sinceLastMs: since === null ? null : Math.max(Number(since), 0),
  };
}

/** No such function, no leave to call it, or none that this kind of database supports. */
function isUnknownThere(error: unknown): boolean {
  return ['42883', '42501', '0A000', '55000'].includes(codeOf(error));
}

const looks = 4;
const betweenLooksMs = 50;

/**
 * Asks once more where the copy broke the question off to keep up with what is written, as long as nothing of the answer has gone
 * out. Throws a Refusal where it does so again, or where counting takes longer than a statement may.
 */
export async function askPatiently<T>(read: () => Promise<T>, mayRepeat: () => boolean): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!brokenOff.includes(codeOf(error)) || !mayRepeat()) throw refusedOr(error);
  }
  try {
    return await read();
  } catch (error) {
    throw refusedOr(error);
  }
}

function refusedOr(error: unknown): unknown {
  const code = codeOf(error);
  return brokenOff.includes(code) || code === takesTooLong ? new Refusal(fault('report-unfinished')) : error;
}

/** A conflict with what was being taken over, as a serialization failure or a deadlock. */
const brokenOff: readonly string[] = ['40001', '40P01'];
const takesTooLong = '57014';

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}
