// The sandbox's clock: business time runs with the machine's, and can be moved on; what falls due on the way happens in its order.
import { setTimeout as wait } from 'node:timers/promises';
import { Temporal } from 'temporal-polyfill';
import type { Store } from './store.ts';

/** Something that happens by itself when its time comes. */
export interface ClockSource {
  name: string;
  /** The earliest business moment at which something waits to be done, also when it has passed. */
  nextDueAt(): Date | null | Promise<Date | null>;
  /** Does all that is due by now, also in several batches. */
  runDue(): Promise<void>;
  /** Resolves when nothing that this source has begun is still under way. */
  settled?(): Promise<void>;
}

export interface Moved {
  now: Date;
  /** In words, what could not be finished on the way. */
  unfinished: string[];
}

export interface Clock {
  /** Business time; it stands still at each moment that a move works through. */
  now(): Date;
  /** Sources due at the same moment run in the order of their registration. Answers how to take the source out again. */
  register(source: ClockSource): () => void;
  /** An ISO 8601 duration such as "P1M", counted by the calendar of the publication's zone. Throws a RangeError. */
  advance(duration: string): Promise<Moved>;
  /** An instant such as "2027-03-01T09:00:00Z". Throws a RangeError for what is none, or lies in the past. */
  to(instant: string): Promise<Moved>;
}

const offsetName = 'clock.offset_ms';
const longestMoveDays = 3660;
const mostTries = 50;
const mostMoments = 200_000;
const settlingMs = 30_000;

export function openClock(options: {
  store: Store;
  machineNow: () => Date;
  timeZone: string;
  log: (line: string) => void;
  /** Told when a move begins and when it ends: thousands of small steps need not each wait for the disk. */
  onMove?: (moving: boolean) => void;
}): Clock {
  const { store, machineNow, timeZone, log, onMove = () => {} } = options;
  const sources = new Set<ClockSource>();
  let offsetMs = Number(store.read(offsetName) ?? 0);
  let standingAtMs: number | undefined;
  let lastMove: Promise<unknown> = Promise.resolve();

  const nowMs = () => standingAtMs ?? machineNow().getTime() + offsetMs;

  return {
    now: () => new Date(nowMs()),
    register(source) {
      sources.add(source);
      return () => {
        sources.delete(source);
      };
    },
    advance: (duration) => inTurn(() => move(later(nowMs(), parseDuration(duration), timeZone))),
    to: (instant) => inTurn(() => move(parseInstant(instant))),
  };

  function inTurn(work: () => Promise<Moved>): Promise<Moved> {
    const turn = lastMove.then(work);
    lastMove = turn.catch(() => {});
    return turn;
  }

  async function move(targetMs: number): Promise<Moved> {
    const startMs = nowMs();
    if (targetMs < startMs) {
      throw new RangeError(
        `The clock only goes forward: it is ${new Date(startMs).toISOString()}, which is after ${new Date(targetMs).toISOString()}.`,
      );
    }
    if (targetMs - startMs > longestMoveDays * 86_400_000) {
      throw new RangeError('The clock moves on by ten years at most in one go.');
    }
    const tries = countTries();
    onMove(true);
    try {
      standAt(startMs);
      for (let moments = 0; moments < mostMoments; moments += 1) {
        const next = await earliest(targetMs, tries);
        if (!next) break;
        standAt(Math.max(nowMs(), next.dueMs));
        await attempt(next.source, tries);
        await wait(tries.count(next.source, next.dueMs));
      }
      standAt(targetMs);
      // What was given up on the way gets its last chance at the target itself.
      for (const source of tries.givenUp()) await attempt(source, tries);
      const unfinished = await describeUnfinished(targetMs, tries);
      for (const line of unfinished) log(line);
      return { now: new Date(targetMs), unfinished };
    } finally {
      offsetMs = nowMs() - machineNow().getTime();
      onMove(false);
      store.write(offsetName, String(offsetMs));
      standingAtMs = undefined;
    }
  }

  function standAt(momentMs: number): void {
    if (momentMs === standingAtMs) return;
    standingAtMs = momentMs;
    // Kept at each step: after a kill -9 the clock must not be before what has already happened.
    store.write(offsetName, String(momentMs - machineNow().getTime()));
  }

  async function earliest(
    targetMs: number,
    tries: Tries,
  ): Promise<{ source: ClockSource; dueMs: number } | undefined> {
    let found: { source: ClockSource; dueMs: number } | undefined;
    for (const source of sources) {
      const dueMs = await dueMsOf(source);
      if (dueMs > targetMs || tries.isGivenUp(source, dueMs)) continue;
      if (!found || dueMs < found.dueMs) found = { source, dueMs };
    }
    return found;
  }

  async function attempt(source: ClockSource, tries: Tries): Promise<void> {
    await source.runDue().catch((problem: Error) => tries.blame(source, problem.message));
    // One source's work may have set off another's: a renewal its webhook, a webhook its letter.
    for (const each of sources) {
      const problem = await settle(each, tries.patienceMs(each));
      if (problem) tries.losePatience(each, problem);
    }
  }

  async function describeUnfinished(targetMs: number, tries: Tries): Promise<string[]> {
    const lines: string[] = [];
    for (const source of sources) {
      const dueMs = await dueMsOf(source);
      const reason = tries.problemOf(source);
      if (dueMs <= targetMs) {
        const since = new Date(dueMs).toISOString();
        lines.push(`${source.name} still has something due since ${since}${reason ? `: ${reason}` : ''}`);
      } else if (tries.patienceMs(source) < settlingMs) {
        lines.push(`${source.name} ${reason}`);
      }
    }
    return lines;
  }
}

