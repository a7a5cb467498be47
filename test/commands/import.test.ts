// Importing what another system knew: every row once, every bad row named, and the books as if we had been there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { favor, favorJson, wholeEnvironment } from './terminal.ts';

interface Imported {
  dry_run: boolean;
  rows: number;
  gifts: Record<'new' | 'same' | 'replaced' | 'failed' | 'pending', number>;
  memberships: Record<'new' | 'same' | 'replaced', number>;
  new_readers: number;
  money: { currency: string; gifts: number; amount_minor: number; refunded_minor: number }[];
  not_read: string[];
  bad: { line: number; column: string | null; external_id: string | null; problem: string }[];
}

const giftHeader =
  'external_id,email,name,happened_at,amount,currency,kind,membership_external_id,fee,refunded_amount,refunded_at,status,campaign,article,country';
const membershipHeader =
  'external_id,email,amount,currency,interval,started_at,paused_at,resumed_at,cancel_requested_at,ended_at,end_reason,campaign,amount_changes';

let folder: string;
let database: FreshDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'favor-import-'));
  database = await freshDatabase();
  env = {
    ...wholeEnvironment({ databaseUrl: database.url }),
    PUBLICATION_TIME_ZONE: 'America/New_York',
  };
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await database.pool.query('truncate readers, imported_rows cascade');
});

function fileOf(text: string | string[], name = 'file.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof text === 'string' ? text : `${text.join('\n')}\n`);
  return path;
}

function importText(text: string | string[], ...options: string[]): Promise<Imported> {
  return favorJson<Imported>(env, 'import', fileOf(text), ...options);
}

const gifts = (...rows: string[]) => [giftHeader, ...rows];
const memberships = (...rows: string[]) => [membershipHeader, ...rows];

async function rows(query: string): Promise<Record<string, unknown>[]> {
  return (await database.pool.query(query)).rows;
}

async function count(table: string): Promise<number> {
  const [row] = await rows(`select count(*)::int as rows from ${table}`);
  return Number(row?.rows);
}

