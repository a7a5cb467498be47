// The sandbox's Postgres: whatever was committed is there again, however the last run ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Postgres, startPostgres } from '../../src/sandbox/postgres.ts';

const moduleUrl = new URL('../../src/sandbox/postgres.ts', import.meta.url).href;
const log = () => {};

describe('a Postgres of the sandbox', () => {
  test('keeps its rows over a restart', async () => {
    const folder = newFolder();
    const first = await startPostgres({ folder, log });
    await ask(first, 'create table gifts (amount_minor bigint)', 'insert into gifts values (500)');
    await first.close();

    const second = await started(folder);
    expect(await ask(second, 'select amount_minor from gifts')).toEqual([{ amount_minor: '500' }]);
    expect(second.url).toBe(first.url);
  });

  test('keeps what was committed when its process and its server are killed at once', async () => {
    const folder = newFolder();
    const other = await startElsewhere(folder);
    await ask(other, 'create table gifts (amount_minor bigint)', 'insert into gifts values (700)');
    const serverPid = pidOfServer(folder);
    other.process.kill('SIGKILL');
    process.kill(serverPid, 'SIGKILL');
    await once(other.process, 'exit');

    const next = await started(folder);
    expect(await ask(next, 'select amount_minor from gifts')).toEqual([{ amount_minor: '700' }]);
  });

  test('waits for the disk again after a hurry, also one that was cut short', async () => {
    const folder = newFolder();
    const first = await startPostgres({ folder, log });
    const waits = async (postgres: Postgres) => {
      const [row] = await ask(postgres, 'show synchronous_commit');
      return row?.synchronous_commit;
    };
    expect(await waits(first)).toBe('on');
    first.hurry(true);
    await expect.poll(() => waits(first)).toBe('off');
    first.hurry(false);
    await expect.poll(() => waits(first)).toBe('on');
    first.hurry(true);
    await first.close();
    expect(await waits(await started(folder))).toBe('on');
  });

  test('takes over from a killed process whose server may still be running', async () => {
    const folder = newFolder();
    const other = await startElsewhere(folder);
    await ask(other, 'create table gifts (amount_minor bigint)', 'insert into gifts values (900)');
    const serverPid = pidOfServer(folder);
    other.process.kill('SIGKILL');

    const next = await started(folder);
    expect(await ask(next, 'select amount_minor from gifts')).toEqual([{ amount_minor: '900' }]);
    expect(pidOfServer(folder)).not.toBe(serverPid);
  });

  test('is not kept from starting by a lock whose number now belongs to a stranger', async () => {
    const folder = newFolder();
    const first = await startPostgres({ folder, log });
    const lockFile = join(folder, 'postmaster.pid');
    const [, ...rest] = readFileSync(lockFile, 'utf8').split('\n');
    await first.close();
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => {
      stranger.kill();
    });
    writeFileSync(lockFile, [stranger.pid, ...rest].join('\n'));

    const next = await started(folder);
    expect(await ask(next, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode).toBeNull();
  });

  test('comes back by itself when only the server was killed', async () => {
    const folder = newFolder();
    const lines: string[] = [];
    const postgres = await startPostgres({ folder, log: (line) => lines.push(line) });
    onTestFinished(() => postgres.close());
    await ask(postgres, 'create table gifts (amount_minor bigint)', 'insert into gifts values (300)');
    process.kill(pidOfServer(folder), 'SIGKILL');

    await expect
      .poll(() => ask(postgres, 'select amount_minor from gifts').catch(() => []), { timeout: 10_000 })
      .toEqual([{ amount_minor: '300' }]);
    expect(lines.join()).toContain('starting it again');
  });

  test('refuses a folder that holds something else, and leaves it alone', async () => {
    const folder = newFolder();
    const first = await startPostgres({ folder, log });
    await first.close();
    rmSync(join(folder, 'PG_VERSION'));

    await expect(startPostgres({ folder, log })).rejects.toThrow('other files than Postgres');
    expect(existsSync(join(folder, 'base'))).toBe(true);
  });

  test('can forget everything, for tests', async () => {
    const postgres = await startPostgres({ volatile: true, log });
    const [row] = await ask(postgres, 'show data_directory');
    expect(await ask(postgres, 'show fsync')).toEqual([{ fsync: 'off' }]);
    await postgres.close();
    expect(existsSync(String(row?.data_directory))).toBe(false);
  });
});

function newFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'favor-postgres-test-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'postgres');
}

async function started(folder: string): Promise<Postgres> {
  const postgres = await startPostgres({ folder, log });
  onTestFinished(() => postgres.close());
  return postgres;
}

async function startElsewhere(folder: string): Promise<{ url: string; process: ChildProcess }> {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(moduleUrl)});
    const { url } = await startPostgres({ folder: ${JSON.stringify(folder)}, log() {} });
    process.send(url);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [url] = await once(child, 'message');
  return { url: String(url), process: child };
}

function pidOfServer(folder: string): number {
  return Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
}

async function ask(postgres: { url: string }, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(postgres.url);
  client.on('error', () => {});
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
