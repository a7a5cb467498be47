// Links in letters: derived from the row each time the letter is rendered, never stored, one purpose each.
import type { Keys } from '../outside/keys.ts';
import { linkToken, signInCode } from '../outside/tokens.ts';
import type { Frequency } from '../values/money.ts';

export interface LetterLinks {
  /** Opens the reader's own gift at Stripe; over the reader, good for 30 days. */
  manage(): string;
  /** The same page, where it offers to be reminded once of giving again: after a gift has ended. */
  remindAgain(): string;
  /** The choice between two regular gifts, over their pair; good until the older one ends. */
  secondGift(pairId: string, endsAt: Date): string;
  /** Leads to Stripe's page of the gift's open invoice, where it is paid or confirmed. */
  openInvoice(membershipId: string): string;
  /** A reminder's own page. The reminder's row says for how long it is good, so the token has no end of its own. */
  reminder(): string;
  give(): string;
  /** One-click unsubscribe from reminders, over the reminder. */
  unsubscribe(): string;
  /** "Never write to this address", over the reminder. */
  block(): string;
  /** Over the staff member and the invitation's number; good for 3 days. */
  invitation(): string;
  /** The desk, and where staff say how often they want its figures; whoever follows it signs in. */
  desk(): string;
  reportLetters(): string;
  /** Signs the reader in, over the row of their asking; good for ten minutes. */
  signIn(signInId: string): string;
  /** The same by hand, in another browser than the one that asked: six digits. */
  signInCode(signInId: string): string;
  /** The donate page, filled in; the amount in major units. */
  donate(gift: { frequency: Frequency; currency: string; amount: string }): string;
}

/** What a letter's links hang on. */
export interface LinkedTo {
  readerId: string | null;
  reminderId: string | null;
  staffId: string | null;
  /** The invitation's number; only for staff. */
  invitation: number | null;
  createdAt: Date;
}

export function letterLinks(keys: Keys, baseUrl: string, to: LinkedTo): LetterLinks {
  const reminderToken = (purpose: 'reminder' | 'unsubscribe' | 'block') =>
    linkToken(keys, purpose, need(to.reminderId), null);
  const manage = () =>
    `${baseUrl}/account/manage/${linkToken(keys, 'manage', need(to.readerId), daysAfter(to.createdAt, 30))}`;
  return {
    manage,
    remindAgain: () => `${manage()}#remind`,
    secondGift: (pairId, endsAt) =>
      `${baseUrl}/account/second/${linkToken(keys, 'second-gift', pairId, endsAt)}`,
    openInvoice: (membershipId) => `${manage()}/invoice?gift=${membershipId}`,
    reminder: () => `${baseUrl}/reminders/${reminderToken('reminder')}`,
    give: () => `${baseUrl}/reminders/${reminderToken('reminder')}/give`,
    unsubscribe: () => `${baseUrl}/unsubscribe/${reminderToken('unsubscribe')}`,
    block: () => `${baseUrl}/unsubscribe/${reminderToken('block')}`,
    invitation: () => {
      const token = linkToken(
        keys,
        'invitation',
        need(to.staffId),
        daysAfter(to.createdAt, 3),
        String(need(to.invitation)),
      );
      return `${baseUrl}/staff/welcome/${token}`;
    },
    desk: () => `${baseUrl}/staff`,
    reportLetters: () => `${baseUrl}/staff/report-letters`,
    signIn: (signInId) =>
      `${baseUrl}/account/sign-in/${linkToken(keys, 'sign-in', signInId, minutesAfter(to.createdAt, 10))}`,
    signInCode: (signInId) => signInCode(keys, signInId),
    donate: (gift) => `${baseUrl}/donate?${new URLSearchParams({ ...gift, component: 'letter' })}`,
  };
}

/** Links as they look and that open nothing: for letters shown to others than their reader. */
export function exampleLinks(baseUrl: string): LetterLinks {
  const token = 'this-is-an-example-link-of-the-same-length-it-opens-nothing';
  const at = (path: string) => () => `${baseUrl}/${path}`;
  return {
    manage: at(`account/manage/${token}`),
    remindAgain: at(`account/manage/${token}#remind`),
    secondGift: at(`account/second/${token}`),
    openInvoice: at(`account/manage/${token}/invoice`),
    reminder: at(`reminders/${token}`),
    give: at(`reminders/${token}/give`),
    unsubscribe: at(`unsubscribe/${token}`),
    block: at(`unsubscribe/${token}`),
    invitation: at(`staff/welcome/${token}`),
    desk: at('staff'),
    reportLetters: at('staff/report-letters'),
    signIn: at(`account/sign-in/${token}`),
    signInCode: () => '123456',
    donate: at('donate'),
  };
}

function need<T>(part: T | null): T {
  if (part === null) throw new Error('A letter needs a link that its row has nothing for');
  return part;
}

function daysAfter(instant: Date, days: number): Date {
  return minutesAfter(instant, days * 1440);
}

function minutesAfter(instant: Date, minutes: number): Date {
  return new Date(instant.getTime() + minutes * 60_000);
}
