// `favor` called in a test: what it answers, says on the side and ends with.
import { systemNames } from '../../src/commands/doctor/names.ts';
import { runFavor } from '../../src/commands/run.ts';

export const calledAt = new Date('2026-03-02T10:00:00Z');

export const appKey = 'the oldest key of this test and long enough';

/** An environment with nothing left to stand in for. */
export function wholeEnvironment(parts: {
  databaseUrl: string;
  stripeUrl?: string;
  smtpUrl?: string;
}): Record<string, string> {
  return {
    BASE_URL: 'http://localhost:3000',
    DATABASE_URL: parts.databaseUrl,
    APP_KEYS: appKey,
    STRIPE_SECRET_KEY: 'sk_test_0000000000000000',
    STRIPE_WEBHOOK_SECRETS: 'whsec_00000000000000000000000000000000',
    STRIPE_API_URL: parts.stripeUrl ?? 'http://127.0.0.1:9',
    SMTP_URL: parts.smtpUrl ?? 'smtp://127.0.0.1:9',
    LOG_LEVEL: 'silent',
  };
}

export async function favor(env: Record<string, string>, ...args: string[]) {
  const said: string[] = [];
  const noted: string[] = [];
  const written: string[] = [];
  const code = await runFavor(args, {
    env,
    machineNow: () => calledAt,
    // No test asks the real one: nobody listens here.
    names: systemNames(['127.0.0.1:9']),
    say: (text) => said.push(text),
    note: (line) => noted.push(line),
    pulse: () => {},
    write: async (text) => void written.push(text),
  });
  return { code, said: said.join('\n'), noted: noted.join('\n'), written: written.join('') };
}

/** The same with `--json`, read. */
export async function favorJson<T>(env: Record<string, string>, ...args: string[]): Promise<T> {
  const { code, said, noted } = await favor(env, ...args, '--json');
  if (code === 2) throw new Error(noted);
  return JSON.parse(said);
}
