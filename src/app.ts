// The whole site at a glance: every door in order, and who may enter.
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import { accountRoutes } from './account/routes.ts';
import { askRoutes } from './ask/routes.ts';
import { donateRoutes } from './donate/routes.ts';
import { healthRoutes } from './health.ts';
import { mailRoutes } from './mail/routes.ts';
import { openapiRoutes } from './openapi.ts';
import type { Services } from './outside/services.ts';
import { reminderRoutes, unsubscribeRoutes } from './reminders/routes.ts';
import { endReminders, noteOpened } from './reminders/schedule.ts';
import { reportRoutes } from './reports/routes.ts';
import type { Rounds } from './rounds.ts';
import { staffGuard } from './staff/guard.ts';
import { staffRoutes } from './staff/routes.ts';
import { openFresh } from './stripe/fresh.ts';
import { lookAtCheckout } from './stripe/look.ts';
import { replayEvents } from './stripe/replay.ts';
import { stripeRoutes } from './stripe/routes.ts';
import { assetRoutes } from './web/assets.ts';
import { notFound, sayErrors } from './web/errors.tsx';
import { protection } from './web/protection.ts';

/** Builds the site. `fresh`: what the rounds apply beside it. `sandbox` is mounted only where there is one: never in production. */
export function buildApp(
  services: Services,
  rounds: Rounds,
  sandbox: { path: string; routes: Router }[] = [],
  fresh = openFresh(),
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  const protect = protection(services.config);
  // Before all else: hundreds may come in a second, and what protects readers' browsers is half the cost of an answer.
  app.use(stripeRoutes(services, fresh));
  app.use(evenOnErrors(protect));
  app.use(protect);

  // Machines, by signature or token.
  app.use(mailRoutes(services, { complained: endReminders }));
  app.use(healthRoutes(services, rounds));
  app.use(openapiRoutes(services.config));

  // Anyone.
  app.use(assetRoutes());
  app.use(askRoutes(services));
  app.use(
    donateRoutes(services, {
      lookAtCheckout: (checkoutId) => lookAtCheckout(services, checkoutId),
      reminderOpened: noteOpened,
    }),
  );
  app.use(reminderRoutes(services));

  // Whoever holds a link from a letter.
  app.use(unsubscribeRoutes(services));
  app.use(accountRoutes(services));

  // Staff.
  app.use(staffRoutes(services, { replayEvents: (ids) => replayEvents(services, ids) }));
  app.use(reportRoutes(services, { guard: staffGuard(services) }));

  for (const { path, routes } of sandbox) app.use(path, routes);
  app.get('/', (_req, res) => res.redirect(302, sandbox.length > 0 ? '/sandbox' : '/donate'));
  app.use(notFound());
  app.use(sayErrors(services));
  return app;
}

/** What is refused before the protection was set carries it all the same. */
function evenOnErrors(protect: RequestHandler): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    void protect(req, res, (another) => next(another ?? error));
  };
}