describe('what is read', () => {
  test('a gift: its money, its fee, its refund and where it came from, at the instant it was given', async () => {
    const answer = await importText(
      gifts(
        'g1,ada@example.org,Ada,2024-07-01,12.50,USD,once,,0.66,2.50,2024-07-05,succeeded,summer,the-river,us',
      ),
    );
    expect(answer).toMatchObject({
      rows: 1,
      gifts: { new: 1 },
      new_readers: 1,
      money: [{ currency: 'USD', gifts: 1, amount_minor: 1250, refunded_minor: 250 }],
      bad: [],
    });
    expect(
      await rows(`select external_id, kind, amount_minor, fee_minor, settled_amount_minor, settled_fee_minor,
        settled_net_minor, settled_currency, settled_at, paid_at, campaign, article, country, stripe_invoice_id from payments`),
    ).toEqual([
      {
        external_id: 'g1',
        kind: 'once',
        amount_minor: '1250',
        fee_minor: '66',
        settled_amount_minor: '1250',
        settled_fee_minor: '66',
        settled_net_minor: '1184',
        settled_currency: 'USD',
        settled_at: new Date('2024-07-01T04:00:00Z'),
        paid_at: new Date('2024-07-01T04:00:00Z'),
        campaign: 'summer',
        article: 'the-river',
        country: 'US',
        stripe_invoice_id: null,
      },
    ]);
    expect(
      await rows('select kind, amount_minor, currency, happened_at, settled_at from adjustments'),
    ).toEqual([
      {
        kind: 'refund',
        amount_minor: '250',
        currency: 'USD',
        happened_at: new Date('2024-07-05T04:00:00Z'),
        settled_at: new Date('2024-07-05T04:00:00Z'),
      },
    ]);
  });

  test('amounts by the real exponent of their currency', async () => {
    const answer = await importText(
      gifts(
        'y,a@example.org,,2024-01-01,1500,JPY,once,,,,,,,,',
        'z,a@example.org,,2024-01-01,1500.00,JPY,once,,,,,,,,',
        'k,a@example.org,,2024-01-01,1.234,KWD,once,,,,,,,,',
        'd,a@example.org,,2024-01-01,1.5,USD,once,,,,,,,,',
      ),
    );
    expect(answer.bad).toEqual([]);
    expect(await rows('select external_id, amount_minor from payments order by external_id')).toEqual([
      { external_id: 'd', amount_minor: '150' },
      { external_id: 'k', amount_minor: '1234' },
      { external_id: 'y', amount_minor: '1500' },
      { external_id: 'z', amount_minor: '1500' },
    ]);
  });

  test('quotes, commas, line breaks, CRLF and a byte order mark, as RFC 4180 has them', async () => {
    const text = `\uFEFFexternal_id,email,name,happened_at,amount,currency,campaign\r\n"g1",a@example.org,"Ada ""the"" reader, of Riga",2024-01-01,5,EUR,"two\r\nlines"\r\n\r\ng2,a@example.org,,2024-01-02,6,EUR,"a, b"\r\n`;
    const answer = await importText(text);
    expect(answer.bad).toMatchObject([{ line: 2, column: 'campaign', external_id: 'g1' }]);
    expect(await rows('select external_id, campaign from payments')).toEqual([
      { external_id: 'g2', campaign: 'a, b' },
    ]);
  });

  test('the same address in other letter case is the same reader', async () => {
    const answer = await importText(
      gifts(
        'g1,Ada@Example.org,Ada,2024-01-01,5,EUR,once,,,,,,,,',
        'g2,ada@example.ORG,,2024-02-01,5,EUR,once,,,,,,,,',
      ),
    );
    expect(answer.new_readers).toBe(1);
    expect(await count('readers')).toBe(1);
  });

  test('moments with an offset, and without one in the publication’s zone, also on the day clocks change', async () => {
    await importText(
      gifts(
        'a,a@example.org,,2024-07-01T12:30:00Z,5,EUR,once,,,,,,,,',
        'b,a@example.org,,2024-07-01 12:30:00+02:00,5,EUR,once,,,,,,,,',
        'c,a@example.org,,2024-07-01 12:30,5,EUR,once,,,,,,,,',
        'd,a@example.org,,2024-03-10T12:00:00,5,EUR,once,,,,,,,,',
      ),
    );
    expect(await rows('select external_id, paid_at from payments order by external_id')).toEqual([
      { external_id: 'a', paid_at: new Date('2024-07-01T12:30:00Z') },
      { external_id: 'b', paid_at: new Date('2024-07-01T10:30:00Z') },
      { external_id: 'c', paid_at: new Date('2024-07-01T16:30:00Z') },
      { external_id: 'd', paid_at: new Date('2024-03-10T16:00:00Z') },
    ]);
  });

  test('JSON lines of both kinds, gifts before the membership they belong to', async () => {
    const answer = await importText([
      '{"external_id":"g1","email":"a@example.org","happened_at":"2024-02-01","amount":10,"currency":"USD","kind":"month","membership_external_id":"m1"}',
      '',
      '{"external_id":"m1","email":"a@example.org","amount":"10.00","currency":"USD","interval":"month","started_at":"2024-02-01"}',
      'nonsense',
    ]);
    expect(answer).toMatchObject({ gifts: { new: 1 }, memberships: { new: 1 } });
    expect(answer.bad).toMatchObject([{ line: 4, column: null }]);
    expect(
      await rows('select m.external_id from payments p join memberships m on m.id = p.membership_id'),
    ).toEqual([{ external_id: 'm1' }]);
  });
});

