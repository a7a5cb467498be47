// Reports from a copy of the database: a real one, which lags and catches up, breaks off questions, and cannot be written to.
import { appendFileSync, chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseHTML } from 'linkedom';
import pg from 'pg';
import { h } from 'preact';
import { render } from 'preact-render-to-string';
import type supertest from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migrateDatabase, openDatabase } from '../../src/outside/database.ts';
import { isReportName, reports } from '../../src/reports/answer.ts';
import { CopyBehind } from '../../src/reports/pages.tsx';
import { askPatiently } from '../../src/reports/replica.ts';
import { type Postgres, startPostgres } from '../../src/sandbox/postgres.ts';
import { Refusal } from '../../src/values/refusal.ts';
import { wordsFor } from '../../src/words/words.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { type History, historyIn } from './history.ts';
import { openDesk } from './open-desk.ts';

const names = Object.keys(reports).filter(isReportName);
const may = 'from=2026-05-01&to=2026-06-01&by=month&currency=USD';

describe('reports from a copy of the database', () => {
  let folder: string;
  let primary: Postgres;
  let standby: Postgres;
  let pool: pg.Pool;
  let copy: pg.Pool;
  let services: TestServices;
  let history: History;
  let viewer: ReturnType<typeof supertest.agent>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'favor-replica-'));
    const folders = { primary: join(folder, 'primary'), standby: join(folder, 'standby') };
    const begun = await startPostgres({ folder: folders.primary, log: () => {} });
    await migrateDatabase(begun.url);
    await begun.close();
    cpSync(folders.primary, folders.standby, { recursive: true });
    chmodSync(folders.standby, 0o700);
    primary = await startPostgres({ folder: folders.primary, log: () => {} });
    const host = new URL(primary.url).searchParams.get('host');
    writeFileSync(join(folders.standby, 'standby.signal'), '');
    appendFileSync(
      join(folders.standby, 'postgresql.conf'),
      `\nprimary_conninfo = 'host=${host} user=favor'\nmax_standby_streaming_delay = 0\n`,
    );
    standby = await startPostgres({ folder: folders.standby, log: () => {} });
    pool = poolOf(primary.url);
    copy = poolOf(standby.url);
    const reading = openDatabase(standby.url, { most: 4 });
    const own = await testServices({
      databaseUrl: primary.url,
      now: '2026-05-05T06:10:00Z',
      env: { LOG_LEVEL: 'error' },
    });
    services = {
      ...own,
      reportsDatabase: reading,
      async close() {
        await reading.$client.end();
        await own.close();
      },
    };
    history = historyIn(pool);
    ({ viewer } = await openDesk(services));
    await history.gives(await history.reader(), { at: '2026-05-02T10:00:00Z', amount: 4_000 });
    await caughtUp();
  });

  afterEach(() => copy.query('select pg_wal_replay_resume()'));

  afterAll(async () => {
    await services?.close();
    await Promise.all([pool?.end(), copy?.end()]);
    await standby?.close();
    await primary?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function poolOf(url: string): pg.Pool {
    const made = new pg.Pool({ connectionString: url });
    made.on('error', () => {});
    return made;
  }

  /** Until the copy has what is written now. */
  async function caughtUp(): Promise<void> {
    const { rows } = await pool.query('select pg_current_wal_insert_lsn()::text as place');
    await until(async () => {
      const found = await copy.query('select pg_last_wal_replay_lsn() >= $1::pg_lsn as is_there', [
        rows[0].place,
      ]);
      return found.rows[0].is_there === true;
    });
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await wait(10);
  }

  async function grossOfMay(): Promise<{ gross: number; asOf: string }> {
    const { body } = await viewer.get(`/api/v1/reports/income?${may}`).expect(200);
    return { gross: body.totals.gross_minor, asOf: body.as_of };
  }

  async function tellsOfNow(): Promise<void> {
    await until(async () => (await grossOfMay()).asOf === '2026-05-05T06:10:00.000Z');
  }

  async function textOf(path: string): Promise<string> {
    const { text } = await viewer.get(path).expect(200);
    return parseHTML(text).document.body.textContent ?? '';
  }

  test('every report, as page, file and for programs, is read from one that cannot be written to', async () => {
    await expect(copy.query("update payments set method = 'x'")).rejects.toMatchObject({ code: '25006' });
    for (const name of names) {
      await viewer.get(`/staff/reports/${name}`).expect(200);
      await viewer.get(`/api/v1/reports/${name}`).expect(200);
      await viewer.get(`/api/v1/reports/${name}.csv`).expect(200);
    }
    for (const path of ['/staff', '/staff/events', '/staff/letters', '/api/v1/goals'])
      await viewer.get(path).expect(200);
  });

  test('a copy that has everything tells of now', async () => {
    await tellsOfNow();
    expect((await grossOfMay()).gross).toBe(4_000);
    expect(await textOf('/staff?locale=en')).not.toContain('behind');
  });

  test('what lags says since when, and catches up', async () => {
    await copy.query('select pg_wal_replay_pause()');
    await until(async () => {
      const { rows } = await copy.query('select pg_get_wal_replay_pause_state() as state');
      return rows[0].state === 'paused';
    });
    await history.gives(await history.reader(), { at: '2026-05-03T10:00:00Z', amount: 2_500 });
    const before = await grossOfMay();
    const { rows } = await copy.query(
      'select extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 as since',
    );
    expect(before.gross).toBe(4_000);
    const told = Date.parse('2026-05-05T06:10:00Z') - Date.parse(before.asOf);
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThanOrEqual(Number(rows[0].since));
    await copy.query('select pg_wal_replay_resume()');
    await tellsOfNow();
    expect((await grossOfMay()).gross).toBe(6_500);
  });

  test('a question that the copy breaks off to keep up is asked once more', async () => {
    await caughtUp();
    const { gross } = await grossOfMay();
    // Whoever reads payments now waits, and what comes next takes the table from under them.
    await pool.query(`alter table payments rename to payments_kept;
      create view payments as select * from payments_kept where pg_sleep(60) is not null`);
    await caughtUp();
    const asked = grossOfMay();
    await until(async () => {
      const { rows } = await copy.query("select 1 from pg_stat_activity where wait_event = 'PgSleep'");
      return rows.length > 0;
    });
    await pool.query('drop view payments; alter table payments_kept rename to payments');
    expect((await asked).gross).toBe(gross);
  });
});

