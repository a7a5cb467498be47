// The sandbox as a whole and its door: one at a time per folder, found by its folder, guarded, the same for forms and JSON.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { createTransport } from 'nodemailer';
import Stripe from 'stripe';
import request from 'supertest';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { findRunningSandbox } from '../../src/sandbox/store.ts';

const start = new Date('2027-01-31T09:00:00Z');

describe('a sandbox', () => {
  test('is found by its folder while it runs, with what a command needs', async () => {
    const folder = newFolder();
    expect(findRunningSandbox(folder)).toBeUndefined();
    const sandbox = await started(folder);
    expect(findRunningSandbox(folder)).toEqual({
      pid: process.pid,
      baseUrl: 'http://localhost:3000',
      databaseUrl: null,
      appKeys: sandbox.appKeys,
      stripe: null,
      smtpUrl: sandbox.smtpUrl,
    });
    await sandbox.close();
    expect(findRunningSandbox(folder)).toBeUndefined();
  });

  test('lets no second one into its folder, and says who is there', async () => {
    const folder = newFolder();
    await started(folder);
    await expect(started(folder)).rejects.toThrow(/already running in .*localhost:3000/);
    expect(findRunningSandbox(folder)?.pid).toBe(process.pid);
  });

  test('keeps its secrets from start to start, and from other users', async () => {
    const folder = newFolder();
    const first = await started(folder);
    await first.close();
    const second = await started(folder);
    expect(second.appKeys).toEqual(first.appKeys);
    expect(first.appKeys[0]?.length).toBeGreaterThanOrEqual(32);
    for (const name of ['secrets.json', 'running.json', 'stand-ins.sqlite']) {
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    }
  });

  test('names the setting when a port is taken, and lets go of its folder', async () => {
    const folder = newFolder();
    const stranger = createServer();
    await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
    onTestFinished(() => {
      stranger.close();
    });
    const smtpPort = portOf(stranger);
    await expect(started(folder, { smtpPort })).rejects.toThrow('SANDBOX_SMTP_PORT');
    await started(folder);
  });

  test('names every taken port at once, with what moves them all', async () => {
    const strangers = await Promise.all(
      [1, 2, 3].map(async () => {
        const stranger = createServer();
        await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
        onTestFinished(() => {
          stranger.close();
        });
        return portOf(stranger);
      }),
    );
    const [port = 0, stripePort = 0, smtpPort = 0] = strangers;
    await expect(
      started(newFolder(), { stripe: true, port, portIsNeeded: true, stripePort, smtpPort }),
    ).rejects.toThrow(
      `Ports ${port}, ${stripePort}, and ${smtpPort} are taken by another program. Simplest: PORT=${port + 10} npm start`,
    );
  });
});

