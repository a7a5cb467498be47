// The sending engine: one accepted copy of each letter, and what becomes of it by what the mail server answers.
import { createServer, type Socket } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forgetReader } from '../../src/ledger/reader.ts';
import { lettersNextDue } from '../../src/letters/claims.ts';
import { deliverLetters } from '../../src/letters/deliver.ts';
import { noteFeedback } from '../../src/letters/feedback.ts';
import { lettersHealth } from '../../src/letters/health.ts';
import { cancelLetters } from '../../src/letters/outbox.ts';
import { suppress } from '../../src/letters/suppression.ts';
import { type Database, transact } from '../../src/outside/database.ts';
import type { Message } from '../../src/outside/smtp.ts';
import { openThrottles } from '../../src/outside/throttles.ts';
import { letters, reminders } from '../../src/schema.ts';
import { openPostOffice, type PostOffice, reminderLetter, signInLetter, thankYou } from './post-office.ts';

let post: PostOffice;

beforeAll(async () => {
  post = await openPostOffice({ connections: 5 });
});

beforeEach(async () => {
  await post.clear();
});

afterAll(async () => {
  await post.close();
});

test('a queued letter is accepted once and marked sent', async () => {
  const reader = await post.reader('Anna@Example.org', 'Anna Berg');
  await post.queue(thankYou(reader));
  const counts = await deliverLetters(post.services);
  expect(counts.sent).toBe(1);
  await deliverLetters(post.services);
  const row = await post.row('thank-you:payment-1');
  expect(row).toMatchObject({ state: 'sent', attempts: 1, leasedUntil: null, sentAt: post.services.now() });
  expect([...post.mailbox.messageIds()]).toEqual([[row.messageId, 1]]);
  const [letter] = await post.mailbox.letters();
  expect(letter?.to).toBe('Anna@example.org');
});

test('the same cause told twice is one letter', async () => {
  const reader = await post.reader('anna@example.org');
  expect(await post.queue(thankYou(reader))).toBe(true);
  expect(await post.queue(thankYou(reader))).toBe(false);
  await deliverLetters(post.services);
  expect(post.mailbox.count()).toBe(1);
});

test('four instances at once send each of sixty letters once', async () => {
  const others = await Promise.all([1, 2, 3].map(() => post.anotherInstance()));
  for (let n = 0; n < 60; n++) {
    await post.queue(thankYou(await post.reader(`reader${n}@example.org`), `payment-${n}`));
  }
  await Promise.all([post.services, ...others].map((instance) => deliverLetters(instance)));
  const copies = [...post.mailbox.messageIds().values()];
  expect(copies).toHaveLength(60);
  expect(copies.every((times) => times === 1)).toBe(true);
});

test('no address stands in the outbox', async () => {
  const reader = await post.reader('anna@example.org', 'Anna Berg');
  await post.queue(thankYou(reader));
  post.mailbox.setFault({ reply: '550 5.1.1 <anna@example.org> unknown', times: 1 });
  await deliverLetters(post.services);
  const { rows } = await post.services.database.execute<{ row: string }>(
    sql`select row_to_json(letters)::text as row from letters`,
  );
  expect(rows.map((each) => each.row).join()).not.toMatch(/anna|berg|example\.org/i);
});

