// Givers: whose each gift is, by the customer if we know it, else by the address. What is learnt here is kept at once.
import { checkoutsById } from '../ledger/checkout.ts';
import { findOrMakeReaders, noteCustomers, readersOfCustomers, sealPerson } from '../ledger/reader.ts';
import { parseAddress } from '../values/address.ts';
import { isFault } from '../values/refusal.ts';
import type { Person } from './fact.ts';
import { type Entry, entriesOf, type Page } from './page.ts';

type Giving = Entry<'session-completed' | 'giver' | 'paid-charge' | 'paid-invoice'>;

/** Answers whose each of these gifts is; null where neither customer nor address tells. Fills in the page's intents and owners, and which of these were learnt here. */
export async function findGivers(page: Page): Promise<(giving: Giving) => string | null> {
  const { tx, now } = page;
  page.intents = await checkoutsById(tx, intentsIn(page));
  page.owners = await readersOfCustomers(tx, customersIn(page));
  const strangers = entriesOf(page, 'session-completed', 'giver', 'paid-charge', 'paid-invoice').filter(
    ({ fact }) => page.intents.has(fact.checkoutId) && !page.owners.has(fact.stripeCustomerId ?? ''),
  );
  const hashOf = new Map<Person, string>();
  const people = strangers.flatMap(({ fact: { person, checkoutId } }) => {
    if (person === null) return [];
    const locale = page.intents.get(checkoutId)?.locale ?? 'en';
    const sealed = sealPerson(page.keys, addressAsTold(person.address), person.name, locale);
    hashOf.set(person, sealed.hash.toString('hex'));
    return [sealed];
  });
  const readers = await findOrMakeReaders(tx, now, people);
  const byAddress = (person: Person | null) =>
    person === null ? null : (readers.get(hashOf.get(person) ?? '') ?? null);
  const { learnt } = page;
  for (const { fact } of strangers) {
    const readerId = byAddress(fact.person);
    if (fact.stripeCustomerId === null || readerId === null || learnt.has(fact.stripeCustomerId)) continue;
    learnt.set(fact.stripeCustomerId, readerId);
  }
  await noteCustomers(tx, now, learnt);
  for (const [customer, readerId] of learnt) page.owners.set(customer, readerId);
  return ({ fact }) =>
    (fact.stripeCustomerId === null ? undefined : page.owners.get(fact.stripeCustomerId)) ??
    byAddress(fact.person);
}

function intentsIn(page: Page): string[] {
  const ids = page.entries.flatMap(({ fact }) => {
    if (fact.fact === 'look') return [fact.look.checkoutId];
    return 'checkoutId' in fact ? [fact.checkoutId] : [];
  });
  return [...new Set(ids)];
}

function customersIn(page: Page): string[] {
  const ids = page.entries.flatMap(({ fact }) => {
    if (fact.fact === 'look') return [fact.look.stripeCustomerId];
    return 'stripeCustomerId' in fact && fact.stripeCustomerId !== null ? [fact.stripeCustomerId] : [];
  });
  return [...new Set(ids)];
}

/** Stripe takes addresses that our forms would not; the money is a reader's all the same. */
function addressAsTold(told: string) {
  const parsed = parseAddress(told);
  return isFault(parsed) ? { address: told, lookUp: told.toLowerCase() } : parsed;
}
