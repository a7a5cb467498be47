// House rules: what the tree promises about itself, checked against every file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { describe, expect, test } from 'vitest';
import * as schema from '../../src/schema.ts';

const root = resolve(import.meta.dirname, '../..');
const source = join(root, 'src');

const doors = ['donate', 'reminders', 'account', 'reports', 'staff', 'stripe', 'mail', 'ask'];
const books = ['ledger', 'letters'];
const foundations = ['web', 'outside', 'words', 'values'];

/** Which rooms a room may look into, beside itself. Imports go down only. */
const mayImport: Record<string, readonly string[]> = {
  ...Object.fromEntries(doors.map((door) => [door, ['schema', ...books, ...foundations]])),
  ...Object.fromEntries(books.map((book) => [book, ['schema', 'outside', 'words', 'values']])),
  web: ['schema', 'outside', 'words', 'values'],
  outside: ['schema', 'values'],
  words: ['values'],
  values: [],
  schema: [],
};

interface SourceFile {
  path: string;
  room: string;
  text: string;
  imports: { from: string; room: string | null }[];
}

const files: SourceFile[] = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => {
    const text = readFileSync(join(source, path), 'utf8');
    return { path, room: roomOf(path), text, imports: importsOf(path, text) };
  });

function roomOf(path: string): string {
  const [first = ''] = path.split('/');
  return path.includes('/') ? first : first.replace(/\.tsx?$/, '');
}

function importsOf(path: string, text: string): SourceFile['imports'] {
  const found = text.matchAll(
    /^(?:import|export)\s[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...found].map(([, named, bare, dynamic]) => {
    const from = named ?? bare ?? dynamic ?? '';
    if (!from.startsWith('.')) return { from, room: null };
    return { from, room: roomOf(relative(source, resolve(source, dirname(path), from))) };
  });
}

const breaking = (rule: (file: SourceFile) => boolean) => files.filter(rule).map((file) => file.path);

test('the tree is there to be checked', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(500);
});

describe('rooms', () => {
  test('imports go down only: no door imports a door, the books do not know each other, values import nothing', () => {
    const broken = files.flatMap((file) => {
      const allowed = mayImport[file.room];
      if (!allowed) return [];
      return file.imports
        .filter(({ room }) => room !== null && room !== file.room && !allowed.includes(room))
        .map(({ from }) => `${file.path} → ${from}`);
    });
    expect(broken).toEqual([]);
  });

  test('every folder is a room with its rule', () => {
    const rooms = new Set(files.filter((file) => file.path.includes('/')).map((file) => file.room));
    expect([...rooms].filter((room) => !(room in mayImport)).sort()).toEqual(['commands', 'sandbox']);
  });

  test('the sandbox is imported only by main, its own files and commands, and always dynamically outside it', () => {
    const allowed = ['main', 'sandbox', 'commands'];
    expect(
      breaking((file) => !allowed.includes(file.room) && file.imports.some(({ room }) => room === 'sandbox')),
    ).toEqual([]);
    const staticImport = /^import (?!type\b)[^;]*from '[^']*sandbox\//m;
    expect(breaking((file) => file.room !== 'sandbox' && staticImport.test(file.text))).toEqual([]);
  });

  test('express is known to routes and to web alone, and to what mounts them', () => {
    const mounting = ['app', 'house', 'health', 'openapi'];
    expect(
      breaking(
        (file) =>
          !['web', 'sandbox', ...mounting].includes(file.room) &&
          !/(^|\/)(routes|guard)\.ts$/.test(file.path) &&
          file.imports.some(({ from }) => from === 'express') &&
          !/import type \{[^}]*\} from 'express'/.test(file.text),
      ),
    ).toEqual([]);
  });

  test('jsonwebtoken, nodemailer and pg are each known to one file', () => {
    const only = { jsonwebtoken: 'outside/tokens.ts', nodemailer: 'outside/smtp.ts' };
    for (const [name, home] of Object.entries(only)) {
      const users = breaking(
        (file) => file.room !== 'sandbox' && file.imports.some(({ from }) => from === name),
      );
      expect(users).toEqual([home]);
    }
  });

  test('Stripe’s types are spoken only at Stripe’s door, by the client and by those who begin something there', () => {
    const speakers = breaking(
      (file) =>
        !['sandbox', 'stripe', 'commands'].includes(file.room) &&
        file.imports.some(({ from }) => from === 'stripe'),
    );
    expect(
      speakers.filter(
        (path) =>
          ![
            'outside/stripe.ts',
            'donate/checkout.ts',
            'account/asking.ts',
            'account/portal.ts',
            'account/portal-configuration.ts',
          ].includes(path),
      ),
    ).toEqual([]);
  });

  test('HTML is written in .tsx alone, but for the charts, which Plot draws', () => {
    expect(
      breaking(
        (file) =>
          file.path.endsWith('.ts') &&
          file.path !== 'reports/chart.ts' &&
          /<\/(div|p|span|table|html)>/.test(file.text) &&
          file.room !== 'words',
      ),
    ).toEqual([]);
  });
});

