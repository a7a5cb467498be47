// The sandbox's mailbox: a mail server that keeps every letter it accepts and sends none on.
import type { AddressInfo } from 'node:net';
import type { DatabaseSync } from 'node:sqlite';
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import { SMTPServer } from 'smtp-server';
import type { Store } from './store.ts';

export interface Letter {
  id: number;
  /** Business time of the accepting. */
  at: Date;
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string | null;
  /** By lower-case name; one that stands several times has its values one per line. */
  headers: Record<string, string>;
  attachments: { name: string; type: string; bytes: number }[];
}

/** How the mail server misbehaves. */
export interface MailFault {
  /** A whole answer such as "451 4.7.1 later". */
  reply: string;
  /** How many letters are answered so. */
  times: number;
  /** 'rcpt' (when the recipient is named), 'data' (after the final dot, nothing kept) or 'lost' (kept, but the answer never comes). */
  at?: 'rcpt' | 'data' | 'lost' | undefined;
}

export interface Mailbox {
  url: string;
  port: number;
  /** Newest first; `to` is an address as the envelope named it, in any letter case. */
  letters(options?: { to?: string | undefined; limit?: number }): Promise<Letter[]>;
  letter(id: number): Promise<Letter | undefined>;
  count(): number;
  /** How often each Message-ID was accepted. */
  messageIds(): Map<string, number>;
  setFault(fault: MailFault | undefined): void;
  fault(): MailFault | undefined;
  close(): Promise<void>;
}

const faultName = 'mailbox.fault';
const largestLetterBytes = 10 * 1024 * 1024;

/** Opens the mailbox on this machine's loopback only; port 0 takes any free one. */
export async function openMailbox(options: {
  store: Store;
  now: () => Date;
  port: number;
}): Promise<Mailbox> {
  const { now, store } = options;
  const letters = keepLetters(store.database);

  function fault(): MailFault | undefined {
    return JSON.parse(store.read(faultName) ?? 'null') ?? undefined;
  }

  function setFault(next: MailFault | undefined): void {
    store.write(faultName, JSON.stringify(next ?? null));
  }

  /** Takes one of the fault's times when it strikes here. */
  function strike(at: NonNullable<MailFault['at']>): MailFault | undefined {
    const set = fault();
    if (!set || set.times < 1 || (set.at ?? 'rcpt') !== at) return undefined;
    setFault(set.times > 1 ? { ...set, times: set.times - 1 } : undefined);
    return set;
  }

  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: largestLetterBytes,
    closeTimeout: 200,
    onRcptTo(_address, _session, answer) {
      const struck = strike('rcpt');
      answer(struck && refusal(struck.reply));
    },
    onData(stream, session, answer) {
      void (async () => {
        try {
          const raw = await readAll(stream);
          const struck = strike('data');
          if (struck) return answer(refusal(struck.reply));
          if (stream.sizeExceeded) return answer(refusal('552 5.3.4 The letter is too large'));
          letters.keep(now(), session, raw);
          if (strike('lost')) return cutOff(session);
          answer();
        } catch (problem) {
          answer(refusal(`451 4.3.0 The letter could not be kept: ${(problem as Error).message}`));
        }
      })();
    },
  });
  // A client that hangs up is the client's business.
  server.on('error', () => {});

  function cutOff(session: SMTPServerSession): void {
    for (const connection of server.connections) {
      if (connection.id === session.id) connection.close();
    }
  }

  await new Promise<void>((listening, fail) => {
    server.server.once('error', fail);
    server.listen(options.port, '127.0.0.1', listening);
  });
  const { port } = server.server.address() as AddressInfo;

  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    letters: letters.newest,
    letter: letters.one,
    count: letters.count,
    messageIds: letters.messageIds,
    setFault,
    fault,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}

async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= largestLetterBytes) parts.push(part);
  }
  return Buffer.concat(parts);
}

/** An answer in the form that the mail server's library turns into these very words. */
function refusal(reply: string): Error {
  const code = Number.parseInt(reply, 10);
  return Object.assign(new Error(reply.replace(/^\d+[ -]?/, '')), { responseCode: code });
}

