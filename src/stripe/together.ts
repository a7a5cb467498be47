// Together: what many tell is kept in one transaction; whoever has a question is left to be understood alone, and so is everyone where one cannot be kept.
import { sql, TransactionRollbackError } from 'drizzle-orm';
import { messageDomain } from '../letters/outbox.ts';
import { type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { type Kept, keepFacts } from './keep.ts';
import type { Keeping, Told } from './page.ts';

export interface Together<T> {
  kept: Map<T, Kept>;
  left: T[];
}

/** What hangs on those kept, in the same transaction; false when it does not hold, and nothing is to be kept. */
export type Finish<T> = (tx: Tx, kept: ReadonlyMap<T, Kept>) => Promise<boolean>;

/** Nobody's events wait longer for somebody else's: what is held elsewhere is waited for alone. */
const lockTimeout = sql`set local lock_timeout = '300ms'`;
/** Without those that have a question others may come to have one. */
const mostTries = 3;

/** Keeps many in one transaction. Those that are left are not kept, whatever came of the others. */
export function keepTogether<T extends Told>(
  services: Services,
  told: readonly T[],
  finish: Finish<T> = async () => true,
): Promise<Together<T>> {
  return keepFound(services, async (_tx, but) => told.filter((one) => !but.includes(one)), finish);
}

/**
 * The same with those whom `find` finds, and holds if need be, in that transaction: all of them but those that were found to have
 * a question before.
 */
export async function keepFound<T extends Told>(
  services: Services,
  find: (tx: Tx, but: readonly T[]) => Promise<readonly T[]>,
  finish: Finish<T>,
): Promise<Together<T>> {
  const left: T[] = [];
  for (let tries = 0; tries < mostTries; tries += 1) {
    let together: readonly T[] = [];
    let asking: readonly T[] = [];
    try {
      const kept = await transact(services, async (tx) => {
        await tx.execute(lockTimeout);
        together = await find(tx, left);
        if (together.length === 0) return new Map<T, Kept>();
        const outcomes = await keepFacts(keepingIn(services, tx), together);
        asking = together.filter((_, index) => outcomes[index]?.question);
        if (asking.length > 0) tx.rollback();
        const byOne = new Map(
          together.flatMap((one, index) => [[one, outcomes[index]] as const]).filter(isKept),
        );
        if (!(await finish(tx, byOne))) tx.rollback();
        return byOne;
      });
      return { kept, left };
    } catch (error) {
      // Whatever it was shows itself again at the one that it comes from; without any it is nobody's.
      if (together.length === 0) throw error;
      if (asking.length === 0) return { kept: new Map(), left: [...left, ...together] };
      left.push(...(tries + 1 < mostTries ? asking : together));
    }
  }
  return { kept: new Map(), left };
}

function isKept<T>(pair: readonly [T, Kept | undefined]): pair is readonly [T, Kept] {
  return pair[1] !== undefined;
}

/** Keeps all that one tells, or nothing where it has a question. Throws where it cannot be kept. */
export async function keepWhole(
  services: Services,
  told: Told,
  finish: (tx: Tx, outcome: Kept) => Promise<boolean> = async () => true,
): Promise<Kept> {
  let outcome: Kept = { kept: false, question: null };
  try {
    await transact(services, async (tx) => {
      outcome = (await keepFacts(keepingIn(services, tx), [told]))[0] ?? outcome;
      if (outcome.question !== null) tx.rollback();
      if (!(await finish(tx, outcome))) tx.rollback();
    });
  } catch (error) {
    if (!(error instanceof TransactionRollbackError)) throw error;
  }
  return outcome;
}

function keepingIn({ keys, config, now }: Services, tx: Tx): Keeping {
  return { tx, now: now(), keys, letterDomain: messageDomain(config) };
}
