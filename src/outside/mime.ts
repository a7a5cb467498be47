// MIME: a message as the bytes that go over the wire: encoded in one go, since nodemailer's streams cost more than all else of sending it.
import { domainToASCII } from 'node:url';
import { encodeWord, encodeWords, foldLines, isPlainText, quoteString } from 'nodemailer/lib/mime-funcs';
import type { Message } from './smtp.ts';

/** The message in RFC 5322 form: text and HTML as alternatives, every byte ASCII, the same bytes at every attempt. */
export function mimeOf(message: Message): Buffer {
  // What begins so cannot stand in a part: "=" is followed by two digits there, and base64 has no "_".
  const boundary = `=_${message.messageId.replaceAll(/[^A-Za-z0-9-]/g, '').slice(0, 60)}`;
  const head = [
    header('From', mailbox(message.from)),
    header('To', mailbox(message.to)),
    header('Subject', encodeWords(message.subject, 'Q', 52, true)),
    `Message-ID: ${oneLine(message.messageId)}`,
    `Date: ${message.date.toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    // Not folded: what is named here are addresses and single words, and not all who read List-Unsubscribe unfold it.
    ...Object.entries(message.headers).map(([name, value]) => `${name}: ${ascii(oneLine(value))}`),
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
  ];
  const lines = [
    ...head,
    '',
    `--${boundary}`,
    part('text/plain', message.text),
    `--${boundary}`,
    part('text/html', message.html),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function header(name: string, value: string): string {
  return foldLines(`${name}: ${oneLine(value)}`, 76);
}

function mailbox({ name, address }: { name: string; address: string }): string {
  const written = inAscii(address);
  if (name === '') return written;
  return `${displayName(oneLine(name))} <${written}>`;
}

/** An address as servers write it: a domain in letters beyond ASCII by its ASCII name. */
export function inAscii(address: string): string {
  if (isAscii(address)) return address;
  const at = address.lastIndexOf('@');
  return `${address.slice(0, at)}@${domainToASCII(address.slice(at + 1))}`;
}

function displayName(name: string): string {
  if (/^[\w ]+$/.test(name)) return name;
  return isPlainText(name) && !name.includes('=?') ? quoteString(name) : encodeWord(name, 'Q', 52);
}

function part(type: 'text/plain' | 'text/html', content: string): string {
  const bytes = Buffer.from(content);
  // Quoted-printable takes three letters for every byte beyond ASCII, base64 four for every three bytes.
  const manyBeyondAscii = (bytes.length - content.length) * 6 > bytes.length;
  const [encoding, body] = manyBeyondAscii
    ? (['base64', base64(content)] as const)
    : (['quoted-printable', quotedPrintable(bytes)] as const);
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
}

function base64(content: string): string {
  const text = content.replaceAll(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(text)
    .toString('base64')
    .replaceAll(/.{76}(?!$)/g, '$&\r\n');
}

/** Lines of 76 characters at most, none ending within a letter's code or in a blank (RFC 2045, 6.7). */
function quotedPrintable(bytes: Buffer): string {
  // At worst each byte is a code of three letters, and every 72 of them or more end in "=", CR and LF.
  const encoded = Buffer.allocUnsafe(bytes.length * 3 + Math.ceil(bytes.length / 24) * 3);
  let end = 0;
  let column = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    // Nearly all of a letter, and nothing more is to be known of it.
    if (column < 75 && isPrintable(byte)) {
      encoded[end++] = byte;
      column += 1;
      continue;
    }
    if (byte === CR || byte === LF) {
      if (byte === CR && bytes[at + 1] === LF) at += 1;
      encoded[end++] = CR;
      encoded[end++] = LF;
      column = 0;
      continue;
    }
    const next = bytes[at + 1] ?? LF;
    const lastOfLine = next === CR || next === LF;
    const plain = isPrintable(byte) || ((byte === TAB || byte === BLANK) && !lastOfLine);
    const width = plain ? 1 : 3;
    // The last place of a line is for what ends it there, or for the "=" that says it goes on.
    if (column + width > (lastOfLine ? 76 : 75)) {
      encoded[end++] = EQUALS;
      encoded[end++] = CR;
      encoded[end++] = LF;
      column = 0;
    }
    column += width;
    if (plain) {
      encoded[end++] = byte;
    } else {
      encoded[end++] = EQUALS;
      encoded[end++] = hexDigit(byte >> 4);
      encoded[end++] = hexDigit(byte & 15);
    }
  }
  return encoded.toString('latin1', 0, end);
}

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const EQUALS = 61;

/** As it stands in quoted-printable: printable ASCII without "=". */
function isPrintable(byte: number): boolean {
  return byte > BLANK && byte < 127 && byte !== EQUALS;
}

/** The character for a number below sixteen. */
function hexDigit(number: number): number {
  return number < 10 ? 48 + number : 55 + number;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ');
}

function ascii(text: string): string {
  return isAscii(text) ? text : encodeWords(text, 'Q', 52, true);
}

function isAscii(text: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(text);
}
