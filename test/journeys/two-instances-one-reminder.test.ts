// Two instances of the service on one database: every reminder goes out once, whichever of them gets to it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askAndConfirm, startService, type TestService } from '../harness/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService('2026-09-01T06:00:00Z');
});
afterAll(() => service.close());

test('thirty reminders due while both are awake are thirty letters', async () => {
  const readers = Array.from({ length: 30 }, (_, n) => `reader-${n}@example.org`);
  // Each from a network of its own would be slow here; the door's limit is thirty an hour, and so is the number.
  for (const email of readers) await askAndConfirm(service, { email, when: 'week' });
  const other = await service.secondInstance();
  await service.sandbox.clock.to('2026-09-08T23:00:00Z');
  await Promise.all([service.settled(), other.rounds.runDue(), other.rounds.settled()]);
  const sent = await service.rows<{ n: number }>(
    "select count(*)::int as n from letters where kind = 'reminder' and state = 'sent'",
  );
  expect(sent).toEqual([{ n: 30 }]);
  const letters = await service.letters();
  const reminders = letters.filter((letter) => /unsubscribe/i.test(JSON.stringify(letter.headers)));
  const ids = reminders.map((letter) => JSON.stringify(letter.headers['message-id']));
  expect(reminders).toHaveLength(30);
  expect(new Set(ids).size).toBe(30);
}, 120_000);
