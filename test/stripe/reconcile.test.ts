// Reconciling: what was missed is found, mended and told of to the minor unit; a walk cut short goes on; an empty database is filled again.
import { afterEach, describe, expect, test } from 'vitest';
import { type Outcome, reconcile, type Wish } from '../../src/stripe/reconcile.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
afterEach(() => service.close());

const books = {
  payments: `select kind, amount_minor, currency, paid_at, fees_covered_minor, membership_id is not null as linked, campaign, article,
      fee_minor, settled_currency, settled_net_minor, stripe_invoice_id, stripe_payment_intent_id
    from payments order by paid_at, amount_minor, stripe_payment_intent_id`,
  memberships: `select stripe_subscription_id, standing, amount_minor, currency, interval, started_at, period_ends_at, ends_at, ended_at,
      end_reason, campaign, reader_id is not null as known
    from memberships order by stripe_subscription_id`,
  movements: `select currency, happened_at, movement, mrr_delta, members from membership_changes
    order by happened_at, currency, movement, mrr_delta`,
  adjustments: `select stripe_id, kind, amount_minor, currency, happened_at, settled_amount_minor from adjustments
    order by stripe_id, kind`,
  checkouts: `select id, frequency, amount_minor, fees_covered_minor, currency, locale, article, campaign, stripe_session_id
    from checkouts where state = 'completed' order by id`,
  disputes:
    'select stripe_dispute_id, status, reason, amount_minor, opened_at, answer_by, answered from disputes',
  readers: `select encode(address_hash, 'hex') as address, locale from readers order by address_hash`,
  customers: `select stripe_customer_id, encode(address_hash, 'hex') as address from customers join readers on readers.id = reader_id
    order by stripe_customer_id`,
  links: 'select * from invoice_payments order by stripe_payment_intent_id',
  failures: `select stripe_invoice_id, attempt, amount_minor, currency, failed_at from payment_failures
    order by stripe_invoice_id, attempt`,
  warnings:
    'select stripe_warning_id, fraud_type, actionable, warned_at from fraud_warnings order by stripe_warning_id',
};

async function readBooks(): Promise<Record<string, Record<string, unknown>[]>> {
  const read: Record<string, Record<string, unknown>[]> = {};
  for (const [name, query] of Object.entries(books)) {
    read[name] = JSON.parse(JSON.stringify(await service.rows(query)));
  }
  return read;
}

async function walk(wish: Partial<Wish> = {}): Promise<Extract<Outcome, { report: unknown }>['report']> {
  const outcome = await reconcile(service.services, {
    since: null,
    scope: 'everything',
    perSecond: 10_000,
    firstWaitMs: 2,
    ...wish,
  });
  if (!('report' in outcome)) throw new Error(outcome.stopped);
  await service.settled();
  return outcome.report;
}

/** The whole database is lost, with all that readers had chosen. */
async function loseEverything(): Promise<void> {
  await service.rows(`truncate letters, disputes, adjustments, payments, invoice_payments, payment_failures, membership_changes, fraud_warnings,
    membership_looks, memberships, customers, stripe_events, checkouts, readers, reconciliations cascade`);
}

const drop = () => service.sandbox.stripe?.setFaults({ webhooks: { drop: 1 } });
const deliverAgain = () => service.sandbox.stripe?.setFaults({});
const only = async <T extends string>(query: string): Promise<Record<T, string>> =>
  ((await service.rows(query))[0] ?? {}) as Record<T, string>;
const stripe = () => service.services.stripe;

