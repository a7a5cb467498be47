// Exporting: every row as it stands, readers by id unless addresses are asked for, and nothing that a spreadsheet would run.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isReportName, reports } from '../../src/reports/answer.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { giftHead, giftLine, otherSystem } from '../ledger/other-system.ts';
import { favor, favorJson, wholeEnvironment } from './terminal.ts';

let folder: string;
let database: FreshDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'favor-export-'));
  database = await freshDatabase();
  env = wholeEnvironment({ databaseUrl: database.url });
  const path = join(folder, 'gifts.csv');
  writeFileSync(
    path,
    [
      'external_id,email,name,happened_at,amount,currency,refunded_amount,refunded_at,campaign,component',
      'g1,ada@example.org,"Ada, of Riga",2024-01-05,10.00,USD,,,spring,letter',
      'g2,ben@example.org,,2024-02-05,20.00,EUR,5.00,2024-03-01,=1+1,',
      'g3,ada@example.org,,2024-03-05,1500,JPY,,,spring,',
    ].join('\n'),
  );
  expect((await favor(env, 'import', path)).code).toBe(0);
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const lines = (text: string) => text.trimEnd().split(/\r?\n/);

test('gifts in the columns of the import, without addresses unless they are asked for', async () => {
  const { written, said } = await favor(env, 'export', 'gifts');
  expect(said).toBe('');
  const [head = '', first = '', second = ''] = lines(written);
  expect(head).toBe(
    'external_id,happened_at,amount,currency,kind,membership_external_id,fee,refunded_amount,refunded_at,status,campaign,article,country,fees_covered,component,referrer,method,reader_id',
  );
  expect(first).toMatch(
    /^g1,2024-01-05T00:00:00\.000Z,10\.00,USD,once,,,,,succeeded,spring,,,,letter,,,[\da-f-]{36}$/,
  );
  // What a spreadsheet could run is only text.
  expect(second).toContain(",'=1+1,");
  expect(written).not.toContain('example.org');
  const whole = await favor(env, 'export', 'gifts', '--with-addresses');
  expect(lines(whole.written)[1]).toMatch(/^g1,ada@example\.org,"Ada, of Riga",2024-01-05/);
});

test('only what was asked for', async () => {
  const names = async (...options: string[]) =>
    lines((await favor(env, 'export', 'gifts', ...options)).written)
      .slice(1)
      .map((line) => line.split(',')[0]);
  expect(await names('--from', '2024-02-01', '--to', '2024-03-05')).toEqual(['g2']);
  expect(await names('--currency', 'jpy')).toEqual(['g3']);
  expect(await names('--campaign', 'spring')).toEqual(['g1', 'g3']);
});

test('JSON lines, one object each', async () => {
  const { written } = await favor(env, 'export', 'gifts', '--json');
  expect(lines(written).map((line) => JSON.parse(line))).toMatchObject([
    { external_id: 'g1', amount: '10.00', fee: null },
    { external_id: 'g2', refunded_amount: '5.00', campaign: '=1+1' },
    { external_id: 'g3', amount: '1500' },
  ]);
});

test('every report, in its own columns; lists of readers with addresses where they are asked for', async () => {
  for (const name of Object.keys(reports).filter(isReportName)) {
    const { code, noted } = await favor(env, 'export', name);
    expect([name, code, noted]).toEqual([name, 0, '']);
  }
  const income = await favor(
    env,
    'export',
    'income',
    '--from',
    '2024-01-01',
    '--to',
    '2024-02-01',
    '--currency',
    'USD',
  );
  expect(lines(income.written)[1]).toMatch(/^2024-01-01,USD,1,1000,/);
  const people = await favor(
    env,
    'export',
    'supporters',
    '--from',
    '2024-01-01',
    '--to',
    '2025-01-01',
    '--with-addresses',
  );
  expect(lines(people.written)[0]).toMatch(/,email,name$/);
  expect(people.written).toContain(',ada@example.org,"Ada, of Riga"');
  expect((await favor(env, 'export', 'income', '--with-addresses')).code).toBe(2);
});

