// Opens the house with what the environment says, tells where to click, and closes it cleanly.
import { existsSync } from 'node:fs';
import type { House, Neighbour } from './house.ts';
import {
  type Config,
  completeConfig,
  describeFaults,
  readSettings,
  type Settings,
} from './outside/config.ts';
import type { Services } from './outside/services.ts';
import type { Sandbox } from './sandbox/sandbox.ts';

/** How long a stop may take before the process is ended all the same. */
const patienceMs = 8000;

async function main(): Promise<void> {
  // What the environment says already goes before.
  if (existsSync('.env')) process.loadEnvFile();
  const read = readSettings(process.env);
  if ('faults' in read) {
    process.stderr.write(`${describeFaults(read.faults)}\n`);
    process.exitCode = 1;
    return;
  }
  // The stand-ins start while the modules of the house are read.
  const opening = openSandbox(read.settings);
  try {
    const [{ openHouse }, sandbox] = await Promise.all([import('./house.ts'), opening]);
    const config = completeConfig(read.settings, offeredBy(sandbox));
    const machineNow = () => new Date();
    const house = await openHouse(
      config,
      { now: sandbox?.now ?? machineNow, machineNow },
      // The sandbox is for this machine alone: whoever reaches it could move its clock and read its mail.
      sandbox === null
        ? {}
        : { host: '127.0.0.1', neighbours: (services) => neighboursIn(sandbox, services) },
    );
    await greet(config, house, sandbox);
    stopOnSignals(house, sandbox);
  } catch (error) {
    await opening.then(
      (sandbox) => sandbox?.close(),
      () => {},
    );
    process.stderr.write(`Small Favor could not start: ${explain(error)}\n`);
    process.exitCode = 1;
  }
}

async function openSandbox(settings: Settings): Promise<Sandbox | null> {
  if (settings.standIns.length === 0) return null;
  const { startSandbox } = await import('./sandbox/sandbox.ts');
  const { standIns, sandbox } = settings;
  return startSandbox({
    folder: sandbox.folder,
    port: settings.port,
    portIsNeeded: true,
    baseUrl: settings.baseUrl,
    stripePort: sandbox.stripePort,
    smtpPort: sandbox.smtpPort,
    standIns: {
      database: standIns.includes('database'),
      stripe: standIns.includes('stripe'),
      mail: standIns.includes('mail'),
    },
    timeZone: settings.publication.timeZone,
    webhookTypes: async () => (await import('./stripe/events.ts')).subscribedTypes,
    log: (line) => process.stderr.write(`${line}\n`),
  });
}

function offeredBy(sandbox: Sandbox | null): Parameters<typeof completeConfig>[1] {
  if (sandbox === null) return {};
  const { databaseUrl, smtpUrl, appKeys, stripeUrl, stripeKey, webhookSecret } = sandbox;
  return {
    appKeys,
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(smtpUrl !== undefined && { smtpUrl }),
    ...(stripeUrl !== undefined &&
      stripeKey !== undefined &&
      webhookSecret !== undefined && {
        stripe: { secretKey: stripeKey, webhookSecrets: [webhookSecret], apiUrl: stripeUrl },
      }),
  };
}

/** The sample article and the sandbox's own pages, beside the service's. */
async function neighboursIn(sandbox: Sandbox, services: Services): Promise<Neighbour[]> {
  const [{ articleRoutes }, { staffLink }] = await Promise.all([
    import('./sandbox/article.tsx'),
    import('./sandbox/staff-link.ts'),
  ]);
  const { baseUrl, publication } = services.config;
  const doors = {
    baseUrl,
    publication: publication.name,
    letterhead: services.config,
    staffLink: () => staffLink(services),
  };
  return [
    { path: '/', routes: articleRoutes({ baseUrl }) },
    { path: '/sandbox', routes: await sandbox.routes(doors) },
  ];
}

/** A few calm lines: what runs, what is stood in for, where to click. */
async function greet(config: Config, house: House, sandbox: Sandbox | null): Promise<void> {
  const say = (line = '') => process.stdout.write(`${line}\n`);
  const took = (performance.now() / 1000).toFixed(1);
  say(`Small Favor is running for ${config.publication.name}, ready after ${took} s.`);
  if (sandbox === null) {
    say(`  Give     ${config.baseUrl}/donate`);
    say(`  Staff    ${config.baseUrl}/staff`);
    return;
  }
  const { now, clock } = sandbox;
  clock.register({
    name: 'The service',
    nextDueAt: () => house.rounds.nextDueAt(),
    runDue: () => house.rounds.runDue(),
    settled: () => house.rounds.settled(),
  });
  const { staffLink } = await import('./sandbox/staff-link.ts');
  const names = {
    database: 'Postgres',
    stripe: 'Stripe',
    mail: 'the mail server',
    keys: 'the keys',
  } as const;
  say(`  Stood in for, as nothing is configured: ${config.standIns.map((one) => names[one]).join(', ')}.`);
  say('  No real money, no real mail.');
  say();
  say(`  Start here         ${config.baseUrl}/sandbox`);
  say(`  A sample article   ${config.baseUrl.replace('localhost', '127.0.0.1')}/sandbox/article`);
  say(`  The staff desk     ${await staffLink(house.services)}`);
  say();
  say(
    `  Its data is kept in ${sandbox.folder}. It is ${now().toISOString().slice(0, 10)} in there. Ctrl+C stops it.`,
  );
}

function stopOnSignals(house: House, sandbox: Sandbox | null): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      setTimeout(() => process.exit(1), patienceMs).unref();
      void house
        .close()
        .then(() => sandbox?.close())
        .then(() => {
          const kept = sandbox === null ? '' : ` Its data is kept in ${sandbox.folder}.`;
          process.stdout.write(`Stopped.${kept}\n`, () => process.exit(0));
        });
    });
  }
}

/** What the person at the terminal can do something about is said in words. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `the database at DATABASE_URL does not answer (${code}).`;
  if (code === '28P01' || code === '28000')
    return 'the database at DATABASE_URL does not accept this user or password.';
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return 'the stand-ins need packages that `npm ci --omit=dev` leaves out. Run `npm ci`, or configure all of .env.example.';
  }
  return /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
}

await main();
