// Order and repetition never matter: whatever comes when, and how often, the books end the same, to the byte.
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Tx, transact } from '../../src/outside/database.ts';
import { askStripe } from '../../src/stripe/ask.ts';
import { meaningOf } from '../../src/stripe/events.ts';
import type { Fact } from '../../src/stripe/fact.ts';
import { keepFacts } from '../../src/stripe/keep.ts';
import { understand } from '../../src/stripe/understand.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type Act, anyAct, type History, happen } from './history.ts';

/** `ORDERS=all`: all 720 orders one by one too, and twenty times as many histories; for the patient. */
const patient = process.env.ORDERS === 'all';

let database: FreshDatabase;
// One for each: what a test that was cut short still holds is nobody else's.
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

describe('all orders of six events, and of any of them, with any repetition, lead to the same books', () => {
  test.each(stories())(
    '%s',
    async (_name, acts, six) => {
      const history = await happen(database.url, acts);
      try {
        const events = six.flatMap((index) => history.events[index] ?? []);
        expect(events).toHaveLength(6);
        await everyOrder(history, [], events);
        if (patient) await everyOrderOneByOne(history, events);
      } finally {
        await history.close();
      }
    },
    patient ? 1_200_000 : 120_000,
  );
});

test(
  'whatever happens at Stripe, whatever is heard first and whatever twice, the books end the same',
  async () => {
    const anyHistory = fc.record({
      acts: fc.array(anyAct, { minLength: 4, maxLength: 12 }),
      /** Which events come in another version's rendering, of which nothing can be read. */
      foreign: fc.array(fc.nat({ max: 60 }), { maxLength: 3 }),
      shuffles: fc.tuple(fc.infiniteStream(fc.nat()), fc.infiniteStream(fc.nat())),
    });
    await fc.assert(
      fc.asyncProperty(anyHistory, async ({ acts, foreign, shuffles }) => {
        const history = await happen(database.url, [firstGift, ...acts]);
        try {
          const events = history.events.map((event, index) =>
            foreign.includes(index) ? inAnotherVersion(event) : event,
          );
          const told = await booksAfter(history, events);
          for (const chance of shuffles) {
            const order = shuffled(events, chance);
            const repeated = [...order, ...order.slice(0, 3)];
            for (const portion of [1, 4, repeated.length]) {
              expect(await booksAfter(history, repeated, portion)).toBe(told);
            }
            // 120 orders of the last five, with all that was told before in any order.
            await everyOrder(history, order.slice(0, -5), order.slice(-5));
          }
        } finally {
          await history.close();
        }
      }),
      { numRuns: patient ? 60 : 3, endOnFailure: true },
    );
  },
  patient ? 7_200_000 : 240_000,
);

const firstGift: Act = { act: 'give', who: 0, frequency: 'month', amount: 500, card: 'good' };

function shuffled<T>(list: readonly T[], chance: Iterator<number>): T[] {
  const rest = [...list];
  return list.flatMap(() => rest.splice((chance.next().value ?? 0) % rest.length, 1));
}

/** Shapes of another version mean nothing here: only the object's id can be relied on. */
function inAnotherVersion(event: Stripe.Event): Stripe.Event {
  const { id } = event.data.object as { id?: string };
  return JSON.parse(JSON.stringify({ ...event, api_version: '2019-02-19', data: { object: { id } } }));
}

/** Stories that take each way at least once, and which six of their events say most. */
function stories(): [string, Act[], number[]][] {
  return [
    [
      'a gift, given back in two parts of which both fail',
      [
        { act: 'give', who: 0, frequency: 'once', amount: 1200, card: 'refunds fail' },
        { act: 'refund', of: 0, share: 3 },
        { act: 'refund', of: 0, share: 3 },
        { act: 'wait', days: 4 },
      ],
      [0, 1, 3, 4, 6, 9],
    ],
    [
      'a gift disputed and won',
      [
        { act: 'give', who: 0, frequency: 'once', amount: 500, card: 'is disputed' },
        { act: 'answer the dispute', of: 0, how: 'winning_evidence' },
        { act: 'wait', days: 1 },
      ],
      [0, 1, 4, 5, 7, 8],
    ],
    [
      'a gift disputed and won, and lost after all',
      [
        { act: 'give', who: 0, frequency: 'once', amount: 500, card: 'is disputed' },
        { act: 'answer the dispute', of: 0, how: 'winning_then_losing_evidence' },
        { act: 'wait', days: 2 },
      ],
      [0, 4, 7, 8, 9, 10],
    ],
    [
      'a plan begun, changed twice, paused and ended within one second',
      [
        { act: 'give', who: 0, frequency: 'month', amount: 500, card: 'good' },
        { act: 'change the amount', of: 0, amount: 700 },
        { act: 'change the amount', of: 0, amount: 500 },
        { act: 'end with the period', of: 0 },
        { act: 'end at once', of: 0 },
      ],
      [0, 3, 6, 7, 8, 9],
    ],
    [
      'a card that fails, a plan that is lost, and the reader who comes back',
      [
        { act: 'give', who: 0, frequency: 'month', amount: 500, card: 'fails later' },
        { act: 'wait', days: 31 },
        { act: 'wait', days: 35 },
        { act: 'give', who: 0, frequency: 'year', amount: 3000, card: 'good' },
      ],
      [0, 2, 6, 7, 8, 12],
    ],
    [
      'a second monthly gift beside an older one, which then is set to end',
      [
        { act: 'give', who: 0, frequency: 'month', amount: 500, card: 'good' },
        { act: 'wait', days: 4 },
        { act: 'give', who: 0, frequency: 'month', amount: 700, card: 'good' },
        { act: 'end with the period', of: 0 },
      ],
      [2, 3, 6, 8, 9, 12],
    ],
    [
      'a renewal that the reader had to mend',
      [
        { act: 'give', who: 0, frequency: 'month', amount: 1200, card: 'asks each time' },
        { act: 'wait', days: 31 },
        { act: 'pay the open invoice', of: 0 },
        { act: 'pause', of: 0 },
        { act: 'wait', days: 35 },
        { act: 'go on', of: 0 },
      ],
      [0, 2, 7, 8, 9, 11],
    ],
  ];
}

