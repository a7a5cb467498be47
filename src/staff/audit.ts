// The audit log: a line for every look at a person and every act of staff that money or people hang on. It only grows.
import { randomUUIDv7 } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import type { Services } from '../outside/services.ts';
import { auditLog } from '../schema.ts';

export interface Audited {
  staffId: string;
  act: (typeof auditLog.$inferSelect)['act'];
  /** Whom it is about. */
  readerId?: string;
  /** Which letter, or which events. */
  subject?: string;
}

/**
 * Writes the line before what it tells of is shown or done; where it cannot be written, nothing is. The same look again within
 * a minute is one look: a page and the frame in it are asked for apart.
 */
export async function audit(services: Pick<Services, 'database' | 'now'>, audited: Audited): Promise<void> {
  const now = services.now();
  const { staffId, act, readerId = null, subject = null } = audited;
  const justNow = services.database
    .select({ id: auditLog.id })
    .from(auditLog)
    .where(
      and(
        eq(auditLog.staffId, staffId),
        eq(auditLog.act, act),
        sql`${auditLog.readerId} is not distinct from ${readerId}`,
        sql`${auditLog.subject} is not distinct from ${subject}`,
        gt(auditLog.at, new Date(now.getTime() - 60_000)),
      ),
    )
    .limit(1);
  if ((await justNow).length > 0) return;
  await services.database
    .insert(auditLog)
    .values({ id: randomUUIDv7(), at: now, staffId, act, readerId, subject });
}
