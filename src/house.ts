// The house: everything a running instance consists of, opened in order and closed in the opposite one.
import { createServer, type Server } from 'node:http';
import type { Router } from 'express';
import { buildApp } from './app.ts';
import type { Config } from './outside/config.ts';
import { migrateDatabase } from './outside/database.ts';
import { type Clocks, openServices } from './outside/open.ts';
import type { Services } from './outside/services.ts';
import { type Rounds, startRounds } from './rounds.ts';
import { openFresh } from './stripe/fresh.ts';

export interface House {
  services: Services;
  rounds: Rounds;
  /** Stops accepting, lets what is under way finish, and closes everything; resolves within seconds. */
  close(): Promise<void>;
}

export interface Neighbour {
  path: string;
  routes: Router;
}

/** Migrates, opens the services, starts the rounds and listens. Throws when any of it cannot be done, with nothing left open. */
export async function openHouse(
  config: Config,
  clocks: Clocks,
  options: { host?: string; neighbours?: (services: Services) => Promise<Neighbour[]> } = {},
): Promise<House> {
  await migrateDatabase(config.databaseUrl);
  const opened = await openServices(config, clocks);
  const fresh = openFresh();
  const rounds = startRounds(opened.services, fresh);
  opened.onNudge((work) => rounds.nudge(work));
  const server = createServer(
    buildApp(opened.services, rounds, await options.neighbours?.(opened.services), fresh),
  );
  // Longer than the usual proxy keeps its own side, so that a request is never sent into a closing connection.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 80_000;
  const close = async () => {
    await closeServer(server);
    await rounds.stop();
    await opened.close();
  };
  try {
    await listen(server, config.port, options.host);
  } catch (error) {
    await close();
    throw error;
  }
  return { services: opened.services, rounds, close };
}

function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(taken ? new Error(`port ${port} is taken by another program; choose another with PORT`) : error);
    });
    server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 3000).unref();
  });
}
