// The whole service across the wire, for journeys: a real Postgres, a Stripe and a mail server that answer over the network, a clock to move.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { type House, openHouse } from '../../src/house.ts';
import { type Config, completeConfig, readSettings } from '../../src/outside/config.ts';
import type { Services } from '../../src/outside/services.ts';
import { articleRoutes } from '../../src/sandbox/article.tsx';
import type { Letter } from '../../src/sandbox/mailbox.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

export interface TestService {
  url: string;
  stripeUrl: string;
  services: Services;
  sandbox: Sandbox;
  pool: pg.Pool;
  config: Config;
  /** Begins a checkout through the API and answers its ids. */
  beginCheckout(gift: GiftWish): Promise<{ id: string; sessionId: string; url: string }>;
  /** Begins a checkout and pays it, and waits until all it causes has happened. */
  give(
    gift: GiftWish & { card?: string; email: string; name?: string },
  ): Promise<{ id: string; sessionId: string }>;
  /** Moves time on; answers when everything due by then has happened. */
  advance(duration: string): Promise<void>;
  /** Waits until nothing is under way: webhooks delivered and applied, letters sent. */
  settled(): Promise<void>;
  letters(to?: string): Promise<Letter[]>;
  rows<Row extends Record<string, unknown>>(query: string, values?: unknown[]): Promise<Row[]>;
  /** Opens one more instance of the service on the same database. */
  secondInstance(): Promise<House>;
  close(): Promise<void>;
}

export interface GiftWish {
  frequency: 'once' | 'month' | 'year';
  amountMinor: number;
  currency?: string;
  campaign?: string;
  article?: string;
  locale?: string;
  reminder?: string;
}

