// Signing in: a letter with a link and a code, of which two things of three let a reader in: the link, the code, and the browser that asked.
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { and, eq, exists, gt, isNull, lt, ne, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type {} from 'zod-openapi';
import { messageDomain, queueLetter } from '../letters/outbox.ts';
import { addressLives } from '../letters/suppression.ts';
import { type Tx, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { signInCode } from '../outside/tokens.ts';
import { memberships, payments, readerSignIns, readers } from '../schema.ts';
import { type Address, parseAddress } from '../values/address.ts';
import { locales } from '../values/locale.ts';
import { type Fault, fault, inField, isFault, Refusal } from '../values/refusal.ts';
import { asking, line } from '../web/input.ts';
import { spend } from '../web/limits.ts';
import { beginSession } from '../web/session.ts';

const locale = z.enum(locales).optional().meta({ description: 'The language of the answer.', example: 'en' });

/** The body of `POST /api/v1/account/sign-ins`. */
export const signInRequest = z
  .strictObject({
    email: line(300)
      .transform(asking(parseAddress))
      .meta({ description: 'The address the reader gives with.', example: 'reader@example.org' }),
    locale,
  })
  .meta({
    id: 'SignInRequest',
    description: "Asks for a letter that lets a reader in. It is in the reader's own language.",
  });

/** Its answer: the same for every address. */
export const signInAnswer = z
  .object({ message: z.string().meta({ description: 'What to tell the reader.' }) })
  .meta({ id: 'SignIn' });

/** The body of `POST /api/v1/account/sessions`. */
export const sessionRequest = z
  .strictObject({
    token: line(200).optional().meta({ description: 'The last part of the link in the letter.' }),
    code: line(40).optional().meta({ description: 'The code in the letter.', example: '123456' }),
    locale,
  })
  .meta({
    id: 'SessionRequest',
    description:
      'Signs in, once, with two of three: the link, the code, and the cookie that came with the asking.',
  });

/** Its answer. */
export const sessionAnswer = z
  .object({ signed_in: z.boolean() })
  .meta({ id: 'Session', description: 'The session itself is a cookie.' });

/** The body of `POST /api/v1/account/sign-outs`. */
export const signOutRequest = z
  .strictObject({
    everywhere: z.boolean().default(false).meta({ description: 'On every device.', example: false }),
    locale,
  })
  .meta({ id: 'SignOutRequest', description: 'Ends a session of a reader at once.' });

/** As long as the link in a letter opens its reader's gift. */
const sessionHours = 30 * 24;
const goodForMinutes = 10;
const mostWrongCodes = 5;
const mostPerAddress = 10;
/** Codes tried by anybody within an hour: with five for each letter, no crowd of machines finds one among a million. */
const mostCodesAnHour = 3000;
const floorMs = 200;

/**
 * Notes the asking, and queues the letter where this address has given; answers the asking's id. Says nothing of it to
 * anyone: there is a row either way, and the answer takes the same time.
 */
export async function askToSignIn(services: Services, address: Address): Promise<string> {
  // Whether a row more was written takes a commit's time to do; the answer leaves when neither shows.
  const floor = setTimeout(floorMs);
  const now = services.now();
  const allowed = await spend(services, 'sign-in-address', address.lookUp, mostPerAddress, 86_400);
  const addressHash = services.keys.addressHash(address.lookUp);
  // By chance alone: an id that told its time would tell which letter was asked for when.
  const id = randomUUID();
  await transact(services, async (tx) => {
    const found = await giverByAddress(tx, addressHash);
    const giver = allowed ? found : undefined;
    await tx.insert(readerSignIns).values({ id, readerId: giver?.id ?? null, createdAt: now });
    if (giver === undefined) return;
    await queueLetter(tx, now, messageDomain(services.config), {
      kind: 'sign-in',
      key: id,
      to: { readerId: giver.id },
      locale: giver.locale,
      facts: { signInId: id },
    });
  });
  services.nudge('letters');
  await floor;
  return id;
}

/** What a browser shows: two of these make one sign-in. */
export interface Shown {
  /** Of the letter's link. */
  linked: string | null;
  /** The newest asking of this very browser. */
  asked: string | null;
  /** As typed. */
  code: string | undefined;
}

/** Whether the link is this browser's own asking, so that no code is needed. */
export function isOwnAsking({ linked, asked }: Pick<Shown, 'linked' | 'asked'>): boolean {
  return linked !== null && linked === asked;
}

/** Whether an asking can still be used; says nothing of whether a letter was written for it. */
export async function isOpen(services: Pick<Services, 'database' | 'now'>, id: string): Promise<boolean> {
  const [row] = await services.database
    .select({ id: readerSignIns.id })
    .from(readerSignIns)
    .where(and(eq(readerSignIns.id, id), open(services.now())));
  return row !== undefined;
}

/**
 * Begins the reader's session and answers its id; an asking makes one, however often it is used at once. Throws a Refusal:
 * 'code-missing', 'code-wrong', 'too-many-tries', or 'sign-in-over', as after the fifth wrong code.
 */
export async function signIn(
  services: Services,
  shown: Shown,
  endingSessionId: string | null,
): Promise<string> {
  const id = shown.linked ?? shown.asked;
  if (id === null) throw new Refusal(fault('sign-in-over'));
  const now = services.now();
  const code = isOwnAsking(shown) ? null : await codeTyped(services, shown.code);
  const outcome = await transact(services, async (tx) => {
    const wrong = code !== null && (await wrongCode(services, tx, id, code));
    if (wrong) return wrong;
    const readerId = await use(tx, now, id);
    if (readerId === null) return fault('sign-in-over');
    await addressLives(tx, now, readerId);
    const session = { hours: sessionHours, endingId: endingSessionId };
    return beginSession(tx, services.machineNow(), { readerId }, session);
  });
  if (isFault(outcome)) throw new Refusal(outcome);
  return outcome;
}

/** Forgets askings that are over: nobody asks what became of them. */
export async function sweepSignIns({ database, now }: Pick<Services, 'database' | 'now'>): Promise<void> {
  const dayAgo = new Date(now().getTime() - 86_400_000);
  await database.delete(readerSignIns).where(lt(readerSignIns.createdAt, dayAgo));
}

/** Whoever has ever given: an address that is here for a reminder alone has no pages to come to. */
async function giverByAddress(
  tx: Tx,
  addressHash: Buffer,
): Promise<{ id: string; locale: string } | undefined> {
  const paid = tx.select({ id: payments.id }).from(payments).where(eq(payments.readerId, readers.id));
  const promised = tx
    .select({ id: memberships.id })
    .from(memberships)
    .where(and(eq(memberships.readerId, readers.id), ne(memberships.standing, 'incomplete')));
  const [giver] = await tx
    .select({ id: readers.id, locale: readers.locale })
    .from(readers)
    .where(
      and(eq(readers.addressHash, addressHash), isNull(readers.erasedAt), or(exists(paid), exists(promised))),
    );
  return giver;
}

/** The digits of what was typed, in whatever groups. Throws a Refusal where there are none, or when too many are tried by all. */
async function codeTyped(services: Services, typed: string | undefined): Promise<string> {
  const digits = (typed ?? '').normalize('NFKC').replace(/\D/g, '');
  if (digits === '') throw new Refusal(inField('code', fault('code-missing')));
  if (!(await spend(services, 'sign-in-code', 'all', mostCodesAnHour, 3600))) {
    throw new Refusal(fault('too-many-tries', { minutes: 60 }));
  }
  return digits;
}

/** What is wrong with a code; null for the right one. The try is counted before it is looked at: many at once are still five. */
async function wrongCode(
  { keys, now }: Pick<Services, 'keys' | 'now'>,
  tx: Tx,
  id: string,
  code: string,
): Promise<Fault | null> {
  const [counted] = await tx
    .update(readerSignIns)
    .set({ wrongCodes: sql`${readerSignIns.wrongCodes} + 1` })
    .where(and(eq(readerSignIns.id, id), open(now()), lt(readerSignIns.wrongCodes, mostWrongCodes)))
    .returning({ wrongCodes: readerSignIns.wrongCodes });
  if (!counted) return fault('sign-in-over');
  const [given, right] = [Buffer.from(code), Buffer.from(signInCode(keys, id))];
  if (given.length === right.length && timingSafeEqual(given, right)) return null;
  return counted.wrongCodes < mostWrongCodes ? inField('code', fault('code-wrong')) : fault('sign-in-over');
}

/** Neither used nor too old. */
function open(now: Date) {
  return and(
    isNull(readerSignIns.usedAt),
    gt(readerSignIns.createdAt, new Date(now.getTime() - goodForMinutes * 60_000)),
  );
}

/** Whose asking it is, the first time; null after that, when it is over, and for a reader who was forgotten since. */
async function use(tx: Tx, now: Date, id: string): Promise<string | null> {
  const [used] = await tx
    .update(readerSignIns)
    .set({ usedAt: now })
    .where(and(eq(readerSignIns.id, id), open(now)))
    .returning({ readerId: readerSignIns.readerId });
  if (!used || used.readerId === null) return null;
  const [reader] = await tx
    .select({ id: readers.id })
    .from(readers)
    .where(and(eq(readers.id, used.readerId), isNull(readers.erasedAt)));
  return reader?.id ?? null;
}
