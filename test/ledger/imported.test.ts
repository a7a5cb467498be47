// Imported history: the same books whatever order it is read in and however often, and the same figures as if told by Stripe.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refreshImported } from '../../src/ledger/imported.ts';
import { attemptsOf } from '../../src/ledger/imported-bills.ts';
import { looksOf } from '../../src/ledger/imported-looks.ts';
import { answerReport, jsonOf } from '../../src/reports/answer.ts';
import { ask } from '../../src/reports/question.ts';
import { favor, favorJson, wholeEnvironment } from '../commands/terminal.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { historyIn } from '../reports/history.ts';
import {
  giftHead,
  giftLine,
  membershipHead,
  membershipLine,
  numbersFrom,
  type OtherSystem,
  otherSystem,
  stagesOf,
} from './other-system.ts';

const zone = 'Europe/Riga';
const small = { readers: 6, memberships: 8, gifts: 40 };

let folder: string;
let database: FreshDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'favor-import-'));
  database = await freshDatabase();
  env = environmentOf(database);
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

function environmentOf({ url }: FreshDatabase): Record<string, string> {
  return { ...wholeEnvironment({ databaseUrl: url }), PUBLICATION_TIME_ZONE: zone };
}

async function empty(): Promise<void> {
  await database.pool.query('truncate readers, imported_rows cascade');
}

function fileOf(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function filesOf({ memberships, gifts }: OtherSystem) {
  return {
    memberships: fileOf('memberships.csv', [membershipHead, ...memberships.map(membershipLine)]),
    gifts: fileOf('gifts.csv', [giftHead, ...gifts.map(giftLine)]),
  };
}

interface Answer {
  bad: { line: number; column: string }[];
}

async function importAll(history: OtherSystem): Promise<Answer[]> {
  const files = filesOf(history);
  return [
    await favorJson<Answer>(env, 'import', files.memberships),
    await favorJson<Answer>(env, 'import', files.gifts),
  ];
}

/** Everything the books hold of it, by the names of the other system. */
async function books(): Promise<unknown> {
  const { rows } = await database.pool.query(`
    with reader as (select id, encode(address_hash, 'hex') as name from readers)
    select 'payment' as kind, to_jsonb(p) - '{id,reader_id,membership_id}'::text[]
      || jsonb_build_object('reader', r.name, 'membership', m.external_id) as row
    from payments p join reader r on r.id = p.reader_id left join memberships m on m.id = p.membership_id
    union all
    select 'adjustment', to_jsonb(a) - '{id,payment_id}'::text[] from adjustments a
    union all
    select 'failure', to_jsonb(f) - '{id,membership_id,collected_by}'::text[]
      || jsonb_build_object('membership', m.external_id, 'paid', p.external_id)
    from payment_failures f join memberships m on m.id = f.membership_id left join payments p on p.id = f.collected_by
    union all
    select 'membership', to_jsonb(m) - '{id,reader_id}'::text[] || jsonb_build_object('reader', r.name)
    from memberships m join reader r on r.id = m.reader_id
    union all
    select 'look', to_jsonb(l) - '{id,membership_id}'::text[] || jsonb_build_object('membership', m.external_id)
    from membership_looks l join memberships m on m.id = l.membership_id
    union all
    select 'movement', to_jsonb(c) - '{reader_id}'::text[] || jsonb_build_object('reader', r.name)
    from membership_changes c join reader r on r.id = c.reader_id
    union all
    select 'row', to_jsonb(i) from imported_rows i
    union all
    select 'reader', jsonb_build_object('reader', name) from reader
    union all
    select 'letter', to_jsonb(l) from letters l
    order by 1, 2`);
  return rows;
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const next = numbersFrom(seed);
  return items
    .map((item) => ({ item, at: next() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });

test('read twice, in shuffled rows and with the gifts first, the books are the same, and nobody is written to', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const history = otherSystem(seed, small);
      await empty();
      for (const { bad } of await importAll(history)) expect(bad).toEqual([]);
      const once = await books();
      await importAll(history);
      expect(await books()).toEqual(once);
      await empty();
      const files = filesOf({
        memberships: shuffled(history.memberships, seed),
        gifts: shuffled(history.gifts, seed + 1),
      });
      const early = await favorJson<Answer>(env, 'import', files.gifts);
      expect(early.bad.map(({ column }) => column)).toEqual(
        history.gifts.flatMap(({ membership }) => (membership === null ? [] : ['membership_external_id'])),
      );
      await favor(env, 'import', files.memberships);
      await favor(env, 'import', files.gifts);
      expect(await books()).toEqual(once);
      expect(await database.pool.query('select from letters')).toMatchObject({ rowCount: 0 });
    }),
    { numRuns: 4 },
  );
});

