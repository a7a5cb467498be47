// Load: sends every event once over so many kept connections, and measures each answer.
import { Agent, request } from 'node:http';
import type { SignedEvent } from './history.ts';

export interface Measured {
  perSecond: number;
  p99Ms: number;
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
export function postAll(url: string, events: readonly SignedEvent[], connections: number): Promise<Measured> {
  return withConnections(connections, (agent) =>
    measure(events, connections, (event) => postOne(agent, url, event)),
  );
}

/** Works with so many kept connections at most, and closes them. */
export async function withConnections<T>(
  connections: number,
  work: (agent: Agent) => Promise<T>,
): Promise<T> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    return await work(agent);
  } finally {
    agent.destroy();
  }
}

export function postOne(agent: Agent, url: string, { body, signature }: SignedEvent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': body.length,
          'stripe-signature': signature,
        },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => {
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`A webhook was answered with ${answer.statusCode}`));
        });
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}
