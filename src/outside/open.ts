// Opens everything outside for a given configuration: the database, the keys, Stripe, the mail server and the log.
import type { Config } from './config.ts';
import { openDatabase } from './database.ts';
import { unlockKeys } from './keys.ts';
import { openLog } from './log.ts';
import type { Nudge, Services } from './services.ts';
import { openMailer } from './smtp.ts';
import { openStripe } from './stripe.ts';

export interface Clocks {
  now(): Date;
  machineNow(): Date;
}

export interface Opened {
  services: Services;
  /** Says who is told of work that a commit has just made due; until then nobody is. */
  onNudge(listen: (work: Nudge) => void): void;
  close(): Promise<void>;
}

/** Opens the services. The schema must be in place; throws when the database or the keys cannot be used. */
export async function openServices(config: Config, clocks: Clocks): Promise<Opened> {
  const database = openDatabase(config.databaseUrl);
  const replica = config.reportsDatabaseUrl === null ? database : openDatabase(config.reportsDatabaseUrl);
  const mailer = openMailer(config);
  let listener: (work: Nudge) => void = () => {};
  const close = async () => {
    mailer.close();
    await database.$client.end();
    if (replica !== database) await replica.$client.end();
  };
  try {
    const services: Services = {
      config,
      now: clocks.now,
      machineNow: clocks.machineNow,
      database,
      reportsDatabase: replica,
      keys: await unlockKeys(database, config.appKeys, clocks.now()),
      stripe: openStripe(config),
      mailer,
      log: openLog(config.logLevel),
      nudge: (work) => listener(work),
    };
    return {
      services,
      onNudge(listen) {
        listener = listen;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
