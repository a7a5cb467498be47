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
  const at = address.lastIndexOf('@');
  const written = isAscii(address)
    ? address
    : `${address.slice(0, at)}@${domainToASCII(address.slice(at + 1))}`;
  if (name === '') return written;
  return `${displayName(oneLine(name))} <${written}>`;
}

function displayName(name: string): string {
  if (/^[\w ]+$/.test(name)) return name;
  return isPlainText(name) && !name.includes('=?') ? quoteString(name) : encodeWord(name, 'Q', 52);
}

function part(type: 'text/plain' | 'text/html', content: string): string {
  const text = content.replaceAll(/\r\n|\r|\n/g, '\r\n');
  const bytes = Buffer.from(text);
  // Quoted-printable takes three letters for every byte beyond ASCII, base64 four for every three bytes.
  const manyBeyondAscii = (bytes.length - text.length) * 6 > bytes.length;
  const [encoding, body] = manyBeyondAscii
    ? (['base64', bytes.toString('base64').replaceAll(/.{76}(?!$)/g, '$&\r\n')] as const)
    : (['quoted-printable', softBroken(quotedPrintable(text))] as const);
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
}

function quotedPrintable(text: string): string {
  // "=", whatever is not printable ASCII, and a blank that ends a line.
  return text.replaceAll(/[^\t\r\n\x20-\x3c\x3e-\x7e]+|[\t ](?=\r\n|$)/g, (those) =>
    Buffer.from(those).toString('hex').toUpperCase().replaceAll(/../g, '=$&'),
  );
}

/** Lines of 76 characters at most (RFC 2045, 6.7), none ending within a letter's code. */
function softBroken(encoded: string): string {
  const lines: string[] = [];
  for (const line of encoded.split('\r\n')) {
    let at = 0;
    while (line.length - at > 76) {
      const code = line.lastIndexOf('=', at + 74);
      const end = code > at + 72 ? code : at + 75;
      lines.push(`${line.slice(at, end)}=`);
      at = end;
    }
    lines.push(line.slice(at));
  }
  return lines.join('\r\n');
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