/** A month and more of several readers: gifts once and monthly, a changed amount, refunds, disputes, an ending. */
async function livePastAMonth(): Promise<void> {
  await service.give({
    frequency: 'once',
    amountMinor: 2500,
    campaign: 'spring',
    article: 'the-river',
    email: 'ada@example.org',
  });
  await service.give({ frequency: 'once', amountMinor: 3000, currency: 'JPY', email: 'rei@example.org' });
  await service.give({ frequency: 'month', amountMinor: 500, campaign: 'spring', email: 'ben@example.org' });
  await service.give({ frequency: 'month', amountMinor: 700, currency: 'EUR', email: 'cleo@example.org' });
  await service.give({ frequency: 'year', amountMinor: 9000, email: 'dan@example.org' });
  await service.give({
    frequency: 'once',
    amountMinor: 4000,
    email: 'eve@example.org',
    card: '4000000000000259',
  });
  await service.advance('P20D');
  const { pi } = await only<'pi'>(
    "select stripe_payment_intent_id as pi from payments where amount_minor = 2500 and currency = 'USD'",
  );
  await stripe().refunds.create({ payment_intent: pi, amount: 900 });
  await service.advance('P25D');
}

async function changeAmount(from: number, to: number): Promise<void> {
  const { id } = await only<'id'>(
    `select stripe_subscription_id as id from memberships where amount_minor = ${from}`,
  );
  const { items } = await stripe().subscriptions.retrieve(id);
  const [item] = items.data;
  await stripe().subscriptions.update(id, {
    proration_behavior: 'none',
    items: [
      {
        id: item?.id ?? '',
        price_data: {
          currency: item?.price.currency ?? 'usd',
          unit_amount: to,
          recurring: { interval: 'month' },
          product: String(item?.price.product),
        },
      },
    ],
  });
  await service.settled();
}

describe('when nothing was missed', () => {
  test('our books agree with Stripe, nothing is written, and every sum is the same on both sides', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await livePastAMonth();
    const before = await readBooks();
    const looks = await only<'n'>('select count(*) as n from membership_looks');
    const report = await walk();
    expect(report).toMatchObject({
      whole: true,
      events_missed: 0,
      failed: 0,
      checkouts: { adopted: 0, mended: 0 },
      memberships: { at_stripe: 3, missing: 0, standing: 0, amount: 0, period: 0, ending: 0, only_here: 0 },
    });
    const payments = report.money.filter(({ kind }) => kind === 'payment');
    expect(
      payments.map(({ currency, at_stripe, drift_minor }) => [currency, at_stripe, drift_minor]),
    ).toEqual([
      ['EUR', { count: 2, minor: 1400 }, 0],
      ['JPY', { count: 1, minor: 3000 }, 0],
      ['USD', { count: 5, minor: 2500 + 4000 + 9000 + 2 * 500 }, 0],
    ]);
    expect(report.money.filter(({ kind }) => kind !== 'payment')).toMatchObject([
      { kind: 'refund', at_stripe: { count: 1, minor: 900 }, here: { count: 1, minor: 900 } },
      { kind: 'dispute_withdrawn', at_stripe: { count: 1, minor: 4000 }, drift_minor: 0 },
    ]);
    expect(await readBooks()).toEqual(before);
    expect(await only('select count(*) as n from membership_looks')).toEqual(looks);
  }, 60_000);

  test('other products’ objects in the same account are passed over, without a call for each', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'once', amountMinor: 1000, email: 'ada@example.org' });
    const session = await stripe().checkout.sessions.create({
      mode: 'payment',
      success_url: 'http://localhost/shop',
      line_items: [
        { quantity: 1, price_data: { currency: 'usd', unit_amount: 777, product_data: { name: 'A mug' } } },
      ],
    });
    await service.sandbox.stripe?.pay(session.id, {
      card: '4242424242424242',
      email: 'shop@example.org',
      name: 'A Shopper',
      country: 'US',
    });
    const { payment_intent: intent } = await stripe().checkout.sessions.retrieve(session.id);
    await stripe().refunds.create({ payment_intent: String(intent), amount: 77 });
    await service.settled();
    const report = await walk();
    expect(report).toMatchObject({ whole: true, foreign: 3 });
    expect(report.money).toMatchObject([{ kind: 'payment', at_stripe: { count: 1, minor: 1000 } }]);
    // One for each kind of list, and no more.
    expect(report.requests).toBeLessThan(14);
  }, 30_000);
});

