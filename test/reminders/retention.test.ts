// How long a reminder's address is kept, and what its keyed hash is still good for once the address has gone.
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { suppress } from '../../src/letters/suppression.ts';
import { transact } from '../../src/outside/database.ts';
import { sweepReminders } from '../../src/reminders/send-due.ts';
import { openReminderDesk, type ReminderDesk } from './desk.ts';

let desk: ReminderDesk;
const day = 86_400;
const anna = 'anna@example.org';

beforeAll(async () => {
  desk = await openReminderDesk();
});

beforeEach(async () => {
  await desk.post.clear();
});

afterAll(async () => {
  await desk.post.close();
});

async function kept(): Promise<{ addresses: number; hashes: number; former: number }> {
  const { rows } = await desk.post.services.database.execute<Record<string, string>>(sql`
    select count(address_sealed) as addresses, count(address_hash) as hashes, count(former_hash) as former from readers`);
  const count = (name: string) => Number(rows[0]?.[name]);
  return { addresses: count('addresses'), hashes: count('hashes'), former: count('former') };
}

test('the night after a stop the address goes; its hash stays thirty days more', async () => {
  const page = await desk.askAndConfirm({ email: anna, when: 'month' });
  await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
  await sweepReminders(desk.post.services);
  expect(await kept()).toEqual({ addresses: 0, hashes: 0, former: 1 });
  desk.post.services.pass(29 * day);
  await sweepReminders(desk.post.services);
  expect((await kept()).former).toBe(1);
  desk.post.services.pass(2 * day);
  await sweepReminders(desk.post.services);
  expect(await kept()).toEqual({ addresses: 0, hashes: 0, former: 0 });
});

test('an unconfirmed address goes after seven days', async () => {
  await desk.ask({ email: anna, when: 'month' }).expect(202);
  desk.post.services.pass(6 * day);
  await sweepReminders(desk.post.services);
  expect((await kept()).addresses).toBe(1);
  desk.post.services.pass(2 * day);
  await desk.round();
  await sweepReminders(desk.post.services);
  expect((await kept()).addresses).toBe(0);
});

test('who asks again within those days is reminded like anybody', async () => {
  const page = await desk.askAndConfirm({ email: anna, when: 'month' });
  await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
  await sweepReminders(desk.post.services);
  await desk.askAndConfirm({ email: anna, when: 'month' });
  expect((await desk.rows()).map(({ state }) => state)).toEqual(['cancelled', 'waiting']);
});

test('what is told of the former address within those days holds for whoever asks with it', async () => {
  const { services } = desk.post;
  const page = await desk.askAndConfirm({ email: anna, when: 'month' });
  await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
  await sweepReminders(services);
  const [row] = await desk.rows();
  const told = await transact(services, (tx) =>
    suppress(tx, services.now(), row?.readerId ?? '', 'dead-address'),
  );
  expect(told).toBe('suppressed');
  await desk.ask({ email: anna, when: 'month' }).expect(202);
  const before = desk.post.mailbox.count();
  await desk.round();
  expect(desk.post.mailbox.count()).toBe(before);
});
