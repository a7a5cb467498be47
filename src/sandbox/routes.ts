// The door to the sandbox: its page, the clock, the mailbox, checkouts and faults. Mounted under `/sandbox` and nowhere else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import type { VNode } from 'preact';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { sampleNames } from '../letters/samples.ts';
import { locales } from '../values/locale.ts';
import { bundleScript, lazily } from '../web/assets.ts';
import { otherLoopback } from '../web/protection.ts';
import { sendPage, sendProblem } from '../web/respond.ts';
import { faultsSchema } from './faults.ts';
import { hang, hangOne, inScheme, isSample, type Letterhead } from './gallery.ts';
import { GalleryLetterPage, GalleryPage, parts, schemes, screens } from './gallery-pages.tsx';
import type { Letter, Mailbox } from './mailbox.ts';
import {
  LetterPage,
  letterDocument,
  MailboxPage,
  newestShown,
  OverviewPage,
  RefusedPage,
  type Said,
} from './pages.tsx';
import type { Sandbox } from './sandbox.ts';
import type { StripeStandIn } from './stripe/stand-in.ts';

export interface SandboxDoors {
  baseUrl: string;
  publication: string;
  /** Where the sample article is; by default the machine's other name, so that the appeal in it is really cross-site. */
  articleUrl?: string;
  /** Whose letters the gallery shows; without it there is none. */
  letterhead?: Letterhead;
  /** Where a person gets to the staff desk from here: by an invitation as long as nobody has a password. */
  staffLink?: () => Promise<string>;
}

