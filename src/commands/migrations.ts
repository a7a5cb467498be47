// Which migrations a database has had, and which it still wants.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { migrationsFolder, openDatabase } from '../outside/database.ts';

export interface MigrationState {
  pending: string[];
  /** The database was brought further by a newer version of the service. */
  ahead: boolean;
}

/** Compares the database with this version's migrations. Throws when the database cannot be reached. */
export async function pendingMigrations(databaseUrl: string): Promise<MigrationState> {
  const known = journal();
  const newest = known.at(-1)?.when ?? 0;
  const last = await lastApplied(databaseUrl);
  return {
    pending: known.filter(({ when }) => when > last).map(({ tag }) => tag),
    ahead: last > newest,
  };
}

function journal(): { tag: string; when: number }[] {
  const { entries } = JSON.parse(readFileSync(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')) as {
    entries: { tag: string; when: number }[];
  };
  return entries;
}

async function lastApplied(databaseUrl: string): Promise<number> {
  const database = openDatabase(databaseUrl, { most: 1 });
  try {
    const known = await database.execute(sql`select to_regclass('drizzle.__drizzle_migrations') as name`);
    if (known.rows[0]?.name === null) return 0;
    // The migrator compares by the same stamp.
    const { rows } = await database.execute(
      sql`select coalesce(max(created_at), 0) as at from drizzle.__drizzle_migrations`,
    );
    return Number(rows[0]?.at ?? 0);
  } finally {
    await database.$client.end();
  }
}
