// Remind me later, from the asking to the one letter and what can be done from it.
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deliverLetters } from '../../src/letters/deliver.ts';
import { suppress } from '../../src/letters/suppression.ts';
import { transact } from '../../src/outside/database.ts';
import type { Message } from '../../src/outside/smtp.ts';
import { linkToken } from '../../src/outside/tokens.ts';
import { noteOpened } from '../../src/reminders/schedule.ts';
import { satisfyReminders, sendDueReminders, sweepReminders } from '../../src/reminders/send-due.ts';
import { payments } from '../../src/schema.ts';
import { openReminderDesk, type ReminderDesk } from './desk.ts';

let desk: ReminderDesk;
const anna = 'anna@example.org';
const origin = 'http://localhost:3000';

beforeAll(async () => {
  desk = await openReminderDesk();
});

beforeEach(async () => {
  await desk.post.clear();
});

afterAll(async () => {
  await desk.post.close();
});

const day = 86_400;

describe('asking', () => {
  test('in a month, confirmed by the letter: one reminder on the day, in the morning', async () => {
    const answer = await desk.ask({ email: anna, when: 'month', time_zone: 'Europe/Riga' }).expect(202);
    expect(answer.body).toEqual({ send_on: '2027-03-24' });
    const [confirmation] = await desk.lettersTo(anna);
    expect(confirmation?.subject).toBe('Please confirm your request');
    expect(confirmation?.text).toContain('Wednesday 24 March');
    await desk.site
      .post(desk.linkIn(confirmation, 'reminder'))
      .type('form')
      .send({ act: 'confirm' })
      .expect(303);

    desk.post.services.set('2027-03-24T06:59:59Z');
    expect(await desk.lettersTo(anna)).toHaveLength(1);
    desk.post.services.set('2027-03-24T09:00:01Z');
    const [reminder, ...others] = await desk.lettersTo(anna);
    expect(others).toHaveLength(1);
    expect(reminder?.subject).toBe('You asked us to remind you');
    desk.post.services.set('2028-06-01T00:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(2);
    const [row] = await desk.rows();
    const leftAt = row?.sentAt?.toISOString() ?? '';
    expect(leftAt >= '2027-03-24T07:00:00.000Z' && leftAt <= '2027-03-24T09:00:01.000Z').toBe(true);
  });

  test('without a confirmation nothing more is sent, and the request vanishes after seven days', async () => {
    await desk.ask({ email: anna, when: 'month' }).expect(202);
    const [confirmation] = await desk.lettersTo(anna);
    desk.post.services.pass(7 * day + 1);
    await sweepReminders(desk.post.services);
    await desk.site
      .post(desk.linkIn(confirmation, 'reminder'))
      .type('form')
      .send({ act: 'confirm' })
      .expect(410);
    desk.post.services.pass(60 * day);
    expect(await desk.lettersTo(anna)).toHaveLength(1);
    expect(await desk.rows()).toMatchObject([{ state: 'lapsed' }]);
    const { rows } = await desk.post.services.database.execute(
      sql`select from readers where address_sealed is not null or address_hash is not null`,
    );
    expect(rows).toHaveLength(0);
  });

  test('GET changes nothing: a mail scanner that opens every link leaves the reminder as it is', async () => {
    await desk.ask({ email: anna, when: 'month' }).expect(202);
    const [confirmation] = await desk.lettersTo(anna);
    const before = await desk.rows();
    for (const link of confirmation?.text.match(/http:\/\/localhost:3000\S+/g) ?? []) {
      await desk.site.get(link.replace('http://localhost:3000', '')).expect((answer) => {
        expect([200, 303]).toContain(answer.status);
      });
    }
    expect(await desk.rows()).toEqual(before);
    const { rows } = await desk.post.services.database.execute(sql`select from suppressions`);
    expect(rows).toHaveLength(0);
  });

  test('every address gets the same answer: new, reminded, giving, suppressed, asked too often', async () => {
    const { services } = desk.post;
    await desk.askAndConfirm({ email: 'waiting@example.org', when: 'year' });
    await desk.post.pay(await desk.post.reader('giver@example.org'), services.now());
    const blocked = await desk.post.reader('blocked@example.org');
    await transact(services, (tx) => suppress(tx, services.now(), blocked, 'blocked'));
    for (let n = 0; n < 5; n++) await desk.ask({ email: 'often@example.org', when: 'month' }).expect(202);
    const answers = [];
    for (const name of ['new', 'waiting', 'giver', 'blocked', 'often']) {
      const json = await desk.ask({ email: `${name}@example.org`, when: 'week' });
      const page = await desk.site
        .post('/remind-me')
        .type('form')
        .send({ email: `${name}@example.org`, when: 'week' });
      answers.push(
        [json, page].map(({ status, headers, text }) => ({
          status,
          headers: Object.fromEntries(Object.entries(headers).filter(([header]) => header !== 'date')),
          text,
        })),
      );
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.map(({ status }) => status)).toEqual([202, 202]);
    await desk.round();
    const sentTo = async (name: string) =>
      (await desk.post.mailbox.letters({ to: `${name}@example.org` })).length;
    expect(await sentTo('blocked')).toBe(0);
    expect(await sentTo('often')).toBe(3);
    expect(await sentTo('new')).toBe(2);
  });

  test.each([
    ['date-too-soon', { email: anna, when: '2027-02-24' }, 'when'],
    ['date-too-late', { email: anna, when: '2028-04-01' }, 'when'],
    ['date-malformed', { email: anna, when: '2027-02-30' }, 'when'],
    ['choice-unknown', { email: anna, when: 'someday' }, 'when'],
    ['address-malformed', { email: 'anna', when: 'month' }, 'email'],
    ['value-malformed', { email: 'anna@example.org\r\nBcc: eve@example.org', when: 'month' }, 'email'],
    ['value-malformed', { email: ['anna@example.org'], when: 'month' }, 'email'],
    ['field-unknown', { email: anna, when: 'month', admin: true }, 'admin'],
  ])('%s', async (code, body, field) => {
    const answer = await desk.ask(body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body.errors).toEqual([expect.objectContaining({ field })]);
    expect(answer.body.errors[0].code).toBe(code);
    expect(await desk.rows()).toHaveLength(0);
  });

  test('mistakes do not use up what a network is granted', async () => {
    const strict = await openReminderDesk({}, { asksPerNetwork: 2 });
    try {
      const wrong = { email: 'anna', when: 'month' };
      for (let n = 0; n < 5; n++) {
        await strict.ask(wrong).expect(422);
        await strict.ask({ email: anna, when: '2027-02-01' }).expect(422);
        await strict.site.post('/remind-me').type('form').send(wrong).expect(422);
      }
      await strict.ask({ email: anna, when: 'month' }).expect(202);
      const form = { email: anna, when: 'week', key: 'form-1' };
      for (let n = 0; n < 2; n++) await strict.site.post('/remind-me').type('form').send(form).expect(202);
      const answer = await strict.ask({ email: anna, when: 'year' }).expect(429);
      expect(answer.headers['retry-after']).toBe('3600');
      await strict.site.post('/remind-me').type('form').send({ email: anna, when: 'year' }).expect(429);
      // Mistakes have a limit too, a larger one.
      await strict.ask(wrong).expect(429);
    } finally {
      await strict.post.close();
    }
  });

  test('a form that another site sent does nothing', async () => {
    await desk.site
      .post('/remind-me')
      .set('Sec-Fetch-Site', 'cross-site')
      .type('form')
      .send({ email: anna, when: 'month' })
      .expect(403);
    expect(await desk.rows()).toHaveLength(0);
  });

  test('the same form sent twice is one reminder', async () => {
    const form = { email: anna, when: 'month', key: 'form-1' };
    const [one, other] = await Promise.all(
      [1, 2].map(() => desk.site.post('/remind-me').type('form').send(form)),
    );
    expect([one?.status, other?.status]).toEqual([202, 202]);
    expect(await desk.rows()).toHaveLength(1);
  });

  test('the form shows each choice with its day, and what was wrong beside what was typed', async () => {
    const page = await desk.site.get(
      '/remind-me?article=https://gazette.example.org/river?user=7&component=appeal',
    );
    expect(page.text).toContain('Wednesday 3 March');
    expect(page.text).toContain('Wednesday 24 March');
    expect(page.text).toContain('We will write to you once, on Wednesday 24 March, in the morning.');
    expect(page.text).toContain('value="https://gazette.example.org/river"');
    const again = await desk.site
      .post('/remind-me')
      .type('form')
      .send({ email: 'anna@', when: 'date', date: '2027-02-01', locale: 'ru', article: 'river' });
    expect(again.status).toBe(422);
    expect(again.text).toContain('value="anna@"');
    expect(again.text).toContain('lang="ru"');
    expect(again.text).toContain('id="email-fault"');
    expect(again.text).toContain('id="date-fault"');
    expect(again.text).toContain('value="river"');
    expect(again.text.match(/aria-invalid="true"/g)).toHaveLength(2);
    // The other language shows the same choice; an address is never put into a link.
    expect(again.text).toContain(
      'href="/remind-me?when=date&amp;date=2027-02-01&amp;article=river&amp;locale=en"',
    );
  });

  test('the preview in a zone where it is already tomorrow', async () => {
    desk.post.services.set('2027-02-24T20:00:00Z');
    const here = await desk.site.get('/remind-me/when').expect(200);
    const there = await desk.site.get('/remind-me/when?time_zone=Asia/Tokyo&locale=ru').expect(200);
    const week = (answer: typeof here) =>
      answer.body.choices.find((each: { when: string }) => each.when === 'week');
    expect(week(here)).toMatchObject({ send_on: '2027-03-03' });
    expect(week(there)).toMatchObject({
      send_on: '2027-03-04',
      promise: expect.stringContaining('в четверг, 4 марта'),
    });
    const unknown = await desk.site.get('/remind-me/when?time_zone=Nowhere/Else').expect(200);
    expect(unknown.body.time_zone).toBe('UTC');
  });

  test('a day of one’s own is told in words as well, and what is wrong with it', async () => {
    const told = await desk.site
      .get('/remind-me/when?date=2027-05-09&time_zone=Asia/Tokyo&locale=en')
      .expect(200);
    expect(told.body.choices.at(-1)).toEqual({
      when: 'date',
      send_on: '2027-05-09',
      day: 'Sunday 9 May',
      promise: 'We will write to you once, on Sunday 9 May, in the morning.',
    });
    const wrong = await desk.site.get('/remind-me/when?date=2027-02-24').set('Accept', 'application/json');
    expect([wrong.status, wrong.body.errors[0].code]).toEqual([422, 'date-too-soon']);
    const page = await desk.site.get('/remind-me?when=2027-05-09').expect(200);
    expect(page.text).toContain('We will write to you once, on Sunday 9 May, in the morning.');
  });

  test('discreetly, if the reader ticks it: both letters say so, and the reminder’s own page', async () => {
    const form = { email: anna, when: 'week', discreet: 'yes', stage: 'win-back' };
    await desk.site.post('/remind-me').type('form').send(form).expect(202);
    expect(await desk.rows()).toMatchObject([{ discreet: true, stage: 'win-back' }]);
    const [confirmation] = await desk.lettersTo(anna);
    const page = desk.linkIn(confirmation, 'reminder');
    await desk.site.post(page).type('form').send({ act: 'confirm' }).expect(303);
    expect((await desk.site.get(page)).text).toContain('It will be discreet');
    desk.post.services.set('2027-03-03T11:00:00Z');
    const letters = await desk.lettersTo(anna);
    expect(letters).toHaveLength(2);
    for (const { from, subject } of letters) expect(`${from} ${subject}`).not.toContain('Gazette');
    await desk.ask({ email: 'ivo@example.org', when: 'week', discreet: true, stage: 'again' }).expect(202);
    expect((await desk.rows()).at(-1)).toMatchObject({ discreet: true, stage: 'again' });
    // Nothing is ticked that the reader did not tick.
    expect((await desk.site.get('/remind-me')).text).toMatch(
      /<input type="checkbox" id="discreet"(?![^>]*checked)/,
    );
  });

  test('what a source says is kept without the query that may say who the reader is', async () => {
    await desk
      .ask({
        email: anna,
        when: 'month',
        source: {
          article: 'https://gazette.example.org/river?u=anna',
          campaign: 'spring',
          component: 'appeal',
        },
      })
      .expect(202);
    expect(await desk.rows()).toMatchObject([
      {
        article: 'https://gazette.example.org/river',
        campaign: 'spring',
        component: 'appeal',
        state: 'unconfirmed',
      },
    ]);
  });
});

describe('confirming', () => {
  test('a new request replaces the old one only once it is confirmed', async () => {
    await desk.askAndConfirm({ email: anna, when: 'year' });
    await desk.ask({ email: anna, when: 'month' }).expect(202);
    expect((await desk.rows()).map((row) => row.state).sort()).toEqual(['unconfirmed', 'waiting']);
    const [newest] = await desk.lettersTo(anna);
    await desk.site.post(desk.linkIn(newest, 'reminder')).type('form').send({ act: 'confirm' }).expect(303);
    expect((await desk.rows()).map(({ state, choice }) => [choice, state]).sort()).toEqual([
      ['month', 'waiting'],
      ['year', 'replaced'],
    ]);
  });

  test('pressed ten times at once, two requests leave one waiting', async () => {
    await desk.ask({ email: anna, when: 'month' }).expect(202);
    const [first] = await desk.lettersTo(anna);
    desk.post.services.pass(60);
    await desk.ask({ email: anna, when: 'week' }).expect(202);
    const [second] = await desk.lettersTo(anna);
    const pages = [desk.linkIn(first, 'reminder'), desk.linkIn(second, 'reminder')];
    const answers = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) =>
        desk.site
          .post(pages[n % 2] ?? '')
          .type('form')
          .send({ act: 'confirm' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 500)).toEqual([]);
    expect((await desk.rows()).map((row) => row.state).sort()).toEqual(['replaced', 'waiting']);
  });

  test('after the day has passed the choices are offered anew', async () => {
    await desk.ask({ email: anna, when: '2027-02-25' }).expect(202);
    const [confirmation] = await desk.lettersTo(anna);
    const page = desk.linkIn(confirmation, 'reminder');
    desk.post.services.set('2027-02-26T12:00:00Z');
    expect((await desk.site.get(page)).text).toContain('The day you chose has already passed');
    await desk.site.post(page).type('form').send({ act: 'confirm' }).expect(422);
    await desk.site.post(page).type('form').send({ act: 'confirm', when: 'week' }).expect(303);
    expect(await desk.rows()).toMatchObject([{ state: 'waiting', sendOn: '2027-03-05' }]);
  });

  test('on the day itself, after the morning, the letter comes at once', async () => {
    await desk.ask({ email: anna, when: '2027-02-25' }).expect(202);
    const [confirmation] = await desk.lettersTo(anna);
    const page = desk.linkIn(confirmation, 'reminder');
    desk.post.services.set('2027-02-25T18:00:00Z');
    await desk.site.post(page).type('form').send({ act: 'confirm' }).expect(303);
    expect((await desk.site.get(page)).text).toContain('our letter comes today');
    expect(await desk.lettersTo(anna)).toHaveLength(2);
  });

  test('"never write to this address" from the confirmation holds back everything but receipts', async () => {
    await desk.ask({ email: anna, when: 'month' }).expect(202);
    const [confirmation] = await desk.lettersTo(anna);
    const block = desk.linkIn(confirmation, 'unsubscribe');
    expect((await desk.site.get(block)).text).toContain('Never write to this address');
    await desk.site.post(block).expect(200);
    await desk.ask({ email: 'Anna@example.org', when: 'month' }).expect(202);
    expect(await desk.lettersTo(anna)).toHaveLength(1);
    const { rows } = await desk.post.services.database.execute(sql`select scope, reason from suppressions`);
    expect(rows).toEqual([{ scope: 'all', reason: 'blocked' }]);
  });
});

