// What the bench has around it: a durable Postgres, a Stripe that answers about fees, a mail server that counts.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { SMTPServer } from 'smtp-server';
import { type Config, completeConfig, readSettings } from '../../src/outside/config.ts';
import { migrateDatabase } from '../../src/outside/database.ts';
import { startPostgres } from '../../src/sandbox/postgres.ts';

export interface World {
  postgresVersion: string;
  stripeUrl: string;
  sink: Sink;
  /** A migrated, empty database of its own. */
  freshDatabase(): Promise<{ url: string; pool: pg.Pool }>;
  /** The environment of a service here, as an operator would write it. */
  environment(databaseUrl: string, port: number): Record<string, string>;
  configOf(environment: Record<string, string>): Config;
  close(): Promise<void>;
}

export interface Sink {
  port: number;
  /** When each letter since `forget` was accepted, in milliseconds of this process. */
  acceptedAt: number[];
  /** Their Message-IDs, in the same order. */
  messageIds: string[];
  /** The last letter accepted, as it came. */
  last(): string;
  forget(): void;
}

export const webhookSecret = `whsec_${randomBytes(24).toString('hex')}`;

export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'favor-bench-'));
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), log: console.error });
  const appKeys = randomBytes(32).toString('base64');
  const stripe = await openFees();
  const { sink, server } = await openSink();
  const pools: pg.Pool[] = [];
  const one = new pg.Client(postgres.url);
  await one.connect();
  const { rows } = await one.query<{ server_version: string }>('show server_version');
  let databases = 0;
  return {
    postgresVersion: rows[0]?.server_version ?? '',
    stripeUrl: urlOf(stripe),
    sink,
    async freshDatabase() {
      databases += 1;
      const name = `bench_${databases}`;
      await one.query(`create database ${name}`);
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      await migrateDatabase(url.href);
      const pool = new pg.Pool({ connectionString: url.href, max: 16 });
      pools.push(pool);
      return { url: url.href, pool };
    },
    environment: (databaseUrl, port) => ({
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      APP_KEYS: appKeys,
      STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef',
      STRIPE_WEBHOOK_SECRETS: webhookSecret,
      STRIPE_API_URL: urlOf(stripe),
      SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
    }),
    configOf(environment) {
      const read = readSettings(environment);
      if ('faults' in read) throw new Error(read.faults.map((fault) => fault.name).join(', '));
      return completeConfig(read.settings);
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.end()));
      await one.end();
      await postgres.close();
      stripe.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Answers what settlement asks after a payment or a refund, at once and always alike. */
async function openFees(): Promise<Server> {
  const server = createServer((req, res) => {
    const [, , kind, id = ''] = (req.url ?? '').split(/[/?]/);
    res.setHeader('content-type', 'application/json');
    const transaction = { amount: 2500, fee: 103, net: 2397, currency: 'usd', exchange_rate: null };
    if (kind === 'refunds') return res.end(JSON.stringify({ id, balance_transaction: transaction }));
    if (kind === 'payment_intents') {
      const charge = {
        id: `ch_${createHash('sha256').update(id).digest('hex').slice(0, 24)}`,
        balance_transaction: transaction,
        payment_method_details: { type: 'card', card: { country: 'US' } },
        billing_details: { address: null },
      };
      return res.end(JSON.stringify({ id, latest_charge: charge }));
    }
    res.statusCode = 404;
    res.end(JSON.stringify({ error: { type: 'invalid_request_error', code: 'resource_missing' } }));
  });
  // The client closes what has been idle for long; never the other way round in the middle of a request.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openSink(): Promise<{ sink: Sink; server: SMTPServer }> {
  let last = '';
  const acceptedAt: number[] = [];
  const messageIds: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onData(stream, _session, answer) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        last = Buffer.concat(parts).toString('utf8');
        acceptedAt.push(performance.now());
        messageIds.push(/^Message-ID: *(\S+)/im.exec(last)?.[1] ?? '');
        answer();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.server.address() as AddressInfo;
  const sink: Sink = {
    port,
    acceptedAt,
    messageIds,
    last: () => last,
    forget() {
      acceptedAt.length = 0;
      messageIds.length = 0;
    },
  };
  return { sink, server };
}