function keepLetters(database: DatabaseSync) {
  database.exec(`
    create table if not exists mailbox_letters (
      id integer primary key,
      at_ms integer not null,
      sender text not null,
      message_id text,
      raw blob not null,
      -- Filled when it is first read.
      parsed text
    ) strict;
    create table if not exists mailbox_recipients (
      address text not null,
      letter_id integer not null references mailbox_letters (id),
      named text not null,
      primary key (address, letter_id)
    ) strict;
    create index if not exists mailbox_message_ids on mailbox_letters (message_id);
    create index if not exists mailbox_recipients_of on mailbox_recipients (letter_id);
  `);
  const addLetter = database.prepare(
    'insert into mailbox_letters (at_ms, sender, message_id, raw) values (?, ?, ?, ?)',
  );
  const addRecipient = database.prepare('insert or ignore into mailbox_recipients values (?, ?, ?)');
  const columns = `id, at_ms, sender, raw, parsed, (
      select group_concat(named, ', ') from mailbox_recipients where letter_id = id) as recipients`;
  const selectAll = database.prepare(`select ${columns} from mailbox_letters order by id desc limit ?`);
  const selectTo = database.prepare(
    `select ${columns} from mailbox_letters
     where id in (select letter_id from mailbox_recipients where address = ?) order by id desc limit ?`,
  );
  const selectOne = database.prepare(`select ${columns} from mailbox_letters where id = ?`);
  const saveParsed = database.prepare('update mailbox_letters set parsed = ? where id = ?');
  const countAll = database.prepare('select count(*) as n from mailbox_letters');
  const countIds = database.prepare(
    'select message_id, count(*) as n from mailbox_letters where message_id is not null group by message_id',
  );

  async function read(row: Record<string, unknown>): Promise<Letter> {
    const id = Number(row.id);
    let parsed: ParsedLetter;
    if (typeof row.parsed === 'string') {
      parsed = JSON.parse(row.parsed);
    } else {
      parsed = await parse(Buffer.from(row.raw as Uint8Array));
      saveParsed.run(JSON.stringify(parsed), id);
    }
    return {
      id,
      at: new Date(Number(row.at_ms)),
      to: String(row.recipients ?? ''),
      ...parsed,
      from: parsed.from || String(row.sender),
    };
  }

  async function readEach(rows: Record<string, unknown>[]): Promise<Letter[]> {
    const found: Letter[] = [];
    for (const row of rows) found.push(await read(row));
    return found;
  }

  return {
    /** On the disk when it returns: only then may the server say that it took the letter. */
    keep(at: Date, session: SMTPServerSession, raw: Buffer): void {
      const { mailFrom, rcptTo } = session.envelope;
      database.exec('begin immediate');
      try {
        const sender = mailFrom ? mailFrom.address : '';
        const { lastInsertRowid } = addLetter.run(at.getTime(), sender, messageIdOf(raw), raw);
        for (const { address } of rcptTo) addRecipient.run(address.toLowerCase(), lastInsertRowid, address);
        database.exec('commit');
      } catch (problem) {
        database.exec('rollback');
        throw problem;
      }
    },
    newest: (options: { to?: string | undefined; limit?: number } = {}) => {
      const limit = options.limit ?? -1;
      return readEach(
        options.to === undefined
          ? selectAll.all(limit)
          : selectTo.all(options.to.trim().toLowerCase(), limit),
      );
    },
    async one(id: number) {
      const row = selectOne.get(id);
      return row && read(row);
    },
    count: () => Number(countAll.get()?.n ?? 0),
    messageIds: () => new Map(countIds.all().map((row) => [String(row.message_id), Number(row.n)])),
  };
}

function messageIdOf(raw: Buffer): string | null {
  const end = raw.indexOf('\r\n\r\n');
  const head = raw.subarray(0, end < 0 ? raw.length : end).toString('latin1');
  return /^message-id:\s*(<[^>]*>)/im.exec(head)?.[1] ?? null;
}

type ParsedLetter = Omit<Letter, 'id' | 'at' | 'to'>;

async function parse(raw: Buffer): Promise<ParsedLetter> {
  // Loaded with the first letter that is read: it would slow every start.
  const { simpleParser } = await import('mailparser');
  const mail = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true });
  const headers: Record<string, string> = {};
  for (const { key, line } of mail.headerLines) {
    const value = line
      .slice(line.indexOf(':') + 1)
      .replace(/\r?\n[ \t]+/g, ' ')
      .trim();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}\n${value}`;
  }
  return {
    from: mail.from?.text ?? '',
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html || null,
    headers,
    attachments: mail.attachments.map((each) => ({
      name: each.filename ?? 'attachment',
      type: each.contentType,
      bytes: each.size,
    })),
  };
}
