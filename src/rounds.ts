// What happens unasked: events to apply, letters to send, reminders due, settlement, and once a night the sweeping.
import { and, eq, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { deliverLetters, lettersNextDue } from './letters/deliver.ts';
import { held } from './outside/claim.ts';
import { describeError } from './outside/log.ts';
import type { Nudge, Services } from './outside/services.ts';
import {
  remindersNextDue,
  satisfyReminders,
  sendDueReminders,
  sweepReminders,
} from './reminders/send-due.ts';
import { rounds } from './schema.ts';
import { applyEvents, nextEventDue } from './stripe/apply.ts';
import { nextSettlementDue, settle } from './stripe/settle.ts';
import { addDays, localDate, startOfDay } from './values/calendar.ts';
import { sweepIdempotentAnswers } from './web/idempotency.ts';
import { sweepLimits } from './web/limits.ts';

export interface Rounds {
  /** Begins a kind of work soon, or once more after the run that is under way. */
  nudge(work: Nudge): void;
  /** When the next unasked thing is due, in business time. */
  nextDueAt(): Promise<Date | null>;
  /** Does all that is due now, and what that makes due in turn. */
  runDue(): Promise<void>;
  /** Resolves when nothing that was nudged is still under way. */
  settled(): Promise<void>;
  /** The machine's time of the last completed beat: readiness looks at it. */
  lastBeatAt(): Date | null;
  stop(): Promise<void>;
}

const beatMs = 1000;
/** The hour of the night, in the publication's zone, in which sweeping and mending are done. */
const nightlyHour = 3;

/** Starts this instance's rounds. Any number of instances may run them: every piece of work is a claimed row. */
export function startRounds(services: Services): Rounds {
  const stopping = new AbortController();
  const { signal } = stopping;
  const acts: Record<Nudge | 'nightly', () => Promise<unknown>> = {
    events: () => applyEvents(services),
    reminders: async () => {
      await satisfyReminders(services);
      await sendDueReminders(services);
    },
    letters: () => deliverLetters(services, { signal }),
    settlement: () => settle(services),
    nightly: () => runNightly(services),
  };
  const works = new Map(
    Object.entries(acts).map(([name, act]) => [name, single(() => quietly(services, name, act))]),
  );
  const run = (name: string) => works.get(name)?.run() ?? Promise.resolve();
  let lastBeatAt: Date | null = null;
  let beating: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function runAll(): Promise<void> {
    // In the order in which one causes the next: an event may satisfy a reminder, both may cause letters.
    for (const name of ['events', 'reminders', 'letters', 'settlement', 'nightly']) {
      if (!signal.aborted) await run(name);
    }
    lastBeatAt = services.machineNow();
  }

  function beat(): void {
    timer = setTimeout(() => {
      beating = runAll().finally(() => {
        if (!signal.aborted) beat();
      });
    }, beatMs);
  }
  beat();

  return {
    nudge(work) {
      if (!signal.aborted) void run(work);
    },
    async nextDueAt() {
      const dues = await Promise.all([
        nextEventDue(services),
        remindersNextDue(services),
        lettersNextDue(services),
        nextSettlementDue(services),
        nextNightly(services),
      ]);
      return dues.filter((due) => due !== null).sort((a, b) => a.getTime() - b.getTime())[0] ?? null;
    },
    runDue: runAll,
    async settled() {
      await Promise.all([...works.values()].map((work) => work.settled()));
    },
    lastBeatAt: () => lastBeatAt,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await beating;
      await Promise.all([...works.values()].map((work) => work.settled()));
    },
  };
}

/** Runs an act one at a time; whoever asks while it runs gets one more run after it. */
function single(act: () => Promise<void>): { run(): Promise<void>; settled(): Promise<void> } {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const start = () => {
    running = act().finally(() => {
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

/** One kind of work that fails must not stop the others; the next beat tries again. */
async function quietly(services: Services, name: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    services.log.error({ round: name, ...describeError(error) }, 'A round failed and will be tried again');
  }
}

/** The nightly round is itself a claimed row: one instance does it, and another takes over if that one dies. */
async function runNightly(services: Services): Promise<void> {
  const now = services.now();
  const machineNow = services.machineNow();
  await services.database
    .insert(rounds)
    .values({ name: 'nightly', dueAt: nextNight(services, now) })
    .onConflictDoNothing();
  const [row] = await services.database
    .update(rounds)
    .set({
      leasedUntil: new Date(machineNow.getTime() + 10 * 60_000),
      fence: sql`${rounds.fence} + 1`,
      attempts: sql`${rounds.attempts} + 1`,
    })
    .where(
      and(
        eq(rounds.name, 'nightly'),
        lte(rounds.dueAt, now),
        or(isNull(rounds.leasedUntil), lt(rounds.leasedUntil, machineNow)),
      ),
    )
    .returning();
  if (!row) return;
  await sweepReminders(services);
  await sweepLimits(services);
  await sweepIdempotentAnswers(services);
  await services.database
    .update(rounds)
    .set({ dueAt: nextNight(services, now), lastDoneAt: now, leasedUntil: null, attempts: 0 })
    .where(held(rounds, row));
}

async function nextNightly(services: Services): Promise<Date | null> {
  const [row] = await services.database
    .select({ dueAt: rounds.dueAt })
    .from(rounds)
    .where(
      and(
        eq(rounds.name, 'nightly'),
        or(isNull(rounds.leasedUntil), lt(rounds.leasedUntil, services.machineNow())),
      ),
    );
  return row?.dueAt ?? null;
}

function nextNight({ config }: Services, now: Date): Date {
  const { timeZone } = config.publication;
  const at = (date: string) => new Date(startOfDay(date, timeZone).getTime() + nightlyHour * 3_600_000);
  const today = localDate(now, timeZone);
  return at(today) > now ? at(today) : at(addDays(today, 1));
}
