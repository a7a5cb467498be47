// Starts one forgetful Postgres for the whole run and migrates the database that every test's own is cloned from.
// First, since it shortens the way to drizzle-orm's modules.
import '../../src/loader.ts';

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrateDatabase, migrationsFolder } from '../../src/outside/database.ts';
import { startPostgres } from '../../src/sandbox/postgres.ts';

const templateName = 'template_favor';

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ volatile: true, log: console.log });
  await makeTemplate(postgres.url);
  project.provide('testDatabases', { url: postgres.url, templateName });
  return () => postgres.close();
}

async function makeTemplate(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`create database ${templateName}`);
  await client.end();
  if (!existsSync(join(migrationsFolder, 'meta', '_journal.json'))) return;
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${templateName}`;
  await migrateDatabase(templateUrl.href);
}
