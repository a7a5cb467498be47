// The sandbox: stands in for what a person has not configured, keeps all of it in one folder, and can move time on.
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import type { Router } from 'express';
import { beginClockAt, type Clock, openClock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Mailbox } from './mailbox.ts';
import type { Postgres } from './postgres.ts';
import type { SandboxDoors } from './routes.ts';
import { holdFolder, isUntouched, openStore, readOrMakeSecrets } from './store.ts';
import type { StripeStandIn } from './stripe/stand-in.ts';

export interface SandboxOptions {
  /** Where everything is kept; made if need be. */
  folder: string;
  /** The service's own port, to which the Stripe stand-in sends its webhooks. */
  port: number;
  /** The service is yet to listen there: where the port is taken, it is named together with the stand-ins' own. */
  portIsNeeded?: boolean;
  baseUrl?: string;
  stripePort: number;
  smtpPort: number;
  standIns: { database: boolean; stripe: boolean; mail: boolean };
  timeZone: string;
  log: (line: string) => void;
  machineNow?: () => Date;
  /** Where business time begins in a folder in which nothing has happened yet; elsewhere it goes on from where it is. */
  beginsAt?: Date;
  /** Nothing waits for the disk: quicker, but a power cut may take the last second. */
  hasty?: boolean;
  /** What the service asks its webhook endpoint for; all types when left out. */
  webhookTypes?: () => Promise<readonly string[]>;
}

export interface Sandbox {
  folder: string;
  timeZone: string;
  /** Each of these is there when it was asked for. */
  databaseUrl?: string;
  stripeUrl?: string;
  stripeKey?: string;
  webhookSecret?: string;
  smtpUrl?: string;
  stripe?: StripeStandIn;
  mailbox?: Mailbox;
  appKeys: string[];
  /** Business time, the same for the service and every stand-in. */
  now: () => Date;
  machineNow: () => Date;
  clock: Clock;
  /** What is set to go wrong. The mail server's count down; the others are as they were asked for. */
  faults(): Faults;
  setFaults(faults: Faults): void;
  /** The pages and endpoints under `/sandbox`. */
  routes(doors: SandboxDoors): Promise<Router>;
  /** Stops the stand-ins; the service closes what it has open there first. */
  close(): Promise<void>;
}

const faultsName = 'faults';

/** Starts the stand-ins at once beside each other. Throws in words for a person; what had begun is stopped again. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { hasty = false, log, port, standIns, timeZone } = options;
  const folder = resolve(options.folder);
  const machineNow = options.machineNow ?? (() => new Date());
  const baseUrl = options.baseUrl ?? `http://localhost:${port}`;

  const held = holdFolder(folder);
  const untouched = isUntouched(folder);
  const closing: (() => unknown)[] = [() => held.release()];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) {
      await Promise.resolve()
        .then(step)
        .catch((problem: Error) => log(`The sandbox did not stop cleanly: ${problem.message}`));
    }
  };
  /** Whatever has been begun is closed in the end, also when another part fails meanwhile. */
  const closeInTheEnd = <T extends { close(): Promise<void> }>(begun: Promise<T>): Promise<T> => {
    closing.push(() =>
      begun.then(
        (part) => part.close(),
        () => {},
      ),
    );
    return begun;
  };

  try {
    await refuseTakenPorts(options);
    // Begun first: it takes longest, and another process does the work.
    const startingPostgres = standIns.database
      ? closeInTheEnd(beginPostgres({ folder: join(folder, 'postgres'), hasty, log }))
      : undefined;
    let postgresNow: Postgres | undefined;
    const secrets = readOrMakeSecrets(folder);
    const store = openStore(folder, { hasty });
    closing.push(() => store.close());
    const { database } = store;
    if (options.beginsAt && untouched) beginClockAt(store, options.beginsAt, machineNow);
    const hurry = (hurrying: boolean) => {
      store.hurry(hurrying);
      postgresNow?.hurry(hurrying);
    };
    const clock = openClock({ store, machineNow, timeZone, log, onMove: hurry });
    const now = clock.now;

    const webhook = { url: `http://127.0.0.1:${port}/webhooks/stripe`, secret: secrets.webhookSecret };
    const stripeOptions = { store: database, now, machineNow, port: options.stripePort, webhook, log };
    const [postgres, stripe, mailbox] = await Promise.all([
      startingPostgres,
      standIns.stripe ? closeInTheEnd(beginStripe(stripeOptions, options.webhookTypes)) : undefined,
      standIns.mail ? closeInTheEnd(beginMailbox({ store, now, port: options.smtpPort })) : undefined,
    ]);
    postgresNow = postgres;
    if (stripe) {
      clock.register({
        name: 'The Stripe stand-in',
        nextDueAt: () => stripe.nextDueAt(),
        runDue: () => stripe.runDue(),
        settled: () => stripe.settled(),
      });
    }
    held.announce({
      baseUrl,
      databaseUrl: postgres?.url ?? null,
      appKeys: secrets.appKeys,
      stripe: stripe
        ? { url: stripe.url, secretKey: secrets.stripeKey, webhookSecret: secrets.webhookSecret }
        : null,
      smtpUrl: mailbox?.url ?? null,
    });

    const sandbox: Sandbox = {
      folder,
      timeZone,
      ...(postgres && { databaseUrl: postgres.url }),
      ...(stripe && {
        stripe,
        stripeUrl: stripe.url,
        stripeKey: secrets.stripeKey,
        webhookSecret: secrets.webhookSecret,
      }),
      ...(mailbox && { mailbox, smtpUrl: mailbox.url }),
      appKeys: secrets.appKeys,
      now,
      machineNow,
      clock,
      faults() {
        const smtp = mailbox?.fault();
        return { ...JSON.parse(store.read(faultsName) ?? '{}'), ...(smtp && { smtp }) };
      },
      setFaults({ smtp, ...atStripe }) {
        store.write(faultsName, JSON.stringify(atStripe));
        stripe?.setFaults(atStripe);
        mailbox?.setFault(smtp);
      },
      async routes(doors) {
        const { sandboxRoutes } = await import('./routes.ts');
        return sandboxRoutes(sandbox, doors);
      },
      close,
    };
    return sandbox;
  } catch (problem) {
    await close();
    throw problem;
  }
}

