// Taking back what was done with a reminder, while its promise can still be kept.
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { suppress } from '../../src/letters/suppression.ts';
import { transact } from '../../src/outside/database.ts';
import { linkToken } from '../../src/outside/tokens.ts';
import { sendDueReminders, sweepReminders } from '../../src/reminders/send-due.ts';
import { openReminderDesk, type ReminderDesk } from './desk.ts';

let desk: ReminderDesk;
const anna = 'anna@example.org';
const day = 86_400;

beforeAll(async () => {
  desk = await openReminderDesk();
});
beforeEach(() => desk.post.clear());
afterAll(() => desk.post.close());

const act = (page: string, fields: Record<string, string>) => desk.site.post(page).type('form').send(fields);
const states = async () => (await desk.rows()).map(({ state, sendOn }) => [state, sendOn]);

describe('a stop', () => {
  test('is undone by a button on its own page; the letter comes on the day as before', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    await act(page, { act: 'stop' }).expect(303);
    expect((await desk.site.get(page)).text).toContain('Undo: back to Wednesday 24 March');
    const twice = await Promise.all([1, 2].map(() => act(page, { act: 'undo' })));
    expect(twice.map(({ status }) => status)).toEqual([303, 303]);
    expect(await states()).toEqual([['waiting', '2027-03-24']]);
    expect((await desk.site.get(page)).text).not.toContain('Undo');
    desk.post.services.set('2027-03-24T11:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(2);
  });

  test('before it was confirmed: undone, it waits to be confirmed', async () => {
    await desk.ask({ email: anna, when: 'month' }).expect(202);
    const page = desk.linkIn((await desk.lettersTo(anna))[0], 'reminder');
    await act(page, { act: 'stop' }).expect(303);
    await act(page, { act: 'confirm' }).expect(410);
    await act(page, { act: 'undo' }).expect(303);
    await act(page, { act: 'confirm' }).expect(303);
    expect(await states()).toEqual([['waiting', '2027-03-24']]);
  });

  test('cannot be undone once its day is over, or its address forgotten', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'week' });
    await act(page, { act: 'stop' }).expect(303);
    desk.post.services.set('2027-03-04T00:00:00Z');
    expect((await desk.site.get(page)).text).not.toContain('Undo');
    await act(page, { act: 'undo' }).expect(410);
    desk.post.services.set('2027-02-24T12:00:00Z');
    await sweepReminders(desk.post.services);
    await act(page, { act: 'undo' }).expect(410);
    expect((await desk.site.get(page)).text).not.toContain('Undo');
    expect(await states()).toEqual([['cancelled', '2027-03-03']]);
  });

  test('that took the letter back from the outbox leaves nothing to go back to', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'week' });
    desk.post.services.set('2027-03-03T11:00:00Z');
    await sendDueReminders(desk.post.services);
    await act(page, { act: 'stop' }).expect(303);
    expect((await desk.site.get(page)).text).not.toContain('Undo');
    await act(page, { act: 'undo' }).expect(410);
    expect(await desk.lettersTo(anna)).toHaveLength(1);
  });

  test('undone, it makes room for no other: the newest word counts', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'year' });
    await act(page, { act: 'stop' }).expect(303);
    await desk.askAndConfirm({ email: anna, when: 'month' });
    await act(page, { act: 'undo' }).expect(303);
    expect(await states()).toEqual([
      ['waiting', '2028-02-24'],
      ['replaced', '2027-03-24'],
    ]);
  });
});

describe('a change', () => {
  test('that held the letter back while it was on its way leaves nothing to go back to', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'week' });
    desk.post.services.set('2027-03-03T11:00:00Z');
    await sendDueReminders(desk.post.services);
    await act(page, { act: 'again' }).expect(303);
    expect((await desk.site.get(page)).text).not.toContain('Undo');
    await act(page, { act: 'undo' }).expect(303);
    expect(await desk.lettersTo(anna)).toHaveLength(1);
    expect(await states()).toEqual([['waiting', '2027-04-03']]);
  });

  test('is undone to the day before it, also when it was sent twice', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'quarter', time_zone: 'Asia/Tokyo' });
    for (let n = 0; n < 2; n++) {
      await act(page, { act: 'change', when: 'date', date: '2027-03-05', time_zone: 'UTC' }).expect(303);
    }
    expect((await desk.site.get(page)).text).toContain('Undo: back to Monday 24 May');
    await act(page, { act: 'undo' }).expect(303);
    expect(await desk.rows()).toMatchObject([
      { state: 'waiting', choice: 'quarter', sendOn: '2027-05-24', timeZone: 'Asia/Tokyo', former: null },
    ]);
  });

  test('of a letter that was put off takes the putting off back, and does not count it', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'week' });
    desk.post.services.set('2027-03-03T11:00:00Z');
    await desk.round();
    const token = page.split('/').at(-1);
    const twin = (body: object) => desk.site.post(`/api/v1/reminders/${token}`).send(body);
    expect((await twin({ act: 'again' }).expect(200)).body).toEqual({
      state: 'waiting',
      send_on: '2027-04-03',
    });
    expect((await twin({ act: 'undo' }).expect(200)).body).toEqual({ state: 'sent', send_on: '2027-03-03' });
    expect(await desk.rows()).toMatchObject([{ snoozes: 0 }]);
    await act(page, { act: 'again' }).expect(303);
    desk.post.services.set('2027-04-03T11:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(3);
  });
});