describe('a sandbox with a Stripe of its own', () => {
  test('has a checkout paid, declined or lapsed on request', async () => {
    const { door, sandbox } = await opened({ stripe: true });
    const declined = await beginCheckout(sandbox);
    const card = { email: 'anna@example.org', name: 'Anna', country: 'LV' };
    const refused = await pay(door, declined, { card: '4000000000000002', ...card });
    expect(refused.body).toMatchObject({ outcome: 'declined', decline_code: 'generic_decline' });
    expect((await pay(door, declined, { card: '4242424242424242', ...card })).body).toEqual({
      outcome: 'paid',
    });

    const left = await beginCheckout(sandbox);
    const lapsed = await door.post(`/sandbox/checkouts/${left}/expire`);
    expect([lapsed.status, lapsed.body]).toEqual([200, { outcome: 'expired' }]);
    expect(sandbox.stripe?.listCheckouts(10).map((each) => each.status)).toEqual(['expired', 'complete']);

    const page = await door.get('/sandbox');
    for (const part of [declined, left, 'anna@example.org', 'checkout.session.completed']) {
      expect(page.text).toContain(part);
    }
  });

  test('takes the answer to the bank’s question, whichever it is', async () => {
    const { door, sandbox } = await opened({ stripe: true });
    const checkout = await beginCheckout(sandbox);
    const asks = { card: '4000002760003184', email: 'anna@example.org' };
    expect((await pay(door, checkout, asks)).body).toEqual({ outcome: 'requires_action' });
    expect((await pay(door, checkout, { authentication: 'fail' })).body).toMatchObject({
      outcome: 'declined',
    });
    expect((await pay(door, checkout, asks)).body).toEqual({ outcome: 'requires_action' });
    expect((await pay(door, checkout, { authentication: 'complete' })).body).toEqual({ outcome: 'paid' });
    const unsure = await pay(door, checkout, { authentication: 'perhaps' });
    expect([unsure.status, unsure.body.errors[0].field]).toEqual([400, 'authentication']);
  });

  test('can answer a call slowly and otherwise well', async () => {
    const { door, sandbox } = await opened({ stripe: true });
    const calls = { path: '/v1/checkout/sessions', status: 200, times: 1, delay_ms: 300 };
    expect((await door.post('/sandbox/faults').send({ calls })).body).toEqual({ calls });
    const asked = performance.now();
    expect(await beginCheckout(sandbox)).toMatch(/^cs_test_/);
    expect(performance.now() - asked).toBeGreaterThan(290);
  });

  test('tells the service of what it asked for and of nothing else', async () => {
    const types = ['checkout.session.completed', 'charge.succeeded'];
    const { door, sandbox } = await opened({ stripe: true, webhookTypes: async () => types });
    const checkout = await beginCheckout(sandbox);
    await pay(door, checkout, { card: '4242424242424242', email: 'anna@example.org' });
    const told = sandbox.stripe?.listWebhooks(50).map((each) => each.type);
    expect(told?.sort()).toEqual(['charge.succeeded', 'checkout.session.completed']);
  });

  test('refuses a checkout that is not there, a country that is none, and a body with more in it', async () => {
    const { door, sandbox } = await opened({ stripe: true });
    const card = '4242424242424242';
    expect((await pay(door, 'cs_test_none', { card, email: 'a@example.org' })).status).toBe(404);
    const checkout = await beginCheckout(sandbox);
    for (const [body, field] of [
      [{ email: 'a@example.org' }, 'card'],
      [{ card, country: 'Latvia' }, 'country'],
      [{ card, tip: 5 }, 'tip'],
    ] as const) {
      const answer = await pay(door, checkout, body);
      expect([answer.status, answer.body.errors[0].field]).toEqual([400, field]);
    }
  });

  test('renews a monthly gift twelve times when the clock goes on a year, each webhook delivered in its turn', async () => {
    const received: Stripe.Event[] = [];
    const receiver = createServer((req, res) => {
      let body = '';
      req.on('data', (part) => {
        body += part;
      });
      req.on('end', () => {
        received.push(JSON.parse(body));
        res.end();
      });
    });
    await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
    onTestFinished(() => {
      receiver.close();
    });
    const { door, sandbox } = await opened({ stripe: true, port: portOf(receiver) });
    const checkout = await beginCheckout(sandbox, 'month');
    await pay(door, checkout, { card: '4242424242424242', email: 'anna@example.org' });
    const moved = await door.post('/sandbox/clock').send({ advance: 'P1Y2D' });
    expect(moved.body).toEqual({ now: '2028-02-02T09:00:00.000Z' });

    const paid = received.filter((event) => event.type === 'invoice.paid');
    expect(paid.map((event) => new Date(event.created * 1000).toISOString().slice(0, 10))).toEqual([
      ...['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31', '2027-06-30', '2027-07-31'],
      ...['2027-08-31', '2027-09-30', '2027-10-31', '2027-11-30', '2027-12-31', '2028-01-31'],
    ]);
  });

  test('keeps what is set to go wrong over a restart', async () => {
    const folder = newFolder();
    const first = await started(folder, { stripe: true });
    const faults = { webhooks: { drop: 1 }, smtp: { reply: '451 4.7.1 later', times: 2 } };
    first.setFaults(faults);
    await first.close();
    const second = await started(folder, { stripe: true });
    expect(second.faults()).toEqual(faults);
    second.setFaults({});
    expect(second.faults()).toEqual({});
  });
});

