// The sandbox's way to the staff desk: its one made-up editor's invitation, until a password is set.
import { and, isNotNull, isNull } from 'drizzle-orm';
import type { Services } from '../outside/services.ts';
import { staff } from '../schema.ts';
import { inviteStaff } from '../staff/invite.ts';

/** A one-time link to set the editor's password; once someone has one, the address to sign in at. */
export async function staffLink(services: Services): Promise<string> {
  const [ready] = await services.database
    .select({ id: staff.id })
    .from(staff)
    .where(and(isNotNull(staff.passwordHash), isNull(staff.removedAt)))
    .limit(1);
  if (ready) return `${services.config.baseUrl}/staff`;
  return inviteStaff(services, 'editor@example.org', 'admin');
}