export function sandboxRoutes(sandbox: Sandbox, doors: SandboxDoors): Router {
  const { clock, mailbox, stripe } = sandbox;
  const articleUrl = doors.articleUrl ?? `${otherLoopback(doors.baseUrl) ?? ''}/sandbox/article`;

  const routes = Router();
  // Only what is here is guarded: other parts of the sandbox may be mounted beside it.
  const guards = [onlyFromHere(doors.baseUrl), pageHeaders];
  const changes = [
    ...guards,
    express.json({ limit: '100kb' }),
    express.urlencoded({ extended: false, limit: '100kb' }),
  ];

  routes.get('/staff', guards, async (_req: Request, res: Response) => {
    res.redirect(303, (await doors.staffLink?.()) ?? '/staff');
  });

  routes.get('/', guards, async (req: Request, res: Response) => {
    const all = { checkouts: req.query.all === 'checkouts', webhooks: req.query.all === 'webhooks' };
    show(
      res,
      OverviewPage({
        publication: doors.publication,
        said: saidIn(req),
        now: clock.now(),
        machineNow: sandbox.machineNow(),
        timeZone: sandbox.timeZone,
        articleUrl,
        staffUrl: '/sandbox/staff',
        gallery: doors.letterhead !== undefined,
        checkouts: stripe?.listCheckouts(all.checkouts ? mostShown : newestShown),
        webhooks: stripe?.listWebhooks(all.webhooks ? mostShown : newestShown),
        letters: await mailbox?.letters({ limit: newestShown }),
        all,
        faults: sandbox.faults(),
      }),
    );
  });

  routes.get('/sandbox.css', guards, (_req: Request, res: Response) => {
    res.set('Cache-Control', 'no-cache').type('css').send(styleSheet);
  });

  routes.get('/moving.js', guards, (_req: Request, res: Response) => {
    res.set('Cache-Control', 'no-cache').type('js').send(movingScript());
  });

  routes.post('/clock', changes, async (req: Request, res: Response) => {
    const asked = read(clockSchema, fromForm(req, localToInstant(sandbox.timeZone)));
    const moving = asked.to !== undefined ? clock.to(asked.to) : clock.advance(asked.advance ?? '');
    const field = asked.to !== undefined ? 'to' : 'advance';
    const { now, unfinished } = await moving.catch((problem: Error) => {
      if (problem instanceof RangeError) throw wrong({ field, detail: problem.message });
      throw problem;
    });
    const answer = { now: now.toISOString(), ...(unfinished.length > 0 && { unfinished }) };
    done(req, res, answer, unfinished.length > 0 ? 'moved-in-part' : 'moved', 'clock');
  });

  routes.get('/letters', guards, async (req: Request, res: Response) => {
    const { to } = read(lettersSchema, req.query);
    const letters = await present(mailbox, 'mail').letters({ to });
    res.json(letters.map(letterAnswer));
  });

  routes.get('/mailbox', guards, async (req: Request, res: Response) => {
    const { to } = read(lettersSchema, req.query);
    const letters = await present(mailbox, 'mail').letters({ to, limit: 200 });
    show(res, MailboxPage({ publication: doors.publication, letters, to, timeZone: sandbox.timeZone }));
  });

  routes.get('/mailbox/:id', guards, async (req: Request, res: Response) => {
    const letter = await letterOf(req, mailbox);
    show(res, LetterPage({ publication: doors.publication, letter, timeZone: sandbox.timeZone }));
  });

  routes.get('/mailbox/:id/html', guards, async (req: Request, res: Response) => {
    const letter = await letterOf(req, mailbox);
    if (letter.html === null) throw missing('This letter has no HTML part.');
    sendLetter(res, letterDocument(letter.html));
  });

  routes.get('/gallery', guards, (req: Request, res: Response) => {
    const letterhead = presentLetterhead(doors);
    const view = read(viewSchema, req.query);
    const hung = hang(letterhead, view.locale, view.discreet);
    show(res, GalleryPage({ publication: doors.publication, hung, view }));
  });

  routes.get('/gallery/:sample', guards, (req: Request, res: Response) => {
    const letterhead = presentLetterhead(doors);
    const { discreet } = read(viewSchema, req.query);
    const { sample } = req.params;
    if (!isSample(sample)) throw missing('There is no such letter.');
    const at = sampleNames.indexOf(sample);
    const hung = {
      en: hangOne(letterhead, sample, 'en', discreet),
      ru: hangOne(letterhead, sample, 'ru', discreet),
    };
    const others = { before: sampleNames[at - 1], after: sampleNames[at + 1], discreet };
    show(res, GalleryLetterPage({ publication: doors.publication, hung, others }));
  });

  routes.get('/gallery/:sample/html', guards, (req: Request, res: Response) => {
    const { sample } = req.params;
    if (!isSample(sample)) throw missing('There is no such letter.');
    const { locale, scheme, discreet } = read(viewSchema, req.query);
    sendLetter(res, inScheme(hangOne(presentLetterhead(doors), sample, locale, discreet).html, scheme));
  });

  routes.post('/checkouts/:id/pay', changes, async (req: Request, res: Response) => {
    const means = read(paySchema, fromForm(req));
    const outcome = await present(stripe, 'Stripe').pay(String(req.params.id), means);
    done(req, res, outcome, outcome.outcome, 'checkouts');
  });

  routes.post('/checkouts/:id/expire', changes, async (req: Request, res: Response) => {
    await present(stripe, 'Stripe').expire(String(req.params.id));
    done(req, res, { outcome: 'expired' }, 'expired', 'checkouts');
  });

  routes.post('/faults', changes, (req: Request, res: Response) => {
    const faults = read(faultsSchema, fromForm(req, nested));
    if (faults.smtp) present(mailbox, 'mail');
    if (faults.webhooks || faults.calls) present(stripe, 'Stripe');
    sandbox.setFaults(faults);
    done(req, res, sandbox.faults(), 'faults', 'faults');
  });

  routes.use(sayRefusals);
  return routes;
}

/** "All" ends somewhere too: a year of readers has tens of thousands of webhooks. */
const mostShown = 500;

const clockSchema = z
  .strictObject({
    advance: z.string('a duration such as "P1M"').optional(),
    to: z.string('a moment such as "2027-03-01T09:00:00Z"').optional(),
  })
  .refine(({ advance, to }) => (advance === undefined) !== (to === undefined), {
    path: ['advance'],
    message: 'either this or "to" is needed, and not both',
  });

