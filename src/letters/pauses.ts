// Pauses: where nothing is tried for a while, known to every instance: a domain that refuses us for what we are, or the mail server itself.
import { eq, inArray, sql } from 'drizzle-orm';
import type { Reads } from '../outside/database.ts';
import type { Keys } from '../outside/keys.ts';
import type { Services } from '../outside/services.ts';
import { mailPauses } from '../schema.ts';
import { policyPauseSeconds, signInPauseSeconds } from './answer.ts';

/** What stands for the mail server itself among the domains. */
export const mailServer = '';

/** What is paused, as one call of the deliverer knows it. */
export interface Pauses {
  /** Until when, in business time; null where nothing holds letters back. */
  until(domain: string, now: Date): Date | null;
  /** Begins a pause, or draws it out, for every instance. */
  begin(now: Date, domain: string, problem: string): Promise<void>;
  /** A letter was taken there: what was paused is over. */
  end(domain: string): Promise<void>;
  /** Reads again what others have noted. */
  refresh(): Promise<void>;
}

export async function openPauses(services: Pick<Services, 'database' | 'keys'>): Promise<Pauses> {
  const { database, keys } = services;
  let known = new Map<string, Date>();
  const nameOf = (domain: string) => hashOf(keys, domain).toString('hex');
  const refresh = async () => {
    const rows = await database
      .select({ hash: mailPauses.domainHash, until: mailPauses.until })
      .from(mailPauses);
    known = new Map(rows.map(({ hash, until }) => [hash.toString('hex'), until]));
  };
  await refresh();
  return {
    refresh,
    until(domain, now) {
      // Nearly always: nobody is paused, and no name need be made.
      if (known.size === 0) return null;
      const until = known.get(nameOf(domain));
      return until !== undefined && until > now ? until : null;
    },
    async begin(now, domain, problem) {
      const reason = domain === mailServer ? 'sign-in' : 'policy';
      const seconds = reason === 'sign-in' ? signInPauseSeconds : policyPauseSeconds;
      const until = new Date(now.getTime() + seconds * 1000);
      known.set(nameOf(domain), until);
      await database
        .insert(mailPauses)
        .values({
          domainHash: hashOf(keys, domain),
          provider: greatProviders.has(domain) ? domain : null,
          reason,
          problem,
          since: now,
          until,
        })
        .onConflictDoUpdate({
          target: mailPauses.domainHash,
          set: { until, problem, refusals: sql`${mailPauses.refusals} + 1` },
        });
    },
    async end(domain) {
      if (known.size === 0 || !known.delete(nameOf(domain))) return;
      await database.delete(mailPauses).where(eq(mailPauses.domainHash, hashOf(keys, domain)));
    },
  };
}

/** Until when the mail server is left alone, or null. */
export async function mailServerPausedUntil(reads: Reads, now: Date): Promise<Date | null> {
  const [row] = await reads
    .select({ until: mailPauses.until })
    .from(mailPauses)
    .where(inArray(mailPauses.reason, ['sign-in']));
  return row !== undefined && row.until > now ? row.until : null;
}

function hashOf(keys: Keys, domain: string): Buffer {
  // No address looks so: what is hashed here is never taken for one.
  return keys.addressHash(`@${domain}`);
}

/** Domains of so many people that naming one names nobody. */
const greatProviders: ReadonlySet<string> = new Set(
  `126.com 163.com aol.com bk.ru comcast.net fastmail.com free.fr gmail.com gmx.at gmx.de gmx.net googlemail.com hotmail.co.uk
  hotmail.com hotmail.fr icloud.com inbox.lv inbox.ru laposte.net libero.it list.ru live.com mac.com mail.ru me.com msn.com
  naver.com o2.pl orange.fr outlook.com proton.me protonmail.com qq.com rambler.ru seznam.cz t-online.de tut.by ukr.net
  wanadoo.fr web.de wp.pl ya.ru yahoo.co.jp yahoo.co.uk yahoo.com yahoo.fr yandex.by yandex.com yandex.ru ymail.com zoho.com`.split(
    /\s+/,
  ),
);
