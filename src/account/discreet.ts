// The reader's choice to be written to discreetly: letters that name nobody in sender, subject and preview.
import { z } from 'zod';
import type {} from 'zod-openapi';
import { writeDiscreetly } from '../ledger/reader.ts';
import { transact } from '../outside/database.ts';
import type { Services } from '../outside/services.ts';
import { locales } from '../values/locale.ts';
import { linkPart } from './link-part.ts';

/** The body of `POST /api/v1/account/letters`. */
export const lettersRequest = z
  .strictObject({
    token: linkPart,
    discreet: z.boolean({ error: 'choice-unknown' }).meta({
      description: 'Whether letters name nobody in sender, subject and preview from now on.',
      example: true,
    }),
    locale: z.enum(locales).optional().meta({ description: 'The language of refusals.', example: 'en' }),
  })
  .meta({ id: 'LettersRequest', description: 'Chooses how letters to a reader look from the outside.' });

/** Its answer. */
export const lettersAnswer = z.object({ discreet: z.boolean() }).meta({ id: 'Letters' });

/** Holds from the next letter on, those that wait included. */
export async function chooseDiscreet(
  services: Pick<Services, 'database'>,
  readerId: string,
  discreet: boolean,
): Promise<void> {
  await transact(services, (tx) => writeDiscreetly(tx, readerId, discreet));
}
