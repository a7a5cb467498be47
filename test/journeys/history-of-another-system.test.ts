// A newsroom brings its history along: it counts beside what Stripe tells, and nobody is written to or asked because of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { favor, wholeEnvironment } from '../commands/terminal.ts';
import { startService, type TestService } from '../harness/service.ts';
import { giftHead, membershipHead } from '../ledger/other-system.ts';

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startService('2026-03-01T10:00:00Z');
  folder = mkdtempSync(join(tmpdir(), 'favor-journey-'));
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true });
});

test('imported gifts count, and neither letters nor questions to Stripe come of them', async () => {
  const env = {
    ...wholeEnvironment({ databaseUrl: service.config.databaseUrl, stripeUrl: service.stripeUrl }),
    APP_KEYS: service.sandbox.appKeys.join(','),
  };
  const read = async (name: string, lines: string[]) => {
    const path = join(folder, name);
    writeFileSync(path, lines.join('\n'));
    const { code, said } = await favor(env, 'import', path);
    expect([code, said]).toEqual([0, expect.stringContaining('Imported.')]);
  };
  await read('memberships.csv', [
    membershipHead,
    // One that would renew within the month in which yearly renewals are announced, and one that ends in it.
    'm1,ada@example.org,120.00,USD,year,2025-04-10,,,,,,,',
    'm2,ben@example.org,5.00,USD,month,2025-04-10,,,2026-03-02,2026-03-20,voluntary,,',
  ]);
  await read('gifts.csv', [
    giftHead,
    'g1,ada@example.org,Ada,2026-02-28,120.00,USD,year,m1,,,,succeeded,,,',
    'g2,ben@example.org,,2026-02-10,5.00,USD,month,m2,,5.00,2026-02-28,succeeded,,,',
    'g3,ben@example.org,,2026-02-27,5.00,USD,month,m2,,,,failed,,,',
  ]);
  // One of them begins to give here as well.
  await service.give({ frequency: 'month', amountMinor: 700, email: 'Ben@example.org' });
  await service.advance('P40D');
  const letters = await service.rows<{ kind: string }>(`select distinct l.kind from letters l order by kind`);
  expect(letters.map(({ kind }) => kind)).toEqual(['renewal-receipt', 'thank-you']);
  expect(await service.letters('ada@example.org')).toEqual([]);
  expect(await service.rows('select state from second_gifts')).toEqual([]);
  expect(
    await service.rows(
      `select m.standing, count(c.*)::int as gifts from memberships m left join payments c on c.membership_id = m.id
       group by m.id order by m.started_at, m.external_id`,
    ),
  ).toEqual([
    { standing: 'active', gifts: 1 },
    { standing: 'ended', gifts: 1 },
    { standing: 'active', gifts: 2 },
  ]);
  expect(await service.rows('select count(distinct reader_id)::int as readers from payments')).toEqual([
    { readers: 2 },
  ]);
  expect(
    await service.rows('select from payments where external_id is not null and settle_attempts > 0'),
  ).toEqual([]);
  const { code, said } = await favor(env, 'reconcile');
  expect([code, said]).toEqual([0, expect.stringContaining('Our books agree with Stripe.')]);
});
