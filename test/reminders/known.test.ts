// Being reminded again by a reader who is known: from the browser that has just paid, by the link of a letter about a gift, and signed in.
import { randomUUIDv7 } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { transact } from '../../src/outside/database.ts';
import { linkToken, sessionToken } from '../../src/outside/tokens.ts';
import { satisfyReminders, sendDueReminders } from '../../src/reminders/send-due.ts';
import { checkouts, memberships, payments } from '../../src/schema.ts';
import { beginSession, sessionFormToken } from '../../src/web/session.ts';
import { openReminderDesk, type ReminderDesk } from './desk.ts';

let desk: ReminderDesk;
const anna = 'anna@example.org';

beforeAll(async () => {
  desk = await openReminderDesk();
});
beforeEach(() => desk.post.clear());
afterAll(() => desk.post.close());

const states = async () => (await desk.rows()).map(({ state, stage, sendOn }) => [state, stage, sendOn]);

/** Someone has paid once, just now; answers the checkout and the cookie of the browser that paid. */
async function paid(address = anna): Promise<{ id: string; cookie: string }> {
  const { services } = desk.post;
  const now = services.now();
  const id = randomUUIDv7();
  const readerId = await desk.post.reader(address);
  await services.database.insert(checkouts).values({
    id,
    state: 'completed',
    frequency: 'once',
    amountMinor: 500n,
    feesCoveredMinor: 0n,
    currency: 'USD',
    locale: 'en',
    article: 'river',
    readerId,
    createdAt: now,
  });
  const payment = await desk.post.pay(readerId, now);
  await services.database
    .update(payments)
    .set({ checkoutId: id, article: 'river', campaign: 'spring' })
    .where(sql`id = ${payment}`);
  const until = new Date(now.getTime() + 86_400_000);
  return { id, cookie: `gift=${linkToken(services.keys, 'checkout', id, until)}` };
}

const askAgain = (fields: Record<string, string>, cookie = '') =>
  desk.site.post('/remind-me/again').set('Cookie', cookie).type('form').send(fields);

