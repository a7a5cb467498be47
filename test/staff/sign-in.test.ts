// How staff come in: by a link once, by address and password after that, and out again at once.
import express, { type Express } from 'express';
import supertest from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formToken, requireStaff, sessionBound, signedInFrom } from '../../src/staff/guard.ts';
import { inviteStaff, removeStaff, staffList } from '../../src/staff/invite.ts';
import type { Role } from '../../src/staff/roles.ts';
import { type StaffDoor, staffRoutes } from '../../src/staff/routes.ts';
import { sayErrors } from '../../src/web/errors.tsx';
import { formBody } from '../../src/web/input.ts';
import { protection } from '../../src/web/protection.ts';
import { sweepSessions } from '../../src/web/session.ts';
import { type FreshDatabase, freshDatabase } from '../harness/fresh-database.ts';
import { type TestServices, testServices } from '../harness/services.ts';

const password = 'a quiet river under the old bridge';
const address = 'editor@example.org';

describe('staff', () => {
  let fresh: FreshDatabase;
  let services: TestServices;
  let app: Express;

  beforeEach(async () => {
    fresh = await freshDatabase();
    await open({});
  });

  afterEach(async () => {
    await services.close();
    await fresh.drop();
  });

  async function open(env: Record<string, string>, door: StaffDoor = {}): Promise<void> {
    services = await testServices({ databaseUrl: fresh.url, now: '2026-05-05T09:00:00Z', env });
    app = express();
    app.use(protection(services.config));
    app.use(staffRoutes(services, door));
    app.get('/staff', requireStaff(services, 'viewer'), (_req, res) => {
      res.send(signedInFrom(res).role);
    });
    app.get('/staff/ledger', requireStaff(services, 'finance'), (_req, res) => {
      res.send('the ledger');
    });
    app.get('/api/v1/reports/income', requireStaff(services, 'viewer'), (_req, res) => {
      res.json({});
    });
    app.post(
      '/staff/act',
      formBody(),
      requireStaff(services, 'viewer'),
      sessionBound(services),
      (_req, res) => {
        res.send('done');
      },
    );
    app.use(sayErrors(services));
  }

  /** A browser of somebody who has used their invitation. */
  async function welcomed(role: Role = 'viewer', as = address) {
    const path = new URL(await inviteStaff(services, as, role)).pathname;
    const browser = supertest.agent(app);
    await browser.post(path).type('form').send({ password }).expect(303).expect('location', '/staff');
    return browser;
  }

  function signIn(browser: ReturnType<typeof supertest.agent>, given: Record<string, string>) {
    return browser.post('/staff/sign-in').type('form').send(given);
  }

  async function sessionIdOf(): Promise<string> {
    const { rows } = await fresh.pool.query('select id from sessions where ended_at is null');
    return rows[0].id;
  }

  describe('an invitation', () => {
    it('shows a form and changes nothing by being looked at', async () => {
      const path = new URL(await inviteStaff(services, address, 'admin')).pathname;
      for (let look = 0; look < 3; look += 1) {
        const page = await supertest(app).get(path).expect(200);
        expect(page.text).toContain('Set your password');
        expect(page.headers['cache-control']).toBe('no-store');
      }
      expect(await staffList(services)).toMatchObject([{ address, role: 'admin', hasPassword: false }]);
    });

    it('makes one session, though twenty use it at once', async () => {
      const path = new URL(await inviteStaff(services, address, 'viewer')).pathname;
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => supertest(app).post(path).type('form').send({ password })),
      );
      const statuses = answers.map((answer) => answer.status);
      expect(statuses.filter((status) => status === 303)).toHaveLength(1);
      expect(statuses.filter((status) => status === 410)).toHaveLength(19);
      const { rows } = await fresh.pool.query('select 1 from sessions');
      expect(rows).toHaveLength(1);
    });

    it('is over when a newer one was made, when three days have passed, and when it was never whole', async () => {
      const first = new URL(await inviteStaff(services, address, 'viewer')).pathname;
      const second = new URL(await inviteStaff(services, address, 'viewer')).pathname;
      await supertest(app).get(first).expect(410);
      await supertest(app).get(second).expect(200);
      await supertest(app)
        .get(`${second.slice(0, -1)}_`)
        .expect(410);
      await supertest(app).get('/staff/welcome/nothing').expect(410);
      services.pass(3 * 24 * 3600);
      await supertest(app).post(second).type('form').send({ password }).expect(410);
    });

    it('asks for fifteen characters and says so', async () => {
      const path = new URL(await inviteStaff(services, address, 'viewer')).pathname;
      const page = await supertest(app)
        .post(path)
        .type('form')
        .send({ password: 'fourteen chars' })
        .expect(422);
      expect(page.text).toContain('at least 15 characters');
      await supertest(app).post(path).type('form').send({ password: 'fifteen charact' }).expect(303);
    });

    it('ends the sessions that there were', async () => {
      const browser = await welcomed();
      await welcomed();
      await browser.get('/staff').expect(303);
    });
  });

  describe('signing in', () => {
    it('opens the desk, goes where one wanted to go, and nowhere outside it', async () => {
      await welcomed('admin');
      const browser = supertest.agent(app);
      await browser
        .get('/staff/ledger')
        .expect(303)
        .expect('location', '/staff/sign-in?next=%2Fstaff%2Fledger');
      await signIn(browser, { address: 'Editor@Example.ORG', password, next: '/staff/ledger' })
        .expect(303)
        .expect('location', '/staff/ledger');
      await browser.get('/staff/ledger').expect(200);
      for (const next of ['https://example.org/', '/staff\\..\\', '/staffing']) {
        await signIn(supertest.agent(app), { address, password, next }).expect('location', '/staff');
      }
    });

    it('answers the same to an unknown address, a wrong password and one who never set theirs', async () => {
      await welcomed();
      await inviteStaff(services, 'new@example.org', 'viewer');
      const bodies = new Set<string>();
      for (const [as, word] of [
        [address, 'not the password at all'],
        ['nobody@example.org', password],
        ['new@example.org', password],
        ['not an address', password],
      ] as const) {
        const answer = await signIn(supertest.agent(app), { address: as, password: word }).expect(401);
        expect(answer.headers['set-cookie']).toBeUndefined();
        bodies.add(answer.text.replace(`value="${as}"`, ''));
      }
      expect(bodies.size).toBe(1);
    });

    it('takes an accent however it was composed', async () => {
      const path = new URL(await inviteStaff(services, address, 'viewer')).pathname;
      await supertest(app)
        .post(path)
        .type('form')
        .send({ password: 'un caf\u00e9 sur la place' })
        .expect(303);
      await signIn(supertest.agent(app), { address, password: 'un cafe\u0301 sur la place' }).expect(303);
    });

    it('is refused to a network that has tried twenty times, and open again after a quarter of an hour', async () => {
      await welcomed();
      // The same counter guards invitations, whose tries cost nothing here; the one used above was the first.
      for (let tries = 2; tries <= 20; tries += 1) {
        await supertest(app).post('/staff/welcome/none').type('form').send({ password }).expect(410);
      }
      await signIn(supertest.agent(app), { address, password }).expect(429);
      services.pass(15 * 60 + 1);
      await signIn(supertest.agent(app), { address, password }).expect(303);
    });

    it('is refused for an account that was tried too often, whether there is one or not', async () => {
      await services.close();
      await open({ TRUSTED_PROXY_HOPS: '1' }, { triesPerAccount: 2 });
      await welcomed();
      for (const as of [address, 'nobody@example.org']) {
        for (let tries = 0; tries < 2; tries += 1) {
          await signIn(supertest.agent(app), { address: as, password: 'a guess among guesses' })
            .set('X-Forwarded-For', `192.0.2.${tries}`)
            .expect(401);
        }
        const answer = await signIn(supertest.agent(app), { address: as, password })
          .set('X-Forwarded-For', '198.51.100.1')
          .expect(429);
        expect(answer.text).toContain('try again in 60 minutes');
      }
    });

    it('takes no form from another site', async () => {
      await welcomed();
      await signIn(supertest.agent(app), { address, password })
        .set('Sec-Fetch-Site', 'cross-site')
        .expect(403);
      await signIn(supertest.agent(app), { address, password })
        .set('Origin', 'https://example.org')
        .expect(403);
    });
  });

  describe('a session', () => {
    it('has an HttpOnly cookie for this host alone where the address is https', async () => {
      await services.close();
      await open({ BASE_URL: 'https://support.example.org' });
      const path = new URL(await inviteStaff(services, address, 'viewer')).pathname;
      const answer = await supertest(app).post(path).type('form').send({ password }).expect(303);
      const cookie = String(answer.headers['set-cookie']);
      expect(cookie).toMatch(/^__Host-staff=/);
      for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) expect(cookie).toContain(part);
      expect(cookie).not.toContain('Domain');
    });

    it('ends at once by signing out, also for a copy of its cookie', async () => {
      const browser = await welcomed();
      const copy =
        String((await signIn(supertest.agent(app), { address, password })).headers['set-cookie']).split(
          ';',
        )[0] ?? '';
      await supertest(app).get('/staff').set('Cookie', copy).expect(200);
      const { rows } = await fresh.pool.query('select id from sessions order by created_at, id');
      for (const { id } of rows) {
        await supertest(app)
          .post('/staff/sign-out')
          .set('Cookie', copy)
          .type('form')
          .send({ form_token: formToken(services.keys, id) });
      }
      await supertest(app).get('/staff').set('Cookie', copy).expect(303);
      await browser.get('/staff').expect(200);
    });

    it('is given a new name after a quarter of an hour and lives for twelve hours', async () => {
      const browser = await welcomed();
      const early = await browser.get('/staff').expect(200);
      expect(early.headers['set-cookie']).toBeUndefined();
      services.pass(16 * 60);
      const later = await browser.get('/staff').expect(200);
      expect(String(later.headers['set-cookie'])).toMatch(/^staff=[^;]/);
      services.pass(12 * 3600);
      await browser.get('/staff').expect(303);
      services.pass(25 * 3600);
      await sweepSessions(services);
      expect((await fresh.pool.query('select 1 from sessions')).rows).toHaveLength(0);
    });

    it('ends, and the browser’s former one with it, when somebody signs in anew', async () => {
      const browser = await welcomed();
      const before = await sessionIdOf();
      await signIn(browser, { address, password }).expect(303);
      const after = await sessionIdOf();
      expect(after).not.toBe(before);
      const { rows } = await fresh.pool.query('select id from sessions where ended_at is null');
      expect(rows).toHaveLength(1);
    });

    it('ends when its person is taken off the staff', async () => {
      const browser = await welcomed();
      expect(await removeStaff(services, address)).toBe(true);
      await browser.get('/staff').expect(303);
      await signIn(browser, { address, password }).expect(401);
      expect(await removeStaff(services, address)).toBe(false);
      expect(await staffList(services)).toEqual([]);
    });

    it('is not opened by a cookie that others made', async () => {
      await welcomed();
      for (const forged of ['', 'x', 'eyJhbGciOiJub25lIn0.eyJzaWQiOiJ4In0.', `${'a'.repeat(5000)}`]) {
        await supertest(app).get('/staff').set('Cookie', `staff=${forged}`).expect(303);
      }
    });

    it('has forms that no other session can post', async () => {
      const browser = await welcomed();
      const id = await sessionIdOf();
      const post = (form_token: string) => browser.post('/staff/act').type('form').send({ form_token });
      await post(formToken(services.keys, id)).expect(200);
      await post(formToken(services.keys, 'another')).expect(403);
      await post('').expect(403);
      await browser.post('/staff/act').type('form').send({}).expect(403);
    });
  });

  describe('a role', () => {
    it('includes the ones before it and no more', async () => {
      const viewer = await welcomed('viewer');
      await viewer.get('/staff').expect(200, 'viewer');
      await viewer.get('/staff/ledger').expect(403);
      const finance = await welcomed('finance', 'finance@example.org');
      await finance.get('/staff/ledger').expect(200);
    });

    it('is told to the API by 401 and 403, never by a way to a page', async () => {
      const answer = await supertest(app).get('/api/v1/reports/income').expect(401);
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.body).toMatchObject({ status: 401 });
    });
  });

  it('keeps no password and no address readable', async () => {
    await welcomed();
    const { rows } = await fresh.pool.query('select * from staff');
    const kept = JSON.stringify(
      rows.map((row) => ({ ...row, sealed: row.address_sealed.toString('latin1') })),
    );
    expect(kept).not.toContain(password);
    expect(kept).not.toContain('editor');
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
  });
});
