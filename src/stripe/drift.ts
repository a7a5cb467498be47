// Drift: what a walk through Stripe found there and here, kind by kind and to the minor unit. Pure; no Stripe type comes in.

export const moneyKinds = [
  'payment',
  'refund',
  'refund_failed',
  'dispute_withdrawn',
  'dispute_reinstated',
] as const;
export type MoneyKind = (typeof moneyKinds)[number];

/** Money of one kind and currency. What is `here` was here before anything was mended. */
export interface MoneyTally {
  atStripe: Sum;
  here: Sum;
  /** What was at Stripe and not here. */
  missing: number;
  /** Known here with another amount or currency: only a person can say why. */
  different: number;
  mended: Sum;
  /** Rows of ours that were met at Stripe, after mending. */
  met: Sum;
}

export interface Sum {
  count: number;
  minor: bigint;
}

export interface MembershipTally {
  atStripe: number;
  missing: number;
  standing: number;
  amount: number;
  period: number;
  ending: number;
  mended: number;
  /** Not ended here when the walk began, and those of them that were met at Stripe. */
  openBefore: number;
  openMet: number;
}

/** What a walk has counted so far. */
export interface Found {
  money: Map<string, MoneyTally>;
  memberships: MembershipTally;
  objects: number;
  requests: number;
  /** Other products' objects in the same account. */
  foreign: number;
  checkoutsAdopted: number;
  checkoutsMended: number;
  settled: number;
  /** Disputes that stood otherwise here. */
  disputesMended: number;
  /** Failed attempts at renewals that were not known. */
  failuresMended: number;
  eventsMissed: number;
  /** Looks at the past of memberships that were written down anew from their payments. */
  pastLooks: number;
  /** Could not be kept; the log says why. */
  failed: number;
}

export function nothingFound(): Found {
  return {
    money: new Map(),
    memberships: {
      atStripe: 0,
      missing: 0,
      standing: 0,
      amount: 0,
      period: 0,
      ending: 0,
      mended: 0,
      openBefore: 0,
      openMet: 0,
    },
    objects: 0,
    requests: 0,
    foreign: 0,
    checkoutsAdopted: 0,
    checkoutsMended: 0,
    settled: 0,
    disputesMended: 0,
    failuresMended: 0,
    eventsMissed: 0,
    pastLooks: 0,
    failed: 0,
  };
}

export function tallyOf(found: Found, kind: MoneyKind, currency: string): MoneyTally {
  const key = `${kind} ${currency}`;
  const known = found.money.get(key);
  if (known) return known;
  const fresh = {
    atStripe: noSum(),
    here: noSum(),
    missing: 0,
    different: 0,
    mended: noSum(),
    met: noSum(),
  };
  found.money.set(key, fresh);
  return fresh;
}

export function addTo(sum: Sum, minor: bigint): void {
  sum.count += 1;
  sum.minor += minor;
}

/** One line of the report; amounts are minor units of the currency. */
export interface MoneyDrift {
  kind: MoneyKind;
  currency: string;
  at_stripe: { count: number; minor: number };
  here: { count: number; minor: number };
  drift_minor: number;
  missing: number;
  different: number;
  mended: number;
  left: number;
  only_here: { count: number; minor: number };
}

export interface DriftReport {
  scope: string;
  since: string | null;
  until: string;
  money: MoneyDrift[];
  memberships: Omit<MembershipTally, 'atStripe' | 'openBefore' | 'openMet'> & {
    at_stripe: number;
    left: number;
    only_here: number;
  };
  checkouts: { adopted: number; mended: number };
  settled: number;
  disputes_mended: number;
  failures_mended: number;
  events_missed: number;
  past_looks: number;
  failed: number;
  foreign: number;
  objects: number;
  requests: number;
  /** Nothing differs any more. */
  whole: boolean;
}

/** `here` holds the sums of our own rows of the same time after mending: what Stripe did not show is here alone. */
export function reportOf(
  run: { scope: string; since: Date | null; until: Date },
  found: Found,
  here: Map<string, Sum>,
): DriftReport {
  const keys = [...new Set([...found.money.keys(), ...here.keys()])];
  const money = keys
    .map((key): MoneyDrift => {
      const [kind, currency] = key.split(' ') as [MoneyKind, string];
      const tally = tallyOf(found, kind, currency);
      const ours = here.get(key) ?? noSum();
      return {
        kind,
        currency,
        at_stripe: plain(tally.atStripe),
        here: plain(tally.here),
        drift_minor: Number(tally.atStripe.minor - tally.here.minor),
        missing: tally.missing,
        different: tally.different,
        mended: tally.mended.count,
        left: tally.missing - tally.mended.count + tally.different,
        only_here: {
          count: ours.count - tally.met.count,
          minor: Number(ours.minor - tally.met.minor),
        },
      };
    })
    .filter((line) => line.at_stripe.count + line.here.count + line.only_here.count > 0)
    .sort(
      (a, b) => moneyKinds.indexOf(a.kind) - moneyKinds.indexOf(b.kind) || (a.currency < b.currency ? -1 : 1),
    );
  const { atStripe, openBefore, openMet, ...differing } = found.memberships;
  const wrong = differingMemberships(found.memberships);
  const memberships = {
    at_stripe: atStripe,
    ...differing,
    left: wrong - differing.mended,
    only_here: Math.max(openBefore - openMet, 0),
  };
  return {
    scope: run.scope,
    since: run.since?.toISOString() ?? null,
    until: run.until.toISOString(),
    money,
    memberships,
    checkouts: { adopted: found.checkoutsAdopted, mended: found.checkoutsMended },
    settled: found.settled,
    disputes_mended: found.disputesMended,
    failures_mended: found.failuresMended,
    events_missed: found.eventsMissed,
    past_looks: found.pastLooks,
    failed: found.failed,
    foreign: found.foreign,
    objects: found.objects,
    requests: found.requests,
    whole:
      money.every((line) => line.left === 0 && line.only_here.count === 0) &&
      memberships.left === 0 &&
      memberships.only_here === 0 &&
      found.failed === 0,
  };
}

/** Something differed, whether or not it could be mended. */
export function hasDrift(report: DriftReport): boolean {
  const { missing, standing, amount, period, ending } = report.memberships;
  return (
    !report.whole ||
    report.money.some((line) => line.missing + line.different > 0) ||
    missing + standing + amount + period + ending > 0 ||
    report.events_missed > 0
  );
}

/** Each membership that differs is counted once under its first difference. */
function differingMemberships({ missing, standing, amount, period, ending }: MembershipTally): number {
  return missing + standing + amount + period + ending;
}

/** What was found, as JSON keeps it: minor units travel as decimal strings. */
export function packFound(found: Found): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify({ ...found, money: [...found.money] }, (_name, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  );
}

export function unpackFound(packed: Record<string, unknown>): Found {
  const found = { ...nothingFound(), ...(packed as unknown as Found) };
  const money = (packed.money ?? []) as [string, MoneyTally][];
  const whole = (sum: Sum): Sum => ({ count: sum.count, minor: BigInt(sum.minor) });
  return {
    ...found,
    money: new Map(
      money.map(([key, tally]) => [
        key,
        {
          ...tally,
          atStripe: whole(tally.atStripe),
          here: whole(tally.here),
          mended: whole(tally.mended),
          met: whole(tally.met),
        },
      ]),
    ),
  };
}

function noSum(): Sum {
  return { count: 0, minor: 0n };
}

function plain(sum: Sum): { count: number; minor: number } {
  return { count: sum.count, minor: Number(sum.minor) };
}