describe('what the server answers', () => {
  test('"later" is tried again after 30 seconds, 2, 10 and 30 minutes, 1 hour, then hourly', async () => {
    await post.queue(thankYou(await post.reader('anna@example.org')));
    post.mailbox.setFault({ reply: '451 4.3.0 later', times: 6 });
    const waits: number[] = [];
    for (let n = 0; n < 6; n++) {
      const triedAt = post.services.now();
      await deliverLetters(post.services);
      const next = await lettersNextDue(post.services);
      waits.push(((next?.getTime() ?? 0) - triedAt.getTime()) / 1000);
      post.services.set(next ?? triedAt);
    }
    expect(waits.slice(0, 4)).toEqual([30, 120, 600, 1800]);
    for (const wait of waits.slice(4)) {
      expect(wait).toBeGreaterThanOrEqual(3600);
      expect(wait).toBeLessThan(4200);
    }
    await deliverLetters(post.services);
    expect((await post.row('thank-you:payment-1')).state).toBe('sent');
  });

  test('a delay that greylisting states is honoured', async () => {
    await post.queue(thankYou(await post.reader('anna@example.org')));
    post.mailbox.setFault({ reply: '451 4.7.1 Greylisted, try again in 5 minutes', times: 1 });
    await deliverLetters(post.services);
    expect((await post.row('thank-you:payment-1')).dueAt).toEqual(new Date('2027-02-24T09:05:00Z'));
  });

  test('an access letter is given up after ten minutes', async () => {
    await post.queue(signInLetter(await post.reader('anna@example.org')));
    post.mailbox.setFault({ reply: '451 4.3.0 later', times: 99 });
    for (let n = 0; n < 5; n++) {
      await deliverLetters(post.services);
      post.services.set((await lettersNextDue(post.services)) ?? post.services.now());
    }
    expect(post.services.now()).toEqual(new Date('2027-02-24T09:10:00Z'));
    expect((await post.row('sign-in:ask-1')).state).toBe('expired');
    expect(await lettersNextDue(post.services)).toBeNull();
  });

  test('no such person: refused, and the address is written to no more', async () => {
    const reader = await post.reader('gone@example.org');
    await post.queue(thankYou(reader));
    await post.queue(signInLetter(reader));
    await post.services.database.execute(
      sql`update letters set due_at = due_at + interval '1 second' where class = 'access'`,
    );
    post.mailbox.setFault({ reply: '550 5.1.1 No such user', times: 1 });
    await deliverLetters(post.services);
    expect(await post.row('thank-you:payment-1')).toMatchObject({
      state: 'refused',
      problem: 'no-such-address 550 5.1.1',
    });
    post.services.pass(1);
    await post.queue(thankYou(reader, 'payment-2'));
    await deliverLetters(post.services);
    expect((await post.row('sign-in:ask-1')).state).toBe('cancelled');
    expect((await post.row('thank-you:payment-2')).state).toBe('suppressed');
    expect(post.mailbox.count()).toBe(0);
  });

  test('a refusal for any other reason leaves the address in peace', async () => {
    const reader = await post.reader('anna@example.org');
    await post.queue(thankYou(reader));
    post.mailbox.setFault({ reply: '554 5.6.0 Bad content', times: 1, at: 'data' });
    await deliverLetters(post.services);
    await post.queue(thankYou(reader, 'payment-2'));
    await deliverLetters(post.services);
    expect((await post.row('thank-you:payment-1')).state).toBe('refused');
    expect((await post.row('thank-you:payment-2')).state).toBe('sent');
  });

  test('policy: nobody is suppressed, and the other reminders to that domain wait untried', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']) {
      const reader = await post.reader(`${name}@example.org`);
      await post.queue(reminderLetter(reader, await post.sentReminder(reader)));
    }
    const elsewhere = await post.reader('a@example.net');
    await post.queue(reminderLetter(elsewhere, await post.sentReminder(elsewhere)));
    post.mailbox.setFault({ reply: '550 5.7.1 Not authorised', times: 5 });
    await deliverLetters(post.services);
    const { rows } = await post.services.database.execute<{ problem: string | null; n: string }>(
      sql`select problem, count(*) as n from letters group by 1 order by 1`,
    );
    const problems = Object.fromEntries(rows.map((row) => [row.problem ?? 'none', Number(row.n)]));
    expect((problems['policy 550 5.7.1'] ?? 0) + (problems['policy pause'] ?? 0)).toBe(10);
    expect(problems['policy pause']).toBeGreaterThanOrEqual(5);
    expect(problems.none).toBe(1);
    expect((await post.services.database.execute(sql`select from suppressions`)).rows).toHaveLength(0);
    expect((await lettersHealth(post.services.database, post.services.now())).policyRefused).toBe(10);
  });

  test('a mailbox full for three letters of five is suppressed', async () => {
    const reader = await post.reader('full@example.org');
    post.mailbox.setFault({ reply: '452 4.2.2 Mailbox full', times: 3 });
    for (const key of ['1', '2', '3', '4']) {
      await post.queue(thankYou(reader, key));
      await deliverLetters(post.services);
    }
    expect((await post.row('thank-you:1')).state).toBe('cancelled');
    expect((await post.row('thank-you:4')).state).toBe('suppressed');
  });

  test('and so is one of which the server said it at once and the provider later', async () => {
    const { services } = post;
    const reader = await post.reader('full@example.org');
    for (const key of ['1', '2']) {
      await post.queue(thankYou(reader, key));
      await deliverLetters(services);
      const letter = await post.row(`thank-you:${key}`);
      await transact(services, (tx) =>
        noteFeedback(tx, services.now(), letter, { feedback: 'mailbox-full', at: services.now() }),
      );
    }
    expect((await services.database.execute(sql`select from suppressions`)).rows).toHaveLength(0);
    post.mailbox.setFault({ reply: '452 4.2.2 Mailbox full', times: 1 });
    await post.queue(thankYou(reader, '3'));
    await deliverLetters(services);
    expect((await post.row('thank-you:3')).state).toBe('cancelled');
    expect((await services.database.execute(sql`select reason from suppressions`)).rows).toEqual([
      { reason: 'dead-address' },
    ]);
  });

  test('a server that does not let us in pauses everything for a minute', async () => {
    const { services } = post;
    const refusing = await smtpTalk((socket, line) => {
      if (line.startsWith('EHLO')) socket.write('250-local\r\n250 AUTH PLAIN\r\n');
      else if (line.startsWith('AUTH')) socket.write('535 5.7.8 Bad credentials\r\n');
    });
    const at = refusing.url.replace('smtp://', 'smtp://user:wrong@');
    const instance = await post.anotherInstance(at);
    for (const key of ['1', '2', '3'])
      await post.queue(thankYou(await post.reader(`r${key}@example.org`), key));
    await deliverLetters(instance);
    const tries = refusing.connections();
    await deliverLetters(instance);
    expect(refusing.connections()).toBe(tries);
    const health = await lettersHealth(services.database, services.now());
    expect(health).toMatchObject({ signInRefused: true, waiting: 3 });
    expect(await lettersNextDue(services)).toEqual(new Date('2027-02-24T09:01:00Z'));
    await refusing.close();
    services.pass(60);
    await deliverLetters(services);
    expect(post.mailbox.count()).toBe(3);
  });

  test('an unreachable server ends the round; what was not tried waits as it was', async () => {
    const instance = await post.anotherInstance('smtp://127.0.0.1:9');
    for (let n = 0; n < 20; n++) await post.queue(thankYou(await post.reader(`r${n}@example.org`), `${n}`));
    await deliverLetters(instance);
    const { rows } = await post.services.database.execute<{ state: string; attempts: number; n: string }>(
      sql`select state, attempts, count(*) as n from letters where leased_until is null group by 1, 2`,
    );
    const of = (state: string) => rows.find((row) => row.state === state);
    expect(Number(of('deferred')?.n)).toBeLessThanOrEqual(5);
    expect(of('queued')).toMatchObject({ attempts: 0 });
    post.services.pass(30);
    await deliverLetters(post.services);
    expect(post.mailbox.count()).toBe(20);
  });
});