describe('what was missed', () => {
  test('money is mended and told of to the minor unit, per kind and currency; a second walk finds nothing', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await livePastAMonth();
    drop();
    await service.give({ frequency: 'once', amountMinor: 1234, currency: 'EUR', email: 'fay@example.org' });
    const { pi } = await only<'pi'>(
      "select stripe_payment_intent_id as pi from payments where amount_minor = 2500 and currency = 'USD'",
    );
    await stripe().refunds.create({ payment_intent: pi, amount: 111 });
    await service.advance('P17D');
    deliverAgain();
    const report = await walk();
    const line = (kind: string, currency: string) =>
      report.money.find((one) => one.kind === kind && one.currency === currency);
    // One monthly renewal of each currency fell into the outage.
    expect(line('payment', 'EUR')).toMatchObject({ drift_minor: 1234 + 700, missing: 2, mended: 2, left: 0 });
    expect(line('payment', 'USD')).toMatchObject({ drift_minor: 500, missing: 1, mended: 1, left: 0 });
    expect(line('refund', 'USD')).toMatchObject({ drift_minor: 111, missing: 1, mended: 1 });
    expect(report).toMatchObject({ whole: true, memberships: { period: 2, mended: 2 } });
    expect(report.events_missed).toBeGreaterThan(5);
    expect(await only('select sum(amount_minor)::int as sum from payments')).toEqual({
      sum: 2500 + 4000 + 9000 + 3 * 500 + 3 * 700 + 3000 + 1234,
    });
    const again = await walk();
    expect(again).toMatchObject({ whole: true, events_missed: 0, memberships: { mended: 0 } });
    expect(again.money.map(({ drift_minor, missing }) => [drift_minor, missing])).toEqual(
      again.money.map(() => [0, 0]),
    );
  }, 60_000);

  test('a membership that changed and one that ended, with movements on the days on which they happened', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'month', amountMinor: 500, email: 'ben@example.org' });
    await service.give({ frequency: 'month', amountMinor: 700, email: 'cleo@example.org' });
    await service.advance('P2D');
    drop();
    await changeAmount(500, 800);
    const { id } = await only<'id'>(
      'select stripe_subscription_id as id from memberships where amount_minor = 700',
    );
    await stripe().subscriptions.cancel(id);
    await service.advance('P4D');
    deliverAgain();
    const report = await walk();
    expect(report.memberships).toMatchObject({ standing: 1, amount: 1, mended: 2, left: 0 });
    expect(
      await service.rows(
        "select movement, mrr_delta::float as delta, happened_at::date::text as day from membership_changes where movement not in ('new') order by movement",
      ),
    ).toEqual([
      { movement: 'churn_voluntary', delta: -700, day: '2026-03-04' },
      { movement: 'expansion', delta: 300, day: '2026-03-04' },
    ]);
    // Four days later nobody waits to hear of it.
    expect((await service.letters('cleo@example.org')).map(({ subject }) => subject)).toHaveLength(1);
  }, 60_000);

  test('what differs in a way that cannot be mended is left to a person: another amount, a payment Stripe does not know', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'once', amountMinor: 1000, email: 'ada@example.org' });
    await service.give({ frequency: 'once', amountMinor: 2000, email: 'ben@example.org' });
    await service.rows('update payments set amount_minor = 1001 where amount_minor = 1000');
    await service.rows(`insert into payments (id, reader_id, kind, stripe_payment_intent_id, amount_minor, fees_covered_minor, currency,
        paid_at, settle_due_at, settled_at)
      select gen_random_uuid(), reader_id, 'once', 'pi_of_nowhere', 50, 0, 'USD', paid_at, paid_at, paid_at
      from payments where amount_minor = 2000`);
    const report = await walk();
    expect(report.whole).toBe(false);
    expect(report.money).toMatchObject([
      {
        at_stripe: { count: 2, minor: 3000 },
        here: { count: 2, minor: 3001 },
        drift_minor: -1,
        different: 1,
        left: 1,
        only_here: { count: 1, minor: 50 },
      },
    ]);
  }, 30_000);

  test('at night the last days and the running memberships are looked at, and events that never arrived', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'month', amountMinor: 500, email: 'ben@example.org' });
    drop();
    await service.give({ frequency: 'once', amountMinor: 1500, email: 'ada@example.org' });
    await service.advance('P10D');
    deliverAgain();
    const since = new Date(service.services.now().getTime() - 3 * 86_400_000);
    const report = await walk({ scope: 'nightly', since });
    // Older than three days, and found all the same: Stripe says that it never arrived.
    expect(report.events_missed).toBeGreaterThan(2);
    expect(await only('select count(*)::int as n from payments')).toEqual({ n: 2 });
    expect(report.money).toEqual([]);
  }, 30_000);
});

