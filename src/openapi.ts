// The API described for programs: put together from the very schemas that parse the requests.
import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { createDocument } from 'zod-openapi';
import { linkAnswer, linkRequest } from './account/link.ts';
import { portalAnswer, portalRequest } from './account/portal-request.ts';
import { checkoutAnswer, giftRequest } from './donate/gift.ts';
import type { Config } from './outside/config.ts';
import { reminderAnswer, reminderRequest } from './reminders/reminder.ts';
import { lazily } from './web/assets.ts';

/** `GET /api/openapi.json`. */
export function openapiRoutes(config: Pick<Config, 'baseUrl' | 'publication'>): Router {
  const routes = Router();
  const text = lazily(() => JSON.stringify(openapiDocument(config)));
  routes.get('/api/openapi.json', (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').type('json').send(text());
  });
  return routes;
}

/** OpenAPI 3.1 of everything that is meant for programs. */
export function openapiDocument({ baseUrl, publication }: Pick<Config, 'baseUrl' | 'publication'>) {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: `Small Favor for ${publication.name}`,
      version: '1',
      description:
        'Reader donations and memberships. Money is in integer minor units with an upper-case ISO 4217 code; instants are ISO 8601 in UTC, days are YYYY-MM-DD.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: baseUrl }],
    paths: { ...readerPaths, ...staffPaths, ...machinePaths },
    components: {
      securitySchemes: {
        staffSession: {
          type: 'apiKey',
          in: 'cookie',
          name: baseUrl.startsWith('https:') ? '__Host-staff' : 'staff',
          description: 'The cookie of someone signed in at `/staff/sign-in`.',
        },
        metricsToken: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN.' },
      },
    },
  });
}

/** RFC 9457; what every refusal looks like. */
const problem = z
  .object({
    type: z
      .string()
      .meta({
        description: 'A stable name of what is wrong.',
        example: 'tag:small-favor,2026:amount-too-small',
      }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What is wrong and what to do, in the reader's language." }),
    errors: z
      .array(z.object({ field: z.string().optional(), code: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'Each bad field.' }),
  })
  .meta({ id: 'Problem' });

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const answers = (description: string, schema: z.ZodType) => ({ description, ...json(schema) });
const refuses = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

const idempotencyKey = z.string().min(1).max(255).optional().meta({
  description:
    'Kept for 24 h: the same body is answered the same, another body is refused (422), and so is a repeat while the first is at work (409).',
  example: '6b1f6d0e-6c1a-4b1e-9a53-0c1f2f1d7a11',
});

/** A creating request: what every one of them may be refused for, beside its own. */
function creating(
  operation: Pick<ZodOpenApiOperationObject, 'operationId' | 'summary' | 'description' | 'requestParams'> & {
    body: z.ZodType;
    responses: ZodOpenApiOperationObject['responses'];
  },
): ZodOpenApiOperationObject {
  const { body, responses, requestParams, ...said } = operation;
  return {
    ...said,
    requestParams: { ...requestParams, header: z.object({ 'Idempotency-Key': idempotencyKey }) },
    requestBody: { required: true, ...json(body) },
    responses: {
      ...responses,
      400: refuses('The body is not JSON.'),
      409: refuses('The first request with this Idempotency-Key is still at work.'),
      413: refuses('The body is larger than 16 kB.'),
      415: refuses('The body is not sent as application/json.'),
      422: refuses('A field is missing or not accepted; `errors` names each.'),
      429: refuses('Too many requests from this network; `Retry-After` says how long to wait.'),
    },
  };
}

const readerPaths: ZodOpenApiPathsObject = {
  '/api/v1/checkouts': {
    post: creating({
      operationId: 'beginCheckout',
      summary: 'Begins a gift',
      description: 'Lead the reader on to `url`; afterwards Stripe leads them to `/thanks?checkout=ID`.',
      body: giftRequest,
      responses: {
        201: answers('The checkout has begun.', checkoutAnswer),
        503: refuses('Stripe cannot be asked. Nothing was charged.'),
      },
    }),
  },
  '/api/v1/reminders': {
    post: creating({
      operationId: 'askForReminder',
      summary: 'Asks for one letter on a later day',
      body: reminderRequest,
      responses: { 202: answers('The same for every address.', reminderAnswer) },
    }),
  },
  '/api/v1/account/links': {
    post: creating({
      operationId: 'mailAccountLink',
      summary: 'Mails a reader the link to their regular gift',
      body: linkRequest,
      responses: { 202: answers('The same for every address.', linkAnswer) },
    }),
  },
  '/api/v1/account/portals': {
    post: creating({
      operationId: 'openPortal',
      summary: "Opens Stripe's page for the gift of a letter's link",
      body: portalRequest,
      responses: {
        201: answers('The page is open.', portalAnswer),
        404: refuses('The link is not whole or not ours, or there is no gift to look after.'),
        410: refuses('The link has expired.'),
        503: refuses('Stripe cannot be asked. Nothing was changed.'),
      },
    }),
  },
};

const staffPaths: ZodOpenApiPathsObject = {};

const ok = z.object({ ok: z.boolean() });

const machinePaths: ZodOpenApiPathsObject = {
  '/webhooks/stripe': {
    post: {
      operationId: 'receiveStripeEvent',
      summary: "Stripe's events",
      description: 'Signed by Stripe over the body as sent. 200 means that the event is kept.',
      requestParams: { header: z.object({ 'Stripe-Signature': z.string() }) },
      requestBody: { required: true, ...json(z.looseObject({ id: z.string(), type: z.string() })) },
      responses: {
        200: answers('Kept, or known already.', z.object({ received: z.literal(true) })),
        400: refuses('The signature or the body is wrong.'),
        413: refuses('The body is larger than 512 kB.'),
      },
    },
  },
  '/health/live': {
    get: {
      operationId: 'isAlive',
      summary: 'Is the process alive?',
      responses: { 200: answers('It is.', ok) },
    },
  },
  '/health/ready': {
    get: {
      operationId: 'isReady',
      summary: 'Can it do its work, and how far behind is it?',
      responses: {
        200: answers('It can.', readiness()),
        503: answers('It cannot, or is far behind.', readiness()),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'readMetrics',
      summary: "Figures in Prometheus' text format",
      security: [{ metricsToken: [] }],
      responses: {
        200: { description: 'The figures.', content: { 'text/plain': { schema: z.string() } } },
        401: { description: 'The token is missing or wrong.' },
        404: refuses('No METRICS_TOKEN is configured.'),
      },
    },
  },
  '/api/openapi.json': {
    get: {
      operationId: 'readDescription',
      summary: 'This description',
      responses: { 200: answers('OpenAPI 3.1.', z.looseObject({ openapi: z.string() })) },
    },
  },
};

function readiness() {
  return ok.extend({
    checks: z.record(z.string(), z.looseObject({ ok: z.boolean() })).optional(),
  });
}
