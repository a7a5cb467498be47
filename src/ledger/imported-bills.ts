// Which failed attempts of an imported membership were at one bill, and which payment brought its money after all.

/** A payment or a failed attempt of one membership. */
export interface Told {
  id: string;
  failed: boolean;
  at: Date;
  /** Orders what happened at one moment: its name in the file. */
  externalId: string;
}

export interface Attempt {
  failureId: string;
  /** Counted from 1 within one bill. */
  attempt: number;
  collectedBy: string | null;
}

/**
 * Other systems do not say which bill an attempt was at. Attempts that follow each other without a payment in between, within
 * less than a period of the first, are taken for attempts at one bill, and a payment within that time for its payment. A
 * later payment is the next bill's own.
 */
export function attemptsOf(told: readonly Told[], interval: 'month' | 'year'): Attempt[] {
  const attempts: Attempt[] = [];
  let bill: Attempt[] = [];
  let openUntil = Number.NEGATIVE_INFINITY;
  for (const each of told.toSorted(inTime)) {
    const isOpen = each.at.getTime() < openUntil;
    if (each.failed) {
      if (!isOpen) {
        bill = [];
        openUntil = each.at.getTime() + daysOfBill[interval] * 86_400_000;
      }
      const attempt: Attempt = { failureId: each.id, attempt: bill.length + 1, collectedBy: null };
      bill.push(attempt);
      attempts.push(attempt);
      continue;
    }
    if (isOpen) for (const attempt of bill) attempt.collectedBy = each.id;
    openUntil = Number.NEGATIVE_INFINITY;
  }
  return attempts;
}

/** Shorter than the shortest month and year: what comes a whole period later is another bill. */
export const daysOfBill = { month: 27, year: 360 } as const;

function inTime(one: Told, other: Told): number {
  return (
    one.at.getTime() - other.at.getTime() ||
    Number(other.failed) - Number(one.failed) ||
    (one.externalId < other.externalId ? -1 : 1)
  );
}
