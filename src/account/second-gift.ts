// Two regular gifts of one reader, and the choice which of them go on: what the letter's link leads to.
import { z } from 'zod';
import type {} from 'zod-openapi';
import { giftOf, type RegularGift } from '../ledger/giver.ts';
import { chooseGifts, type Keeps, pairById } from '../ledger/second-gift.ts';
import { runs } from '../ledger/standing.ts';
import { type Reads, transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { isLocale, type Locale, locales } from '../values/locale.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { line } from '../web/input.ts';

export const keepsChoices = ['newer', 'older', 'both'] as const satisfies readonly Keeps[];

/** The body of `POST /api/v1/account/second-gifts`. */
export const secondGiftRequest = z
  .strictObject({
    token: line(200).meta({ description: 'The last part of the link in the letter.' }),
    keeps: z.enum(keepsChoices, { error: 'choice-unknown' }).meta({
      description: 'Which gifts go on: the newer or the older alone, or both.',
      example: 'both',
    }),
    locale: z.enum(locales).optional().meta({ description: 'The language of refusals.', example: 'en' }),
  })
  .meta({ id: 'SecondGiftRequest', description: 'Chooses which of two regular gifts go on.' });

/** Its answer. Stripe is asked right after, and again until it has done it. */
export const secondGiftAnswer = z.object({ keeps: z.enum(keepsChoices) }).meta({ id: 'SecondGift' });

export interface TwoGifts {
  id: string;
  older: RegularGift;
  newer: RegularGift;
  keeps: Keeps;
  /** False once one of them is over: what has ended cannot be taken up again, only begun anew. */
  open: boolean;
  locale: Locale | undefined;
}

export async function twoGifts(reads: Reads, pairId: string): Promise<TwoGifts | null> {
  const pair = await pairById(reads, pairId);
  if (pair === null) return null;
  const older = giftOf(pair.older);
  return {
    id: pairId,
    older,
    newer: giftOf(pair.newer),
    keeps: pair.row.keeps,
    open: pair.row.state !== 'overtaken' && runs(older.standing) && runs(pair.newer.standing),
    locale: isLocale(pair.locale) ? pair.locale : undefined,
  };
}

/** Keeps the choice; Stripe is asked in the background. Throws a Refusal (409) when there is nothing left to choose. */
export async function keepGifts(services: Services, two: TwoGifts, keeps: Keeps): Promise<void> {
  if (!two.open) throw new Refusal(fault('already-done'));
  await transact(services, (tx) => chooseGifts(tx, services.now(), two.id, keeps));
  services.nudge('promises');
}
