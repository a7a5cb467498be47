// What lists that `import` can read again have in common: whose a row is, with the address only where it was asked for.
import type { Keys } from '../../outside/keys.ts';

/** Which rows are wanted; null means all. Instants are half-open. */
export interface Chosen {
  from: Date | null;
  to: Date | null;
  currency: string | null;
  campaign: string | null;
}

/** Of a reader, as a statement answers it. */
export type Sealed = { reader_id: string; address_sealed: Buffer | null; name_sealed: Buffer | null };

/** The columns of the import format and those beyond it; readers are told by their ids alone unless addresses were asked for. */
export function columnsFor(
  columns: readonly string[],
  more: readonly string[],
  withAddresses: boolean,
): string[] {
  const all = [...columns, ...more];
  return withAddresses ? all : all.filter((column) => column !== 'email' && column !== 'name');
}

/** Whoever was forgotten has an id and nothing else. */
export function whose(
  keys: Keys,
  { reader_id, address_sealed, name_sealed }: Sealed,
  withAddresses: boolean,
): { reader_id: string; email?: string | null; name?: string | null } {
  if (!withAddresses) return { reader_id };
  const opened = (purpose: 'address' | 'name', sealed: Buffer | null) =>
    sealed === null ? null : keys.open(purpose, sealed).toString();
  return { reader_id, email: opened('address', address_sealed), name: opened('name', name_sealed) };
}

/** A raw statement answers moments as text, in its own form. */
export function moment(told: Date | string | null): string | null {
  return told === null ? null : new Date(told).toISOString();
}

/** Line breaks and the like would be refused when read again. */
export function text(told: string | null): string | null {
  return told?.replace(/\p{Cc}+/gu, ' ').trim() || null;
}
