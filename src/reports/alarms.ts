// Alarms: what banks and cards tell of fraud before it costs anything, for the desk and for whoever watches the metrics.
import { sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { answered } from './report.ts';

export interface Alarms {
  /** Payments that a bank reported as fraud, and that nobody has contested or sent back yet. */
  warnings: number;
  /** The newest ten minutes of the last day in which so many cards were declined that somebody may have been testing them. */
  burst: { beganAt: string; declined: number; given: number } | null;
}

export async function readAlarms(tx: Reads, asOf: Date): Promise<Alarms> {
  const [warned] = await answered(tx, sql`select count(*) as warnings from fraud_warnings where actionable`);
  const [burst] = await answered(
    tx,
    sql`select began_at, declined, given from decline_bursts
      where began_at > ${asOf.toISOString()}::timestamptz - interval '1 day' order by began_at desc limit 1`,
  );
  return {
    warnings: Number(warned?.warnings ?? 0),
    burst: burst
      ? {
          beganAt: new Date(String(burst.began_at)).toISOString(),
          declined: Number(burst.declined),
          given: Number(burst.given),
        }
      : null,
  };
}

/** Declined attempts at new gifts in the ten minutes until now. */
export async function readDeclines(tx: Reads, now: Date): Promise<number> {
  const [line] = await answered(
    tx,
    sql`select count(*) as declined from declines
      where declined_at > ${now.toISOString()}::timestamptz - interval '10 minutes'`,
  );
  return Number(line?.declined ?? 0);
}