async function dueMsOf(source: ClockSource): Promise<number> {
  return (await source.nextDueAt())?.getTime() ?? Number.POSITIVE_INFINITY;
}

/** Answers what went wrong, if something did: a move goes on all the same. */
async function settle(source: ClockSource, patienceMs: number): Promise<string | undefined> {
  if (!source.settled) return undefined;
  const inTime = new AbortController();
  const tooLate = wait(patienceMs, `did not settle within ${settlingMs / 1000} s`, {
    signal: inTime.signal,
  }).catch(() => undefined);
  const settling = source.settled().then(
    () => undefined,
    (problem: Error) => `did not settle: ${problem.message}`,
  );
  const problem = await Promise.race([settling, tooLate]);
  inTime.abort();
  return problem;
}

interface Tries {
  /** Notes one more try at this moment and answers how long to wait before the next, for work that others have begun. */
  count(source: ClockSource, dueMs: number): number;
  isGivenUp(source: ClockSource, dueMs: number): boolean;
  givenUp(): ClockSource[];
  blame(source: ClockSource, problem: string): void;
  /** A source that once did not settle in time is not waited for so long again in this move. */
  losePatience(source: ClockSource, problem: string): void;
  patienceMs(source: ClockSource): number;
  problemOf(source: ClockSource): string | undefined;
}

/** A source that stays due at one moment must not stop the clock for ever. */
function countTries(): Tries {
  const counts = new Map<ClockSource, { dueMs: number; tries: number }>();
  const givenUpUntil = new Map<ClockSource, number>();
  const problems = new Map<ClockSource, string>();
  const impatientWith = new Set<ClockSource>();
  return {
    count(source, dueMs) {
      const before = counts.get(source);
      const tries = before?.dueMs === dueMs ? before.tries + 1 : 1;
      counts.set(source, { dueMs, tries });
      if (tries >= mostTries) givenUpUntil.set(source, dueMs);
      return tries === 1 ? 0 : Math.min(tries, 10) * 5;
    },
    isGivenUp: (source, dueMs) => dueMs <= (givenUpUntil.get(source) ?? Number.NEGATIVE_INFINITY),
    givenUp: () => [...givenUpUntil.keys()],
    blame: (source, problem) => void problems.set(source, problem),
    problemOf: (source) => problems.get(source),
    losePatience(source, problem) {
      impatientWith.add(source);
      problems.set(source, problem);
    },
    patienceMs: (source) => (impatientWith.has(source) ? settlingMs / 100 : settlingMs),
  };
}

/** Where business time begins in a store in which nothing has happened yet: the clock never goes back afterwards. */
export function beginClockAt(
  store: Pick<Store, 'read' | 'write'>,
  begins: Date,
  machineNow: () => Date,
): void {
  if (store.read(offsetName) !== undefined) throw new Error('The clock has been moved here before');
  store.write(offsetName, String(begins.getTime() - machineNow().getTime()));
}

/** The business time of a sandbox that another process runs, read from its store. */
export function clockBeside(store: Pick<Store, 'read'>, machineNow: () => Date): () => Date {
  return () => new Date(machineNow().getTime() + Number(store.read(offsetName) ?? 0));
}

function later(fromMs: number, duration: Temporal.Duration, timeZone: string): number {
  const from = Temporal.Instant.fromEpochMilliseconds(Math.trunc(fromMs)).toZonedDateTimeISO(timeZone);
  return from.add(duration).epochMilliseconds;
}

function parseDuration(text: string): Temporal.Duration {
  let duration: Temporal.Duration;
  try {
    duration = Temporal.Duration.from(text);
  } catch {
    throw new RangeError('Not a duration. Write it as ISO 8601 does: "P1D", "P1M", "P1Y", "PT2H".');
  }
  if (duration.sign < 0)
    throw new RangeError('The clock only goes forward: the duration must not be negative.');
  return duration;
}

function parseInstant(text: string): number {
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    throw new RangeError('Not a moment. Write it with its zone: "2027-03-01T09:00:00Z".');
  }
}
