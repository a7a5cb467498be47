// Who may come to the desk, from the command line.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readInvitation } from '../../src/staff/invite.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { testServices } from '../harness/services.ts';
import { appKey, calledAt, favor, favorJson, wholeEnvironment } from './terminal.ts';

let database: FreshDatabase;
let env: Record<string, string>;
beforeEach(async () => {
  database = await freshDatabase();
  env = wholeEnvironment({ databaseUrl: database.url });
});
afterEach(() => database.drop());

const add = (...args: string[]) => favorJson<{ role: string; link: string }>(env, 'staff', 'add', ...args);

test('the first person is admin, others see figures only, unless said otherwise', async () => {
  expect((await add('first@example.org')).role).toBe('admin');
  expect((await add('second@example.org')).role).toBe('viewer');
  expect((await add('third@example.org', '--role', 'finance')).role).toBe('finance');
});

test('adding someone again gives a new link and keeps their role; the old link is over', async () => {
  const first = await add('editor@example.org');
  await add('other@example.org');
  const again = await add('Editor@example.org');
  expect(again.role).toBe('admin');
  const services = await testServices({
    databaseUrl: database.url,
    now: calledAt,
    env: { APP_KEYS: appKey },
  });
  expect(await readInvitation(services, tokenOf(first.link))).toBeNull();
  expect(await readInvitation(services, tokenOf(again.link))).not.toBeNull();
  services.pass(3 * 86_400);
  expect(await readInvitation(services, tokenOf(again.link))).toBeNull();
  await services.close();
});

test('the list shows who is staff, and whoever is removed is not on it', async () => {
  expect((await favor(env, 'staff', 'list')).said).toContain('Nobody is staff yet');
  await add('first@example.org');
  await add('second@example.org');
  expect((await favor(env, 'staff', 'list')).said).toMatch(
    /second@example\.org +viewer +2026-03-02 +has not/,
  );
  expect((await favor(env, 'staff', 'remove', 'second@example.org')).code).toBe(0);
  const { staff } = await favorJson<{ staff: { address: string }[] }>(env, 'staff', 'list');
  expect(staff.map(({ address }) => address)).toEqual(['first@example.org']);
  const nobody = await favor(env, 'staff', 'remove', 'second@example.org');
  expect(nobody.code).toBe(1);
  expect(nobody.noted).toContain('Nobody of the staff');
});

function tokenOf(link: string): string {
  return link.split('/').at(-1) ?? '';
}
