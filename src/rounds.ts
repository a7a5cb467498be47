// What happens unasked: events to apply, letters to send, reminders due, settlement, and once a night the sweeping.
import { setTimeout as wait } from 'node:timers/promises';
import { and, eq, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { sweepSignIns } from './account/sign-in.ts';
import { writeStatements } from './account/statements.ts';
import { refreshImported } from './ledger/imported.ts';
import { lettersNextDue } from './letters/claims.ts';
import { deliverLetters } from './letters/deliver.ts';
import { sweepMailEvents } from './mail/receive.ts';
import { held } from './outside/claim.ts';
import { describeError, problemOf } from './outside/log.ts';
import type { Nudge, Services } from './outside/services.ts';
import {
  type Heard,
  remindersNextDue,
  satisfyReminders,
  sendDueReminders,
  sweepReminders,
} from './reminders/send-due.ts';
import { foldChanges } from './reports/prepared-fold.ts';
import { reckoningOf } from './reports/reckoning.ts';
import { readSummary } from './reports/summary.ts';
import { rounds } from './schema.ts';
import { nextReportLetterDue, writeReportLetters } from './staff/report-letters.ts';
import { applyEvents, nextEventDue } from './stripe/apply.ts';
import { forgetDeclines, watchForCardTesting } from './stripe/card-testing.ts';
import { openFresh } from './stripe/fresh.ts';
import { tellAhead } from './stripe/notices.ts';
import { keepOnePromise, nextPromiseDue } from './stripe/one-promise.ts';
import { reconcile } from './stripe/reconcile.ts';
import { nextSettlementDue, settle } from './stripe/settle.ts';
import { addDays, localDate, startOfDay } from './values/calendar.ts';
import { sweepIdempotentAnswers } from './web/idempotency.ts';
import { sweepLimits } from './web/limits.ts';
import { sweepSessions } from './web/session.ts';

export interface Rounds {
  /** Begins a kind of work soon, or once more after the run that is under way. */
  nudge(work: Nudge): void;
  /** When the next unasked thing is due, in business time. */
  nextDueAt(): Promise<Date | null>;
  /** Does what is due now; what that makes due in turn is nudged. */
  runDue(): Promise<void>;
  /** Resolves when nothing that was nudged is still under way. */
  settled(): Promise<void>;
  /** The machine's time of the last completed beat: readiness looks at it. */
  lastBeatAt(): Date | null;
  stop(): Promise<void>;
}

type Work = Nudge | 'summaries' | 'nightly' | 'reconciling' | 'figures';

const beatMs = 1000;
const longestTurnMs = 10_000;
/** Events that came so shortly ago are likely to be followed by others. */
const arrivingMs = 20;
/** While events are applied changes wait for so long: most readers are told of by several, and are then folded once. */
const unfoldedMs = 5000;
/** The hour of the night, in the publication's zone, in which sweeping and mending are done. */
const nightlyHour = 3;
const reconcilingHour = 4;
/** How far back a night's walk through Stripe compares; what never arrived is looked for further back. */
const reconciledDays = 3;

/**
 * Starts this instance's rounds. Any number of instances may run them: every piece of work is a claimed row. `fresh`: what this
 * instance's webhook door accepted.
 */
export function startRounds(services: Services, fresh = openFresh()): Rounds {
  const stopping = new AbortController();
  const { signal } = stopping;
  let lastArrivalMs = Number.NEGATIVE_INFINITY;
  const arriving = () => performance.now() - lastArrivalMs < arrivingMs;
  let applying = false;
  let foldedMs = performance.now();
  let heard: Heard | null = null;
  // In the order in which one causes the next: an event may bring a second gift or satisfy a reminder, all may cause letters.
  const works: Record<Work, Runs> = {
    events: oneAtATime(services, 'events', async () => {
      applying = true;
      await applyEvents(services, { fresh, arriving }).finally(() => {
        applying = false;
      });
    }),
    promises: oneAtATime(services, 'promises', () => keepOnePromise(services)),
    reminders: oneAtATime(services, 'reminders', async () => {
      heard = await satisfyReminders(services, heard);
      await sendDueReminders(services);
    }),
    summaries: oneAtATime(services, 'summaries', () =>
      writeReportLetters(services, (days) =>
        readSummary(services.database, reckoningOf(services.config), services.now(), days),
      ),
    ),
    letters: oneAtATime(services, 'letters', () => deliverLetters(services, { signal })),
    settlement: oneAtATime(services, 'settlement', async () => {
      await settle(services);
      await watchForCardTesting(services);
    }),
    nightly: oneAtATime(services, 'nightly', () => runNightly(services)),
    reconciling: oneAtATime(services, 'reconciling', () => runReconciling(services, signal)),
    figures: oneAtATime(services, 'figures', async () => {
      while (!signal.aborted && (await foldChanges(services)));
      foldedMs = performance.now();
    }),
  };
  const names = Object.keys(works) as Work[];
  const duesOf: Record<Work, () => Promise<Date | null>> = {
    events: () => nextEventDue(services),
    promises: () => nextPromiseDue(services),
    reminders: () => remindersNextDue(services),
    summaries: () => nextReportLetterDue(services),
    letters: () => lettersNextDue(services),
    settlement: () => nextSettlementDue(services),
    nightly: () => nextNightly(services),
    // By the machine's time: what it mends are real outages, and a clock moved on by a year has none of them.
    reconciling: async () => null,
    // Reports are exact without: they only take longer the more is left to fold.
    figures: async () => null,
  };
  let lastBeatAt: Date | null = null;
  let beating: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const patience = () => wait(longestTurnMs, undefined, { signal, ref: false }).catch(() => {});

  async function runAll(): Promise<void> {
    for (const name of names) {
      // By an interval of its own, below.
      if (name === 'figures') continue;
      // A walk through Stripe takes as long as it takes; nothing else waits for it.
      if (name === 'reconciling') void works[name].run();
      // One causes the next; but a backlog of one must not keep back all others.
      else if (!signal.aborted) await Promise.race([works[name].run(), patience()]);
    }
    lastBeatAt = services.machineNow();
  }

  async function dues(): Promise<{ name: Work; at: Date }[]> {
    const all = await Promise.all(names.map(async (name) => ({ name, at: await duesOf[name]() })));
    return all.flatMap(({ name, at }) => (at === null ? [] : [{ name, at }]));
  }

  function beat(): void {
    timer = setTimeout(() => {
      beating = runAll().finally(() => {
        if (!signal.aborted) beat();
      });
    }, beatMs);
  }
  beat();
  // By itself: a backlog of events must not let grow what reports have to count besides the kept sums.
  const folding = setInterval(() => {
    if (!applying || performance.now() - foldedMs > unfoldedMs) void works.figures.run();
  }, beatMs);

  return {
    nudge(work) {
      if (work === 'events') lastArrivalMs = performance.now();
      if (!signal.aborted) void works[work].run();
    },
    async nextDueAt() {
      const earliest = (await dues()).sort((a, b) => a.at.getTime() - b.at.getTime())[0];
      return earliest?.at ?? null;
    },
    async runDue() {
      const now = services.now();
      for (const { name, at } of await dues()) {
        if (at <= now && !signal.aborted) await works[name].run();
      }
    },
    async settled() {
      await Promise.all(names.map((name) => works[name].settled()));
    },
    lastBeatAt: () => lastBeatAt,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      clearInterval(folding);
      await beating;
      await Promise.all(names.map((name) => works[name].settled()));
    },
  };
}