async function beginPostgres(
  options: Parameters<typeof import('./postgres.ts')['startPostgres']>[0],
): Promise<Postgres> {
  const { startPostgres } = await import('./postgres.ts');
  return startPostgres(options);
}

type StripeOptions = Parameters<typeof import('./stripe/stand-in.ts')['startStripeStandIn']>[0];

async function beginStripe(
  options: StripeOptions & { webhook: NonNullable<StripeOptions['webhook']> },
  webhookTypes: SandboxOptions['webhookTypes'],
): Promise<StripeStandIn> {
  const [{ startStripeStandIn }, types] = await Promise.all([
    import('./stripe/stand-in.ts'),
    webhookTypes?.(),
  ]);
  const webhook = { ...options.webhook, ...(types && { types }) };
  return startStripeStandIn({ ...options, webhook });
}

async function beginMailbox(
  options: Parameters<typeof import('./mailbox.ts')['openMailbox']>[0],
): Promise<Mailbox> {
  const { openMailbox } = await import('./mailbox.ts');
  return openMailbox(options);
}

/** Every port that is taken is named at once, with the simplest remedy: nobody moves one to meet the next. */
async function refuseTakenPorts(options: SandboxOptions): Promise<void> {
  const { port, portIsNeeded = false, smtpPort, standIns, stripePort } = options;
  const wanted = [
    ...(portIsNeeded ? [{ port, setting: 'PORT' }] : []),
    ...(standIns.stripe ? [{ port: stripePort, setting: 'SANDBOX_STRIPE_PORT' }] : []),
    ...(standIns.mail ? [{ port: smtpPort, setting: 'SANDBOX_SMTP_PORT' }] : []),
  ];
  const free = await Promise.all(wanted.map((one) => isFree(one.port)));
  const taken = wanted.filter((_one, at) => !free[at]);
  if (taken.length > 0) throw new Error(describeTaken(taken, port));
}

interface Wanted {
  port: number;
  setting: string;
}

function describeTaken(taken: Wanted[], port: number): string {
  const ports = new Intl.ListFormat('en').format(taken.map((one) => String(one.port)));
  const settings = new Intl.ListFormat('en', { type: 'disjunction' }).format(taken.map((one) => one.setting));
  const is = taken.length === 1 ? `Port ${ports} is` : `Ports ${ports} are`;
  return `${is} taken by another program. Simplest: PORT=${port + 10} npm start, which moves all that are not set by themselves; or set ${settings}.`;
}

/** Whether something could listen on this machine's loopback there. */
async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', (problem: NodeJS.ErrnoException) => resolve(problem.code !== 'EADDRINUSE'));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
