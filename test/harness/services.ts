// Services for a test: a real database, a clock that the test sets, and the ways to mail and Stripe that it names.
import { completeConfig, readSettings } from '../../src/outside/config.ts';
import { openDatabase } from '../../src/outside/database.ts';
import { unlockKeys } from '../../src/outside/keys.ts';
import { openLog } from '../../src/outside/log.ts';
import type { Nudge, Services } from '../../src/outside/services.ts';
import { openMailer } from '../../src/outside/smtp.ts';
import { openStripe } from '../../src/outside/stripe.ts';

export interface TestServices extends Services {
  /** Both times at once; `setMachine` moves the machine's alone. */
  set(now: Date | string): void;
  setMachine(now: Date | string): void;
  /** Both times on by so many seconds. */
  pass(seconds: number): void;
  nudges: Nudge[];
  close(): Promise<void>;
}

export interface TestWorld {
  databaseUrl: string;
  smtpUrl?: string;
  stripeUrl?: string;
  now: Date | string;
  /** Environment variables beside the usual ones. */
  env?: Record<string, string>;
  connections?: number;
}

export async function testServices(world: TestWorld): Promise<TestServices> {
  const parsed = readSettings({ LOG_LEVEL: 'silent', ...world.env });
  if ('faults' in parsed)
    throw new Error(parsed.faults.map(({ name, problem }) => `${name} ${problem}`).join('; '));
  const config = completeConfig(parsed.settings, {
    databaseUrl: world.databaseUrl,
    appKeys: ['a key for tests, long enough and of no worth'],
    stripe: {
      secretKey: 'sk_test_0000000000000000',
      webhookSecrets: ['whsec_00000000000000000000000000000000'],
      apiUrl: world.stripeUrl ?? 'http://127.0.0.1:9',
    },
    smtpUrl: world.smtpUrl ?? 'smtp://127.0.0.1:9',
  });
  const database = openDatabase(config.databaseUrl, { most: 8 });
  const mailer = openMailer(config, world.connections);
  let now = new Date(world.now);
  let machineNow = now;
  const nudges: Nudge[] = [];
  return {
    config,
    now: () => now,
    machineNow: () => machineNow,
    database,
    reportsDatabase: database,
    keys: await unlockKeys(database, config.appKeys, now),
    stripe: openStripe(config),
    mailer,
    log: openLog(config.logLevel),
    nudge: (work) => nudges.push(work),
    nudges,
    set(moment) {
      now = new Date(moment);
      machineNow = now;
    },
    setMachine(moment) {
      machineNow = new Date(moment);
    },
    pass(seconds) {
      now = new Date(now.getTime() + seconds * 1000);
      machineNow = new Date(machineNow.getTime() + seconds * 1000);
    },
    async close() {
      mailer.close();
      await database.$client.end();
    },
  };
}