describe('memberships', () => {
  test('their movements are dated by what the other system told', async () => {
    await importText(
      memberships(
        'm1,a@example.org,10.00,USD,month,2023-01-15,2023-06-01,2023-08-01,2024-01-10,2024-01-15,voluntary,spring,2023-03-01:15.00;2023-10-01:12.00',
        'm2,b@example.org,120.00,USD,year,2023-02-01,,,,2024-02-01,involuntary,,',
      ),
    );
    expect(
      await rows(
        `select happened_at, movement, round(mrr_delta)::int as delta from membership_changes order by happened_at`,
      ),
    ).toEqual([
      { happened_at: new Date('2023-01-15T05:00:00Z'), movement: 'new', delta: 1000 },
      { happened_at: new Date('2023-02-01T05:00:00Z'), movement: 'new', delta: 1000 },
      { happened_at: new Date('2023-03-01T05:00:00Z'), movement: 'expansion', delta: 500 },
      { happened_at: new Date('2023-06-01T04:00:00Z'), movement: 'paused', delta: -1500 },
      { happened_at: new Date('2023-08-01T04:00:00Z'), movement: 'resumed', delta: 1500 },
      { happened_at: new Date('2023-10-01T04:00:00Z'), movement: 'contraction', delta: -300 },
      { happened_at: new Date('2024-01-15T05:00:00Z'), movement: 'churn_voluntary', delta: -1200 },
      { happened_at: new Date('2024-02-01T05:00:00Z'), movement: 'churn_involuntary', delta: -1000 },
    ]);
    expect(
      await rows('select external_id, standing, end_reason from memberships order by external_id'),
    ).toEqual([
      { external_id: 'm1', standing: 'ended', end_reason: 'voluntary' },
      { external_id: 'm2', standing: 'ended', end_reason: 'involuntary' },
    ]);
  });

  test('an ending asked for without a date comes with the time paid for; until then it is only announced', async () => {
    await importText(
      memberships(
        'past,a@example.org,10,USD,month,2024-01-31,,,2024-02-10,,,,',
        'ahead,b@example.org,10,USD,month,2025-12-20,,,2026-02-25,,,,',
      ),
    );
    expect(
      await rows('select external_id, standing, ends_at, ended_at from memberships order by external_id'),
    ).toEqual([
      { external_id: 'ahead', standing: 'active', ends_at: new Date('2026-03-20T04:00:00Z'), ended_at: null },
      { external_id: 'past', standing: 'ended', ends_at: null, ended_at: new Date('2024-02-29T05:00:00Z') },
    ]);
  });

  test('failed gifts are attempts at a bill, and the next gift within the period its payment', async () => {
    await importText(memberships('m1,a@example.org,10,USD,month,2024-01-01,,,,,,,'));
    await importText(
      gifts(
        'paid,a@example.org,,2024-02-04,10,USD,month,m1,,,,succeeded,,,',
        'second,a@example.org,,2024-02-02,10,USD,month,m1,,,,failed,,,',
        'first,a@example.org,,2024-02-01,10,USD,month,m1,,,,failed,,,',
        'lost,a@example.org,,2024-03-01,10,USD,month,m1,,,,failed,,,',
        'april,a@example.org,,2024-04-01,10,USD,month,m1,,,,succeeded,,,',
        'waiting,a@example.org,,2024-04-02,10,USD,once,,,,,pending,,,',
      ),
    );
    expect(
      await rows(
        `select f.external_id, f.attempt, p.external_id as paid from payment_failures f
         left join payments p on p.id = f.collected_by order by f.failed_at`,
      ),
    ).toEqual([
      { external_id: 'first', attempt: 1, paid: 'paid' },
      { external_id: 'second', attempt: 2, paid: 'paid' },
      { external_id: 'lost', attempt: 1, paid: null },
    ]);
    expect(await count('payments')).toBe(2);
    const { written } = await favor(
      env,
      'export',
      'recovery',
      '--from',
      '2024-02-01',
      '--to',
      '2024-05-01',
      '--currency',
      'USD',
    );
    // Two attempts at February's bill are one; March's never came in; April's came at once.
    expect(written.split('\r\n').map((line) => line.split(',').slice(0, 7).join(','))).toEqual([
      'period,attempted_minor,failed_first_minor,recovered_minor,failure_rate,recovery_rate,at_risk_minor',
      '2024-02-01,1000,1000,1000,1,1,0',
      '2024-03-01,1000,1000,0,1,0,0',
      '2024-04-01,1000,0,0,0,,0',
      '',
    ]);
  });
});

