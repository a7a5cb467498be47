// Lists of people as pages, files and answers: filtered and read on by their address, complete as a file, and nobody named.
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

describe('lists of people', () => {
  let fresh: FreshDatabase;
  let services: TestServices;
  let history: History;
  let app: Express;

  beforeAll(async () => {
    fresh = await freshDatabase();
    services = await testServices({
      databaseUrl: fresh.url,
      now: '2026-03-31T12:00:00Z',
      env: { FISCAL_YEAR_START: '7' },
    });
    history = historyIn(fresh.pool);
    app = express();
    app.set('query parser', 'simple');
    app.use(
      reportRoutes(services, {
        guard: {
          require: () => (_req, _res, next) => next(),
          requireOrToken: () => (_req, _res, next) => next(),
          end: () => h('span', {}),
          formToken: () => null,
          reaches: () => true,
        },
      }),
    );
    app.use(sayErrors(services));
    // Seven gave 1.00 to 7.00 in the fiscal year that began in July 2024, the seventh again since.
    for (let each = 1; each <= 7; each += 1) {
      const reader = await history.reader();
      await history.gives(reader, { at: '2025-06-30T12:00:00Z', amount: each * 100, country: 'LV' });
      if (each === 7) await history.gives(reader, { at: '2025-07-01T12:00:00Z', amount: 900 });
    }
  });

  afterAll(async () => {
    await services.close();
    await fresh.drop();
  });

  const documentOf = async (path: string) => {
    const { text } = await supertest(app).get(path).expect(200);
    return parseHTML(text).document;
  };

  it('name the fiscal year that is asked for, by the calendar year in which it begins', async () => {
    const { body } = await supertest(app).get('/api/v1/reports/lybunt?currency=USD').expect(200);
    expect(body).toMatchObject({ year: 2025, from: '2025-07-01', to: '2026-07-01', totals: { donors: 6 } });
    expect(body.rows.map((row: { last_year_minor: number }) => row.last_year_minor)).toEqual([
      600, 500, 400, 300, 200, 100,
    ]);
    const { body: earlier } = await supertest(app).get('/api/v1/reports/lybunt?year=2024').expect(200);
    expect(earlier).toMatchObject({ year: 2024, from: '2024-07-01', rows: [], totals: { donors: 0 } });
    const document = await documentOf('/staff/reports/lybunt?year=2024');
    expect(document.querySelector('#year option[selected]')?.textContent).toBe('2024–25');
    expect(document.querySelector('#from')).toBeNull();
    await supertest(app).get('/api/v1/reports/lybunt?year=soon').expect(422);
  });

  it('are read on by their address, and the file holds them all', async () => {
    const pages: { reader_id: string }[] = [];
    for (let next = '/api/v1/reports/lybunt?year=2025&currency=USD&most=4'; next; ) {
      const { body } = await supertest(app).get(next).expect(200);
      expect(body.count).toBe(6);
      pages.push(...body.rows);
      next = body.next ?? '';
    }
    expect(new Set(pages.map((row) => row.reader_id)).size).toBe(6);
    const { text } = await supertest(app)
      .get('/api/v1/reports/lybunt.csv?year=2025&currency=USD')
      .expect(200);
    expect(
      text
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((line) => line.split(',')[0]),
    ).toEqual(pages.map((row) => row.reader_id));
    const document = await documentOf('/staff/reports/lybunt?year=2025&currency=USD&most=4');
    expect(document.querySelector('nav.row')?.textContent).toContain('1 to 4 of 6');
    const next = document.querySelector('a[rel=next]')?.getAttribute('href');
    const second = await documentOf(String(next));
    expect(second.querySelectorAll('tbody tr')).toHaveLength(2);
    expect(second.querySelector('nav.row')?.textContent).toContain('5 to 6 of 6');
    await supertest(app)
      .get('/api/v1/reports/lybunt?before=00000000-0000-7000-8000-000000000000')
      .expect(422);
  });

  it('keep their filters in the form, the files and the way on', async () => {
    const asked = 'type=one-time&country=lv&since=2025-06-30&amount=3.00&currency=USD';
    const document = await documentOf(`/staff/reports/supporters?${asked}&most=2`);
    expect(document.querySelectorAll('tbody tr')).toHaveLength(2);
    expect(document.querySelector('#type option[selected]')?.getAttribute('value')).toBe('one-time');
    expect(document.querySelector('#amount')?.getAttribute('value')).toBe('3.00');
    const file = document.querySelector('.files a')?.getAttribute('href');
    const { text } = await supertest(app).get(String(file)).expect(200);
    // 3.00 to 6.00; the seventh gave twice.
    expect(text.trimEnd().split('\r\n')).toHaveLength(5);
    const on = await documentOf(String(document.querySelector('a[rel=next]')?.getAttribute('href')));
    expect(on.querySelectorAll('tbody tr')).toHaveLength(2);
    expect(on.querySelector('a[rel=next]')).toBeNull();
    expect(text).not.toContain('@');
  });

  it('say which filter cannot be read', async () => {
    const wrong = 'type=whale&standing=upright&country=Latvia&since=soon&amount=much';
    const { body } = await supertest(app).get(`/api/v1/reports/supporters?${wrong}`).expect(422);
    expect(body.errors.map((each: { field: string }) => each.field).sort()).toEqual([
      'amount',
      'country',
      'since',
      'standing',
      'type',
    ]);
    const page = await supertest(app).get(`/staff/reports/supporters?${wrong}`).expect(422);
    expect(parseHTML(page.text).document.querySelectorAll('[aria-invalid]').length).toBeGreaterThan(2);
  });

  it('are read a few at a time for a file', async () => {
    const reckoning = { timeZone: 'UTC', fiscalYearStart: 7, reportingCurrency: 'USD' } as const;
    const question = ask(
      { from: '2025-07-01', to: '2026-07-01', by: 'year', year: 2025 },
      reckoning,
      services.now(),
    );
    for (const name of ['lybunt', 'supporters'] as const) {
      const parts: number[] = [];
      for await (const rows of everyRow(history.database, name, question, 3)) parts.push(rows.length);
      expect([name, parts]).toEqual([name, name === 'lybunt' ? [3, 3] : [3, 3, 1]]);
    }
  });

  it('refuse a range of too many cohorts', async () => {
    await supertest(app).get('/api/v1/reports/cohorts?from=1950-01-01&to=2026-01-01&by=year').expect(400);
  });
});