describe('when nobody knows whether a letter went out', () => {
  test('the line breaks after the final dot: money goes once more with the same Message-ID and ends ambiguous', async () => {
    const mail = await smtpTalk(acceptingUntilTheDot);
    const instance = await post.anotherInstance(mail.url);
    await post.queue(thankYou(await post.reader('anna@example.org')));
    await deliverLetters(instance);
    expect(await post.row('thank-you:payment-1')).toMatchObject({
      state: 'deferred',
      inDoubt: true,
    });
    await mail.close();
    post.services.pass(30);
    await deliverLetters(post.services);
    const row = await post.row('thank-you:payment-1');
    expect(row.state).toBe('ambiguous');
    expect(mail.messageIds()).toEqual([row.messageId]);
    expect([...post.mailbox.messageIds()]).toEqual([[row.messageId, 1]]);
  });

  test('and when the second answer is lost too, there is no third', async () => {
    const mail = await smtpTalk(acceptingUntilTheDot);
    const instance = await post.anotherInstance(mail.url);
    await post.queue(thankYou(await post.reader('anna@example.org')));
    for (let n = 0; n < 4; n++) {
      await deliverLetters(instance);
      instance.pass(3600);
    }
    expect(mail.messageIds()).toHaveLength(2);
    expect((await post.row('thank-you:payment-1')).state).toBe('ambiguous');
    await mail.close();
  });

  test('an access letter is not sent again', async () => {
    const mail = await smtpTalk(acceptingUntilTheDot);
    const instance = await post.anotherInstance(mail.url);
    await post.queue(signInLetter(await post.reader('anna@example.org')));
    for (let n = 0; n < 3; n++) {
      await deliverLetters(instance);
      instance.pass(60);
    }
    expect(mail.messageIds()).toHaveLength(1);
    expect((await post.row('sign-in:ask-1')).state).toBe('ambiguous');
    await mail.close();
  });

  test('the line breaks before the final dot: that is no doubt at all', async () => {
    const mail = await smtpTalk((socket, line) => {
      if (line.startsWith('DATA')) socket.destroy();
      else if (line.startsWith('EHLO')) socket.write('250 local\r\n');
      else socket.write('250 ok\r\n');
    });
    const instance = await post.anotherInstance(mail.url);
    await post.queue(thankYou(await post.reader('anna@example.org')));
    await deliverLetters(instance);
    expect(await post.row('thank-you:payment-1')).toMatchObject({
      state: 'deferred',
      problem: 'unreachable ECONNECTION',
    });
    await mail.close();
  });

  test('a kept connection that ends before the letter is named is left for another', async () => {
    let begun = 0;
    const mail = await smtpTalk((socket, line) => {
      if (line.startsWith('MAIL') && ++begun === 2) socket.destroy();
      else if (line === '.') socket.write('250 taken\r\n');
      else acceptingUntilTheDot(socket, line);
    });
    const instance = await post.anotherInstance(mail.url);
    for (const key of ['1', '2']) {
      await post.queue(thankYou(await post.reader(`r${key}@example.org`), key));
      await deliverLetters(instance);
      expect((await post.row(`thank-you:${key}`)).state).toBe('sent');
    }
    expect(mail.messageIds()).toHaveLength(2);
    expect(mail.connections()).toBe(2);
    await mail.close();
  });

  test('a letter that is refused leaves its connection good for the next', async () => {
    const mail = await smtpTalk((socket, line) => {
      if (line.startsWith('RCPT TO:<gone@')) socket.write('550 5.1.1 No such person\r\n');
      else if (line === '.') socket.write('250 taken\r\n');
      else acceptingUntilTheDot(socket, line);
    });
    const instance = await post.anotherInstance(mail.url);
    for (const [name, state] of [
      ['gone', 'refused'],
      ['anna', 'sent'],
    ] as const) {
      await post.queue(thankYou(await post.reader(`${name}@example.org`), name));
      await deliverLetters(instance);
      expect((await post.row(`thank-you:${name}`)).state).toBe(state);
    }
    expect(mail.connections()).toBe(1);
    await mail.close();
  });

  test.each([
    ['money', 'thank-you:payment-1', 'ambiguous', 1],
    ['access', 'sign-in:ask-1', 'ambiguous', 0],
  ] as const)('an instance killed while sending a letter of class %s', async (_class, key, state, copies) => {
    const reader = await post.reader('anna@example.org');
    await post.queue(key.startsWith('thank') ? thankYou(reader) : signInLetter(reader));
    await post.services.database.update(letters).set({
      state: 'sending',
      attempts: 1,
      fence: 1,
      leasedUntil: new Date('2027-02-24T09:00:40Z'),
    });
    await deliverLetters(post.services);
    expect((await post.row(key)).state).toBe('sending');
    post.services.pass(60);
    await deliverLetters(post.services);
    expect((await post.row(key)).state).toBe(state);
    expect(post.mailbox.count()).toBe(copies);
  });

  test('a worker that was paused comes back and finds its claim gone', async () => {
    const { services } = post;
    const other = await post.anotherInstance();
    await post.queue(thankYou(await post.reader('anna@example.org')));
    const { promise: goOn, resolve: resume } = Promise.withResolvers<void>();
    const { promise: paused, resolve: nowPaused } = Promise.withResolvers<void>();
    const slow = {
      ...services,
      mailer: {
        ...services.mailer,
        async send(message: Message) {
          await services.mailer.send(message);
          nowPaused();
          await goOn;
        },
      },
    };
    const pausedRun = deliverLetters(slow);
    await paused;
    other.setMachine('2027-02-24T09:05:00Z');
    await deliverLetters(other);
    const before = await post.row('thank-you:payment-1');
    expect(before.state).toBe('ambiguous');
    resume();
    expect((await pausedRun).sent).toBe(0);
    expect(await post.row('thank-you:payment-1')).toEqual(before);
    expect([...post.mailbox.messageIds()]).toEqual([[before.messageId, 2]]);
  });

  test.each([
    ['sent', 1],
    ['put off', 0],
  ] as const)(
    'a worker paused before it began finds the letter %s by another, and sends nothing',
    async (how, copies) => {
      const { services } = post;
      const other = await post.anotherInstance();
      await post.queue(thankYou(await post.reader('anna@example.org')));
      if (how === 'put off') post.mailbox.setFault({ reply: '451 4.3.0 later', times: 1 });
      // Between its claim and the note that the letter is about to go out, another instance has taken the letter.
      let first = true;
      const slow = {
        ...services,
        database: telling(services.database, async (tell) => {
          if (first) {
            first = false;
            other.setMachine('2027-02-24T09:05:00Z');
            await deliverLetters(other);
          }
          return tell();
        }),
      };
      await deliverLetters(slow);
      expect(first).toBe(false);
      expect((await post.row('thank-you:payment-1')).state).toBe(how === 'sent' ? 'sent' : 'deferred');
      expect(post.mailbox.count()).toBe(copies);
    },
  );

  test('an outcome that cannot be written ends the call with what went wrong, and is found in doubt later', async () => {
    const { services } = post;
    await post.queue(thankYou(await post.reader('anna@example.org')));
    let statements = 0;
    const broken = {
      ...services,
      database: telling(services.database, (tell) =>
        ++statements === 2 ? Promise.reject(new Error('The connection is gone')) : tell(),
      ),
    };
    await expect(deliverLetters(broken)).rejects.toThrow('The connection is gone');
    expect((await post.row('thank-you:payment-1')).state).toBe('sending');
    post.services.pass(60);
    await deliverLetters(services);
    const row = await post.row('thank-you:payment-1');
    expect(row.state).toBe('ambiguous');
    expect([...post.mailbox.messageIds()]).toEqual([[row.messageId, 2]]);
  });
});

