// The same creating request, sent twice, is done once: its first answer is kept for a day and given again.
import { and, eq, isNull, lt } from 'drizzle-orm';
import type { Request } from 'express';
import type { Services } from '../outside/services.ts';
import { idempotentAnswers } from '../schema.ts';
import { fault, Refusal } from '../values/refusal.ts';

/** An answer that can be kept: plain JSON. */
export interface Answer<Body> {
  status: number;
  body: Body;
}

const keptHours = 24;
/** After so long without an outcome the first request is taken to have died with its instance. */
const inFlightSeconds = 60;

/** The request's `Idempotency-Key`, or null without one. Quotation marks, as in a structured field, are taken off. */
export function idempotencyKeyOf(req: Request): string | null {
  const header = req.get('idempotency-key');
  if (header === undefined) return null;
  const key = header.replace(/^"(.*)"$/, '$1');
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new Refusal(fault('idempotency-key-malformed'));
  return key;
}

/**
 * Acts once per scope and key, for 24 h of business time. The same body again gets the first answer, another body is refused
 * (422), and so is a repeat while the first is still at work (409). What fails is forgotten, so that it can be tried again.
 * Without a key it simply acts.
 */
export async function answerOnce<Body>(
  services: Services,
  request: { scope: string; key: string | null; body: unknown },
  act: () => Promise<Answer<Body>>,
): Promise<Answer<Body> & { again: boolean }> {
  if (request.key === null) return { ...(await act()), again: false };
  const key = keyed(services, `${request.scope}\n${request.key}`);
  const bodyHash = keyed(services, canonical(request.body));
  const known = await takeOrFind<Body>(services, key, bodyHash);
  if (known) return { ...known, again: true };
  try {
    const answer = await act();
    await services.database
      .update(idempotentAnswers)
      .set({ status: answer.status, answerSealed: services.keys.seal('answer', JSON.stringify(answer.body)) })
      .where(eq(idempotentAnswers.key, key));
    return { ...answer, again: false };
  } catch (error) {
    await services.database.delete(idempotentAnswers).where(eq(idempotentAnswers.key, key));
    throw error;
  }
}

/** As `answerOnce`, for a person whose form came twice: the second waits for the first's answer instead of being refused. */
export async function answerOnceWaiting<Body>(
  services: Services,
  request: { scope: string; key: string | null; body: unknown },
  act: () => Promise<Answer<Body>>,
): Promise<Answer<Body> & { again: boolean }> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await answerOnce(services, request, act);
    } catch (error) {
      const waiting = error instanceof Refusal && error.code === 'idempotency-in-flight' && tries < mostTries;
      if (!waiting) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

const pauseMs = 150;
const mostTries = 35;

/** Forgets answers older than a day. */
export async function sweepIdempotentAnswers(services: Pick<Services, 'database' | 'now'>): Promise<void> {
  await services.database
    .delete(idempotentAnswers)
    .where(lt(idempotentAnswers.createdAt, hoursBefore(services.now(), keptHours)));
}

/** The kept answer, or null when this request is now the one that acts. */
async function takeOrFind<Body>(
  services: Services,
  key: string,
  bodyHash: string,
): Promise<Answer<Body> | null> {
  const now = services.now();
  const taken = await services.database
    .insert(idempotentAnswers)
    .values({ key, bodyHash, createdAt: now })
    .onConflictDoNothing()
    .returning({ key: idempotentAnswers.key });
  if (taken.length > 0) return null;
  const [known] = await services.database
    .select()
    .from(idempotentAnswers)
    .where(eq(idempotentAnswers.key, key));
  const stale = known !== undefined && known.createdAt < hoursBefore(now, keptHours);
  if (known && !stale) {
    if (known.bodyHash !== bodyHash) throw new Refusal(fault('idempotency-mismatch'));
    if (known.status !== null && known.answerSealed !== null) {
      return {
        status: known.status,
        body: JSON.parse(services.keys.open('answer', known.answerSealed).toString()),
      };
    }
    const lost = known.createdAt.getTime() < now.getTime() - inFlightSeconds * 1000;
    if (!lost) throw new Refusal(fault('idempotency-in-flight'));
  }
  const retaken = known
    ? await services.database
        .update(idempotentAnswers)
        .set({ bodyHash, createdAt: now, status: null, answerSealed: null })
        .where(
          and(
            eq(idempotentAnswers.key, key),
            eq(idempotentAnswers.createdAt, known.createdAt),
            known.status === null
              ? isNull(idempotentAnswers.status)
              : eq(idempotentAnswers.status, known.status),
          ),
        )
        .returning({ key: idempotentAnswers.key })
    : [];
  // Someone else was first to take it over, or its act failed and was forgotten in this very moment.
  if (retaken.length === 0) throw new Refusal(fault('idempotency-in-flight'));
  return null;
}

function keyed(services: Services, text: string): string {
  return services.keys.sign('idempotency', text).mac.toString('base64url');
}

/** The same contents give the same text, whatever the order of their keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const parts = Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`);
    return `{${parts.join(',')}}`;
  }
  return JSON.stringify(typeof value === 'bigint' ? value.toString() : (value ?? null));
}

function hoursBefore(now: Date, hours: number): Date {
  return new Date(now.getTime() - hours * 3_600_000);
}
