// What a program sends to open the portal with a letter's link, and what it is answered.

import { z } from 'zod';
import type {} from 'zod-openapi';
import { locales } from '../values/locale.ts';
import { linkPart } from './link-part.ts';

/** The body of `POST /api/v1/account/portals`. */
export const portalRequest = z
  .strictObject({
    token: linkPart,
    gift: z.uuid().optional().meta({
      description: 'Which gift, where a reader has several; without it the newest one that runs.',
    }),
    to: z.enum(['card']).optional().meta({ description: 'Straight to another card, and to nothing else.' }),
    locale: z.enum(locales).optional().meta({ description: "The language of Stripe's page.", example: 'en' }),
  })
  .meta({
    id: 'PortalRequest',
    description: 'Opens the page at Stripe where a regular gift is looked after.',
  });

/** Its answer. */
export const portalAnswer = z
  .object({ url: z.url().meta({ description: "Stripe's page, good for a few minutes." }) })
  .meta({ id: 'Portal' });
