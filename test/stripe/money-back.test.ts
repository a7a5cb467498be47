// Money back: refunds in parts and failing, disputes won and lost, in the books as Stripe's own balance has them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-02-02T10:00:00Z');
});
afterAll(() => service.close());

async function given(amountMinor: number, card: string, currency = 'USD'): Promise<string> {
  await service.give({ frequency: 'once', amountMinor, currency, card, email: `${amountMinor}@example.org` });
  const [payment] = await service.rows<{ intent: string }>(
    'select stripe_payment_intent_id as intent from payments where amount_minor = $1',
    [amountMinor],
  );
  return payment?.intent ?? '';
}

const steps = (intent: string) =>
  service.rows<Record<string, unknown>>(
    `select a.kind, a.amount_minor::int as amount, a.currency, a.settled_amount_minor::int as settled, a.settled_fee_minor::int as fee
     from adjustments a join payments p on p.id = a.payment_id where p.stripe_payment_intent_id = $1 order by a.happened_at, a.kind`,
    [intent],
  );
const disputes = (intent: string) =>
  service.rows<Record<string, unknown>>(
    `select d.status, d.reason, d.amount_minor::int as amount, d.answered, d.answer_by is not null as dated
     from disputes d join payments p on p.id = d.payment_id where p.stripe_payment_intent_id = $1`,
    [intent],
  );

test('a refund in two parts is two steps, each told by its letter', async () => {
  const intent = await given(3000, '4242424242424242');
  for (const amount of [1000, 2000])
    await service.services.stripe.refunds.create({ payment_intent: intent, amount });
  await service.settled();
  expect((await steps(intent)).map(({ kind, amount }) => [kind, amount])).toEqual(
    expect.arrayContaining([
      ['refund', 1000],
      ['refund', 2000],
    ]),
  );
  expect(await service.rows("select 1 from letters where kind = 'refunded'")).toHaveLength(2);
});

test('a refund that fails gives the money back to the gift', async () => {
  const intent = await given(3100, '4000000000005126');
  await service.services.stripe.refunds.create({ payment_intent: intent, amount: 700 });
  await service.settled();
  await service.advance('P2D');
  expect((await steps(intent)).map(({ kind, amount }) => [kind, amount])).toEqual([
    ['refund', 700],
    ['refund_failed', 700],
  ]);
});

test('a dispute is kept with the day by which it must be answered, its amount and its fee', async () => {
  const intent = await given(3200, '4000000000000259');
  expect(await steps(intent)).toEqual([
    { kind: 'dispute_withdrawn', amount: 3200, currency: 'USD', settled: 3200, fee: 1500 },
  ]);
  expect(await disputes(intent)).toEqual([
    { status: 'needs_response', reason: 'fraudulent', amount: 3200, answered: false, dated: true },
  ]);
});

test.each([
  [3300, 'winning_evidence', 'won', ['dispute_withdrawn', 'dispute_reinstated']],
  [3400, 'losing_evidence', 'lost', ['dispute_withdrawn']],
])('of %i, answered with %s, it is %s', async (amount, evidence, status, kinds) => {
  const intent = await given(amount, '4000000000000259');
  const [dispute] = (await service.services.stripe.disputes.list({ payment_intent: intent })).data;
  await service.services.stripe.disputes.update(dispute?.id ?? '', {
    evidence: { uncategorized_text: evidence },
  });
  await service.settled();
  expect(await disputes(intent)).toMatchObject([{ status: 'under_review', answered: true }]);
  await service.advance('P1D');
  expect(await disputes(intent)).toMatchObject([{ status }]);
  expect((await steps(intent)).map(({ kind }) => kind)).toEqual(kinds);
});

test('a dispute that was won and is lost after all takes its money a second time, with each booking’s own date', async () => {
  const intent = await given(3500, '4000000000000259');
  const [dispute] = (await service.services.stripe.disputes.list({ payment_intent: intent })).data;
  await service.services.stripe.disputes.update(dispute?.id ?? '', {
    evidence: { uncategorized_text: 'winning_then_losing_evidence' },
  });
  await service.advance('PT1H');
  expect(await disputes(intent)).toMatchObject([{ status: 'won' }]);
  await service.advance('P2D');
  expect(await disputes(intent)).toMatchObject([{ status: 'lost' }]);
  expect(await steps(intent)).toMatchObject([
    { kind: 'dispute_withdrawn', amount: 3500, settled: 3500, fee: 1500 },
    { kind: 'dispute_reinstated', amount: 3500, settled: 3500, fee: 0 },
    { kind: 'dispute_withdrawn', amount: 3500, settled: 3500, fee: 0 },
  ]);
});

test('all of it comes to what Stripe’s balance has, to the cent', async () => {
  const [books] = await service.rows<{ net: number }>(
    'select sum(net_minor)::int as net from reporting.ledger',
  );
  const moves = await service.services.stripe.balanceTransactions
    .list({ limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  expect(books?.net).toBe(moves.reduce((sum, { net }) => sum + net, 0));
});
