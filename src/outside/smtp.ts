// The way to the mail server: a pool of connections, DKIM where configured, recipients given as objects and never parsed.
import type { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import type { Config } from './config.ts';
import { mimeOf } from './mime.ts';
import { openThrottles, type Throttles } from './throttles.ts';

export interface Message {
  messageId: string;
  from: { name: string; address: string };
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  date: Date;
}

export interface Mailer {
  /**
   * Resolves once the server accepted the message after the final dot. Rejects with nodemailer's error (code, responseCode,
   * response), to which `dotted` is added: whether the final dot may have been on its way, so that the server may have
   * taken the message although its answer never came.
   */
  send(message: Message): Promise<void>;
  /** Connects and signs in without sending; rejects when that fails. */
  verify(): Promise<void>;
  /**
   * How many letters may be on their way at once, beside one more that must not wait for them. The pool opens one connection
   * more than this, so that it never holds a letter without one: a crash leaves no more in doubt than there are connections.
   */
  connections: number;
  throttles: Throttles;
  close(): void;
}

/** Opens the pool. Never falls back to plain text where the URL says smtps or requireTLS. */
export function openMailer(config: Pick<Config, 'mail'>, connections = config.mail.connections): Mailer {
  const { dkim, smtpUrl } = config.mail;
  const at = new URL(smtpUrl);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(at.hostname);
  const transport = createTransport({
    host: at.hostname.replace(/^\[|\]$/g, ''),
    port: at.port === '' ? (at.protocol === 'smtps:' ? 465 : 587) : Number(at.port),
    secure: at.protocol === 'smtps:',
    requireTLS: at.protocol === 'smtp:' && !loopback,
    ignoreTLS: loopback && at.protocol === 'smtp:',
    ...(at.username && {
      auth: { user: decodeURIComponent(at.username), pass: decodeURIComponent(at.password) },
    }),
    pool: true,
    maxConnections: connections + 1,
    maxMessages: 500,
    // Once, for a connection the server had ended while it was idle; beyond that the outbox decides about another try.
    maxRequeues: 1,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(dkim && {
      dkim: {
        domainName: dkim.domain,
        keySelector: dkim.selector,
        privateKey: dkim.key,
        // nodemailer's default list leaves List-Unsubscribe-Post out, which RFC 8058 wants signed.
        headerFieldNames:
          'from:sender:reply-to:subject:date:message-id:to:cc:mime-version:content-type:content-transfer-encoding:list-unsubscribe:list-unsubscribe-post:auto-submitted',
      },
    }),
  });
  // The bodies on their way, by Message-ID: one that was read to its end was followed by the final dot.
  const bodies = new Map<string, Readable[]>();
  transport.use('stream', (mail, done) => {
    const open = mail.message.createReadStream.bind(mail.message);
    mail.message.createReadStream = (options) => {
      const body = open(options);
      bodies.get(String(mail.data.messageId))?.push(body);
      return body;
    };
    done();
  });
  // Postmark tells of a letter by what came along with it, and leaves our Message-ID in place only where it is asked to.
  const marks = (messageId: string): Record<string, string> =>
    config.mail.events.postmarkLogins.length === 0
      ? {}
      : { 'X-PM-KeepID': 'true', 'X-PM-Metadata-letter': messageId.replace(/^<|@.*$/g, '') };
  return {
    async send(message) {
      const { messageId, from, to } = message;
      const opened: Readable[] = [];
      bodies.set(messageId, opened);
      try {
        await transport.sendMail({
          messageId,
          raw: mimeOf({ ...message, headers: { ...message.headers, ...marks(messageId) } }),
          envelope: { from: from.address, to: [to.address] },
        });
      } catch (error) {
        const dotted = opened.some((body) => body.readableEnded);
        throw error instanceof Error ? Object.assign(error, { dotted }) : error;
      } finally {
        bodies.delete(messageId);
      }
    },
    async verify() {
      await transport.verify();
    },
    connections,
    throttles: openThrottles(config.mail.throttles),
    close() {
      transport.close();
    },
  };
}