interface Runs {
  run(): Promise<void>;
  settled(): Promise<void>;
}

/**
 * Runs a kind of work one at a time; whoever asks while it runs gets one more run after it.
 * Work that fails does not stop the others: it is logged, and the next beat tries again.
 */
function oneAtATime(services: Services, name: Work, act: () => Promise<unknown>): Runs {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const start = () => {
    running = act()
      .then(
        () => {},
        (error: unknown) =>
          services.log.error(
            { round: name, ...describeError(error) },
            'A round failed and will be tried again',
          ),
      )
      .finally(() => {
        running = null;
      });
    return running;
  };
  return {
    run() {
      if (running === null) return start();
      next ??= running.then(() => {
        next = null;
        return start();
      });
      return next;
    },
    async settled() {
      while (running !== null) await running;
    },
  };
}

type Round = 'nightly' | 'reconcile';

async function runNightly(services: Services): Promise<void> {
  const now = services.now();
  await arrange(services, 'nightly', nextNight(services, now));
  const row = await claimRound(services, 'nightly', now, 10);
  if (!row) return;
  await sweepReminders(services);
  await refreshImported(services, now);
  await tellAhead(services);
  await writeStatements(services);
  services.nudge('letters');
  await sweepLimits(services);
  await sweepSessions(services);
  await sweepSignIns(services);
  await sweepIdempotentAnswers(services);
  await sweepMailEvents(services);
  await forgetDeclines(services);
  await services.database
    .update(rounds)
    .set({ dueAt: nextNight(services, now), lastDoneAt: now, leasedUntil: null, attempts: 0 })
    .where(held(rounds, row));
}

