// What staff send to have Stripe's events applied once more, and what they are answered.
import { z } from 'zod';
import type {} from 'zod-openapi';
import { line } from '../web/input.ts';

const eventId = z
  .string()
  .regex(/^evt_[A-Za-z0-9_]{1,100}$/, { error: 'value-malformed' })
  .meta({ description: "The event's number at Stripe.", example: 'evt_1Sample' });

/** The body of `POST /api/v1/events/replays`. */
export const replayRequest = z
  .strictObject({ events: z.array(eventId).min(1).max(100) })
  .meta({ id: 'ReplayRequest', description: "Lets Stripe's events wait to be applied once more." });

/** Its answer. */
export const replayAnswer = z
  .object({
    replayed: z.array(z.string()).meta({ description: 'Those that now wait.' }),
    unknown: z.array(z.string()).meta({ description: 'Those that were never noted here.' }),
  })
  .meta({ id: 'Replay' });

/** The page's form: the same numbers in one field, with commas between them. */
export const replayForm = z.object({
  events: line(12_000)
    .transform((text) => text.split(','))
    .pipe(z.array(eventId).min(1).max(100)),
  locale: z.string().max(20).optional(),
});
