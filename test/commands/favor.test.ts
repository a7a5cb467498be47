// The tool as a whole: its help, its exit codes, and finding what to work on.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdFolder, openStore } from '../../src/sandbox/store.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { appKey, favor, favorJson, wholeEnvironment } from './terminal.ts';

let database: FreshDatabase;
let folder: string;
beforeEach(async () => {
  database = await freshDatabase();
  folder = mkdtempSync(join(tmpdir(), 'favor-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

const verbs = ['migrate', 'staff', 'events', 'doctor', 'rotate'];

test('the help names every verb, and every verb has a help of its own', async () => {
  const { code, said } = await favor({}, '--help');
  expect(code).toBe(0);
  for (const verb of verbs) {
    expect(said).toContain(`  ${verb}`);
    const help = await favor({}, verb, '--help');
    expect(help.code).toBe(0);
    expect(help.said).toMatch(new RegExp(`^favor ${verb}`));
    expect(help.said).toContain('--json');
  }
});

test('a wrong call ends with 2 and says what is right', async () => {
  expect(await favor({})).toMatchObject({ code: 2 });
  expect((await favor({}, 'dance')).noted).toContain('favor has no verb dance');
  for (const args of [
    ['staff'],
    ['staff', 'add'],
    ['staff', 'add', 'nobody'],
    ['staff', 'add', 'a@example.org', 'b@example.org'],
    ['staff', 'add', 'a@example.org', '--role', 'king'],
    ['events', 'replay'],
    ['events', 'list', '--state', 'lost'],
    ['events', 'list', '--limit', '0'],
    ['rotate', 'now'],
    ['doctor', '--mend'],
  ]) {
    const { code, noted } = await favor({}, ...args);
    expect([args, code]).toEqual([args, 2]);
    expect(noted).toContain('--help');
  }
});

test('faults of the configuration are all named, and end with 1', async () => {
  const env = {
    ...wholeEnvironment({ databaseUrl: database.url }),
    PORT: 'many',
    REMINDER_CONFIRMATION: 'maybe',
  };
  const { code, noted } = await favor(env, 'staff', 'list');
  expect(code).toBe(1);
  expect(noted).toContain('PORT');
  expect(noted).toContain('REMINDER_CONFIRMATION');
});

test('without a configuration and without a sandbox it says how to start one', async () => {
  const { code, noted } = await favor({ SANDBOX_DATA: folder }, 'staff', 'list');
  expect(code).toBe(1);
  expect(noted).toContain('DATABASE_URL');
  expect(noted).toContain('npm start');
  expect(noted).toContain(folder);
});

test('a running sandbox is found by its folder, and its time is the command’s time', async () => {
  const store = openStore(folder);
  store.write('clock.offset_ms', String(40 * 86_400_000));
  const held = holdFolder(folder);
  held.announce({
    baseUrl: 'http://localhost:4444',
    databaseUrl: database.url,
    appKeys: [appKey],
    stripe: {
      url: 'http://127.0.0.1:9',
      secretKey: 'sk_test_0000000000000000',
      webhookSecret: 'whsec_00000000000000000000000000000000',
    },
    smtpUrl: 'smtp://127.0.0.1:9',
  });
  const env = { SANDBOX_DATA: folder, LOG_LEVEL: 'silent' };
  const { link } = await favorJson<{ link: string }>(env, 'staff', 'add', 'editor@example.org');
  expect(link).toMatch(/^http:\/\/localhost:4444\/staff\/welcome\//);
  const { rows } = await database.pool.query('select created_at from staff');
  // 2 March 2026 and forty days.
  expect(rows[0].created_at.toISOString()).toBe('2026-04-11T10:00:00.000Z');
  held.release();
  store.close();
  expect((await favor(env, 'staff', 'list')).code).toBe(1);
});

test('a database that does not answer is said in words', async () => {
  const env = wholeEnvironment({ databaseUrl: 'postgres://favor:hidden@127.0.0.1:9/favor' });
  const { code, noted } = await favor(env, 'staff', 'list');
  expect(code).toBe(1);
  expect(noted).toContain('The database does not answer');
  expect(noted).not.toContain('hidden');
});

test('keys that do not open the database are said in words', async () => {
  const env = wholeEnvironment({ databaseUrl: database.url });
  expect((await favor(env, 'staff', 'list')).code).toBe(0);
  const { code, noted } = await favor(
    { ...env, APP_KEYS: 'quite another key and just as long as it' },
    'staff',
    'list',
  );
  expect(code).toBe(1);
  expect(noted).toContain('None of APP_KEYS opens this database');
});

test('migrate brings an empty database to the newest schema; until then the other verbs say so', async () => {
  const empty = await emptyDatabase();
  try {
    const env = wholeEnvironment({ databaseUrl: empty.url });
    const before = await favor(env, 'staff', 'list');
    expect(before.code).toBe(1);
    expect(before.noted).toContain('npm run favor -- migrate');
    const { applied } = await favorJson<{ applied: string[] }>(env, 'migrate');
    expect(applied[0]).toMatch(/^0000_/);
    expect(await favorJson(env, 'migrate')).toEqual({ applied: [] });
    expect((await favor(env, 'staff', 'list')).code).toBe(0);
  } finally {
    await empty.drop();
  }
});

test('it runs from the command line as it is', async () => {
  const run = promisify(execFile);
  const root = join(import.meta.dirname, '../..');
  const args = ['--import', './src/loader.ts', 'src/commands/favor.ts', 'staff', 'list', '--json'];
  const env = { PATH: process.env.PATH, ...wholeEnvironment({ databaseUrl: database.url }) };
  const { stdout } = await run(process.execPath, args, { cwd: root, env });
  expect(JSON.parse(stdout)).toEqual({ staff: [] });
  const wrong = run(process.execPath, [...args.slice(0, 3), 'dance'], { cwd: root, env });
  await expect(wrong).rejects.toMatchObject({ code: 2 });
});

async function emptyDatabase() {
  const name = `empty_${new URL(database.url).pathname.slice(1)}`;
  await database.pool.query(`create database ${name} template template0`);
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async drop() {
      const client = new pg.Client(database.url);
      await client.connect();
      await client.query(`drop database ${name} with (force)`);
      await client.end();
    },
  };
}

test.each([
  [['import', '--dryrun', 'x.csv'], 'There is no option --dryrun here.'],
  [['export', 'gifts', '--from'], '--from needs a value after it, as in --from=VALUE.'],
  [['export', 'gifts', '--from', '--to'], '--from needs a value after it, as in --from=VALUE.'],
  [['import', '--dry-run=yes', 'x.csv'], '--dry-run takes no value.'],
  [['export', 'bogus'], 'There is nothing called bogus. Say: export NAME, one of gifts, memberships, income'],
  [['migrate', 'now'], 'migrate takes no words after it.'],
])('%j is called wrongly, and hears how', async (words, said) => {
  const { code, noted } = await favor({}, ...words);
  expect(code).toBe(2);
  expect(noted).toContain(said);
});
