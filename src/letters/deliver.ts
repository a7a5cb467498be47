// Deliver: takes waiting letters, one claim at a time, and hands each to the mail server once.
import { setTimeout } from 'node:timers/promises';
import { transact } from '../outside/database.ts';
import { problemOf } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import type { Message } from '../outside/smtp.ts';
import { type Answer, accepted, type Outcome, outcomeOf, readAnswer } from './answer.ts';
import {
  type Claimed,
  claimLetters,
  classesDue,
  giveBack,
  leaseSeconds,
  lettersNextDue,
  type PutOff,
  putOff,
  renewClaims,
} from './claims.ts';
import { isOftenFull } from './feedback.ts';
import type { LetterClass } from './outbox.ts';
import { mailServer, openPauses, type Pauses } from './pauses.ts';
import { type Recipient, renderLetter } from './render.ts';
import { suppress } from './suppression.ts';
import { openTeller, type Teller } from './teller.ts';

type LetterServices = Pick<
  Services,
  'config' | 'now' | 'machineNow' | 'database' | 'keys' | 'mailer' | 'log' | 'nudge'
>;

/** How many letters ended how, in one call. */
export type Delivered = Record<Outcome['state'], number>;

/**
 * Sends every letter that is due, and resolves when none is left, or after some seconds: then it asks to be called again, so
 * that other work has its turn and is seen to. One call at a time per instance: together its lanes hold no more letters than
 * the mailer has connections, so that a crash leaves no more than that in doubt. `signal` ends it after the letters that are
 * on their way.
 */