describe('the sandbox’s door', () => {
  test('moves the clock by JSON and by form', async () => {
    const { door, sandbox } = await opened();
    const answer = await door.post('/sandbox/clock').send({ advance: 'P1M' });
    expect([answer.status, answer.body]).toEqual([200, { now: '2027-02-28T09:00:00.000Z' }]);

    const form = await door.post('/sandbox/clock').type('form').send({ advance: 'P1D' });
    expect([form.status, form.headers.location]).toEqual([303, '/sandbox?said=moved#clock']);
    expect(sandbox.now()).toEqual(new Date('2027-03-01T09:00:00Z'));

    await door.post('/sandbox/clock').type('form').send({ to_local: '2027-07-01T12:00' });
    expect(sandbox.now()).toEqual(new Date('2027-07-01T09:00:00Z'));
  });

  test.each([
    [{ advance: 'soon' }, 'advance'],
    [{ advance: '-P1D' }, 'advance'],
    [{ to: '2027-01-01T00:00:00Z' }, 'to'],
    [{ to: 'tomorrow' }, 'to'],
    [{ advance: 'P1D', to: '2027-03-01T00:00:00Z' }, 'advance'],
    [{}, 'advance'],
    [{ advance: 5 }, 'advance'],
    [{ advance: 'P1D', forwards: true }, 'forwards'],
  ])('refuses %j as a problem of the field %s', async (body, field) => {
    const { door, sandbox } = await opened();
    const answer = await door.post('/sandbox/clock').send(body);
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status: 400, errors: [{ field }] });
    expect(sandbox.now()).toEqual(start);
  });

  test('refuses a body that is no JSON', async () => {
    const { door } = await opened();
    const answer = await door.post('/sandbox/clock').type('json').send('{"advance"');
    expect([answer.status, answer.headers['content-type']]).toEqual([
      400,
      expect.stringContaining('application/problem+json'),
    ]);
  });

  test('lists letters newest first, of everyone or of one address', async () => {
    const { door, sandbox } = await opened();
    await send(sandbox, 'anna@example.org', 'First');
    await send(sandbox, 'boris@example.org', 'Second');
    const all = await door.get('/sandbox/letters');
    expect(all.body.map((letter: { subject: string }) => letter.subject)).toEqual(['Second', 'First']);
    const hers = await door.get('/sandbox/letters').query({ to: 'Anna@example.org' });
    expect(hers.body).toEqual([
      {
        at: start.toISOString(),
        from: 'letters@example.org',
        to: 'anna@example.org',
        subject: 'First',
        text: expect.stringContaining('Dear reader'),
        html: expect.stringContaining('<a href="https://example.org/">'),
        headers: expect.objectContaining({ subject: 'First' }),
      },
    ]);
  });

  test('shows a letter where nothing of ours can be reached from it', async () => {
    const { door, sandbox } = await opened();
    await send(sandbox, 'anna@example.org', '<b>Bold</b>');
    const page = await door.get('/sandbox/mailbox/1');
    expect(page.text).toContain('&lt;b>Bold&lt;/b>');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const framed = await door.get('/sandbox/mailbox/1/html');
    expect(framed.text).toContain('<base target="_blank">');
    expect(framed.headers['content-security-policy']).toMatch(
      /frame-ancestors 'self'; sandbox allow-popups /,
    );
    expect(framed.headers['content-security-policy']).not.toContain('allow-scripts');
    expect((await door.get('/sandbox/mailbox/77')).status).toBe(404);
    expect((await door.get('/sandbox/mailbox/1e1')).status).toBe(404);
  });

  test('shows the newest eight checkouts and all of them when asked, and the payment of a paid one only', async () => {
    const { door, sandbox } = await opened({ stripe: true });
    const paid = await beginCheckout(sandbox);
    await pay(door, paid, { card: '4242424242424242', email: 'anna@example.org' });
    const declined = await beginCheckout(sandbox);
    await pay(door, declined, { card: '4000000000000002', email: 'boris@example.org' });
    const offers = async (path: string) =>
      (await door.get(path)).text.split('to refund or dispute it').length - 1;
    expect(await offers('/sandbox')).toBe(1);
    for (let more = 0; more < 8; more += 1) await beginCheckout(sandbox);
    const newest = await door.get('/sandbox');
    expect(newest.text.match(/<code class="aside">cs_test_/g)).toHaveLength(8);
    expect(newest.text).not.toContain(paid);
    expect(newest.text).toContain('/sandbox?all=checkouts#checkouts');
    const all = await door.get('/sandbox?all=checkouts');
    expect(all.text.match(/<code class="aside">cs_test_/g)).toHaveLength(10);
    expect(all.text).toContain(paid);
  });

  test('sets the mail server’s faults, by JSON and by form, and clears them', async () => {
    const { door, sandbox } = await opened();
    const smtp = { reply: '451 4.7.1 later', times: 2 };
    expect((await door.post('/sandbox/faults').send({ smtp })).body).toEqual({ smtp });
    await expect(send(sandbox, 'anna@example.org', 'Late')).rejects.toMatchObject({ responseCode: 451 });
    expect(sandbox.mailbox?.fault()).toEqual({ reply: '451 4.7.1 later', times: 1 });

    const form = { 'smtp.reply': '550 5.1.1 no such person', 'smtp.times': '3', 'smtp.at': '' };
    expect((await door.post('/sandbox/faults').type('form').send(form)).status).toBe(303);
    expect(sandbox.mailbox?.fault()).toEqual({ reply: '550 5.1.1 no such person', times: 3 });

    expect((await door.post('/sandbox/faults').send({})).body).toEqual({});
    expect(sandbox.mailbox?.fault()).toBeUndefined();
  });

  test.each([
    [{ smtp: { reply: 'later' } }, 'smtp.reply'],
    [{ smtp: { reply: '451 a\r\n250 b' } }, 'smtp.reply'],
    [{ webhooks: { drop: 2 } }, 'webhooks.drop'],
    [{ calls: { status: 500 } }, 'calls.path'],
    [{ calls: { path: '/v1', status: 201 } }, 'calls.status'],
    [{ weather: {} }, 'weather'],
  ])('refuses the faults %j, naming %s', async (body, field) => {
    const { door } = await opened();
    const answer = await door.post('/sandbox/faults').send(body);
    expect([answer.status, answer.body.errors[0].field]).toEqual([400, field]);
  });

  test('does not answer under another name, nor a change that another site asks for', async () => {
    const { door, sandbox } = await opened();
    expect((await door.get('/sandbox/letters').set('Host', 'evil.example')).status).toBe(403);
    expect((await door.get('/sandbox/letters').set('Host', '127.0.0.1.evil.example')).status).toBe(403);
    expect((await door.get('/sandbox/letters').set('Host', 'give.example.org')).status).toBe(200);
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
    ]) {
      const answer = await door.post('/sandbox/clock').set(headers).type('form').send({ advance: 'P1D' });
      expect(answer.status, JSON.stringify(headers)).toBe(403);
    }
    expect(sandbox.now()).toEqual(start);
    const own = await door
      .post('/sandbox/clock')
      .set('Sec-Fetch-Site', 'same-origin')
      .send({ advance: 'P1D' });
    expect(own.status).toBe(200);
  });

  test('says so where a part is real and not stood in for', async () => {
    const { door } = await opened();
    const answer = await door.post('/sandbox/checkouts/cs_test_1/pay').send({ card: '4242424242424242' });
    expect([answer.status, answer.body.detail]).toEqual([
      409,
      expect.stringContaining('no stand-in for Stripe'),
    ]);
  });

  test('has one page with everything, whose only script says that the clock is moving', async () => {
    const { door, sandbox } = await opened();
    await send(sandbox, 'anna@example.org', 'Thank you');
    const page = await door.get('/sandbox');
    expect(page.status).toBe(200);
    for (const part of ['/sandbox/mailbox/1', '/staff', 'value="P1Y"', 'smtp.reply', '31 January 2027']) {
      expect(page.text).toContain(part);
    }
    expect(page.text.match(/<script[^>]*>/g)).toEqual(['<script src="/sandbox/moving.js" defer>']);
    expect(page.text).toContain('takes a while');
    const script = await door.get('/sandbox/moving.js');
    expect([script.status, script.headers['content-type']]).toEqual([
      200,
      expect.stringContaining('javascript'),
    ]);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect((await door.get('/sandbox/sandbox.css')).headers['content-type']).toContain('text/css');
  });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'favor-sandbox-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Changes {
  stripe?: boolean;
  port?: number;
  portIsNeeded?: boolean;
  stripePort?: number;
  smtpPort?: number;
  webhookTypes?: () => Promise<readonly string[]>;
}

