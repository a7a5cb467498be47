// The desk agrees with Stripe's own books: two currencies, a refund and renewals, settled into one, to the minor unit.
import supertest from 'supertest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inviteStaff } from '../../src/staff/invite.ts';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
let staff: ReturnType<typeof supertest.agent>;

beforeAll(async () => {
  service = await startService('2026-03-10T12:00:00Z', { PUBLICATION_TIME_ZONE: 'Europe/Riga' });
  staff = supertest.agent(service.url);
  const invitation = new URL(await inviteStaff(service.services, 'desk@example.org', 'viewer')).pathname;
  await staff.post(invitation).type('form').send({ password: 'count the boats at low water' }).expect(303);
});
afterAll(() => service.close());

async function report(name: string, query: string) {
  const { body } = await staff.get(`/api/v1/reports/${name}?${query}`).expect(200);
  return body;
}

const march = 'from=2026-03-01&to=2026-04-01&by=month';

test('a month of gifts in two currencies, once, monthly and yearly', async () => {
  await service.give({
    frequency: 'once',
    amountMinor: 2_500,
    email: 'once@example.org',
    campaign: 'spring',
  });
  await service.give({ frequency: 'month', amountMinor: 500, email: 'monthly@example.org' });
  await service.give({ frequency: 'year', amountMinor: 6_000, currency: 'EUR', email: 'yearly@example.org' });

  const { rows } = await report('income', march);
  // Fees of the stand-in: 2.9 % and 30 cents; in euro 1.5 % and 25 cents.
  expect(rows).toMatchObject([
    { currency: 'EUR', payments: 1, gross_minor: 6_000, fees_minor: 115, net_minor: 5_885, first_gifts: 1 },
    // 25.00 + 5.00, less 1.03 and 0.45
    { currency: 'USD', payments: 2, gross_minor: 3_000, fees_minor: 148, net_minor: 2_852, first_gifts: 2 },
  ]);
  const promised = await report('mrr', `${march}&currency=EUR`);
  expect(promised.totals).toMatchObject({ new_minor: 500, end_minor: 500, arr_minor: 6_000, supporters: 1 });
});

test('a refund at Stripe comes back by webhook and counts on its own day', async () => {
  const [paid] = await service.rows<{ intent: string }>(
    `select stripe_payment_intent_id as intent from payments where kind = 'once'`,
  );
  await service.advance('P25D');
  await service.services.stripe.refunds.create({ payment_intent: paid?.intent ?? '', amount: 1_000 });
  await service.settled();
  const { rows } = await report('income', 'from=2026-03-01&to=2026-05-01&by=month&currency=USD');
  expect(rows).toMatchObject([
    { period: '2026-03-01', gross_minor: 3_000, refunds_minor: 0 },
    { period: '2026-04-01', gross_minor: 0, refunds_minor: 1_000, net_minor: -1_000 },
  ]);
});

test('settled into the reporting currency it is what Stripe kept for us, renewals included', async () => {
  await service.advance('P2M');
  await service.advance('PT3H');
  const books = await service.services.stripe.balanceTransactions.list({ limit: 100 });
  const sum = (part: 'amount' | 'fee' | 'net') => books.data.reduce((total, entry) => total + entry[part], 0);
  const { totals } = await report('income', 'from=2026-01-01&to=2027-01-01&by=year&currency=reporting');
  expect(totals.gross_minor - totals.refunds_minor).toBe(sum('amount'));
  expect(totals.fees_minor).toBe(sum('fee'));
  expect(totals.net_minor).toBe(sum('net'));
  expect(totals.unconverted).toEqual([]);
});