describe('bad rows', () => {
  test('each is named with its line, its column and what to change, and the others are read', async () => {
    const answer = await importText(
      gifts(
        'ok,a@example.org,,2024-01-01,5.00,USD,once,,,,,,,,',
        'zero,a@example.org,,2024-01-01,0.00,USD,once,,,,,,,,',
        'minus,a@example.org,,2024-01-01,-5.00,USD,once,,,,,,,,',
        'comma,a@example.org,,2024-01-01,"5,00",USD,once,,,,,,,,',
        'fine,a@example.org,,2024-01-01,5.001,USD,once,,,,,,,,',
        'yen,a@example.org,,2024-01-01,5.50,JPY,once,,,,,,,,',
        'euro,a@example.org,,2024-01-01,5.00,EURO,once,,,,,,,,',
        'day,a@example.org,,01/02/2024,5.00,USD,once,,,,,,,,',
        'who,,,2024-01-01,5.00,USD,once,,,,,,,,',
        'at,a example.org,,2024-01-01,5.00,USD,once,,,,,,,,',
        'kind,a@example.org,,2024-01-01,5.00,USD,weekly,,,,,,,,',
        'more,a@example.org,,2024-01-01,5.00,USD,once,,,6.00,2024-01-02,,,,',
        'when,a@example.org,,2024-01-01,5.00,USD,once,,,1.00,,,,,',
        'land,a@example.org,,2024-01-01,5.00,USD,once,,,,,,,,USA',
        'plan,a@example.org,,2024-01-01,5.00,USD,month,m9,,,,,,,',
        'short,a@example.org',
        ',a@example.org,,2024-01-01,5.00,USD,once,,,,,,,,',
      ),
    );
    expect(answer.bad.map(({ line, column, external_id }) => [line, column, external_id])).toEqual([
      [3, 'amount', 'zero'],
      [4, 'amount', 'minus'],
      [5, 'amount', 'comma'],
      [6, 'amount', 'fine'],
      [7, 'amount', 'yen'],
      [8, 'currency', 'euro'],
      [9, 'happened_at', 'day'],
      [10, 'email', 'who'],
      [11, 'email', 'at'],
      [12, 'kind', 'kind'],
      [13, 'refunded_amount', 'more'],
      [14, 'refunded_at', 'when'],
      [15, 'country', 'land'],
      [16, 'membership_external_id', 'plan'],
      [17, null, null],
      [18, 'external_id', null],
    ]);
    expect(answer.rows).toBe(17);
    expect(await rows('select external_id from payments')).toEqual([{ external_id: 'ok' }]);
  });

  test('of memberships as well', async () => {
    const answer = await importText(
      memberships(
        'm1,a@example.org,10,USD,week,2024-01-01,,,,,,,',
        'm2,a@example.org,10,USD,month,2024-01-01,,2024-02-01,,,,,',
        'm3,a@example.org,10,USD,month,2024-01-01,,,,2023-12-01,,,',
        'm4,a@example.org,10,USD,month,2024-01-01,,,,,voluntary,,',
        'm5,a@example.org,10,USD,month,2024-01-01,,,,,,,2024-02-01=12',
        'm6,a@example.org,10,USD,month,2024-01-01,,,,,,,2024-02-01:0',
        'm7,a@example.org,10,USD,month,2024-01-01,,,,,,,2024-02-01:12;2024-02-01:13',
        'm8,a@example.org,10,USD,month,2024-01-01,,,,,,,2023-02-01:12',
      ),
    );
    expect(answer.bad.map(({ external_id, column }) => [external_id, column])).toEqual([
      ['m1', 'interval'],
      ['m2', 'resumed_at'],
      ['m3', 'ended_at'],
      ['m4', 'end_reason'],
      ['m5', 'amount_changes'],
      ['m6', 'amount_changes'],
      ['m7', 'amount_changes'],
      ['m8', 'amount_changes'],
    ]);
    expect(await count('memberships')).toBe(0);
  });

  test('people are told in lines, and it ends with 1', async () => {
    const path = fileOf(gifts('g1,a@example.org,,2024-01-01,-5.00,USD,once,,,,,,,,'));
    const { code, said } = await favor(env, 'import', path);
    expect(code).toBe(1);
    expect(said).toContain(
      'line 2, amount (g1): is below zero: write what was given; a refund has columns of its own',
    );
    expect(said).toContain('1 of 1 rows were left out');
  });

  test('a file that cannot be one is refused before anything is read', async () => {
    for (const [text, words] of [
      ['', 'is empty'],
      ['name;email\n', 'does not say what the rows are'],
      ['external_id,happened_at,amount,email\n', 'lacks currency'],
      [`${giftHeader},amount\n`, 'names amount twice'],
    ] as const) {
      const { code, noted } = await favor(env, 'import', fileOf(text));
      expect([code, noted]).toEqual([1, expect.stringContaining(words)]);
    }
    expect((await favor(env, 'import', join(folder, 'none.csv'))).noted).toContain('There is no file');
    expect((await favor(env, 'import')).code).toBe(2);
  });

  test('columns that mean nothing here are named', async () => {
    expect(
      (
        await importText(
          'external_id,email,happened_at,amount,currency,fees\ng1,a@example.org,2024-01-01,5,EUR,1\n',
        )
      ).not_read,
    ).toEqual(['fees']);
  });
});

