// `favor import`: reads in what another system knew, rehearses it first if asked to, and names every row that it cannot read.
import { access, constants, stat } from 'node:fs/promises';
import { sql } from 'drizzle-orm';
import {
  beginRehearsal,
  type Importing,
  type Kept,
  keepGifts,
  keepMemberships,
  lookAtImported,
  type Outcome,
} from '../ledger/imported.ts';
import { type Database, openDatabase, type Tx } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { type Currency, decimalString } from '../values/money.ts';
import { withServices } from './environment.ts';
import { type Part, readImportFile } from './import/file.ts';
import type { BadRow } from './import/record.ts';
import { type Answer, type Call, stop, table, type Verb } from './verb.ts';

export const importFile: Verb = {
  help: `favor import FILE [--dry-run] [--replace]

Reads gifts or memberships of another system from a CSV file (its header says which) or from JSON lines. Begin with the
memberships, or mix both as JSON lines. What is read in counts in every report as what Stripe tells does. Nobody is
written to, and nothing is asked of Stripe. A row that was read before is passed over, so that a file may grow and be
read again, and an import that was cut short goes on. Rows that cannot be read are named and left out.

  gifts        external_id, email, name, happened_at, amount, currency, kind (once, month, year),
               membership_external_id, fee, refunded_amount, refunded_at, status (succeeded, failed, pending),
               campaign, article, country
  memberships  external_id, email, amount, currency, interval (month, year), started_at, paused_at, resumed_at,
               cancel_requested_at, ended_at, end_reason (voluntary, involuntary), campaign,
               amount_changes (2024-03-01:12.50;2025-03-01:15.00)

  Amounts are in major units with a dot, as in 12.50. A day without a time is its midnight in the publication's zone.

  --dry-run   say what would happen and what is wrong, and write nothing
  --replace   take rows with a known external_id and other contents in the place of what was read before
  --json      answer {"dry_run", "rows", "gifts": {"new", "same", "replaced"}, "memberships": {…}, "new_readers",
              "money": [{"currency", "gifts", "amount_minor", "refunded_minor"}], "not_read": [columns],
              "bad": [{"line", "column", "external_id", "problem"}]}

Ends with 1 when a row was left out.`,
  options: { 'dry-run': { type: 'boolean' }, replace: { type: 'boolean' } },
  async run(call) {
    const [path, ...others] = call.words;
    if (path === undefined || others.length > 0)
      return stop('Say: import FILE [--dry-run] [--replace], with one file', 'usage');
    const size = await sizeOf(path);
    return withServices(call, async (services) => {
      const importing: Importing = {
        keys: services.keys,
        zone: services.config.publication.timeZone,
        locale: services.config.publication.locales[0] ?? 'en',
        replace: call.options.replace === true,
        rehearsing: call.options['dry-run'] === true,
      };
      const summary = await importAll(call, services, importing, { path, size });
      return answerOf(importing, summary);
    });
  },
};

/** What was done, or would be. */
interface Summary {
  rows: number;
  outcomes: Record<Part['kind'], Record<Outcome, number>>;
  newReaders: number;
  /** Of gifts that succeeded and were new or replaced. */
  money: Map<Currency, { gifts: number; amountMinor: bigint; refundedMinor: bigint }>;
  failed: number;
  pending: number;
  notRead: string[];
  bad: BadRow[];
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  if (found === null) return stop(`There is no file ${path}.`);
  if (!found.isFile()) return stop(`${path} is not a file. Name one file of gifts or of memberships.`);
  const isReadable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return isReadable ? found.size : stop(`${path} may not be read by you.`);
}

/** Reads on while the database works. One connection keeps the lock, by which no other import runs beside this one. */
async function importAll(
  call: Call,
  services: Services,
  importing: Importing,
  { path, size }: { path: string; size: number },
): Promise<Summary> {
  const database = openDatabase(services.config.databaseUrl, { most: 1 });
  try {
    await begin(database, importing);
    const summary = emptySummary();
    const parts = readImportFile({
      path,
      zone: importing.zone,
      rowsAtOnce,
      keys: importing.keys,
      passedOver: (columns) => summary.notRead.push(...columns),
    });
    let keeping: Promise<void> = Promise.resolve();
    for await (const part of parts) {
      await keeping;
      keeping = keepPart(call, services, database, importing, part, summary);
      // Waited for above, or below; a fault in between must not count as unheard.
      keeping.catch(() => {});
      call.pulse(`${summary.rows} rows, ${Math.floor((100 * part.bytes) / Math.max(size, 1))} %`);
    }
    await keeping;
    if (!importing.rehearsing) await settleOnDisk(database);
    return summary;
  } finally {
    call.pulse('');
    await database.$client.end();
  }
}

