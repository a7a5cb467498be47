// Letters at the desk: each in one place and counted once, with what stood in the way, and nobody's address anywhere.
import { randomUUIDv7 } from 'node:crypto';
import type { Express } from 'express';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import supertest from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findOrMakeReader, sealPerson } from '../../src/ledger/reader.ts';
import { classOf } from '../../src/letters/outbox.ts';
import { addressLives, type SuppressionReason, suppress } from '../../src/letters/suppression.ts';
import { transact } from '../../src/outside/database.ts';
import { letterProblems } from '../../src/reports/letter-problems.ts';
import { letters } from '../../src/reports/letters.ts';
import { ask, type Reckoning } from '../../src/reports/question.ts';
import type { Row } from '../../src/reports/report.ts';
import { suppressions } from '../../src/reports/suppressions.ts';
import { letters as kept, mailEvents, mailPauses, suppressions as suppressed } from '../../src/schema.ts';
import { parseAddress } from '../../src/values/address.ts';
import { isFault } from '../../src/values/refusal.ts';
import { wordsFor } from '../../src/words/words.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { openDesk } from './open-desk.ts';

type Letter = typeof kept.$inferInsert;

let fresh: FreshDatabase;
let services: TestServices;
let app: Express;
let viewer: ReturnType<typeof supertest.agent>;

beforeAll(async () => {
  fresh = await freshDatabase();
  services = await testServices({ databaseUrl: fresh.url, now: '2026-05-05T09:00:00Z' });
  ({ app, viewer } = await openDesk(services));
});

beforeEach(async () => {
  for (const table of [mailEvents, kept, mailPauses, suppressed]) await services.database.delete(table);
});

afterAll(async () => {
  await services.close();
  await fresh.drop();
});

const utc: Reckoning = { timeZone: 'UTC', fiscalYearStart: 1, reportingCurrency: 'USD' };
const asked = (from = '2026-05-01', to = '2026-06-01') => ask({ from, to, by: 'month' }, utc, services.now());

async function write(...written: Partial<Letter>[]): Promise<void> {
  await services.database.insert(kept).values(
    written.map((letter) => {
      const id = randomUUIDv7();
      const createdAt = letter.createdAt ?? new Date('2026-05-04T09:00:00Z');
      return {
        id,
        key: id,
        kind: 'thank-you',
        class: 'money' as const,
        locale: 'en',
        facts: {},
        messageId: `<${id}@gazette.example>`,
        state: 'sent' as const,
        createdAt,
        expiresAt: new Date('2026-06-30T00:00:00Z'),
        dueAt: createdAt,
        ...letter,
      };
    }),
  );
}

const reader = (address: string) => {
  const parsed = parseAddress(address);
  if (isFault(parsed)) throw new Error(parsed.code);
  const person = sealPerson(services.keys, parsed, null, 'en');
  return transact(services, (tx) => findOrMakeReader(tx, services.now(), person));
};

const pick = (rows: readonly Row[], ...names: string[]) => rows.map((row) => names.map((name) => row[name]));

