// What a function may use that is handed `services` first: everything outside, made once in main.
import type { Config } from './config.ts';
import type { Database } from './database.ts';
import type { Keys } from './keys.ts';
import type { Log } from './log.ts';
import type { Mailer } from './smtp.ts';
import type { StripeClient } from './stripe.ts';

/** Work that a commit has just made due; rounds pick up whatever a nudge misses. */
export type Nudge = 'events' | 'promises' | 'letters' | 'reminders' | 'settlement';

export interface Services {
  config: Config;
  /** Business time: due moments, Stripe's dates, reports. In the sandbox it can be moved. */
  now(): Date;
  /** The machine's time: leases, signature tolerance, sessions, limits. */
  machineNow(): Date;
  database: Database;
  /** Where reports read: the replica, if there is one. */
  reportsDatabase: Database;
  keys: Keys;
  stripe: StripeClient;
  mailer: Mailer;
  log: Log;
  nudge(work: Nudge): void;
}