test('a file is there when it is whole, for its owner alone', async () => {
  const file = join(folder, 'out.csv');
  const answer = await favorJson<{ rows: number; file: string }>(env, 'export', 'gifts', '--out', file);
  expect(answer).toMatchObject({ name: 'gifts', file, rows: 3 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(lines(readFileSync(file, 'utf8'))).toHaveLength(4);
  expect(existsSync(`${file}.part`)).toBe(false);
});

test('what is not known is wrong use', async () => {
  for (const wrong of [
    [],
    ['presents'],
    ['gifts', '--format', 'xml'],
    ['gifts', '--from', 'May'],
    ['gifts', '--by', 'day'],
  ])
    expect([wrong, (await favor(env, 'export', ...wrong)).code]).toEqual([wrong, 2]);
  expect((await favor(env, 'export', 'income', '--by', 'hour')).code).toBe(1);
});

const root = join(import.meta.dirname, '../..');
const program = [
  '--disable-warning=ExperimentalWarning',
  '--import',
  './src/loader.ts',
  'src/commands/favor.ts',
];

test('somebody who reads only the beginning of it is no fault', async () => {
  const words = [...program, 'export', 'gifts'].map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = await promisify(execFile)(
    'sh',
    ['-c', `{ '${process.execPath}' ${words}; echo "ended with $?" >&2; } | head -n 1`],
    { cwd: root, env: { PATH: process.env.PATH, ...env } },
  );
  expect([lines(stdout).length, stderr]).toEqual([1, 'ended with 0\n']);
});

test('an import that is killed in the middle goes on when it is called again, and nothing is doubled', async () => {
  const other = await freshDatabase();
  try {
    const there = wholeEnvironment({ databaseUrl: other.url });
    const { gifts } = otherSystem(5, { readers: 500, memberships: 1, gifts: 14_000 });
    const path = join(folder, 'many.csv');
    const alone = gifts.filter(({ membership }) => membership === null);
    const many = [
      ...alone,
      ...alone.map((gift) => ({ ...gift, id: `${gift.id}-again` })),
      ...alone.map((gift) => ({ ...gift, id: `${gift.id}-more` })),
    ];
    writeFileSync(path, [giftHead, ...many.map(giftLine)].join('\n'));
    const kept = async () => {
      const { rows } = await other.pool.query<{ rows: number }>(
        'select count(*)::int as rows from imported_rows',
      );
      return rows[0]?.rows ?? 0;
    };
    const child = spawn(process.execPath, [...program, 'import', path], {
      cwd: root,
      env: { PATH: process.env.PATH, ...there },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while ((await kept()) === 0 && child.exitCode === null) await wait(5);
    child.kill('SIGKILL');
    await ended;
    const before = await kept();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(many.length);
    const answer = await favorJson<{ gifts: { new: number; same: number }; bad: unknown[] }>(
      there,
      'import',
      path,
    );
    expect(answer).toMatchObject({ gifts: { new: many.length - before, same: before }, bad: [] });
    const { rows } = await other.pool.query<{ payments: number; minor: string }>(
      'select count(*)::int as payments, sum(amount_minor) as minor from payments',
    );
    const received = many.filter(({ status }) => status === 'succeeded');
    expect(rows[0]).toEqual({
      payments: received.length,
      minor: String(received.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)),
    });
  } finally {
    await other.drop();
  }
});

test('a file that cannot be written, and days the wrong way round, are told as what they are', async () => {
  const nowhere = await favor(env, 'export', 'gifts', '--out', join(folder, 'nowhere', 'gifts.csv'));
  expect(nowhere.code).toBe(1);
  expect(nowhere.noted).toContain('gifts.csv cannot be written (ENOENT)');
  const backwards = await favor(env, 'export', 'gifts', '--from', '2026-02-01', '--to', '2026-01-01');
  expect(backwards).toMatchObject({ code: 2, written: '' });
  expect(backwards.noted).toContain('--from must lie before --to');
});
