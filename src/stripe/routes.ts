// Stripe's own door: the raw body, its signature, and 200 once the event is ours to keep.
import express, { type Router } from 'express';
import type { Services } from '../outside/services.ts';
import { openReceiving } from './receive.ts';

/** `POST /webhooks/stripe`. Mounted before any body parser: the signature covers the bytes as they came. */
export function stripeRoutes(services: Services): Router {
  const { receive } = openReceiving(services);
  const router = express.Router();
  router.post(
    '/webhooks/stripe',
    express.raw({ type: () => true, limit: '512kb' }),
    async (request, response) => {
      const body: unknown = request.body;
      await receive(Buffer.isBuffer(body) ? body : Buffer.alloc(0), request.get('stripe-signature'));
      response.status(200).json({ received: true });
    },
  );
  return router;
}