test('contents that changed, taken in the place of what was read before, leave what reading them alone would have', async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const before = otherSystem(seed, small);
      const other = otherSystem(seed + 1, small);
      // The same names with other contents, of the same membership or of another.
      const after = {
        memberships: other.memberships.map((each, at) => ({ ...each, id: before.memberships[at]?.id ?? '' })),
        gifts: other.gifts.map((each, at) => ({
          ...each,
          id: before.gifts[at]?.id ?? '',
          membership: each.membership?.replace(`m${seed + 1}`, `m${seed}`) ?? null,
        })),
      };
      await empty();
      await importAll(after);
      const wanted = await booksWithoutReaders();
      await empty();
      await importAll(before);
      const files = filesOf(after);
      expect((await favor(env, 'import', files.memberships, '--replace')).code).toBe(0);
      expect((await favor(env, 'import', files.gifts, '--replace')).code).toBe(0);
      expect(await booksWithoutReaders()).toEqual(wanted);
    }),
    { numRuns: 4 },
  );
});

/** A reader once made stays. */
async function booksWithoutReaders(): Promise<unknown> {
  const all = (await books()) as { kind: string }[];
  return all.filter(({ kind }) => kind !== 'reader');
}

const reported = ['income', 'mrr', 'giving'] as const;

async function figures(pool: FreshDatabase['pool']): Promise<unknown> {
  const { database: reads } = historyIn(pool);
  const question = ask(
    { from: '2023-01-01', to: '2026-12-01', by: 'month' },
    { timeZone: zone, fiscalYearStart: 1, reportingCurrency: 'USD' },
    new Date('2026-03-02T10:00:00Z'),
  );
  const answers: unknown[] = [];
  for (const name of reported) answers.push(jsonOf(await answerReport(reads, name, question)));
  return answers;
}

test('imported, a history gives the same figures as the same history told by Stripe', async () => {
  const seed = 7;
  const { memberships, gifts } = otherSystem(seed, { readers: 20, memberships: 30, gifts: 150 });
  // An end that is asked for without a date is reckoned here, and told at Stripe.
  const history = {
    gifts,
    memberships: memberships.filter((each) => each.cancelRequestedOn === null || each.endedOn),
  };
  const known = new Set(history.memberships.map(({ id }) => id));
  history.gifts = gifts.filter(({ membership }) => membership === null || known.has(membership));
  await empty();
  await importAll(history);
  const told = await freshDatabase();
  try {
    const ledger = historyIn(told.pool);
    const readers = new Map<string, string>();
    const readerOf = async (email: string) => {
      const id = readers.get(email) ?? (await ledger.reader());
      readers.set(email, id);
      return id;
    };
    for (const each of history.memberships) {
      const { currency, interval } = each;
      const seen = stagesOf(each, zone);
      await ledger.promises(await readerOf(each.email), {
        amount: Number(each.amountMinor),
        currency,
        interval,
        seen,
      });
    }
    for (const each of history.gifts) {
      if (each.status !== 'succeeded') continue;
      const { currency, kind } = each;
      const paymentId = await ledger.gives(await readerOf(each.email), {
        kind,
        at: each.at.toISOString(),
        amount: Number(each.amountMinor),
        currency,
        ...(each.feeMinor !== null && { fee: Number(each.feeMinor) }),
      });
      if (each.refund === null) continue;
      const at = (
        await database.pool.query<{ at: Date }>(
          'select happened_at as at from adjustments where external_id = $1',
          [each.id],
        )
      ).rows[0]?.at;
      await ledger.returns(paymentId, currency, {
        kind: 'refund',
        at: at?.toISOString() ?? '',
        amount: Number(each.refund.amountMinor),
      });
    }
    expect(await figures(database.pool)).toEqual(await figures(told.pool));
  } finally {
    await told.drop();
  }
});

