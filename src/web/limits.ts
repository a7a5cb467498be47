// How often: counters in Postgres, shared by every instance, keyed on what the client cannot choose.
import { lt, sql } from 'drizzle-orm';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Services } from '../outside/services.ts';
import { limits } from '../schema.ts';
import { fault, Refusal } from '../values/refusal.ts';

type Counting = Pick<Services, 'database' | 'keys' | 'machineNow'>;

/**
 * At most so many requests of one network (an IPv4 address, an IPv6 /64) in a window; more are refused with 429.
 * `name` tells one counter from another.
 */
export function limitNetwork(
  services: Counting & Pick<Services, 'config'>,
  name: string,
  most: number,
  windowSeconds: number,
): RequestHandler {
  return rateLimit({
    limit: most,
    windowMs: windowSeconds * 1000,
    legacyHeaders: false,
    standardHeaders: false,
    // Its checks are made for setups that this one is not: the network is worked out here, from the trusted hops.
    validate: false,
    keyGenerator: (req) => networkOf(req, services.config.trustedProxyHops),
    store: {
      localKeys: false,
      prefix: name,
      increment: async (network) => {
        const { hits, resetsAt } = await count(services, name, network, windowSeconds);
        return { totalHits: hits, resetTime: resetsAt };
      },
      decrement: () => {},
      resetKey: () => {},
    },
    handler: (req, res, next) => {
      const resetsAt = (req as Request & { rateLimit?: { resetTime?: Date } }).rateLimit?.resetTime;
      next(
        tooMany(services, res, resetsAt ?? new Date(services.machineNow().getTime() + windowSeconds * 1000)),
      );
    },
  });
}

/**
 * Counts one use by the request's network, for acts of which only those count that are really done: call it when what was asked
 * is known to be acceptable. Throws a Refusal (429) when it was one too many.
 */
export async function spendNetwork(
  services: Counting & Pick<Services, 'config'>,
  { req, res }: { req: Request; res: Response },
  name: string,
  most: number,
  windowSeconds: number,
): Promise<void> {
  const network = networkOf(req, services.config.trustedProxyHops);
  const { hits, resetsAt } = await count(services, name, network, windowSeconds);
  if (hits > most) throw tooMany(services, res, resetsAt);
}

function tooMany({ machineNow }: Pick<Services, 'machineNow'>, res: Response, resetsAt: Date): Refusal {
  const seconds = Math.max(1, Math.ceil((resetsAt.getTime() - machineNow().getTime()) / 1000));
  res.set('Retry-After', String(seconds));
  return new Refusal(fault('too-many-tries', { minutes: Math.ceil(seconds / 60) }));
}

/**
 * Counts one use of `key` (an address's look-up form, an id) and answers whether it is still allowed. Says nothing to anyone:
 * the caller answers a reader the same either way.
 */
export async function spend(
  services: Counting,
  name: string,
  key: string,
  most: number,
  windowSeconds: number,
): Promise<boolean> {
  const { hits } = await count(services, name, key, windowSeconds);
  return hits <= most;
}

/** Forgets counters that have run out. */
export async function sweepLimits(services: Counting): Promise<void> {
  await services.database.delete(limits).where(lt(limits.resetsAt, services.machineNow()));
}

/** The network a request came from, as the n-th trusted hop from the right saw it. */
export function networkOf(req: Request, trustedHops: number): string {
  const forwarded = (req.get('x-forwarded-for') ?? '').split(',').map((part) => part.trim());
  const socket = req.socket.remoteAddress ?? '';
  // Each trusted proxy adds whom it heard at the right end; what stands further left is the client's own telling.
  const seen = trustedHops > 0 ? forwarded.at(-trustedHops) || socket : socket;
  const address = seen.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/^\[(.*)\]$/, '$1');
  return /^[0-9a-f:.]{2,45}$/i.test(address) ? ipKeyGenerator(address, 64) : socket;
}

async function count(
  { database, keys, machineNow }: Counting,
  name: string,
  key: string,
  windowSeconds: number,
): Promise<{ hits: number; resetsAt: Date }> {
  const now = machineNow();
  const resetsAt = new Date(now.getTime() + windowSeconds * 1000);
  const over = sql`${limits.resetsAt} <= ${now.toISOString()}`;
  const [row] = await database
    .insert(limits)
    .values({
      key: `${name}:${keys.sign('limit', `${name}:${key}`).mac.toString('base64url')}`,
      hits: 1,
      resetsAt,
    })
    .onConflictDoUpdate({
      target: limits.key,
      set: {
        hits: sql`case when ${over} then 1 else ${limits.hits} + 1 end`,
        resetsAt: sql`case when ${over} then ${resetsAt.toISOString()}::timestamptz else ${limits.resetsAt} end`,
      },
    })
    .returning({ hits: limits.hits, resetsAt: limits.resetsAt });
  if (!row) throw new Error('A counter was not kept');
  return row;
}
