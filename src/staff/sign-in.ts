// Signing in: an address and its password make a session, unless it is tried too often.
import { and, eq, isNull } from 'drizzle-orm';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { staff } from '../schema.ts';
import { parseAddress } from '../values/address.ts';
import { fault, isFault, Refusal } from '../values/refusal.ts';
import { spend } from '../web/limits.ts';
import { verifyPassword } from './password.ts';
import { letIn } from './session.ts';

/**
 * Answers the new session's id. Refuses with 'sign-in-failed' alike for an unknown address, a wrong password and somebody who
 * has not set one, after the same work; with 'too-many-tries' alike for known and unknown addresses, from wherever they came.
 */
export async function signIn(
  services: Services,
  address: string,
  password: string,
  endingSessionId: string | null,
  triesPerHour: number,
): Promise<string> {
  const parsed = parseAddress(address);
  const lookUp = isFault(parsed) ? address.trim().toLowerCase().slice(0, 254) : parsed.lookUp;
  if (!(await spend(services, 'staff-account', lookUp, triesPerHour, 3600))) {
    throw new Refusal(fault('too-many-tries', { minutes: 60 }));
  }
  const [found] = await services.database
    .select({ id: staff.id, passwordHash: staff.passwordHash })
    .from(staff)
    .where(and(eq(staff.addressHash, services.keys.addressHash(lookUp)), isNull(staff.removedAt)));
  const genuine = await verifyPassword(password, found?.passwordHash ?? null);
  if (!found || !genuine) throw new Refusal(fault('sign-in-failed'));
  return transact(services, (tx) => letIn(tx, services.machineNow(), found.id, endingSessionId));
}
