// Addresses beside a report's rows: for lists that name readers by their ids, where they were asked for.
import { inArray } from 'drizzle-orm';
import type { Reads } from '../../outside/database.ts';
import type { Keys } from '../../outside/keys.ts';
import type { Column, Row } from '../../reports/report.ts';
import { readers } from '../../schema.ts';
import { whose } from './raw.ts';

interface Listed {
  columns: readonly Column[];
  rows(reads: Reads): AsyncGenerator<readonly Row[]>;
}

/** The same list with two columns more. Whoever was forgotten has neither. */
export function addressesBeside(keys: Keys, listed: Listed): Listed {
  const kind = 'text' as const;
  return {
    columns: [...listed.columns, { name: 'email', kind }, { name: 'name', kind }],
    async *rows(reads) {
      for await (const rows of listed.rows(reads)) {
        for (let from = 0; from < rows.length; from += readersAtOnce)
          yield withAddresses(keys, reads, rows.slice(from, from + readersAtOnce));
      }
    },
  };
}

const readersAtOnce = 2_000;

async function withAddresses(keys: Keys, reads: Reads, rows: readonly Row[]): Promise<Row[]> {
  const ids = [...new Set(rows.map(({ reader_id }) => String(reader_id)))];
  const found = await reads
    .select({
      reader_id: readers.id,
      address_sealed: readers.addressSealed,
      name_sealed: readers.nameSealed,
    })
    .from(readers)
    .where(inArray(readers.id, ids));
  const byId = new Map(found.map((reader) => [reader.reader_id, reader]));
  return rows.map((row) => {
    const reader = byId.get(String(row.reader_id));
    return reader ? { ...row, ...whose(keys, reader, true) } : row;
  });
}
