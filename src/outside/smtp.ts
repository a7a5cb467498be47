// The way to the mail server: connections that each carry many letters one at a time, DKIM where configured, recipients given as objects and never parsed.
import { Readable } from 'node:stream';
import type { NodemailerError, SMTPConnectionAuth, SMTPConnectionOptions } from 'nodemailer';
import DKIM from 'nodemailer/lib/dkim';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Config } from './config.ts';
import { inAscii, mimeOf } from './mime.ts';
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
   * How many letters may be on their way at once, beside one more that must not wait for them: each over a connection of
   * its own, so that a crash leaves no more in doubt than there are connections.
   */
  connections: number;
  throttles: Throttles;
  close(): void;
}

/** Never falls back to plain text where the URL says smtps or requireTLS. */
export function openMailer(config: Pick<Config, 'mail'>, connections = config.mail.connections): Mailer {
  const { smtpUrl } = config.mail;
  const at = new URL(smtpUrl);
  const kept = openConnections(connectionOptions(at), authOf(at));
  const bodyOf = openBodies(config.mail);
  // Postmark tells of a letter by what came along with it, and leaves our Message-ID in place only where it is asked to.
  const marks = (messageId: string): Record<string, string> =>
    config.mail.events.postmarkLogins.length === 0
      ? {}
      : { 'X-PM-KeepID': 'true', 'X-PM-Metadata-letter': messageId.replace(/^<|@.*$/g, '') };
  return {
    async send(message) {
      const { messageId, from, to } = message;
      const bytes = mimeOf({ ...message, headers: { ...message.headers, ...marks(messageId) } });
      let body: Readable | null = null;
      const open = () => {
        body = bodyOf(bytes);
        return body;
      };
      try {
        await kept.send({ from: inAscii(from.address), to: [inAscii(to.address)] }, open);
      } catch (error) {
        // One that was read to its end was followed by the final dot.
        const dotted = wasRead(body);
        throw error instanceof Error ? Object.assign(error, { dotted }) : error;
      }
    },
    verify: () => kept.verify(),
    connections,
    throttles: openThrottles(config.mail.throttles),
    close: () => kept.close(),
  };
}

function connectionOptions(at: URL): SMTPConnectionOptions {
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(at.hostname);
  return {
    host: at.hostname.replace(/^\[|\]$/g, ''),
    port: at.port === '' ? (at.protocol === 'smtps:' ? 465 : 587) : Number(at.port),
    secure: at.protocol === 'smtps:',
    requireTLS: at.protocol === 'smtp:' && !loopback,
    ignoreTLS: loopback && at.protocol === 'smtp:',
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
  };
}

function authOf({ username, password }: URL): SMTPConnectionAuth | null {
  if (username === '') return null;
  return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}

/** How a letter's bytes become what is read while they are sent: as they are, or signed. */
function openBodies({ dkim }: Config['mail']): (bytes: Buffer) => Readable {
  if (!dkim) {
    return (bytes) =>
      new Readable({
        read() {
          this.push(bytes);
          this.push(null);
        },
      });
  }
  const signer = new DKIM({
    domainName: dkim.domain,
    keySelector: dkim.selector,
    privateKey: dkim.key,
    // nodemailer's default list leaves List-Unsubscribe-Post out, which RFC 8058 wants signed.
    headerFieldNames:
      'from:sender:reply-to:subject:date:message-id:to:cc:mime-version:content-type:content-transfer-encoding:list-unsubscribe:list-unsubscribe-post:auto-submitted',
  });
  return (bytes) => signer.sign(bytes);
}

function wasRead(body: Readable | null): boolean {
  return body?.readableEnded === true;
}

interface Envelope {
  from: string;
  to: string[];
}

interface Connections {
  /**
   * Resolves once the server accepted the letter. Goes over a connection that waits, else over a new one: there are as many
   * as letters were ever on their way at once. `bodyOf` is asked anew where a kept connection turns out to have ended before
   * it was read: then it goes over a new one, once.
   */
  send(envelope: Envelope, bodyOf: () => Readable): Promise<void>;
  /** Connects and signs in, and takes leave. */
  verify(): Promise<void>;
  /** Those that carry a letter close after it. */
  close(): void;
}

interface Kept {
  connection: SMTPConnection;
  letters: number;
}

function openConnections(options: SMTPConnectionOptions, auth: SMTPConnectionAuth | null): Connections {
  const waiting: Kept[] = [];
  let closed = false;

  const open = async (): Promise<Kept> => {
    if (closed) throw connectionLost();
    const connection = new SMTPConnection(options);
    // Waiting, it is found ended when it is wanted next; on its way, the letter hears the same.
    connection.on('error', () => {});
    await begin(connection, auth);
    return { connection, letters: 0 };
  };
  const waitingOne = (): Kept | undefined => {
    for (let kept = waiting.pop(); kept !== undefined; kept = waiting.pop()) {
      if (!kept.connection.destroyed) return kept;
    }
    return undefined;
  };
  const keep = (kept: Kept) => {
    if (closed || kept.letters >= mostLetters) kept.connection.close();
    else waiting.push(kept);
  };

  return {
    async send(envelope, bodyOf) {
      const kept = waitingOne();
      if (kept !== undefined) {
        const body = bodyOf();
        try {
          await handOver(kept, envelope, body, keep);
          return;
        } catch (error) {
          if (body.readableDidRead || !endedConnection(error)) throw error;
        }
      }
      await handOver(await open(), envelope, bodyOf(), keep);
    },
    async verify() {
      const { connection } = await open();
      connection.quit();
    },
    close() {
      closed = true;
      for (const { connection } of waiting.splice(0)) connection.close();
    },
  };
}

const mostLetters = 500;

/** Connects, and signs in where the server offers that. */
function begin(connection: SMTPConnection, auth: SMTPConnectionAuth | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      reject(error);
      connection.close();
    };
    const ended = () => reject(connectionLost());
    const ready = () => {
      connection.off('error', fail);
      connection.off('end', ended);
      resolve();
    };
    connection.once('error', fail);
    connection.once('end', ended);
    connection.connect((problem) => {
      if (problem) fail(problem);
      else if (auth === null || !connection.allowsAuth) ready();
      else connection.login(auth, (refusal) => (refusal ? fail(refusal) : ready()));
    });
  });
}

/** Sends one letter over a connection, which is kept where it can carry another. */
function handOver(kept: Kept, envelope: Envelope, body: Readable, keep: (kept: Kept) => void): Promise<void> {
  const { connection } = kept;
  return new Promise((resolve, reject) => {
    kept.letters += 1;
    connection.send({ ...envelope }, body, (error) => {
      if (!error) {
        keep(kept);
        resolve();
        return;
      }
      if (!refusedLetter(error) || connection.destroyed) {
        connection.close();
        reject(error);
        return;
      }
      // Refused was this letter; after a reset the connection is as good as before. It is waited for, so that the next letter
      // finds it and opens no other.
      const ended = () => reject(error);
      connection.once('end', ended);
      connection.reset((failure) => {
        connection.off('end', ended);
        if (failure) connection.close();
        else keep(kept);
        reject(error);
      });
    });
  });
}

function refusedLetter({ code, responseCode }: NodemailerError): boolean {
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== 421;
}

/** Of the connection and not of the letter. */
function endedConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, responseCode }: NodemailerError = error;
  return responseCode === 421 || ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT'].includes(code ?? '');
}

function connectionLost(): Error {
  return Object.assign(new Error('The connection ended'), { code: 'ECONNECTION', command: 'CONN' });
}
