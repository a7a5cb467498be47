// Report letters after an outage and with several instances: the newest period alone, once, and nothing that is days old.
import { asc } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sampleRow } from '../../src/letters/samples.ts';
import { transact } from '../../src/outside/database.ts';
import { letters, reportLetters, staff } from '../../src/schema.ts';
import { inviteStaff } from '../../src/staff/invite.ts';
import {
  chooseReportLetter,
  nextReportLetterDue,
  type Tell,
  type ToldDays,
  writeReportLetters,
} from '../../src/staff/report-letters.ts';
import { openPostOffice, type PostOffice } from '../letters/post-office.ts';

let post: PostOffice;
let editor: string;
let told: ToldDays[];
const tell: Tell = async (days) => {
  told.push(days);
  return sampleRow('report-summary', 'en').facts as unknown as Awaited<ReturnType<Tell>>;
};

beforeAll(async () => {
  post = await openPostOffice({ env: { PUBLICATION_TIME_ZONE: 'America/New_York' } });
  await inviteStaff(post.services, 'editor@example.org', 'viewer');
  const [row] = await post.services.database.select({ id: staff.id }).from(staff);
  editor = row?.id ?? '';
});
afterAll(() => post.close());
beforeEach(async () => {
  told = [];
  await post.services.database.delete(letters);
  await post.services.database.delete(reportLetters);
});

async function choose(every: 'week' | 'month', at: string): Promise<string> {
  post.services.set(at);
  const dueAt = await transact(post.services, (tx) =>
    chooseReportLetter(tx, post.services.now(), 'America/New_York', { staffId: editor, every, locale: 'en' }),
  );
  return dueAt?.toISOString() ?? '';
}

const written = () =>
  post.services.database
    .select({ key: letters.key, state: letters.state })
    .from(letters)
    .orderBy(asc(letters.createdAt));

test('chosen on a Monday before its morning, it comes the same day; chosen after, a week later', async () => {
  expect(await choose('week', '2026-08-03T10:59:00Z')).toMatch(/^2026-08-03T1[12]:/);
  expect(await choose('week', '2026-08-03T13:00:00Z')).toMatch(/^2026-08-10T1[12]:/);
  expect(await choose('month', '2026-08-03T13:00:00Z')).toMatch(/^2026-09-01T1[12]:/);
});

test('the morning stays between 7 and 9 across a clock change', async () => {
  expect(await choose('month', '2026-10-15T12:00:00Z')).toMatch(/^2026-11-01T1[23]:/);
});

test('a machine that was down in the morning writes when it is back, of the newest period alone', async () => {
  await choose('week', '2026-08-05T12:00:00Z');
  // Down for two Mondays, back on the Wednesday after the second.
  post.services.set('2026-08-19T06:00:00Z');
  await writeReportLetters(post.services, tell);
  expect(told).toEqual([{ every: 'week', from: '2026-08-10', to: '2026-08-17', fromBefore: '2026-08-03' }]);
  expect(await written()).toEqual([{ key: `report-summary:${editor}:week:2026-08-10`, state: 'queued' }]);
  expect((await nextReportLetterDue(post.services))?.toISOString()).toMatch(/^2026-08-24T1[12]:/);
});

test('what is more than three days late is dropped', async () => {
  await choose('week', '2026-08-05T12:00:00Z');
  post.services.set('2026-08-13T14:00:00Z');
  await writeReportLetters(post.services, tell);
  expect((await written()).map(({ state }) => state)).toEqual(['cancelled']);
});

test('twenty instances at once write one letter', async () => {
  await choose('month', '2026-08-05T12:00:00Z');
  post.services.set('2026-09-01T14:00:00Z');
  await Promise.all(Array.from({ length: 20 }, () => writeReportLetters(post.services, tell)));
  expect(await written()).toEqual([{ key: `report-summary:${editor}:month:2026-08-01`, state: 'queued' }]);
  expect(told[0]).toEqual({ every: 'month', from: '2026-08-01', to: '2026-09-01', fromBefore: '2026-07-01' });
  await writeReportLetters(post.services, tell);
  expect(await written()).toHaveLength(1);
});

test('changing one’s mind and back on the same morning writes it once', async () => {
  await choose('week', '2026-08-05T12:00:00Z');
  post.services.set('2026-08-10T14:00:00Z');
  await writeReportLetters(post.services, tell);
  await choose('month', '2026-08-10T14:05:00Z');
  await choose('week', '2026-08-10T14:06:00Z');
  await writeReportLetters(post.services, tell);
  expect(await written()).toHaveLength(1);
});
