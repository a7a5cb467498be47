// The API described for programs: put together from the very schemas that parse the requests.
import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { createDocument } from 'zod-openapi';
import { amountAnswer, amountRequest } from './account/amount.ts';
import { lettersAnswer, lettersRequest } from './account/discreet.ts';
import { overviewAnswer } from './account/overview.ts';
import { portalAnswer, portalRequest } from './account/portal-request.ts';
import { secondGiftAnswer, secondGiftRequest } from './account/second-gift.ts';
import {
  sessionAnswer,
  sessionRequest,
  signInAnswer,
  signInRequest,
  signOutRequest,
} from './account/sign-in.ts';
import { checkoutAnswer, giftRequest } from './donate/gift.ts';
import { standings } from './ledger/standing.ts';
import type { Config } from './outside/config.ts';
import {
  provenRequest,
  reminderAct,
  reminderAnswer,
  reminderRequest,
  unsubscribeAct,
} from './reminders/reminder.ts';
import { reports } from './reports/answer.ts';
import { breakdowns, donorTypes, eventStates, movementChoices } from './reports/question.ts';
import { mailEvents, reminders as rememberedReminders } from './schema.ts';
import { goalAct, goalAnswer, goalRequest } from './staff/goal-request.ts';
import { replayAnswer, replayRequest } from './staff/replay-request.ts';
import { reportLettersAnswer, reportLettersRequest } from './staff/report-letters-request.ts';
import { reminderChoices } from './values/calendar.ts';
import { periodLengths } from './values/period.ts';
import { lazily } from './web/assets.ts';

type Described = Pick<Config, 'baseUrl'> & { publication: Pick<Config['publication'], 'name'> };

/** `GET /api/openapi.json`. */
export function openapiRoutes(config: Described): Router {
  const routes = Router();
  const text = lazily(() => JSON.stringify(openapiDocument(config)));
  routes.get('/api/openapi.json', (_req, res) => {
    res.set('Cache-Control', 'public, max-age=300').type('json').send(text());
  });
  return routes;
}

/** OpenAPI 3.1 of everything that is meant for programs. */
export function openapiDocument({ baseUrl, publication }: Described) {
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
        readerSession: {
          type: 'apiKey',
          in: 'cookie',
          name: baseUrl.startsWith('https:') ? '__Host-reader' : 'reader',
          description: 'The cookie of a reader signed in by `/api/v1/account/sessions`.',
        },
        reportToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of `favor token add`; 600 requests a minute.',
        },
        metricsToken: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN.' },
      },
    },
  });
}