describe('on the day', () => {
  const due = '2027-03-24T11:00:00Z';

  test('someone who has given since gets none, and it says so', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    desk.post.services.set('2027-03-01T00:00:00Z');
    await desk.post.pay(await desk.post.reader(anna), desk.post.services.now());
    desk.post.services.set(due);
    expect(await desk.lettersTo(anna)).toHaveLength(1);
    expect(await desk.rows()).toMatchObject([{ state: 'satisfied', sentAt: null, gaveAt: null }]);
    expect((await desk.site.get(page)).text).toContain('You have given since');
  });

  test('a gift that lands between the writing and the sending still holds it back', async () => {
    await desk.askAndConfirm({ email: anna, when: 'month' });
    desk.post.services.set(due);
    await sendDueReminders(desk.post.services);
    await desk.post.pay(await desk.post.reader(anna), desk.post.services.now());
    await deliverLetters(desk.post.services);
    expect(await desk.lettersTo(anna)).toHaveLength(1);
    await desk.round();
    expect(await desk.rows()).toMatchObject([{ state: 'satisfied' }]);
  });

  test('a reminder the service could not send for two days is not sent, and not called sent', async () => {
    await desk.askAndConfirm({ email: anna, when: 'month' });
    desk.post.services.set('2027-03-26T11:00:01Z');
    expect(await desk.lettersTo(anna)).toHaveLength(1);
    expect(await desk.rows()).toMatchObject([{ state: 'late', sentAt: null }]);
  });

  test('a letter the mail server refuses for good was not sent', async () => {
    await desk.askAndConfirm({ email: anna, when: 'month' });
    desk.post.services.set(due);
    desk.post.mailbox.setFault({ reply: '550 5.1.1 no such user', times: 1 });
    await desk.round();
    await desk.round();
    expect(await desk.rows()).toMatchObject([{ state: 'lapsed', sentAt: null }]);
  });

  test('three instances at once write one letter for each of a thousand reminders', async () => {
    const { services } = desk.post;
    await services.database.execute(sql`
      with r as (insert into readers (id, address_hash, address_sealed, locale, created_at)
        select gen_random_uuid(), decode(md5(n::text), 'hex'), '\\x00', 'en', ${services.now().toISOString()}::timestamptz
        from generate_series(1, 1200) n returning id)
      insert into reminders (id, reader_id, state, stage, choice, time_zone, locale, send_on, created_at, due_at)
      select gen_random_uuid(), id, 'waiting', 'before', 'week', 'UTC', 'en', '2027-02-24',
        '2027-02-17T00:00:00Z', '2027-02-24T08:00:00Z' from r`);
    const others = [await desk.post.anotherInstance(), await desk.post.anotherInstance()];
    const written = await Promise.all([services, ...others].map((instance) => sendDueReminders(instance)));
    expect(written.reduce((sum, each) => sum + each)).toBe(1200);
    const { rows } = await services.database.execute<{ n: string; states: string[] }>(
      sql`select count(distinct reminder_id) as n, array_agg(distinct state) as states from letters`,
    );
    expect(rows).toEqual([{ n: '1200', states: ['queued'] }]);
    expect(services.nudges).toContain('letters');
  });
});

