// Killed between two steps, at nine of them: after every restart the books and the letters end as if nothing had happened.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscribedTypes } from '../../src/stripe/events.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { freePorts, type RealProcess, startMain } from '../harness/real-main.ts';

type Rows = Record<string, unknown>[];

let database: FreshDatabase;
let postOffice: PostOffice;
let env: Record<string, string>;
let stripeUrl: string;
let folder: string;
let main: RealProcess;
const reminded: string[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  postOffice = await openPostOffice();
  folder = mkdtempSync(join(tmpdir(), 'favor-killed-'));
  const [port, stripePort] = await freePorts(2);
  stripeUrl = `http://localhost:${stripePort}`;
  env = {
    PORT: String(port),
    DATABASE_URL: database.url,
    SANDBOX_DATA: folder,
    SANDBOX_STRIPE_PORT: String(stripePort),
    SMTP_URL: postOffice.url,
  };
  main = await startMain(env);
}, 120_000);
afterAll(async () => {
  await main.kill();
  await postOffice.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Each leaves the service killed in the middle of something. */
const kills: Record<string, () => Promise<unknown>> = {
  async 'while a checkout is being begun, with the session made and its answer lost'() {
    await ask('/sandbox/faults', {
      calls: { path: '/v1/checkout/sessions', status: 500, times: 9, after_effect: true, delay_ms: 5000 },
    });
    const lost = beginCheckout('once').catch(() => 'lost');
    await until("select 1 from checkouts where state = 'begun'", 1);
    await wait(50);
    await main.kill();
    expect(await lost).toBe('lost');
  },

  async 'right after a reader has paid'() {
    await pay(await beginCheckout('month'));
    await main.kill();
  },

  async 'before an event is noted, so that Stripe gets no answer'() {
    const session = await beginCheckout('once');
    await holding('stripe_events', async () => {
      await pay(session);
      await somethingWaitsFor('stripe_events');
      await main.kill();
    });
  },

  async 'between two webhooks of several gifts'() {
    const sessions = await Promise.all([
      beginCheckout('month'),
      beginCheckout('once'),
      beginCheckout('year'),
    ]);
    const [before] = await rows('select count(*)::int as n from stripe_events');
    await Promise.all(sessions.map(pay));
    await until('select id from stripe_events', Number(before?.n) + 2);
    await main.kill();
  },

  async 'in the middle of the books: the payment is written, its letter is not'() {
    const session = await beginCheckout('once');
    await holding('letters', async () => {
      await pay(session);
      await somethingWaitsFor('letters');
      await main.kill();
    });
  },

  async 'when a letter’s recipient has been named'() {
    postOffice.at('recipient', () => main.kill());
    await pay(await beginCheckout('once'));
    await postOffice.struck();
  },

  async 'at the final dot of a letter, which the mail server has taken'() {
    postOffice.at('dot', () => main.kill());
    await pay(await beginCheckout('month'));
    await postOffice.struck();
  },

  async 'while the fees of a gift are being asked for'() {
    await ask('/sandbox/faults', {
      calls: { path: '/v1/payment_intents', status: 500, times: 50, delay_ms: 3000 },
    });
    await pay(await beginCheckout('once'));
    await until('select 1 from payments where settle_attempts > 0 and settled_at is null', 1);
    await main.kill();
  },

  async 'right after a reminder was asked for'() {
    const email = `reader-${reminded.length}@example.org`;
    await ask('/api/v1/reminders', { email, when: 'month' }, 202);
    reminded.push(email);
    await main.kill();
  },
};

for (const [moment, kill] of Object.entries(kills)) {
  test(`killed ${moment}, it comes back and goes on`, async () => {
    await kill();
    await comeBack();
    // Two seconds each, when the machine has nothing else to do.
  }, 120_000);
}

test('every payment at Stripe is in the books once, with its amount and its fee', async () => {
  await ask('/sandbox/clock', { advance: 'PT2H' });
  await quiet();
  const atStripe = (await listed('payment_intents'))
    .filter((intent) => intent.status === 'succeeded')
    .map((intent) => ({ intent: intent.id, amount: String(intent.amount), settled: true }));
  const inBooks = await rows(
    'select stripe_payment_intent_id as intent, amount_minor as amount, settled_at is not null as settled from payments',
  );
  expect(sorted(inBooks)).toEqual(sorted(atStripe));
  expect(inBooks).toHaveLength(9);
}, 120_000);

test('every subscription is one membership with one beginning', async () => {
  const atStripe = (await listed('subscriptions')).map(({ id, status }) => ({ id, standing: status }));
  const kept = await rows('select stripe_subscription_id as id, standing from memberships');
  expect(sorted(kept)).toEqual(sorted(atStripe));
  expect(await rows('select movement from membership_changes')).toEqual(
    atStripe.map(() => ({ movement: 'new' })),
  );
});

test('no event is lost, given up or done twice over', async () => {
  const told = (await listed('events'))
    .filter(({ type }) => subscribedTypes.some((each) => each === type))
    .map((event) => event.id);
  expect(told.length).toBeGreaterThan(20);
  const noted = await rows('select id from stripe_events');
  expect(noted.map((event) => event.id).sort()).toEqual(told.sort());
  expect(await rows("select id, problem from stripe_events where state in ('waiting', 'dead')")).toEqual([]);
});

test('every payment is thanked for once; a letter that may have come twice says so and has one Message-ID', async () => {
  const letters = await rows(
    `select l.state, l.message_id from payments p
     left join letters l on l.kind = 'thank-you' and l.facts->>'paymentId' = p.id::text`,
  );
  expect(letters).toHaveLength(9);
  const copies = letters.map(({ state, message_id }) => [state, postOffice.accepted(String(message_id))]);
  const once = copies.filter(([state, times]) => times === 1 && (state === 'sent' || state === 'ambiguous'));
  const twice = copies.filter(([state, times]) => times === 2 && state === 'ambiguous');
  expect(once.length + twice.length).toBe(9);
  // The one whose final dot was the last thing the service sent.
  expect(twice.length).toBeGreaterThanOrEqual(1);
});

test('the reminder that was promised is there, and is asked to be confirmed once at most', async () => {
  expect(await rows('select state from reminders')).toEqual(reminded.map(() => ({ state: 'unconfirmed' })));
  const [letter] = await rows("select state, message_id from letters where kind = 'reminder-confirmation'");
  const copies = postOffice.accepted(String(letter?.message_id));
  if (letter?.state === 'sent') expect(copies).toBe(1);
  else expect([letter?.state, copies <= 1]).toEqual(['ambiguous', true]);
});

test('nothing was mailed that the outbox does not know', async () => {
  const known = (await rows('select message_id from letters')).map((row) => String(row.message_id));
  expect(postOffice.messageIds().filter((id) => !known.includes(id))).toEqual([]);
});

async function comeBack(): Promise<void> {
  // Leases run on the machine's clock: as though it had lain dead for two minutes.
  for (const table of ['stripe_events', 'letters', 'reminders', 'rounds']) {
    await rows(`update ${table} set leased_until = leased_until - interval '2 minutes'`);
  }
  main = await startMain(env);
  await ask('/sandbox/faults', {});
  await quiet();
}

/** Until no noted event waits and every letter has gone. */
async function quiet(): Promise<void> {
  await none("select 1 from stripe_events where state = 'waiting'");
  await none("select 1 from letters where state in ('queued', 'sending', 'deferred')");
}

async function beginCheckout(frequency: 'once' | 'month' | 'year'): Promise<string> {
  const { url } = await ask('/api/v1/checkouts', { frequency, amount_minor: 1200, currency: 'USD' }, 201);
  return /cs_test_[A-Za-z0-9]+/.exec(String(url))?.[0] ?? '';
}

async function pay(session: string): Promise<void> {
  const email = `${session.slice(-8).toLowerCase()}@example.org`;
  const paid = await ask(`/sandbox/checkouts/${session}/pay`, { card: '4242424242424242', email });
  expect(paid).toEqual({ outcome: 'paid' });
}

async function ask(path: string, body: object, status = 200): Promise<Record<string, unknown>> {
  const answer = await fetch(`${main.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const said = await answer.text();
  if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${said}`);
  return JSON.parse(said);
}

async function listed(kind: string): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for (let more = true; more; ) {
    const after = all.length > 0 ? `&starting_after=${String(all.at(-1)?.id)}` : '';
    const answer = await fetch(`${stripeUrl}/v1/${kind}?limit=100${after}`, {
      headers: { authorization: 'Bearer sk_test_looking' },
    });
    const page = (await answer.json()) as { data: Record<string, unknown>[]; has_more: boolean };
    all.push(...page.data);
    more = page.has_more;
  }
  return all;
}

async function rows(query: string): Promise<Rows> {
  return (await database.pool.query<Record<string, unknown>>(query)).rows;
}

async function until(query: string, many: number): Promise<void> {
  await within(async () => (await rows(query)).length >= many, query);
}

async function none(query: string): Promise<void> {
  await within(async () => (await rows(query)).length === 0, `none left of ${query}`);
}

/** Holds a table while `work` runs: whoever writes there stands still in the middle of it. */
async function holding(table: string, work: () => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query(`begin; lock table ${table} in exclusive mode`);
    await work();
  } finally {
    await client.query('rollback');
    client.release();
  }
}

