// Sessions of staff: a row is the authority and is asked on every request; a cookie only names it.
import { randomUUID } from 'node:crypto';
import { and, eq, gt, isNull, lt } from 'drizzle-orm';
import type { Database, Tx } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { staff, staffSessions } from '../schema.ts';
import type { Role } from './roles.ts';

export interface SignedIn {
  staffId: string;
  sessionId: string;
  role: Role;
}

/** A working day, in the machine's time. */
const sessionHours = 12;

/** Begins a session under a new id. Whatever session the browser had before ends with it. */
export async function beginSession(
  tx: Tx,
  machineNow: Date,
  staffId: string,
  endingId: string | null,
): Promise<string> {
  const id = randomUUID();
  if (endingId !== null) await endSession(tx, machineNow, endingId);
  await tx.insert(staffSessions).values({
    id,
    staffId,
    createdAt: machineNow,
    expiresAt: new Date(machineNow.getTime() + sessionHours * 3_600_000),
  });
  return id;
}

export async function endSession(tx: Pick<Tx, 'update'>, machineNow: Date, sessionId: string): Promise<void> {
  await tx
    .update(staffSessions)
    .set({ endedAt: machineNow })
    .where(and(eq(staffSessions.id, sessionId), isNull(staffSessions.endedAt)));
}

/** Ends every session of somebody: their password changed, or they left. */
export async function endSessionsOf(tx: Tx, machineNow: Date, staffId: string): Promise<void> {
  await tx
    .update(staffSessions)
    .set({ endedAt: machineNow })
    .where(and(eq(staffSessions.staffId, staffId), isNull(staffSessions.endedAt)));
}

/** Who is signed in by this session; null when it has ended or run out, or they are no longer staff. */
export async function readSession(
  services: Pick<Services, 'database' | 'machineNow'>,
  sessionId: string,
): Promise<SignedIn | null> {
  const [row] = await services.database
    .select({ staffId: staff.id, sessionId: staffSessions.id, role: staff.role })
    .from(staffSessions)
    .innerJoin(staff, eq(staff.id, staffSessions.staffId))
    .where(
      and(
        eq(staffSessions.id, sessionId),
        isNull(staffSessions.endedAt),
        gt(staffSessions.expiresAt, services.machineNow()),
        isNull(staff.removedAt),
      ),
    );
  return row ?? null;
}

/** Forgets sessions that ran out more than a day ago. */
export async function sweepStaffSessions(services: {
  database: Database;
  machineNow: Services['machineNow'];
}): Promise<void> {
  const dayAgo = new Date(services.machineNow().getTime() - 24 * 3_600_000);
  await services.database.delete(staffSessions).where(lt(staffSessions.expiresAt, dayAgo));
}