/** RFC 9457; what every refusal looks like. */
const problem = z
  .object({
    type: z.string().meta({
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

const linkPart = z
  .string()
  .meta({ description: 'The part of the link in the letter that names what it is for.' });

const reminderDays = z.object({
  time_zone: z.string(),
  earliest_on: z.iso.date(),
  latest_on: z.iso.date(),
  choices: z.array(
    z.object({
      when: z.enum(reminderChoices),
      send_on: z.iso.date(),
      day: z.string().meta({ description: "The day in the reader's language." }),
      promise: z.string().meta({ description: 'The sentence to show before the form is sent.' }),
    }),
  ),
});

const reminderStanding = z.object({
  state: z.enum(rememberedReminders.state.enumValues),
  send_on: z.iso.date(),
});

const fromElsewhere = { 403: refuses('Another site sent it.') };

const ofLink = {
  404: refuses('The link is not whole or not ours, or there is no gift to look after.'),
  410: refuses('The link has expired.'),
};

const ofOwnGifts = {
  401: refuses('There is no token, and nobody is signed in by this cookie.'),
  ...fromElsewhere,
  ...ofLink,
};

const readerPaths: ZodOpenApiPathsObject = {
  '/api/v1/checkouts': {
    post: creating({
      operationId: 'beginCheckout',
      summary: 'Begins a gift',
      description:
        'Lead the reader on to `url`; afterwards Stripe leads them to `/thanks?checkout=ID`. A browser that asks is given a cookie, by which it can be reminded to give again without an address.',
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
  '/api/v1/reminders/again': {
    post: creating({
      operationId: 'askForReminderAgain',
      summary: 'Asks for one letter, by a reader who is known: nothing is left to confirm',
      description:
        'Known is the browser that has just paid (by its cookie), and whoever holds the link of a letter about a regular gift.',
      body: provenRequest,
      responses: {
        202: answers('It is set.', reminderAnswer),
        410: refuses('That does not show who is asking, or no longer.'),
      },
    }),
  },
  '/remind-me/calendar.ics': {
    get: {
      operationId: 'saveToCalendar',
      summary: "A reminder for the reader's own calendar; no address, and nothing is kept",
      requestParams: {
        query: z.object({
          when: z.string().optional().meta({ description: 'As in a ReminderRequest.', example: 'month' }),
          time_zone: z.string().optional().meta({ example: 'Europe/Riga' }),
          discreet: z.literal('yes').optional().meta({ description: 'Its title then names nobody.' }),
          article: z.string().optional(),
          campaign: z.string().optional(),
          locale: z.string().optional().meta({ example: 'en' }),
        }),
      },
      responses: {
        200: {
          description: 'The file (RFC 5545).',
          content: { 'text/calendar': { schema: z.string() } },
        },
        422: {
          description: 'The day is missing or cannot be chosen: the form, which says what to change.',
          content: { 'text/html': { schema: z.string() } },
        },
      },
    },
  },
  '/remind-me/when': {
    get: {
      operationId: 'previewReminders',
      summary: 'The day that each choice would give today',
      requestParams: {
        query: z.object({
          time_zone: z.string().optional().meta({ example: 'Europe/Riga' }),
          date: z.string().optional().meta({ description: 'A day of choice, told along.' }),
          by: z.enum(['letter', 'calendar']).optional().meta({ description: 'Whose promise is told.' }),
          locale: z.string().optional().meta({ example: 'en' }),
        }),
      },
      responses: {
        200: answers('The days.', reminderDays),
        422: refuses('The query is not in a form we can read, or the day cannot be chosen.'),
      },
    },
  },
  '/api/v1/reminders/{token}': {
    post: {
      operationId: 'actOnReminder',
      summary: "Confirms, changes, repeats or stops the reminder of a letter's link, or takes that back",
      requestParams: { path: z.object({ token: linkPart }) },
      requestBody: { required: true, ...json(reminderAct) },
      responses: {
        200: answers('How the reminder stands now.', reminderStanding),
        400: refuses('The body is not JSON.'),
        404: refuses('The link is not whole or not ours.'),
        409: refuses('The reminder is over, or it was done already.'),
        410: refuses('The link has expired.'),
        413: refuses('The body is larger than 16 kB.'),
        415: refuses('The body is not sent as application/json.'),
        422: refuses('A field is missing or not accepted; `errors` names each.'),
        429: refuses('Too many requests from this network; `Retry-After` says how long to wait.'),
      },
    },
  },
  '/unsubscribe/{token}': {
    post: {
      operationId: 'unsubscribe',
      summary: 'Ends reminders to the address of a letter, with one click',
      description: 'RFC 8058: mail programs call it. It needs no cookie and takes effect at once.',
      requestParams: { path: z.object({ token: linkPart }) },
      requestBody: {
        content: {
          'application/x-www-form-urlencoded': {
            schema: z.object({ 'List-Unsubscribe': z.literal('One-Click').optional() }),
          },
        },
      },
      responses: {
        200: { description: 'Done.', content: { 'text/html': { schema: z.string() } } },
        404: refuses('The link is not whole or not ours.'),
      },
    },
  },
  '/api/v1/unsubscribes/{token}': {
    post: {
      operationId: 'actOnUnsubscribing',
      summary: 'The same for programs, and the way back while the address is still kept',
      requestParams: { path: z.object({ token: linkPart }) },
      requestBody: { required: true, ...json(unsubscribeAct) },
      responses: {
        200: answers('How it stands now.', z.object({ stopped: z.boolean() })),
        400: refuses('The body is not JSON.'),
        404: refuses('The link is not whole or not ours.'),
        410: refuses('The address is forgotten: there is nothing to take back.'),
        413: refuses('The body is larger than 16 kB.'),
        415: refuses('The body is not sent as application/json.'),
        422: refuses('A field is missing or not accepted; `errors` names each.'),
      },
    },
  },
  '/api/v1/account': {
    get: {
      operationId: 'readAccount',
      summary: 'What the reader who is signed in gives and gave',
      security: [{ readerSession: [] }],
      responses: {
        200: answers('The overview.', overviewAnswer),
        401: refuses('Nobody is signed in by this cookie.'),
      },
    },
  },
  '/api/v1/account/sign-ins': {
    post: creating({
      operationId: 'askToSignIn',
      summary: 'Mails a reader a link and a code that let them in',
      description:
        'The answer sets the cookie `asking` for ten minutes: with it the link or the code is enough, without it both are needed.',
      body: signInRequest,
      responses: { 202: answers('The same for every address.', signInAnswer), ...fromElsewhere },
    }),
  },
  '/api/v1/account/sessions': {
    post: {
      operationId: 'signIn',
      summary: 'Signs in with two of three: the link, the code, and the cookie of the asking',
      requestBody: { required: true, ...json(sessionRequest) },
      responses: {
        201: answers('Signed in; the answer sets the cookie.', sessionAnswer),
        400: refuses('The body is not JSON.'),
        404: refuses('The link is not whole or not ours.'),
        410: refuses('Used already, too old, or tried too often.'),
        413: refuses('The body is larger than 16 kB.'),
        415: refuses('The body is not sent as application/json.'),
        422: refuses('The code is missing or wrong; `errors` names each bad field.'),
        429: refuses('Too many tries; `Retry-After` says how long to wait.'),
        ...fromElsewhere,
      },
    },
  },
  '/api/v1/account/sign-outs': {
    post: {
      operationId: 'signOut',
      summary: 'Ends the session at once, or all of the same reader',
      security: [{ readerSession: [] }],
      requestBody: { required: true, ...json(signOutRequest) },
      responses: {
        200: answers('Signed out.', sessionAnswer),
        400: refuses('The body is not JSON.'),
        401: refuses('Nobody is signed in by this cookie.'),
        413: refuses('The body is larger than 16 kB.'),
        415: refuses('The body is not sent as application/json.'),
        422: refuses('A field is not accepted; `errors` names each.'),
        ...fromElsewhere,
      },
    },
  },
  '/api/v1/account/portals': {
    post: creating({
      operationId: 'openPortal',
      summary: "Opens Stripe's page for the gift of a letter's link, or of the reader who is signed in",
      body: portalRequest,
      responses: {
        201: answers('The page is open.', portalAnswer),
        ...ofOwnGifts,
        503: refuses('Stripe cannot be asked. Nothing was changed.'),
      },
    }),
  },
  '/api/v1/account/amounts': {
    post: creating({
      operationId: 'changeAmount',
      summary: "Changes the amount of the gift of a letter's link, from its next payment on",
      body: amountRequest,
      responses: {
        202: answers('Stripe has taken it on; a letter confirms it.', amountAnswer),
        ...ofOwnGifts,
        503: refuses('Stripe cannot be asked. Nothing was changed.'),
      },
    }),
  },
  '/api/v1/account/letters': {
    post: creating({
      operationId: 'chooseLetters',
      summary: "Chooses whether letters to the reader of a letter's link name anybody from the outside",
      body: lettersRequest,
      responses: { 200: answers('It holds from the next letter on.', lettersAnswer), ...ofOwnGifts },
    }),
  },
  '/api/v1/account/second-gifts': {
    post: creating({
      operationId: 'keepGifts',
      summary: 'Chooses which of two regular gifts go on',
      body: secondGiftRequest,
      responses: { 202: answers('The choice is kept, and Stripe is asked.', secondGiftAnswer), ...ofLink },
    }),
  },
};

const reportNames = Object.keys(reports);

const reportQuestion = {
  path: z.object({ name: z.enum(reportNames) }),
  query: z.object({
    from: z.iso.date().optional().meta({ description: 'The first day.', example: '2026-01-01' }),
    to: z.iso.date().optional().meta({ description: 'The day after the last.', example: '2027-01-01' }),
    by: z
      .enum(periodLengths)
      .optional()
      .meta({ description: 'One row for each; month where it is left out.' }),
    currency: z.string().optional().meta({
      description:
        'One currency, or `reporting` for all turned into the reporting currency; without it each by itself.',
      example: 'USD',
    }),
    of: z.enum(breakdowns).optional().meta({ description: 'What `sources` is broken down by.' }),
    state: z.enum(eventStates).optional().meta({ description: 'Only events in this state, in `events`.' }),
    movement: z.enum(movementChoices).optional().meta({
      description:
        'Only `movements` of this kind; `churned` are those who left of the members at the start of the range.',
    }),
    year: z.int().min(1900).max(2199).optional().meta({
      description:
        'Of `lybunt` and `sybunt`: the calendar year in which the fiscal year begins; else the present.',
      example: 2026,
    }),
    type: z.enum(donorTypes).optional().meta({ description: 'Only `supporters` who give so.' }),
    standing: z
      .enum(standings)
      .optional()
      .meta({ description: 'Only `supporters` whose regular gift stands so.' }),
    country: z
      .string()
      .length(2)
      .optional()
      .meta({ description: 'Only `supporters` of this country (ISO 3166).', example: 'LV' }),
    campaign: z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'Only `supporters` who gave through this campaign.' }),
    since: z.iso.date().optional().meta({ description: 'Only `supporters` who gave on this day or later.' }),
    amount: z.string().optional().meta({
      description:
        'Only `supporters` who gave at least this much in all, in major units of the currency asked for.',
      example: '100.00',
    }),
    most: z.int().min(1).max(10_000).optional().meta({
      description:
        'How many rows of a list (`gifts`, `movements`, `events`, `lybunt`, `sybunt`, `supporters`) are answered at once; all where it is left out.',
    }),
    before: z.string().optional().meta({
      description: 'Of a list: only the rows that follow the one named so; `next` carries it.',
    }),
  }),
};

const cell = z.union([
  z.string(),
  z.number(),
  z.null(),
  z
    .array(z.object({ currency: z.string(), amount_minor: z.int() }))
    .meta({ description: 'Money that could not be turned into the reporting currency.' }),
]);
const row = z.record(z.string(), cell).meta({ id: 'ReportRow', description: 'By the name of the column.' });

const report = z
  .object({
    name: z.enum(reportNames),
    from: z.iso.date(),
    to: z.iso.date(),
    by: z.enum(periodLengths),
    currency: z.string().nullable(),
    of: z.enum(breakdowns).optional(),
    state: z.enum(eventStates).nullable().optional(),
    movement: z.enum(movementChoices).nullable().optional(),
    year: z.int().optional(),
    time_zone: z.string(),
    as_of: z.iso.datetime(),
    columns: z.array(z.string()),
    rows: z.array(row),
    totals: row
      .nullable()
      .meta({ description: 'Of the whole range; null where currencies would be added up.' }),
    totals_by_currency: z.array(row).optional(),
    count: z
      .int()
      .optional()
      .meta({ description: 'Of a list: how many rows it has, where they are counted.' }),
    next: z.string().optional().meta({ description: 'The address of the rows that follow, where some do.' }),
  })
  .meta({ id: 'Report' });

const readsReport = {
  security: [{ staffSession: [] }, { reportToken: [] }],
  requestParams: reportQuestion,
};
const reportRefusals = {
  400: refuses('The period cannot be read, or has too many rows.'),
  401: refuses('Nobody is signed in, or the token is not good.'),
  403: refuses('The role does not include reports.'),
  404: refuses('There is no such report.'),
  422: refuses('A part of the question is not accepted; `errors` names each.'),
  429: refuses('Too many requests with this token; `Retry-After` says how long to wait.'),
};

const goalsAnswer = z
  .object({
    time_zone: z.string(),
    as_of: z.iso.datetime(),
    goals: z.array(
      goalAnswer.omit({ ended_at: true }).extend({
        gross_minor: z.int(),
        went_back_minor: z.int().meta({ description: 'Refunds and disputes, on their own dates.' }),
        raised_minor: z.int().meta({ description: 'Gross less what went back.' }),
        pace_minor: z.int().meta({ description: 'What an even pace would have reached by now.' }),
        estimate_minor: z
          .int()
          .nullable()
          .meta({ description: 'What it comes to at the end if it goes on like this: an estimate.' }),
        days_left: z.int().meta({ description: 'Today included.' }),
      }),
    ),
  })
  .meta({ id: 'Goals' });

/** What every act of staff may be refused for. */
const refusesStaff = {
  400: refuses('The body is not JSON.'),
  401: refuses('Nobody is signed in.'),
  403: refuses('The role does not include this, or the request came from another site.'),
  413: refuses('The body is larger than 16 kB.'),
  415: refuses('The body is not sent as application/json.'),
  422: refuses('A field is missing or not accepted; `errors` names each.'),
};

const staffPaths: ZodOpenApiPathsObject = {
  '/api/v1/reports/{name}': {
    get: {
      operationId: 'readReport',
      summary: 'A report',
      ...readsReport,
      responses: { 200: answers('The figures.', report), ...reportRefusals },
    },
  },
  '/api/v1/reports/{name}.csv': {
    get: {
      operationId: 'downloadReport',
      summary: 'The same report as a file',
      ...readsReport,
      responses: {
        200: {
          description: 'The rows under the names of their columns (RFC 4180).',
          content: { 'text/csv': { schema: z.string() } },
        },
        ...reportRefusals,
      },
    },
  },
  '/api/v1/report-letters': {
    post: {
      operationId: 'chooseReportLetters',
      summary: 'Chooses whether the figures come by letter to who is signed in',
      security: [{ staffSession: [] }],
      requestBody: { required: true, ...json(reportLettersRequest) },
      responses: { 200: answers('It is kept.', reportLettersAnswer), ...refusesStaff },
    },
  },
  '/api/v1/goals': {
    get: {
      operationId: 'readGoals',
      summary: 'The goals on the desk, and how far each has come',
      security: [{ staffSession: [] }, { reportToken: [] }],
      responses: {
        200: answers('Those that run, are to come, or ended within thirty days.', goalsAnswer),
        401: refuses('Nobody is signed in, or the token is not good.'),
        403: refuses('The role does not include reports.'),
        429: refuses('Too many requests with this token; `Retry-After` says how long to wait.'),
      },
    },
    post: {
      operationId: 'setGoal',
      summary: 'Sets a goal',
      description: 'For staff with the role finance or admin.',
      security: [{ staffSession: [] }],
      requestParams: { header: z.object({ 'Idempotency-Key': idempotencyKey }) },
      requestBody: { required: true, ...json(goalRequest) },
      responses: {
        201: answers('It is set.', goalAnswer),
        ...refusesStaff,
        409: refuses('The first request with this Idempotency-Key is still at work.'),
      },
    },
  },
  '/api/v1/goals/{id}': {
    post: {
      operationId: 'actOnGoal',
      summary: 'Changes a goal, or takes it off the desk',
      description: 'For staff with the role finance or admin.',
      security: [{ staffSession: [] }],
      requestParams: { path: z.object({ id: z.string().meta({ description: 'The goal.' }) }) },
      requestBody: { required: true, ...json(goalAct) },
      responses: {
        200: answers('How it stands now.', goalAnswer),
        ...refusesStaff,
        404: refuses('There is no such goal.'),
        409: refuses('It was taken off the desk.'),
      },
    },
  },
  '/api/v1/events/replays': {
    post: {
      operationId: 'replayEvents',
      summary: "Lets Stripe's events be applied once more",
      description: 'For staff with the role finance or admin. Facts are unique: nothing is counted twice.',
      security: [{ staffSession: [] }],
      requestBody: { required: true, ...json(replayRequest) },
      responses: {
        200: answers('They wait.', replayAnswer),
        400: refuses('The body is not JSON.'),
        401: refuses('Nobody is signed in.'),
        403: refuses('The role does not include this, or the request came from another site.'),
        413: refuses('The body is larger than 16 kB.'),
        415: refuses('The body is not sent as application/json.'),
        422: refuses('A field is missing or not accepted; `errors` names each.'),
      },
    },
  },
};

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
  '/webhooks/mail/{provider}': {
    post: {
      operationId: 'receiveMailEvent',
      summary: 'What the mail provider tells: bounces and complaints',
      description:
        'Proven by the signature of SNS (`ses`), by Mailgun’s own (`mailgun`), or by HTTP Basic authentication (`postmark`). Letters are known by our Message-ID; the same event told again changes nothing.',
      requestParams: {
        path: z.object({ provider: z.enum(mailEvents.provider.enumValues) }),
        header: z.object({
          Authorization: z.string().optional().meta({ description: 'Only for `postmark`.' }),
        }),
      },
      requestBody: { required: true, ...json(z.looseObject({})) },
      responses: {
        200: answers('Kept, or known already.', z.object({ received: z.literal(true) })),
        400: refuses('The body is not in the form that this provider documents.'),
        403: refuses('Nothing proves that this provider sent it.'),
        404: refuses('This provider is not configured here.'),
        413: refuses('The body is larger than 512 kB.'),
        503: refuses('What would prove it cannot be had right now; send it again.'),
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
