// A checkout at the stand-in: paid, declined, challenged, settled days later, lapsed.
import Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stand } from './stand.ts';
import { monthlyParams, onceParams, startStand, subscribe } from './stand.ts';

describe('a checkout', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await startStand();
  });
  afterEach(() => stand.close());

  it('paid once tells of it in Stripe’s order and carries our metadata to the charge', async () => {
    const session = await stand.stripe.checkout.sessions.create(onceParams());
    expect(session.status).toBe('open');
    expect(session.payment_intent).toBeNull();
    expect(session.url).toBe(`${stand.standIn.url}/c/pay/${session.id}`);
    const paid = await stand.standIn.pay(session.id, {
      card: '4242 4242 4242 4242',
      name: 'Reader',
      country: 'de',
    });
    expect(paid).toEqual({ outcome: 'paid' });
    await stand.standIn.settled();
    expect(stand.types().slice(2)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
      'charge.updated',
    ]);
    const after = await stand.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge.balance_transaction', 'line_items'],
    });
    expect(after).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      url: null,
      customer: null,
      customer_details: { email: 'reader@example.org', name: 'Reader', address: { country: 'DE' } },
      payment_intent: {
        metadata: { checkout: 'c1' },
        latest_charge: {
          amount: 2500,
          metadata: { checkout: 'c1' },
          billing_details: { email: 'reader@example.org', address: { country: 'DE' } },
          balance_transaction: { amount: 2500, fee: 103, net: 2397, currency: 'usd', exchange_rate: null },
        },
      },
      line_items: { data: [{ description: 'One-time gift', amount_total: 2500 }] },
    });
    const [succeeded] = stand.received.filter(({ type }) => type === 'charge.succeeded');
    expect(succeeded?.event.data.object).toMatchObject({ balance_transaction: null });
    const updated = stand.received.find(({ type }) => type === 'charge.updated')?.event;
    expect(updated?.data).toMatchObject({
      object: { balance_transaction: expect.stringMatching(/^txn_/) },
      previous_attributes: { balance_transaction: null },
    });
  });

  it('declined stays open, says why, and can be paid after all with the same intent', async () => {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams());
    const refused = await stand.standIn.pay(id, { card: '4000000000009995' });
    expect(refused).toEqual({ outcome: 'declined', decline_code: 'insufficient_funds' });
    const between = await stand.stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent'] });
    expect(between).toMatchObject({
      status: 'open',
      payment_intent: {
        status: 'requires_payment_method',
        last_payment_error: { decline_code: 'insufficient_funds' },
      },
    });
    await stand.standIn.pay(id, { card: '4242424242424242' });
    await stand.standIn.settled();
    expect(stand.types().filter((type) => /^(charge|payment_intent)\./.test(type))).toEqual([
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
      'charge.succeeded',
      'payment_intent.succeeded',
      'charge.updated',
    ]);
    expect((await stand.stripe.charges.list()).data.map(({ status }) => status)).toEqual([
      'succeeded',
      'failed',
    ]);
  });

  it.each([
    ['complete', 'paid'],
    ['fail', 'declined'],
  ] as const)('challenged by 3-D Secure and answered with %s ends %s', async (authentication, outcome) => {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams());
    expect(await stand.standIn.pay(id, { card: '4000002500003155' })).toEqual({ outcome: 'requires_action' });
    const waiting = await stand.stripe.checkout.sessions.retrieve(id, { expand: ['payment_intent'] });
    expect(waiting).toMatchObject({ status: 'open', payment_intent: { status: 'requires_action' } });
    const ended = await stand.standIn.pay(id, { card: '', authentication });
    expect(ended.outcome).toBe(outcome);
  });

  it.each([
    ['AT611904300234573201', 'checkout.session.async_payment_succeeded', 'paid'],
    ['AT861904300235473202', 'checkout.session.async_payment_failed', 'unpaid'],
  ])('paid by the debit %s settles three days later', async (card, type, status) => {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams(2500, 'eur'));
    expect(await stand.standIn.pay(id, { card })).toEqual({ outcome: 'processing' });
    await stand.moveTo('2026-02-01T10:00:00Z');
    expect(await stand.stripe.checkout.sessions.retrieve(id)).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
    });
    expect(stand.types()).toContain('payment_intent.processing');
    expect(stand.types()).not.toContain('charge.succeeded');
    await stand.moveTo('2026-02-04T10:00:00Z');
    expect(await stand.stripe.checkout.sessions.retrieve(id)).toMatchObject({ payment_status: status });
    const told = stand.received.find((one) => one.type === type);
    expect(told?.event.created).toBe(Date.parse('2026-02-03T10:00:00Z') / 1000);
    expect(stand.types().includes('charge.succeeded')).toBe(status === 'paid');
  });

  it('left alone lapses after a day', async () => {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.moveTo('2026-02-01T10:00:01Z');
    expect(await stand.stripe.checkout.sessions.retrieve(id)).toMatchObject({ status: 'expired', url: null });
    expect(stand.types()).toContain('checkout.session.expired');
    await expect(stand.standIn.pay(id, { card: '4242424242424242' })).rejects.toThrow('expired');
  });

  it('for a membership makes customer, subscription and invoice only once the money is there', async () => {
    const { id } = await stand.stripe.checkout.sessions.create(monthlyParams());
    await stand.standIn.pay(id, { card: '4000000000000002' });
    await stand.standIn.settled();
    expect(stand.types()).not.toContain('customer.created');
    await stand.standIn.pay(id, { card: '4242424242424242' });
    await stand.standIn.settled();
    expect(stand.types().slice(stand.types().indexOf('customer.created'))).toEqual([
      'customer.created',
      'payment_method.attached',
      'charge.succeeded',
      'payment_intent.succeeded',
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
      'customer.subscription.updated',
      'checkout.session.completed',
      'charge.updated',
    ]);
    const session = await stand.stripe.checkout.sessions.retrieve(id, {
      expand: ['subscription', 'invoice.payments'],
    });
    expect(session).toMatchObject({
      payment_intent: null,
      subscription: {
        status: 'active',
        metadata: { membership: 'm1' },
        items: { data: [{ current_period_start: 1769853600, current_period_end: 1772272800 }] },
      },
      invoice: {
        status: 'paid',
        billing_reason: 'subscription_create',
        parent: { subscription_details: { metadata: { membership: 'm1' } } },
        payments: { data: [{ status: 'paid', payment: { type: 'payment_intent' } }] },
      },
    });
    const [charge] = (await stand.stripe.charges.list({ limit: 1 })).data;
    expect(charge?.metadata).toEqual({});
    const links = await stand.stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: String(charge?.payment_intent) },
    });
    const invoice = session.invoice;
    expect(links.data.map((link) => link.invoice)).toEqual([
      typeof invoice === 'object' ? invoice?.id : null,
    ]);
  });

  it('by debit for a membership is active once the debit has settled, or never', async () => {
    const good = await subscribe(stand, 'AT611904300234573201', monthlyParams(500, 'eur'));
    const bad = await subscribe(stand, 'AT861904300235473202', monthlyParams(500, 'eur'));
    expect((await stand.stripe.subscriptions.retrieve(good.subscription)).status).toBe('incomplete');
    await stand.moveTo('2026-02-04T00:00:00Z');
    expect((await stand.stripe.subscriptions.retrieve(good.subscription)).status).toBe('active');
    expect((await stand.stripe.subscriptions.retrieve(bad.subscription)).status).toBe('incomplete_expired');
  });

  it('signs its webhooks so that Stripe’s own check accepts them', async () => {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.standIn.pay(id, { card: '4242424242424242' });
    await stand.standIn.settled();
    const last = stand.received.find(({ type }) => type === 'charge.updated');
    const at = Date.parse('2026-05-05T05:05:05Z');
    const event = stand.stripe.webhooks.constructEvent(
      last?.body ?? '',
      last?.signature ?? '',
      stand.secret,
      300,
      undefined,
      at / 1000,
    );
    expect(event.type).toBe('charge.updated');
    expect(event.api_version).toBe(Stripe.API_VERSION);
    expect(() =>
      stand.stripe.webhooks.constructEvent(
        `${last?.body} `,
        last?.signature ?? '',
        stand.secret,
        300,
        undefined,
        at / 1000,
      ),
    ).toThrow();
  });

  it('in another currency says how it was exchanged, and yen have no cents', async () => {
    const euros = await stand.stripe.checkout.sessions.create(onceParams(1000, 'eur'));
    const yen = await stand.stripe.checkout.sessions.create(onceParams(1000, 'jpy'));
    await stand.standIn.pay(euros.id, { card: '4242424242424242' });
    await stand.standIn.pay(yen.id, { card: '4242424242424242' });
    const [forYen, forEuros] = (await stand.stripe.balanceTransactions.list({ type: 'charge' })).data;
    expect(forEuros).toMatchObject({
      amount: 1080,
      currency: 'usd',
      exchange_rate: 1.08,
      fee: 43,
      net: 1037,
    });
    expect(forYen).toMatchObject({ amount: 670, currency: 'usd', exchange_rate: 0.0067, fee: 49, net: 621 });
  });
});
