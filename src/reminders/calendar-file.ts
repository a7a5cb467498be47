// The calendar file: a reminder that the reader's own calendar keeps instead of us (RFC 5545); pure.
import { createHash } from 'node:crypto';

export interface CalendarEntry {
  /** The local day; the calendar shows it at nine in the morning, wherever the reader is then. */
  sendOn: string;
  /** Where the reader can give. */
  url: string;
  title: string;
  text: string;
  language: string;
  writtenAt: Date;
}

/** An iCalendar file with one event and one alarm. The same entry is the same event: saved twice, it stands there once. */
export function calendarFile(entry: CalendarEntry): string {
  const day = entry.sendOn.replaceAll('-', '');
  const language = `;LANGUAGE=${entry.language}`;
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    // Calendars may show it: it names nobody.
    'PRODID:-//reminder//EN',
    'CALSCALE:GREGORIAN',
    'BEGIN:VEVENT',
    `UID:${uidOf(entry)}`,
    `DTSTAMP:${entry.writtenAt.toISOString().replace(/[-:]|\.\d+/g, '')}`,
    // Without a zone: nine in the morning by the clock that the reader then lives by.
    `DTSTART:${day}T090000`,
    `DTEND:${day}T091500`,
    `SUMMARY${language}:${escaped(entry.title)}`,
    `DESCRIPTION${language}:${escaped(`${entry.text}\n${entry.url}`)}`,
    `URL:${entry.url}`,
    'TRANSP:TRANSPARENT',
    'CLASS:PRIVATE',
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    `DESCRIPTION${language}:${escaped(entry.title)}`,
    'TRIGGER:PT0S',
    'END:VALARM',
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

/** Made of what the entry says and of nobody's name or host (RFC 7986 5.3); a UUID of version 8. */
function uidOf({ sendOn, url, title }: CalendarEntry): string {
  const hex = createHash('sha256').update(`${sendOn}\n${url}\n${title}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** RFC 5545 3.3.11. */
function escaped(text: string): string {
  return text.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n');
}

/** At most 75 octets in a line, and no character torn in two (RFC 5545 3.1). */
function folded(line: string): string {
  let text = '';
  let octets = 0;
  for (const character of line) {
    const more = Buffer.byteLength(character);
    if (octets + more > 75) {
      text += '\r\n ';
      octets = 1;
    }
    text += character;
    octets += more;
  }
  return text;
}