describe('guards', () => {
  async function heldBack(change: (reader: string, reminder: string) => Promise<unknown>): Promise<string> {
    const reader = await post.reader('anna@example.org');
    const reminder = await post.sentReminder(reader);
    await post.queue(reminderLetter(reader, reminder));
    await change(reader, reminder);
    await deliverLetters(post.services);
    expect(post.mailbox.count()).toBe(0);
    return (await post.row(`reminder:${reminder}:0`)).state;
  }
  const write = (statement: ReturnType<typeof sql>) => post.services.database.execute(statement);

  test('a reader who has given since gets no reminder', async () => {
    expect(await heldBack((reader) => post.pay(reader, new Date('2027-02-01T00:00:00Z')))).toBe('cancelled');
  });

  test('a gift before the asking does not count', async () => {
    const reader = await post.reader('anna@example.org');
    await post.pay(reader, new Date('2027-01-24T11:59:59Z'));
    await post.queue(reminderLetter(reader, await post.sentReminder(reader)));
    await deliverLetters(post.services);
    expect(post.mailbox.count()).toBe(1);
  });

  test.each(['active', 'past_due', 'paused'] as const)(
    'a membership that is %s: no reminder',
    async (standing) => {
      expect(
        await heldBack((reader) =>
          write(sql`insert into memberships (id, reader_id, stripe_subscription_id, stripe_customer_id, standing,
          amount_minor, currency, interval, started_at, period_ends_at, looked_at, created_at)
          values (gen_random_uuid(), ${reader}, 'sub_1', 'cus_1', ${standing}, 500, 'USD', 'month',
            '2020-01-01', '2028-01-01', '2020-01-01', '2020-01-01')`),
        ),
      ).toBe('cancelled');
    },
  );

  test.each(['cancelled', 'satisfied', 'replaced'] as const)('a reminder that is %s', async (state) => {
    expect(await heldBack(() => post.services.database.update(reminders).set({ state }))).toBe('cancelled');
  });

  test('an unsubscribed address', async () => {
    expect(
      await heldBack((reader) =>
        transact(post.services, (tx) => suppress(tx, post.services.now(), reader, 'unsubscribed')),
      ),
    ).toBe('cancelled');
  });

  test('a suppression that came by another reader row is found by the address', async () => {
    expect(
      await heldBack(async (reader) =>
        write(sql`insert into suppressions (address_hash, scope, reason, since)
          select address_hash, 'reminders', 'unsubscribed', now() from readers where id = ${reader}`),
      ),
    ).toBe('suppressed');
  });

  test('a forgotten reader', async () => {
    expect(
      await heldBack((reader) =>
        transact(post.services, (tx) => forgetReader(tx, post.services.now(), reader)),
      ),
    ).toBe('cancelled');
  });

  test('a reminder more than 48 hours late', async () => {
    expect(await heldBack(async () => post.services.pass(48 * 3600))).toBe('expired');
  });

  test('someone who unsubscribed from reminders still gets receipts', async () => {
    const reader = await post.reader('anna@example.org');
    await transact(post.services, (tx) => suppress(tx, post.services.now(), reader, 'unsubscribed'));
    await post.queue(thankYou(reader));
    await deliverLetters(post.services);
    expect(post.mailbox.count()).toBe(1);
  });

  test('a change between the claim and the sending still holds the letter back', async () => {
    const { services } = post;
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
    for (const name of names) {
      const reader = await post.reader(`${name}@example.org`);
      await post.queue(reminderLetter(reader, await post.sentReminder(reader)));
    }
    // All twelve are claimed at once; with the first on its way the others are stopped.
    let begun = 0;
    const watched = {
      ...services,
      mailer: {
        ...services.mailer,
        connections: 1,
        async send(message: Message) {
          if (begun++ === 0) await services.database.update(reminders).set({ state: 'cancelled' });
          await services.mailer.send(message);
        },
      },
    };
    await deliverLetters(watched);
    expect(post.mailbox.count()).toBe(1);
  });

  test('taking a letter back leaves one that is on its way alone', async () => {
    const reader = await post.reader('anna@example.org');
    const reminder = await post.sentReminder(reader);
    await post.queue(reminderLetter(reader, reminder));
    await post.services.database
      .update(letters)
      .set({ state: 'sending', leasedUntil: new Date('2027-02-24T09:01:00Z') });
    await transact(post.services, (tx) => cancelLetters(tx, { reminderId: reminder }));
    expect((await post.row(`reminder:${reminder}:0`)).state).toBe('sending');
  });
});

