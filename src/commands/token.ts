// `favor token`: gives programs a token to read reports with, lists them and takes them back.
import { isRole, roles } from '../staff/roles.ts';
import { addToken, revokeToken, tokenList } from '../staff/tokens.ts';
import { withServices } from './environment.ts';
import { type Answer, type Call, stop, table, textOf, type Verb } from './verb.ts';

export const token: Verb = {
  help: `favor token add [--role ROLE] [--label TEXT]
favor token list
favor token revoke ID

add      prints a token for programs that read /api/v1/reports, as JSON or CSV:
           curl -H 'Authorization: Bearer TOKEN' …/api/v1/reports/income.csv
         It is shown this once and kept as a hash. It is good until it is revoked.
revoke   ends a token at once.

  --role    ${roles.join(', ')}: reports need the first, which is meant without it
  --label   what the token is for, to tell it from others
  --json    answer {"id", "role", "token"}, {"tokens": […]} or {"revoked"}`,
  options: { role: { type: 'string' }, label: { type: 'string' } },
  async run(call) {
    const [act, ...words] = call.words;
    if (act === 'add' && words.length <= 1) return add(call, words[0]);
    if (act === 'list' && words.length === 0) return list(call);
    const [id] = words;
    if (act === 'revoke' && id !== undefined && words.length === 1) return revoke(call, id);
    return stop('Say one of: token add, token list, token revoke ID', 'usage');
  },
};

function add(call: Call, word: string | undefined): Promise<Answer> {
  const role = word ?? textOf(call, 'role') ?? 'viewer';
  if (!isRole(role)) {
    return stop(`There is no role ${role}. Choose one of: ${roles.join(', ')}`, 'usage');
  }
  const label = textOf(call, 'label')?.trim() || null;
  if (label !== null && label.length > 100) return stop('--label must have 100 characters at most.', 'usage');
  return withServices(call, async (services) => {
    const made = await addToken(services, role, label);
    return {
      text: `A token of the role ${role}, shown this once:\n\n  ${made.token}\n\nTo take it back: npm run favor -- token revoke ${made.id}`,
      json: { id: made.id, role, token: made.token },
    };
  });
}

function list(call: Call): Promise<Answer> {
  return withServices(call, async (services) => {
    const tokens = await tokenList(services);
    return {
      text:
        tokens.length === 0
          ? 'There are no tokens. Make one with: npm run favor -- token add'
          : table(
              ['id', 'role', 'label', 'since', 'last used', ''],
              tokens.map((each) => [
                each.id,
                each.role,
                each.label ?? '',
                each.createdAt.toISOString().slice(0, 10),
                each.lastUsedAt?.toISOString().slice(0, 16).replace('T', ' ') ?? 'never',
                each.revokedAt === null ? '' : `revoked ${each.revokedAt.toISOString().slice(0, 10)}`,
              ]),
            ),
      json: {
        tokens: tokens.map((each) => ({
          id: each.id,
          role: each.role,
          label: each.label,
          created_at: each.createdAt.toISOString(),
          last_used_at: each.lastUsedAt?.toISOString() ?? null,
          revoked_at: each.revokedAt?.toISOString() ?? null,
        })),
      },
    };
  });
}

function revoke(call: Call, id: string): Promise<Answer> {
  return withServices(call, async (services) => {
    if (!(await revokeToken(services, id))) return stop(`There is no token ${id} that is still good.`);
    return { text: `Revoked: ${id}`, json: { revoked: id } };
  });
}