async function started(folder: string, changes: Changes = {}): Promise<Sandbox> {
  const { stripe = false, ...others } = changes;
  const sandbox = await startSandbox({
    folder,
    port: 3000,
    stripePort: 0,
    smtpPort: 0,
    standIns: { database: false, stripe, mail: true },
    timeZone: 'Europe/Riga',
    log: () => {},
    machineNow: () => start,
    ...others,
  });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

async function opened(changes: Changes = {}) {
  const sandbox = await started(newFolder(), changes);
  const app = express();
  app.use(
    '/sandbox',
    await sandbox.routes({ baseUrl: 'http://give.example.org', publication: 'The Small Gazette' }),
  );
  return { sandbox, door: request(app) };
}

async function beginCheckout(sandbox: Sandbox, interval?: 'month'): Promise<string> {
  const { hostname, port } = new URL(sandbox.stripeUrl ?? '');
  const stripe = new Stripe(sandbox.stripeKey ?? '', {
    host: hostname,
    port,
    protocol: 'http',
    telemetry: false,
  });
  const session = await stripe.checkout.sessions.create({
    mode: interval ? 'subscription' : 'payment',
    success_url: 'https://give.example.org/thanks',
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: 'usd',
          unit_amount: 500,
          product_data: { name: 'A gift' },
          ...(interval && { recurring: { interval } }),
        },
      },
    ],
  });
  return session.id;
}

function pay(door: ReturnType<typeof request>, checkout: string, body: object) {
  return door.post(`/sandbox/checkouts/${checkout}/pay`).send(body);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function send(sandbox: Sandbox, to: string, subject: string): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: sandbox.mailbox?.port ?? 0, ignoreTLS: true });
  await transport.sendMail({
    from: 'letters@example.org',
    to,
    subject,
    text: 'Dear reader,\n\nthank you.',
    html: '<p>Dear reader, <a href="https://example.org/">thank you</a>.</p>',
  });
  transport.close();
}
