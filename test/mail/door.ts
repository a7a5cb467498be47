// The mail provider's door on its own: a post office, and an Amazon that keeps certificates and takes confirmations.
import { createServer } from 'node:http';
import express from 'express';
import supertest from 'supertest';
import { deliverLetters } from '../../src/letters/deliver.ts';
import { mailRoutes } from '../../src/mail/routes.ts';
import { letters, mailEvents, suppressions } from '../../src/schema.ts';
import { notFound, sayErrors } from '../../src/web/errors.tsx';
import { openPostOffice, thankYou } from '../letters/post-office.ts';
import { type OwnCertificate, ownCertificate } from './certificate.ts';
import { mailgunKey, postmarkLogin, topicArn } from './providers.ts';

export async function openMailDoor(env: Record<string, string> = {}) {
  const post = await openPostOffice({
    env: {
      MAIL_EVENTS_SES_TOPICS: topicArn,
      MAIL_EVENTS_MAILGUN_KEYS: `${mailgunKey},an-older-key-of-mailgun`,
      MAIL_EVENTS_POSTMARK_LOGINS: postmarkLogin,
      ...env,
    },
  });
  const amazon = await openAmazon();
  const app = express();
  app.use(mailRoutes(post.services, { snsAt: amazon.url }));
  app.use(notFound());
  app.use(sayErrors(post.services));
  const { database } = post.services;
  return {
    post,
    amazon,
    app,
    send(provider: string, body: unknown, headers: Record<string, string> = {}) {
      return supertest(app)
        .post(`/webhooks/mail/${provider}`)
        .set('content-type', provider === 'ses' ? 'text/plain; charset=UTF-8' : 'application/json')
        .set(headers)
        .send(typeof body === 'string' ? body : JSON.stringify(body));
    },
    /** Someone's letter of thanks, sent. */
    async sentLetter(address = 'anna@example.org', key = 'payment-1') {
      const readerId = await post.reader(address);
      await post.queue(thankYou(readerId, key));
      await deliverLetters(post.services);
      return { ...(await post.row(`thank-you:${key}`)), readerId };
    },
    told: () => database.select().from(mailEvents).orderBy(mailEvents.eventId),
    held: () =>
      database.select({ reason: suppressions.reason, scope: suppressions.scope }).from(suppressions),
    all: () => database.select().from(letters).orderBy(letters.key),
    async clear() {
      await post.clear();
      await database.delete(mailEvents);
      amazon.asked.length = 0;
      amazon.setAway(false);
    },
    async close() {
      await amazon.close();
      await post.close();
    },
  };
}

async function openAmazon() {
  const year = (at: number) => new Date(Date.UTC(at, 0, 1));
  const current = ownCertificate('sns.amazonaws.com', year(2027), year(2028));
  const expired = ownCertificate('sns.amazonaws.com', year(2025), year(2026));
  const asked: string[] = [];
  let away = false;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (away) return response.writeHead(500).end();
    if (request.url?.startsWith('/?Action=ConfirmSubscription')) return response.end('<Confirmed/>');
    const kept = request.url?.includes('expired') ? expired : current;
    return request.url?.endsWith('.pem') ? response.end(kept.pem) : response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    current,
    expired,
    stranger: (): OwnCertificate => ownCertificate('sns.amazonaws.com', year(2027), year(2028)),
    asked,
    setAway(now: boolean) {
      away = now;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