describe('between the claim and the naming of the recipient', () => {
  /** Everything is claimed; then `happens` commits, right before the first letter is noted. */
  async function meanwhile(happens: (reader: string, reminder: string) => Promise<unknown>): Promise<string> {
    const reader = await post.reader('anna@example.org');
    const reminder = await post.sentReminder(reader);
    await post.queue(reminderLetter(reader, reminder));
    let first = true;
    const raced = telling(post.services.database, async (tell) => {
      if (first) {
        first = false;
        await happens(reader, reminder);
      }
      return tell();
    });
    await deliverLetters({ ...post.services, database: raced });
    expect(first).toBe(false);
    expect(post.mailbox.count()).toBe(0);
    return (await post.row(`reminder:${reminder}:0`)).state;
  }
  const now = () => post.services.now();

  test('a payment is committed', async () => {
    expect(await meanwhile((reader) => post.pay(reader, now()))).toBe('cancelled');
  });

  test('another reader’s payment that came by this reminder is committed', async () => {
    const other = await post.reader('boris@example.org');
    const paid = async (_reader: string, reminder: string) => {
      const id = await post.pay(other, now());
      await post.services.database.execute(
        sql`update payments set reminder_id = ${reminder} where id = ${id}`,
      );
    };
    expect(await meanwhile(paid)).toBe('cancelled');
  });

  test('the reader unsubscribes', async () => {
    const unsubscribed = (reader: string) =>
      transact(post.services, (tx) => suppress(tx, now(), reader, 'unsubscribed'));
    expect(await meanwhile(unsubscribed)).toBe('cancelled');
  });

  test('the address turns out to be dead', async () => {
    const dead = (reader: string) =>
      post.services.database.execute(sql`insert into suppressions (address_hash, scope, reason, since)
        select address_hash, 'all', 'dead-address', now() from readers where id = ${reader}`);
    expect(await meanwhile(dead)).toBe('suppressed');
  });

  test('the reader is forgotten', async () => {
    const forgotten = (reader: string) => transact(post.services, (tx) => forgetReader(tx, now(), reader));
    expect(await meanwhile(forgotten)).toBe('cancelled');
  });
});

