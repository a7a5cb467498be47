// Throttles: how fast letters may go to a provider, and how fast any may go at all, in this process.

export interface Throttle {
  /** Together these domains, or everything: '*'. */
  domains: readonly string[];
  perSecond: number;
}

export interface Throttles {
  /** Takes a turn for a letter to this domain: 0, or in how many milliseconds it should ask again. Each asker gets a later moment. */
  domainWaitMs(domain: string, atMs: number): number;
  /** Takes a turn of all letters together: 0, or in how many milliseconds the next is free. */
  overallWaitMs(atMs: number): number;
  /** A letter that must not wait takes its turns all the same, so that others wait a little longer. */
  hurry(domain: string, atMs: number): void;
}

export function openThrottles(throttles: readonly Throttle[]): Throttles {
  const buckets = throttles.map(({ domains, perSecond }) => ({ domains, bucket: openBucket(perSecond) }));
  const of = (domain: string) => buckets.find(({ domains }) => domains.includes(domain))?.bucket;
  const overall = of('*');
  return {
    domainWaitMs(domain, atMs) {
      const bucket = of(domain);
      return bucket === undefined || bucket.take(atMs) ? 0 : bucket.place(atMs);
    },
    overallWaitMs: (atMs) => (overall === undefined || overall.take(atMs) ? 0 : overall.nextMs()),
    hurry(domain, atMs) {
      of(domain)?.force(atMs);
      overall?.force(atMs);
    },
  };
}

/** Fills at its rate up to a second's worth; what waits is given places one after another. */
function openBucket(perSecond: number) {
  const room = Math.max(1, perSecond);
  let turns = room;
  let filledMs = 0;
  let lastPlaceMs = 0;
  const fill = (atMs: number) => {
    turns = Math.min(room, turns + (Math.max(0, atMs - filledMs) / 1000) * perSecond);
    filledMs = Math.max(filledMs, atMs);
  };
  return {
    take(atMs: number): boolean {
      fill(atMs);
      if (turns < 1) return false;
      turns -= 1;
      return true;
    },
    nextMs: () => Math.max(1, Math.ceil(((1 - turns) / perSecond) * 1000)),
    place(atMs: number): number {
      lastPlaceMs = Math.max(lastPlaceMs, atMs) + 1000 / perSecond;
      return Math.ceil(lastPlaceMs - atMs);
    },
    force(atMs: number): void {
      fill(atMs);
      turns -= 1;
    },
  };
}