/**
 * Every order of these events, with every repetition. If each event leads from the books of one set to the books of the larger set,
 * whichever set that is, and changes nothing where it is known, then all orders of a set lead to the same books:
 * the books are all that the next event meets.
 */
async function everyOrder(
  history: History,
  before: readonly Stripe.Event[],
  events: readonly Stripe.Event[],
): Promise<void> {
  const books = new Map<number, string>();
  const differing: string[] = [];
  const meet = (set: number, now: string, how: string) => {
    const known = books.get(set);
    if (known === undefined) books.set(set, now);
    else if (known !== now) differing.push(`${how}\n${differences(known, now)}`);
  };
  const visit = async (tx: Tx, set: number, next: number): Promise<void> => {
    for (const [index, event] of events.entries()) {
      const larger = set | (1 << index);
      await undone(tx, async (inner) => {
        await deliver(history, inner, event);
        const names = events.filter((_, each) => set & (1 << each)).map(({ type }) => type);
        meet(larger, await readBooks(inner), `${event.type} after ${names.join(', ')}`);
        if (index >= next) await visit(inner, larger, index + 1);
      });
    }
  };
  await transact(history.services, (tx) =>
    undone(tx, async (inner) => {
      for (const event of before) await deliver(history, inner, event);
      meet(0, await readBooks(inner), 'before all');
      await visit(inner, 0, 0);
    }),
  );
  expect(differing).toEqual([]);
}

/** The same without that reasoning: each order delivered from the first to the last. Orders that begin alike share their beginning. */
async function everyOrderOneByOne(history: History, events: readonly Stripe.Event[]): Promise<void> {
  const ends = new Set<string>();
  let orders = 0;
  const visit = async (tx: Tx, left: readonly Stripe.Event[]): Promise<void> => {
    if (left.length === 0) {
      orders += 1;
      ends.add(await readBooks(tx));
    }
    for (const [index, event] of left.entries()) {
      await undone(tx, async (inner) => {
        await deliver(history, inner, event);
        await visit(inner, left.toSpliced(index, 1));
      });
    }
  };
  await transact(history.services, (tx) => undone(tx, (inner) => visit(inner, events)));
  expect([orders, ends.size]).toEqual([720, 1]);
}

