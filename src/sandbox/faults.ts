// What the stand-ins can be told to do wrong, as `POST /sandbox/faults` takes it.
import { z } from 'zod';

const times = z.int('a whole number').min(1, '1 or more').max(1_000_000, '1,000,000 at most');

const webhookFaults = z.strictObject({
  /** Each event is delivered so many times. */
  duplicate: z.int('a whole number').min(1, '1 or more').max(20, '20 at most').optional(),
  /** Events of one moment come in another order. */
  reorder: z.boolean('true or false').optional(),
  /** Each delivery comes so much later, in business time. */
  delay_s: z
    .number('a number of seconds')
    .min(0, '0 or more')
    .max(30 * 86_400, '30 days at most')
    .optional(),
  /** This share of the deliveries never arrives. */
  drop: z.number('a share from 0 to 1').min(0, '0 or more').max(1, '1 at most').optional(),
  /** So many of the coming events are sent with contents that make no sense. */
  poison: z.int('a whole number').min(0, '0 or more').max(1000, '1,000 at most').optional(),
});

const callStatuses = 'a status from 400 to 599, 0, or 200 for an answer that is only slow';

const callFaults = z.strictObject({
  /** Calls to paths that begin so. */
  path: z.string('a path such as "/v1/checkout/sessions"').startsWith('/', 'a path, beginning with "/"'),
  /** 0 answers nothing and closes the connection; 200 answers as it should, only slowly. */
  status: z
    .int(callStatuses)
    .refine((status) => status === 0 || status === 200 || (status >= 400 && status <= 599), callStatuses)
    .default(500),
  times: times.default(1),
  /** The call takes effect and only its answer is lost. */
  after_effect: z.boolean('true or false').optional(),
  delay_ms: z.int('a whole number').min(0, '0 or more').max(120_000, '120,000 at most').optional(),
});

const mailFaults = z.strictObject({
  reply: z
    .string('an answer such as "451 4.7.1 later"')
    .regex(/^[45]\d\d \S/, 'an answer such as "451 4.7.1 later"')
    .regex(/^[\x20-\x7e]{1,200}$/, 'one line of plain characters')
    .default('451 4.7.1 later'),
  times: times.default(1),
  at: z.enum(['rcpt', 'data', 'lost'], 'rcpt, data or lost').optional(),
});

/** Everything at once: what is left out works as it should, and `{}` clears all. */
export const faultsSchema = z.strictObject({
  webhooks: webhookFaults.optional(),
  calls: callFaults.optional(),
  smtp: mailFaults.optional(),
});

export type Faults = z.infer<typeof faultsSchema>;
