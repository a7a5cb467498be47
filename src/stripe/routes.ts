// Stripe's own door: the raw body, its signature, and 200 once the event is ours to keep.
import express, { type Request, type Router } from 'express';
import type { Services } from '../outside/services.ts';
import { fault, Refusal } from '../values/refusal.ts';
import type { Fresh } from './fresh.ts';
import { openReceiving } from './receive.ts';

/** Stripe's events are some kilobytes. */
const longest = 512 * 1024;

/**
 * `POST /webhooks/stripe`. Mounted before all that other doors need, any body parser above all: the signature covers the bytes
 * as they came.
 */
export function stripeRoutes(services: Services, fresh: Fresh): Router {
  const { receive } = openReceiving(services, fresh);
  const router = express.Router();
  router.post('/webhooks/stripe', async (request, response) => {
    await receive(await bodyOf(request), request.get('stripe-signature'));
    response.writeHead(200, answerHead).end(answer);
  });
  return router;
}

const answer = '{"received":true}';
const answerHead = { 'Content-Type': 'application/json', 'Content-Length': answer.length };

function bodyOf(request: Request): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
      // Whatever else comes is not kept; the answer ends it.
      if (length > longest) reject(new Refusal(fault('body-too-large')));
      else parts.push(part);
    });
    request.once('end', () => resolve(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)));
    request.once('error', reject);
  });
}
