// The start: from `npm start` to the first page, the first time and later, and the memory held then; with everything stood in for.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type RealProcess, startMain, startProgram } from '../harness/real-main.ts';
import type { Table } from './table.ts';
import type { World } from './world.ts';

const warmRuns = 5;

export async function benchStart(world: World): Promise<Table> {
  const folder = mkdtempSync(join(tmpdir(), 'favor-bench-start-'));
  const [port = 0, stripePort = 0, smtpPort = 0] = await freePorts(3);
  const sandbox = {
    PORT: String(port),
    SANDBOX_DATA: folder,
    SANDBOX_STRIPE_PORT: String(stripePort),
    SANDBOX_SMTP_PORT: String(smtpPort),
  };
  const { url } = await world.freshDatabase();
  const bareEnvironment = { PORT: String(port), DATABASE_URL: url };
  try {
    // As after `npm ci`: nothing compiled, no database.
    rmSync(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'small-favor'), {
      recursive: true,
      force: true,
    });
    const cold = await timeStart(() => startMain(sandbox));
    const warm = await median(() => timeStart(() => startMain(sandbox)));
    const alone = await median(() => timeStart(() => startMain(world.environment(url, port))));
    const bare = await median(() =>
      timeStart(() => startProgram(import.meta.resolve('./bare-server.ts'), bareEnvironment), '/health/live'),
    );
    return {
      title: 'Start: seconds from the command to the first page answered, and resident memory then',
      notes: [
        'The sandbox holds a Stripe, a mail server and a clock in the same process, and a Postgres in processes of its own (not counted).',
        'Configured: database, Stripe and mail elsewhere, as in production. Bare: the Express of the webhooks above.',
        `Warm figures are the median of ${warmRuns}.`,
      ],
      head: ['', 'seconds', 'MB'],
      lines: [
        ['sandbox, the very first start', ...written(cold)],
        ['sandbox, later starts', ...written(warm)],
        ['configured, later starts', ...written(alone)],
        ['bare Express', ...written(bare)],
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Start {
  seconds: number;
  megabytes: number;
}

async function timeStart(start: () => Promise<RealProcess>, page = '/donate'): Promise<Start> {
  const begun = performance.now();
  const running = await start();
  try {
    const answer = await fetch(`${running.url}${page}`);
    if (!answer.ok) throw new Error(`${page} answered ${answer.status}`);
    await answer.arrayBuffer();
    const seconds = (performance.now() - begun) / 1000;
    return { seconds, megabytes: residentMegabytes(running.pid) };
  } finally {
    await running.stop();
  }
}

async function median(measure: () => Promise<Start>): Promise<Start> {
  const runs: Start[] = [];
  for (let run = 0; run < warmRuns; run += 1) runs.push(await measure());
  const middle = (of: keyof Start) => runs.map((run) => run[of]).sort((a, b) => a - b)[warmRuns >> 1] ?? 0;
  return { seconds: middle('seconds'), megabytes: middle('megabytes') };
}

function residentMegabytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

function written({ seconds, megabytes }: Start): string[] {
  return [seconds.toFixed(2), megabytes.toFixed(0)];
}
