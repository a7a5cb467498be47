// The regular gift of a reader who is known here: by a session, or by their own reminder's link. They are shown it before they begin a second.
import { eq } from 'drizzle-orm';
import type { Request, Response } from 'express';
import { giverById, type RegularGift } from '../ledger/giver.ts';
import { runs } from '../ledger/standing.ts';
import type { Services } from '../outside/services.ts';
import { readLinkToken } from '../outside/tokens.ts';
import { reminders } from '../schema.ts';
import { personal } from '../web/protection.ts';
import { signedInReader } from '../web/session.ts';

export interface Running {
  gift: RegularGift;
  /** Whether its pages are open to this browser; else its reader signs in first. */
  signedIn: boolean;
}

/** The newest one that runs; null for whoever is not known, or gives nothing regularly. */
export async function runningGift(
  services: Services,
  req: Request,
  res: Response,
  reminderToken: string | null,
): Promise<Running | null> {
  const session = await signedInReader(services, req, res);
  const readerId = session?.readerId ?? (await readerByReminder(services, reminderToken));
  if (readerId === null) return null;
  personal(res);
  const giver = await giverById(services.database, readerId);
  const gift = giver?.gifts.find(({ standing }) => runs(standing));
  return gift === undefined ? null : { gift, signedIn: session !== null };
}

/** The reminder whose own link led here; null for a link that is broken or too old: it takes nothing from the gift. */
export function reminderByToken(
  { keys, now }: Pick<Services, 'keys' | 'now'>,
  token: string | null,
): string | null {
  if (token === null) return null;
  for (const purpose of ['reminder-give', 'reminder'] as const) {
    const read = readLinkToken(keys, purpose, token, now());
    if ('id' in read) return read.id;
  }
  return null;
}

async function readerByReminder(services: Services, token: string | null): Promise<string | null> {
  const reminderId = reminderByToken(services, token);
  if (reminderId === null) return null;
  const [reminder] = await services.database
    .select({ readerId: reminders.readerId })
    .from(reminders)
    .where(eq(reminders.id, reminderId));
  return reminder?.readerId ?? null;
}
