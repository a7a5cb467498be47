// Behind the figures on pages: links to lists and to readers, for those whom they concern, and pictures of what strangers named.
import express, { type Express } from 'express';
import { parseHTML } from 'linkedom';
import { h } from 'preact';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportRoutes } from '../../src/reports/routes.ts';
import { includes, type Role } from '../../src/staff/roles.ts';
import { sayErrors } from '../../src/web/errors.tsx';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';
import { type History, historyIn } from './history.ts';

const range = 'from=2026-01-01&to=2026-04-01&by=month';

describe('figures on a page', () => {
  let fresh: FreshDatabase;
  let services: TestServices;
  let history: History;
  let anna: string;

  beforeAll(async () => {
    fresh = await freshDatabase();
    services = await testServices({ databaseUrl: fresh.url, now: '2026-03-31T12:00:00Z' });
    history = historyIn(fresh.pool);
    anna = await history.reader();
    const plan = await history.promises(anna, {
      amount: 500,
      seen: [
        { at: '2025-12-05T10:00:00Z' },
        { at: '2026-01-10T10:00:00Z', amount: 700 },
        {
          at: '2026-02-05T10:00:00Z',
          standing: 'ended',
          endedAt: '2026-02-05T10:00:00Z',
          endReason: 'voluntary',
        },
      ],
    });
    await history.fails(plan, { at: '2026-01-10T10:00:00Z', invoice: 'in_1', amount: 700 });
    await history.gives(anna, {
      kind: 'month',
      membershipId: plan,
      invoice: 'in_1',
      at: '2026-01-12T22:00:00Z',
      amount: 700,
      from: { article: '</text><script>alert(1)</script>&amp;' },
    });
    for (let number = 1; number <= 13; number += 1)
      await history.gives(anna, {
        at: '2026-02-10T10:00:00Z',
        amount: number * 100,
        from: {
          article: `https://gazette.example.org/${'a-long-way-through-the-archive-'.repeat(2)}${number}`,
        },
      });
  });

  afterAll(async () => {
    await services.close();
    await fresh.drop();
  });

  function seenAs(role: Role): Express {
    const app = express();
    app.set('query parser', 'simple');
    const guard = {
      require: () => (_req: unknown, _res: unknown, next: () => void) => next(),
      requireOrToken: () => (_req: unknown, _res: unknown, next: () => void) => next(),
      end: () => h('span', {}),
      formToken: () => null,
      reaches: (_res: unknown, needed: Role) => includes(role, needed),
    };
    app.use(reportRoutes(services, { guard }), sayErrors(services));
    return app;
  }

  const documentOf = async (path: string, role: Role = 'viewer') => {
    const { text } = await supertest(seenAs(role)).get(path).expect(200);
    return parseHTML(text).document;
  };
  const hrefs = (document: Document, selector: string) =>
    [...document.querySelectorAll(selector)].map((link) => String(link.getAttribute('href')));

  it('lead to the list behind them, in the language and the currency that were chosen', async () => {
    const document = await documentOf(`/staff/reports/mrr?${range}&currency=USD&locale=ru`);
    const links = hrefs(document, '.behind');
    const month = (from: string, to: string, movement: string) =>
      `/staff/reports/movements?from=${from}&to=${to}&movement=${movement}&currency=USD&locale=ru`;
    // Who leaves while paused takes nothing along: even where the sum is nothing, somebody may stand in the list.
    const ended = (from: string, to: string) =>
      ['churn_voluntary', 'churn_involuntary'].map((movement) => month(from, to, movement));
    expect(links).toEqual([
      month('2026-01-01', '2026-02-01', 'expansion'),
      ...ended('2026-01-01', '2026-02-01'),
      ...ended('2026-02-01', '2026-03-01'),
      ...ended('2026-03-01', '2026-04-01'),
      month('2026-01-01', '2026-04-01', 'expansion'),
      ...ended('2026-01-01', '2026-04-01'),
    ]);
    const nobody = await documentOf(month('2026-02-01', '2026-03-01', 'churn_involuntary'));
    expect(nobody.querySelector('.empty')?.textContent).toContain('ничего такого не меняло');
    const list = await documentOf(month('2026-02-01', '2026-03-01', 'churn_voluntary'));
    expect(list.documentElement.getAttribute('lang')).toBe('ru');
    expect(list.querySelector('#movement option[selected]')?.getAttribute('value')).toBe('churn_voluntary');
    expect(list.querySelector('#currency option[selected]')?.getAttribute('value')).toBe('USD');
    expect(list.querySelectorAll('tbody tr')).toHaveLength(1);
    expect(list.querySelector('tfoot')?.textContent).toContain('-7,00');
    expect(hrefs(list, '.files a').every((href) => href.includes('movement=churn_voluntary'))).toBe(true);
  });

  it('lead from each bar to the list behind it, by name and without a script', async () => {
    const document = await documentOf(`/staff/reports/mrr?${range}&currency=USD&locale=ru`);
    const figure = document.querySelector('figure.chart');
    expect(figure?.getAttribute('role')).toBeNull();
    const bars = [...(figure?.querySelectorAll('.wide a') ?? [])].map((bar) => [
      bar.getAttribute('aria-label')?.replaceAll('\u00a0', ' '),
      bar.querySelector('title')?.textContent === bar.getAttribute('aria-label'),
      bar.getAttribute('href'),
    ]);
    const list = (from: string, to: string, movement: string) =>
      `/staff/reports/movements?from=${from}&to=${to}&movement=${movement}&currency=USD&locale=ru`;
    expect(bars).toEqual([
      ['Увеличили, янв 2026: 2 $', true, list('2026-01-01', '2026-02-01', 'expansion')],
      [
        'Ушли, Потеряны, Приостановлены, февр 2026: 7 $',
        true,
        list('2026-02-01', '2026-03-01', 'churn_voluntary'),
      ],
    ]);
    expect(figure?.querySelectorAll('.wide svg[aria-hidden], .wide [aria-hidden] a')).toHaveLength(0);
  });

  it('lead to the gifts that they add up', async () => {
    const document = await documentOf(`/staff/reports/income?${range}&currency=USD`);
    const links = hrefs(document, 'td .behind');
    expect(links.slice(-2)).toEqual(
      Array(2).fill('/staff/reports/gifts?from=2026-01-01&to=2026-04-01&currency=USD'),
    );
    const gifts = await documentOf('/staff/reports/gifts?from=2026-02-01&to=2026-03-01&currency=USD');
    expect(gifts.querySelectorAll('tbody tr')).toHaveLength(13);
    expect(hrefs(document, '.wide a')).toContain(
      '/staff/reports/gifts?from=2026-02-01&to=2026-03-01&currency=USD',
    );
  });

  it('lead to who left of those who were there', async () => {
    const document = await documentOf(`/staff/reports/churn?${range}`);
    const [link] = hrefs(document, '.behind');
    expect(link).toBe(
      '/staff/reports/movements?from=2026-02-01&to=2026-03-01&movement=churned&currency=reporting',
    );
    const list = await documentOf(String(link));
    expect(list.body.textContent).toContain('1 movement of 1 person.');
  });

  it('lead to a reader’s letters only those who may open them', async () => {
    for (const name of ['supporters', 'gifts', 'movements', 'lybunt', 'sybunt']) {
      const path = `/staff/reports/${name}?${range}&year=2027`;
      const letters = `/staff/supporters/${anna}/letters`;
      expect([name, hrefs(await documentOf(path), 'td a, th a').includes(letters)]).toEqual([name, false]);
      const table = await documentOf(path, 'support');
      expect([name, hrefs(table, 'td a, th a').includes(letters)]).toEqual([name, true]);
    }
  });

  it('tell beneath failed payments how long it took', async () => {
    const document = await documentOf(`/staff/reports/recovery?${range}`);
    // From ten in the morning to ten in the evening two days later.
    expect(document.querySelector('[aria-labelledby=times] p')?.textContent).toBe(
      'Collected after all: 1 payment, half of them within 2.5 days (the median).',
    );
    const cells = [...document.querySelectorAll('[aria-labelledby=times] tbody tr')].map((line) =>
      [...line.children].map((cell) => cell.textContent),
    );
    expect(cells[1]).toEqual(['in 1 to 3 days', '1', '$7.00', '100%', '100%']);
  });

  it('draw what each source brought, the smallest of many together, and no stranger’s markup', async () => {
    const document = await documentOf(`/staff/reports/sources?${range}&of=article`);
    const figure = document.querySelector('figure.chart');
    expect(figure?.getAttribute('aria-label')).toBe(
      'A bar for the gross income of each source, the largest first. From 1 Jan 2026 to 31 Mar 2026, in USD. The same figures are in the table below.',
    );
    expect(figure?.querySelector('script')).toBeNull();
    const said = [...(figure?.querySelectorAll('.wide text') ?? [])].map((text) => text.textContent);
    expect(said).toContain('</text><script>alert(1)</script>&amp;');
    expect(said).toContain('gazette.exam…-way-through-the-archive-13');
    // 13.00 of 98.00; and 1.00 + 2.00 + 3.00 of eleven more
    expect(said).toContain('$13 (13%)');
    expect(said).toContain('3 others');
    expect(said).toContain('$6 (6.1%)');
  });
});
