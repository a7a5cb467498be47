// A small site for tests of one door: what stands before and after every door, and that door between.
import express, { type Express, type RequestHandler } from 'express';
import type { Services } from '../../src/outside/services.ts';
import { notFound, sayErrors } from '../../src/web/errors.tsx';
import { protection } from '../../src/web/protection.ts';

export function siteWith(services: Pick<Services, 'config' | 'log'>, ...doors: RequestHandler[]): Express {
  const site = express();
  site.disable('x-powered-by');
  site.set('query parser', 'simple');
  site.use(protection(services.config));
  for (const door of doors) site.use(door);
  site.use(notFound());
  site.use(sayErrors(services));
  return site;
}