describe('production', () => {
  test('needs no package that only development has: `npm ci --omit=dev` is enough', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const foreign = files
      .filter((file) => file.room !== 'sandbox')
      .flatMap((file) => file.imports.map(({ from }) => ({ from, path: file.path })))
      .filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'))
      .filter(({ from }) => {
        const [scope = '', name = ''] = from.split('/');
        return !((scope.startsWith('@') ? `${scope}/${name}` : scope) in dependencies);
      });
    expect(foreign).toEqual([]);
  });
});

describe('hand', () => {
  test('every file opens with one sentence that says what it is', () => {
    expect(breaking((file) => !/^\/\/ [^\n]{10,}[.:?]\n/.test(file.text))).toEqual([]);
  });

  test('time is read in its own homes only', () => {
    expect(
      breaking(
        (file) =>
          !['main', 'outside', 'sandbox', 'commands'].includes(file.room) &&
          !file.path.endsWith('.browser.ts') &&
          /new Date\(\)|Date\.now\(\)|Temporal\.Now/.test(file.text),
      ),
    ).toEqual([]);
  });

  test('the environment is read by main and the commands’ entry alone', () => {
    const readers = breaking((file) => /process\.env/.test(file.text));
    expect(
      readers.filter(
        (path) => !['main.ts', 'commands/favor.ts', 'sandbox/demo.ts', 'sandbox/postgres.ts'].includes(path),
      ),
    ).toEqual([]);
  });

  test('Refusal is the only class', () => {
    expect(breaking((file) => /^\s*(export )?(abstract )?class /m.test(file.text))).toEqual([
      'values/refusal.ts',
    ]);
  });

  test('no dumps: no index, utils, helpers, types or managers', () => {
    expect(
      breaking(
        (file) =>
          /(^|\/)(index|utils?|helpers?|types|common|misc|manager|handler)\.tsx?$/.test(file.path) &&
          file.room !== 'words',
      ),
    ).toEqual([]);
  });

  test('nothing is left for later and no check is switched off', () => {
    const marks = new RegExp(
      [
        'TO' + 'DO',
        'FIX' + 'ME',
        'biome-' + 'ignore',
        '@ts-' + 'ignore',
        '@ts-expect-' + 'error',
        'as ' + 'any',
      ].join('|'),
    );
    expect(breaking((file) => marks.test(file.text))).toEqual([]);
  });
});

describe('what is remembered', () => {
  test('each table names its writer', () => {
    const text = readFileSync(join(source, 'schema.ts'), 'utf8');
    const tables = [...text.matchAll(/(\/\*\*[\s\S]*?\*\/)\s*export const \w+ = pgTable\(/g)];
    const all = [...text.matchAll(/pgTable\(/g)];
    expect(tables.length).toBe(all.length);
    for (const [, comment = ''] of tables) expect(comment).toMatch(/Writer: /);
  });

  test('tables are written only by the room they name', () => {
    const text = readFileSync(join(source, 'schema.ts'), 'utf8');
    const writers = [...text.matchAll(/Writer: (\w+)[\s\S]*?export const (\w+) = pgTable/g)];
    const broken = writers.flatMap(([, room = '', table = '']) =>
      files
        .filter((file) => ![room, 'sandbox', 'commands'].includes(file.room))
        .filter((file) => new RegExp(`\\.(insert|update|delete)\\(\\s*${table}\\b`).test(file.text))
        .map((file) => `${file.path} writes ${table}`),
    );
    expect(broken).toEqual([]);
  });

  test('the migrations are in step with the schema', async () => {
    const { entries } = JSON.parse(readFileSync(join(root, 'migrations/meta/_journal.json'), 'utf8')) as {
      entries: { idx: number; tag: string }[];
    };
    const last = entries.at(-1);
    const snapshot = join(root, `migrations/meta/${String(last?.idx).padStart(4, '0')}_snapshot.json`);
    expect(existsSync(snapshot)).toBe(true);
    const drift = await generateMigration(
      JSON.parse(readFileSync(snapshot, 'utf8')),
      generateDrizzleJson({ ...schema }),
    );
    expect(drift).toEqual([]);
  });
});
