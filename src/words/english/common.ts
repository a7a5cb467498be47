// What appears everywhere, in English.
import { formatDate, formatDay } from '../../values/calendar.ts';
import { type Frequency, formatMoney, type Money } from '../../values/money.ts';
import { englishPlural } from '../plural.ts';

export const common = {
  languages: { en: 'English', ru: 'Русский' },
  language: 'Language',
  skipToContent: 'Skip to the content',
  frequency: { once: 'Once', month: 'Every month', year: 'Every year' },
  howOften: { once: 'once', month: 'every month', year: 'every year' },
  money: (money: Money) => formatMoney(money, 'en'),
  moneyHowOften: (money: Money, frequency: Frequency) => `${formatMoney(money, 'en')}${per[frequency]}`,
  /** A day by its ISO date; with the year when it is not the year of `today`. */
  day: (date: string, today?: string) => formatDay(date, 'en', today),
  onDay: (date: string, today?: string) => `on ${formatDay(date, 'en', today)}`,
  date: (date: string) => formatDate(date, 'en'),
  days: (count: number) => `${count} ${englishPlural(count, 'day', 'days')}`,
  minutes: (count: number) => `${count} ${englishPlural(count, 'minute', 'minutes')}`,
  months: [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ],
  monthsShort: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  back: 'Back',
  continue: 'Continue',
  confirm: 'Confirm',
  cancel: 'Cancel',
  save: 'Save',
  change: 'Change',
  send: 'Send',
  close: 'Close',
  stop: 'Stop',
  tryAgain: 'Try again',
  signIn: 'Sign in',
  signOut: 'Sign out',
  yes: 'Yes',
  no: 'No',
  optional: 'optional',
  address: 'E-mail address',
  amount: 'Amount',
  currency: 'Currency',
  none: 'None',
  sending: 'Sending…',
  opening: 'Opening…',
  errorSummary: (count: number) =>
    englishPlural(count, 'One thing needs another look', `${count} things need another look`),
  troubleTitle: 'This did not work',
  troubleText: 'Something broke on our side, and it has been noted. Please try again in a little while.',
  troubleReference: (id: string) => `If you write to us about it, please mention this number: ${id}.`,
  notFoundTitle: 'There is no such page',
  notFoundText:
    'The address may have been cut off on its way to you. Please check it, or begin from the start.',
  refusedTitle: 'We could not do that',
  sandbox: 'Sandbox: no real money moves and no letter leaves this machine.',
};

const per = { once: '', month: ' a month', year: ' a year' } as const;
