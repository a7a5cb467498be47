// The sandbox's way to the staff desk: its one made-up editor's invitation, until a password is set.
import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import type { Services } from '../outside/services.ts';
import { staff } from '../schema.ts';
import { invitationLink, inviteStaff } from '../staff/invite.ts';

const editor = 'editor@example.org';

/** A link to set the editor's password, the same until it is used; once someone has a password, the desk itself. */
export async function staffLink(services: Services): Promise<string> {
  const { database, config, keys } = services;
  const [ready] = await database
    .select({ id: staff.id })
    .from(staff)
    .where(and(isNotNull(staff.passwordHash), isNull(staff.removedAt)))
    .limit(1);
  if (ready) return `${config.baseUrl}/staff`;
  const [invited] = await database
    .select({ id: staff.id, invitation: staff.invitation })
    .from(staff)
    .where(and(eq(staff.addressHash, keys.addressHash(editor)), isNull(staff.removedAt)));
  return invited ? invitationLink(services, invited) : inviteStaff(services, editor, 'admin');
}