/** Rows in one transaction: many enough to be quick, few enough that whoever waits for one of them waits for a blink. */
const rowsAtOnce = 4_000;
const rowsBetweenNotes = 100_000;
const importLock = 7_346_214;

/** A part that a crash of Postgres takes back is read again by the next import: only the end must be on disk before it is told. */
async function begin(database: Database, { rehearsing }: Importing): Promise<void> {
  await database.execute(sql`set synchronous_commit = off`);
  if (rehearsing) return beginRehearsal(database);
  const { rows } = await database.execute<{ taken: boolean }>(
    sql`select pg_try_advisory_lock(${importLock}::bigint) as taken`,
  );
  if (!rows[0]?.taken) stop('Another import is under way. Wait until it has ended.');
}

/** A commit that is waited for takes everything to the disk with it that was committed before; it needs something to commit. */
async function settleOnDisk(database: Database): Promise<void> {
  await database.execute(sql`set synchronous_commit = on`);
  await database.execute(sql`create temporary table import_ended ()`);
}

async function keepPart(
  call: Call,
  services: Services,
  database: Database,
  importing: Importing,
  part: Part,
  summary: Summary,
): Promise<void> {
  const now = services.now();
  const written = writtenOf(summary);
  const { outcomes, newReaders } = await patiently(database, (tx) =>
    part.kind === 'gift'
      ? keepGifts(tx, now, importing, part.rows)
      : keepMemberships(tx, now, importing, part.rows),
  );
  const before = summary.rows;
  for (const line of new Set(part.bad.map(({ line }) => line))) if (line > 0) summary.rows += 1;
  summary.rows += part.rows.length;
  summary.newReaders += newReaders;
  summary.bad.push(...part.bad);
  for (const [at, outcome] of outcomes.entries()) {
    summary.outcomes[part.kind][outcome] += 1;
    const given = part.rows[at];
    const wrong = wrongs[outcome];
    if (given && wrong) summary.bad.push({ line: given.line, externalId: given.row.externalId, ...wrong });
  }
  if (part.kind === 'gift') countMoney(summary, part, outcomes);
  if (!importing.rehearsing && hasDoubled(written, writtenOf(summary))) await lookAtImported(database);
  if (Math.floor(summary.rows / rowsBetweenNotes) > Math.floor(before / rowsBetweenNotes))
    call.progress(`${summary.rows} rows read`);
}

function writtenOf({ outcomes }: Summary): number {
  const { gift, membership } = outcomes;
  return gift.new + gift.replaced + membership.new + membership.replaced;
}

/** True where what was written in this run has passed a power of two, from a few parts on. */
function hasDoubled(before: number, after: number): boolean {
  return after >= rowsAtOnce * 2 && Math.floor(Math.log2(after)) > Math.floor(Math.log2(Math.max(before, 1)));
}

/** The live service may hold some of the same readers: Postgres then ends one of the two, and the same rows are tried once more. */
async function patiently(database: Database, work: (tx: Tx) => Promise<Kept>): Promise<Kept> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.transaction(work);
    } catch (error) {
      if (tries === 5 || !isDeadlock(error)) throw error;
    }
  }
}

function isDeadlock(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('code' in error && error.code === '40P01') return true;
  return 'cause' in error && isDeadlock(error.cause);
}

const wrongs: { readonly [O in Outcome]?: { column: string; problem: string } } = {
  'other-contents': {
    column: 'external_id',
    problem: 'is known with other contents: change it, or take the row in its place with --replace',
  },
  'membership-unknown': {
    column: 'membership_external_id',
    problem: 'names no membership that is known yet: import the memberships first, then this file again',
  },
};

