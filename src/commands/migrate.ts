// `favor migrate`: brings the database to the newest schema.
import { migrateDatabase } from '../outside/database.ts';
import { howToStart, readEnvironment } from './environment.ts';
import { pendingMigrations } from './migrations.ts';
import { stop, type Verb } from './verb.ts';

export const migrate: Verb = {
  help: `favor migrate

Brings the database at DATABASE_URL (or of the running sandbox) to the newest schema.
The service does the same when it starts; several may try at once, one works and the others wait.

  --json   answer {"applied": [names]}`,
  options: {},
  async run(call) {
    if (call.words.length > 0) return stop('migrate takes no words after it.', 'usage');
    const { settings, offered } = await readEnvironment(call);
    const databaseUrl = settings.databaseUrl ?? offered?.databaseUrl;
    if (databaseUrl === undefined) return stop(howToStart(settings, ['DATABASE_URL']));
    const { pending, ahead } = await pendingMigrations(databaseUrl);
    if (ahead) stop('This database was brought further by a newer version of the service. Use that one.');
    for (const name of pending) call.progress(`Applying ${name}`);
    await migrateDatabase(databaseUrl);
    return {
      text:
        pending.length === 0
          ? 'Nothing to do: the database is at the newest schema.'
          : `Applied ${pending.join(', ')}. The database is at the newest schema.`,
      json: { applied: pending },
    };
  },
};
