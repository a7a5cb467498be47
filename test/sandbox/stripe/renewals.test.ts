// Time passing over memberships: renewals, failures, retries, changes, pauses, ends.
import type Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stand } from './stand.ts';
import { clientOf, monthlyParams, startStand, subscribe } from './stand.ts';

describe('a membership', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await startStand('2026-01-31T10:00:00Z');
  });
  afterEach(() => stand.close());

  const at = (seconds: number | null | undefined) =>
    new Date((seconds ?? 0) * 1000).toISOString().slice(0, 16);
  const invoicesOf = async (subscription: string) =>
    (await stand.stripe.invoices.list({ subscription, limit: 100 })).data.reverse();

  it('begun on the 31st renews twelve times on each month’s last fitting day', async () => {
    const { subscription } = await subscribe(stand);
    await stand.moveTo('2027-01-31T12:00:00Z');
    const invoices = await invoicesOf(subscription);
    expect(invoices.map((invoice) => at(invoice.lines.data[0]?.period.start))).toEqual([
      '2026-01-31T10:00',
      '2026-02-28T10:00',
      '2026-03-31T10:00',
      '2026-04-30T10:00',
      '2026-05-31T10:00',
      '2026-06-30T10:00',
      '2026-07-31T10:00',
      '2026-08-31T10:00',
      '2026-09-30T10:00',
      '2026-10-31T10:00',
      '2026-11-30T10:00',
      '2026-12-31T10:00',
      '2027-01-31T10:00',
    ]);
    expect(new Set(invoices.map(({ status }) => status))).toEqual(new Set(['paid']));
    expect(invoices.map(({ number }) => number?.slice(-4)).at(-1)).toBe('0013');
    const charges = (await stand.stripe.charges.list({ limit: 100 })).data;
    expect(charges).toHaveLength(13);
    // Finalised and charged an hour after the period began, as Stripe does.
    expect(at(charges[0]?.created)).toBe('2027-01-31T11:00');
    expect(invoices[1]).toMatchObject({ billing_reason: 'subscription_cycle' });
    expect([invoices[1]?.period_start, invoices[1]?.period_end].map(at)).toEqual([
      '2026-01-31T10:00',
      '2026-02-28T10:00',
    ]);
  });

  it('is told of a renewal in Stripe’s order, a week’s notice first', async () => {
    const { subscription } = await subscribe(stand);
    const before = stand.types().length;
    await stand.moveTo('2026-02-28T12:00:00Z');
    expect(stand.types().slice(before)).toEqual([
      'invoice.upcoming',
      'invoice.created',
      'customer.subscription.updated',
      'invoice.finalized',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
      'charge.updated',
    ]);
    const upcoming = stand.received.find(({ type }) => type === 'invoice.upcoming')?.event;
    expect(at(upcoming?.created)).toBe('2026-02-21T10:00');
    expect(upcoming?.data.object).not.toHaveProperty('id');
    const updated = stand.received
      .filter(({ type }) => type === 'customer.subscription.updated')
      .at(-1)?.event;
    expect(updated?.data).toMatchObject({
      object: {
        id: subscription,
        items: { data: [{ current_period_end: Date.parse('2026-03-31T10:00:00Z') / 1000 }] },
      },
      previous_attributes: {
        items: { data: [{ current_period_end: Date.parse('2026-02-28T10:00:00Z') / 1000 }] },
      },
    });
  });

  it('whose card fails is tried again after 3, 5 and 7 days, then ends', async () => {
    const { subscription } = await subscribe(stand, '4000000000000341');
    await stand.moveTo('2026-02-28T12:00:00Z');
    expect(await stand.stripe.subscriptions.retrieve(subscription)).toMatchObject({ status: 'past_due' });
    const [, open] = await invoicesOf(subscription);
    expect(open).toMatchObject({ status: 'open', attempt_count: 1 });
    expect(at(open?.next_payment_attempt)).toBe('2026-03-03T11:00');
    await stand.moveTo('2026-03-31T00:00:00Z');
    const failures = stand.received
      .filter(({ type }) => type === 'invoice.payment_failed')
      .map(({ event }) => at(event.created));
    expect(failures).toEqual([
      '2026-02-28T11:00',
      '2026-03-03T11:00',
      '2026-03-08T11:00',
      '2026-03-15T11:00',
    ]);
    const ended = await stand.stripe.subscriptions.retrieve(subscription);
    expect(ended).toMatchObject({ status: 'canceled', cancellation_details: { reason: 'payment_failed' } });
    expect(at(ended.ended_at)).toBe('2026-03-15T11:00');
    const [, last] = await invoicesOf(subscription);
    expect(last).toMatchObject({ status: 'open', attempt_count: 4, next_payment_attempt: null });
  });

  it('whose card wants 3-D Secure every time needs the reader at a renewal', async () => {
    const { subscription } = await subscribe(stand, '4000002760003184');
    await stand.moveTo('2026-02-28T12:00:00Z');
    expect(stand.types().slice(-5)).toEqual([
      'payment_intent.created',
      'payment_intent.requires_action',
      'invoice.payment_action_required',
      'invoice.payment_failed',
      'customer.subscription.updated',
    ]);
    const [, open] = await invoicesOf(subscription);
    const answer = (authentication: string) =>
      fetch(`${open?.hosted_invoice_url}/pay`, {
        method: 'POST',
        body: new URLSearchParams({ card: '4000002760003184', authentication }),
      });
    expect(await (await answer('complete')).text()).toContain('Paid');
    expect((await stand.stripe.subscriptions.retrieve(subscription)).status).toBe('active');
  });

  it('whose card wants 3-D Secure only once renews by itself', async () => {
    const { subscription } = await subscribe(stand, '4000002500003155');
    await stand.moveTo('2026-03-31T12:00:00Z');
    expect((await invoicesOf(subscription)).map(({ status }) => status)).toEqual(['paid', 'paid', 'paid']);
  });

  it('with another amount is billed it from the next renewal on', async () => {
    const { subscription } = await subscribe(stand);
    const known = await stand.stripe.subscriptions.retrieve(subscription);
    const item = known.items.data[0];
    const product = String(item?.price.product);
    const change = { currency: 'usd', product, unit_amount: 900, recurring: { interval: 'month' as const } };
    await expect(
      stand.stripe.subscriptions.update(subscription, {
        items: [{ id: String(item?.id), price_data: change }],
      }),
    ).rejects.toMatchObject({ param: 'proration_behavior' });
    const changed = await stand.stripe.subscriptions.update(subscription, {
      items: [{ id: String(item?.id), price_data: change }],
      proration_behavior: 'none',
    });
    expect(changed.items.data[0]?.price.unit_amount).toBe(900);
    expect(changed.items.data[0]?.price.unit_amount_decimal?.toString()).toBe('900');
    await stand.moveTo('2026-02-28T12:00:00Z');
    expect((await invoicesOf(subscription)).map(({ total }) => total)).toEqual([500, 900]);
  });

  it('turned from monthly to yearly begins its year now', async () => {
    const { subscription } = await subscribe(stand);
    await stand.moveTo('2026-02-10T08:00:00Z');
    const item = (await stand.stripe.subscriptions.retrieve(subscription)).items.data[0];
    const changed = await stand.stripe.subscriptions.update(subscription, {
      items: [
        {
          id: String(item?.id),
          price_data: {
            currency: 'usd',
            product: String(item?.price.product),
            unit_amount: 5000,
            recurring: { interval: 'year' },
          },
        },
      ],
      proration_behavior: 'none',
    });
    expect(at(changed.items.data[0]?.current_period_end)).toBe('2027-02-10T08:00');
    expect(
      (await invoicesOf(subscription)).map(({ total, billing_reason }) => [total, billing_reason]),
    ).toEqual([
      [500, 'subscription_create'],
      [5000, 'subscription_update'],
    ]);
  });

  it('with collection paused stays active and is billed nothing until it resumes by itself', async () => {
    const { subscription } = await subscribe(stand);
    await stand.stripe.subscriptions.update(subscription, {
      pause_collection: { behavior: 'void', resumes_at: Date.parse('2026-04-15T00:00:00Z') / 1000 },
    });
    await stand.moveTo('2026-04-30T12:00:00Z');
    expect(await stand.stripe.subscriptions.retrieve(subscription)).toMatchObject({
      status: 'active',
      pause_collection: null,
    });
    expect((await invoicesOf(subscription)).map(({ status }) => status)).toEqual([
      'paid',
      'void',
      'void',
      'paid',
    ]);
  });

  it('paused and resumed says why it was paused and begins a new period', async () => {
    const { subscription } = await subscribe(stand);
    const paused = await stand.stripe.subscriptions.pause(subscription);
    expect(paused).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'pause_requested' } } },
    });
    await stand.moveTo('2026-04-10T00:00:00Z');
    const resumed = await stand.stripe.subscriptions.resume(subscription);
    expect(resumed.status).toBe('active');
    expect(resumed.status_details).toBeUndefined();
    expect(at(resumed.items.data[0]?.current_period_end)).toBe('2026-05-10T00:00');
    expect((await invoicesOf(subscription)).map(({ status }) => status)).toEqual(['paid', 'paid']);
  });

  it('canceled at once is over, and canceled once only', async () => {
    const { subscription } = await subscribe(stand);
    const ended = await stand.stripe.subscriptions.cancel(subscription, {
      cancellation_details: { feedback: 'too_expensive' },
    });
    expect(ended).toMatchObject({
      status: 'canceled',
      cancellation_details: { feedback: 'too_expensive', reason: 'cancellation_requested' },
    });
    await expect(stand.stripe.subscriptions.cancel(subscription)).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    await expect(
      stand.stripe.subscriptions.update(subscription, { cancel_at_period_end: true }),
    ).rejects.toMatchObject({ code: 'invalid_canceled_subscription_fields' });
    await stand.moveTo('2026-04-01T00:00:00Z');
    expect(await invoicesOf(subscription)).toHaveLength(1);
    expect((await stand.stripe.subscriptions.list()).data).toEqual([]);
    expect((await stand.stripe.subscriptions.list({ status: 'all' })).data).toHaveLength(1);
  });

  it('ends with its customer, who is then known to be deleted', async () => {
    const { subscription, customer } = await subscribe(stand);
    await stand.stripe.customers.del(customer);
    expect(await stand.stripe.customers.retrieve(customer)).toEqual({
      id: customer,
      object: 'customer',
      deleted: true,
    });
    expect((await stand.stripe.subscriptions.retrieve(subscription)).status).toBe('canceled');
  });

  it('can be made by the API with a payment method of its customer', async () => {
    const customer = await stand.stripe.customers.create({ email: 'api@example.org' });
    const method = await stand.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    const { session } = await subscribe(stand);
    const lines = await stand.stripe.checkout.sessions.listLineItems(session.id);
    const begun = await stand.stripe.subscriptions.create({
      customer: customer.id,
      default_payment_method: method.id,
      items: [{ price: String(lines.data[0]?.price?.id) }],
      expand: ['latest_invoice'],
    });
    expect(begun).toMatchObject({ status: 'active', latest_invoice: { status: 'paid' } });
    const unpaid = await stand.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: String(lines.data[0]?.price?.id) }],
      payment_behavior: 'default_incomplete',
    });
    expect(unpaid.status).toBe('incomplete');
    await stand.moveTo('2026-02-01T12:00:00Z');
    expect((await stand.stripe.subscriptions.retrieve(unpaid.id)).status).toBe('incomplete_expired');
  });

  it('whose open invoice is paid by hand answers 402 for a card that is refused', async () => {
    const { subscription } = await subscribe(stand, '4000000000000341');
    await stand.moveTo('2026-02-28T12:00:00Z');
    const [, open] = await invoicesOf(subscription);
    const refused = stand.stripe.invoices.pay(String(open?.id));
    await expect(refused).rejects.toMatchObject({
      statusCode: 402,
      type: 'StripeCardError',
      decline_code: 'generic_decline',
    });
    const after = await stand.stripe.invoices.retrieve(String(open?.id));
    expect(after).toMatchObject({ attempt_count: 1, next_payment_attempt: open?.next_payment_attempt });
  });

  it('survives a restart of the stand-in, with everything due still due', async () => {
    const { subscription } = await subscribe(stand, '4242424242424242', monthlyParams(700));
    await stand.restart();
    await stand.moveTo('2026-02-28T12:00:00Z');
    const again = clientOf(stand.standIn.url);
    const invoices: Stripe.Invoice[] = (await again.invoices.list({ subscription })).data;
    expect(invoices.map(({ status, total }) => [status, total])).toEqual([
      ['paid', 700],
      ['paid', 700],
    ]);
  });
});
