// Letters to readers, in English. Amounts and days come formatted; `onDay` reads "on Wednesday 24 February".
import { englishPlural } from '../plural.ts';
import { common } from './common.ts';

export const letters = {
  /** Whom a letter is from, and what a mail program shows of it, where nothing may name the publication. */
  discreetSender: 'Notifications',
  discreetPreview: 'The details are inside.',
  greeting: 'Hello,',
  greetingTo: (name: string) => `Dear ${name},`,
  signature: (publication: string) => `The editors of ${publication}`,
  linkInWords: 'If the button does not work, copy this address into your browser:',
  whyMoney: 'You get this letter because this address was given with a payment.',
  whyGift: 'You get this letter because a regular gift was set up with this address.',
  whyYear: 'You get this letter once a year, because you gave with this address.',
  whyReminder: 'You get this letter because you asked us to remind you, once.',
  whyReminderAgain: 'You get this letter because you asked us to remind you once more.',
  ifWrong: 'If something here is not right, simply reply to this letter.',
  manageGift: 'Look after my gift',
  manageGiftText: 'You can change your card or end your gift at any time, in two clicks.',
  manageSupport: 'Look after my support',
  receipt: {
    title: 'Receipt',
    amount: 'Amount',
    coveredFees: 'Of which to cover fees',
    howOften: 'How often',
    paidOn: 'Paid on',
    reference: 'Reference',
    next: 'Next payment',
    refundedOn: 'Sent back on',
  },
  thankYou: {
    subject: (publication: string) => `Thank you for supporting ${publication}`,
    subjectDiscreet: 'Your receipt',
    heading: 'Thank you',
    once: (amount: string) => `Your gift of ${amount} has arrived.`,
    month: (amount: string) =>
      `Your first ${amount} has arrived, and from now on you support us every month.`,
    year: (amount: string) => `Your first ${amount} has arrived, and from now on you support us every year.`,
    whatItDoes:
      'It goes where all our money goes: into the time it takes to find out what happened and to write it down with care.',
    onceNothingMore: 'This was a single gift. Nothing more will be charged.',
  },
  renewed: {
    subject: (publication: string) => `Your receipt from ${publication}`,
    subjectDiscreet: 'Your receipt',
    heading: 'Thank you for staying',
    month: (amount: string) => `Your monthly gift of ${amount} has arrived.`,
    year: (amount: string) => `Your yearly gift of ${amount} has arrived.`,
  },
  paymentFailed: {
    subject: 'Your payment did not go through',
    subjectDiscreet: 'Your payment did not go through',
    heading: 'Your payment did not go through',
    month: (amount: string) =>
      `We could not collect your monthly gift of ${amount}. Nothing was charged. Often the card has simply expired.`,
    year: (amount: string) =>
      `We could not collect your yearly gift of ${amount}. Nothing was charged. Often the card has simply expired.`,
    triedAgain: (onDay: string) =>
      `We will try again ${onDay}. You need not do anything unless your card has changed.`,
    lastTry: 'We will not try again. If you would like to go on, please give us another card.',
    button: 'Change my card',
  },
  actionRequired: {
    subject: 'Please confirm your payment',
    subjectDiscreet: 'Please confirm your payment',
    heading: 'Your bank asks you to confirm',
    month: (amount: string) =>
      `Your monthly gift of ${amount} is waiting: your bank wants you to confirm it. Nothing has been charged yet.`,
    year: (amount: string) =>
      `Your yearly gift of ${amount} is waiting: your bank wants you to confirm it. Nothing has been charged yet.`,
    how: 'The button opens the payment page; your bank will ask you there, as it does in a shop.',
    button: 'Confirm the payment',
  },
  recovered: {
    subject: 'Your payment has arrived',
    subjectDiscreet: 'Your payment has arrived',
    heading: 'It worked, thank you',
    month: (amount: string) =>
      `Your monthly gift of ${amount} has arrived after all. Everything goes on as before.`,
    year: (amount: string) =>
      `Your yearly gift of ${amount} has arrived after all. Everything goes on as before.`,
  },
  cardExpiring: {
    subject: 'Your card is about to expire',
    subjectDiscreet: 'Your card is about to expire',
    heading: 'Your card is about to expire',
    month: (amount: string, day: string) =>
      `The card that your monthly gift of ${amount} is collected from is good until ${day}.`,
    year: (amount: string, day: string) =>
      `The card that your yearly gift of ${amount} is collected from is good until ${day}.`,
    what: 'Many banks send us the new card by themselves. To be sure, you can enter it now:',
    button: 'Change my card',
  },
  renewalAhead: {
    subject: 'Your yearly gift is about to renew',
    subjectDiscreet: 'Your yearly payment is about to renew',
    heading: 'Your yearly gift is about to renew',
    text: (amount: string, onDay: string) =>
      `Your yearly gift of ${amount} will be collected again ${onDay}. You need not do anything.`,
    change: 'If you would like to change the card or end the gift, there is time until then:',
    thanks: 'Thank you for the year behind us.',
  },
  cardChanged: {
    subject: 'Your card is changed',
    subjectDiscreet: 'Your card is changed',
    heading: 'Your card is changed',
    text: (onDay: string) =>
      `The card for your gift was changed ${onDay}. From now on your gift is collected from the new one; nothing else changes.`,
    notMe: 'If it was not you, please look at your gift and reply to this letter.',
  },
  amountChanged: {
    subject: 'The amount of your gift is changed',
    subjectDiscreet: 'The amount is changed',
    heading: 'The amount of your gift is changed',
    text: (before: string, amount: string, onDay: string) =>
      `Instead of ${before} your gift is now ${amount}. It is collected for the first time ${onDay}; until then nothing is charged.`,
    thanks: 'Thank you for thinking of us.',
  },
  paused: {
    subject: 'Your gift is paused',
    subjectDiscreet: 'Your payments are paused',
    heading: 'Your gift is paused',
    month: (amount: string) => `Your monthly gift of ${amount} rests. Nothing is charged meanwhile.`,
    year: (amount: string) => `Your yearly gift of ${amount} rests. Nothing is charged meanwhile.`,
    resumes: (onDay: string) => `It goes on by itself ${onDay}; until then you need not do anything.`,
    untilTakenUp:
      'It rests until it is taken up again. If you would like that sooner, simply reply to this letter.',
  },
  debitFailed: {
    subject: 'Your payment did not arrive',
    subjectDiscreet: 'Your payment did not arrive',
    heading: 'Your payment did not arrive',
    once: (amount: string, onDay: string) =>
      `Your gift of ${amount} was on its way from your bank account. The bank turned it down ${onDay}, so nothing was charged.`,
    month: (amount: string, onDay: string) =>
      `The first ${amount} of your monthly gift was on its way from your bank account. The bank turned it down ${onDay}, so nothing was charged and no gift has begun.`,
    year: (amount: string, onDay: string) =>
      `The first ${amount} of your yearly gift was on its way from your bank account. The bank turned it down ${onDay}, so nothing was charged and no gift has begun.`,
    why: 'Banks do not tell us why. Most often the account number was mistyped, or there was too little in the account that day.',
    again: 'If you would still like to give, you can do so by card or from another account:',
    button: 'Try once more',
  },
  annualStatement: {
    subject: (year: number) => `Your gifts in ${year}`,
    subjectDiscreet: (year: number) => `Your statement for ${year}`,
    title: (year: number) => `Statement for ${year}`,
    text: (year: number, gifts: number) =>
      `For your records: in ${year} you gave us ${gifts} ${englishPlural(gifts, 'gift', 'gifts')}. You need not do anything.`,
    month: (month: number) => common.months[month - 1] ?? '',
    /** `currency` where the gifts were in several. */
    sentBack: (currency: string | null) => (currency === null ? 'Sent back' : `Sent back, ${currency}`),
    total: (currency: string | null) => (currency === null ? 'In all' : `In all, ${currency}`),
    thanks: 'Thank you for the year.',
  },
  secondGift: {
    subject: 'You had a gift already',
    subjectDiscreet: 'Your two payments',
    heading: 'One gift instead of two',
    begun: (onDay: string, newer: string, older: string) =>
      `${onDay} a gift of ${newer} was begun with this address, where a gift of ${older} was running already. So that nobody is charged twice without knowing it, we keep the newer one.`,
    endsOn: (older: string, onDay: string) =>
      `The older gift of ${older} ends ${onDay}, when the time it paid for is over. Nothing more will be charged for it.`,
    over: (older: string) =>
      `The older gift of ${older} had a payment outstanding. We have ended it, and nothing more will be charged for it.`,
    sentBack: (amount: string) =>
      `It was collected once more before we could do so: ${amount} is on its way back to you.`,
    begunOtherwise: (onDay: string, newer: string, older: string) =>
      `${onDay} a gift of ${newer} was begun with this address, where a gift of ${older} was running already. It is paid for in another way, so we cannot tell whether it was you who began it. The gift you had stays, and nothing is charged twice for one time.`,
    rests: (older: string, onDay: string) =>
      `Your gift of ${older} rests until the new one’s time is over, and goes on as before ${onDay}.`,
    goesOn: (older: string) => `Your gift of ${older} goes on as before.`,
    newerEndsOn: (newer: string, onDay: string) =>
      `The new gift of ${newer} is not charged again: it ends ${onDay}. Should yours end before that, the new one goes on in its place.`,
    chooseOtherwise:
      'If you would rather have the new gift, or both, a button is enough. If it was not you who began it, you need not do anything.',
    choose: 'If you meant to give both, a button is enough. Otherwise you need not do anything.',
    button: 'Look at both gifts',
  },
  cancelled: {
    subjectEnding: 'Your gift will end',
    subject: 'Your gift has ended',
    subjectEndingDiscreet: 'Your payments will end',
    subjectDiscreet: 'Your payments have ended',
    headingEnding: 'Your gift will end',
    heading: 'Your gift has ended',
    atPeriodEnd: (amount: string, onDay: string) =>
      `As you asked, your gift of ${amount} ends ${onDay}. Nothing more will be charged.`,
    ended: (amount: string) =>
      `As you asked, your gift of ${amount} has ended. Nothing more will be charged.`,
    endedUnpaid: (amount: string) =>
      `We tried several times to collect your gift of ${amount} and could not, so it has ended. Nothing more will be charged.`,
    changedMind: 'If you change your mind before then, you can take the ending back:',
    thanks: 'Thank you for the time you were with us. What you gave has become work that stays.',
    comeBack: 'If you would like to go on with another card, you are welcome at any time:',
    comeBackButton: 'Begin again',
    welcomeBack: 'Should you ever want to come back, the door is open.',
    remindLater: 'Be reminded once, on a later day',
  },
  refunded: {
    subject: 'Your refund',
    subjectDiscreet: 'Your refund',
    heading: 'Your money is on its way back',
    whole: (amount: string) =>
      `We have sent your whole gift of ${amount} back to you, to where it came from. Banks usually take five to ten days to show it.`,
    part: (amount: string) =>
      `We have sent ${amount} of your gift back to you, to where it came from. Banks usually take five to ten days to show it.`,
  },
  confirmReminder: {
    subject: 'Please confirm your request',
    subjectDiscreet: 'Please confirm your request',
    heading: 'May we write to you once?',
    text: (onDay: string) =>
      `Someone, probably you, asked us to write to this address once, ${onDay}. Please confirm that we may.`,
    button: 'Yes, write to me',
    ignore:
      'If it was not you, you need not do anything: without your word we will not write, and the request vanishes after 7 days.',
  },
  reminder: {
    subject: 'You asked us to remind you',
    subjectDiscreet: 'You asked us to remind you',
    heading: 'Here we are, as promised',
    /** The publication's name is null where it must not be told. */
    text: (askedOn: string, publication: string | null) =>
      `On ${askedOn} you asked us to come back to you about supporting ${publication ?? 'our work'}. This is that letter, and the only one.`,
    textAgain: (publication: string | null) =>
      `You asked us to come back to you once more about supporting ${publication ?? 'our work'}. This is that letter.`,
    whatItDoes:
      'Readers’ gifts pay for the time it takes to find out what happened and to write it down with care. A small one, given when it suits you, is a real part of that.',
    noPressure: 'If now is not the moment either, that is quite all right.',
    give: 'Give now',
    snooze: 'Remind me again in a month',
    otherDay: 'Choose another day',
    block: 'Never write to this address',
  },
  signIn: {
    subject: 'Your sign-in',
    subjectDiscreet: 'Your sign-in',
    heading: 'Your sign-in',
    text: 'You asked to come to your own pages. The button lets you in, in the browser in which you asked.',
    button: 'Sign in',
    otherBrowser: 'In another browser, enter this code:',
    goodFor: 'Link and code work once, within 10 minutes.',
    ignore:
      'If it was not you who asked, you can ignore this letter: without it nobody gets in. We never ask for the code.',
  },
  staffInvitation: {
    subject: (publication: string) => `Your way into the desk of ${publication}`,
    subjectDiscreet: 'Your way in',
    heading: 'Welcome to the desk',
    text: (publication: string | null) =>
      `You have been given access to the desk${publication === null ? '' : ` of ${publication}`}, where readers’ gifts are looked after. Choose a password to come in.`,
    button: 'Choose my password',
    goodFor: 'The link works once, within 3 days. If you did not expect it, please ignore this letter.',
  },
};
