// Staff count the month: the desk's figures against a history reckoned by hand.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inviteStaff } from '../../src/staff/invite.ts';
import { press, startService, type TestService } from '../harness/service.ts';

let service: TestService;
let cookie = '';

beforeAll(async () => {
  service = await startService('2026-03-10T12:00:00Z', { PUBLICATION_TIME_ZONE: 'Europe/Riga' });
  // March: 25.00 once, 5.00 every month, 60.00 every year; and 9.00 that was declined.
  await service.give({ frequency: 'once', amountMinor: 2500, email: 'una@example.org', campaign: 'spring' });
  await service.give({ frequency: 'month', amountMinor: 500, email: 'vera@example.org', campaign: 'spring' });
  await service.give({ frequency: 'year', amountMinor: 6000, email: 'will@example.org' });
  const declined = await service.beginCheckout({ frequency: 'once', amountMinor: 900 });
  await service.sandbox.stripe?.pay(declined.sessionId, {
    card: '4000000000000002',
    email: 'xena@example.org',
  });
  // April: the monthly gift again, 10.00 of the 25.00 goes back, and the yearly member leaves at once.
  await service.advance('P1M');
  await service.advance('PT3H');
  const [once] = await service.rows<{ pi: string }>(
    "select stripe_payment_intent_id as pi from payments where kind = 'once'",
  );
  await service.services.stripe.refunds.create({ payment_intent: once?.pi ?? '', amount: 1000 });
  const [year] = await service.rows<{ id: string }>(
    "select stripe_subscription_id as id from memberships where interval = 'year'",
  );
  await service.services.stripe.subscriptions.cancel(year?.id ?? '');
  await service.settled();
  await service.advance('PT1H');

  const link = await inviteStaff(service.services, 'zoe@example.org', 'viewer');
  const password = 'a long and quiet password';
  const welcome = await press(link, { password, again: password, repeated: password });
  cookie = (welcome.headers.getSetCookie() ?? []).map((one) => one.split(';')[0]).join('; ');
});
afterAll(() => service.close());

const report = async (name: string, query: string) => {
  const answer = await fetch(`${service.url}/api/v1/reports/${name}?${query}`, { headers: { cookie } });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { rows: Record<string, unknown>[]; totals: Record<string, unknown> };
};
const range = 'from=2026-03-01&to=2026-05-01&by=month&currency=USD';

test('income: gross when paid, the refund on its own date, fees of 2.9 % and 30 cents each', async () => {
  // Fees: 25.00 → 1.03, 5.00 → 0.45, 60.00 → 2.04; in March 3.52 together, in April 0.45.
  const { rows, totals } = await report('income', range);
  expect(rows).toMatchObject([
    {
      period: '2026-03-01',
      payments: 3,
      gross_minor: 9000,
      refunds_minor: 0,
      fees_minor: 352,
      net_minor: 8648,
      first_gifts: 3,
      repeat_gifts: 0,
    },
    {
      period: '2026-04-01',
      payments: 1,
      gross_minor: 500,
      refunds_minor: 1000,
      fees_minor: 45,
      net_minor: -545,
      first_gifts: 0,
      repeat_gifts: 1,
    },
  ]);
  expect(totals).toMatchObject({
    payments: 4,
    gross_minor: 9500,
    refunds_minor: 1000,
    fees_minor: 397,
    net_minor: 8103,
  });
});

test('promised income: 5.00 and a twelfth of 60.00 begin in March; the twelfth leaves in April', async () => {
  const { rows } = await report('mrr', range);
  expect(rows).toMatchObject([
    {
      period: '2026-03-01',
      start_minor: 0,
      new_minor: 1000,
      end_minor: 1000,
      arr_minor: 12_000,
      members: 2,
      supporters: 2,
    },
    {
      period: '2026-04-01',
      start_minor: 1000,
      new_minor: 0,
      churn_voluntary_minor: 500,
      end_minor: 500,
      arr_minor: 6000,
      members: 1,
      supporters: 1,
    },
  ]);
});

test('sources: what the spring campaign brought, and what is not attributed, add up to the whole', async () => {
  const { rows, totals } = await report('sources', `${range}&of=campaign`);
  expect(rows).toContainEqual(expect.objectContaining({ key: 'spring', payments: 3, gross_minor: 3500 }));
  expect(rows).toContainEqual(expect.objectContaining({ key: null, payments: 1, gross_minor: 6000 }));
  expect(totals).toMatchObject({ payments: 4, gross_minor: 9500 });
});

test('the page, the CSV and the JSON say the same', async () => {
  const page = await (
    await fetch(`${service.url}/staff/reports/income?${range}`, { headers: { cookie } })
  ).text();
  expect(page).toContain('90.00');
  const csv = await (
    await fetch(`${service.url}/api/v1/reports/income.csv?${range}`, { headers: { cookie } })
  ).text();
  expect(csv).toMatch(/2026-03-01,USD,3,9000,0,0,0,352,8648,3,0/);
});

test('the desk shows no address of anybody', async () => {
  const desk = await (await fetch(`${service.url}/staff`, { headers: { cookie } })).text();
  expect(desk).not.toMatch(/(una|vera|will)@example\.org/);
});

test('a stranger sees no figure', async () => {
  const answer = await fetch(`${service.url}/api/v1/reports/income?${range}`);
  expect(answer.status).toBe(401);
  expect((await fetch(`${service.url}/staff`, { redirect: 'manual' })).status).toBe(303);
});
