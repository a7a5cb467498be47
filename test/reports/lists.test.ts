// Lists: a page shows some rows and says so, a file has them all, totals are of the whole range.
import express, { type Express } from 'express';
import { parseHTML } from 'linkedom';
import { h } from 'preact';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../src/reports/question.ts';
import { reportRoutes } from '../../src/reports/routes.ts';
import { everyRow } from '../../src/reports/rows.ts';
import { sayErrors } from '../../src/web/errors.tsx';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { type History, historyIn } from './history.ts';

const range = 'from=2026-03-01&to=2026-04-01';

describe('gifts one by one', () => {
  let fresh: FreshDatabase;
  let services: TestServices;
  let history: History;
  let app: Express;

  beforeAll(async () => {
    fresh = await freshDatabase();
    services = await testServices({ databaseUrl: fresh.url, now: '2026-03-31T12:00:00Z' });
    history = historyIn(fresh.pool);
    app = express();
    app.set('query parser', 'simple');
    const guard = {
      require: () => (_req: unknown, _res: unknown, next: () => void) => next(),
      requireOrToken: () => (_req: unknown, _res: unknown, next: () => void) => next(),
      end: () => h('span', {}),
      formToken: () => null,
      reaches: () => true,
    };
    app.use(reportRoutes(services, { guard }), sayErrors(services));
    const reader = await history.reader();
    // 230 gifts of 1.00 to 2.30 on the 23 first days of March, ten a day at one and the same moment; one goes back.
    for (let number = 1; number <= 230; number += 1) {
      const day = String(Math.ceil(number / 10)).padStart(2, '0');
      const gift = await history.gives(reader, {
        at: `2026-03-${day}T10:00:00Z`,
        amount: 100 + number,
        fee: 10,
      });
      if (number === 5)
        await history.returns(gift, 'USD', { kind: 'refund', at: '2026-04-02T00:00:00Z', amount: 105 });
    }
    // Neither before nor after the range.
    await history.gives(reader, { at: '2026-02-28T10:00:00Z', amount: 99_900 });
    await history.gives(reader, { at: '2026-04-01T10:00:00Z', amount: 99_900 });
  });

  afterAll(async () => {
    await services.close();
    await fresh.drop();
  });

  const read = (path: string) => supertest(app).get(path);
  // 230 × 1.00 and 0.01 + … + 2.30
  const amountOfAll = 230 * 100 + (230 * 231) / 2;

  it('are all in the file and in the answer for programs, with totals of the whole range', async () => {
    const file = await read(`/api/v1/reports/gifts.csv?${range}`).expect(200);
    const lines = file.text.trimEnd().split('\r\n').slice(1);
    expect(lines).toHaveLength(230);
    expect(new Set(lines).size).toBe(230);
    const { body } = await read(`/api/v1/reports/gifts?${range}`).expect(200).expect('content-type', /json/);
    expect(body.rows).toHaveLength(230);
    expect(body).toMatchObject({
      name: 'gifts',
      count: 230,
      totals: { currency: 'USD', amount_minor: amountOfAll, fee_minor: 2_300, returned_minor: 105 },
    });
    expect(body.next).toBeUndefined();
  });

  it('come in pages that lead on to each other, for programs that ask for so many at once', async () => {
    const seen: string[] = [];
    let path = `/api/v1/reports/gifts?${range}&most=90`;
    for (let pages = 0; pages < 3; pages += 1) {
      const { body, headers } = await read(path).expect(200);
      seen.push(...body.rows.map((row: { id: string }) => row.id));
      expect([body.count, body.totals.amount_minor]).toEqual([230, amountOfAll]);
      expect(headers.link ?? '').toBe(body.next ? `<${body.next}>; rel="next"` : '');
      path = body.next ?? path;
    }
    const { body } = await read(`/api/v1/reports/gifts?${range}`);
    expect(seen).toEqual(body.rows.map((row: { id: string }) => row.id));
  });

  it('are shown a hundred at once, with how many there are and the way to the older', async () => {
    const seen: number[] = [];
    let path = `/staff/reports/gifts?${range}`;
    const said: string[] = [];
    for (let pages = 0; pages < 3; pages += 1) {
      const { document } = parseHTML((await read(path).expect(200)).text);
      seen.push(document.querySelectorAll('tbody tr').length);
      const pagesOfList = document.querySelector('nav[aria-label="Pages of this list"]');
      said.push([...(pagesOfList?.children ?? [])].map((part) => part.textContent).join(' | '));
      // All 230 gifts, whatever page is looked at.
      expect(document.querySelector('tfoot')?.textContent).toContain('495.65');
      const files = [...document.querySelectorAll('.files a')].map((link) => link.getAttribute('href'));
      expect(files.every((href) => !href?.includes('most=') && !href?.includes('before='))).toBe(true);
      path = document.querySelector('a[rel=next]')?.getAttribute('href') ?? path;
    }
    expect(seen).toEqual([100, 100, 30]);
    expect(said).toEqual([
      'Newest 100 of 230 | Older',
      '101 to 200 of 230, the newest first | Newest | Older',
      '201 to 230 of 230, the newest first | Newest',
    ]);
  });

  it('say nothing of pages where all are shown', async () => {
    const { text } = await read('/staff/reports/gifts?from=2026-03-01&to=2026-03-03').expect(200);
    expect(text).not.toContain('Pages of this list');
  });

  it('cannot be read on from a gift that is not among them', async () => {
    for (const before of ['x', '01999999-0000-7000-8000-000000000000']) {
      const { body } = await read(`/api/v1/reports/gifts?${range}&before=${before}`).expect(422);
      expect(body.errors).toMatchObject([{ field: 'before' }]);
    }
  });

  it('each stand in their own currency, and their totals are never added', async () => {
    const reader = await history.reader();
    await history.gives(reader, { at: '2026-05-02T10:00:00Z', amount: 700, currency: 'EUR' });
    await history.gives(reader, { at: '2026-05-03T10:00:00Z', amount: 300 });
    const { body } = await read('/api/v1/reports/gifts?from=2026-05-01&to=2026-06-01&currency=reporting');
    expect(body.currency).toBeNull();
    expect(body.totals).toMatchObject({ currency: null, amount_minor: null });
    expect(body.totals_by_currency).toMatchObject([
      { currency: 'EUR', amount_minor: 700 },
      { currency: 'USD', amount_minor: 300 },
    ]);
  });

  it('are read a few at a time, however many a file has', async () => {
    const { timeZone, fiscalYearStart } = services.config.publication;
    const question = ask(
      { from: '2026-03-01', to: '2026-04-01', by: 'month', currency: 'USD' },
      { timeZone, fiscalYearStart, reportingCurrency: 'USD' },
      services.now(),
    );
    const parts: number[] = [];
    const ids: unknown[] = [];
    for await (const rows of everyRow(history.database, 'gifts', question, 25)) {
      parts.push(rows.length);
      ids.push(...rows.map((row) => row.id));
    }
    expect(Math.max(...parts)).toBeLessThanOrEqual(25);
    const { body } = await read(`/api/v1/reports/gifts?${range}`);
    expect(ids).toEqual(body.rows.map((row: { id: string }) => row.id));
  });
});