describe('once and again', () => {
  const file = gifts(
    'g1,a@example.org,,2024-01-01,5.00,USD,once,,,,,,,,',
    'g2,b@example.org,,2024-01-02,6.00,USD,once,,,1.00,2024-01-05,,,,',
  );

  test('the same row again is passed over, however its amount is written', async () => {
    await importText(file);
    const again = await importText(file.map((line) => line.replace('5.00', '5')));
    expect(again).toMatchObject({ gifts: { new: 0, same: 2 }, new_readers: 0, bad: [] });
    expect([await count('payments'), await count('adjustments'), await count('readers')]).toEqual([2, 1, 2]);
  });

  test('other contents under a known name are a bad row, unless they are to replace it', async () => {
    await importText(file);
    const changed = gifts(
      'g1,a@example.org,,2024-01-01,7.00,USD,once,,,,,,,,',
      'g2,b@example.org,,2024-01-02,6.00,USD,once,,,,,,,,',
    );
    const [former] = await rows(`select id from payments where external_id = 'g1'`);
    const refused = await importText(changed);
    expect(refused.bad.map(({ line, column }) => [line, column])).toEqual([
      [2, 'external_id'],
      [3, 'external_id'],
    ]);
    expect(await importText(changed, '--replace')).toMatchObject({ gifts: { replaced: 2 }, bad: [] });
    expect(await rows('select external_id, amount_minor from payments order by 1')).toEqual([
      { external_id: 'g1', amount_minor: '700' },
      { external_id: 'g2', amount_minor: '600' },
    ]);
    expect(await rows(`select id from payments where external_id = 'g1'`)).toEqual([former]);
    expect(await count('adjustments')).toBe(0);
    expect(await importText(changed)).toMatchObject({ gifts: { same: 2 }, bad: [] });
  });

  test('a name twice in one file: once if it says the same, a bad row if not', async () => {
    const [first = '', second = ''] = file.slice(1);
    const answer = await importText(gifts(first, first, second, second.replace('6.00', '8.00')));
    expect(answer).toMatchObject({ gifts: { new: 2, same: 1 }, bad: [{ line: 5, column: 'external_id' }] });
  });

  test('a membership replaced keeps its gifts, and both readers’ movements are told anew', async () => {
    await importText(memberships('m1,a@example.org,10,USD,month,2024-01-01,,,,,,,'));
    await importText(gifts('g1,a@example.org,,2024-02-01,10,USD,month,m1,,,,,,,'));
    await importText(memberships('m1,b@example.org,20,USD,month,2024-01-01,,,,,,,'), '--replace');
    expect(await rows('select round(mrr_delta)::int as delta from membership_changes')).toEqual([
      { delta: 2000 },
    ]);
    expect(
      await rows('select m.external_id from payments p join memberships m on m.id = p.membership_id'),
    ).toEqual([{ external_id: 'm1' }]);
  });

  test('somebody who was forgotten is not brought back', async () => {
    await importText(memberships('m1,a@example.org,10,USD,month,2024-01-01,,,,,,,'));
    await importText(gifts('g1,a@example.org,,2024-02-01,10,USD,month,m1,,,,,,,'));
    await rows(
      'update readers set address_hash = null, address_sealed = null, name_sealed = null, erased_at = now()',
    );
    await importText(
      gifts(
        'g1,a@example.org,,2024-02-01,11,USD,month,m1,,,,,,,',
        'g2,a@example.org,,2024-03-01,10,USD,month,m1,,,,,,,',
      ),
      '--replace',
    );
    const readers = await rows('select distinct reader_id from payments');
    expect(readers).toEqual([{ reader_id: (await rows('select reader_id from memberships'))[0]?.reader_id }]);
  });

  test('a rehearsal says the same as the import, and writes nothing', async () => {
    const mixed = [
      '{"external_id":"g1","email":"a@example.org","happened_at":"2024-02-01","amount":10,"currency":"USD","kind":"month","membership_external_id":"m1"}',
      '{"external_id":"g2","email":"b@example.org","happened_at":"2024-02-01","amount":-1,"currency":"USD"}',
      '{"external_id":"g3","email":"b@example.org","happened_at":"2024-02-01","amount":3,"currency":"USD"}',
      '{"external_id":"g3","email":"b@example.org","happened_at":"2024-02-01","amount":4,"currency":"USD"}',
      '{"external_id":"m1","email":"a@example.org","amount":"10.00","currency":"USD","interval":"month","started_at":"2024-02-01"}',
    ];
    const rehearsed = await importText(mixed, '--dry-run');
    for (const table of ['readers', 'payments', 'memberships', 'membership_looks', 'imported_rows'])
      expect([table, await count(table)]).toEqual([table, 0]);
    const done = await importText(mixed);
    expect(rehearsed).toEqual({ ...done, dry_run: true });
    expect(done).toMatchObject({ gifts: { new: 2 }, memberships: { new: 1 }, new_readers: 2 });
  });

  test('while one import runs, no other begins', async () => {
    const client = await database.pool.connect();
    await client.query('select pg_advisory_lock(7346214)');
    const { code, noted } = await favor(env, 'import', fileOf(file));
    await client.query('select pg_advisory_unlock(7346214)');
    client.release();
    expect([code, noted]).toEqual([1, expect.stringContaining('Another import is under way')]);
  });
});
