// Load: sends every event once over so many kept connections, and measures each answer.
import { connect, type Socket } from 'node:net';
import type { SignedEvent } from './history.ts';

export interface Measured {
  perSecond: number;
  p99Ms: number;
}

/** The middle of these figures, or the mean of the two in the middle. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

/** Works through the items with so many at once; throws as soon as one fails. */
export async function measure<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<Measured> {
  const took: number[] = [];
  let next = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) {
        const from = performance.now();
        await work(item);
        took.push(performance.now() - from);
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  took.sort((a, b) => a - b);
  return { perSecond: items.length / seconds, p99Ms: took[Math.ceil(took.length * 0.99) - 1] ?? 0 };
}

/** Posts the events to a webhook endpoint as Stripe does; every answer must be 200. */
export async function postAll(
  url: string,
  events: readonly SignedEvent[],
  connections: number,
): Promise<Measured> {
  const lines = await openConnections(url, connections);
  try {
    return await measure(events, connections, (event) => lines.post(event));
  } finally {
    lines.close();
  }
}

export interface Connections {
  /** Posts one event over the next free connection; rejects unless it is answered with 200. */
  post(event: SignedEvent): Promise<void>;
  close(): void;
}

/**
 * Opens so many connections that are kept. They speak just enough HTTP: a client that does more would take the processor from
 * what is measured, since both share it.
 */
export async function openConnections(url: string, count: number): Promise<Connections> {
  const target = new URL(url);
  const all = await Promise.all(Array.from({ length: count }, () => openConnection(target)));
  const free = [...all];
  const waiting: ((connection: Connection) => void)[] = [];
  return {
    async post(event) {
      const connection = free.pop() ?? (await new Promise<Connection>((resolve) => waiting.push(resolve)));
      try {
        await connection.post(event);
      } finally {
        const next = waiting.shift();
        if (next) next(connection);
        else free.push(connection);
      }
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}

interface Connection {
  post(event: SignedEvent): Promise<void>;
  close(): void;
}

interface Awaited {
  resolve(): void;
  reject(error: unknown): void;
}

async function openConnection({ hostname, port, pathname }: URL): Promise<Connection> {
  const socket = await connected(hostname, Number(port));
  let awaited: Awaited | null = null;
  let said = '';
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json; charset=utf-8\r\n`;

  function fail(error: unknown): void {
    awaited?.reject(error);
    awaited = null;
  }

  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    const status = statusOf(said);
    if (status === null) return;
    said = '';
    if (status !== 200) return fail(new Error(`A webhook was answered with ${status}`));
    awaited?.resolve();
    awaited = null;
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('A connection was closed before its answer')));

  return {
    post({ body, signature }) {
      return new Promise((resolve, reject) => {
        awaited = { resolve, reject };
        socket.cork();
        socket.write(`${head}content-length: ${body.length}\r\nstripe-signature: ${signature}\r\n\r\n`);
        socket.write(body);
        socket.uncork();
      });
    },
    close: () => socket.destroy(),
  };
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The status of an answer that has come whole; null while some of it is on its way. */
function statusOf(said: string): number | null {
  const bodyAt = said.indexOf('\r\n\r\n') + 4;
  if (bodyAt < 4) return null;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(said)?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error('An answer did not say how long it is');
  return said.length < bodyAt + length ? null : Number(said.slice(9, 12));
}
