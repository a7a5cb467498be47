// Endings: letters of goodbye follow from the looks kept, one for each ending that was asked for or forced.
import type { Plan } from '../ledger/membership.ts';
import { endedByRule, type SecondGift } from '../ledger/second-gift.ts';
import { learnLocales, type Page, type Told, write } from './page.ts';

/** Which letters there are follows from the looks alone; those of what we ended ourselves are written but not sent. */
export async function writeOfEndings(
  page: Page,
  plansOf: ReadonlyMap<string, readonly Plan[]>,
  pairs: readonly SecondGift[],
): Promise<void> {
  const endings = [...plansOf].flatMap(([readerId, plans]) =>
    plans.flatMap(({ stripeSubscriptionId: subscription, looks }) =>
      subscription === null
        ? []
        : looks.filter(tellsOfAnEnd).map((look) => ({ readerId, subscription, look })),
    ),
  );
  if (endings.length === 0) return;
  await learnLocales(
    page,
    endings.map(({ readerId }) => readerId),
  );
  const quietly = quietReaders(page);
  const inTheirOrder = endings.sort(
    (a, b) => a.look.lookedAt.getTime() - b.look.lookedAt.getTime() || a.look.rank - b.look.rank,
  );
  for (const { readerId, subscription, look } of inTheirOrder) {
    const told = { facts: [], quiet: quietly.has(readerId) };
    const letter = { to: { readerId }, locale: page.locales.get(readerId) ?? 'en' };
    const facts = {
      membershipId: look.membershipId,
      amountMinor: look.amountMinor.toString(),
      currency: look.currency,
      kind: look.interval === 'year' ? ('year' as const) : ('month' as const),
    };
    if (look.endReason === 'involuntary' || look.standing === 'unpaid') {
      const endedAt = look.endedAt ?? look.lookedAt;
      write(page, told, endedAt, {
        kind: 'gift-lost',
        key: subscription,
        ...letter,
        facts: { ...facts, endedAt: endedAt.toISOString() },
      });
      continue;
    }
    const askedAt = look.cancelRequestedAt ?? look.endedAt ?? look.lookedAt;
    const endsAt = look.endsAt ?? look.endedAt ?? look.periodEndsAt;
    const key = `${subscription}:${askedAt.toISOString()}`;
    // Of what ends since there are two gifts, another letter tells.
    const ours = endedByRule(pairs, look.membershipId, askedAt);
    write(page, ours ? { ...told, quiet: true } : told, askedAt, {
      kind: 'gift-ending',
      key,
      ...letter,
      facts: { ...facts, endsAt: endsAt.toISOString() },
    });
  }
}

/** What only stands in for an event is written of when that comes. */
function tellsOfAnEnd({ provisional, endsAt, endReason, standing }: Plan['newest']): boolean {
  return !provisional && (endsAt !== null || endReason !== null || standing === 'unpaid');
}

/** Readers of whom nothing is told but history. */
function quietReaders({ entries, owners }: Page): Set<string> {
  const quiet = new Set<string>();
  const loud = new Set<string>();
  for (const { told, fact } of entries) {
    const readerId = owners.get(customerIn(fact) ?? '');
    if (readerId !== undefined) (told.quiet ? quiet : loud).add(readerId);
  }
  return new Set([...quiet].filter((readerId) => !loud.has(readerId)));
}

function customerIn(fact: Told['facts'][number]): string | null {
  if (fact.fact === 'look') return fact.look.stripeCustomerId;
  return 'stripeCustomerId' in fact ? fact.stripeCustomerId : null;
}
