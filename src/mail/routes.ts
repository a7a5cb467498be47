// The mail provider's own door: the raw body, the proof of who sent it, and 200 once what it tells is kept.
import express, { type Request, type Router } from 'express';
import type { Services } from '../outside/services.ts';
import { openSns } from '../outside/sns.ts';
import { fault, Refusal } from '../values/refusal.ts';
import { readMailgun } from './mailgun.ts';
import { readPostmark } from './postmark.ts';
import { type Complained, receiveTold } from './receive.ts';
import { readSes } from './ses.ts';
import type { Provider, Told } from './told.ts';

export interface MailDoor {
  /** What a reader's complaint ends beside letters: another door's act, which this one is given. */
  complained?: Complained;
  /** Stands in for Amazon's own addresses, in tests. */
  snsAt?: string;
}

interface Speaker {
  /** By what this provider proves that it speaks; none where it is not used here. */
  secrets: readonly string[];
  read(request: Request, body: Buffer): Told | Promise<Told | null>;
}

/** `POST /webhooks/mail/PROVIDER`. Mounted before any body parser: signatures cover the bytes as they came. */
export function mailRoutes(services: Services, door: MailDoor = {}): Router {
  const { sesTopics, mailgunKeys, postmarkLogins } = services.config.mail.events;
  const sns = openSns(services, door.snsAt);
  const speakers: Record<Provider, Speaker> = {
    ses: { secrets: sesTopics, read: (_request, body) => readSes(sns, body, sesTopics) },
    mailgun: {
      secrets: mailgunKeys,
      read: (_request, body) => readMailgun(body, mailgunKeys, services.machineNow()),
    },
    postmark: {
      secrets: postmarkLogins,
      read: (request, body) => readPostmark(body, request.get('authorization'), postmarkLogins),
    },
  };
  const speakerOf = (name: unknown): Speaker => {
    const speaker = isProvider(name) ? speakers[name] : null;
    if (!speaker || speaker.secrets.length === 0) throw new Refusal(fault('not-found'));
    return speaker;
  };

  const router = express.Router();
  router.post(
    '/webhooks/mail/:provider',
    (request, _response, next) => {
      // Before the body is read: whoever is not used here is not listened to.
      speakerOf(request.params.provider);
      next();
    },
    express.raw({ type: () => true, limit: '512kb' }),
    async (request, response) => {
      const body: unknown = request.body;
      const told = await speakerOf(request.params.provider).read(
        request,
        Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      );
      if (told !== null) await receiveTold(services, told, door.complained);
      response.status(200).json({ received: true });
    },
  );
  return router;
}

function isProvider(name: unknown): name is Provider {
  return name === 'ses' || name === 'mailgun' || name === 'postmark';
}
