// What the sandbox remembers in its folder: one SQLite file of the stand-ins, its secrets, and who is running there.
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const patienceMs = 2000;

/** What `favor` needs to know of a running sandbox in order to act beside it. */
export interface RunningSandbox {
  pid: number;
  baseUrl: string;
  databaseUrl: string | null;
  appKeys: string[] | null;
  stripe: { url: string; secretKey: string; webhookSecret: string } | null;
  smtpUrl: string | null;
}

export interface SandboxFolder {
  path: string;
  /** Tells other processes what runs here. */
  announce(running: Omit<RunningSandbox, 'pid'>): void;
  /** Lets the next sandbox in. A process that dies lets go by itself. */
  release(): void;
}

/** Takes the folder for this process alone. Throws, naming who has it, when another sandbox runs there. */
export function holdFolder(path: string): SandboxFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = tryLock(path, patienceMs);
  const announcement = join(path, announcementName);
  if (!lock) {
    const holder = readAnnouncement(path);
    const who = holder ? ` (process ${holder.pid}, ${holder.baseUrl})` : '';
    throw new Error(
      `A sandbox is already running in ${path}${who}. Stop it, or choose another folder with SANDBOX_DATA.`,
    );
  }
  rmSync(announcement, { force: true });
  return {
    path,
    announce(running) {
      writePrivate(announcement, JSON.stringify({ pid: process.pid, ...running }, null, 2));
    },
    release() {
      rmSync(announcement, { force: true });
      lock.close();
    },
  };
}

/** The sandbox that runs in this folder, if one does and has finished starting. */
export function findRunningSandbox(path: string): RunningSandbox | undefined {
  if (!existsSync(join(path, lockName))) return undefined;
  const lock = tryLock(path, 0);
  lock?.close();
  return lock ? undefined : readAnnouncement(path);
}

/** Whether no sandbox has ever kept anything in this folder. */
export function isUntouched(path: string): boolean {
  return !existsSync(join(path, storeName)) && !existsSync(join(path, 'postgres'));
}

const storeName = 'stand-ins.sqlite';
const lockName = 'lock';
const announcementName = 'running.json';

// SQLite's lock on an empty database: unlike a file with a process number, the system takes it back from a killed process.
function tryLock(path: string, waitMs: number): DatabaseSync | undefined {
  const lock = new DatabaseSync(join(path, lockName), { timeout: waitMs });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (problem) {
    lock.close();
    if (problem instanceof Error && problem.message.includes('locked')) return undefined;
    throw problem;
  }
}

function readAnnouncement(path: string): RunningSandbox | undefined {
  try {
    return JSON.parse(readFileSync(join(path, announcementName), 'utf8'));
  } catch {
    return undefined;
  }
}

export interface Secrets {
  appKeys: string[];
  stripeKey: string;
  webhookSecret: string;
}

/** Made at random the first time and kept, readable by this user only. */
export function readOrMakeSecrets(path: string): Secrets {
  const file = join(path, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const secrets: Secrets = {
    appKeys: [randomBytes(32).toString('base64')],
    stripeKey: `sk_test_${randomBytes(24).toString('hex')}`,
    webhookSecret: `whsec_${randomBytes(24).toString('hex')}`,
  };
  writePrivate(file, JSON.stringify(secrets, null, 2));
  return secrets;
}

function writePrivate(file: string, text: string): void {
  const aside = `${file}.new`;
  rmSync(aside, { force: true });
  writeFileSync(aside, `${text}\n`, { mode: 0o600 });
  renameSync(aside, file);
}

export interface Store {
  /** Shared by all stand-ins: each writes its own tables, and never waits inside a transaction. */
  database: DatabaseSync;
  read(name: string): string | undefined;
  write(name: string, value: string): void;
  /** While it hurries, what it answers for is safe from a kill but not yet on the disk; afterwards all of it is. */
  hurry(hurrying: boolean): void;
  close(): void;
}

/** Opens the stand-ins' file. What it has answered for is on the disk, or, when hasty, at least safe from a kill. */
export function openStore(path: string, { hasty = false }: { hasty?: boolean } = {}): Store {
  const file = join(path, storeName);
  // SQLite gives its other files the rights of this one, and letters hold addresses.
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const database = new DatabaseSync(file, { timeout: 5000 });
  const waitForDisk = (waits: boolean) => database.exec(`pragma synchronous = ${waits ? 'full' : 'normal'}`);
  database.exec('pragma journal_mode = wal');
  waitForDisk(!hasty);
  return storeIn(database, (hurrying) => {
    waitForDisk(!hasty && !hurrying);
  });
}

/** A store that forgets, for tests. */
export function openPassingStore(): Store {
  return storeIn(new DatabaseSync(':memory:'), () => {});
}

function storeIn(database: DatabaseSync, hurry: Store['hurry']): Store {
  database.exec('create table if not exists settings (name text primary key, value text not null) strict');
  const read = database.prepare('select value from settings where name = ?');
  const write = database.prepare(
    'insert into settings (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
  );
  return {
    database,
    read(name) {
      const value = read.get(name)?.value;
      return typeof value === 'string' ? value : undefined;
    },
    write(name, value) {
      write.run(name, value);
    },
    hurry,
    close: () => database.close(),
  };
}
