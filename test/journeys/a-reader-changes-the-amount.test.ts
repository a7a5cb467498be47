// A reader changes the amount of a monthly gift by the letter's link: nothing now, the new amount from the next payment on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linkIn, startService, type TestService } from '../harness/service.ts';

let service: TestService;
let manage: string;
beforeAll(async () => {
  service = await startService('2026-01-10T10:00:00Z');
  await service.give({ frequency: 'month', amountMinor: 500, email: 'uma@example.org' });
  const [letter] = await service.letters('uma@example.org');
  manage = linkIn(letter, /\/account\/manage\//);
});
afterAll(() => service.close());

function send(fields: Record<string, string>, url = `${manage}/amount`): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
}

function askByProgram(body: object, key = 'one-wish'): Promise<Response> {
  return fetch(`${service.url}/api/v1/account/amounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ token: manage.split('/').at(-1), ...body }),
  });
}

const wish = () => crypto.randomUUID();
const amounts = async () =>
  (await service.rows<{ amount: string }>('select amount_minor::text as amount from memberships')).map(
    ({ amount }) => amount,
  );
const paid = async () =>
  (
    await service.rows<{ amount: string }>(
      'select amount_minor::text as amount from payments order by paid_at',
    )
  ).map(({ amount }) => amount);
const kinds = async () =>
  (await service.rows<{ kind: string }>('select kind from letters order by created_at, kind')).map(
    ({ kind }) => kind,
  );

test('the page of the letter’s link leads to the form, which says from when on it holds', async () => {
  const page = await (await fetch(manage)).text();
  expect(page).toContain('Change the amount');
  const form = await (await fetch(`${manage}/amount`)).text();
  expect(form).toContain('$5 a month');
  expect(form).toContain('10 February 2026');
  expect(form).not.toContain('uma@example.org');
});

describe('what cannot be taken is said, and changes nothing', () => {
  test.each([
    ['below the least', '1', 422, 'smallest monthly gift is $2'],
    ['above the most', '5000', 422, 'largest monthly gift'],
    ['no amount', '', 422, 'choose an amount'],
    ['words', 'a lot', 422, 'in figures'],
  ])('%s', async (_what, amount, status, said) => {
    const answer = await send({ amount, wish: wish() });
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(said)]);
    expect((await askByProgram({ amount_minor: 100 }, wish())).status).toBe(422);
    expect(await amounts()).toEqual(['500']);
  });

  test.each([
    ['below the least', 100, 'smallest monthly gift is $2'],
    ['not whole', 5.5, 'whole number of minor units'],
    ['words', 'five', 'whole number of minor units'],
    ['no amount', undefined, 'choose an amount'],
  ])('told to a program in its own terms: %s', async (_what, amount_minor, said) => {
    const answer = await askByProgram({ amount_minor }, wish());
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      errors: [{ field: 'amount_minor', detail: expect.stringContaining(said) }],
    });
  });

  test('a link of another purpose, and another reader’s gift', async () => {
    await service.give({ frequency: 'month', amountMinor: 900, email: 'other@example.org' });
    const [other] = await service.rows<{ id: string }>('select id from memberships where amount_minor = 900');
    expect((await send({ amount: '7', gift: other?.id ?? '' })).status).toBe(422);
    expect((await send({ amount: '7' }, `${service.url}/account/manage/none/amount`)).status).toBe(404);
    expect(await amounts()).toEqual(expect.arrayContaining(['500', '900']));
    await service.rows("delete from letters where facts->>'membershipId' = $1", [other?.id ?? '']);
  });

  test('Stripe out of reach: an honest page within five seconds, and the same form works afterwards', async () => {
    service.sandbox.stripe?.setFaults({ calls: { path: '/v1/subscriptions', status: 500, times: 9 } });
    const answer = await send({ amount: '7', wish: wish() });
    expect([answer.status, await answer.text()]).toEqual([
      503,
      expect.stringContaining('Nothing was changed'),
    ]);
    service.sandbox.stripe?.setFaults({});
    expect(await amounts()).toEqual(expect.arrayContaining(['500', '900']));
  });
});

test('sent twice, it is one change, told by one letter; nothing is charged now', async () => {
  const before = await paid();
  const one = wish();
  const [first, second] = [await send({ amount: '7', wish: one }), await send({ amount: '7', wish: one })];
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(await first.text()).toContain('$7 a month, from 10 February 2026 on');
  await service.settled();
  expect(await amounts()).toEqual(expect.arrayContaining(['700', '900']));
  expect(await paid()).toEqual(before);
  expect((await kinds()).filter((kind) => kind === 'amount-changed')).toHaveLength(1);
  const [letter] = await service.letters('uma@example.org');
  expect(letter?.subject).toBe('The amount of your gift is changed');
  expect(letter?.text).toContain('Instead of $5 your gift is now $7 a month');
  expect(letter?.text).toContain('10 February');
});

test('an answer of Stripe’s is lost, and a program asks again: it is still one change and one letter', async () => {
  await service.advance('PT1H');
  service.sandbox.stripe?.setFaults({
    calls: { path: '/v1/subscriptions', status: 500, times: 1, after_effect: true },
  });
  const answer = await askByProgram({ amount_minor: 800 });
  const again = await askByProgram({ amount_minor: 800 });
  service.sandbox.stripe?.setFaults({});
  expect([answer.status, again.status]).toEqual([202, 202]);
  expect(await again.json()).toEqual({
    gift: expect.any(String),
    amount_minor: 800,
    currency: 'USD',
    from: '2026-02-10',
  });
  await service.settled();
  expect((await kinds()).filter((kind) => kind === 'amount-changed')).toHaveLength(2);
  expect(await amounts()).toEqual(expect.arrayContaining(['800', '900']));
});

test('the next payment is the new amount, and the promise has grown by the difference', async () => {
  await service.advance('P1M');
  await service.advance('PT3H');
  const [payment] = await service.rows(
    'select amount_minor::int as amount, fees_covered_minor::int as cover from payments p join readers r on r.id = p.reader_id where p.amount_minor not in (500, 900)',
  );
  expect(payment).toEqual({ amount: 800, cover: 0 });
  const movements = await service.rows(
    `select movement, mrr_delta::int as delta from membership_changes
     where reader_id = (select reader_id from memberships where amount_minor = 800) order by happened_at`,
  );
  expect(movements).toEqual([
    { movement: 'new', delta: 500 },
    { movement: 'expansion', delta: 200 },
    { movement: 'expansion', delta: 100 },
  ]);
});

test('a gift whose payment is overdue is led to the card instead, and to a page that changes nothing else', async () => {
  await service.give({
    frequency: 'month',
    amountMinor: 600,
    email: 'late@example.org',
    card: '4000000000000341',
  });
  const link = linkIn((await service.letters('late@example.org'))[0], /\/account\/manage\//);
  await service.advance('P1M');
  await service.advance('PT4H');
  const page = await (await fetch(link)).text();
  expect(page).toContain('Change my card');
  expect(page).not.toContain('/amount?');
  const refused = await send({ amount: '7' }, `${link}/amount`);
  expect([refused.status, await refused.text()]).toEqual([
    409,
    expect.stringContaining('look after the card first'),
  ]);
  const opened = await send({ to: 'card' }, link);
  expect(opened.headers.get('location')).toMatch(/\/p\/session\//);
});