const lettersSchema = z.object({ to: z.string('one address').trim().min(1).optional() });

const viewSchema = z.object({
  locale: z.enum(locales).catch('en'),
  screen: z.enum(screens).catch('desktop'),
  scheme: z.enum(schemes).catch('light'),
  part: z.enum(parts).catch('html'),
  discreet: z
    .string()
    .optional()
    .transform((text) => text === 'yes'),
});

const cardNeeded = 'the number of a test card';

const payFields = z.strictObject({
  card: z.string(cardNeeded).trim().min(1, cardNeeded).optional(),
  email: z.string('an e-mail address').trim().optional(),
  name: z.string('a name').optional(),
  country: z
    .string('two letters such as "US"')
    .regex(/^[A-Z]{2}$/, 'two letters such as "US"')
    .optional(),
  /** The answer to the bank's question, for a checkout whose card asked it. */
  authentication: z.enum(['complete', 'fail'], '"complete" or "fail"').optional(),
});

const paySchema = payFields
  .refine(({ card, authentication }) => card !== undefined || authentication !== undefined, {
    path: ['card'],
    message: cardNeeded,
  })
  // The bank asked about a card that is known: it need not be named again.
  .transform(({ card = '', ...others }) => ({ card, ...others }));

const pagePolicy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const letterPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

const styleSheet = [join('..', 'web', 'tokens.css'), 'sandbox.css']
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');

const movingScript = lazily(() => bundleScript(join(import.meta.dirname, 'moving.browser.ts')));

/** A name that points here from outside (DNS rebinding), or another site's page, must not reach the sandbox. */
function onlyFromHere(baseUrl: string): RequestHandler {
  const own = new URL(baseUrl).host;
  return (req, _res, next) => {
    const host = req.get('host') ?? '';
    if (host !== own && !isLoopback(host)) {
      throw refused(403, 'The sandbox only answers under its own address or on this machine.');
    }
    if (req.method !== 'GET' && req.method !== 'HEAD' && !isSameOrigin(req, host)) {
      throw refused(403, 'Another site must not change anything in the sandbox.');
    }
    next();
  };
}

function isLoopback(host: string): boolean {
  const hostname = URL.parse(`http://${host}`)?.hostname ?? '';
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}

function isSameOrigin(req: Request, host: string): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const origin = req.get('origin');
  return origin === undefined || URL.parse(origin)?.host === host;
}

const pageHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy': pagePolicy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
  next();
};

function show(res: Response, page: VNode): void {
  sendPage(res, page);
}

/** As a mail program shows it: nothing of ours can be reached, nothing is fetched, links open outside. */
function sendLetter(res: Response, html: string): void {
  res.set({ 'Content-Security-Policy': letterPolicy, 'Cache-Control': 'no-store' });
  res.removeHeader('X-Frame-Options');
  // In its sandbox the letter has no origin that could have processes of its own; asking for them warns in the console.
  res.removeHeader('Origin-Agent-Cluster');
  res.type('html').send(html);
}

function presentLetterhead({ letterhead }: SandboxDoors): Letterhead {
  if (!letterhead) throw missing('There is no gallery here.');
  return letterhead;
}

/** People go back to the page, at the part where they were; machines get the answer. */
function done(req: Request, res: Response, answer: object, said: Said, part: string): void {
  if (isForm(req)) res.redirect(303, `/sandbox?said=${said}#${part}`);
  else res.json(answer);
}

function isForm(req: Request): boolean {
  return Boolean(req.is('application/x-www-form-urlencoded'));
}

function saidIn(req: Request): Said | undefined {
  const { said } = req.query;
  return typeof said === 'string' ? (said as Said) : undefined;
}

