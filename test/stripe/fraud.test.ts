// Fraud: what banks report and what cards are declined is told to staff, with what to do; nothing is sent back by itself.
import supertest from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inviteStaff } from '../../src/staff/invite.ts';
import { watchForCardTesting } from '../../src/stripe/card-testing.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
let staff: ReturnType<typeof supertest.agent>;
const metricsToken = 'what-the-watchman-shows-at-the-gate';

beforeAll(async () => {
  service = await startService('2026-05-04T09:00:00Z', { METRICS_TOKEN: metricsToken });
  staff = supertest.agent(service.url);
  const invitation = new URL(await inviteStaff(service.services, 'desk@example.org', 'viewer')).pathname;
  await staff.post(invitation).type('form').send({ password: 'count the boats at low water' }).expect(303);
});
afterAll(() => service.close());

const metrics = async () => {
  const answer = await fetch(`${service.url}/metrics`, {
    headers: { authorization: `Bearer ${metricsToken}` },
  });
  return answer.text();
};
const desk = async () => (await staff.get('/staff').expect(200)).text;
const disputes = async () => (await staff.get('/api/v1/reports/disputes').expect(200)).body.rows;

/** Tries a card at the checkout of a new gift, as often as is said. */
async function tryCard(frequency: 'once' | 'month', times: number, card = '4000000000000002'): Promise<void> {
  const { sessionId } = await service.beginCheckout({ frequency, amountMinor: 500 });
  for (let tries = 0; tries < times; tries += 1) {
    await service.sandbox.stripe?.pay(sessionId, { card, email: 'tester@example.org' });
    await service.advance('PT2S');
  }
}

test('a payment reported as fraud stands on the desk until it is contested or given back, and stays a payment', async () => {
  expect(await desk()).not.toContain('reported as fraud');
  await service.give({
    frequency: 'once',
    amountMinor: 4500,
    email: 'vera@example.org',
    card: '4000000000005423',
  });
  expect(await disputes()).toMatchObject([
    { dispute_state: 'reported', reason: 'made_with_stolen_card', amount_minor: 4500, answer_by: null },
  ]);
  expect(await desk()).toContain('1 payment was reported as fraud by the bank');
  const page = await staff.get('/staff/reports/disputes').expect(200);
  expect(page.text).toContain('Nothing is sent back by itself.');
  expect(await metrics()).toContain('favor_fraud_warnings 1');
  expect(await service.rows('select kind from adjustments')).toEqual([]);

  const [payment] = await service.rows<{ intent: string }>(
    'select stripe_payment_intent_id as intent from payments',
  );
  await service.advance('PT1H');
  await service.services.stripe.refunds.create({ payment_intent: payment?.intent ?? '' });
  await service.settled();
  expect(await disputes()).toEqual([]);
  expect(await desk()).not.toContain('reported as fraud');
});

test('a few declined cards are no alarm, nor are renewals that fail', async () => {
  await service.give({
    frequency: 'month',
    amountMinor: 500,
    email: 'wim@example.org',
    card: '4000000000000341',
  });
  await service.advance('P1M');
  await service.advance('PT2H');
  expect(await service.rows('select 1 from payment_failures')).toHaveLength(1);
  expect(await service.rows('select 1 from declines')).toEqual([]);
  await tryCard('once', 2);
  await tryCard('month', 2);
  expect(await service.rows('select 1 from declines')).toHaveLength(4);
  expect(await metrics()).toMatch(/favor_declined_attempts 4\n/);
  expect(await service.rows('select 1 from decline_bursts')).toEqual([]);
  expect(await desk()).not.toContain('stolen cards');
});

test('twenty in ten minutes are: one line in the log, a day on the desk, and the rule in words', async () => {
  // From a full ten minutes on, so that all of it falls into one stretch.
  const now = service.services.now().getTime();
  await service.advance(`PT${Math.ceil((Math.ceil(now / 600_000 + 1) * 600_000 - now) / 1000)}S`);
  await tryCard('once', 12);
  await tryCard('month', 9);
  await service.give({ frequency: 'once', amountMinor: 700, email: 'xeno@example.org' });
  expect(await service.rows('select declined, given from decline_bursts')).toMatchObject([{ declined: 21 }]);
  const said: unknown[] = [];
  const log = { ...service.services.log, error: (...line: unknown[]) => void said.push(line) };
  await service.rows('truncate decline_bursts');
  await watchForCardTesting({ ...service.services, log: log as typeof service.services.log });
  await watchForCardTesting({ ...service.services, log: log as typeof service.services.log });
  expect(said).toMatchObject([[{ declined: 21, given: 1 }, expect.stringContaining('testing')]]);
  expect(await desk()).toMatch(/21 attempts to give were declined within ten minutes.*while 1 came through/);
  expect((await staff.get('/staff/definitions').expect(200)).text).toContain('id="card-testing"');
  expect(await metrics()).toContain('favor_card_testing 1');
  await service.advance('P2D');
  expect(await desk()).not.toContain('stolen cards');
});
