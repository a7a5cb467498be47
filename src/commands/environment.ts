// What a verb works on: the service's own configuration, and beside it whatever a running sandbox stands in for.
import { resolve } from 'node:path';
import {
  type Config,
  completeConfig,
  describeFaults,
  readSettings,
  type Settings,
} from '../outside/config.ts';
import type { Clocks } from '../outside/open.ts';
import type { Services } from '../outside/services.ts';
import type { RunningSandbox } from '../sandbox/store.ts';
import { type Call, stop } from './verb.ts';

export interface Environment {
  settings: Settings;
  /** The sandbox running in the configured folder, where something is stood in for. */
  sandbox: RunningSandbox | undefined;
  /** What the sandbox offers for what is not configured. */
  offered: Parameters<typeof completeConfig>[1];
  clocks: Clocks;
}

/** Reads the environment; with every fault of it named, it goes no further. */
export async function readEnvironment(call: Pick<Call, 'env' | 'machineNow'>): Promise<Environment> {
  const read = readSettings(call.env);
  if ('faults' in read) stop(describeFaults(read.faults));
  return lookAround(read.settings, call.machineNow);
}

/** Finds the sandbox, if the settings leave anything for one to stand in for. */
export async function lookAround(settings: Settings, machineNow: () => Date): Promise<Environment> {
  const alone = { settings, sandbox: undefined, offered: {}, clocks: { now: machineNow, machineNow } };
  if (settings.standIns.length === 0) return alone;
  const { findRunningSandbox, openStore } = await import('../sandbox/store.ts');
  const folder = resolve(settings.sandbox.folder);
  const sandbox = findRunningSandbox(folder);
  if (!sandbox) return alone;
  const { clockBeside } = await import('../sandbox/clock.ts');
  const store = openStore(folder);
  // Read once: a command is shorter than a day, and the file need not stay open.
  const here = machineNow();
  const ahead = clockBeside(store, () => here)().getTime() - here.getTime();
  store.close();
  return {
    settings: { ...settings, baseUrl: sandbox.baseUrl },
    sandbox,
    offered: offeredBy(sandbox),
    clocks: { now: () => new Date(machineNow().getTime() + ahead), machineNow },
  };
}

/** The whole configuration, or words on how to come by what is missing. */
function wholeConfig({ settings, offered }: Environment): Config {
  const missing = missingParts(settings, offered);
  if (missing.length > 0) stop(howToStart(settings, missing));
  return completeConfig(settings, offered);
}

/** Opens everything for the length of `work`. */
export async function withServices<T>(call: Call, work: (services: Services) => Promise<T>): Promise<T> {
  const environment = await readEnvironment(call);
  const config = wholeConfig(environment);
  const [{ openServices }, { pendingMigrations }] = await Promise.all([
    import('../outside/open.ts'),
    import('./migrations.ts'),
  ]);
  const { pending } = await pendingMigrations(config.databaseUrl);
  if (pending.length > 0) {
    stop('The database is not at the newest schema. Bring it there first: npm run favor -- migrate');
  }
  const { services, close } = await openServices(config, environment.clocks);
  try {
    return await work(services);
  } finally {
    await close();
  }
}

/** The variables whose part is neither configured nor stood in for. */
export function missingParts(settings: Settings, offered: Environment['offered']): string[] {
  return [
    ...((settings.databaseUrl ?? offered?.databaseUrl) ? [] : ['DATABASE_URL']),
    ...((settings.appKeys ?? offered?.appKeys) ? [] : ['APP_KEYS']),
    ...((settings.stripe ?? offered?.stripe) ? [] : ['STRIPE_SECRET_KEY']),
    ...((settings.mail.smtpUrl ?? offered?.smtpUrl) ? [] : ['SMTP_URL']),
  ];
}

/** What to do about parts that are missing. */
export function howToStart(settings: Settings, missing: readonly string[]): string {
  return [
    `Not configured: ${missing.join(', ')}; and no sandbox is running in ${resolve(settings.sandbox.folder)}.`,
    'Start one with: npm start (in another terminal; SANDBOX_DATA names another folder), or set the variables.',
  ].join('\n');
}

function offeredBy({ databaseUrl, appKeys, stripe, smtpUrl }: RunningSandbox): Environment['offered'] {
  return {
    ...(databaseUrl !== null && { databaseUrl }),
    ...(appKeys !== null && { appKeys }),
    ...(stripe !== null && {
      stripe: { secretKey: stripe.secretKey, webhookSecrets: [stripe.webhookSecret], apiUrl: stripe.url },
    }),
    ...(smtpUrl !== null && { smtpUrl }),
  };
}
