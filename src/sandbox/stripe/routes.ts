// The API's door: who may ask, what is repeated, what goes wrong on request, and Stripe's headers on every answer.
import { createHash } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import express from 'express';
import type { Act } from './act.ts';
import { apiVersion } from './act.ts';
import { expanded } from './expand.ts';
import { faultOnCall } from './faults.ts';
import { newId } from './kinds.ts';
import { decodeForm } from './parameters.ts';
import type { ErrorBody } from './refusals.ts';
import { invalid, isRefusal, refusal, unrecognised } from './refusals.ts';
import type { Resource } from './resources.ts';
import { resources } from './resources.ts';

const remembersKeysForSeconds = 86_400;

export interface Operations {
  /** One operation at the present business moment, in one transaction; what it causes is sent afterwards. */
  perform<T>(request: Act['request'], work: (act: Act) => T): T;
  log(line: string): void;
}

interface Said {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

export function apiRoutes(operations: Operations): Router {
  const router = express.Router();
  const answering = new Set<string>();
  router.use(express.text({ type: () => true, limit: '1mb' }));
  router.use(async (request: Request, response: Response) => {
    const id = newId('request');
    const said = await answer(operations, answering, request, id);
    response.set({
      'Request-Id': id,
      'Stripe-Version': apiVersion,
      'Content-Type': 'application/json',
      ...said?.headers,
    });
    if (said === null) {
      request.socket.destroy();
      return;
    }
    const key = request.get('idempotency-key');
    if (key !== undefined) response.set('Idempotency-Key', key);
    response.status(said.status).send(said.body);
  });
  return router;
}

async function answer(
  operations: Operations,
  answering: Set<string>,
  request: Request,
  id: string,
): Promise<Said | null> {
  const key = request.method === 'POST' ? (request.get('idempotency-key') ?? null) : null;
  try {
    checkKey(request);
    const { found, ids } = route(request);
    const raw = decodeForm(
      typeof request.body === 'string' && request.body !== '' ? request.body : queryOf(request),
    );
    if (key !== null && answering.has(key)) {
      throw refusal(409, {
        type: 'invalid_request_error',
        code: 'idempotency_key_in_use',
        message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
      });
    }
    if (key !== null) answering.add(key);
    try {
      const fault = operations.perform(null, (act) => faultOnCall(act.store, pathOf(request)));
      if (fault?.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms));
      if (fault && fault.status !== 200 && !fault.after_effect) return misbehaved(fault.status);
      const failWith = fault && fault.status !== 200 && fault.status !== 0 ? fault.status : null;
      const said = perform(operations, found, ids, raw, { id, key, path: pathOf(request) }, failWith);
      return fault?.status === 0 ? null : said;
    } finally {
      if (key !== null) answering.delete(key);
    }
  } catch (error) {
    if (isRefusal(error)) return { status: error.status, body: errorText(error.body) };
    operations.log(`stripe stand-in: ${request.method} ${pathOf(request)}: ${String(error)}`);
    return misbehaved(500);
  }
}

/** The effect, the answer and its memory under the key are one transaction. */
function perform(
  operations: Operations,
  found: Resource,
  ids: Record<string, string>,
  raw: unknown,
  asked: { id: string; key: string | null; path: string },
  failWith: number | null,
): Said {
  const { id, key, path } = asked;
  return operations.perform({ id, idempotency_key: key }, (act) => {
    const fingerprint = createHash('sha256')
      .update(`${path} ${JSON.stringify(raw)}`)
      .digest('hex');
    act.store.forgetAnswers(act.at - remembersKeysForSeconds);
    const saved = key === null ? undefined : act.store.savedAnswer(key);
    if (saved) {
      if (saved.fingerprint !== fingerprint) {
        throw refusal(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        });
      }
      return {
        status: saved.status,
        body: saved.body,
        headers: { 'Idempotent-Replayed': 'true', 'Original-Request': saved.request },
      };
    }
    const own = outcomeOf(act, found, ids, raw, key);
    const said = failWith === null ? own : misbehaved(failWith);
    if (key !== null)
      act.store.saveAnswer(key, {
        fingerprint,
        status: said.status,
        body: said.body,
        request: id,
        created: act.at,
      });
    return said;
  });
}

/** What came of it. What is refused once it was begun on has no effect, and is remembered under its key all the same. */
function outcomeOf(
  act: Act,
  found: Resource,
  ids: Record<string, string>,
  raw: unknown,
  key: string | null,
): Said {
  const answered = (): Said => {
    const done = found.act(act, ids, raw);
    return done.status === 200
      ? { status: 200, body: JSON.stringify(expanded(act.store, done.body, expandOf(raw)), null, 2) }
      : { status: done.status, body: errorText(done.error) };
  };
  if (key === null) return answered();
  try {
    return act.store.transaction(answered);
  } catch (error) {
    if (!isRefusal(error) || error.unheard) throw error;
    return { status: error.status, body: errorText(error.body) };
  }
}

function misbehaved(status: 0): null;
function misbehaved(status: number): Said;
function misbehaved(status: number): Said | null {
  if (status === 0) return null;
  if (status === 429) {
    return {
      status,
      body: errorText({
        type: 'invalid_request_error',
        code: 'rate_limit',
        message:
          'Request rate limit exceeded. Learn more about rate limits at https://stripe.com/docs/rate-limits.',
      }),
    };
  }
  return {
    status,
    body: errorText({
      type: 'api_error',
      message: 'Sorry! There was an error while talking to one of our backends. Support has been notified.',
    }),
  };
}

function checkKey(request: Request): void {
  const given = request.get('authorization') ?? '';
  const [scheme = '', credentials = ''] = given.split(' ');
  const key =
    scheme.toLowerCase() === 'basic'
      ? (Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] ?? '')
      : credentials;
  if (key === '') {
    throw refusal(401, {
      type: 'invalid_request_error',
      message:
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    });
  }
  if (!/^(sk|rk)_test_\w+$/.test(key)) {
    throw refusal(401, {
      type: 'invalid_request_error',
      message: `Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(12)}`,
    });
  }
}

function route(request: Request): { found: Resource; ids: Record<string, string> } {
  for (const candidate of resources) {
    const ids = candidate.method === request.method ? matched(candidate.path, pathOf(request)) : null;
    if (ids) return { found: candidate, ids };
  }
  throw unrecognised(request.method, pathOf(request));
}

function matched(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = decoded(path).replace(/\/$/, '').split('/');
  if (wanted.length !== given.length) return null;
  const ids: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const have = given[index] ?? '';
    // No object has that name: it is the search, which is not answered here.
    if (part.startsWith(':') && have === 'search') return null;
    if (part.startsWith(':')) ids[part.slice(1)] = have;
    else if (part !== have) return null;
  }
  return ids;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The whole path, as Stripe's messages name it, wherever the router is mounted. */
function pathOf(request: Request): string {
  return request.originalUrl.split('?')[0] ?? '';
}

function queryOf(request: Request): string {
  const at = request.originalUrl.indexOf('?');
  return at < 0 ? '' : request.originalUrl.slice(at + 1);
}

function expandOf(raw: unknown): string[] {
  if (typeof raw !== 'object' || raw === null || !('expand' in raw) || !Array.isArray(raw.expand)) return [];
  return raw.expand.map((path: unknown) => {
    if (typeof path !== 'string') throw invalid('Invalid array', 'expand');
    return path;
  });
}

function errorText(error: ErrorBody): string {
  return JSON.stringify({ error }, null, 2);
}