/** One instance walks; when it dies another goes on where it was. Nothing is asked of Stripe twice in one night. */
async function runReconciling(services: Services, signal: AbortSignal): Promise<void> {
  const machineNow = services.machineNow();
  const tonight = nextNight(services, machineNow, reconcilingHour);
  await arrange(services, 'reconcile', tonight);
  const row = await claimRound(services, 'reconcile', machineNow, 2);
  if (!row) return;
  const due = (dueAt: Date, facts: Partial<typeof rounds.$inferInsert> = {}) =>
    services.database
      .update(rounds)
      .set({ dueAt, leasedUntil: null, ...facts })
      .where(eq(rounds.name, 'reconcile'));
  const soon = (minutes: number) => new Date(services.machineNow().getTime() + minutes * 60_000);
  try {
    const outcome = await reconcile(services, {
      scope: 'nightly',
      since: new Date(services.now().getTime() - reconciledDays * 86_400_000),
      signal,
    });
    if ('report' in outcome) await due(tonight, { lastDoneAt: services.now(), attempts: 0, problem: null });
    else await due(soon(outcome.stopped === 'asked to' ? 0 : 5));
  } catch (error) {
    // Stripe stayed away for minutes. The walk is gone on with when it may be back.
    await due(soon(30), { problem: problemOf(error) });
    throw error;
  }
}

async function nextNightly(services: Services): Promise<Date | null> {
  const [row] = await services.database
    .select({ dueAt: rounds.dueAt, leasedUntil: rounds.leasedUntil })
    .from(rounds)
    .where(eq(rounds.name, 'nightly'));
  if (!row) {
    // Kept at once: asked again at that very moment, the answer would be the night after it.
    const dueAt = nextNight(services, services.now());
    await arrange(services, 'nightly', dueAt);
    return dueAt;
  }
  const taken = row.leasedUntil !== null && row.leasedUntil >= services.machineNow();
  return taken ? null : row.dueAt;
}

async function arrange({ database }: Services, name: Round, dueAt: Date): Promise<void> {
  await database.insert(rounds).values({ name, dueAt }).onConflictDoNothing();
}

/** A round is itself a claimed row: one instance does it, and another takes over if that one dies. */
async function claimRound(services: Services, name: Round, now: Date, leaseMinutes: number) {
  const machineNow = services.machineNow();
  const [row] = await services.database
    .update(rounds)
    .set({
      leasedUntil: new Date(machineNow.getTime() + leaseMinutes * 60_000),
      fence: sql`${rounds.fence} + 1`,
      attempts: sql`${rounds.attempts} + 1`,
    })
    .where(
      and(
        eq(rounds.name, name),
        lte(rounds.dueAt, now),
        or(isNull(rounds.leasedUntil), lt(rounds.leasedUntil, machineNow)),
      ),
    )
    .returning();
  return row;
}

function nextNight({ config }: Services, now: Date, hour = nightlyHour): Date {
  const { timeZone } = config.publication;
  const at = (date: string) => new Date(startOfDay(date, timeZone).getTime() + hour * 3_600_000);
  const today = localDate(now, timeZone);
  return at(today) > now ? at(today) : at(addDays(today, 1));
}
