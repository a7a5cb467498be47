// Fills the sandbox with a year of made-up readers, who act through the same doors as real ones; no table is written by hand.
import { existsSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import { type House, openHouse } from '../house.ts';
import { completeConfig, describeFaults, readSettings, type Settings } from '../outside/config.ts';
import { transact } from '../outside/database.ts';
import { setGoal } from '../staff/goals.ts';
import { subscribedTypes } from '../stripe/events.ts';
import { addDays, addMonths, localDate } from '../values/calendar.ts';
import { isCurrency } from '../values/money.ts';
import { type Coming, openDoors } from './demo-doors.ts';
import { planYear } from './demo-plan.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const readersInAYear = 370;
const dayMs = 86_400_000;

async function main(): Promise<void> {
  // What the environment says already goes before.
  if (existsSync('.env')) process.loadEnvFile();
  const read = readSettings({
    ...process.env,
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
    // Every made-up reader comes from a network of their own, and the limits stay on.
    TRUSTED_PROXY_HOPS: '1',
  });
  if ('faults' in read) return fail(describeFaults(read.faults));
  const { settings } = read;
  if (!(['database', 'stripe', 'mail'] as const).every((part) => settings.standIns.includes(part))) {
    return fail(
      'The demo only fills a sandbox: leave DATABASE_URL, STRIPE_SECRET_KEY and SMTP_URL empty for it.',
    );
  }
  const closing: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const open of closing.splice(0).reverse()) await open.close();
  };
  const stopping = stopOnSignals();
  try {
    const today = new Date();
    const sandbox = await openSandbox(settings, aYearAfter(today, -1));
    closing.push(sandbox);
    const house = await openHouseIn(settings, sandbox);
    closing.push(house);
    await fill(house, sandbox, today, stopping);
  } catch (error) {
    fail(`The demo could not go on: ${error instanceof Error ? error.message : String(error)}`);
  }
  await close();
}

function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

function openSandbox(settings: Settings, beginsAt: Date): Promise<Sandbox> {
  const { folder, stripePort, smtpPort } = settings.sandbox;
  return startSandbox({
    folder,
    port: settings.port,
    portIsNeeded: true,
    baseUrl: settings.baseUrl,
    stripePort,
    smtpPort,
    standIns: { database: true, stripe: true, mail: true },
    timeZone: settings.publication.timeZone,
    log: (line) => process.stderr.write(`${line}\n`),
    webhookTypes: async () => subscribedTypes,
    beginsAt,
    hasty: true,
  });
}

async function openHouseIn(settings: Settings, sandbox: Sandbox): Promise<House> {
  const { databaseUrl, smtpUrl, appKeys, stripeUrl, stripeKey, webhookSecret } = sandbox;
  if (!databaseUrl || !smtpUrl || !stripeUrl || !stripeKey || !webhookSecret) {
    throw new Error('a part of the sandbox is missing');
  }
  const stripe = { secretKey: stripeKey, webhookSecrets: [webhookSecret], apiUrl: stripeUrl };
  const config = completeConfig(settings, { databaseUrl, smtpUrl, appKeys, stripe });
  const clocks = { now: sandbox.now, machineNow: sandbox.machineNow };
  const house = await openHouse(config, clocks, { host: '127.0.0.1' });
  sandbox.clock.register({
    name: 'The service',
    nextDueAt: () => house.rounds.nextDueAt(),
    runDue: () => house.rounds.runDue(),
    settled: () => house.rounds.settled(),
  });
  return house;
}

async function fill(house: House, sandbox: Sandbox, today: Date, stopping: AbortSignal): Promise<void> {
  const { clock, stripe: payments, mailbox, folder } = sandbox;
  if (!payments || !mailbox) throw new Error('a part of the sandbox is missing');
  const begins = clock.now();
  // A sandbox that has been used goes on from its own day: to the end of a year begun before, or a year ahead.
  const ends = begins.getTime() < today.getTime() - dayMs ? today : aYearAfter(begins, 1);
  const months = monthsBetween(begins, ends);
  const { services } = house;
  const first = (await readersSoFar(house)) + 1;
  const count = Math.round((readersInAYear * (ends.getTime() - begins.getTime())) / (365 * dayMs));
  const perform = openDoors({ baseUrl: services.config.baseUrl, payments, stripe: services.stripe, mailbox });
  const coming = inTheirOrder(planYear({ begins, ends, first, count }).map(perform));

  say(`A year of made-up readers, ${dayOf(begins)} to ${dayOf(ends)}, in ${folder}.`);
  say('They give, promise, fail, change their minds and are reminded through the service’s own doors.');
  say();
  say(row(['', 'once', 'regularly', 'members', 'new', 'lost', 'asked', 'reminded', 'gave', 'received']));
  const unfinished = new Set<string>();
  const moveTo = async (moment: Date) => {
    if (moment <= clock.now()) return;
    const moved = await clock.to(moment.toISOString());
    for (const line of moved.unfinished) unfinished.add(line);
  };
  for (const month of months) {
    for (let next = coming.take(month.ends); next; next = coming.take(month.ends)) {
      await moveTo(next.at);
      coming.add(await next.happen());
      if (stopping.aborted)
        return say('Stopped half-way; what has happened stays, and the demo can be begun again.');
    }
    await moveTo(month.ends);
    say(row(await tellMonth(house, month)));
  }
  for (const line of unfinished) say(line);
  await setGoals(house);
  say();
  say(`That took ${Math.round(performance.now() / 1000)} s. It is ${dayOf(clock.now())} in there now.`);
  say('Look at it with: npm start');
  say(
    'It prints a link to the staff desk, where the year is to be seen; the letters are in the sandbox’s mailbox.',
  );
}

