// Programs in processes of their own, which can be stopped or killed without a word: above all src/main.ts, as an operator runs it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface RealProcess {
  url: string;
  pid: number;
  /** kill -9: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  /** SIGTERM, as an operator stops it. */
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '..', '..');
const patienceMs = 60_000;

/** Starts src/main.ts with this environment and nothing of the caller's own; answers once its pages do. */
export function startMain(env: Record<string, string>): Promise<RealProcess> {
  return startProgram(import.meta.resolve('../../src/main.ts'), env);
}

/** Starts the program at a file's address; it listens on `PORT` and answers `/health/live`. */
export async function startProgram(address: string, env: Record<string, string>): Promise<RealProcess> {
  const url = `http://localhost:${env.PORT}`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', './src/loader.ts', fileURLToPath(address)],
    {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'silent', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (const begun = performance.now(); !(await answers(`${url}/health/live`)); await wait(10)) {
    if (hasEnded(child)) throw new Error(`It did not start: ${said}`);
    if (performance.now() - begun > patienceMs) {
      child.kill('SIGKILL');
      throw new Error(`It did not answer within ${patienceMs / 1000} s: ${said}`);
    }
  }
  const end = async (signal: NodeJS.Signals) => {
    if (!hasEnded(child)) child.kill(signal);
    await ended;
  };
  return { url, pid: child.pid ?? 0, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

/** Ports that were free a moment ago, all held open together so that they differ. */
export async function freePorts<Count extends number>(count: Count): Promise<number[] & { length: Count }> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as number[] & { length: Count };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
