// Changes of a running gift of which its reader is written to: another amount, a pause. Each is told by the change itself, which says what was before.
import type { NotedLooks, SubscriptionLook } from '../ledger/membership.ts';
import { restsByRule, type SecondGift } from '../ledger/second-gift.ts';
import { runs } from '../ledger/standing.ts';
import { type Entry, learnLocales, type Page, write } from './page.ts';

/** No other order of events gives its letter another key. */
export function tellsOfAChange(look: SubscriptionLook): boolean {
  return changesAmount(look) || pauses(look);
}

export async function writeOfChanges(
  page: Page,
  entries: readonly Entry<'look'>[],
  noted: NotedLooks,
  pairs: readonly SecondGift[],
): Promise<void> {
  const changes = entries.flatMap(({ told, fact: { look } }) => {
    const membership = noted.bySubscription.get(look.stripeSubscriptionId);
    const readerId = membership?.readerId ?? null;
    if (membership === undefined || readerId === null || !tellsOfAChange(look)) return [];
    return [{ told, look, readerId, membershipId: membership.membershipId }];
  });
  await learnLocales(
    page,
    changes.map(({ readerId }) => readerId),
  );
  for (const { told, look, readerId, membershipId } of changes) {
    const { stripeSubscriptionId, lookedAt, facts, replaced } = look;
    const to = { to: { readerId }, locale: page.locales.get(readerId) ?? 'en' };
    const gift = {
      membershipId,
      amountMinor: facts.amountMinor.toString(),
      currency: facts.currency,
      kind: facts.interval,
    };
    if (changesAmount(look)) {
      write(page, told, lookedAt, {
        kind: 'amount-changed',
        key: `${stripeSubscriptionId}:${lookedAt.toISOString()}:${facts.amountMinor}`,
        ...to,
        facts: {
          ...gift,
          beforeMinor: (replaced?.amountMinor ?? 0n).toString(),
          nextAt: facts.periodEndsAt.toISOString(),
        },
      });
    }
    if (pauses(look)) {
      // Of what rests since there are two gifts, another letter tells.
      const ours = facts.interval === 'month' && restsByRule(pairs, membershipId, lookedAt);
      write(page, ours ? { ...told, quiet: true } : told, lookedAt, {
        kind: 'paused',
        key: `${stripeSubscriptionId}:${lookedAt.toISOString()}`,
        ...to,
        facts: { ...gift, resumesAt: look.resumesAt?.toISOString() ?? null },
      });
    }
  }
}

function changesAmount({ facts, replaced, provisional }: SubscriptionLook): boolean {
  if (replaced === null || provisional || !runs(facts.standing) || !runs(replaced.standing)) return false;
  return replaced.amountMinor !== facts.amountMinor || replaced.interval !== facts.interval;
}

function pauses({ facts, replaced, provisional }: SubscriptionLook): boolean {
  if (replaced === null || provisional) return false;
  return facts.standing === 'paused' && runs(replaced.standing) && replaced.standing !== 'paused';
}
