// The API as a stranger's client meets it: what it refuses, repeats, pages, expands and gets wrong on request.
import Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stand } from './stand.ts';
import { clientOf, monthlyParams, onceParams, startStand, subscribe } from './stand.ts';

describe('the API', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await startStand();
  });
  afterEach(() => stand.close());

  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${stand.standIn.url}${path}`, {
      ...init,
      headers: { authorization: 'Bearer sk_test_x', ...init.headers },
    });
  const post = (path: string, form: string, headers: Record<string, string> = {}) =>
    call(path, {
      method: 'POST',
      body: form,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  const sessionForm = (over: Record<string, string | null> = {}) => {
    const fields: Record<string, string | null> = {
      mode: 'payment',
      success_url: 'http://localhost/x',
      'line_items[0][quantity]': '1',
      'line_items[0][price_data][currency]': 'usd',
      'line_items[0][price_data][unit_amount]': '500',
      'line_items[0][price_data][product_data][name]': 'Gift',
      ...over,
    };
    return Object.entries(fields)
      .flatMap(([key, value]) =>
        value === null ? [] : [`${encodeURIComponent(key)}=${encodeURIComponent(value)}`],
      )
      .join('&');
  };

  it.each([
    [
      'an unknown parameter',
      { colour: 'red' },
      { code: 'parameter_unknown', param: 'colour', message: 'Received unknown parameter: colour' },
    ],
    [
      'an unknown part of one',
      { 'line_items[0][price_data][sku]': '1' },
      { code: 'parameter_unknown', param: 'line_items[0][price_data][sku]' },
    ],
    [
      'a missing parameter',
      { success_url: null },
      { code: 'parameter_missing', param: 'success_url', message: 'Missing required param: success_url.' },
    ],
    [
      'a wrong choice',
      { mode: 'gift' },
      { param: 'mode', message: 'Invalid mode: must be one of payment, setup, or subscription' },
    ],
    [
      'words for a number',
      { 'line_items[0][price_data][unit_amount]': 'five' },
      { code: 'parameter_invalid_integer', param: 'line_items[0][price_data][unit_amount]' },
    ],
    ['an empty value', { success_url: '' }, { code: 'parameter_invalid_empty', param: 'success_url' }],
    ['too small an amount', { 'line_items[0][price_data][unit_amount]': '49' }, { code: 'amount_too_small' }],
    [
      'a currency nobody has',
      { 'line_items[0][price_data][currency]': 'zzz' },
      { param: 'line_items[0][price_data][currency]' },
    ],
    [
      'a recurring price for a single payment',
      { 'line_items[0][price_data][recurring][interval]': 'month' },
      { param: 'mode' },
    ],
    [
      'a payment intent’s parts for a subscription',
      {
        mode: 'subscription',
        'line_items[0][price_data][recurring][interval]': 'month',
        'payment_intent_data[description]': 'x',
      },
      { param: 'payment_intent_data' },
    ],
    [
      'an address that is none',
      { customer_email: 'nobody' },
      { param: 'customer_email', message: 'Invalid email address: nobody' },
    ],
    ['a customer nobody knows', { customer: 'cus_none' }, { code: 'resource_missing', param: 'customer' }],
    ['an expiry too soon', { expires_at: '1769853660' }, { param: 'expires_at' }],
    [
      'dinars that cannot be charged',
      { 'line_items[0][price_data][currency]': 'kwd', 'line_items[0][price_data][unit_amount]': '5001' },
      { param: 'line_items[0][price_data][unit_amount]' },
    ],
  ])('refuses %s', async (_what, over, error) => {
    const response = await post('/v1/checkout/sessions', sessionForm(over));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', ...error } });
    expect((await stand.stripe.products.list()).data).toEqual([]);
  });

  it('lets a client make products, prices, cards and payments of its own, as another product in the account would', async () => {
    const { stripe } = stand;
    const product = await stripe.products.create({ name: 'A mug' });
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'usd',
      unit_amount: 900,
      recurring: { interval: 'month' },
    });
    const customer = await stripe.customers.create({
      email: 'mug@example.org',
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    const plan = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    expect(plan).toMatchObject({ status: 'active', items: { data: [{ price: { product: product.id } }] } });

    const card = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
    const paid = await stripe.paymentIntents.create({
      amount: 1500,
      currency: 'usd',
      confirm: true,
      payment_method: card.id,
      metadata: { order: '7' },
    });
    expect(paid).toMatchObject({ status: 'succeeded', amount_received: 1500, metadata: { order: '7' } });
    const intent = await stripe.paymentIntents.create({ amount: 1500, currency: 'usd' });
    await expect(
      stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa_chargeDeclined' }),
    ).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('requires_payment_method');
    expect((await stripe.paymentIntents.cancel(intent.id)).status).toBe('canceled');
    await expect(stripe.paymentIntents.confirm(intent.id)).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
    await expect(stripe.paymentIntents.create({ amount: 49, currency: 'usd' })).rejects.toMatchObject({
      code: 'amount_too_small',
      param: 'amount',
    });
    await expect(
      stripe.customers.create({ invoice_settings: { default_payment_method: card.id } }),
    ).rejects.toMatchObject({ code: 'resource_missing' });
    expect((await stripe.customers.list()).data).toHaveLength(1);
  });

  it('ends a subscription on a day of its own, unless that is taken back', async () => {
    const { subscription } = await subscribe(stand);
    const day = Math.floor(stand.now().getTime() / 1000) + 5 * 86_400;
    const ending = await stand.stripe.subscriptions.update(subscription, { cancel_at: day });
    expect(ending).toMatchObject({ cancel_at: day, cancel_at_period_end: false, status: 'active' });
    const back = await stand.stripe.subscriptions.update(subscription, { cancel_at: '' });
    expect(back).toMatchObject({ cancel_at: null, canceled_at: null });
    await stand.stripe.subscriptions.update(subscription, { cancel_at: day });
    await stand.moveTo(new Date((day + 60) * 1000));
    expect(await stand.stripe.subscriptions.retrieve(subscription)).toMatchObject({
      status: 'canceled',
      ended_at: day,
    });
  });

  it('remembers under a key what it refused once it had begun, and nothing of what it could not read', async () => {
    const { stripe } = stand;
    const paid = await stripe.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa',
    });
    const refund = (amount: number, more: object = {}) =>
      stripe.refunds.create({ payment_intent: paid.id, amount, ...more }, { idempotencyKey: 'once' });
    await expect(refund(100, { reason: 'because' })).rejects.toMatchObject({ param: 'reason' });
    await expect(refund(900)).rejects.toMatchObject({ param: 'amount', type: 'StripeInvalidRequestError' });
    await expect(refund(900)).rejects.toMatchObject({ param: 'amount' });
    await expect(refund(100)).rejects.toMatchObject({ type: 'StripeIdempotencyError' });
    expect((await stripe.refunds.list()).data).toEqual([]);
  });

  it('refuses to tell of events that nobody knows, and has no search', async () => {
    const form = 'url=https%3A%2F%2Fexample.org%2F&enabled_events[0]=moon.rose';
    expect(await (await post('/v1/webhook_endpoints', form)).json()).toMatchObject({
      error: { param: 'enabled_events[0]', message: expect.stringContaining('Invalid enabled_events[0]') },
    });
    expect((await call('/v1/customers/search?query=x')).status).toBe(404);
  });

  it('answers an unknown address and an unknown id with proper errors', async () => {
    const nowhere = await call('/v1/nowhere');
    expect(nowhere.status).toBe(404);
    expect(await nowhere.json()).toMatchObject({
      error: { message: expect.stringContaining('Unrecognized request URL (GET: /v1/nowhere)') },
    });
    await expect(stand.stripe.charges.retrieve('ch_none')).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      message: "No such charge: 'ch_none'",
    });
  });

  it.each([
    ['no key', ''],
    ['a live key', 'Bearer sk_live_123'],
    ['nonsense', 'Bearer hello'],
  ])('lets nobody in with %s', async (_what, authorization) => {
    const response = await call('/v1/customers', { headers: { authorization } });
    expect(response.status).toBe(401);
  });

  it('takes a key by Basic too', async () => {
    const authorization = `Basic ${Buffer.from('sk_test_x:').toString('base64')}`;
    expect((await call('/v1/account', { headers: { authorization } })).status).toBe(200);
  });

  it('dates its answers by business time and names the request and the version', async () => {
    const response = await call('/v1/account');
    expect(new Date(response.headers.get('date') ?? '')).toEqual(stand.now());
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(response.headers.get('stripe-version')).toBe(Stripe.API_VERSION);
  });

  describe('with an idempotency key', () => {
    it('repeats its first answer, and refuses other parameters under the same key', async () => {
      const first = await post('/v1/customers', 'email=a%40example.org', { 'idempotency-key': 'k1' });
      const again = await post('/v1/customers', 'email=a%40example.org', { 'idempotency-key': 'k1' });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.headers.get('original-request')).toBe(first.headers.get('request-id'));
      expect(await again.json()).toEqual(await first.json());
      expect((await stand.stripe.customers.list()).data).toHaveLength(1);
      const other = await post('/v1/customers', 'email=b%40example.org', { 'idempotency-key': 'k1' });
      expect(other.status).toBe(400);
      expect(await other.json()).toMatchObject({ error: { type: 'idempotency_error' } });
    });

    it('forgets it after a day, and never saved a request that was refused', async () => {
      await post('/v1/customers', 'colour=red', { 'idempotency-key': 'k2' });
      expect((await post('/v1/customers', 'email=a%40example.org', { 'idempotency-key': 'k2' })).status).toBe(
        200,
      );
      await stand.moveTo('2026-02-01T10:00:01Z');
      await post('/v1/customers', 'email=a%40example.org', { 'idempotency-key': 'k2' });
      expect((await stand.stripe.customers.list()).data).toHaveLength(2);
    });

    it('is refused while the first request is under way', async () => {
      stand.standIn.setFaults({ calls: { path: '/v1/customers', status: 200, times: 1, delay_ms: 150 } });
      const first = post('/v1/customers', '', { 'idempotency-key': 'k3' });
      await new Promise((resolve) => setTimeout(resolve, 50));
      const second = await post('/v1/customers', '', { 'idempotency-key': 'k3' });
      expect(second.status).toBe(409);
      expect((await first).status).toBe(200);
    });
  });

  describe('told to misbehave', () => {
    it('fails before the effect, and a retry with the same key succeeds once', async () => {
      stand.standIn.setFaults({ calls: { path: '/v1/checkout/sessions', status: 500, times: 1 } });
      const session = await clientOf(stand.standIn.url, 2).checkout.sessions.create(onceParams());
      expect(session.status).toBe('open');
      expect((await stand.stripe.checkout.sessions.list()).data).toHaveLength(1);
    });

    it('fails after the effect, and keeps that failure under the key', async () => {
      stand.standIn.setFaults({
        calls: { path: '/v1/checkout/sessions', status: 500, times: 1, after_effect: true },
      });
      const asked = () => stand.stripe.checkout.sessions.create(onceParams(), { idempotencyKey: 'k' });
      await expect(asked()).rejects.toMatchObject({ statusCode: 500 });
      await expect(asked()).rejects.toMatchObject({ statusCode: 500 });
      expect((await stand.stripe.checkout.sessions.list()).data).toHaveLength(1);
    });

    it('swallows an answer, which a retry with the same key then gets', async () => {
      stand.standIn.setFaults({
        calls: { path: '/v1/checkout/sessions', status: 0, times: 1, after_effect: true },
      });
      // The client itself tries once more when a connection is cut, so the first call is made without it.
      await expect(
        post('/v1/checkout/sessions', sessionForm(), { 'idempotency-key': 'k' }),
      ).rejects.toThrow();
      const again = await post('/v1/checkout/sessions', sessionForm(), { 'idempotency-key': 'k' });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect((await stand.stripe.checkout.sessions.list()).data).toMatchObject([await again.json()]);
    });

    it('says too many requests as Stripe says it', async () => {
      stand.standIn.setFaults({ calls: { path: '/v1/events', status: 429, times: 1 } });
      await expect(stand.stripe.events.list()).rejects.toMatchObject({ statusCode: 429, code: 'rate_limit' });
    });
  });

  it('lists in pages, newest first, forwards and backwards', async () => {
    const made: string[] = [];
    for (let i = 0; i < 7; i += 1)
      made.unshift((await stand.stripe.customers.create({ name: `Reader ${i}` })).id);
    const first = await stand.stripe.customers.list({ limit: 3 });
    expect(first.has_more).toBe(true);
    expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 3));
    const next = await stand.stripe.customers.list({ limit: 3, starting_after: String(made[2]) });
    expect(next.data.map(({ id }) => id)).toEqual(made.slice(3, 6));
    const back = await stand.stripe.customers.list({ limit: 2, ending_before: String(made[3]) });
    expect(back.data.map(({ id }) => id)).toEqual(made.slice(1, 3));
    expect(back.has_more).toBe(true);
    const all: string[] = [];
    for await (const customer of stand.stripe.customers.list({ limit: 2 })) all.push(customer.id);
    expect(all).toEqual(made);
    await expect(stand.stripe.customers.list({ limit: 101 })).rejects.toMatchObject({ param: 'limit' });
    await expect(stand.stripe.customers.list({ starting_after: 'cus_none' })).rejects.toMatchObject({
      param: 'starting_after',
    });
  });

  it('filters by when things were made', async () => {
    const early = await stand.stripe.customers.create({});
    await stand.moveTo('2026-02-02T00:00:00Z');
    const late = await stand.stripe.customers.create({});
    const since = Date.parse('2026-02-01T00:00:00Z') / 1000;
    expect((await stand.stripe.customers.list({ created: { gte: since } })).data.map(({ id }) => id)).toEqual(
      [late.id],
    );
    expect((await stand.stripe.customers.list({ created: { lt: since } })).data.map(({ id }) => id)).toEqual([
      early.id,
    ]);
    expect((await stand.stripe.customers.list({ created: early.created })).data.map(({ id }) => id)).toEqual([
      early.id,
    ]);
  });

  it('expands what is an id and refuses what is not', async () => {
    const { session } = await subscribe(stand);
    const full = await stand.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription.latest_invoice.payments', 'customer', 'invoice.payments'],
    });
    expect(full).toMatchObject({
      customer: { object: 'customer', email: 'member@example.org' },
      subscription: { latest_invoice: { payments: { data: [{ object: 'invoice_payment' }] } } },
      invoice: { payments: { data: [{ payment: { type: 'payment_intent' } }] } },
    });
    await expect(
      stand.stripe.checkout.sessions.retrieve(session.id, { expand: ['nonsense'] }),
    ).rejects.toMatchObject({ message: expect.stringContaining('cannot be expanded (nonsense)') });
    await expect(
      stand.stripe.subscriptions.list({ expand: ['data.items.data.price.product'] }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('more than 4 levels'),
    });
    await expect(
      stand.stripe.checkout.sessions.retrieve(session.id, { expand: ['mode'] }),
    ).rejects.toMatchObject({ param: 'expand' });
  });

  it('tells past events by type, by delivery, and no further back than thirty days', async () => {
    stand.answers.status = 500;
    await subscribe(stand);
    const undelivered = await stand.stripe.events.list({ delivery_success: false, limit: 100 });
    expect(undelivered.data.length).toBe(stand.types().length);
    expect(undelivered.data[0]).toMatchObject({ type: 'charge.updated', pending_webhooks: 1 });
    const some = await stand.stripe.events.list({ types: ['invoice.paid', 'charge.succeeded'] });
    expect(some.data.map(({ type }) => type)).toEqual(['invoice.paid', 'charge.succeeded']);
    stand.answers.status = 200;
    await stand.moveTo('2026-01-31T10:05:00Z');
    expect((await stand.stripe.events.list({ delivery_success: false })).data).toEqual([]);
    const [last] = some.data;
    expect(await stand.stripe.events.retrieve(String(last?.id))).toMatchObject({
      type: 'invoice.paid',
      pending_webhooks: 0,
    });
    await stand.moveTo('2026-03-03T00:00:00Z');
    const types = (await stand.stripe.events.list({ limit: 100 })).data.map(({ type }) => type);
    expect(types).not.toContain('checkout.session.completed');
    expect(types).toContain('invoice.upcoming');
  });

  it('keeps an endpoint’s secret to its creation and sends it only what it asked for', async () => {
    const endpoint = await stand.stripe.webhookEndpoints.create({
      url: 'http://127.0.0.1:9/hook',
      enabled_events: ['charge.succeeded'],
      api_version: '2026-10-28.endive',
    });
    expect(endpoint.secret).toMatch(/^whsec_/);
    expect(await stand.stripe.webhookEndpoints.retrieve(endpoint.id)).not.toHaveProperty('secret');
    const session = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.standIn.pay(session.id, { card: '4242424242424242' });
    await stand.standIn.settled();
    const [event] = (await stand.stripe.events.list({ type: 'charge.succeeded' })).data;
    expect(event?.pending_webhooks).toBe(1);
    await stand.stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
    await stand.stripe.webhookEndpoints.del(endpoint.id);
    expect((await stand.stripe.webhookEndpoints.list()).data).toHaveLength(1);
  });

  it('opens no portal before a configuration is saved', async () => {
    const { customer } = await subscribe(stand);
    await expect(stand.stripe.billingPortal.sessions.create({ customer })).rejects.toMatchObject({
      message: expect.stringContaining('No configuration provided'),
    });
  });

  it('makes and changes customers, and forgets what is unset', async () => {
    const made = await stand.stripe.customers.create({
      email: 'a@example.org',
      metadata: { one: '1', two: '2' },
    });
    const changed = await stand.stripe.customers.update(made.id, {
      name: 'Reader',
      metadata: { two: '', three: 3 },
      address: { country: 'FR' },
    });
    expect(changed).toMatchObject({
      name: 'Reader',
      metadata: { one: '1', three: '3' },
      address: { country: 'FR' },
    });
    expect((await stand.stripe.customers.list({ email: 'a@example.org' })).data.map(({ id }) => id)).toEqual([
      made.id,
    ]);
  });

  it('lists a checkout by its customer and its subscription', async () => {
    const one = await subscribe(stand, '4242424242424242', monthlyParams());
    await subscribe(stand, '4242424242424242', monthlyParams());
    const byCustomer = await stand.stripe.checkout.sessions.list({ customer: one.customer });
    const bySubscription = await stand.stripe.checkout.sessions.list({ subscription: one.subscription });
    expect(byCustomer.data.map(({ id }) => id)).toEqual([one.session.id]);
    expect(bySubscription.data.map(({ id }) => id)).toEqual([one.session.id]);
  });
});
