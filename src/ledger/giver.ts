// The giver: what one reader gives every month or year at Stripe, as their own pages show it and no more.
import { and, desc, eq, isNotNull, isNull, ne } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import { memberships, readers } from '../schema.ts';
import { isLocale, type Locale } from '../values/locale.ts';
import { type Interval, isCurrency, type Money } from '../values/money.ts';
import { runs, type Standing } from './standing.ts';

export interface RegularGift {
  id: string;
  amount: Money;
  interval: Interval;
  standing: Standing;
  /** When it stops, where its ending has been asked for. */
  endsAt: Date | null;
  endedAt: Date | null;
  /** When it is collected next, while it runs. */
  periodEndsAt: Date;
  stripeCustomerId: string;
  stripeSubscriptionId: string;
}

export interface Giver {
  id: string;
  /** Their letters name nobody from the outside. */
  discreet: boolean;
  /** The language of the reader's letters. */
  locale: Locale | undefined;
  /** Those that run, the newest first; where none does, the newest one that ever did. */
  gifts: RegularGift[];
}

/** Null where there is no such reader, or one who was forgotten. Instants as Stripe tells them; amounts for each interval. */
export async function giverById(reads: Reads, readerId: string): Promise<Giver | null> {
  const [reader] = await reads
    .select({ locale: readers.locale, discreet: readers.discreet })
    .from(readers)
    .where(and(eq(readers.id, readerId), isNull(readers.erasedAt)));
  if (!reader) return null;
  const rows = await reads
    .select()
    .from(memberships)
    .where(
      and(
        eq(memberships.readerId, readerId),
        // What another system collects cannot be managed from here.
        isNotNull(memberships.stripeSubscriptionId),
        ne(memberships.standing, 'incomplete'),
      ),
    )
    .orderBy(desc(memberships.startedAt), desc(memberships.id))
    .limit(50);
  const all = rows.map(giftOf);
  const running = all.filter((gift) => runs(gift.standing));
  return {
    id: readerId,
    discreet: reader.discreet,
    locale: isLocale(reader.locale) ? reader.locale : undefined,
    gifts: running.length > 0 ? running : all.slice(0, 1),
  };
}

/** Gifts of one customer at Stripe are looked after on one page there. */
export function byCustomer(gifts: readonly RegularGift[]): [RegularGift, ...RegularGift[]][] {
  const groups = new Map<string, [RegularGift, ...RegularGift[]]>();
  for (const gift of gifts) {
    const group = groups.get(gift.stripeCustomerId);
    if (group) group.push(gift);
    else groups.set(gift.stripeCustomerId, [gift]);
  }
  return [...groups.values()];
}

/** A membership's row as a regular gift. Throws for one that another system collects: a fault of the program. */
export function giftOf(row: typeof memberships.$inferSelect): RegularGift {
  const { id, amountMinor, currency, interval, standing, endsAt, endedAt, periodEndsAt } = row;
  const { stripeCustomerId, stripeSubscriptionId } = row;
  if (!isCurrency(currency)) throw new Error('A membership is in a currency that is none');
  if (stripeCustomerId === null || stripeSubscriptionId === null)
    throw new Error('A membership that is not at Stripe');
  return {
    id,
    amount: { amountMinor, currency },
    interval,
    standing,
    endsAt,
    endedAt,
    periodEndsAt,
    stripeCustomerId,
    stripeSubscriptionId,
  };
}