/** What is to happen, the earliest first; what happens at one moment stays in the order in which it was added. */
function inTheirOrder(planned: Coming[]): {
  take(before: Date): Coming | undefined;
  add(more: Coming[]): void;
} {
  const waiting = [...planned];
  return {
    take: (before) => (waiting[0] && waiting[0].at < before ? waiting.shift() : undefined),
    add(more) {
      for (const one of more) {
        const place = waiting.findIndex((other) => other.at > one.at);
        waiting.splice(place < 0 ? waiting.length : place, 0, one);
      }
    },
  };
}

interface Month {
  begins: Date;
  ends: Date;
}

function monthsBetween(begins: Date, ends: Date): Month[] {
  const months: Month[] = [];
  for (let from = begins; from < ends; ) {
    const nextMonth = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
    const to = nextMonth < ends ? nextMonth : ends;
    months.push({ begins: from, ends: to });
    from = to;
  }
  return months;
}

async function readersSoFar({ services }: House): Promise<number> {
  const { rows } = await services.database.execute<{ readers: string }>(
    sql`select count(*) as readers from readers`,
  );
  return Number(rows[0]?.readers ?? 0);
}

async function tellMonth({ services }: House, { begins, ends }: Month): Promise<string[]> {
  const here = sql`>= ${begins.toISOString()}::timestamptz`;
  const { rows } = await services.database.execute<Record<string, string>>(sql`select
    (select count(*) from reporting.ledger where kind = 'payment' and membership_id is null and happened_at ${here}) as gifts,
    (select count(*) from reporting.ledger where kind = 'payment' and membership_id is not null and happened_at ${here}) as renewals,
    (select count(*) from reporting.memberships where standing in ('active', 'past_due')) as members,
    (select count(*) from reporting.membership_changes where movement in ('new', 'reactivation') and happened_at ${here}) as came,
    (select count(*) from reporting.membership_changes where movement like 'churn%' and happened_at ${here}) as lost,
    (select count(*) from reporting.reminders where created_at ${here}) as asked,
    (select count(*) from reporting.reminders where sent_at ${here}) as reminded,
    (select count(*) from reporting.reminders where gave_at ${here}) as gave,
    (select coalesce(sum(settled_amount_minor), 0) from reporting.ledger where happened_at ${here}) as received,
    (select max(settled_currency) from reporting.ledger) as currency`);
  const told = rows[0] ?? {};
  const counts = ['gifts', 'renewals', 'members', 'came', 'lost', 'asked', 'reminded', 'gave'] as const;
  const currency = told.currency ?? 'USD';
  const received = new Intl.NumberFormat('en', { style: 'currency', currency, maximumFractionDigits: 0 });
  return [
    new Date((begins.getTime() + ends.getTime()) / 2).toLocaleDateString('en', {
      month: 'short',
      year: 'numeric',
      timeZone: 'UTC',
    }),
    ...counts.map((name) => told[name] ?? ''),
    received.format(Number(told.received ?? 0) / 100),
  ];
}

/** As staff would: one of all gifts and one of the newest campaign, both under way, once each. */
async function setGoals({ services }: House): Promise<void> {
  const { timeZone, reportingCurrency: currency } = services.config.publication;
  if (!isCurrency(currency)) return;
  const now = services.now();
  const month = `${localDate(now, timeZone).slice(0, 7)}-01`;
  const firstOn = addMonths(month, -1);
  const { rows } = await services.database.execute<{ campaign: string | null; raised: string }>(sql`
    select campaign, coalesce(sum(amount_minor), 0) as raised from reporting.ledger
    where kind = 'payment' and currency = ${currency} and happened_at >= ${firstOn}::timestamp at time zone ${timeZone}
    group by grouping sets ((), (campaign)) having grouping(campaign) = 1 or campaign is not null
    order by campaign is not null, sum(amount_minor) desc limit 2`);
  const { rows: before } = await services.database.execute(
    sql`select 1 from goals where first_on = ${firstOn}::date`,
  );
  if (before.length > 0) return;
  for (const { campaign, raised } of rows) {
    const hundreds = Math.max(1, Math.round((Number(raised) * 1.6) / 10_000));
    await transact(services, (tx) =>
      setGoal(tx, now, {
        title: campaign === null ? 'Two reporters for the harbour desk' : `The campaign “${campaign}”`,
        campaign,
        targetMinor: BigInt(hundreds) * 10_000n,
        currency,
        firstOn,
        lastOn: addDays(addMonths(month, 2), -1),
      }),
    );
  }
}

function row([name = '', ...figures]: string[]): string {
  return name.padEnd(10) + figures.map((figure) => figure.padStart(10)).join('');
}

function aYearAfter(moment: Date, years: 1 | -1): Date {
  const moved = new Date(moment);
  moved.setUTCFullYear(moved.getUTCFullYear() + years);
  return moved;
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Ctrl+C ends it after the step under way; a second one at once. */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1);
      process.exitCode = 1;
      stopping.abort();
    });
  }
  return stopping.signal;
}

await main();