describe('pauses and throttles', () => {
  async function remind(address: string): Promise<string> {
    const reader = await post.reader(address);
    const reminder = await post.sentReminder(reader);
    await post.queue(reminderLetter(reader, reminder));
    return `reminder:${reminder}:0`;
  }

  test('a domain’s pause holds for every instance and its next letters, not for receipts, and ends when a reminder is taken', async () => {
    const { services } = post;
    await remind('a@gmail.com');
    post.mailbox.setFault({ reply: '550 5.7.1 Not authorised', times: 1 });
    await deliverLetters(services);
    const later = await remind('b@gmail.com');
    await post.queue(thankYou(await post.reader('c@gmail.com')));
    await deliverLetters(await post.anotherInstance());
    expect((await post.row('thank-you:payment-1')).state).toBe('sent');
    expect(await post.row(later)).toMatchObject({
      state: 'deferred',
      problem: 'policy pause',
      attempts: 0,
      dueAt: new Date('2027-02-24T10:00:00Z'),
    });
    const { pauses } = await lettersHealth(services.database, services.now());
    expect(pauses).toMatchObject([{ reason: 'policy', provider: 'gmail.com', problem: 'policy 550 5.7.1' }]);
    services.pass(3600);
    await deliverLetters(services);
    expect((await post.row(later)).state).toBe('sent');
    expect((await lettersHealth(services.database, services.now())).pauses).toEqual([]);
  });

  test('a domain of one’s own is paused without being named', async () => {
    await remind('anna@annas-own-place.example');
    post.mailbox.setFault({ reply: '550 5.7.1 Not authorised', times: 1 });
    await deliverLetters(post.services);
    const { rows } = await post.services.database.execute<{ row: string }>(
      sql`select row_to_json(mail_pauses)::text as row from mail_pauses`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.row).not.toContain('annas-own-place');
  });

  test('a refusal of the sender pauses everything, and the mail server’s first yes ends that', async () => {
    const { services } = post;
    const refusing = await smtpTalk((socket, line) => {
      if (line.startsWith('EHLO')) socket.write('250 local\r\n');
      else if (line.startsWith('MAIL')) socket.write('550 5.7.1 Not from you\r\n');
      else socket.write('250 ok\r\n');
    });
    const instance = await post.anotherInstance(refusing.url);
    await post.queue(thankYou(await post.reader('anna@example.org')));
    await deliverLetters(instance);
    await refusing.close();
    await post.queue(thankYou(await post.reader('boris@example.org'), 'payment-2'));
    await deliverLetters(services);
    expect(post.mailbox.count()).toBe(0);
    expect((await lettersHealth(services.database, services.now())).signInRefused).toBe(true);
    services.pass(60);
    await deliverLetters(services);
    expect((await post.row('thank-you:payment-2')).state).toBe('sent');
    expect((await lettersHealth(services.database, services.now())).signInRefused).toBe(false);
  });

  test('beyond its provider’s rate a letter goes back untried, to a moment of its own', async () => {
    const { services } = post;
    const slow = { throttles: openThrottles([{ domains: ['gmail.com'], perSecond: 1 }]) };
    const throttled = { ...services, mailer: { ...services.mailer, ...slow } };
    const keys = [await remind('a@gmail.com'), await remind('b@gmail.com'), await remind('c@gmail.com')];
    await deliverLetters(throttled);
    expect(post.mailbox.count()).toBe(1);
    await post.queue(signInLetter(await post.reader('d@gmail.com')));
    await deliverLetters(throttled);
    expect((await post.row('sign-in:ask-1')).state).toBe('sent');
    const rows = await Promise.all(keys.map((key) => post.row(key)));
    const waiting = rows.filter((row) => row.state === 'queued');
    expect(waiting.map(({ attempts, leasedUntil }) => ({ attempts, leasedUntil }))).toEqual([
      { attempts: 0, leasedUntil: null },
      { attempts: 0, leasedUntil: null },
    ]);
    expect(new Set(waiting.map((row) => row.dueAt.getTime())).size).toBe(2);
    for (let n = 0; n < 6; n++) {
      services.pass(1);
      await deliverLetters(throttled);
    }
    expect([...post.mailbox.messageIds().values()]).toEqual([1, 1, 1, 1]);
  });
});