describe('every night', () => {
  test('the service walks by itself, once, and what was missed is there', async () => {
    service = await startService('2026-03-02T03:59:57Z');
    await service.give({ frequency: 'month', amountMinor: 500, email: 'ben@example.org' });
    drop();
    await service.give({ frequency: 'once', amountMinor: 1500, email: 'ada@example.org' });
    const second = await service.secondInstance();
    await expect
      .poll(() => service.rows('select scope from reconciliations where ended_at is not null'), {
        timeout: 12_000,
      })
      .toEqual([{ scope: 'nightly' }]);
    await second.rounds.settled();
    expect(await only('select count(*)::int as n from payments')).toEqual({ n: 2 });
    expect(
      await only(
        "select due_at::text as due, last_done_at is not null as done from rounds where name = 'reconcile'",
      ),
    ).toEqual({ due: '2026-03-03 04:00:00+00', done: true });
  }, 40_000);
});

describe('an empty database', () => {
  test('is filled again entirely: readers, checkouts, payments, fees, refunds, disputes, memberships and movements', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await livePastAMonth();
    const before = await readBooks();
    const sent = (await service.letters()).length;
    await loseEverything();
    const report = await walk();
    expect(report).toMatchObject({ whole: true, failed: 0, checkouts: { adopted: 6, mended: 6 } });
    expect(report.memberships).toMatchObject({ missing: 3, mended: 3 });
    expect(await readBooks()).toEqual(before);
    expect((await service.letters()).length).toBe(sent);
    expect(await walk()).toMatchObject({ whole: true, events_missed: 0 });
  }, 90_000);

  test('remembers amounts that changed and memberships that ended longer ago than any event', async () => {
    // When an amount was changed is forgotten; the first payment of the new one is not.
    service = await startService('2026-01-05T10:00:00Z');
    await service.give({ frequency: 'month', amountMinor: 500, email: 'ben@example.org' });
    await service.give({ frequency: 'month', amountMinor: 700, email: 'cleo@example.org' });
    await service.advance('P40D');
    await changeAmount(500, 900);
    await service.give({
      frequency: 'month',
      amountMinor: 1100,
      email: 'finn@example.org',
      card: '4000000000000341',
    });
    await service.give({
      frequency: 'once',
      amountMinor: 1700,
      email: 'gale@example.org',
      card: '4000000000005423',
    });
    const { id } = await only<'id'>(
      'select stripe_subscription_id as id from memberships where amount_minor = 700',
    );
    await stripe().subscriptions.update(id, { cancel_at_period_end: true });
    await service.settled();
    await service.advance('P80D');
    const sent = (await service.letters()).length;
    const { failures, warnings } = await readBooks();
    expect([failures?.length, warnings?.length]).toEqual([4, 1]);
    await loseEverything();
    const report = await walk();
    expect(report).toMatchObject({ whole: true, failures_mended: 4 });
    expect(await readBooks()).toMatchObject({ failures, warnings });
    const movements = await service.rows(
      'select movement, mrr_delta::float as delta, happened_at::date::text as day from membership_changes where abs(mrr_delta) <> 1100 order by happened_at, movement, delta',
    );
    expect(movements).toEqual([
      { movement: 'new', delta: 500, day: '2026-01-05' },
      { movement: 'new', delta: 700, day: '2026-01-05' },
      { movement: 'churn_voluntary', delta: -700, day: '2026-03-05' },
      { movement: 'expansion', delta: 400, day: '2026-03-05' },
    ]);
    expect((await service.letters()).length).toBe(sent);
  }, 90_000);
});

