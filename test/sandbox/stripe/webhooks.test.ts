// Webhooks on bad days: an endpoint that is down, a crash, and the faults that can be asked for.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Stand } from './stand.ts';
import { onceParams, startStand } from './stand.ts';

describe('a webhook', () => {
  let stand: Stand;
  beforeEach(async () => {
    stand = await startStand();
  });
  afterEach(() => stand.close());

  async function payOnce(): Promise<void> {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.standIn.pay(id, { card: '4242424242424242' });
    await stand.standIn.settled();
  }
  const arrivals = () =>
    stand.received.map(({ type }) => type).filter((type) => !/^(price|product)\./.test(type));

  it('refused is tried again when business time has moved on, with the same id and contents', async () => {
    stand.answers.status = 503;
    await payOnce();
    expect(stand.received).toEqual([]);
    expect(stand.standIn.nextDueAt()).toEqual(new Date('2026-01-31T10:05:00Z'));
    stand.answers.status = 200;
    await stand.moveTo('2026-01-31T10:10:00Z');
    expect(arrivals()).toHaveLength(5);
    expect(stand.received[0]?.event.created).toBe(Date.parse('2026-01-31T10:00:00Z') / 1000);
  });

  it('refused for three days is given up, and told so', async () => {
    stand.answers.status = 500;
    await payOnce();
    await stand.moveTo('2026-02-04T00:00:00Z');
    const [seen] = stand.standIn.listWebhooks(1);
    expect(seen).toMatchObject({ status: 'failed', answer: '500' });
    stand.answers.status = 200;
    await stand.moveTo('2026-02-10T00:00:00Z');
    expect(arrivals()).not.toContain('charge.succeeded');
    expect(
      (await stand.stripe.events.list({ delivery_success: false, limit: 100 })).data.length,
    ).toBeGreaterThan(5);
  });

  it('refused is also tried again after seconds on the machine’s clock, without using up the three days', async () => {
    stand.answers.status = 500;
    await payOnce();
    for (let restart = 0; restart < 30; restart += 1) {
      stand.machine.at += 5_000;
      await stand.standIn.settled();
    }
    expect(arrivals()).toEqual([]);
    stand.answers.status = 200;
    stand.machine.at += 5_000;
    await stand.standIn.settled();
    expect(arrivals()).toHaveLength(5);
  });

  it('not yet delivered when the stand-in stops is delivered when it is back', async () => {
    stand.answers.status = 500;
    await payOnce();
    await stand.restart();
    stand.answers.status = 200;
    await stand.moveTo('2026-01-31T10:10:00Z');
    expect(arrivals().toSorted()).toEqual([
      'charge.succeeded',
      'charge.updated',
      'checkout.session.completed',
      'payment_intent.created',
      'payment_intent.succeeded',
    ]);
  });

  it('comes as often as a fault says', async () => {
    stand.standIn.setFaults({ webhooks: { duplicate: 3 } });
    await payOnce();
    expect(arrivals().filter((type) => type === 'charge.succeeded')).toHaveLength(3);
  });

  it('comes late by as much as a fault says', async () => {
    stand.standIn.setFaults({ webhooks: { delay_s: 90 } });
    await payOnce();
    await stand.moveTo('2026-01-31T10:01:29Z');
    expect(arrivals()).toEqual([]);
    await stand.moveTo('2026-01-31T10:01:30Z');
    expect(arrivals()).toHaveLength(5);
  });

  it('comes newest first when a fault reorders', async () => {
    stand.standIn.setFaults({ webhooks: { delay_s: 1, reorder: true } });
    await payOnce();
    await stand.moveTo('2026-01-31T10:00:02Z');
    const order = stand.received.map(({ type }) => type);
    expect(order.indexOf('charge.updated')).toBeLessThan(order.indexOf('price.created'));
  });

  it('is lost for good when a fault drops it, and the event list knows', async () => {
    stand.standIn.setFaults({ webhooks: { drop: 1 } });
    await payOnce();
    stand.standIn.setFaults({});
    await stand.moveTo('2026-02-03T00:00:00Z');
    expect(arrivals()).not.toContain('charge.succeeded');
    const lost = await stand.stripe.events.list({ delivery_success: false, types: ['charge.succeeded'] });
    expect(lost.data).toHaveLength(1);
  });

  it('carries nonsense, rightly signed, when a fault poisons it', async () => {
    const { id } = await stand.stripe.checkout.sessions.create(onceParams());
    await stand.standIn.settled();
    stand.standIn.setFaults({ webhooks: { poison: 1 } });
    await stand.standIn.pay(id, { card: '4242424242424242' });
    await stand.standIn.settled();
    const spoilt = stand.received.filter(({ body }) => body.includes('"currency":"poison"'));
    expect(spoilt).toHaveLength(1);
    const machineNow = Date.parse('2026-05-05T05:05:05Z') / 1000;
    const [one] = spoilt;
    expect(() =>
      stand.stripe.webhooks.constructEvent(
        one?.body ?? '',
        one?.signature ?? '',
        stand.secret,
        300,
        undefined,
        machineNow,
      ),
    ).not.toThrow();
  });
});
