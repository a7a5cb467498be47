// The teller: notes which letters are about to go out and what became of those before, for all lanes that come at the same moment in one statement.
import { sql } from 'drizzle-orm';
import { openReadyConnection, type ReadyConnection, readyStatement } from '../outside/ready-statement.ts';
import type { Services } from '../outside/services.ts';
import { letters } from '../schema.ts';
import type { Outcome } from './answer.ts';
import { verdict } from './guards.ts';

interface ClaimedLetter {
  id: string;
  fence: number;
}

export interface Teller {
  /**
   * Commits that a letter is about to go out, if it is still ours and the guards still let it; false otherwise. Whatever was
   * handed in before is committed with it or before it.
   */
  note(letter: ClaimedLetter): Promise<boolean>;
  /** Commits what became of a letter, if it is still ours: whoever was paused finds nothing to write. */
  finish(letter: ClaimedLetter, outcome: Outcome): Promise<boolean>;
  /** Gives its connection back; nothing may be under way. */
  close(): Promise<void>;
}

type Entry = { letter: ClaimedLetter; settle: (ours: boolean) => void; fail: (problem: unknown) => void } & (
  | { is: 'note' }
  | { is: 'finish'; outcome: Outcome }
);

type Clocks = Pick<Services, 'now' | 'machineNow'>;

export async function openTeller(
  services: Clocks & Pick<Services, 'database'>,
  leaseSeconds: number,
): Promise<Teller> {
  const { connection, close } = await openReadyConnection(services.database);
  let queue: Entry[] = [];
  let writing = false;

  const write = async () => {
    const entries = queue;
    queue = [];
    try {
      const ours = await commit(services, connection, entries, leaseSeconds);
      for (const entry of entries) entry.settle(ours.has(entry.letter.id));
    } catch (problem) {
      for (const entry of entries) entry.fail(problem);
    }
    if (queue.length > 0) setImmediate(write);
    else writing = false;
  };
  const enter = (entry: (settle: Entry['settle'], fail: Entry['fail']) => Entry) =>
    new Promise<boolean>((settle, fail) => {
      queue.push(entry(settle, fail));
      if (writing) return;
      writing = true;
      // A lane that hands in an outcome asks for its next letter within the same turn.
      setImmediate(write);
    });

  return {
    note: (letter) => enter((settle, fail) => ({ is: 'note', letter, settle, fail })),
    finish: (letter, outcome) => enter((settle, fail) => ({ is: 'finish', letter, outcome, settle, fail })),
    close,
  };
}

/** The ids of those that were ours: noted as being sent, or finished. */
async function commit(
  services: Clocks,
  connection: ReadyConnection,
  entries: readonly Entry[],
  leaseSeconds: number,
): Promise<Set<string>> {
  const finished = entries.flatMap((entry) => (entry.is === 'finish' ? [entry] : []));
  const noted = entries.filter((entry) => entry.is === 'note');
  const now = services.now().toISOString();
  const rows = await tell(connection, {
    now,
    leasedUntil: new Date(services.machineNow().getTime() + leaseSeconds * 1000).toISOString(),
    finished: finished.map(({ letter }) => letter.id),
    finishedFences: finished.map(({ letter }) => letter.fence),
    states: finished.map(({ outcome }) => outcome.state),
    problems: finished.map(({ outcome }) => outcome.problem),
    doubts: finished.map(({ outcome }) => outcome.inDoubt),
    sentAt: finished.map(({ outcome }) => (outcome.accepted ? now : null)),
    dueAt: finished.map(({ outcome }) => outcome.dueAt?.toISOString() ?? null),
    noted: noted.map(({ letter }) => letter.id),
    notedFences: noted.map(({ letter }) => letter.fence),
  });
  return new Set(rows.map((row) => row.id));
}

const given = (name: string, type: string) => sql`${sql.placeholder(name)}::${sql.raw(type)}`;

const tell = readyStatement<{ id: string }>(
  'letters-tell',
  sql`with finished as (
      update ${letters} set state = o.state, problem = o.problem, in_doubt = o.in_doubt, leased_until = null,
        sent_at = coalesce(o.sent_at, ${letters.sentAt}), due_at = coalesce(o.due_at, ${letters.dueAt})
      from unnest(
        ${given('finished', 'uuid[]')}, ${given('finishedFences', 'bigint[]')}, ${given('states', 'text[]')},
        ${given('problems', 'text[]')}, ${given('doubts', 'boolean[]')}, ${given('sentAt', 'timestamptz[]')},
        ${given('dueAt', 'timestamptz[]')}
      ) as o (id, fence, state, problem, in_doubt, sent_at, due_at)
      where ${letters.id} = o.id and ${letters.fence} = o.fence
      returning ${letters.id}
    ), noted as (
      update ${letters} set state = ${verdict(given('now', 'timestamptz'))},
        leased_until = ${given('leasedUntil', 'timestamptz')}
      from unnest(${given('noted', 'uuid[]')}, ${given('notedFences', 'bigint[]')}) as n (id, fence)
      where ${letters.id} = n.id and ${letters.fence} = n.fence
        -- Written so that no index on the state offers itself: these few are found by their ids.
        and array_position(array['queued', 'deferred'], ${letters.state}) is not null
      returning ${letters.id}, ${letters.state}
    )
    select id from finished union all select id from noted where state = 'sending'`,
);
