// `favor figures`: says whether the kept sums are what counting everything gives, and makes them so.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { favor, favorJson, wholeEnvironment } from './terminal.ts';

let folder: string;
let database: FreshDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'favor-figures-'));
  database = await freshDatabase();
  env = wholeEnvironment({ databaseUrl: database.url });
  const path = join(folder, 'gifts.csv');
  writeFileSync(
    path,
    [
      'external_id,email,happened_at,amount,currency',
      'g1,ada@example.org,2024-01-05,10.00,USD',
      'g2,ben@example.org,2024-02-05,20.00,EUR',
    ].join('\n'),
  );
  expect((await favor(env, 'import', path)).code).toBe(0);
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const gross = async () => {
  const { written } = await favor(
    env,
    'export',
    'income',
    '--by',
    'year',
    '--from',
    '2024-01-01',
    '--to',
    '2025-01-01',
    '--currency',
    'USD',
    '--json',
  );
  return written
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).gross_minor);
};

test('counts everything anew, and finds nothing that differs', async () => {
  expect(await favor(env, 'figures', 'rebuild')).toMatchObject({
    code: 0,
    said: 'Everything has been counted anew.',
  });
  const found = await favorJson<{ kept: number; differing: number }>(env, 'figures', 'check');
  expect(found.kept).toBeGreaterThan(0);
  expect(found.differing).toBe(0);
  expect(await gross()).toEqual([1_000]);
});

test('says where a kept sum differed, ends with 1, and leaves the new ones', async () => {
  const changed = await database.pool.query('update kept_money set gross = gross + 1');
  expect(changed.rowCount).toBeGreaterThan(0);
  const { code, said } = await favor(env, 'figures', 'check');
  expect(code).toBe(1);
  expect(said).toContain('differed; they have been replaced by new ones.');
  expect(await favor(env, 'figures', 'check')).toMatchObject({ code: 0 });
  expect(await gross()).toEqual([1_000]);
});

test.each([[[]], [['mend']], [['check', 'now']]])('called with %j says how it is called', async (words) => {
  const { code, noted } = await favor(env, 'figures', ...words);
  expect(code).toBe(2);
  expect(noted).toContain('Say: figures check, or: figures rebuild');
});
