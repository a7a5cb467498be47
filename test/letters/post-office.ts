// A post office for tests: an empty database, a real mail server, readers to write to.
import { randomUUIDv7 } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { findOrMakeReader, sealPerson } from '../../src/ledger/reader.ts';
import { messageDomain, type NewLetter, queueLetter } from '../../src/letters/outbox.ts';
import { transact } from '../../src/outside/database.ts';
import { type Mailbox, openMailbox } from '../../src/sandbox/mailbox.ts';
import { openPassingStore } from '../../src/sandbox/store.ts';
import { letters, payments, reminders } from '../../src/schema.ts';
import { parseAddress } from '../../src/values/address.ts';
import { isFault } from '../../src/values/refusal.ts';
import { freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';

export interface PostOffice {
  services: TestServices;
  mailbox: Mailbox;
  databaseUrl: string;
  reader(address: string, name?: string | null, locale?: string): Promise<string>;
  queue(letter: NewLetter): Promise<boolean>;
  row(key: string): Promise<typeof letters.$inferSelect>;
  /** A reminder that has been handed over, asked for a month ago. */
  sentReminder(readerId: string): Promise<string>;
  pay(readerId: string, paidAt: Date): Promise<string>;
  /** Another instance of the service on the same database. */
  anotherInstance(smtpUrl?: string): Promise<TestServices>;
  /** Everything as at the beginning, for the next test. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const begin = '2027-02-24T09:00:00.000Z';

export async function openPostOffice(
  world: { smtpUrl?: string; env?: Record<string, string>; connections?: number } = {},
): Promise<PostOffice> {
  const database = await freshDatabase();
  const store = openPassingStore();
  let now: () => Date = () => new Date(begin);
  const mailbox = await openMailbox({ store, now: () => now(), port: 0 });
  const smtpUrl = world.smtpUrl ?? mailbox.url;
  const services = await testServices({ databaseUrl: database.url, now: begin, ...world, smtpUrl });
  now = services.now;
  const others: TestServices[] = [];
  const closeOthers = async () => {
    for (const other of others.splice(0)) await other.close();
  };
  return {
    services,
    mailbox,
    databaseUrl: database.url,
    async reader(written, name = null, locale = 'en') {
      const address = parseAddress(written);
      if (isFault(address)) throw new Error('Not an address');
      return transact(services, (tx) =>
        findOrMakeReader(tx, services.now(), sealPerson(services.keys, address, name, locale)),
      );
    },
    queue: (letter) =>
      transact(services, (tx) => queueLetter(tx, services.now(), messageDomain(services.config), letter)),
    async row(key) {
      const [found] = await services.database.select().from(letters).where(eq(letters.key, key));
      if (!found) throw new Error(`No letter ${key}`);
      return found;
    },
    async sentReminder(readerId) {
      const id = randomUUIDv7();
      await services.database.insert(reminders).values({
        id,
        readerId,
        state: 'sent',
        stage: 'before',
        choice: 'month',
        timeZone: 'UTC',
        locale: 'en',
        sendOn: '2027-02-24',
        createdAt: new Date('2027-01-24T12:00:00Z'),
        confirmedAt: new Date('2027-01-24T12:05:00Z'),
        dueAt: services.now(),
      });
      return id;
    },
    async pay(readerId, paidAt) {
      const id = randomUUIDv7();
      await services.database.insert(payments).values({
        id,
        readerId,
        kind: 'once',
        stripePaymentIntentId: `pi_${id}`,
        amountMinor: 500n,
        feesCoveredMinor: 0n,
        currency: 'USD',
        paidAt,
        settleDueAt: paidAt,
      });
      return id;
    },
    async anotherInstance(otherSmtpUrl = smtpUrl) {
      const other = await testServices({
        databaseUrl: database.url,
        now: services.now(),
        ...world,
        smtpUrl: otherSmtpUrl,
      });
      others.push(other);
      return other;
    },
    async clear() {
      await closeOthers();
      await services.database.execute(
        sql`truncate letters, reminders, payments, memberships, checkouts, readers, suppressions, mail_pauses, staff, limits cascade`,
      );
      store.database.exec('delete from mailbox_recipients; delete from mailbox_letters');
      mailbox.setFault(undefined);
      services.set(begin);
      services.nudges.length = 0;
    },
    async close() {
      await closeOthers();
      await services.close();
      await mailbox.close();
      store.close();
      await database.drop();
    },
  };
}

export function thankYou(readerId: string, key = 'payment-1'): NewLetter<'thank-you'> {
  return {
    kind: 'thank-you',
    key,
    to: { readerId },
    locale: 'en',
    facts: {
      paymentId: '01930000-0000-7000-8000-0123456789ab',
      paidAt: begin,
      kind: 'month',
      amountMinor: '545',
      currency: 'USD',
      feesCoveredMinor: '45',
      membershipId: '01930000-0000-7000-8000-000000000002',
    },
  };
}

export function reminderLetter(readerId: string, reminderId: string): NewLetter<'reminder'> {
  return {
    kind: 'reminder',
    key: `${reminderId}:0`,
    to: { readerId },
    locale: 'en',
    reminderId,
    facts: { reminderId, askedOn: '2027-01-24', again: false, mayRepeat: true },
  };
}

export function signInLetter(readerId: string, key = 'ask-1'): NewLetter<'sign-in'> {
  const signInId = '6f1c2a5e-0000-4000-8000-000000000001';
  return { kind: 'sign-in', key, to: { readerId }, locale: 'en', facts: { signInId } };
}
