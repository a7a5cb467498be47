// Inviting staff: a link that works once makes somebody choose a password; who leaves is signed out everywhere.
import { randomUUIDv7 } from 'node:crypto';
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { idInLinkToken, linkToken, readLinkToken } from '../outside/tokens.ts';
import { staff } from '../schema.ts';
import { parseAddress } from '../values/address.ts';
import { isFault, Refusal } from '../values/refusal.ts';
import { endSessionsOf } from '../web/session.ts';
import { hashPassword, passwordFault } from './password.ts';
import type { Role } from './roles.ts';
import { letIn } from './session.ts';

const goodForDays = 3;

/**
 * Makes somebody staff, or gives one who is already staff this role and a new link; links given before stop working.
 * A password stays good until the link is used. Throws a Refusal when the address cannot be read.
 */
export async function inviteStaff(services: Services, address: string, role: Role): Promise<string> {
  const parsed = parseAddress(address);
  if (isFault(parsed)) throw new Refusal(parsed);
  const { keys, config } = services;
  const now = services.now();
  const [invited] = await services.database
    .insert(staff)
    .values({
      id: randomUUIDv7(),
      addressHash: keys.addressHash(parsed.lookUp),
      addressSealed: keys.seal('address', parsed.address),
      role,
      locale: config.publication.locales[0] ?? 'en',
      createdAt: now,
    })
    .onConflictDoUpdate({
      target: staff.addressHash,
      set: {
        role,
        invitation: sql`${staff.invitation} + 1`,
        // Somebody who had left begins anew.
        passwordHash: sql`case when ${staff.removedAt} is null then ${staff.passwordHash} end`,
        removedAt: null,
      },
    })
    .returning({ id: staff.id, invitation: staff.invitation });
  if (!invited) throw new Error('An invitation was not kept');
  return invitationLink(services, invited);
}

/** The link of the invitation that stands, good for three days from now; it works once. */
export function invitationLink(
  { keys, config, now }: Pick<Services, 'keys' | 'config' | 'now'>,
  invited: { id: string; invitation: number },
): string {
  const goodUntil = new Date(now().getTime() + goodForDays * 24 * 3_600_000);
  const token = linkToken(keys, 'invitation', invited.id, goodUntil, String(invited.invitation));
  return `${config.baseUrl}/staff/welcome/${token}`;
}

/** Whom an invitation's link names, while it is good; null when it was used, withdrawn, ran out or was never ours. */
export async function readInvitation(
  services: Pick<Services, 'database' | 'keys' | 'now'>,
  token: string,
): Promise<{ staffId: string; invitation: number } | null> {
  const id = idInLinkToken(token);
  if (id === null) return null;
  const [row] = await services.database
    .select({ id: staff.id, invitation: staff.invitation })
    .from(staff)
    .where(and(eq(staff.id, id), isNull(staff.removedAt)));
  if (!row) return null;
  const read = readLinkToken(services.keys, 'invitation', token, services.now(), String(row.invitation));
  return 'fault' in read ? null : { staffId: row.id, invitation: row.invitation };
}

/**
 * Sets the password an invitation was for and begins a session; null when the invitation is over. Of many at once one wins:
 * the invitation's number moves on in the same statement that sets the password.
 */
export async function acceptInvitation(
  services: Services,
  token: string,
  password: string,
  endingSessionId: string | null,
): Promise<string | null> {
  const invitation = await readInvitation(services, token);
  if (!invitation) return null;
  const wrong = passwordFault(password);
  if (wrong) throw new Refusal({ ...wrong, field: 'password' });
  const passwordHash = await hashPassword(password);
  const machineNow = services.machineNow();
  return transact(services, async (tx) => {
    const [accepted] = await tx
      .update(staff)
      .set({ passwordHash, invitation: sql`${staff.invitation} + 1` })
      .where(
        and(
          eq(staff.id, invitation.staffId),
          eq(staff.invitation, invitation.invitation),
          isNull(staff.removedAt),
        ),
      )
      .returning({ id: staff.id });
    if (!accepted) return null;
    await endSessionsOf(tx, machineNow, { staffId: accepted.id });
    return letIn(tx, machineNow, accepted.id, endingSessionId);
  });
}

export interface StaffMember {
  id: string;
  address: string;
  role: Role;
  /** False until the invitation was used. */
  hasPassword: boolean;
  createdAt: Date;
}

/** Everyone who is staff now, longest first. Opens their addresses: for the command line, never for a log. */
export async function staffList(services: Pick<Services, 'database' | 'keys'>): Promise<StaffMember[]> {
  const rows = await services.database
    .select()
    .from(staff)
    .where(isNull(staff.removedAt))
    .orderBy(asc(staff.createdAt), asc(staff.id));
  return rows.map((row) => ({
    id: row.id,
    address: services.keys.open('address', row.addressSealed).toString(),
    role: row.role,
    hasPassword: row.passwordHash !== null,
    createdAt: row.createdAt,
  }));
}

/** Takes somebody off the staff and signs them out everywhere; false when nobody has this address. */
export async function removeStaff(services: Services, address: string): Promise<boolean> {
  const parsed = parseAddress(address);
  if (isFault(parsed)) throw new Refusal(parsed);
  return transact(services, async (tx) => {
    const [removed] = await tx
      .update(staff)
      .set({ removedAt: services.now(), passwordHash: null, invitation: sql`${staff.invitation} + 1` })
      .where(and(eq(staff.addressHash, services.keys.addressHash(parsed.lookUp)), isNull(staff.removedAt)))
      .returning({ id: staff.id });
    if (!removed) return false;
    await endSessionsOf(tx, services.machineNow(), { staffId: removed.id });
    return true;
  });
}
