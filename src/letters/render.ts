// Render: a letter's row and its recipient become the message that is sent; the same row gives the same message at every attempt.
import type { Config } from '../outside/config.ts';
import type { Keys } from '../outside/keys.ts';
import type { Message } from '../outside/smtp.ts';
import type { letters } from '../schema.ts';
import { localDate } from '../values/calendar.ts';
import { isLocale, type Locale } from '../values/locale.ts';
import { wordsFor } from '../words/words.ts';
import { actionRequired } from './action-required.ts';
import { amountChanged } from './amount-changed.ts';
import { annualStatement } from './annual-statement.ts';
import type { Letter } from './blocks.ts';
import { cardChanged } from './card-changed.ts';
import { cardExpiring } from './card-expiring.ts';
import { debitFailed } from './debit-failed.ts';
import { letterHtml, letterText } from './frame.tsx';
import { giftEnding } from './gift-ending.ts';
import { giftLost } from './gift-lost.ts';
import { type LetterLinks, letterLinks } from './links.ts';
import type { LetterFacts, LetterKind } from './outbox.ts';
import { paused } from './paused.ts';
import { paymentFailed } from './payment-failed.ts';
import { recovered } from './recovered.ts';
import { refunded } from './refunded.ts';
import { reminder } from './reminder.ts';
import { reminderConfirmation } from './reminder-confirmation.ts';
import { renewalAhead } from './renewal-ahead.ts';
import { renewalReceipt } from './renewal-receipt.ts';
import { reportSummary } from './report-summary.ts';
import { secondGift } from './second-gift.ts';
import { signIn } from './sign-in.ts';
import { staffInvitation } from './staff-invitation.ts';
import { thankYou } from './thank-you.ts';
import type { Writing } from './writing.ts';

export type LetterRow = typeof letters.$inferSelect;

/** What of a letter's row its words come from. */
export type WrittenRow = Pick<LetterRow, 'kind' | 'locale' | 'facts' | 'createdAt'>;

export type RenderedRow = WrittenRow &
  Pick<LetterRow, 'class' | 'messageId' | 'readerId' | 'staffId' | 'reminderId'>;

/** Whom a letter goes to, opened for the moment of sending. */
export interface Recipient {
  address: string;
  name: string | null;
  /** The number of a staff member's invitation. */
  invitation: number | null;
  /** They asked for letters that name nobody from the outside. */
  discreet?: boolean;
}

/** The message for a letter's row, as it is handed to the mail server. */
export function renderLetter(
  services: { config: Config; keys: Keys },
  row: RenderedRow,
  recipient: Recipient,
): Message {
  const { config, keys } = services;
  const links = letterLinks(keys, config.baseUrl, { ...row, invitation: recipient.invitation });
  const { locale, discreet, subject, text, html } = writeLetter(config, links, row, recipient);
  return {
    messageId: row.messageId,
    from: { name: senderName(config, { locale, discreet }), address: config.mail.from.address },
    to: { name: '', address: recipient.address },
    subject,
    text,
    html,
    date: row.createdAt,
    headers: {
      // RFC 3834: nobody's holiday notice need answer this.
      'Auto-Submitted': 'auto-generated',
      'Content-Language': locale,
      // RFC 8058: one click, and only where one may unsubscribe without losing receipts or sign-in.
      ...(row.class === 'reminder' && {
        'List-Unsubscribe': `<${links.unsubscribe()}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }),
    },
  };
}

/** Whom a letter is from, as a mail program shows it. */
export function senderName(
  { mail, publication }: Pick<Config, 'mail' | 'publication'>,
  { locale, discreet }: Pick<WrittenLetter, 'locale' | 'discreet'>,
): string {
  return discreet ? wordsFor(locale).letters.discreetSender : (mail.from.name ?? publication.name);
}

export interface WrittenLetter {
  locale: Locale;
  discreet: boolean;
  subject: string;
  /** What a mail program shows beside the subject. */
  preview: string;
  text: string;
  html: string;
}

/** A letter's words in both parts, whoever looks at them; its links lead where the caller says. */
export function writeLetter(
  config: Pick<Config, 'publication'>,
  links: LetterLinks,
  row: WrittenRow,
  { name, discreet: theirs = false }: Pick<Recipient, 'name' | 'discreet'>,
): WrittenLetter {
  const { kind } = row;
  if (!isLetterKind(kind)) throw new Error('A letter of a kind that nobody writes');
  const locale = isLocale(row.locale) ? row.locale : 'en';
  const words = wordsFor(locale);
  const { publication } = config;
  const discreet = publication.discreet || theirs || row.facts.discreet === true;
  const letter = write(kind, {
    // As queueLetter wrote them, which took them typed by their kind.
    facts: row.facts as unknown as LetterFacts[typeof kind],
    words,
    links,
    publication: { name: publication.name, timeZone: publication.timeZone },
    discreet,
    name: greetableName(name),
    writtenOn: localDate(row.createdAt, publication.timeZone),
  });
  const subject = discreet ? letter.discreetSubject : letter.subject;
  const preview = discreet ? words.letters.discreetPreview : firstWords(letter);
  const framing = { locale, subject, preview, masthead: discreet ? null : publication.name };
  return {
    locale,
    discreet,
    subject,
    preview,
    text: letterText(framing, letter.blocks),
    html: letterHtml(framing, letter.blocks),
  };
}

/** What the letter says first, past the greeting: more of use beside the subject than the name and the heading again. */
function firstWords({ blocks }: Letter): string {
  const first = blocks.find((block) => block.is === 'paragraph');
  return first?.is === 'paragraph' ? first.text : '';
}

/** Whether letters of this kind are written here. */
export function isLetterKind(text: string): text is LetterKind {
  return Object.hasOwn(writers, text);
}

/** A name from a payment form is whatever was typed there: greeted by it is only what looks like a person's name. */
export function greetableName(name: string | null): string | null {
  const plain = name?.trim() ?? '';
  return /^\p{L}[\p{L}\p{M}'’. -]{0,58}$/u.test(plain) &&
    !/\.\S*\./.test(plain) &&
    !/\.\p{L}{2,}/u.test(plain)
    ? plain
    : null;
}

function write<K extends LetterKind>(kind: K, writing: Writing<K>): Letter {
  return writers[kind](writing);
}

const writers: { [K in LetterKind]: (writing: Writing<K>) => Letter } = {
  'thank-you': thankYou,
  'renewal-receipt': renewalReceipt,
  'payment-failed': paymentFailed,
  'action-required': actionRequired,
  recovered,
  'card-changed': cardChanged,
  'card-expiring': cardExpiring,
  'renewal-ahead': renewalAhead,
  'amount-changed': amountChanged,
  'second-gift': secondGift,
  paused,
  'debit-failed': debitFailed,
  'annual-statement': annualStatement,
  'gift-ending': giftEnding,
  'gift-lost': giftLost,
  refunded,
  'sign-in': signIn,
  'staff-invitation': staffInvitation,
  'report-summary': reportSummary,
  'reminder-confirmation': reminderConfirmation,
  reminder,
};