describe.each([
  ['unsubscribe', 'unsubscribed', 'Stop reminders'],
  ['block', 'blocked', 'Never write to me'],
] as const)('by the link to %s', (purpose, reason, button) => {
  async function stopped(): Promise<string> {
    await desk.askAndConfirm({ email: anna, when: 'month' });
    const [row] = await desk.rows();
    const link = `/unsubscribe/${linkToken(desk.post.services.keys, purpose, row?.id ?? '', null)}`;
    await desk.site.post(link).type('form').send('List-Unsubscribe=One-Click').expect(200);
    return link;
  }
  const suppressions = async () =>
    (await desk.post.services.database.execute(sql`select reason from suppressions`)).rows;

  test('everything is as it was before, once the button is pressed', async () => {
    const link = await stopped();
    expect(await states()).toEqual([['cancelled', '2027-03-24']]);
    expect((await desk.site.get(link)).text).toContain('Undo');
    const twice = await Promise.all([1, 2].map(() => desk.site.post(`${link}/undo`)));
    expect(twice.map(({ status }) => status)).toEqual([303, 303]);
    const page = await desk.site.get(twice[0]?.headers.location ?? '').expect(200);
    expect(page.text).toContain('Everything is as it was before.');
    expect(page.text).toContain(button);
    expect(await suppressions()).toEqual([]);
    expect(await states()).toEqual([['waiting', '2027-03-24']]);
    desk.post.services.set('2027-03-24T11:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(2);
  });

  test('a reminder that was stopped by itself before stays stopped', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'year' });
    await act(page, { act: 'stop' }).expect(303);
    desk.post.services.pass(60);
    const link = await stopped();
    await desk.site.post(`${link}/undo`).expect(303);
    expect(await states()).toEqual([
      ['cancelled', '2028-02-24'],
      ['waiting', '2027-03-24'],
    ]);
  });

  test('not once the address is forgotten, and not for another site', async () => {
    const link = await stopped();
    await desk.site.post(`${link}/undo`).set('Sec-Fetch-Site', 'cross-site').expect(403);
    desk.post.services.pass(day);
    await sweepReminders(desk.post.services);
    expect((await desk.site.get(link)).text).not.toContain('<button');
    await desk.site.post(`${link}/undo`).expect(410);
    expect(await suppressions()).toEqual([{ reason }]);
  });

  test('pressed when the address has gone already, it holds for who asks with it anew', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    const [row] = await desk.rows();
    await act(page, { act: 'stop' }).expect(303);
    desk.post.services.pass(day);
    await sweepReminders(desk.post.services);
    const link = `/unsubscribe/${linkToken(desk.post.services.keys, purpose, row?.id ?? '', null)}`;
    expect((await desk.site.get(link)).text).toContain(button);
    expect((await desk.site.post(link).expect(200)).text).not.toContain('<button');
    expect(await suppressions()).toEqual([{ reason }]);
    const before = (await desk.lettersTo(anna)).length;
    await desk.ask({ email: anna, when: 'week' }).expect(202);
    expect(await desk.lettersTo(anna)).toHaveLength(before);
  });

  test('its JSON twin does the same, both ways', async () => {
    await desk.askAndConfirm({ email: anna, when: 'month' });
    const [row] = await desk.rows();
    const token = linkToken(desk.post.services.keys, purpose, row?.id ?? '', null);
    const twin = (what: string) => desk.site.post(`/api/v1/unsubscribes/${token}`).send({ act: what });
    for (let n = 0; n < 2; n++) {
      expect((await twin('stop').expect(200)).body).toEqual({ stopped: true });
    }
    expect((await twin('undo').expect(200)).body).toEqual({ stopped: false });
    await twin('other').expect(422);
    expect(await states()).toEqual([['waiting', '2027-03-24']]);
  });

  test('what holds an address back for another reason is not lifted', async () => {
    const link = await stopped();
    const { services } = desk.post;
    const reader = await desk.post.reader(anna);
    await transact(services, (tx) => suppress(tx, services.now(), reader, 'dead-address'));
    await desk.site.post(`${link}/undo`).expect(303);
    expect(await suppressions()).toEqual([{ reason: 'dead-address' }]);
  });
});

test('GET and HEAD change nothing, wherever a mail scanner goes', async () => {
  const page = await desk.askAndConfirm({ email: anna, when: 'month' });
  await act(page, { act: 'change', when: 'week' }).expect(303);
  const [row] = await desk.rows();
  const block = linkToken(desk.post.services.keys, 'block', row?.id ?? '', null);
  const before = await desk.rows();
  for (const path of [page, `${page}?act=stop`, `${page}/give`, `/unsubscribe/${block}`]) {
    for (const method of ['get', 'head'] as const) {
      const { status } = await desk.site[method](path);
      expect([path, [200, 303].includes(status)]).toEqual([path, true]);
    }
  }
  await desk.site.get(`/unsubscribe/${block}/undo`).expect(405);
  expect(await desk.rows()).toEqual(before);
});