describe('what became of letters', () => {
  it('counts each once, by kind, in the days it was written', async () => {
    const minutesAgo = (minutes: number) => new Date(services.now().getTime() - minutes * 60_000);
    const reminder = { kind: 'reminder', class: 'reminder' as const };
    await write(
      {},
      { feedback: 'dead-address', feedbackAt: services.now() },
      { feedback: 'complaint', feedbackAt: services.now() },
      { state: 'refused', problem: 'refused 550 5.0.0' },
      { state: 'expired' },
      { state: 'ambiguous' },
      { ...reminder, state: 'suppressed' },
      { ...reminder, state: 'cancelled' },
      // Just written; tried in vain for an hour; its turn was eleven minutes ago; its turn is yet to come.
      { ...reminder, state: 'queued', createdAt: minutesAgo(1), dueAt: minutesAgo(1) },
      { ...reminder, state: 'deferred', attempts: 3, createdAt: minutesAgo(60), dueAt: minutesAgo(-20) },
      { ...reminder, state: 'queued', createdAt: minutesAgo(11), dueAt: minutesAgo(11) },
      { ...reminder, state: 'queued', createdAt: minutesAgo(60), dueAt: minutesAgo(-600) },
      { createdAt: new Date('2026-04-30T23:59:59Z') },
      { createdAt: new Date('2026-06-01T00:00:00Z') },
    );
    const { rows, totals } = await letters.read(services.database, asked());
    const none = {
      sent: 0,
      queued: 0,
      late: 0,
      refused: 0,
      expired: 0,
      held_back: 0,
      taken_back: 0,
      ambiguous: 0,
    };
    expect(rows).toEqual([
      {
        ...none,
        kind: 'reminder',
        written: 6,
        queued: 4,
        late: 2,
        held_back: 1,
        taken_back: 1,
        bounced: 0,
        complaints: 0,
      },
      {
        ...none,
        kind: 'thank-you',
        written: 6,
        sent: 3,
        refused: 1,
        expired: 1,
        ambiguous: 1,
        bounced: 1,
        complaints: 1,
      },
    ]);
    expect(totals).toMatchObject({ kind: null, written: 12, sent: 3, queued: 4, late: 2, bounced: 1 });
  });

  it('for any letters the parts sum to what was written, and each problem to its letters', async () => {
    const feedbacks = kept.feedback.enumValues;
    const problems = [
      'later 451 4.7.1',
      'policy 550 5.7.1',
      'sign-in EAUTH',
      'mailbox-full 452',
      null,
    ] as const;
    const some = fc.record({
      kind: fc.constantFrom('thank-you', 'reminder', 'sign-in'),
      state: fc.constantFrom(...kept.state.enumValues),
      problem: fc.constantFrom(...problems),
      feedback: fc.option(fc.constantFrom(...feedbacks)),
      attempts: fc.integer({ min: 0, max: 3 }),
      createdAt: fc.date({ min: new Date('2026-04-20'), max: new Date('2026-06-10'), noInvalidDate: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 30 }), async (written) => {
        await services.database.delete(kept);
        await write(...written);
        const { rows, totals } = await letters.read(services.database, asked());
        const inside = written.filter(({ createdAt }) => createdAt.toISOString().startsWith('2026-05'));
        expect(totals?.written ?? 0).toBe(inside.length);
        for (const row of [...rows, ...(totals ? [totals] : [])]) {
          const sum = ['sent', 'queued', 'refused', 'expired', 'held_back', 'taken_back', 'ambiguous']
            .map((name) => Number(row[name]))
            .reduce((one, other) => one + other);
          expect(sum).toBe(row.written);
          expect(Number(row.late)).toBeLessThanOrEqual(Number(row.queued));
        }
        const why = await letterProblems.read(services.database, asked());
        for (const row of why.rows) {
          expect(Number(row.trying) + Number(row.ended) + Number(row.returned)).toBe(row.letters);
        }
        const told = inside.filter(({ feedback }) => feedback !== null).length;
        expect(why.rows.reduce((sum, row) => sum + Number(row.returned), 0)).toBe(told);
        expect(Number(totals?.bounced ?? 0) + Number(totals?.complaints ?? 0)).toBe(told);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what stood in the way', () => {
  it('goes by one name, whoever said it', async () => {
    const at = new Date('2026-05-04T12:00:00Z');
    await write(
      { state: 'refused', problem: 'no-such-address 550 5.1.1' },
      { feedback: 'dead-address', feedbackAt: at },
      { state: 'deferred', problem: 'policy 550 5.7.26' },
      { state: 'deferred', problem: 'policy pause' },
      { feedback: 'policy', feedbackAt: at },
      { state: 'deferred', problem: 'unreachable ECONNECTION' },
      { state: 'deferred', problem: 'not written: TypeError' },
      { state: 'expired' },
      { state: 'ambiguous', problem: 'unknown ETIMEDOUT', inDoubt: true },
      { state: 'queued' },
      { problem: null },
    );
    const { rows, totals } = await letterProblems.read(services.database, asked());
    expect(pick(rows, 'problem', 'letters', 'trying', 'ended', 'returned')).toEqual([
      ['policy', 3, 2, 0, 1],
      ['dead-address', 2, 0, 1, 1],
      ['not-written', 1, 1, 0, 0],
      ['too-late', 1, 0, 1, 0],
      ['unknown', 1, 0, 1, 0],
      ['unreachable', 1, 1, 0, 0],
    ]);
    expect(rows[0]?.newest_at).toBe('2026-05-04T12:00:00.000Z');
    expect(totals).toMatchObject({ problem: null, letters: 9, trying: 4, ended: 3, returned: 2 });
  });
});

describe('addresses that get no letters', () => {
  it('are told as reasons and counts; with two reasons one is in both and once in all', async () => {
    const say = async (address: string, ...reasons: SuppressionReason[]) => {
      const id = await reader(address);
      for (const reason of reasons)
        await transact(services, (tx) => suppress(tx, services.now(), id, reason));
      return id;
    };
    await say('anna@example.org', 'unsubscribed', 'dead-address');
    await say('boris@example.org', 'complaint');
    await say('vera@example.org', 'blocked');
    const lives = await say('gleb@example.org', 'dead-address');
    await transact(services, (tx) => addressLives(tx, services.now(), lives));
    const { rows, totals } = await suppressions.read(services.database, asked());
    expect(pick(rows, 'reason', 'scope', 'addresses', 'added')).toEqual([
      ['unsubscribed', 'reminders', 1, 1],
      ['blocked', 'all', 1, 1],
      ['complaint', 'reminders', 1, 1],
      ['dead-address', 'all', 1, 1],
    ]);
    expect(totals).toMatchObject({ reason: null, addresses: 3, added: 3 });
    const later = await suppressions.read(services.database, asked('2026-06-01', '2026-07-01'));
    expect(later.totals).toMatchObject({ addresses: 3, added: 0 });
  });
});

describe('the page', () => {
  const documentOf = async (path: string) => {
    const { text } = await viewer.get(path).expect(200);
    return { text, document: parseHTML(text).document };
  };

  it('says what is missing where there is nothing yet', async () => {
    const { document } = await documentOf('/staff/letters?locale=en');
    const said = document.querySelector('main')?.textContent ?? '';
    expect(said).toContain('No letter was written in these days');
    expect(said).toContain('Nothing stood in the way');
    expect(said).toContain('MAIL_EVENTS_*');
  });

  it.each(['en', 'ru'] as const)(
    'in %s it tells what needs a person, what to do, and never an address',
    async (locale) => {
      const words = wordsFor(locale).reports;
      const id = await reader('anna.karenina@example.org');
      await write(
        { readerId: id, state: 'deferred', problem: 'policy 550 5.7.26' },
        {
          readerId: id,
          feedback: 'complaint',
          feedbackAt: services.now(),
          kind: 'reminder',
          class: 'reminder',
        },
      );
      await transact(services, (tx) => suppress(tx, services.now(), id, 'complaint'));
      const since = services.now();
      await services.database.insert(mailPauses).values([
        {
          domainHash: Buffer.from('a'),
          provider: 'gmail.com',
          reason: 'policy',
          problem: 'policy 550 5.7.26',
          since,
          until: new Date('2026-05-05T10:00:00Z'),
          refusals: 3,
        },
        {
          domainHash: Buffer.from('b'),
          provider: null,
          reason: 'sign-in',
          problem: 'sign-in EAUTH',
          since,
          until: new Date('2026-05-05T09:01:00Z'),
        },
      ]);
      await services.database.insert(mailEvents).values([
        { provider: 'ses', eventId: 'a', state: 'complaint', receivedAt: since },
        { provider: 'ses', eventId: 'b', state: 'unknown', receivedAt: since },
        { provider: 'ses', eventId: 'c', state: 'other', receivedAt: since },
      ]);
      const { text, document } = await documentOf(`/staff/letters?locale=${locale}`);
      const said = document.querySelector('main')?.textContent ?? '';
      for (const sentence of [
        words.pauses.policy('gmail.com'),
        words.pauses['sign-in'](),
        words.pauseAdvice.policy,
        words.letterAdvice.policy,
        words.letterAdvice.complaint,
        words.letterKinds.reminder,
        words.suppressionReasons.complaint,
        words.liftingNote,
        words.eventsOf(words.toldStates.unknown, '1'),
      ]) {
        expect(said).toContain(sentence);
      }
      expect(said).not.toContain(words.letterAdvice.unreachable);
      const desk = await documentOf(`/staff?locale=${locale}`);
      expect(desk.document.querySelector('[aria-labelledby=needs-person]')?.textContent).toContain(
        words.pauses.policy('gmail.com'),
      );
      expect(text).not.toMatch(/karenina|@example/);
      for (const link of document.querySelectorAll('a.term')) {
        expect(link.getAttribute('href')).toMatch(/\/staff\/definitions/);
      }
    },
  );

  it('keeps its days in the address and refuses days that are none', async () => {
    const { document } = await documentOf('/staff/letters?from=2026-04-01&to=2026-05-01');
    expect(document.querySelector('input[name=from]')?.getAttribute('value')).toBe('2026-04-01');
    const files = [...document.querySelectorAll('.files a')].map((link) => link.getAttribute('href'));
    expect(files[0]).toContain('/api/v1/reports/letters.csv?from=2026-04-01&to=2026-05-01');
    await viewer.get('/staff/letters?from=yesterday').expect(400);
    await supertest(app).get('/staff/letters').expect(303);
  });

  it('is a file and an answer for programs, in the same columns', async () => {
    await write({}, { state: 'refused', problem: 'refused 550' });
    const { body } = await viewer.get('/api/v1/reports/letters?from=2026-05-01&to=2026-06-01').expect(200);
    expect(body.rows).toMatchObject([{ kind: 'thank-you', written: 2, sent: 1, refused: 1 }]);
    const { text } = await viewer
      .get('/api/v1/reports/letters.csv?from=2026-05-01&to=2026-06-01')
      .expect(200);
    expect(text).toBe(
      'kind,written,sent,queued,late,refused,expired,held_back,taken_back,ambiguous,bounced,complaints\r\nthank-you,2,1,0,0,1,0,0,0,0,0,0\r\n',
    );
    const why = await viewer.get('/api/v1/reports/letter-problems').expect(200);
    expect(why.body.rows).toMatchObject([{ problem: 'refused', ended: 1 }]);
    const who = await viewer.get('/api/v1/reports/suppressions').expect(200);
    expect(who.body.rows).toHaveLength(4);
  });
});

it('every kind of letter has a name in both languages', () => {
  for (const locale of ['en', 'ru'] as const) {
    expect(Object.keys(wordsFor(locale).reports.letterKinds).sort()).toEqual(Object.keys(classOf).sort());
  }
});