test.each([
  [0, ''],
  [9_000, ''],
  [300_000, 'The copy of the database that reports are read from is 5 min behind'],
  [null, 'Reports are read from a copy of the database that does not tell how far it is behind.'],
])('a copy %s ms behind says so where that is to be noticed', (behindMs, said) => {
  const notice = CopyBehind({ words: wordsFor('en'), behindMs });
  expect(parseHTML(render(h('div', null, notice))).document.documentElement.textContent).toBe(said);
});

describe('a question that is broken off', () => {
  const brokenOff = () => Object.assign(new Error('conflict with recovery'), { code: '40001' });
  const takesTooLong = () => Object.assign(new Error('statement timeout'), { code: '57014' });
  function failing(...errors: Error[]) {
    let tries = 0;
    return async () => {
      const error = errors[tries];
      tries += 1;
      if (error) throw error;
      return tries;
    };
  }

  test('once is asked again', async () => {
    expect(await askPatiently(failing(brokenOff()), () => true)).toBe(2);
  });

  test.each([
    ['twice', failing(brokenOff(), brokenOff()), true],
    ['after a part of the answer', failing(brokenOff()), false],
    ['for taking too long', failing(takesTooLong()), true],
  ])('%s is refused plainly', async (_why, read, mayRepeat) => {
    const refused = await askPatiently(read, () => mayRepeat).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ code: 'report-unfinished', status: 503 });
  });

  test('any other fault stays what it is', async () => {
    await expect(askPatiently(failing(new Error('a fault')), () => true)).rejects.toThrow('a fault');
  });
});