test('an access letter does not wait behind reminders', async () => {
  const { services } = post;
  for (let n = 0; n < 30; n++) {
    const reader = await post.reader(`r${n}@example.org`);
    await post.queue(reminderLetter(reader, await post.sentReminder(reader)));
  }
  const late = await post.reader('late@example.org');
  const order: string[] = [];
  const slow = {
    ...services,
    mailer: {
      ...services.mailer,
      connections: 1,
      async send(message: Message) {
        order.push(message.to.address);
        if (order.length === 1) await post.queue(signInLetter(late));
        await new Promise((resolve) => setTimeout(resolve, 30));
      },
    },
  };
  await deliverLetters(slow);
  expect(order).toHaveLength(31);
  expect(order.indexOf('late@example.org')).toBeLessThan(29);
});

test('a call that is asked to end finishes what is on its way and gives the rest back', async () => {
  const { services } = post;
  for (let n = 0; n < 20; n++) await post.queue(thankYou(await post.reader(`r${n}@example.org`), `${n}`));
  const end = new AbortController();
  const counts = await deliverLetters(
    {
      ...services,
      mailer: {
        ...services.mailer,
        async send(message: Message) {
          end.abort();
          await services.mailer.send(message);
        },
      },
    },
    { signal: end.signal },
  );
  expect(counts.sent).toBe(post.mailbox.count());
  expect(counts.sent).toBeLessThan(20);
  await deliverLetters(services);
  expect([...post.mailbox.messageIds().values()]).toEqual(Array.from({ length: 20 }, () => 1));
});

