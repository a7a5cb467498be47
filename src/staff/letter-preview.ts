// A letter as one supporter got it or would get it: with their own facts where there are some, and examples, said to be such, elsewhere.
import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import { exampleLinks } from '../letters/links.ts';
import { isStaffKind, type LetterKind, type StaffKind } from '../letters/outbox.ts';
import {
  isLetterKind,
  senderName,
  type WrittenLetter,
  type WrittenRow,
  writeLetter,
} from '../letters/render.ts';
import { sampleNames, sampleRow } from '../letters/samples.ts';
import type { Reads } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { letters, memberships, payments, readers } from '../schema.ts';

export interface Preview extends WrittenLetter {
  kind: ReadersKind;
  from: string;
  /** `written`: its facts are those of a letter that was written. `own`: the gift is theirs, the rest an example. */
  facts: 'written' | 'own' | 'example';
  writtenAt: Date | null;
}

/** Kinds that go to readers. */
export type ReadersKind = Exclude<LetterKind, StaffKind>;

export const readersKinds = sampleNames.filter((name): name is ReadersKind => isReadersKind(name));

export function isReadersKind(text: string): text is ReadersKind {
  return isLetterKind(text) && !isStaffKind(text);
}

/** When the newest letter of each kind was written to this supporter; null where there is no such supporter. */
export async function lettersWritten(
  reads: Reads,
  readerId: string,
): Promise<ReadonlyMap<string, Date> | null> {
  if ((await readerById(reads, readerId)) === null) return null;
  const rows = await reads
    .select({ kind: letters.kind, at: sql`max(${letters.createdAt})`.mapWith(letters.createdAt) })
    .from(letters)
    .where(eq(letters.readerId, readerId))
    .groupBy(letters.kind);
  return new Map(rows.map(({ kind, at }) => [kind, at]));
}

/** Null where there is no such supporter. Its links open nothing: they are the reader's alone. */
export async function previewLetter(
  services: Pick<Services, 'config' | 'keys' | 'database' | 'now'>,
  readerId: string,
  kind: ReadersKind,
): Promise<Preview | null> {
  const { config, keys, database } = services;
  const reader = await readerById(database, readerId);
  if (reader === null) return null;
  const [row] = await database
    .select()
    .from(letters)
    .where(and(eq(letters.readerId, readerId), eq(letters.kind, kind)))
    .orderBy(desc(letters.createdAt), desc(letters.id))
    .limit(1);
  const shown = row
    ? { row, facts: 'written' as const }
    : await exampleFor(database, services.now(), reader, kind);
  const written = writeLetter(config, exampleLinks(config.baseUrl), shown.row, {
    name: reader.nameSealed === null ? null : keys.open('name', reader.nameSealed).toString(),
    discreet: reader.discreet,
  });
  return {
    ...written,
    kind,
    from: senderName(config, written),
    facts: shown.facts,
    writtenAt: row?.createdAt ?? null,
  };
}

async function readerById(reads: Reads, id: string): Promise<typeof readers.$inferSelect | null> {
  const [reader] = await reads
    .select()
    .from(readers)
    .where(and(eq(readers.id, id), isNull(readers.erasedAt)));
  return reader ?? null;
}

/** The sample, with what is known of this supporter's newest gift in place of the sample's. */
async function exampleFor(
  reads: Reads,
  now: Date,
  reader: { id: string; locale: string },
  kind: ReadersKind,
): Promise<{ row: WrittenRow; facts: 'own' | 'example' }> {
  const sample = sampleRow(kind, reader.locale);
  const own = 'amountMinor' in sample.facts ? await newestGift(reads, reader.id, sample.facts) : null;
  if (own === null) return { row: sample, facts: 'example' };
  const fitting = Object.entries(own).filter(([name]) => name in sample.facts);
  return {
    row: { ...sample, createdAt: now, facts: { ...sample.facts, ...Object.fromEntries(fitting) } },
    facts: 'own',
  };
}

/** By the names that facts of letters have. A letter of a regular gift is told of the promise, any other of the payment. */
async function newestGift(
  reads: Reads,
  readerId: string,
  sample: Record<string, unknown>,
): Promise<Record<string, unknown> | null> {
  if (sample.kind === 'month' || sample.kind === 'year' || 'renewsAt' in sample) {
    const [promise] = await reads
      .select()
      .from(memberships)
      .where(eq(memberships.readerId, readerId))
      .orderBy(desc(memberships.startedAt), desc(memberships.id))
      .limit(1);
    if (!promise) return null;
    const periodEnd = promise.periodEndsAt.toISOString();
    return {
      amountMinor: promise.amountMinor.toString(),
      currency: promise.currency,
      kind: promise.interval,
      nextAt: periodEnd,
      renewsAt: periodEnd,
      endsAt: promise.endsAt?.toISOString() ?? periodEnd,
    };
  }
  const [payment] = await reads
    .select()
    .from(payments)
    .where(eq(payments.readerId, readerId))
    .orderBy(desc(payments.paidAt), desc(payments.id))
    .limit(1);
  if (!payment) return null;
  return {
    amountMinor: payment.amountMinor.toString(),
    currency: payment.currency,
    paymentId: payment.id,
    paidAt: payment.paidAt.toISOString(),
  };
}
