// A letter comes back, and the reader gets no more of them until they show that their address lives: with a link, or with a gift. Or it was unwanted.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  askAndConfirm,
  askForReminder,
  linkIn,
  press,
  startService,
  type TestService,
} from '../harness/service.ts';
import { postmarkBounce, postmarkComplaint, postmarkLogin } from '../mail/providers.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-03-10T12:00:00Z', { MAIL_EVENTS_POSTMARK_LOGINS: postmarkLogin });
});
afterAll(async () => {
  await service?.close();
});

/** The mail provider says of the newest letter to this address that there is no such address, or that it was unwanted. */
async function comesBack(
  address: string,
  number: number,
  tell: (mark: string, told: { ID: number }) => object = postmarkBounce,
): Promise<void> {
  const [letter] = await service.letters(address);
  const mark = String(letter?.headers['x-pm-metadata-letter']);
  const answer = await fetch(`${service.url}/webhooks/mail/postmark`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(postmarkLogin).toString('base64')}`,
    },
    body: JSON.stringify(tell(mark, { ID: number })),
  });
  expect(answer.status).toBe(200);
}

const subjects = async (address: string) => (await service.letters(address)).map(({ subject }) => subject);
const dead = async () => Number((await service.rows('select count(*) as n from suppressions'))[0]?.n);

test('a button behind the link of an earlier letter brings the receipts back', async () => {
  const address = 'monthly@example.org';
  await service.give({ frequency: 'month', amountMinor: 500, email: address });
  const [thanks] = await service.letters(address);
  await comesBack(address, 1);
  const link = linkIn(thanks, /\/account\/manage\/[^/]+$/);
  // Looking changes nothing: mail scanners look.
  await fetch(link);
  expect(await dead()).toBe(1);
  expect((await press(link)).status).toBe(303);
  expect(await dead()).toBe(0);
  await service.advance('P1M1D');
  expect(await subjects(address)).toHaveLength(2);
});

test('a gift made with it is thanked for', async () => {
  const address = 'once@example.org';
  await service.give({ frequency: 'once', amountMinor: 2_500, email: address });
  await comesBack(address, 2);
  expect(await dead()).toBe(1);
  await service.advance('P1D');
  await service.give({ frequency: 'once', amountMinor: 1_500, email: address });
  expect(await subjects(address)).toHaveLength(2);
  expect(await dead()).toBe(0);
});

test('confirming a reminder does the same', async () => {
  const address = 'later@example.org';
  await askForReminder(service, { email: address });
  const [letter] = await service.letters(address);
  await comesBack(address, 3);
  expect(await dead()).toBe(1);
  const answer = await press(linkIn(letter, /\/reminders\/[^/]+$/), { act: 'confirm' });
  expect(answer.status).toBe(303);
  expect(await dead()).toBe(0);
  await service.advance('P1M1D');
  expect(await subjects(address)).toHaveLength(2);
});

test('whoever calls a letter unwanted is not reminded, and by the next night their address is gone', async () => {
  const address = 'unwanted@example.org';
  await askAndConfirm(service, { email: address });
  const [asked] = await service.letters(address);
  await comesBack(address, 4, postmarkComplaint);
  const standing = () =>
    service.rows(
      `select m.state, m.former, r.address_sealed is null as gone from reminders m join readers r on r.id = m.reader_id
       where m.stopped_at is not null order by m.id desc limit 1`,
    );
  expect(await standing()).toEqual([{ state: 'cancelled', former: null, gone: false }]);
  const undone = await press(linkIn(asked, /\/reminders\/[^/]+$/), { act: 'undo' });
  expect(undone.status).toBe(410);
  await service.advance('P1D');
  expect(await standing()).toEqual([{ state: 'cancelled', former: null, gone: true }]);
  await service.advance('P1M');
  expect(await subjects(address)).toHaveLength(1);
});
