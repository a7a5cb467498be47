// The desk's doors over some services, and somebody of the staff who is signed in.
import express, { type Express } from 'express';
import supertest from 'supertest';
import { reportRoutes } from '../../src/reports/routes.ts';
import { staffGuard } from '../../src/staff/guard.ts';
import { inviteStaff } from '../../src/staff/invite.ts';
import { staffRoutes } from '../../src/staff/routes.ts';
import { sayErrors } from '../../src/web/errors.tsx';
import { protection } from '../../src/web/protection.ts';
import type { TestServices } from '../harness/services.ts';

export interface Desk {
  app: Express;
  /** Signed in, with the role of that name. */
  viewer: ReturnType<typeof supertest.agent>;
}

export async function openDesk(services: TestServices): Promise<Desk> {
  const app = express();
  app.set('query parser', 'simple');
  app.use(protection(services.config));
  app.use(staffRoutes(services), reportRoutes(services, { guard: staffGuard(services) }));
  app.use(sayErrors(services));
  const viewer = supertest.agent(app);
  const invitation = new URL(await inviteStaff(services, 'viewer@example.org', 'viewer')).pathname;
  await viewer.post(invitation).type('form').send({ password: 'boats come in with the tide' }).expect(303);
  return { app, viewer };
}
