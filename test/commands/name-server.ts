// A name server of a test's own: speaks DNS over UDP (RFC 1035) for the names that the test tells it.
import { createSocket } from 'node:dgram';

export interface NameServer {
  /** `127.0.0.1:PORT`. */
  at: string;
  /** Text records by name; `mx:NAME` holds a domain's mail servers, the preferred first. */
  records: Record<string, readonly string[]>;
  /** Names that are answered with a server's failure, or not at all. */
  failing: Set<string>;
  silent: Set<string>;
  close(): Promise<void>;
}

export async function openNameServer(): Promise<NameServer> {
  const socket = createSocket('udp4');
  const server: NameServer = {
    at: '',
    records: {},
    failing: new Set(),
    silent: new Set(),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  socket.on('message', (query, peer) => {
    const { name, type, end } = readQuestion(query);
    if (server.silent.has(name)) return;
    const asked = type === mx ? server.records[`mx:${name}`] : type === txt ? server.records[name] : [];
    const found = asked ?? [];
    const known = Object.keys(server.records).some((each) => each.replace(/^mx:/, '') === name);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    const code = server.failing.has(name) ? serverFailure : known ? noError : noSuchName;
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(1, 4);
    const answers = code === noError ? found.map((value, at) => recordOf(type, value, at)) : [];
    head.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([head, query.subarray(12, end), ...answers]), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  server.at = `127.0.0.1:${socket.address().port}`;
  return server;
}

const mx = 15;
const txt = 16;
const noError = 0;
const serverFailure = 2;
const noSuchName = 3;

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function recordOf(type: number, value: string, at: number): Buffer {
  const body = type === mx ? Buffer.concat([Buffer.from([0, 10 * (at + 1)]), nameOf(value)]) : textOf(value);
  const head = Buffer.alloc(12);
  // The name that was asked for, by its place in the question.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(body.length, 10);
  return Buffer.concat([head, body]);
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

/** In parts of 255 bytes at most, as long keys are published. */
function textOf(text: string): Buffer {
  const parts = text.match(/.{1,255}/gs) ?? [''];
  return Buffer.concat(parts.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])));
}
