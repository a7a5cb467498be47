// What reminders hear: of gifts, whenever those were committed, and of letters that did not go out; of each of them once.
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deliverLetters } from '../../src/letters/deliver.ts';
import { satisfyReminders, sendDueReminders } from '../../src/reminders/send-due.ts';
import { letters, payments, reminders } from '../../src/schema.ts';
import { openPostOffice, type PostOffice, reminderLetter } from '../letters/post-office.ts';

let post: PostOffice;

beforeAll(async () => {
  post = await openPostOffice();
});

beforeEach(async () => {
  await post.clear();
});

afterAll(async () => {
  await post.close();
});

async function stateOf(reminderId: string): Promise<string | undefined> {
  const [row] = await post.services.database.select().from(reminders).where(eq(reminders.id, reminderId));
  return row?.state;
}

function setBack(reminderId: string): Promise<unknown> {
  return post.services.database.update(reminders).set({ state: 'sent' }).where(eq(reminders.id, reminderId));
}

/** The same id as though it had been made so many seconds earlier. */
function madeEarlier(id: string, seconds: number): string {
  const madeAtMs = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) - seconds * 1000;
  const digits = madeAtMs.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}${id.slice(13)}`;
}

test('a gift whose commit took long is heard after others that were made later', async () => {
  const { services } = post;
  const [anna, boris] = [await post.reader('anna@example.org'), await post.reader('boris@example.org')];
  const [ofAnna, ofBoris] = [await post.sentReminder(anna), await post.sentReminder(boris)];
  await post.pay(anna, services.now());
  const heard = await satisfyReminders(services);
  expect([await stateOf(ofAnna), await stateOf(ofBoris)]).toEqual(['satisfied', 'sent']);
  const late = await post.pay(boris, services.now());
  await services.database
    .update(payments)
    .set({ id: madeEarlier(late, 30) })
    .where(eq(payments.id, late));
  await satisfyReminders(services, heard);
  expect(await stateOf(ofBoris)).toBe('satisfied');
});

test('a gift that was heard is not looked at again with the next, but at night', async () => {
  const { services } = post;
  const [anna, boris] = [await post.reader('anna@example.org'), await post.reader('boris@example.org')];
  const ofAnna = await post.sentReminder(anna);
  await post.pay(anna, services.now());
  const heard = await satisfyReminders(services);
  await setBack(ofAnna);
  await post.pay(boris, services.now());
  const then = await satisfyReminders(services, heard);
  expect(await stateOf(ofAnna)).toBe('sent');
  expect(then?.looked.size).toBe(2);
  await satisfyReminders(services);
  expect(await stateOf(ofAnna)).toBe('satisfied');
});

test('a reminder hears once that its letter did not go out', async () => {
  const { services } = post;
  const anna = await post.reader('anna@example.org');
  const ofAnna = await post.sentReminder(anna);
  await post.queue(reminderLetter(anna, ofAnna));
  services.pass(49 * 3600);
  await deliverLetters(services);
  await sendDueReminders(services);
  expect(await stateOf(ofAnna)).toBe('late');
  expect(await services.database.select({ heard: letters.endHeard }).from(letters)).toEqual([
    { heard: true },
  ]);
  await setBack(ofAnna);
  await sendDueReminders(services);
  expect(await stateOf(ofAnna)).toBe('sent');
});
