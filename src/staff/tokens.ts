// Bearer tokens: what programs read reports with. Shown once, kept as a hash, good until revoked.
import { createHash, randomBytes, randomUUIDv7, timingSafeEqual } from 'node:crypto';
import { and, asc, eq, isNull, lt, or } from 'drizzle-orm';
import type { Services } from '../outside/services.ts';
import { reportTokens } from '../schema.ts';
import type { Role } from './roles.ts';

export interface ReportToken {
  id: string;
  label: string | null;
  role: Role;
  createdAt: Date;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** Makes a token of this role. It is told here and never again: only a hash is kept. */
export async function addToken(
  { database, machineNow }: Pick<Services, 'database' | 'machineNow'>,
  role: Role,
  label: string | null,
): Promise<{ id: string; token: string }> {
  const id = randomUUIDv7();
  const secret = randomBytes(32);
  await database
    .insert(reportTokens)
    .values({ id, label, role, secretHash: hashOf(secret), createdAt: machineNow() });
  return { id, token: `favor_${bytesOf(id).toString('base64url')}_${secret.toString('base64url')}` };
}

/** Every token ever made, the oldest first. */
export async function tokenList({ database }: Pick<Services, 'database'>): Promise<ReportToken[]> {
  return database
    .select({
      id: reportTokens.id,
      label: reportTokens.label,
      role: reportTokens.role,
      createdAt: reportTokens.createdAt,
      lastUsedAt: reportTokens.lastUsedAt,
      revokedAt: reportTokens.revokedAt,
    })
    .from(reportTokens)
    .orderBy(asc(reportTokens.createdAt), asc(reportTokens.id));
}

/** Ends a token at once; false when there is none of this id, or it was revoked before. */
export async function revokeToken(
  { database, machineNow }: Pick<Services, 'database' | 'machineNow'>,
  id: string,
): Promise<boolean> {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) return false;
  const revoked = await database
    .update(reportTokens)
    .set({ revokedAt: machineNow() })
    .where(and(eq(reportTokens.id, id), isNull(reportTokens.revokedAt)))
    .returning({ id: reportTokens.id });
  return revoked.length > 0;
}

/** Whose a token is; null when it was revoked or never ours. The secret is compared in constant time, also where no such id is known. */
export async function readToken(
  services: Pick<Services, 'database' | 'machineNow'>,
  token: string,
): Promise<{ id: string; role: Role } | null> {
  const [, idPart = '', secretPart = ''] = /^favor_([\w-]{22})_([\w-]{43})$/.exec(token) ?? [];
  if (idPart === '') return null;
  const [row] = await services.database
    .select()
    .from(reportTokens)
    .where(eq(reportTokens.id, uuidOf(Buffer.from(idPart, 'base64url'))));
  const isRight = timingSafeEqual(
    hashOf(Buffer.from(secretPart, 'base64url')),
    row?.secretHash ?? Buffer.alloc(32),
  );
  if (!row || !isRight || row.revokedAt !== null) return null;
  await noteUse(services, row.id);
  return { id: row.id, role: row.role };
}

/** Once a minute at most: reading reports is not to become writing. */
async function noteUse(
  { database, machineNow }: Pick<Services, 'database' | 'machineNow'>,
  id: string,
): Promise<void> {
  const now = machineNow();
  await database
    .update(reportTokens)
    .set({ lastUsedAt: now })
    .where(
      and(
        eq(reportTokens.id, id),
        or(isNull(reportTokens.lastUsedAt), lt(reportTokens.lastUsedAt, new Date(now.getTime() - 60_000))),
      ),
    );
}

/** The secret is 256 random bits: there is nothing to guess that a slow hash would have to keep. */
function hashOf(secret: Buffer): Buffer {
  return createHash('sha256').update(secret).digest();
}

function bytesOf(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
