// Mailing a reader the link to their gift anew: the same answer for every address, whether anyone gives with it or not.

import { setTimeout } from 'node:timers/promises';
import { and, desc, eq, isNull, ne } from 'drizzle-orm';
import { z } from 'zod';
import type {} from 'zod-openapi';
import { messageDomain, queueLetter } from '../letters/outbox.ts';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { memberships, readers } from '../schema.ts';
import { type Address, parseAddress } from '../values/address.ts';
import { locales } from '../values/locale.ts';
import { asking, line } from '../web/input.ts';
import { spend } from '../web/limits.ts';

/** The body of `POST /api/v1/account/links`. */
export const linkRequest = z
  .strictObject({
    email: line(300)
      .transform(asking(parseAddress))
      .meta({ description: 'The address the reader gives with.', example: 'reader@example.org' }),
    locale: z.enum(locales).optional().meta({
      description: 'The language of this answer. The letter is in the language the reader gave in.',
      example: 'en',
    }),
  })
  .meta({ id: 'LinkRequest', description: 'Asks for a fresh link to look after a regular gift.' });

/** Its answer: the same for every address. */
export const linkAnswer = z
  .object({ message: z.string().meta({ description: 'What to tell the reader.' }) })
  .meta({ id: 'LinkAnswer' });

/**
 * Queues the letter with the link where a regular gift was ever begun with this address, and says nothing of it to anyone.
 * Takes the same time either way.
 */
export async function mailLink(services: Services, address: Address): Promise<void> {
  // Whether a row more was written takes a commit's time to do; the answer leaves when neither shows.
  const floor = setTimeout(floorMs);
  const now = services.now();
  const allowed = await spend(services, 'manage-link', address.lookUp, mostPerAddress, 86_400);
  const addressHash = services.keys.addressHash(address.lookUp);
  await transact(services, async (tx) => {
    const [giver] = await tx
      .select({ readerId: readers.id, locale: readers.locale, membershipId: memberships.id })
      .from(readers)
      .innerJoin(memberships, eq(memberships.readerId, readers.id))
      .where(
        and(
          eq(readers.addressHash, addressHash),
          isNull(readers.erasedAt),
          ne(memberships.standing, 'incomplete'),
        ),
      )
      .orderBy(desc(memberships.startedAt))
      .limit(1);
    if (!giver || !allowed) return;
    const { readerId, locale, membershipId } = giver;
    await queueLetter(tx, now, messageDomain(services.config), {
      kind: 'manage-link',
      // One in ten minutes, which is as long as its class may take to go out.
      key: `${readerId}:${Math.floor(now.getTime() / 600_000)}`,
      to: { readerId },
      locale,
      facts: { membershipId },
    });
  });
  services.nudge('letters');
  await floor;
}

const mostPerAddress = 6;
const floorMs = 200;
