// The stand-in's pages, used as a browser without scripts uses them.
import type Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stand } from './stand.ts';
import { monthlyParams, onceParams, startStand, subscribe } from './stand.ts';

describe('the pages', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await startStand();
  });
  afterEach(() => stand.close());

  const open = async (path: string) => (await fetch(new URL(path, stand.standIn.url))).text();
  const send = (path: string, fields: Record<string, string>) =>
    fetch(new URL(path, stand.standIn.url), {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });

  it('show what is to be paid and send the payer on when it is', async () => {
    const session = await stand.stripe.checkout.sessions.create(onceParams());
    const shown = await open(session.url ?? '');
    expect(shown).toContain('no real money');
    expect(shown).toContain('$25.00');
    expect(shown).toContain('reader@example.org');
    expect(shown).not.toContain('<script');
    const sent = await send(`/c/pay/${session.id}`, {
      choice: '4242424242424242',
      name: 'Reader',
      country: 'US',
    });
    expect(sent.status).toBe(303);
    expect(sent.headers.get('location')).toBe(`http://localhost:4000/thanks?session=${session.id}`);
    expect(await open(`/c/pay/${session.id}`)).toContain('Already paid');
  });

  it('keep a declined checkout open and say what the bank said', async () => {
    const session = await stand.stripe.checkout.sessions.create(monthlyParams());
    const sent = await send(`/c/pay/${session.id}`, {
      choice: '4242424242424242',
      card: '4000 0000 0000 0002',
    });
    expect(sent.status).toBe(200);
    expect(await sent.text()).toContain('Your card was declined. Nothing was charged.');
    const wrong = await send(`/c/pay/${session.id}`, { card: '1234' });
    expect(await wrong.text()).toContain('Your card number is invalid.');
    expect((await stand.stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  });

  it('ask the bank’s question and take its answer', async () => {
    const session = await stand.stripe.checkout.sessions.create(onceParams());
    const sent = await send(`/c/pay/${session.id}`, { choice: '4000002760003184' });
    expect(sent.headers.get('location')).toBe(`/c/pay/${session.id}`);
    expect(await open(`/c/pay/${session.id}`)).toContain('Complete authentication');
    const failed = await send(`/c/pay/${session.id}`, { authentication: 'fail' });
    expect(await failed.text()).toContain('unable to authenticate');
    await send(`/c/pay/${session.id}`, { choice: '4000002760003184' });
    const done = await send(`/c/pay/${session.id}`, { authentication: 'complete' });
    expect(done.status).toBe(303);
    expect((await stand.stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
  });

  it('let a member stop and think again in the portal', async () => {
    const { subscription, customer } = await subscribe(stand);
    const portal = await portalFor(stand, customer);
    expect(await open(portal)).toContain('Cancel at the end, 2026-02-28');
    const asked = await open(`${portal}/cancel?subscription=${subscription}`);
    expect(asked).toContain('Confirm the cancellation');
    expect(asked).toContain('runs until 2026-02-28');
    expect((await stand.stripe.subscriptions.retrieve(subscription)).cancel_at_period_end).toBe(false);
    await send(`${portal}/cancel`, { subscription });
    expect(await stand.stripe.subscriptions.retrieve(subscription)).toMatchObject({
      status: 'active',
      cancel_at_period_end: true,
      cancel_at: Date.parse('2026-02-28T10:00:00Z') / 1000,
      cancellation_details: { reason: 'cancellation_requested' },
    });
    await send(`${portal}/keep`, { subscription });
    expect(await stand.stripe.subscriptions.retrieve(subscription)).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
      canceled_at: null,
    });
    await send(`${portal}/cancel`, { subscription });
    await stand.moveTo('2026-03-01T00:00:00Z');
    const ended = await stand.stripe.subscriptions.retrieve(subscription);
    expect(ended).toMatchObject({ status: 'canceled', ended_at: Date.parse('2026-02-28T10:00:00Z') / 1000 });
    expect(stand.types()).toContain('customer.subscription.deleted');
  });

  it('ask nothing and cancel nothing when only looked at, nor for someone else’s subscription', async () => {
    const one = await subscribe(stand);
    const other = await subscribe(stand, '4242424242424242', {
      ...monthlyParams(),
      customer_email: 'other@example.org',
    });
    const portal = await portalFor(stand, one.customer);
    expect(await open(portal)).toMatch(/<form method="get" action="[^"]*\/cancel">/);
    expect(await open(`${portal}/cancel?subscription=${other.subscription}`)).toContain('did not work');
  });

  it('speak Russian where the session does', async () => {
    const checkout = await stand.stripe.checkout.sessions.create({ ...monthlyParams(), locale: 'ru' });
    const shown = await open(checkout.url ?? '');
    for (const part of ['<html lang="ru">', 'Подписаться', 'каждый месяц', 'Тестовая карта']) {
      expect(shown).toContain(part);
    }
    const declined = await send(`/c/pay/${checkout.id}`, { choice: '4000000000000002' });
    expect(await declined.text()).toContain('Карта отклонена. Деньги не списаны.');
    const { subscription, customer } = await subscribe(stand);
    const portal = await portalFor(stand, customer, 'ru');
    expect(await open(portal)).toContain('Отменить в конце срока, 2026-02-28');
    expect(await open(`${portal}/cancel?subscription=${subscription}`)).toContain('Подтвердить отмену');
  });

  it('let a member whose card fails change it and pay what is open', async () => {
    const { subscription, customer } = await subscribe(stand, '4000000000000341');
    await stand.moveTo('2026-03-01T00:00:00Z');
    expect((await stand.stripe.subscriptions.retrieve(subscription)).status).toBe('past_due');
    const portal = await portalFor(stand, customer);
    await send(`${portal}/card`, { subscription, choice: '4242424242424242' });
    const [invoice] = (await stand.stripe.invoices.list({ subscription, status: 'open' })).data;
    const sent = await send(`${portal}/pay`, { invoice: invoice?.id ?? '' });
    expect(sent.headers.get('location')).toBe(`/i/${invoice?.id}`);
    const paid = await send(`/i/${invoice?.id}/pay`, { choice: '4242424242424242' });
    expect(await paid.text()).toContain('Paid. Thank you.');
    expect((await stand.stripe.subscriptions.retrieve(subscription)).status).toBe('active');
  });

  it('let staff refund a part and decide a dispute', async () => {
    const session = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.standIn.pay(session.id, { card: '4242424242424242' });
    const [seen] = stand.standIn.listCheckouts(1);
    const payment = seen?.paymentUrl ?? '';
    expect(await open(payment)).toContain('$23.97');
    expect(await (await send(`${payment}/refund`, { amount: '10.50' })).text()).toContain('Refunded.');
    expect(await (await send(`${payment}/refund`, { amount: '14.51' })).text()).toContain(
      'greater than unrefunded amount',
    );
    expect((await stand.stripe.refunds.list()).data.map(({ amount }) => amount)).toEqual([1050]);

    const other = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.standIn.pay(other.id, { card: '4000000000000259' });
    const [dispute] = (await stand.stripe.disputes.list()).data;
    await send(`/dashboard/payments/${String(dispute?.payment_intent)}/dispute`, {
      dispute: dispute?.id ?? '',
      outcome: 'won',
    });
    expect((await stand.stripe.disputes.retrieve(dispute?.id ?? '')).status).toBe('won');
  });

  it('refuse a form sent from another site', async () => {
    const session = await stand.stripe.checkout.sessions.create(onceParams());
    const sent = await fetch(`${stand.standIn.url}/c/pay/${session.id}`, {
      method: 'POST',
      body: new URLSearchParams({ choice: '4242424242424242' }),
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(sent.status).toBe(403);
  });
});

async function portalFor(stand: Stand, customer: string, locale: 'en' | 'ru' = 'en'): Promise<string> {
  const configuration = await stand.stripe.billingPortal.configurations.create({
    features: {
      customer_update: { enabled: false },
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true },
      subscription_cancel: { enabled: true, mode: 'at_period_end' },
    },
  });
  const session: Stripe.BillingPortal.Session = await stand.stripe.billingPortal.sessions.create({
    customer,
    configuration: configuration.id,
    return_url: 'http://localhost:4000/account',
    locale,
  });
  return session.url;
}
