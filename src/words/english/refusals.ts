// What is wrong and what to do about it, in English: one sentence or two per refusal code.
import { formatDay } from '../../values/calendar.ts';
import { decimalString, formatMoney, type Money, minorPerMajor } from '../../values/money.ts';
import type { RefusalCode, RefusalFacts } from '../../values/refusal.ts';
import { englishPlural } from '../plural.ts';

export const refusals: { readonly [C in RefusalCode]: (facts: Readonly<RefusalFacts[C]>) => string } = {
  'amount-missing': () => 'Please choose an amount, or enter your own.',
  'amount-not-a-number': () => 'Please enter the amount in figures, for example 5 or 5.50.',
  'amount-not-minor': () => 'Please give the amount as a whole number of minor units.',
  'amount-not-in-steps': ({ step }) =>
    `Please give the amount in minor units that are a multiple of ${step}: this currency is charged in no smaller steps.`,
  'amount-unclear': () =>
    'We cannot tell thousands from decimals here. Please enter the amount without a thousands mark, for example 1000 or 1.00.',
  'amount-too-small': ({ minimum, frequency, inMinor }) =>
    `The smallest ${gift[frequency]} is ${formatMoney(minimum, 'en')}. Please ${inMinor ? `give ${minimum.amountMinor} minor units` : `enter ${plain(minimum)}`} or more.`,
  'amount-too-large': ({ maximum, frequency }) =>
    `The largest ${gift[frequency]} we can take here is ${formatMoney(maximum, 'en')}. For more, please write to us.`,
  'too-many-decimals': ({ allowed, currency }) =>
    allowed === 0
      ? `Please enter a whole amount: ${currency} is given without decimals.`
      : `Please enter at most ${allowed} digits after the decimal point, and no thousands mark.`,
  'currency-unknown': () => 'We do not take this currency. Please choose one from the list.',
  'frequency-unknown': () => 'Please choose how often: once, every month or every year.',
  'address-missing': () => 'Please enter your e-mail address.',
  'address-malformed': () =>
    'This does not look like an e-mail address. Please write it as in name@example.org.',
  'address-not-ascii': () =>
    'Before the @ only Latin letters, digits and signs work here. Please use another address of yours.',
  'choice-missing': () => 'Please choose when we should write to you.',
  'choice-unknown': () => 'Please choose one of the options shown.',
  'date-missing': () => 'Please choose a day.',
  'date-malformed': () => 'There is no such day. Please write it as year-month-day, for example 2027-02-24.',
  'date-too-soon': ({ earliestOn }) =>
    `The earliest day we can do is ${formatDay(earliestOn, 'en')}. Please choose that day or a later one.`,
  'date-too-late': ({ latestOn }) =>
    `The latest day we can do is ${formatDay(latestOn, 'en')}. Please choose that day or an earlier one.`,
  'zone-unknown': () => 'We do not know this time zone. Please use a name such as Europe/Berlin.',
  'text-missing': () => 'Please write something here.',
  'text-too-long': ({ longest }) => `This is too long. Please keep it to ${longest} characters.`,
  'value-malformed': () => 'This is not in a form we can read. Please check it.',
  'field-unknown': () => 'We do not know this field. Please leave it out.',
  'period-malformed': () =>
    'Please give the first day and the day after the last as year-month-day, the first before the second.',
  'period-too-long': ({ most }) =>
    `This range has too many steps: ${most} at most are shown. Please choose a shorter time, or longer steps.`,
  'link-expired': () => 'This link is no longer valid. You can ask for a new one below.',
  'link-broken': () =>
    'This link is not whole, or was never ours. Please open it again from the letter, or copy all of it.',
  'too-many-tries': ({ minutes }) =>
    `That was too often in a short time. Please try again in ${minutes} ${englishPlural(minutes, 'minute', 'minutes')}.`,
  'form-from-elsewhere': () =>
    'This form did not come from our own page, so nothing was done. Please open the page here and try again.',
  'signature-wrong': () => 'The signature is missing, wrong or too old. Check the signing secret.',
  'sender-unproven': () =>
    'Nothing proves that our mail provider sent this. Check the key, the login or the topic that is configured here.',
  'proof-unavailable': () =>
    'We cannot check right now who sent this. Please send it again in a few minutes.',
  'not-found': () => 'There is nothing at this address.',
  'method-not-allowed': () => 'This address does not answer to that kind of request.',
  'not-allowed': () => 'Your role does not include this. Someone with the admin role can change that.',
  'payments-unavailable': ({ charged }) =>
    charged === 'nothing'
      ? 'The payment page cannot be reached right now. Nothing was charged. Please try again in a few minutes.'
      : 'We did not hear back from the payment page. Before you try again, please check your mail: if a payment went through, a receipt is on its way.',
  'body-too-large': () => 'This is more than we accept at once.',
  'body-malformed': () => 'We could not read this request. Nothing was done.',
  'wrong-content-type': ({ expected }) => `Please send this as ${expected}.`,
  'wrong-encoding': () => 'Please send this uncompressed and in UTF-8.',
  'idempotency-mismatch': () =>
    'This Idempotency-Key was already used with other contents. Nothing was done; please use a new key.',
  'idempotency-in-flight': () =>
    'The same request is still being worked on. Please wait a moment and ask again with the same key.',
  'idempotency-key-malformed': () => 'Please send an Idempotency-Key of 1 to 255 visible ASCII characters.',
  'password-too-short': ({ shortest }) =>
    `Please choose a password of at least ${shortest} characters. A short sentence works well.`,
  'password-too-long': ({ longest }) => `Please choose a password of at most ${longest} characters.`,
  'sign-in-failed': () => 'Address and password do not match. Please check both and try again.',
  'sign-in-needed': () => 'Please sign in first.',
  'code-missing': () => 'Please enter the six digits from the letter.',
  'code-wrong': () =>
    'This is not the code in the newest letter. Please look at it again; after five wrong ones another letter is needed.',
  'sign-in-over': () =>
    'This was used already, is more than 10 minutes old, or was tried too often. Please ask for another letter.',
  'gift-runs-already': () =>
    'A regular gift runs already. Please change its amount instead, or say that a second one is meant.',
  'token-wrong': () => 'This token is not known here, or was revoked. Please ask for a new one.',
  'gift-unchangeable': () =>
    'The amount can be changed while the gift runs and its payments go through. Please look after the card first, or begin a new gift.',
  'already-done': () => 'This was already done. Nothing more is needed.',
  'report-unfinished': () =>
    'This could not be counted in time. Please ask again in a moment, or for a shorter time.',
};

const gift = { once: 'gift', month: 'monthly gift', year: 'yearly gift' } as const;

/** The bare figure, as one would type it. */
function plain(money: Money): string {
  const whole = money.amountMinor % minorPerMajor(money.currency) === 0n;
  return whole ? `${money.amountMinor / minorPerMajor(money.currency)}` : decimalString(money);
}
