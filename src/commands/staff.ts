// `favor staff`: who may come to the desk. The first admin comes from here; there is no account by default.
import { inviteStaff, removeStaff, type StaffMember, staffList } from '../staff/invite.ts';
import { isRole, type Role, roles } from '../staff/roles.ts';
import { parseAddress } from '../values/address.ts';
import { isFault } from '../values/refusal.ts';
import { withServices } from './environment.ts';
import { type Answer, type Call, stop, table, textOf, type Verb } from './verb.ts';

export const staff: Verb = {
  help: `favor staff add EMAIL [--role ROLE]
favor staff list
favor staff remove EMAIL

add      prints a link with which this person chooses a password: good once, for 3 days. For someone
         who is staff already it is a new link, and the old ones stop working.
remove   takes the person off the staff and signs them out everywhere.

  --role   ${roles.join(', ')}: each may do what the ones before it may. Without it the first person
           is admin, others viewer; someone who is staff already keeps theirs.
  --json   answer {"role", "link"}, {"staff": […]} or {"removed"}`,
  options: { role: { type: 'string' } },
  async run(call) {
    const [act, ...words] = call.words;
    if (act === 'add') return addStaff(call, oneAddress(words));
    if (act === 'remove') return takeOff(call, oneAddress(words));
    if (act === 'list' && words.length === 0) return listStaff(call);
    return stop('Say one of: staff add EMAIL, staff list, staff remove EMAIL', 'usage');
  },
};

function addStaff(call: Call, address: string): Promise<Answer> {
  const named = textOf(call, 'role');
  if (named !== undefined && !isRole(named)) {
    return stop(`There is no role ${named}. Choose one of: ${roles.join(', ')}`, 'usage');
  }
  return withServices(call, async (services) => {
    const role = named ?? usualRole(await staffList(services), address);
    const link = await inviteStaff(services, address, role);
    return {
      text: `${address} may come to the desk as ${role}, after choosing a password here (once, within 3 days):\n\n  ${link}\n`,
      json: { role, link },
    };
  });
}

function listStaff(call: Call): Promise<Answer> {
  return withServices(call, async (services) => {
    const members = await staffList(services);
    return {
      text:
        members.length === 0
          ? 'Nobody is staff yet. Begin with: npm run favor -- staff add EMAIL'
          : table(
              ['address', 'role', 'since', ''],
              members.map(({ address, role, createdAt, hasPassword }) => [
                address,
                role,
                createdAt.toISOString().slice(0, 10),
                hasPassword ? '' : 'has not chosen a password yet',
              ]),
            ),
      json: {
        staff: members.map(({ id, address, role, createdAt, hasPassword }) => ({
          id,
          address,
          role,
          since: createdAt.toISOString(),
          has_password: hasPassword,
        })),
      },
    };
  });
}

function takeOff(call: Call, address: string): Promise<Answer> {
  return withServices(call, async (services) => {
    if (!(await removeStaff(services, address))) stop(`Nobody of the staff has the address ${address}.`);
    return { text: `${address} is no longer staff and signed out everywhere.`, json: { removed: true } };
  });
}

/** The first person must be able to do everything; after that nobody gets more than they were given. */
function usualRole(members: readonly StaffMember[], address: string): Role {
  const parsed = parseAddress(address);
  const known = isFault(parsed)
    ? undefined
    : members.find((member) => member.address.toLowerCase() === parsed.lookUp);
  return known?.role ?? (members.length === 0 ? 'admin' : 'viewer');
}

function oneAddress(words: readonly string[]): string {
  const [address] = words;
  if (address === undefined || words.length > 1) return stop('Give one e-mail address.', 'usage');
  if (isFault(parseAddress(address))) stop(`${address} does not look like an e-mail address.`, 'usage');
  return address;
}
