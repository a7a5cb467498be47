// The reports' door: one report is a page, a file and an answer for programs, for staff alone.
import { gzipSync } from 'node:zlib';
import express, { type Express } from 'express';
import { parseHTML } from 'linkedom';
import { h } from 'preact';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isReportName, reports } from '../../src/reports/answer.ts';
import { csvOf } from '../../src/reports/csv.ts';
import { definitionGroups } from '../../src/reports/definitions-page.tsx';
import { figureOf, placeOf } from '../../src/reports/figures.ts';
import { ask } from '../../src/reports/question.ts';
import { reportRoutes } from '../../src/reports/routes.ts';
import { wordsFor } from '../../src/words/words.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { type History, historyIn } from './history.ts';
import { openDesk } from './open-desk.ts';

const names = Object.keys(reports).filter(isReportName);
const range = 'from=2026-01-01&to=2026-06-01&by=month';

describe('reports', () => {
  let fresh: FreshDatabase;
  let services: TestServices;
  let history: History;
  let app: Express;
  let viewer: ReturnType<typeof supertest.agent>;

  beforeAll(async () => {
    fresh = await freshDatabase();
    // The fifth of May, a little after nine in Riga.
    services = await testServices({
      databaseUrl: fresh.url,
      now: '2026-05-05T06:10:00Z',
      env: { PUBLICATION_TIME_ZONE: 'Europe/Riga', PUBLICATION_NAME: 'The Harbour Gazette' },
    });
    history = historyIn(fresh.pool);
    ({ app, viewer } = await openDesk(services));
    await aSpring();
  });

  afterAll(async () => {
    await services.close();
    await fresh.drop();
  });

  async function aSpring(): Promise<void> {
    const anna = await history.reader();
    const boris = await history.reader();
    const vera = await history.reader();
    // April: 1–5 brought 40.00, of which 3.00 went back on the fourth; 90.00 came on the sixth.
    const early = await history.gives(anna, { at: '2026-04-02T10:00:00Z', amount: 4_000, fee: 146 });
    await history.returns(early, 'USD', { kind: 'refund', at: '2026-04-04T10:00:00Z', amount: 300 });
    await history.gives(boris, { at: '2026-04-06T10:00:00Z', amount: 9_000, fee: 291 });
    // May: 50.00 and a gift in euro that has not been settled.
    const article = '=HYPERLINK("https://example.org","free")';
    await history.gives(vera, {
      at: '2026-05-01T10:00:00Z',
      amount: 5_000,
      fee: 175,
      from: { article, component: 'appeal' },
    });
    await history.gives(vera, { at: '2026-05-02T10:00:00Z', amount: 700, currency: 'EUR' });
    await history.promises(anna, { amount: 500, seen: [{ at: '2026-03-02T10:00:00Z' }] });
    await history.promises(boris, {
      amount: 300,
      seen: [
        { at: '2026-03-02T10:00:00Z' },
        {
          at: '2026-05-03T10:00:00Z',
          standing: 'ended',
          endedAt: '2026-05-03T10:00:00Z',
          endReason: 'voluntary',
        },
      ],
    });
    await history.promises(vera, {
      amount: 12_000,
      interval: 'year',
      seen: [{ at: '2026-05-04T10:00:00Z' }],
    });
  }

  async function documentOf(path: string) {
    const { text } = await viewer.get(path).expect(200);
    return { text, document: parseHTML(text).document };
  }

  describe('the desk', () => {
    it('shows the month so far beside the same days of the month before', async () => {
      const { document } = await documentOf('/staff?locale=en');
      const told = [...document.querySelectorAll('.figure')].map((figure) =>
        [...figure.querySelectorAll('dt, dd')].map((part) => part.textContent),
      );
      expect(document.body.textContent).toContain(
        '1 to 5 May 2026. Beside 1 to 5 April 2026 and 1 to 5 May 2025.',
      );
      expect(told).toEqual([
        // 50.00 against 40.00, and nothing a year ago
        ['Gross', '$50', '+$10 · $40 in the same days of April', '+$50 · $0 in the same days of May 2025'],
        [
          'Refunds',
          '$0',
          '−$3 · $3 in the same days of April',
          'no change · $0 in the same days of May 2025',
        ],
        [
          'Fees',
          '$1.75',
          '+$0.29 · $1.46 in the same days of April',
          '+$1.75 · $0 in the same days of May 2025',
        ],
        // 50.00 − 1.75 against 40.00 − 3.00 − 1.46
        [
          'Net',
          '$48.25',
          '+$12.71 · $35.54 in the same days of April',
          '+$48.25 · $0 in the same days of May 2025',
        ],
        // 5.00 + 120.00 / 12 against 5.00 + 3.00
        [
          'Promised monthly income',
          '$15',
          '+$7 · $8 on 5 April',
          '+$15 · $0 on 5 May 2025',
          '$180 a year',
          '$15 of it not set to end',
        ],
        ['Members', '2', 'no change · 2 on 5 April', '+2 · 0 on 5 May 2025', '2 running gifts'],
        ['New members', '1', '+1 · 0 in the same days of April', '+1 · 0 in the same days of May 2025'],
        ['Lost members', '1', '+1 · 0 in the same days of April', '+1 · 0 in the same days of May 2025'],
      ]);
      const tones = [...document.querySelectorAll('.figure dd:nth-of-type(2)')].map((dd) => dd.className);
      // Fees are neither; beside nothing, nothing is better or worse.
      expect(tones).toEqual([
        'change better',
        'change better',
        'change',
        'change better',
        'change better',
        'change',
        'change',
        'change',
      ]);
    });

    it('leads every figure to its definition', async () => {
      const { document } = await documentOf('/staff');
      const { document: definitions } = await documentOf('/staff/definitions');
      const places = [...document.querySelectorAll('a.term')].map(
        (link) => link.getAttribute('href')?.split('#')[1],
      );
      expect(places.length).toBeGreaterThan(20);
      for (const place of places) expect(definitions.getElementById(String(place))?.textContent).toBeTruthy();
    });

    it('shows what could not be converted beside the figures, or one currency alone', async () => {
      expect((await documentOf('/staff')).text).toContain('no exchange rate is known yet: €7.');
      const { document } = await documentOf('/staff?currency=EUR');
      expect(document.querySelector('.figure .number')?.textContent).toBe('€7');
      await viewer.get('/staff?currency=coins').expect(422);
    });

    it('draws the year without style or script, with its words and its table', async () => {
      const { text, document } = await documentOf('/staff');
      expect(text).not.toMatch(/<style|style=|<script(?! type="module" src=)/);
      const figure = document.querySelector(
        '#year ~ figure.chart, section[aria-labelledby="year"] figure.chart',
      );
      // Its bars lead to the gifts behind them, so it is more than a picture.
      expect(figure?.getAttribute('role')).toBeNull();
      expect(figure?.getAttribute('aria-label')).toContain('from June 2025 to May 2026');
      // April and May, drawn for wide and for narrow pages; where nothing came there is no bar.
      expect(figure?.querySelectorAll('.wide rect')).toHaveLength(2);
      expect(figure?.querySelectorAll('.narrow rect')).toHaveLength(2);
      // Nothing is monthly or yearly here: neither the legend nor a label beside the last bar says so.
      expect([...document.querySelectorAll('.parts li')].map((part) => part.textContent)).toEqual(['Once']);
      const names = [...(figure?.querySelectorAll('text') ?? [])].map((part) => part.textContent);
      expect(names.filter((name) => /^(Once|Monthly|Yearly)$/.test(String(name)))).toEqual(['Once']);
      // Told apart by more than colour, each picture by its own patterns.
      const patterns = [...document.querySelectorAll('pattern')];
      expect(new Set(patterns.map((each) => each.id)).size).toBe(patterns.length);
      for (const bar of figure?.querySelectorAll('rect') ?? []) {
        const id = String(bar.getAttribute('fill')).slice(5, -1);
        expect(bar.closest('.wide, .narrow')?.querySelector(`[id="${id}"]`)).toBeTruthy();
      }
      expect(document.querySelectorAll('#year ~ * tbody tr, details tbody tr')).toHaveLength(12);
    });

    it('gives every table as a file and for programs too', async () => {
      const { document } = await documentOf('/staff');
      const files = [...document.querySelectorAll('.files a')].map((link) =>
        String(link.getAttribute('href')),
      );
      const asked = files.filter((href) => href.startsWith('/api/'));
      expect(new Set(asked.map((href) => href.replace(/\?.*/, '')))).toEqual(
        new Set(
          ['income', 'mrr', 'giving', 'gifts', 'reminders', 'work'].flatMap((name) => [
            `/api/v1/reports/${name}`,
            `/api/v1/reports/${name}.csv`,
          ]),
        ),
      );
      for (const href of asked) await viewer.get(href).expect(200);
    });

    it('links each gift to its page at Stripe and names nobody', async () => {
      const { text, document } = await documentOf('/staff');
      const links = [...document.querySelectorAll('a')].filter((link) => link.textContent === 'At Stripe');
      expect(links).toHaveLength(4);
      expect(links[0]?.getAttribute('href')).toMatch(/\/payments\/pi_/);
      expect(text).not.toContain('@');
    });

    it('is small enough to come quickly, and in Russian says the same', async () => {
      const { text } = await documentOf('/staff?locale=ru');
      expect(gzipSync(text).length).toBeLessThan(60_000);
      expect(text).toContain('lang="ru"');
      expect(text).toContain('Поступило');
      expect(text).toMatch(/\+10\s\$ · 40\s\$ в те же дни апреля/);
    });

    it('says what will appear where nothing has happened yet', async () => {
      const empty = await freshDatabase();
      const others = await testServices({ databaseUrl: empty.url, now: '2026-05-05T06:10:00Z' });
      const anyone = express();
      anyone.use(
        reportRoutes(others, {
          guard: {
            require: () => (_req, _res, next) => next(),
            requireOrToken: () => (_req, _res, next) => next(),
            end: () => h('span', {}),
            formToken: () => null,
            reaches: () => true,
          },
        }),
      );
      const { text } = await supertest(anyone).get('/staff').expect(200);
      expect(text).toContain('The first one will appear here');
      expect(text).toContain('Nobody has asked to be reminded yet');
      await others.close();
      await empty.drop();
    });
  });

  describe('as page, file and answer', () => {
    it.each(names)('%s has the same columns and rows in all three', async (name) => {
      const { body } = await viewer.get(`/api/v1/reports/${name}?${range}`).expect(200);
      const file = await viewer.get(`/api/v1/reports/${name}.csv?${range}`).expect(200);
      const { document } = await documentOf(`/staff/reports/${name}?${range}&currency=`);
      const [head = '', ...lines] = file.text.trimEnd().split('\r\n');
      const terms = [...document.querySelectorAll('thead th')].map((cell) => cell.textContent);
      expect(head.split(',')).toEqual(body.columns);
      expect(lines).toHaveLength(body.rows.length);
      for (const row of body.rows) expect(Object.keys(row)).toEqual(body.columns);
      expect(document.querySelectorAll('tbody tr')).toHaveLength(body.rows.length || 0);
      if (body.rows.length > 0) {
        const named = body.columns.map(
          (column: string) => figureOf(wordsFor('en'), { name: column }, name).term,
        );
        expect(terms).toEqual(named);
      }
    });

    it.each(['income', 'mrr', 'giving'] as const)('%s has the same figures in all three', async (name) => {
      const { body } = await viewer.get(`/api/v1/reports/${name}?${range}&currency=USD`).expect(200);
      const file = await viewer.get(`/api/v1/reports/${name}.csv?${range}&currency=USD`).expect(200);
      const { document } = await documentOf(`/staff/reports/${name}?${range}&currency=USD`);
      const figures: Record<string, unknown>[] = body.rows;
      const lines = figures.map((row) =>
        Object.values(row).map((cell) => (Array.isArray(cell) ? '' : String(cell))),
      );
      expect(file.text.trimEnd().split('\r\n').slice(1)).toEqual(lines.map((line) => line.join(',')));
      const shown = [...document.querySelectorAll('tbody tr')].map((row) =>
        [...row.querySelectorAll('.number')].map((cell) => Number(cell.textContent?.replaceAll(',', ''))),
      );
      const written = figures.map((row) =>
        Object.entries(row)
          .filter(([, cell]) => typeof cell === 'number')
          .map(([column, cell]) => (column.endsWith('_minor') ? Number(cell) / 100 : cell)),
      );
      expect(shown).toEqual(written);
    });

    it('answers as promised', async () => {
      const { body } = await viewer.get(`/api/v1/reports/income?${range}&currency=USD`).expect(200);
      expect(body).toMatchObject({
        name: 'income',
        from: '2026-01-01',
        to: '2026-06-01',
        by: 'month',
        currency: 'USD',
        time_zone: 'Europe/Riga',
        as_of: '2026-05-05T06:10:00.000Z',
        totals: { gross_minor: 18_000, refunds_minor: 300, net_minor: 18_000 - 300 - 612 },
      });
      expect(body.rows.map((row: { gross_minor: number }) => row.gross_minor)).toEqual([
        0, 0, 0, 13_000, 5_000,
      ]);
    });

    it('names what it could not convert, where no column does', async () => {
      for (const name of ['sources', 'giving', 'income'] as const) {
        const { body } = await viewer.get(`/api/v1/reports/${name}?${range}&currency=reporting`).expect(200);
        const said = body.unconverted ?? body.totals.unconverted;
        expect([name, said]).toEqual([name, [{ currency: 'EUR', amount_minor: 700 }]]);
        const { text } = await documentOf(`/staff/reports/${name}?${range}&currency=reporting`);
        expect(text).toContain('no exchange rate is known yet: €7.');
      }
    });

    it('takes the last twelve months where no days are said, and a month’s steps', async () => {
      const { body } = await viewer.get('/api/v1/reports/mrr?currency=USD').expect(200);
      expect(body).toMatchObject({ from: '2025-06-01', to: '2026-06-01', by: 'month' });
      expect(body.rows).toHaveLength(12);
    });

    it('keeps what was asked for in the address and the form', async () => {
      const { document } = await documentOf(
        '/staff/reports/income?from=2026-04-01&to=2026-05-01&by=day&currency=EUR',
      );
      expect(document.querySelector('#from')?.getAttribute('value')).toBe('2026-04-01');
      expect(document.querySelector('#by option[selected]')?.getAttribute('value')).toBe('day');
      expect(document.querySelector('#currency option[selected]')?.getAttribute('value')).toBe('EUR');
      expect(document.querySelectorAll('tbody tr')).toHaveLength(30);
    });

    it('says what is wrong with a question, in the form and by field', async () => {
      const wrong = 'from=2026-02-30&to=2026-03-01&by=month&currency=coins';
      const page = await viewer.get(`/staff/reports/income?${wrong}`).expect(422);
      expect(page.text).toContain('2 things need another look');
      const { body } = await viewer
        .get(`/api/v1/reports/income?${wrong}`)
        .expect(422)
        .expect('content-type', /problem\+json/);
      expect(body.errors.map((each: { field: string }) => each.field).sort()).toEqual(['currency', 'from']);
      for (const bad of [
        'from=2026-03-01&to=2026-03-01',
        'by=hour',
        'from=x',
        'from=1000-01-01&to=2026-01-01&by=day',
        `to=${'9'.repeat(50)}`,
      ]) {
        const { status } = await viewer.get(`/api/v1/reports/mrr?${bad}`);
        expect([bad, status >= 400 && status < 500]).toEqual([bad, true]);
      }
      await viewer.get('/api/v1/reports/income?from=2026-01-01&from=2026-02-01').expect(422);
      await viewer.get('/api/v1/reports/nothing').expect(404);
      await viewer.get('/staff/reports/constructor').expect(404);
    });

    it('says of a range too wide for its steps how many steps there may be', async () => {
      const wide = 'from=0001-01-01&to=9999-12-31&by=day';
      const { text } = await viewer.get(`/staff/reports/income?${wide}`).expect(400);
      expect(text).toContain('This range has too many steps: 4000 at most are shown.');
      expect(parseHTML(text).document.querySelector('#from')?.getAttribute('value')).toBe('0001-01-01');
      await viewer.get(`/api/v1/reports/income?${wide}`).expect(400);
    });

    it('is refused with one status, as page and for programs', async () => {
      for (const [asked, status] of [
        ['currency=XXX', 422],
        ['of=weather', 422],
        ['from=x', 400],
      ] as const) {
        await viewer.get(`/staff/reports/sources?${asked}`).expect(status);
        await viewer.get(`/api/v1/reports/sources?${asked}`).expect(status);
      }
      await viewer.get('/staff?currency=XXX').expect(422);
    });

    it('shows everything in one currency unless asked otherwise, and its files say so in their address', async () => {
      const { text, document } = await documentOf(`/staff/reports/income?${range}`);
      expect(text).toContain('All in USD, as the desk does unless another choice is made');
      const files = [...document.querySelectorAll('.files a')].map((link) =>
        String(link.getAttribute('href')),
      );
      expect(files.map((href) => new URL(href, 'http://here').searchParams.get('currency'))).toEqual([
        'reporting',
        'reporting',
      ]);
      const shown = [...document.querySelectorAll('tbody tr')].length;
      const { body } = await viewer.get(String(files[1])).expect(200);
      expect([body.currency, body.rows.length]).toEqual(['reporting', shown]);
      // Without a currency a program gets a block for each, as does a page that is asked for each by itself.
      const { body: blocks } = await viewer.get(`/api/v1/reports/income?${range}`).expect(200);
      const { document: each, text: said } = await documentOf(`/staff/reports/income?${range}&currency=`);
      expect([blocks.currency, blocks.rows.length]).toEqual([null, each.querySelectorAll('tbody tr').length]);
      expect(blocks.rows.length).toBe(2 * shown);
      expect(said).not.toContain('as the desk does unless');
    });

    it('draws a report whose lines are told apart by more than colour, with their names beneath', async () => {
      const { document } = await documentOf(`/staff/reports/churn?${range}&currency=USD`);
      const chart = document.querySelector('[aria-labelledby=picture]');
      expect(chart?.querySelector('figure')?.getAttribute('aria-label')).toContain('The same figures are in');
      expect([...(chart?.querySelectorAll('.parts li') ?? [])].map((each) => each.textContent)).toEqual([
        'Members lost',
        'Income lost',
      ]);
      const dashes = [...(chart?.querySelectorAll('.parts [stroke-dasharray]') ?? [])];
      expect(new Set(dashes.map((each) => each.getAttribute('stroke-dasharray'))).size).toBe(2);
      expect(document.querySelector('.choices [aria-current]')?.textContent).toBe('Leaving');
    });

    it('is a file that no spreadsheet runs', async () => {
      const { text, headers } = await viewer
        .get(`/api/v1/reports/sources.csv?${range}&of=article&currency=USD`)
        .expect(200);
      expect(headers['content-disposition']).toBe('attachment; filename=sources-2026-01-01-2026-06-01.csv');
      expect(headers['content-type']).toContain('text/csv');
      expect(headers['cache-control']).toBe('no-store');
      expect(text).toContain(`"'=HYPERLINK(""https://example.org"",""free"")"`);
    });

    it('writes CSV as RFC 4180 says', () => {
      const columns = [
        { name: 'key', kind: 'text' },
        { name: 'net_minor', kind: 'money' },
        { name: 'unconverted', kind: 'unconverted' },
      ] as const;
      const line = (key: string | null) =>
        csvOf(columns, [{ key, net_minor: -5, unconverted: [] }]).split('\r\n')[1];
      expect(csvOf(columns, [])).toBe('key,net_minor,unconverted\r\n');
      expect(line('a river, "wide"')).toBe('"a river, ""wide""",-5,');
      expect(line(null)).toBe(',-5,');
      for (const begin of ['=', '+', '-', '@', '\t', '\r', '＝', ' =', '\u200b=']) {
        expect(line(`${begin}1`)?.replace(/^"/, '')).toMatch(/^'/);
      }
      const unconverted = [
        { currency: 'EUR', amount_minor: 700 },
        { currency: 'GBP', amount_minor: 50 },
      ];
      expect(csvOf(columns, [{ key: 'x', net_minor: 1, unconverted }])).toContain('x,1,EUR 700; GBP 50\r\n');
    });
  });

  describe('for staff alone', () => {
    it('leads strangers to the sign-in, and tells programs so', async () => {
      for (const path of ['/staff', '/staff/definitions', '/staff/reports/income']) {
        await supertest(app)
          .get(path)
          .expect(303)
          .expect('location', `/staff/sign-in?next=${encodeURIComponent(path)}`);
      }
      for (const name of names) {
        await supertest(app)
          .get(`/api/v1/reports/${name}`)
          .expect(401)
          .expect('content-type', /problem\+json/);
        await supertest(app).get(`/api/v1/reports/${name}.csv`).expect(401);
      }
    });

    it('takes no other method', async () => {
      for (const method of ['post', 'put', 'delete'] as const) {
        const { status } = await viewer[method]('/api/v1/reports/income');
        expect(status).toBe(404);
      }
    });
  });
});

describe('what each figure is called', () => {
  const question = ask(
    { from: '2026-01-01', to: '2026-02-01', by: 'month' },
    { timeZone: 'UTC', fiscalYearStart: 1, reportingCurrency: 'USD' },
    new Date('2026-01-05T00:00:00Z'),
  );
  const places = new Set<string>(definitionGroups.flatMap(([, group]) => group));

  it('has a name and a definition for every column of every report, in every language', () => {
    for (const name of names) {
      for (const column of reports[name].columns(question)) {
        expect([column.name, places.has(placeOf(column, name))]).toEqual([column.name, true]);
        for (const locale of ['en', 'ru'] as const) {
          expect(figureOf(wordsFor(locale), column, name).text).not.toBe('');
        }
      }
    }
  });

  it('explains every figure that has words', () => {
    expect(places).toEqual(new Set(Object.keys(wordsFor('en').reports.figures)));
  });
});