/** What was sent, whichever way: a form's empty fields are fields left out. */
function fromForm(req: Request, change: (fields: Fields) => unknown = (fields) => fields): unknown {
  const body: unknown = req.body ?? {};
  if (!isForm(req)) return body;
  const filled = Object.entries(body as Fields).filter(([, value]) => value !== '');
  return change(Object.fromEntries(filled));
}

type Fields = Record<string, unknown>;

/** The form asks for a local date and time, as people know them. */
function localToInstant(timeZone: string): (fields: Fields) => Fields {
  return ({ to_local, ...others }) => {
    if (typeof to_local !== 'string') return others;
    try {
      const instant = Temporal.PlainDateTime.from(to_local).toZonedDateTime(timeZone).toInstant();
      return { ...others, to: instant.toString() };
    } catch {
      return { ...others, to: to_local };
    }
  };
}

/** `{"webhooks.drop": "0.1"}` as `{"webhooks": {"drop": 0.1}}`. */
function nested(fields: Fields): Fields {
  const whole: Record<string, Fields> = {};
  for (const [name, text] of Object.entries(fields)) {
    const [group = '', key = ''] = name.split('.');
    whole[group] = { ...whole[group], [key]: plainValue(key, String(text)) };
  }
  return whole;
}

function plainValue(key: string, text: string): unknown {
  if (key === 'path' || key === 'reply' || key === 'at') return text;
  if (text === 'on') return true;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function letterAnswer({ at, from, to, subject, text, html, headers }: Letter) {
  return { at: at.toISOString(), from, to, subject, text, html, headers };
}

async function letterOf(req: Request, mailbox: Mailbox | undefined): Promise<Letter> {
  const id = /^\d{1,12}$/.test(String(req.params.id)) ? Number(req.params.id) : 0;
  const letter = await present(mailbox, 'mail').letter(id);
  if (!letter) throw missing('There is no such letter.');
  return letter;
}

function present<T extends Mailbox | StripeStandIn>(standIn: T | undefined, name: string): T {
  if (!standIn) throw refused(409, `There is no stand-in for ${name} here: the real one is configured.`);
  return standIn;
}

function read<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const outcome = schema.safeParse(given);
  if (outcome.success) return outcome.data;
  throw wrong(
    ...outcome.error.issues.flatMap((issue) => {
      const path = issue.path.map(String);
      if (issue.code !== 'unrecognized_keys') return [{ field: path.join('.'), detail: issue.message }];
      return issue.keys.map((key) => ({ field: [...path, key].join('.'), detail: 'is not known here' }));
    }),
  );
}

interface WrongField {
  field: string;
  detail: string;
}

/** An expected failure on its way to the last handler. */
interface SandboxRefusal extends Error {
  status: number;
  fields: WrongField[];
}

function wrong(...fields: WrongField[]): SandboxRefusal {
  const detail = fields.map((each) => `${each.field}: ${each.detail}`).join('; ');
  return Object.assign(new Error(detail), { status: 400, fields });
}

function missing(detail: string): SandboxRefusal {
  return refused(404, detail);
}

function refused(status: number, detail: string): SandboxRefusal {
  return Object.assign(new Error(detail), { status, fields: [] });
}

const sayRefusals: ErrorRequestHandler = (error: unknown, req, res, next) => {
  const refusal = refusalOf(error);
  if (!refusal) return next(error);
  const { status, message, fields } = refusal;
  if (isForm(req) || req.accepts('json', 'html') === 'html') {
    sendPage(res, RefusedPage({ detail: message }), status);
    return;
  }
  sendProblem(res, {
    type: 'about:blank',
    title: titles[status] ?? 'Refused',
    status,
    detail: message,
    errors: fields.map(({ field, detail }) => ({ field, code: 'value-malformed', detail })),
  });
};

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
};

/** Ours, a body parser's, or the Stripe stand-in's refusal; undefined for what went wrong by itself. */
function refusalOf(error: unknown): SandboxRefusal | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined;
  const { status } = error;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  const fields = 'fields' in error && Array.isArray(error.fields) ? error.fields : [];
  return Object.assign(error, { status, fields });
}