test('written out and read into an empty database, everything is as it was, with addresses and without', async () => {
  const history = otherSystem(11, { readers: 20, memberships: 30, gifts: 150 });
  await empty();
  await importAll(history);
  // Somebody was forgotten since.
  await database.pool.query(
    `update readers set address_hash = null, address_sealed = null, name_sealed = null, erased_at = now()
     where id = (select reader_id from payments order by external_id limit 1)`,
  );
  for (const options of [[], ['--with-addresses'], ['--with-addresses', '--format', 'jsonl']]) {
    const other = await freshDatabase();
    try {
      const here = await exported(env, options);
      const paths = here.map((text, at) => fileOf(`exported-${at}`, text));
      for (const path of paths) {
        const answer = await favorJson<Answer>(environmentOf(other), 'import', path);
        expect(answer).toMatchObject({ bad: [], not_read: [] });
      }
      expect(await figures(other.pool)).toEqual(await figures(database.pool));
      const there = await exported(environmentOf(other), options);
      expect(there.map(withoutIds)).toEqual(here.map(withoutIds));
    } finally {
      await other.drop();
    }
  }
});

/** Memberships and gifts, sorted: which comes first of two at one moment is each database's own. */
async function exported(from: Record<string, string>, options: string[]): Promise<string[][]> {
  const texts: string[][] = [];
  for (const name of ['memberships', 'gifts']) {
    const { code, written } = await favor(from, 'export', name, ...options);
    expect(code).toBe(0);
    const [head = '', ...lines] = written.trimEnd().split(/\r?\n/);
    texts.push([head, ...lines.sort()]);
  }
  return texts;
}

function withoutIds(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'id')).sort();
}

test('a change that lay ahead when it was read is taken up when its day has come', async () => {
  await empty();
  const path = fileOf('ahead.csv', [
    membershipHead,
    'm1,a@example.org,10,USD,month,2025-12-01,,,,2026-04-01,involuntary,,2026-03-15:12',
  ]);
  expect((await favor(env, 'import', path)).code).toBe(0);
  const standing = async (day: string) => {
    await refreshImported(historyIn(database.pool), new Date(`${day}T12:00:00Z`));
    const { rows } = await database.pool.query('select standing, amount_minor, end_reason from memberships');
    return rows;
  };
  expect(await standing('2026-03-14')).toEqual([
    { standing: 'active', amount_minor: '1000', end_reason: null },
  ]);
  expect(await standing('2026-03-15')).toEqual([
    { standing: 'active', amount_minor: '1200', end_reason: null },
  ]);
  expect(await standing('2026-04-01')).toEqual([
    { standing: 'ended', amount_minor: '1200', end_reason: 'involuntary' },
  ]);
});

test('periods of a membership end on the day it began, or the month’s last', () => {
  const life = {
    amountMinor: 500n,
    currency: 'EUR',
    interval: 'month' as const,
    startedAt: new Date('2024-01-31T10:00:00Z'),
    pausedAt: null,
    resumedAt: null,
    cancelRequestedAt: new Date('2024-02-29T09:00:00Z'),
    endedAt: null,
    endReason: null,
    amountChanges: [],
  };
  const ends = (cancelRequestedAt: string) =>
    looksOf({ ...life, cancelRequestedAt: new Date(cancelRequestedAt) }, 'UTC').at(-1)?.facts.endedAt;
  expect(ends('2024-02-10T00:00:00Z')).toEqual(new Date('2024-02-29T10:00:00Z'));
  expect(ends('2024-02-29T09:59:59Z')).toEqual(new Date('2024-02-29T10:00:00Z'));
  expect(ends('2024-02-29T10:00:00Z')).toEqual(new Date('2024-03-31T10:00:00Z'));
  expect(ends('2025-06-15T00:00:00Z')).toEqual(new Date('2025-06-30T10:00:00Z'));
});

test('attempts at one bill follow each other within a period; what comes later is another bill', () => {
  const told = (id: string, day: string, failed: boolean) => ({
    id,
    failed,
    at: new Date(`2024-${day}T10:00:00Z`),
    externalId: id,
  });
  const brief = (list: ReturnType<typeof attemptsOf>) =>
    list.map(({ failureId, attempt, collectedBy }) => [failureId, attempt, collectedBy]);
  const history = [
    told('a', '01-01', true),
    told('b', '01-05', true),
    told('paid', '01-09', false),
    told('c', '02-01', true),
    told('march', '03-01', false),
    told('d', '04-01', true),
    told('e', '05-01', true),
  ];
  const wanted = [
    ['a', 1, 'paid'],
    ['b', 2, 'paid'],
    ['c', 1, null],
    ['d', 1, null],
    ['e', 1, null],
  ];
  expect(brief(attemptsOf(history, 'month'))).toEqual(wanted);
  expect(brief(attemptsOf(history.toReversed(), 'month'))).toEqual(wanted);
  expect(brief(attemptsOf(history, 'year')).at(-1)).toEqual(['e', 2, null]);
});