function countMoney(
  summary: Summary,
  { rows }: Extract<Part, { kind: 'gift' }>,
  outcomes: readonly Outcome[],
): void {
  for (const [at, outcome] of outcomes.entries()) {
    const row = rows[at]?.row;
    if (!row || (outcome !== 'new' && outcome !== 'replaced')) continue;
    if (row.status === 'failed') summary.failed += 1;
    else if (row.status === 'pending') summary.pending += 1;
    else {
      const sum = summary.money.get(row.currency) ?? { gifts: 0, amountMinor: 0n, refundedMinor: 0n };
      summary.money.set(row.currency, {
        gifts: sum.gifts + 1,
        amountMinor: sum.amountMinor + row.amountMinor,
        refundedMinor: sum.refundedMinor + (row.refund?.amountMinor ?? 0n),
      });
    }
  }
}

function emptySummary(): Summary {
  const none = () => ({ new: 0, same: 0, replaced: 0, 'other-contents': 0, 'membership-unknown': 0 });
  return {
    rows: 0,
    outcomes: { gift: none(), membership: none() },
    newReaders: 0,
    money: new Map(),
    failed: 0,
    pending: 0,
    notRead: [],
    bad: [],
  };
}

function answerOf({ rehearsing }: Importing, summary: Summary): Answer {
  const bad = summary.bad.toSorted((one, other) => one.line - other.line);
  return {
    text: textOf(rehearsing, { ...summary, bad }),
    json: {
      dry_run: rehearsing,
      rows: summary.rows,
      gifts: { ...counted(summary.outcomes.gift), failed: summary.failed, pending: summary.pending },
      memberships: counted(summary.outcomes.membership),
      new_readers: summary.newReaders,
      money: sortedMoney(summary).map(([currency, sum]) => ({
        currency,
        gifts: sum.gifts,
        amount_minor: Number(sum.amountMinor),
        refunded_minor: Number(sum.refundedMinor),
      })),
      not_read: summary.notRead,
      bad: bad.map(({ line, column, externalId, problem }) => ({
        line,
        column,
        external_id: externalId,
        problem,
      })),
    },
    failed: bad.length > 0,
  };
}

function counted(outcomes: Record<Outcome, number>) {
  return { new: outcomes.new, same: outcomes.same, replaced: outcomes.replaced };
}

function sortedMoney({ money }: Summary) {
  return [...money].sort(([one], [other]) => (one < other ? -1 : 1));
}

function textOf(rehearsing: boolean, summary: Summary): string {
  const { outcomes, bad } = summary;
  const kinds = (['membership', 'gift'] as const).filter((kind) =>
    Object.values(outcomes[kind]).some((count) => count > 0),
  );
  const badLines = new Set(bad.map(({ line }) => line)).size;
  const money = sortedMoney(summary);
  return [
    ...bad.map(lineOf),
    ...(bad.length > 0 ? [''] : []),
    rehearsing ? 'This is what would happen; nothing was written.' : 'Imported.',
    ...(kinds.length === 0
      ? []
      : [
          '',
          table(
            ['', 'new', 'same as before', 'replaced'],
            kinds.map((kind) => [
              kind === 'gift' ? 'gifts' : 'memberships',
              String(outcomes[kind].new),
              String(outcomes[kind].same),
              String(outcomes[kind].replaced),
            ]),
          ),
        ]),
    ...(money.length === 0
      ? []
      : [
          '',
          table(
            ['received', 'gifts', 'amount', 'refunded'],
            money.map(([currency, sum]) => [
              currency,
              String(sum.gifts),
              decimalString({ amountMinor: sum.amountMinor, currency }),
              decimalString({ amountMinor: sum.refundedMinor, currency }),
            ]),
          ),
        ]),
    '',
    ...(summary.failed + summary.pending > 0
      ? [`Not received: ${summary.failed} failed, ${summary.pending} pending.`]
      : []),
    `New readers: ${summary.newReaders}.`,
    ...(summary.notRead.length > 0 ? [`Columns that mean nothing here: ${summary.notRead.join(', ')}.`] : []),
    ...(badLines > 0
      ? [
          `${badLines} of ${summary.rows} rows ${rehearsing ? 'would be' : 'were'} left out, as named above. Mend them and read the file again.`,
        ]
      : []),
  ].join('\n');
}

function lineOf({ line, column, externalId, problem }: BadRow): string {
  const where = [`line ${line}`, ...(column === null ? [] : [column])].join(', ');
  return `${where}${externalId === null ? '' : ` (${externalId})`}: ${problem}`;
}