describe('from the browser that has just paid', () => {
  test('one press is enough, and the day is named; the gift of just now does not stand for the next', async () => {
    const { id, cookie } = await paid();
    desk.post.services.pass(60);
    const page = await askAgain({ proof: id, when: 'quarter' }, cookie).expect(202);
    expect(page.text).toContain('we will do so once, on Monday 24 May, in the morning');
    expect(await states()).toEqual([['waiting', 'again', '2027-05-24']]);
    expect(await desk.rows()).toMatchObject([{ article: 'river', campaign: 'spring', component: 'thanks' }]);
    expect(await desk.lettersTo(anna)).toHaveLength(0);
    const [own] = /\/reminders\/[\w-]{59}/.exec(page.text) ?? [];
    expect((await desk.site.get(own ?? '').expect(200)).text).toContain('Change the day');
    desk.post.services.set('2027-05-24T11:00:00Z');
    const letters = await desk.lettersTo(anna);
    expect(letters.map(({ subject }) => subject)).toEqual(['You asked us to remind you']);
  });

  test('in the very second of paying, or while Stripe’s clock goes before ours, it is still for the next', async () => {
    const { id, cookie } = await paid();
    await desk.post.services.database.update(payments).set({ paidAt: new Date('2027-02-24T09:00:20Z') });
    await askAgain({ proof: id, when: 'year' }, cookie).expect(202);
    await satisfyReminders(desk.post.services);
    expect(await states()).toEqual([['waiting', 'again', '2028-02-24']]);
  });

  test('a gift after it takes its place', async () => {
    const { id, cookie } = await paid();
    await askAgain({ proof: id, when: 'quarter' }, cookie).expect(202);
    desk.post.services.pass(3600);
    await desk.post.pay(await desk.post.reader(anna), desk.post.services.now());
    desk.post.services.set('2027-05-24T11:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(0);
    expect((await states())[0]?.[0]).toBe('satisfied');
  });

  test.each([
    ['another browser', 0, ''],
    ['a browser that began another checkout', 0, 'other'],
    ['half an hour later', 1801, 'own'],
  ])('%s is asked for an address instead, with the choice kept', async (_name, seconds, whose) => {
    const { id, cookie } = await paid();
    const other = await paid('other@example.org');
    desk.post.services.pass(seconds);
    const sent = whose === 'own' ? cookie : whose === 'other' ? other.cookie : '';
    const page = await askAgain({ proof: id, when: 'half-year' }, sent).expect(422);
    expect(page.text).toContain('Please enter your e-mail address.');
    expect(page.text).toMatch(/value="half-year" checked/);
    expect(page.text).toContain('name="stage" value="again"');
    expect(await desk.rows()).toEqual([]);
    // By that form it has to be confirmed, as everybody's; its stage is told in the report.
    const form = { email: anna, when: 'half-year', stage: 'again' };
    await desk.site.post('/remind-me').type('form').send(form).expect(202);
    expect(await states()).toEqual([['unconfirmed', 'again', '2027-08-24']]);
  });

  test('the same answer for a checkout that was paid, one that was not, and none', async () => {
    const { id } = await paid();
    const answers = [];
    for (const proof of [id, randomUUIDv7(), 'nonsense']) {
      const { status, body, headers } = await desk.site
        .post('/api/v1/reminders/again')
        .send({ proof, when: 'year' });
      answers.push({ status, body, cookies: headers['set-cookie'] });
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(410);
  });

  test('its JSON twin; and the same form sent twice is one reminder', async () => {
    const { id, cookie } = await paid();
    const body = { proof: id, when: '2027-09-01', discreet: true, time_zone: 'Asia/Tokyo' };
    const send = () =>
      desk.site
        .post('/api/v1/reminders/again')
        .set({ Cookie: cookie, 'Idempotency-Key': 'one' })
        .send(body)
        .expect(202);
    expect((await send()).body).toEqual({ send_on: '2027-09-01' });
    await send();
    expect(await desk.rows()).toMatchObject([{ state: 'waiting', discreet: true, timeZone: 'Asia/Tokyo' }]);
    const form = { proof: id, when: 'year', key: 'form-1' };
    const twice = await Promise.all([1, 2].map(() => askAgain(form, cookie)));
    expect(twice.map(({ status }) => status)).toEqual([202, 202]);
    expect(twice[0]?.text).toBe(twice[1]?.text);
    expect((await states()).map(([state]) => state).sort()).toEqual(['replaced', 'waiting']);
    await desk.site
      .post('/api/v1/reminders/again')
      .set('Cookie', cookie)
      .send({ proof: id, when: '2027-02-24' })
      .expect(422);
  });

  test('a form that another site sent does nothing, and neither does a forgotten reader’s', async () => {
    const { id, cookie } = await paid();
    await askAgain({ proof: id, when: 'year' }, cookie).set('Sec-Fetch-Site', 'cross-site').expect(403);
    await desk.post.services.database.execute(
      sql`update readers set erased_at = now(), address_hash = null, address_sealed = null`,
    );
    await askAgain({ proof: id, when: 'year' }, cookie).expect(422);
    expect(await desk.rows()).toEqual([]);
  });
});

describe('after a regular gift has ended', () => {
  async function member(endsAt: Date | null, endedAt: Date | null = null): Promise<string> {
    const { services } = desk.post;
    const readerId = await desk.post.reader(anna);
    await services.database.insert(memberships).values({
      id: randomUUIDv7(),
      readerId,
      stripeSubscriptionId: `sub_${randomUUIDv7()}`,
      stripeCustomerId: 'cus_1',
      standing: endedAt === null ? 'active' : 'ended',
      amountMinor: 500n,
      currency: 'USD',
      interval: 'month',
      startedAt: new Date('2026-01-01T00:00:00Z'),
      periodEndsAt: new Date('2027-03-01T00:00:00Z'),
      endsAt,
      endedAt,
      lookedAt: services.now(),
      createdAt: services.now(),
    });
    return linkToken(services.keys, 'manage', readerId, new Date('2027-03-20T00:00:00Z'));
  }

  test('the letter’s link is enough; what still runs out till then does not keep the letter back', async () => {
    const token = await member(new Date('2027-03-01T00:00:00Z'));
    // Paid for in this very second, and yet before.
    await desk.post.pay(await desk.post.reader(anna), desk.post.services.now());
    await askAgain({ proof: token, when: 'quarter', discreet: 'yes' }).expect(202);
    expect(await desk.rows()).toMatchObject([{ stage: 'win-back', component: 'account', discreet: true }]);
    await satisfyReminders(desk.post.services);
    await desk.post.services.database
      .update(memberships)
      .set({ standing: 'ended', endedAt: new Date('2027-03-01T00:00:00Z') });
    desk.post.services.set('2027-05-24T11:00:00Z');
    await sendDueReminders(desk.post.services);
    const [row] = await desk.rows();
    expect(row?.state).toBe('sent');
    expect((await desk.post.row(`reminder:${row?.id}:0`)).facts).toMatchObject({ discreet: true });
    expect(await desk.lettersTo(anna)).toHaveLength(1);
  });

  test('a link whose time is over asks for the address instead', async () => {
    const token = await member(null, new Date('2027-02-20T00:00:00Z'));
    desk.post.services.set('2027-03-21T00:00:00Z');
    const page = await askAgain({ proof: token, when: 'year' }).expect(422);
    expect(page.text).toContain('name="stage" value="win-back"');
    expect(await desk.rows()).toEqual([]);
  });
});

describe('signed in', () => {
  /** Anna’s session: its cookie, and what forms of its pages carry. */
  async function session(): Promise<{ cookie: string; form_token: string }> {
    const { services } = desk.post;
    const readerId = await desk.post.reader(anna);
    const machineNow = services.machineNow();
    const id = await transact(services, (tx) =>
      beginSession(tx, machineNow, { readerId }, { hours: 1, endingId: null }),
    );
    return {
      cookie: `reader=${sessionToken(services.keys, 'reader', id, machineNow)}`,
      form_token: sessionFormToken(services.keys, 'reader', id),
    };
  }

  const ask = (email: string, cookie: string) =>
    desk.site.post('/remind-me').set('Cookie', cookie).type('form').send({ email, when: 'month' });

  test('one’s own address needs no confirmation, however it is written', async () => {
    const { cookie } = await session();
    const page = await ask('Anna@Example.org', cookie).expect(202);
    expect(page.text).toMatch(/\/reminders\/[\w-]{59}/);
    expect((await states()).map(([state]) => state)).toEqual(['waiting']);
    expect(await desk.lettersTo(anna)).toHaveLength(0);
    // What is asked by its owner is granted though others have asked under this address as often as they may.
    for (let times = 0; times < 4; times += 1) await ask(anna, cookie).expect(202);
    expect((await states()).map(([state]) => state)).toEqual([...Array(4).fill('replaced'), 'waiting']);
  });

  test('another’s address is confirmed by its owner, as ever', async () => {
    const { cookie } = await session();
    const page = await ask('ben@example.org', cookie).expect(202);
    expect(page.text).not.toMatch(/\/reminders\/[\w-]{59}/);
    expect((await states()).map(([state]) => state)).toEqual(['unconfirmed']);
    expect(await desk.lettersTo('ben@example.org')).toHaveLength(1);
  });

  test('from one’s own pages one press is enough, and no other page can press it', async () => {
    const { cookie, form_token } = await session();
    const wish = { proof: 'session', when: 'quarter' };
    await askAgain({ ...wish, form_token: `1.${'A'.repeat(43)}` }, cookie).expect(422);
    await askAgain({ ...wish, form_token }).expect(422);
    expect(await states()).toEqual([]);
    await askAgain({ ...wish, form_token }, cookie).expect(202);
    expect(await states()).toEqual([['waiting', 'win-back', '2027-05-24']]);
    const program = desk.site.post('/api/v1/reminders/again');
    await program.set('Cookie', '').send(wish).expect(410);
  });
});
