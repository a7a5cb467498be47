// What is said when something is refused or breaks: a calm page to people, a problem document to machines.
import { randomBytes } from 'node:crypto';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { describeError } from '../outside/log.ts';
import type { Services } from '../outside/services.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { sayFault, sayRefusal, type Words, wordsFor } from '../words/words.ts';
import { ReaderPage } from './layout.tsx';
import { languageLinks, localeOf } from './locale.ts';
import { sendPage, sendProblem } from './respond.ts';

type Said = Pick<Services, 'config' | 'log'>;

/** After every door: nothing answered this address, or not to this kind of request. */
export function notFound(): RequestHandler {
  return (req, res, next) => {
    const methods = methodsAt(req.app.router as unknown as Stacked, req.path);
    // A door that takes this kind of request and passed it on has nothing under this address.
    if (methods.size === 0 || methods.has(req.method)) return next(new Refusal(fault('not-found')));
    res.set('Allow', [...methods].sort().join(', '));
    next(new Refusal(fault('method-not-allowed')));
  };
}

/** What express keeps of a router's doors: a route, another router, or any other act. */
interface Stacked {
  stack: readonly {
    match(path: string): boolean;
    /** It stands at the root and not under a path of its own. */
    slash: boolean;
    route?: { methods: Record<string, boolean> };
    handle: unknown;
  }[];
}

function methodsAt({ stack }: Stacked, path: string): Set<string> {
  const methods = new Set<string>();
  for (const layer of stack) {
    if (layer.route) {
      if (!layer.match(path)) continue;
      for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
    } else if (layer.slash && isStacked(layer.handle)) {
      for (const method of methodsAt(layer.handle, path)) methods.add(method);
    }
  }
  if (methods.has('GET')) methods.add('HEAD');
  return methods;
}

function isStacked(handle: unknown): handle is Stacked {
  return typeof handle === 'function' && 'stack' in handle && Array.isArray(handle.stack);
}

/** Last of all. A Refusal is said in the reader's words; anything else is logged without what a reader typed, and is a 500. */
export function sayErrors(services: Said): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    if (res.headersSent) {
      services.log.error({ path: routeOf(req), ...describeError(error) }, 'An answer broke off');
      res.destroy();
      return;
    }
    const refusal = refusalOf(error);
    if (refusal) sayRefused(services, req, res, refusal);
    else sayBroken(services, req, res, error);
  };
}

/** The refusal as a problem document. Doors with a page of their own for a refusal use it for their JSON twin. */
function sendRefusal(res: Response, words: Words, refusal: Refusal): void {
  sendProblem(res, {
    type: problemType(refusal.code),
    title: words.common.refusedTitle,
    status: refusal.status,
    detail: sayRefusal(words, refusal),
    errors: refusal.faults
      .filter((each) => each.field !== undefined)
      .map((each) => ({
        ...(each.field !== undefined && { field: each.field }),
        code: each.code,
        detail: sayFault(words, each),
      })),
  });
}

function sayRefused(services: Said, req: Request, res: Response, refusal: Refusal): void {
  const { config } = services;
  const locale = localeOf(req, config);
  const words = wordsFor(locale);
  if (wantsProblem(req)) {
    sendRefusal(res, words, refusal);
    return;
  }
  const lost = refusal.code === 'not-found';
  const { name } = config.publication;
  res.set('Cache-Control', 'no-store');
  sendPage(
    res,
    <ReaderPage
      words={words}
      locale={locale}
      title={lost ? words.common.notFoundTitle : words.common.refusedTitle}
      publication={name}
      narrow
      languages={languageLinks(req, config)}
    >
      <div class="stack">
        <h1>{lost ? words.common.notFoundTitle : words.common.refusedTitle}</h1>
        <p class="lead">{lost ? words.common.notFoundText : sayRefusal(words, refusal)}</p>
        <p>
          <a href="/donate">{words.donate.title(name)}</a>
        </p>
      </div>
    </ReaderPage>,
    refusal.status,
  );
}

function sayBroken(services: Said, req: Request, res: Response, error: unknown): void {
  // Enough to find the line in the log; it names nobody.
  const reference = randomBytes(5).toString('hex');
  services.log.error({ reference, path: routeOf(req), ...describeError(error) }, 'A request failed');
  const { config } = services;
  const locale = localeOf(req, config);
  const words = wordsFor(locale);
  const detail = `${words.common.troubleText} ${words.common.troubleReference(reference)}`;
  if (wantsProblem(req)) {
    sendProblem(res, {
      type: problemType('trouble'),
      title: words.common.troubleTitle,
      status: 500,
      detail,
    });
    return;
  }
  res.set('Cache-Control', 'no-store');
  sendPage(
    res,
    <ReaderPage
      words={words}
      locale={locale}
      title={words.common.troubleTitle}
      publication={config.publication.name}
      narrow
      languages={languageLinks(req, config)}
    >
      <div class="stack">
        <h1>{words.common.troubleTitle}</h1>
        <p class="lead">{words.common.troubleText}</p>
        <p class="aside small">{words.common.troubleReference(reference)}</p>
      </div>
    </ReaderPage>,
    500,
  );
}

/** What express and its body parsers throw for a bad request, as the refusal it is; null for a fault of ours. */
function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  const { status } = error;
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  if (status === 413) return new Refusal(fault('body-too-large'));
  if (status === 415) return new Refusal(fault('wrong-encoding'));
  if (status === 404) return new Refusal(fault('not-found'));
  return new Refusal(fault('body-malformed'));
}

/** Machines have paths of their own, or say that they take JSON and no page. */
function wantsProblem(req: Request): boolean {
  if (/^\/(api|webhooks|metrics)(\/|\?|$)/.test(req.originalUrl)) return true;
  return req.accepts('html', 'application/problem+json', 'json') !== 'html';
}

/** A tag (RFC 4151): the same name on every installation, and nothing to fetch. */
function problemType(code: string): string {
  return `tag:small-favor,2026:${code}`;
}

/** The matched pattern, never the address itself: that may carry a link's token. */
function routeOf(req: Request): string {
  const pattern: unknown = req.route?.path;
  return typeof pattern === 'string' ? `${req.method} ${pattern}` : req.method;
}