/** The database, where what the teller commits passes through `by` first. */
function telling(database: Database, by: (tell: () => Promise<unknown>) => Promise<unknown>): Database {
  const through = <T extends object>(target: T, name: string, made: unknown) =>
    new Proxy(target, {
      get: (_target, asked) => {
        if (asked === name) return made;
        const found: unknown = Reflect.get(target, asked);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
  const connect = async () => {
    const client = await database.$client.connect();
    const isTelling = (statement: unknown) => typeof statement === 'object';
    return through(client, 'query', (statement: string) =>
      isTelling(statement) ? by(() => client.query(statement)) : client.query(statement),
    );
  };
  return through(database, '$client', through(database.$client, 'connect', connect));
}

/** A mail server that says what the test wants it to say. */
async function smtpTalk(speak: (socket: Socket, line: string) => void) {
  const sockets = new Set<Socket>();
  const ids: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.write('220 local ESMTP\r\n');
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const id = /^Message-ID: (.+)$/i.exec(line)?.[1];
        if (id) ids.push(id);
        speak(socket, line);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port');
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    connections: () => connections,
    messageIds: () => ids,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function acceptingUntilTheDot(socket: Socket, line: string): void {
  if (line.startsWith('EHLO')) socket.write('250 local\r\n');
  else if (/^(MAIL|RCPT|RSET)/.test(line)) socket.write('250 ok\r\n');
  else if (line === 'DATA') socket.write('354 go on\r\n');
  else if (line === '.') socket.destroy();
}
