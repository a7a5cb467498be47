// Whose a row is: an address with or without a name, or the id of somebody whose address is not known.
import type { ImportedPerson } from '../../ledger/imported-readers.ts';
import { parseAddress } from '../../values/address.ts';
import { isFault } from '../../values/refusal.ts';
import { type Reading, readShort } from './record.ts';

/** Null where the row says nothing of it that can be used. */
export function readPerson(reading: Reading): ImportedPerson | null {
  const name = readShort(reading, 'name', 200);
  const readerId = reading.text('reader_id').toLowerCase();
  const written = reading.text('email');
  if (written !== '') {
    const address = parseAddress(written);
    if (!isFault(address)) return { address, name };
    reading.wrong('email', wordsOf[address.code] ?? 'is no address: write it as name@example.org');
    return null;
  }
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(readerId)) return { readerId };
  if (readerId !== '') reading.wrong('reader_id', 'is no id of a reader: leave it empty and give the email');
  else reading.wrong('email', 'is empty: every row needs it');
  return null;
}

const wordsOf: Readonly<Record<string, string>> = {
  'address-not-ascii':
    'has foreign letters before the @, which most mail servers do not take: write it in Latin letters',
};