describe('from the letter', () => {
  async function reminded(): Promise<{ page: string; give: string; unsubscribe: string }> {
    const page = await desk.askAndConfirm({
      email: anna,
      when: 'week',
      source: { article: 'https://gazette.example.org/river', campaign: 'spring' },
    });
    desk.post.services.set('2027-03-03T11:00:00Z');
    const [letter] = await desk.lettersTo(anna);
    const header = String(letter?.headers['list-unsubscribe']);
    return { page, give: desk.linkIn(letter, 'give'), unsubscribe: header.slice(1, -1).replace(origin, '') };
  }

  test('it carries both one-click headers, which unsubscribe without cookie or token', async () => {
    const { unsubscribe } = await reminded();
    const [letter] = await desk.lettersTo(anna);
    expect(unsubscribe).toMatch(/^\/unsubscribe\/[\w-]{59}$/);
    expect(letter?.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click');
    await desk.site
      .post(unsubscribe)
      .set('Sec-Fetch-Site', 'cross-site')
      .type('form')
      .send('List-Unsubscribe=One-Click')
      .expect(200);
    expect(await desk.rows()).toMatchObject([{ state: 'cancelled' }]);
    await desk.ask({ email: anna, when: 'week' }).expect(202);
    expect(await desk.lettersTo(anna)).toHaveLength(2);
    await desk.site.post(unsubscribe).expect(200);
  });

  test('once it has been sent, it offers to give, to be written to again, or never more; no stop of what is over', async () => {
    const { page } = await reminded();
    const [letter] = await desk.lettersTo(anna);
    const { text } = await desk.site.get(page).expect(200);
    for (const offered of [letter?.text ?? '', text]) {
      expect(offered).toContain('Give now');
      expect(offered).toMatch(/Remind me again/);
      expect(offered).toContain('Never write to this address');
      expect(offered).not.toMatch(/Stop|Change the day/i);
    }
    expect(text).toContain('Or on another day');
    const block = desk.linkIn(letter, 'unsubscribe');
    expect(text).toContain(`href="${block}?locale=en"`);
    expect((await desk.site.get(block)).text).toContain('<button');
  });

  test('its pages speak its language, and keep one that was chosen through every button', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'week', locale: 'ru' });
    desk.post.services.set('2027-03-03T11:00:00Z');
    const [letter] = await desk.lettersTo(anna);
    const block = desk.linkIn(letter, 'unsubscribe');
    const at = (path: string) => desk.site.get(path).set('Accept-Language', 'en').expect(200);
    for (const path of [page, block]) expect((await at(path)).text).toContain('<html lang="ru"');
    const chosen = await at(`${page}?locale=en`);
    expect(chosen.text).toContain('<html lang="en"');
    const leads = [...chosen.text.matchAll(/(?:action|href)="(\/(?:reminders|unsubscribe)\/[^"]+)"/g)];
    expect(leads.length).toBeGreaterThan(3);
    for (const [, to] of leads) expect(to).toMatch(/locale=(en|ru)$/);
    const acted = await desk.site.post(`${page}?locale=en`).type('form').send({ act: 'again' }).expect(303);
    expect(acted.headers.location).toBe(`${page}?locale=en`);
    const stopped = await desk.site.post(`${block}?locale=en`).set('Accept-Language', 'ru').expect(200);
    expect(stopped.text).toContain('<html lang="en"');
  });

  test('while it waits, no other day is promised beside its own', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'week' });
    const { text } = await desk.site.get(page).expect(200);
    const [before = '', folded = ''] = text.split('<details');
    expect(before).toContain('It is set: we will write to you once, on Wednesday 3 March, in the morning.');
    expect(before).not.toContain('class="preview"');
    expect(folded).toContain('class="preview"');
    expect(folded).not.toContain(' open');
  });

  test.each(['unsubscribe', 'never write'])(
    'the link of "%s" says afterwards that it is done',
    async (which) => {
      const { unsubscribe } = await reminded();
      const [letter] = await desk.lettersTo(anna);
      const link = which === 'unsubscribe' ? unsubscribe : desk.linkIn(letter, 'unsubscribe');
      const offered = async () => (await desk.site.get(link)).text.match(/<button[^>]*>[^<]*/g) ?? [];
      expect(await offered()).toEqual([expect.stringMatching(/Stop reminders|Never write to me/)]);
      await desk.site.post(link).expect(200);
      expect(await offered()).toEqual([expect.stringContaining('Undo')]);
      await sweepReminders(desk.post.services);
      expect((await desk.site.get(link)).text).not.toContain('<button');
    },
  );

  test('the way to the donate page carries the reminder and where it came from', async () => {
    const { give } = await reminded();
    const { headers } = await desk.site.get(give).expect(303);
    const to = new URL(headers.location ?? '', 'http://localhost');
    expect(to.pathname).toBe('/donate');
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      component: 'reminder',
      article: 'https://gazette.example.org/river',
      campaign: 'spring',
      locale: 'en',
    });
    expect(to.searchParams.get('reminder')).toHaveLength(59);
    expect(await desk.rows()).toMatchObject([{ openedAt: null }]);
    await desk.site.get('/reminders/not-a-token/give').expect(303).expect('Location', '/donate');
  });

  test('a gift through it is counted to the reminder, also when another address paid', async () => {
    await reminded();
    const { services } = desk.post;
    const [row] = await desk.rows();
    if (!row) throw new Error('No reminder');
    await transact(services, (tx) => noteOpened(tx, services.now(), row.id));
    services.pass(60);
    await transact(services, (tx) => noteOpened(tx, services.now(), row.id));
    const payment = await desk.post.pay(await desk.post.reader('else@example.org'), services.now());
    await services.database.update(payments).set({ reminderId: row.id });
    await satisfyReminders(services);
    expect(payment).toBeTruthy();
    expect(await desk.rows()).toMatchObject([
      { state: 'satisfied', openedAt: new Date('2027-03-03T11:00:00Z'), gaveAt: services.now() },
    ]);
  });

  test('again in a month, three times at most', async () => {
    const { page } = await reminded();
    for (const dueOn of ['2027-04-03', '2027-05-03', '2027-06-03']) {
      expect((await desk.site.get(page)).text).toContain('Later once more?');
      const twice = await Promise.all(
        [1, 2].map(() => desk.site.post(page).type('form').send({ act: 'again' })),
      );
      expect(twice.map(({ status }) => status)).toEqual([303, 303]);
      expect(await desk.rows()).toMatchObject([{ state: 'waiting', sendOn: dueOn }]);
      const before = (await desk.lettersTo(anna)).length;
      desk.post.services.set(`${dueOn}T11:00:00Z`);
      expect(await desk.lettersTo(anna)).toHaveLength(before + 1);
    }
    const [last] = await desk.lettersTo(anna);
    expect(last?.text).not.toContain('Remind me again');
    expect((await desk.site.get(page)).text).toContain('three times');
    await desk.site.post(page).type('form').send({ act: 'again' }).expect(409);
  });

  test('another day, and the day in the answer is the day of the letter', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'year' });
    await desk.site
      .post(page)
      .type('form')
      .send({ act: 'change', when: 'date', date: '2027-03-05' })
      .expect(303);
    expect((await desk.site.get(page)).text).toContain('on Friday 5 March');
    const token = page.split('/').at(-1);
    const answer = await desk.site
      .post(`/api/v1/reminders/${token}`)
      .send({ act: 'change', when: 'week' })
      .expect(200);
    expect(answer.body).toEqual({ state: 'waiting', send_on: '2027-03-03' });
    await desk.site
      .post(page)
      .type('form')
      .send({ act: 'change', when: 'date', date: '2027-02-24' })
      .expect(422);
    desk.post.services.set('2027-03-03T11:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(2);
  });

  test('put off to a day of one’s own, which counts as once of the three', async () => {
    const { page } = await reminded();
    const wrong = { act: 'change', when: 'date', date: '2027-03-03' };
    const refused = await desk.site.post(page).type('form').send(wrong).expect(422);
    expect(refused.text).toMatch(/<details [^>]*\bopen/);
    await desk.site
      .post(page)
      .type('form')
      .send({ ...wrong, date: '2027-03-20' })
      .expect(303);
    expect(await desk.rows()).toMatchObject([{ state: 'waiting', sendOn: '2027-03-20', snoozes: 1 }]);
    desk.post.services.set('2027-03-20T11:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(3);
  });

  test('stopped before the day, none comes', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
    expect((await desk.site.get(page)).text).toContain('No letter will come');
    desk.post.services.set('2027-03-24T11:00:00Z');
    expect(await desk.lettersTo(anna)).toHaveLength(1);
  });

  test('a stop that meets the letter on its way is answered only when that is over', async () => {
    const { services } = desk.post;
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    services.set('2027-03-24T11:00:00Z');
    await sendDueReminders(services);
    const { promise: onItsWay, resolve: begun } = Promise.withResolvers<void>();
    const happened: string[] = [];
    const sending = deliverLetters({
      ...services,
      mailer: {
        ...services.mailer,
        async send(message: Message) {
          begun();
          await new Promise((resolve) => setTimeout(resolve, 300));
          await services.mailer.send(message);
          happened.push('letter accepted');
        },
      },
    });
    await onItsWay;
    await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
    happened.push('stop acknowledged');
    await sending;
    expect(happened).toEqual(['letter accepted', 'stop acknowledged']);
  });

  test('a stop between the writing and the sending holds it back', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    desk.post.services.set('2027-03-24T11:00:00Z');
    await sendDueReminders(desk.post.services);
    await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
    const [row] = await desk.rows();
    expect(await desk.post.row(`reminder:${row?.id}:0`)).toMatchObject({ state: 'cancelled' });
    await deliverLetters(desk.post.services);
    expect(await desk.lettersTo(anna)).toHaveLength(1);
  });

  test('links of one purpose open nothing else', async () => {
    const { page, unsubscribe } = await reminded();
    const token = (path: string) => path.split('/')[2] ?? '';
    await desk.site.get(`/unsubscribe/${token(page)}`).expect(404);
    await desk.site.get(`/reminders/${token(unsubscribe)}`).expect(404);
    const [row] = await desk.rows();
    const other = linkToken(desk.post.services.keys, 'manage', row?.id ?? '', null);
    await desk.site.post(`/reminders/${other}`).type('form').send({ act: 'stop' }).expect(404);
  });
});