describe('Stripe’s events one by one', () => {
  it('are all in the file, and a page that has not all of them says so', async () => {
    const fresh = await freshDatabase();
    const services = await testServices({ databaseUrl: fresh.url, now: '2026-03-31T12:00:00Z' });
    const app = express();
    const guard = {
      require: () => (_req: unknown, _res: unknown, next: () => void) => next(),
      requireOrToken: () => (_req: unknown, _res: unknown, next: () => void) => next(),
      end: () => h('span', {}),
      formToken: () => null,
      reaches: () => true,
    };
    app.use(reportRoutes(services, { guard }));
    await fresh.pool.query(
      `insert into stripe_events (id, type, created_at, received_at, due_at, state)
       select 'evt_' || n, 'charge.succeeded', moment, moment, moment, 'done'
       from (select n, '2026-03-01T00:00:00Z'::timestamptz + n * interval '1 hour' as moment
             from generate_series(1, 240) n) as each`,
    );
    const { text } = await supertest(app).get(`/api/v1/reports/events.csv?${range}`).expect(200);
    expect(text.trimEnd().split('\r\n')).toHaveLength(241);
    const page = await supertest(app).get(`/staff/reports/events?${range}`).expect(200);
    expect(page.text).toContain('The newest 100 are shown; the file has more.');
    await services.close();
    await fresh.drop();
  });
});
