// What staff send to choose whether the figures come by letter, and what they are answered.
import { z } from 'zod';
import type {} from 'zod-openapi';
import { locales } from '../values/locale.ts';

const every = z.enum(['week', 'month', 'none'], { error: 'choice-unknown' }).meta({
  description: 'A letter each Monday, on the first of each month, or none.',
  example: 'week',
});

/** The body of `POST /api/v1/report-letters`. */
export const reportLettersRequest = z
  .strictObject({
    every,
    locale: z.enum(locales).optional().meta({ description: 'The language of the letter.', example: 'en' }),
  })
  .meta({
    id: 'ReportLettersRequest',
    description: 'How often the figures come by letter to who is signed in.',
  });

/** Its answer. */
export const reportLettersAnswer = z
  .object({
    every,
    next_at: z.iso.datetime().nullable().meta({ description: 'When the next letter is written.' }),
  })
  .meta({ id: 'ReportLetters' });

/** The page's form. */
export const reportLettersForm = z.object({ every, locale: z.string().max(20).optional() });