describe('a walk', () => {
  test('that is stopped goes on where it stopped, and reports the whole', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await livePastAMonth();
    await loseEverything();
    const stopping = new AbortController();
    const first = await reconcile(service.services, {
      since: null,
      scope: 'everything',
      perSecond: 10_000,
      signal: stopping.signal,
      progress: ({ step }) => {
        if (step === "memberships' payments") stopping.abort();
      },
    });
    expect(first).toEqual({ stopped: 'asked to' });
    const [left] = await service.rows<{ step: string; ended_at: null }>(
      'select step, ended_at from reconciliations',
    );
    expect(left).toMatchObject({ step: 'invoices', ended_at: null });
    const said: { step: string; resumed: boolean }[] = [];
    const report = await walk({ progress: (progress) => said.push(progress) });
    expect(said[0]).toMatchObject({ resumed: true });
    expect(said.map(({ step }) => step)).not.toContain('checkouts');
    expect(report).toMatchObject({
      whole: true,
      checkouts: { mended: 6 },
      memberships: { missing: 3, mended: 3 },
    });
    expect(report.money.find(({ kind, currency }) => kind === 'payment' && currency === 'EUR')).toMatchObject(
      {
        at_stripe: { count: 2, minor: 1400 },
        here: { count: 0, minor: 0 },
        mended: 2,
      },
    );
  }, 90_000);

  test('is done by one at a time', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'once', amountMinor: 1000, email: 'ada@example.org' });
    const wish = { since: null, scope: 'everything', perSecond: 10_000 };
    let second: Outcome | undefined;
    const first = await reconcile(service.services, {
      ...wish,
      progress: () => {
        void reconcile(service.services, wish).then((outcome) => {
          second = outcome;
        });
      },
    });
    await service.settled();
    expect('report' in first).toBe(true);
    expect(second).toEqual({ stopped: 'another is under way' });
  }, 30_000);

  test('waits when Stripe says it is too much or is away for a moment, and asks again', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'once', amountMinor: 1000, email: 'ada@example.org' });
    for (const status of [429, 500, 0]) {
      service.sandbox.stripe?.setFaults({ calls: { path: '/v1/charges', status, times: 3 } });
      const waits: number[] = [];
      const report = await walk({
        progress: ({ waitingSeconds }) => waitingSeconds !== undefined && waits.push(waitingSeconds),
      });
      expect(report).toMatchObject({ whole: true, failed: 0 });
      // A connection that is closed is tried once more by the package itself.
      expect(waits).toEqual([0.002, 0.004, 0.008].slice(0, status === 0 ? 1 : 3));
    }
  }, 30_000);

  test('ends when Stripe stays away, keeps what was done, and goes on the next time', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'once', amountMinor: 1000, email: 'ada@example.org' });
    await loseEverything();
    service.sandbox.stripe?.setFaults({ calls: { path: '/v1/charges', status: 500, times: 100 } });
    await expect(walk()).rejects.toThrow();
    expect(await service.rows('select step from reconciliations where ended_at is null')).toEqual([
      { step: 'charges' },
    ]);
    deliverAgain();
    expect(await walk()).toMatchObject({ whole: true });
    expect(await only('select count(*)::int as n from payments')).toEqual({ n: 1 });
  }, 60_000);

  test('keeps under the ceiling of calls a second', async () => {
    service = await startService('2026-03-02T10:00:00Z');
    await service.give({ frequency: 'once', amountMinor: 1000, email: 'ada@example.org' });
    const begun = performance.now();
    const report = await walk({ perSecond: 50 });
    expect(performance.now() - begun).toBeGreaterThanOrEqual((report.requests - 1) * 20 - 5);
  }, 30_000);
});
