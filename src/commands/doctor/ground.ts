// The doctor's look at the ground: the database, its schema and the keys. Changes nothing.
import { sql } from 'drizzle-orm';
import { openDatabase } from '../../outside/database.ts';
import { lookUpKeyState, unlockKeys } from '../../outside/keys.ts';
import { problemOf } from '../../outside/log.ts';
import { pendingMigrations } from '../migrations.ts';
import { underOlderKeys } from '../reseal.ts';
import { type Finding, noted, ok, problem } from './finding.ts';

export async function lookAtGround(
  parts: { databaseUrl: string; appKeys: readonly string[] | null },
  now: Date,
): Promise<Finding[]> {
  const database = openDatabase(parts.databaseUrl, { most: 1 });
  try {
    const { rows } = await database.execute(sql`show server_version`);
    const findings = [ok('database', `answers; PostgreSQL ${String(rows[0]?.server_version)}`)];
    const { pending, ahead } = await pendingMigrations(parts.databaseUrl);
    findings.push(
      pending.length > 0
        ? problem(
            'migrations',
            `${pending.length} not applied yet: ${pending.join(', ')}`,
            'npm run favor -- migrate (the service also does it when it starts)',
          )
        : ahead
          ? problem(
              'migrations',
              'the database was brought further by a newer version',
              'run that version of the service',
            )
          : ok('migrations', 'in step'),
    );
    if (pending.length === 0 && parts.appKeys !== null) {
      findings.push(...(await lookAtKeys(database, parts.appKeys, now)));
    }
    return findings;
  } catch (error) {
    return [
      problem(
        'database',
        `does not answer (${problemOf(error)})`,
        'check DATABASE_URL, the user and password in it, and whether Postgres is running',
      ),
    ];
  } finally {
    await database.$client.end();
  }
}

async function lookAtKeys(
  database: ReturnType<typeof openDatabase>,
  appKeys: readonly string[],
  now: Date,
): Promise<Finding[]> {
  const state = await lookUpKeyState(database, appKeys);
  if (state === 'absent')
    return [noted('keys', 'nothing is sealed yet; the first start makes the look-up key')];
  if (state === 'closed') {
    return [
      problem(
        'keys',
        'none of APP_KEYS opens what is sealed in this database',
        'add the key that was used before to the end of APP_KEYS; without it no address can be read',
      ),
    ];
  }
  const older = await underOlderKeys({ database, keys: await unlockKeys(database, appKeys, now) });
  return [
    older === 0
      ? ok('keys', 'open; everything is under the newest')
      : noted('keys', `open; ${older} rows are under an older one`, 'npm run favor -- rotate'),
  ];
}