function differences(one: string, other: string): string {
  const [left, right] = [one.split('\n'), other.split('\n')];
  return [
    ...left.filter((line) => !right.includes(line)).map((line) => `- ${line}`),
    ...right.filter((line) => !left.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}

/** In portions of so many; those of one are delivered alone. */
async function booksAfter(history: History, events: readonly Stripe.Event[], portion = 1): Promise<string> {
  let books = '';
  await transact(history.services, (tx) =>
    undone(tx, async (inner) => {
      for (let at = 0; at < events.length; at += portion)
        await deliverTogether(history, inner, events.slice(at, at + portion));
      books = await readBooks(inner);
    }),
  );
  return books;
}

/** What a delivery comes to, as in life but for the noting of the event itself. */
async function deliver(history: History, tx: Tx, event: Stripe.Event): Promise<void> {
  const { services } = history;
  const keeping = keepingIn(history);
  await understand(meaningOf(event), {
    ask: (question) => answerOnce(history, JSON.stringify(question), () => askStripe(services, question)),
    async keep(facts) {
      let question = null;
      await undone(tx, async (inner) => {
        const [outcome] = await keepFacts({ ...keeping, tx: inner }, [{ facts }]);
        question = outcome?.question ?? null;
        return question === null;
      });
      return question;
    },
  });
}

const keepingIn = ({ services }: History) => ({
  now: services.now(),
  keys: services.keys,
  letterDomain: 'example.org',
});

/** Many deliveries at once: those that have no question are kept together, the others alone. */
async function deliverTogether(history: History, tx: Tx, events: readonly Stripe.Event[]): Promise<void> {
  let together = events.filter((event) => 'facts' in meaningOf(event));
  for (let asking = together; asking.length > 0; ) {
    await undone(tx, async (inner) => {
      const told = together.map((event) => {
        const meaning = meaningOf(event);
        return { facts: 'facts' in meaning ? meaning.facts : [] };
      });
      const outcomes = await keepFacts({ ...keepingIn(history), tx: inner }, told);
      asking = together.filter((_, index) => outcomes[index]?.question);
      return asking.length === 0;
    });
    together = together.filter((event) => !asking.includes(event));
  }
  for (const event of events) if (!together.includes(event)) await deliver(history, tx, event);
}

const answers = new WeakMap<History, Map<string, Promise<Fact[]>>>();

/** Stripe's answers do not change while time stands still; asking once spares the calls. */
function answerOnce(history: History, name: string, ask: () => Promise<Fact[]>): Promise<Fact[]> {
  const known = answers.get(history) ?? new Map<string, Promise<Fact[]>>();
  answers.set(history, known);
  const answer = known.get(name) ?? ask();
  known.set(name, answer);
  return answer;
}

/** Work within a savepoint that is rolled back, unless the work answers true. */
async function undone(tx: Tx, work: (inner: Tx) => Promise<unknown>): Promise<void> {
  await tx.execute(sql`savepoint here`);
  const stays = await work(tx);
  await tx.execute(stays === true ? sql`release savepoint here` : sql`rollback to savepoint here`);
  if (stays !== true) await tx.execute(sql`release savepoint here`);
}

/** All that Stripe's events write, by Stripe's own ids: ours are random, and addresses are sealed anew each time. */
async function readBooks(tx: Tx): Promise<string> {
  const { rows } = await tx.execute<{ books: unknown }>(sql`select jsonb_pretty(jsonb_build_object(
    'readers', (select json_agg(encode(address_hash, 'hex') order by address_hash) from readers),
    'customers', (select json_agg(json_build_array(c.stripe_customer_id, encode(r.address_hash, 'hex')) order by c.stripe_customer_id)
      from customers c join readers r on r.id = c.reader_id),
    'checkouts', (select json_agg(to_jsonb(c) - 'reader_id' || jsonb_build_object('reader', encode(r.address_hash, 'hex')) order by c.id)
      from checkouts c left join readers r on r.id = c.reader_id),
    'payments', (select json_agg(to_jsonb(p) - '{id,reader_id,membership_id}'::text[]
        || jsonb_build_object('reader', encode(r.address_hash, 'hex'), 'membership', m.stripe_subscription_id)
        order by p.stripe_invoice_id, p.stripe_payment_intent_id)
      from payments p join readers r on r.id = p.reader_id left join memberships m on m.id = p.membership_id),
    'links', (select json_agg(to_jsonb(l) order by l.stripe_payment_intent_id) from invoice_payments l),
    'adjustments', (select json_agg(to_jsonb(a) - '{id,payment_id}'::text[]
        || jsonb_build_object('invoice', p.stripe_invoice_id, 'charge', p.stripe_charge_id) order by a.stripe_id, a.kind, a.part)
      from adjustments a join payments p on p.id = a.payment_id),
    'memberships', (select json_agg(to_jsonb(m) - '{id,reader_id}'::text[]
        || jsonb_build_object('reader', encode(r.address_hash, 'hex')) order by m.stripe_subscription_id)
      from memberships m left join readers r on r.id = m.reader_id),
    'looks', (select json_agg(to_jsonb(l) - '{id,membership_id}'::text[] || jsonb_build_object('membership', m.stripe_subscription_id)
        order by m.stripe_subscription_id, l.looked_at, l.rank, l.digest, l.replaced)
      from membership_looks l join memberships m on m.id = l.membership_id),
    'movements', (select json_agg(to_jsonb(c) - 'reader_id' || jsonb_build_object('reader', encode(r.address_hash, 'hex'))
        order by r.address_hash, c.currency, c.happened_at, c.movement)
      from membership_changes c join readers r on r.id = c.reader_id),
    'failures', (select json_agg(to_jsonb(f) - '{id,membership_id}'::text[] || jsonb_build_object('membership', m.stripe_subscription_id)
        order by f.stripe_invoice_id, f.attempt)
      from payment_failures f join memberships m on m.id = f.membership_id),
    'second gifts', (select json_agg(json_build_array(o.stripe_subscription_id, n.stripe_subscription_id, g.state, g.keeps, g.created_at)
        order by o.stripe_subscription_id, n.stripe_subscription_id)
      from second_gifts g join memberships o on o.id = g.older_id join memberships n on n.id = g.newer_id),
    'warnings', (select json_agg(to_jsonb(w) - '{id,payment_id}'::text[] order by w.stripe_warning_id) from fraud_warnings w),
    'declines', (select json_agg(to_jsonb(d) order by d.stripe_payment_intent_id, d.declined_at) from declines d),
    'disputes', (select json_agg(to_jsonb(d) - '{id,payment_id}'::text[] order by d.stripe_dispute_id) from disputes d),
    'letters', (select json_agg(json_build_array(l.key, l.class, l.locale, encode(r.address_hash, 'hex')) order by l.key)
      from letters l join readers r on r.id = l.reader_id)
  )) as books`);
  return String(rows[0]?.books);
}
