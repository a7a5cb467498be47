// Import and export: rows a second and memory, of a history made up from a seed, beside what Postgres needs for bare rows alone.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { giftHead, membershipHead, numbersFrom } from '../ledger/other-system.ts';
import { share, type Table, whole } from './table.ts';
import type { World } from './world.ts';

/** `ROWS=1000000 READERS=200000 npm run bench -- import` for the size of ten years of a large newsroom. */
const rows = Number(process.env.ROWS ?? 40_000);
const readers = Number(process.env.READERS ?? Math.ceil(rows / 5));
const memberships = Math.ceil(readers / 4);

export async function benchImport(world: World): Promise<Table> {
  const folder = mkdtempSync(join(tmpdir(), 'favor-bench-'));
  try {
    const files = { memberships: join(folder, 'memberships.csv'), gifts: join(folder, 'gifts.csv') };
    await writeLines(files.memberships, membershipHead, memberships, membershipLines());
    await writeLines(files.gifts, giftHead, rows, giftLines());
    const bare = await world.freshDatabase();
    const floor = await insertBareRows(bare.pool);
    const { url, pool } = await world.freshDatabase();
    const env = world.environment(url, 3000);
    const started = await favor(env, ['staff', 'list']);
    const ran = async (args: string[], count: number) => {
      const run = await favor(env, args);
      return { ...run, rate: count / (run.seconds - started.seconds) };
    };
    const plans = await ran(['import', files.memberships], memberships);
    const gifts = await ran(['import', files.gifts], rows);
    const again = await ran(['import', files.gifts], rows);
    const rehearsed = await ran(['import', files.gifts, '--dry-run'], rows);
    const exported = await ran(['export', 'gifts', '--with-addresses'], rows);
    const { rows: kept } = await pool.query<{ gifts: string }>('select count(*) as gifts from imported_rows');
    if (Number(kept[0]?.gifts) !== rows + memberships) throw new Error('Not every row was kept');
    const line = (name: string, run: typeof gifts) => [
      name,
      whole(run.rate),
      share(run.rate, floor),
      whole(run.megabytesEarly),
      whole(run.megabytesPeak),
      run.firstByteSeconds === null ? '' : run.firstByteSeconds.toFixed(2),
    ];
    return {
      title: `Import and export: ${whole(rows)} gifts and ${whole(memberships)} memberships of ${whole(readers)} readers`,
      notes: [
        'Bare rows: the same number of payments with all their indexes, 4,000 in a statement, no file, no readers.',
        'Resident memory of the command after a fifth of its time, and at its most. First byte: from the command being typed.',
        `A command that does nothing takes ${started.seconds.toFixed(2)} s, which are taken off.`,
      ],
      head: ['', 'rows/s', 'of bare rows', 'MB early', 'MB most', 'first byte s'],
      lines: [
        ['bare rows into payments', whole(floor), share(floor, floor), '', '', ''],
        line('memberships read in', plans),
        line('gifts read in', gifts),
        line('the same file once more', again),
        line('the same file, rehearsed', rehearsed),
        line('gifts written out, with addresses', exported),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeLines(
  path: string,
  head: string,
  count: number,
  lines: Generator<string>,
): Promise<void> {
  const file = createWriteStream(path);
  file.write(`${head}\n`);
  for (let at = 0; at < count; at += 1) {
    const { value } = lines.next();
    if (!file.write(`${value}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

const currencies = ['USD', 'USD', 'USD', 'EUR', 'EUR', 'GBP', 'CHF', 'SEK', 'PLN'];
const firstDay = Date.UTC(2018, 0, 1);
const days = 8 * 365;

function* membershipLines(): Generator<string> {
  const next = numbersFrom(1);
  const below = (most: number) => Math.floor(next() * most);
  for (let at = 0; ; at += 1) {
    const start = below(days);
    const end = start + 30 + below(1500);
    const isOver = end < days && below(3) > 0;
    yield [
      `m${at}`,
      `reader-${at}@example.org`,
      `${3 + below(20)}.00`,
      currencies[at % currencies.length],
      below(4) === 0 ? 'year' : 'month',
      day(start),
      ...(below(10) === 0 ? [day(start + 10), day(start + 20)] : ['', '']),
      isOver ? day(end - 5) : '',
      isOver ? day(end) : '',
      isOver ? 'voluntary' : '',
      below(3) === 0 ? `spring-${below(20)}` : '',
      below(4) === 0 ? `${day(start + 25)}:${5 + below(20)}.00` : '',
    ].join(',');
  }
}

function* giftLines(): Generator<string> {
  const next = numbersFrom(2);
  const below = (most: number) => Math.floor(next() * most);
  for (let at = 0; ; at += 1) {
    const plan = below(10) < 7 ? below(memberships) : null;
    const reader = plan ?? below(readers);
    const given = below(days);
    const amount = 3 + below(60);
    const failed = plan !== null && below(30) === 0;
    const isRefunded = !failed && below(50) === 0;
    yield [
      `g${at}`,
      `reader-${reader}@example.org`,
      `Reader ${reader}`,
      `${day(given)}T${String(below(24)).padStart(2, '0')}:${String(below(60)).padStart(2, '0')}:00Z`,
      `${amount}.00`,
      currencies[reader % currencies.length],
      plan === null ? 'once' : 'month',
      plan === null ? '' : `m${plan}`,
      `0.${10 + below(80)}`,
      isRefunded ? `${amount}.00` : '',
      isRefunded ? day(given + 3) : '',
      failed ? 'failed' : 'succeeded',
      below(3) === 0 ? `spring-${below(20)}` : '',
      below(3) === 0 ? `/articles/${below(5000)}` : '',
      below(2) === 0 ? 'LV' : 'US',
    ].join(',');
  }
}

function day(at: number): string {
  return new Date(firstDay + at * 86_400_000).toISOString().slice(0, 10);
}

/** What the database alone takes. Bounded: the rate no longer changes much. */
async function insertBareRows(pool: pg.Pool): Promise<number> {
  const count = Math.min(rows, 100_000);
  await pool.query(`insert into readers (id, locale, created_at)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'en', now() from generate_series(0, 9999) n`);
  const begun = performance.now();
  for (let from = 0; from < count; from += 4_000) {
    await pool.query(
      `insert into payments (id, reader_id, kind, external_id, amount_minor, fees_covered_minor, currency, paid_at, settle_due_at)
       select gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(n % 10000), 12, '0'))::uuid, 'once', 'g' || n, 500, 0,
         'USD', '2018-01-01'::timestamptz + n * interval '1 minute', now()
       from generate_series($1::int, $2::int) n`,
      [from, Math.min(from + 4_000, count) - 1],
    );
  }
  return count / ((performance.now() - begun) / 1000);
}

interface Ran {
  seconds: number;
  megabytesEarly: number;
  megabytesPeak: number;
  /** Null where nothing was streamed. */
  firstByteSeconds: number | null;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the command in a process of its own, and looks at its memory again and again. */
async function favor(env: Record<string, string>, args: string[]): Promise<Ran> {
  const begun = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import',
      './src/loader.ts',
      'src/commands/favor.ts',
      ...args,
    ],
    { cwd: root, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let firstByteAt: number | null = null;
  child.stdout.on('data', () => {
    firstByteAt ??= performance.now();
  });
  const looks: number[] = [];
  const looking = setInterval(() => looks.push(residentMegabytes(child)), 250);
  const [code] = await once(child, 'close');
  clearInterval(looking);
  if (code !== 0) throw new Error(`favor ${args.join(' ')} ended with ${code}`);
  const seconds = (performance.now() - begun) / 1000;
  const isStreamed = args[0] === 'export';
  return {
    seconds,
    megabytesEarly: looks[Math.floor(looks.length / 5)] ?? 0,
    megabytesPeak: Math.max(0, ...looks),
    firstByteSeconds: isStreamed && firstByteAt !== null ? (firstByteAt - begun) / 1000 : null,
  };
}

function residentMegabytes({ pid }: ChildProcess): number {
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}