export async function deliverLetters(
  services: LetterServices,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Delivered> {
  const counts: Delivered = { sent: 0, deferred: 0, refused: 0, ambiguous: 0 };
  const nextAt = await lettersNextDue(services);
  if (nextAt === null || nextAt > services.now()) return counts;
  const endsAtMs = services.machineNow().getTime() + longestCallMs;
  const lasted = () => services.machineNow().getTime() >= endsAtMs;
  const run: Run = {
    pauses: await openPauses(services),
    teller: await openTeller(services, leaseSeconds),
    unwritten: new Set(),
    counts,
    stopped: () => run.halted || signal?.aborted === true || lasted(),
    halted: false,
    onTheirWay: new Map(),
    toPutOff: [],
  };
  const beat = setInterval(() => void renewLeases(services, run), renewMs);
  try {
    const bulk = drain(services, run, services.mailer.connections, ['money', 'confirm', 'reminder']);
    // Access letters have a connection of their own, for as long as the others take.
    await together(run, [bulk, drain(services, run, 1, ['access'], bulk)]);
    return counts;
  } finally {
    clearInterval(beat);
    await run.teller.close();
    await putOff(services, run.toPutOff);
    await giveBack(services, [...run.onTheirWay.values()]);
    if (lasted()) services.nudge('letters');
  }
}

const renewMs = 15_000;
const longestCallMs = 10_000;
const claimedPerLane = 40;
const accessLookMs = 250;

interface Run {
  teller: Teller;
  pauses: Pauses;
  /** Outcomes on their way to the book. */
  unwritten: Set<Promise<void>>;
  failure?: { problem: unknown };
  counts: Delivered;
  stopped(): boolean;
  /** The mail server is away or does not let us in: the rest waits for the next call. */
  halted: boolean;
  /** Claimed by this call and not finished: their leases are renewed. */
  onTheirWay: Map<string, Claimed>;
  /** Not to be tried now; written back together. */
  toPutOff: PutOff[];
}

/** Works through these classes, the first of them first, on so many lanes; with `until` it keeps looking until that ends. */
async function drain(
  services: LetterServices,
  run: Run,
  lanes: number,
  classes: readonly LetterClass[],
  until?: Promise<void>,
): Promise<void> {
  const { take, settled } = supply(services, run, lanes * claimedPerLane, classes);
  let staying = until !== undefined;
  const end = () => {
    staying = false;
  };
  const over = until?.then(end, end);
  const lane = async () => {
    while (!run.stopped()) {
      const letter = await take();
      if (letter) await deliver(services, run, letter);
      else if (staying) await Promise.race([over, setTimeout(accessLookMs, undefined, { ref: false })]);
      else return;
    }
  };
  try {
    await together(run, Array.from({ length: lanes }, lane));
  } finally {
    await settled();
    await Promise.allSettled(run.unwritten);
  }
  if (run.failure) throw run.failure.problem;
}

/** Waits for all, also when one fails: the others end after the letter in their hands. */
async function together(run: Run, lanes: Promise<void>[]): Promise<void> {
  const halt = (problem: unknown) => {
    run.halted = true;
    throw problem;
  };
  for (const end of await Promise.allSettled(lanes.map((lane) => lane.catch(halt)))) {
    if (end.status === 'rejected') throw end.reason;
  }
}

/** Hands out claimed letters one by one and claims more when they run out; null when nothing is due. */
function supply(
  services: LetterServices,
  run: Run,
  most: number,
  classes: readonly LetterClass[],
): { take(): Promise<Claimed | null>; settled(): Promise<void> } {
  const ready: Claimed[] = [];
  let claiming: Promise<void> | null = null;
  const claimMore = async () => {
    await putOff(services, run.toPutOff.splice(0));
    await run.pauses.refresh();
    for (const one of await classesDue(services, classes)) {
      if (ready.length >= most || run.stopped()) return;
      for (const letter of await claimLetters(services, one, most - ready.length)) {
        run.onTheirWay.set(letter.id, letter);
        ready.push(letter);
      }
    }
  };
  const claimOnce = () => {
    claiming ??= claimMore().finally(() => {
      claiming = null;
    });
    return claiming;
  };
  return {
    async take() {
      if (ready.length === 0) await claimOnce();
      // The next batch comes while this one is being sent; where that fails, the next look says so.
      else if (ready.length === Math.floor(most / 2)) claimOnce().catch(() => {});
      return ready.shift() ?? null;
    },
    async settled() {
      await claiming?.catch(() => {});
    },
  };
}

/**
 * Sends one letter. Its outcome is on its way to the book when this resolves: a lane's next letter is noted together with it,
 * so that no lane ever holds two letters whose fate is open.
 */
async function deliver(services: LetterServices, run: Run, letter: Claimed): Promise<void> {
  let outcome: Outcome | null;
  try {
    outcome = await attempt(services, run, letter);
  } catch (error) {
    run.onTheirWay.delete(letter.id);
    throw error;
  }
  if (outcome === null) {
    run.onTheirWay.delete(letter.id);
    return;
  }
  const { state } = outcome;
  const written = finish(services, run, letter, outcome)
    .then((ours) => {
      if (ours) run.counts[state]++;
    })
    .finally(() => {
      run.onTheirWay.delete(letter.id);
      run.unwritten.delete(written);
    });
  // Nobody waits for it alone: the call ends with what went wrong.
  written.catch((problem: unknown) => {
    run.halted = true;
    run.failure ??= { problem };
  });
  run.unwritten.add(written);
}

/**
 * Null when the letter is not sent now: no longer ours, taken over by another, taken back, held back by the guards, or put off
 * because its domain is paused or has had enough for the moment.
 */
async function attempt(services: LetterServices, run: Run, letter: Claimed): Promise<Outcome | null> {
  let message: Message;
  let domain: string;
  try {
    const recipient = openRecipient(services, letter);
    domain = recipient.address.split('@').at(-1)?.toLowerCase() ?? '';
    if (mustWait(services, run, letter, domain)) return null;
    message = renderLetter(services, letter, recipient);
  } catch (error) {
    // A letter that cannot be written must not hold up the others; it is tried again until its deadline.
    const problem = `not written: ${problemOf(error)}`;
    services.log.error({ letter: letter.id, kind: letter.kind, problem }, 'A letter could not be written');
    return outcomeOf(letter, { meaning: 'later', problem, statedSeconds: null, ofUs: false }, services.now());
  }
  if (!(await ourTurn(services, run, letter)) || !(await run.teller.note(letter))) return null;
  try {
    await services.mailer.send(message);
  } catch (error) {
    const answer = readAnswer(error);
    services.log.warn(
      { letter: letter.id, kind: letter.kind, problem: answer.problem },
      'A letter was not taken',
    );
    await heed(services, run, domain, answer);
    return outcomeOf(letter, answer, services.now());
  }
  await run.pauses.end(mailServer);
  if (letter.class === 'reminder') await run.pauses.end(domain);
  return accepted(letter);
}

/** Puts a letter off whose domain is paused for reminders, or has had as many as it may have for the moment. */
function mustWait(services: LetterServices, run: Run, letter: Claimed, domain: string): boolean {
  const { mailer } = services;
  const atMs = services.machineNow().getTime();
  if (letter.class === 'access') {
    mailer.throttles.hurry(domain, atMs);
    return false;
  }
  const now = services.now();
  const pausedUntil = letter.class === 'reminder' ? run.pauses.until(domain, now) : null;
  const waitMs = pausedUntil === null ? mailer.throttles.domainWaitMs(domain, atMs) : 0;
  if (pausedUntil === null && waitMs === 0) return false;
  const dueAt = pausedUntil ?? new Date(now.getTime() + waitMs);
  run.toPutOff.push({
    letter,
    dueAt: dueAt < letter.expiresAt ? dueAt : letter.expiresAt,
    problem: pausedUntil === null ? null : 'policy pause',
  });
  return true;
}

/** Waits until all letters together may go faster no longer; false when the call ends meanwhile. */
async function ourTurn(services: LetterServices, run: Run, letter: Claimed): Promise<boolean> {
  if (letter.class === 'access') return true;
  for (;;) {
    const waitMs = services.mailer.throttles.overallWaitMs(services.machineNow().getTime());
    if (waitMs === 0) return true;
    if (run.stopped()) {
      run.toPutOff.push({ letter, dueAt: letter.dueAt, problem: null });
      return false;
    }
    await setTimeout(Math.min(waitMs, 1000));
  }
}

/** What an answer says beyond its own letter. */
async function heed(services: LetterServices, run: Run, domain: string, answer: Answer): Promise<void> {
  const { meaning, ofUs, problem } = answer;
  if (meaning === 'unreachable' || ofUs) run.halted = true;
  if (meaning !== 'policy' && !ofUs) return;
  await run.pauses.begin(services.now(), ofUs ? mailServer : domain, problem);
  services.log.error(
    { problem },
    ofUs
      ? 'The mail server takes nothing from us: letters wait until that is mended'
      : 'A domain refuses our letters for what we are: its reminders wait an hour',
  );
}

/** Writes what became of the letter, and what that says of its address. */
async function finish(
  services: LetterServices,
  run: Run,
  letter: Claimed,
  outcome: Outcome,
): Promise<boolean> {
  const ours = await run.teller.finish(letter, outcome);
  const { readerId } = letter;
  if (!ours || readerId === null || outcome.problem === null) return ours;
  const dead = outcome.problem.includes('no-such-address');
  if (
    dead ||
    (outcome.problem.includes('mailbox-full') && (await isOftenFull(services.database, readerId)))
  ) {
    await transact(services, (tx) => suppress(tx, services.now(), readerId, 'dead-address'));
  }
  return ours;
}

function openRecipient(services: LetterServices, { sealed }: Claimed): Recipient {
  return {
    address: services.keys.open('address', sealed.address).toString(),
    name: sealed.name === null ? null : services.keys.open('name', sealed.name).toString(),
    invitation: sealed.invitation,
    discreet: sealed.discreet,
  };
}

async function renewLeases(services: LetterServices, run: Run): Promise<void> {
  try {
    await renewClaims(services, [...run.onTheirWay.values()]);
  } catch (error) {
    services.log.warn({ problem: problemOf(error) }, 'The leases of letters could not be renewed');
  }
}
