// Sessions of staff and of readers: a row is the authority and is asked on every request; a cookie names it, and forms are bound to it.
import { randomUUID } from 'node:crypto';
import { and, eq, gt, isNull, lt, type SQL } from 'drizzle-orm';
import type { Request, Response } from 'express';
import type { Tx } from '../outside/database.ts';
import type { Keys } from '../outside/keys.ts';
import type { Services } from '../outside/services.ts';
import { readSessionToken, sessionToken } from '../outside/tokens.ts';
import { readers, sessions } from '../schema.ts';
import { cookieIn, giveCookie, takeCookie } from './cookies.ts';
import { personal } from './protection.ts';

/** Whose sessions: each with a cookie and keys of its own, so that one never passes for the other. */
export type Audience = 'staff' | 'reader';

export type Person = { staffId: string } | { readerId: string };

type Naming = Pick<Services, 'config' | 'keys' | 'machineNow'>;

/** Begins a session under a new id, good for so many hours of the machine's time. Whatever session the browser had ends with it. */
export async function beginSession(
  tx: Tx,
  machineNow: Date,
  whose: Person,
  { hours, endingId }: { hours: number; endingId: string | null },
): Promise<string> {
  const id = randomUUID();
  if (endingId !== null) await endSession(tx, machineNow, endingId);
  await tx.insert(sessions).values({
    id,
    ...whose,
    createdAt: machineNow,
    expiresAt: new Date(machineNow.getTime() + hours * 3_600_000),
  });
  return id;
}

export async function endSession(tx: Pick<Tx, 'update'>, machineNow: Date, sessionId: string): Promise<void> {
  await tx
    .update(sessions)
    .set({ endedAt: machineNow })
    .where(and(eq(sessions.id, sessionId), isNull(sessions.endedAt)));
}

/** Ends every session of somebody, on whatever device. */
export async function endSessionsOf(tx: Pick<Tx, 'update'>, machineNow: Date, whose: Person): Promise<void> {
  const theirs =
    'staffId' in whose ? eq(sessions.staffId, whose.staffId) : eq(sessions.readerId, whose.readerId);
  await tx
    .update(sessions)
    .set({ endedAt: machineNow })
    .where(and(theirs, isNull(sessions.endedAt)));
}

/** For a row of `sessions`: it has neither ended nor run out. */
export function isAlive(machineNow: Date): SQL | undefined {
  return and(isNull(sessions.endedAt), gt(sessions.expiresAt, machineNow));
}

/** Forgets sessions that ran out more than a day ago. */
export async function sweepSessions(services: Pick<Services, 'database' | 'machineNow'>): Promise<void> {
  const dayAgo = new Date(services.machineNow().getTime() - 24 * 3_600_000);
  await services.database.delete(sessions).where(lt(sessions.expiresAt, dayAgo));
}

/** The session that the browser's cookie names, whether it still lives or not; `stale` after a quarter of an hour. */
export function sessionNamed(
  { config, keys, machineNow }: Naming,
  audience: Audience,
  req: Request,
): { sessionId: string; stale: boolean } | null {
  const token = cookieIn(config, req, audience);
  return token === null ? null : readSessionToken(keys, audience, token, machineNow());
}

/** Kept until the browser is closed; how long it is good for, the session's row decides. */
export function giveSession(
  { config, keys, machineNow }: Naming,
  audience: Audience,
  res: Response,
  sessionId: string,
): void {
  giveCookie(config, res, audience, sessionToken(keys, audience, sessionId, machineNow()));
}

export function takeSession({ config }: Pick<Services, 'config'>, audience: Audience, res: Response): void {
  takeCookie(config, res, audience);
}

/** What a form of a signed-in page carries, so that only a page given to this very session can post it. */
export function sessionFormToken(keys: Keys, audience: Audience, sessionId: string): string {
  const { keyNumber, mac } = keys.sign(`${audience}-form`, sessionId);
  return `${keyNumber}.${mac.toString('base64url')}`;
}

/** Whether a form's body carries what was given to this session. */
export function isBound(keys: Keys, audience: Audience, sessionId: string, body: unknown): boolean {
  const given = typeof body === 'object' && body !== null && 'form_token' in body ? body.form_token : null;
  const [number = '', mac = ''] = typeof given === 'string' ? given.split('.') : [];
  const bytes = Buffer.from(mac, 'base64url');
  return bytes.length === 32 && keys.verify(`${audience}-form`, sessionId, Number(number), bytes);
}

export interface SignedInReader {
  readerId: string;
  sessionId: string;
}

/**
 * The reader who is signed in in this browser; null for everybody else, and for one who was forgotten. Makes the session's name
 * anew where it is stale, and has the answer kept by no cache.
 */
export async function signedInReader(
  services: Naming & Pick<Services, 'database'>,
  req: Request,
  res: Response,
): Promise<SignedInReader | null> {
  const named = sessionNamed(services, 'reader', req);
  if (named === null) return null;
  const [row] = await services.database
    .select({ readerId: readers.id, sessionId: sessions.id })
    .from(sessions)
    .innerJoin(readers, and(eq(readers.id, sessions.readerId), isNull(readers.erasedAt)))
    .where(and(eq(sessions.id, named.sessionId), isAlive(services.machineNow())));
  if (!row) return null;
  personal(res);
  if (named.stale) giveSession(services, 'reader', res, row.sessionId);
  return row;
}
