// Sessions of staff: who is signed in by one, with the role they have now.
import { and, eq, isNull } from 'drizzle-orm';
import type { Tx } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { sessions, staff } from '../schema.ts';
import { beginSession, isAlive } from '../web/session.ts';
import type { Role } from './roles.ts';

export interface SignedIn {
  staffId: string;
  sessionId: string;
  role: Role;
}

/** A working day. */
const hours = 12;

/** Begins a session under a new id; answers it. Whatever session the browser had before ends with it. */
export function letIn(tx: Tx, machineNow: Date, staffId: string, endingId: string | null): Promise<string> {
  return beginSession(tx, machineNow, { staffId }, { hours, endingId });
}

/** Who is signed in by this session; null when it has ended or run out, or they are no longer staff. */
export async function readSession(
  services: Pick<Services, 'database' | 'machineNow'>,
  sessionId: string,
): Promise<SignedIn | null> {
  const [row] = await services.database
    .select({ staffId: staff.id, sessionId: sessions.id, role: staff.role })
    .from(sessions)
    .innerJoin(staff, and(eq(staff.id, sessions.staffId), isNull(staff.removedAt)))
    .where(and(eq(sessions.id, sessionId), isAlive(services.machineNow())));
  return row ?? null;
}