describe('what is kept', () => {
  const known = async () => {
    const { rows } = await desk.post.services.database.execute(
      sql`select from readers where address_sealed is not null or address_hash is not null`,
    );
    return rows.length;
  };

  test('the address goes the night after a stop', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    await sweepReminders(desk.post.services);
    expect(await known()).toBe(1);
    await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
    await sweepReminders(desk.post.services);
    expect(await known()).toBe(0);
  });

  test('the address goes thirty days after the reminder, so that "again in a month" works till then', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'week' });
    desk.post.services.set('2027-03-03T11:00:00Z');
    await desk.round();
    desk.post.services.pass(29 * day);
    await sweepReminders(desk.post.services);
    expect(await known()).toBe(1);
    desk.post.services.pass(2 * day);
    await sweepReminders(desk.post.services);
    expect(await known()).toBe(0);
    expect((await desk.site.get(page)).text).toContain('This reminder is over');
    await desk.site.post(page).type('form').send({ act: 'again' }).expect(410);
  });

  test('a supporter stays known whatever becomes of a reminder', async () => {
    const page = await desk.askAndConfirm({ email: anna, when: 'month' });
    await desk.post.pay(await desk.post.reader(anna), new Date('2020-01-01T00:00:00Z'));
    await desk.site.post(page).type('form').send({ act: 'stop' }).expect(303);
    await sweepReminders(desk.post.services);
    expect(await known()).toBe(1);
  });

  test('no table but the readers’ holds the address, and no name or network is kept', async () => {
    await desk.askAndConfirm({ email: anna, when: 'month' });
    const { database } = desk.post.services;
    const { rows: tables } = await database.execute<{ name: string }>(
      sql`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    for (const { name } of tables) {
      const { rows } = await database.execute<{ all: string | null }>(
        sql.raw(`select string_agg(t::text, ' ') as all from "${name}" t`),
      );
      expect(rows[0]?.all ?? '').not.toMatch(/anna|127\.0\.0\.1|::1/i);
    }
  });
});

describe('without confirmation (REMINDER_CONFIRMATION=off)', () => {
  test('the reminder is set at once, and replaces the one before', async () => {
    const open = await openReminderDesk({ REMINDER_CONFIRMATION: 'off' });
    try {
      const page = await open.site
        .post('/remind-me')
        .type('form')
        .send({ email: anna, when: 'month' })
        .expect(202);
      expect(page.text).toContain('on Wednesday 24 March');
      await Promise.all(['week', 'quarter'].map((when) => open.ask({ email: anna, when }).expect(202)));
      expect((await open.rows()).map((row) => row.state).sort()).toEqual(['replaced', 'replaced', 'waiting']);
      expect(await open.lettersTo(anna)).toHaveLength(0);
      open.post.services.set('2027-06-01T12:00:00Z');
      const states = (await open.rows()).map((row) => row.state);
      expect(states).toHaveLength(3);
    } finally {
      await open.post.close();
    }
  });
});