async function somethingWaitsFor(table: string): Promise<void> {
  await until(`select 1 from pg_locks where relation = '${table}'::regclass and not granted`, 1);
}

async function within(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const begun = performance.now();
  while (!(await isSo())) {
    if (performance.now() - begun > 60_000) throw new Error(`It did not come to pass: ${what}`);
    await wait(3);
  }
}

function sorted(given: object[]): string[] {
  return given.map((each) => JSON.stringify(each)).sort();
}

interface PostOffice {
  url: string;
  /** Calls `strike` once, the next time a letter has come so far; that letter gets no answer. */
  at(step: 'recipient' | 'dot', strike: () => Promise<void>): void;
  struck(): Promise<void>;
  /** How often a letter was taken in whole. */
  accepted(messageId: string): number;
  messageIds(): string[];
  close(): Promise<void>;
}

/** A mail server that outlives the service, and can see it die at a step of its choosing. */
async function openPostOffice(): Promise<PostOffice> {
  const taken = new Map<string, number>();
  let armed: { step: 'recipient' | 'dot'; strike: () => Promise<void> } | undefined;
  let striking: Promise<void> | undefined;
  const strikesAt = (step: 'recipient' | 'dot') => {
    if (armed?.step !== step) return false;
    striking = armed.strike();
    armed = undefined;
    return true;
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo(_address, _session, answer) {
      if (!strikesAt('recipient')) answer();
    },
    onData(stream, _session, answer) {
      let letter = '';
      stream.setEncoding('utf8').on('data', (part: string) => {
        letter += part;
      });
      stream.on('end', () => {
        const id = /^message-id:\s*(<[^>]*>)/im.exec(letter)?.[1] ?? 'none';
        taken.set(id, (taken.get(id) ?? 0) + 1);
        if (!strikesAt('dot')) answer();
      });
    },
  });
  server.on('error', () => {});
  const [port] = await freePorts(1);
  await new Promise<void>((resolve) => server.listen(port ?? 0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${port}`,
    at(step, strike) {
      armed = { step, strike };
    },
    async struck() {
      await within(async () => armed === undefined, 'a letter comes so far');
      await striking;
    },
    accepted: (messageId) => taken.get(messageId) ?? 0,
    messageIds: () => [...taken.keys()],
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
