// What happens unasked, as whoever moves the clock asks for it.
import { expect, test } from 'vitest';
import { startRounds } from '../src/rounds.ts';
import { freshDatabase } from './harness/fresh-database.ts';
import { testServices } from './harness/services.ts';

test('a night that nobody has done yet stays due when its moment has come', async () => {
  const fresh = await freshDatabase();
  const services = await testServices({
    databaseUrl: fresh.url,
    now: '2026-03-01T10:00:00Z',
    env: { PUBLICATION_TIME_ZONE: 'UTC' },
  });
  const rounds = startRounds(services);
  try {
    const night = new Date('2026-03-02T03:00:00Z');
    expect(await rounds.nextDueAt()).toEqual(night);
    services.set(night);
    expect(await rounds.nextDueAt()).toEqual(night);
    await rounds.runDue();
    expect(await rounds.nextDueAt()).toEqual(new Date('2026-03-03T03:00:00Z'));
  } finally {
    await rounds.stop();
    await services.close();
    await fresh.drop();
  }
});
