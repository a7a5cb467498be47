// Another system's history, made up from a seed: the same seed gives the same readers, memberships and gifts.
import { startOfDay } from '../../src/values/calendar.ts';
import { type Currency, decimalString } from '../../src/values/money.ts';

export interface OtherMembership {
  id: string;
  email: string;
  amountMinor: bigint;
  currency: Currency;
  interval: 'month' | 'year';
  /** Days, each at midnight of the zone, but for the start, which has a time. */
  startedAt: Date;
  changes: { on: string; amountMinor: bigint }[];
  pausedOn: string | null;
  resumedOn: string | null;
  cancelRequestedOn: string | null;
  endedOn: string | null;
  endReason: 'voluntary' | 'involuntary' | null;
  campaign: string | null;
}

export interface OtherGift {
  id: string;
  email: string;
  at: Date;
  amountMinor: bigint;
  currency: Currency;
  kind: 'once' | 'month' | 'year';
  membership: string | null;
  feeMinor: bigint | null;
  refund: { amountMinor: bigint; on: string } | null;
  status: 'succeeded' | 'failed' | 'pending';
  campaign: string | null;
  country: string | null;
}

export interface OtherSystem {
  memberships: OtherMembership[];
  gifts: OtherGift[];
}

export const giftHead =
  'external_id,email,name,happened_at,amount,currency,kind,membership_external_id,fee,refunded_amount,refunded_at,status,campaign,article,country';
export const membershipHead =
  'external_id,email,amount,currency,interval,started_at,paused_at,resumed_at,cancel_requested_at,ended_at,end_reason,campaign,amount_changes';

/** Numbers from 0 up to, not including, 1, which a seed decides (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const currencies: readonly Currency[] = ['USD', 'EUR', 'JPY', 'KWD'];
const firstDay = Date.UTC(2023, 0, 1);
const days = 900;

export function otherSystem(
  seed: number,
  size: { readers: number; memberships: number; gifts: number },
): OtherSystem {
  const next = numbersFrom(seed);
  const below = (most: number) => Math.floor(next() * most);
  const oneIn = (chance: number) => below(chance) === 0;
  const dayOf = (day: number) => new Date(firstDay + day * 86_400_000).toISOString().slice(0, 10);
  const email = () => `reader-${below(size.readers)}@example.org`;
  const campaign = () => (oneIn(3) ? `campaign-${below(3)}` : null);
  const memberships = Array.from({ length: size.memberships }, (_, at): OtherMembership => {
    const start = below(days);
    let day = start;
    const later = () => {
      day += 1 + below(90);
      return dayOf(day);
    };
    const changes = Array.from({ length: below(3) }, () => ({
      on: later(),
      amountMinor: BigInt(100 + below(40) * 50),
    }));
    const isPaused = oneIn(3);
    const pausedOn = isPaused ? later() : null;
    const resumedOn = isPaused && !oneIn(3) ? later() : null;
    const ends = below(4);
    const cancelRequestedOn = ends === 1 || ends === 2 ? later() : null;
    const endedOn = ends === 1 || ends === 3 ? later() : null;
    return {
      id: `m${seed}-${at}`,
      email: email(),
      amountMinor: BigInt(100 + below(40) * 50),
      currency: currencies[below(currencies.length)] ?? 'USD',
      interval: oneIn(3) ? 'year' : 'month',
      startedAt: new Date(firstDay + start * 86_400_000 + 12 * 3_600_000 + below(3_600) * 1000),
      changes,
      pausedOn,
      resumedOn,
      cancelRequestedOn,
      endedOn,
      endReason: endedOn === null ? null : cancelRequestedOn === null ? 'involuntary' : 'voluntary',
      campaign: campaign(),
    };
  });
  const gifts = Array.from({ length: size.gifts }, (_, at): OtherGift => {
    const plan = oneIn(3) ? undefined : memberships[below(memberships.length)];
    const day = below(days);
    const status = oneIn(8) ? 'failed' : oneIn(20) ? 'pending' : 'succeeded';
    const amountMinor = BigInt(100 + below(400) * 25);
    return {
      id: `g${seed}-${at}`,
      email: plan?.email ?? email(),
      at: new Date(firstDay + day * 86_400_000 + below(86_400) * 1000),
      amountMinor,
      currency: plan?.currency ?? currencies[below(currencies.length)] ?? 'USD',
      kind: plan?.interval ?? 'once',
      membership: plan?.id ?? null,
      feeMinor: oneIn(2) ? amountMinor / 20n : null,
      refund:
        status === 'succeeded' && oneIn(10)
          ? { amountMinor: oneIn(2) ? amountMinor : amountMinor / 2n, on: dayOf(day + 2 + below(60)) }
          : null,
      status,
      campaign: campaign(),
      country: oneIn(2) ? 'LV' : null,
    };
  });
  return { memberships, gifts };
}

export function membershipLine(each: OtherMembership): string {
  const major = (amountMinor: bigint) => decimalString({ amountMinor, currency: each.currency });
  return [
    each.id,
    each.email,
    major(each.amountMinor),
    each.currency,
    each.interval,
    each.startedAt.toISOString(),
    each.pausedOn,
    each.resumedOn,
    each.cancelRequestedOn,
    each.endedOn,
    each.endReason,
    each.campaign,
    each.changes.map((change) => `${change.on}:${major(change.amountMinor)}`).join(';'),
  ]
    .map((field) => field ?? '')
    .join(',');
}

export function giftLine(each: OtherGift): string {
  const major = (amountMinor: bigint) => decimalString({ amountMinor, currency: each.currency });
  return [
    each.id,
    each.email,
    null,
    each.at.toISOString(),
    major(each.amountMinor),
    each.currency,
    each.kind,
    each.membership,
    each.feeMinor === null ? null : major(each.feeMinor),
    each.refund && major(each.refund.amountMinor),
    each.refund?.on,
    each.status,
    each.campaign,
    null,
    each.country,
  ]
    .map((field) => field ?? '')
    .join(',');
}

/** What a membership was from each moment on: the plain telling, for the ledger to be compared with. */
export function stagesOf(each: OtherMembership, zone: string) {
  const at = (day: string) => startOfDay(day, zone);
  const moments = new Set([each.startedAt.getTime()]);
  for (const { on } of each.changes) moments.add(at(on).getTime());
  for (const on of [each.pausedOn, each.resumedOn, each.cancelRequestedOn, each.endedOn])
    if (on !== null) moments.add(at(on).getTime());
  return [...moments]
    .sort((one, other) => one - other)
    .filter((moment) => each.endedOn === null || moment <= at(each.endedOn).getTime())
    .map((moment) => {
      const has = (on: string | null) => on !== null && at(on).getTime() <= moment;
      return {
        at: new Date(moment).toISOString(),
        amount: Number(each.changes.findLast(({ on }) => has(on))?.amountMinor ?? each.amountMinor),
        standing: has(each.endedOn)
          ? ('ended' as const)
          : has(each.pausedOn) && !has(each.resumedOn)
            ? ('paused' as const)
            : ('active' as const),
        ...(has(each.cancelRequestedOn) && {
          cancelRequestedAt: at(each.cancelRequestedOn ?? '').toISOString(),
          ...(!has(each.endedOn) && each.endedOn !== null && { endsAt: at(each.endedOn).toISOString() }),
        }),
        ...(has(each.endedOn) && {
          endedAt: new Date(moment).toISOString(),
          endReason: each.endReason ?? 'voluntary',
        }),
      };
    });
}