/** Starts it all at a moment that the test names; the machine's clock only counts on from there. */
export async function startService(startsAt: string, env: Record<string, string> = {}): Promise<TestService> {
  const database = await freshDatabase();
  const begunAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'favor-'));
  const [port, stripePort, smtpPort] = await freePorts(3);
  const baseUrl = `http://localhost:${port}`;
  const sandbox = await startSandbox({
    folder,
    port,
    baseUrl,
    stripePort,
    smtpPort,
    standIns: { database: false, stripe: true, mail: true },
    timeZone: env.PUBLICATION_TIME_ZONE ?? 'UTC',
    log: () => {},
    // Time begins where the test says, whatever the machine's clock shows.
    machineNow: () => new Date(Date.parse(startsAt) + performance.now() - begunAt),
  });
  const configAt = (onPort: number) =>
    configured(sandbox, database, { ...env, PORT: String(onPort), BASE_URL: baseUrl });
  const config = configAt(port);
  const clocks = { now: sandbox.now, machineNow: sandbox.machineNow };
  const sandboxDoor = await sandbox.routes({
    baseUrl,
    publication: config.publication.name,
    letterhead: config,
  });
  const house = await openHouse(config, clocks, {
    host: '127.0.0.1',
    neighbours: async () => [
      { path: '/', routes: articleRoutes({ baseUrl }) },
      { path: '/sandbox', routes: sandboxDoor },
    ],
  });
  const houses = [house];
  sandbox.clock.register({
    name: 'The service',
    nextDueAt: () => house.rounds.nextDueAt(),
    runDue: () => house.rounds.runDue(),
    settled: () => house.rounds.settled(),
  });

  const service: TestService = {
    url: baseUrl,
    stripeUrl: config.stripe.apiUrl ?? '',
    services: house.services,
    sandbox,
    pool: database.pool,
    config,
    async beginCheckout(gift) {
      const response = await fetch(`${baseUrl}/api/v1/checkouts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          frequency: gift.frequency,
          amount_minor: gift.amountMinor,
          currency: gift.currency ?? 'USD',
          ...(gift.locale && { locale: gift.locale }),
          ...(gift.reminder && { reminder: gift.reminder }),
          source: {
            ...(gift.campaign && { campaign: gift.campaign }),
            ...(gift.article && { article: gift.article }),
          },
        }),
      });
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
      const { id, url } = (await response.json()) as { id: string; url: string };
      const sessionId = /cs_test_[A-Za-z0-9]+/.exec(url)?.[0] ?? '';
      return { id, url, sessionId };
    },
    async give({ card = '4242424242424242', email, name = 'A Reader', ...gift }) {
      const begun = await service.beginCheckout(gift);
      await sandbox.stripe?.pay(begun.sessionId, { card, email, name, country: 'US' });
      await service.settled();
      return begun;
    },
    async advance(duration) {
      const { unfinished } = await sandbox.clock.advance(duration);
      if (unfinished.length > 0) throw new Error(unfinished.join('; '));
      await service.settled();
    },
    async settled() {
      // One thing causes the next: a webhook an event, an event a letter; three passes see the longest chain through.
      for (let pass = 0; pass < 3; pass += 1) {
        await sandbox.stripe?.settled();
        await house.rounds.runDue();
        await house.rounds.settled();
      }
    },
    async letters(to) {
      return (await sandbox.mailbox?.letters(to === undefined ? {} : { to })) ?? [];
    },
    async rows<Row extends Record<string, unknown>>(query: string, values: unknown[] = []) {
      return (await database.pool.query<Row>(query, values)).rows;
    },
    async secondInstance() {
      const [otherPort] = await freePorts(1);
      const other = await openHouse(configAt(otherPort), clocks, { host: '127.0.0.1' });
      houses.push(other);
      return other;
    },
    async close() {
      for (const one of houses.splice(0).reverse()) await one.close();
      await sandbox.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return service;
}

function configured(sandbox: Sandbox, database: FreshDatabase, env: Record<string, string>): Config {
  const read = readSettings({ LOG_LEVEL: 'silent', ...env });
  if ('faults' in read)
    throw new Error(read.faults.map(({ name, problem }) => `${name} ${problem}`).join('; '));
  const { appKeys, stripeUrl, stripeKey, webhookSecret, smtpUrl } = sandbox;
  if (!stripeUrl || !stripeKey || !webhookSecret || !smtpUrl) throw new Error('The sandbox lacks a stand-in');
  return completeConfig(read.settings, {
    databaseUrl: database.url,
    appKeys,
    stripe: { secretKey: stripeKey, webhookSecrets: [webhookSecret], apiUrl: stripeUrl },
    smtpUrl,
  });
}

/** Ports that were free a moment ago, all held open together so that they differ. */
async function freePorts(count: number): Promise<number[] & [number, number, number]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as number[] & [number, number, number];
}

/** Asks to be reminded through the API, as a page would; answers the day that was promised. */
export async function askForReminder(
  service: TestService,
  wish: { email: string; when?: string; time_zone?: string; locale?: string },
): Promise<string> {
  const response = await fetch(`${service.url}/api/v1/reminders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ when: 'month', source: {}, ...wish }),
  });
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  const { send_on: sendOn } = (await response.json()) as { send_on: string };
  await service.settled();
  return sendOn;
}

/** The first link in a letter whose address matches. */
export function linkIn(letter: Letter | undefined, pattern: RegExp): string {
  const links = letter?.text.match(/https?:\/\/\S+/g) ?? [];
  const link = links.find((each) => pattern.test(each));
  if (link === undefined) throw new Error(`No link like ${pattern} among ${links.join(' ')}`);
  return link;
}

/** Presses the button of a page that acts on a form. */
export function press(url: string, fields: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
}

/** Asks, and confirms by the button of the page that the letter leads to. */
export async function askAndConfirm(
  service: TestService,
  wish: Parameters<typeof askForReminder>[1],
): Promise<string> {
  const sendOn = await askForReminder(service, wish);
  const [letter] = await service.letters(wish.email);
  const answer = await press(linkIn(letter, /\/reminders\/[^/]+$/), { act: 'confirm' });
  if (answer.status !== 303) throw new Error(`Confirming answered ${answer.status}`);
  return sendOn;
}
