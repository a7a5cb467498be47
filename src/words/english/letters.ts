// Letters to readers, in English. Amounts and days come formatted; `onDay` reads "on Wednesday 24 February".
export const letters = {
  greeting: 'Hello,',
  greetingTo: (name: string) => `Dear ${name},`,
  signature: (publication: string) => `The editors of ${publication}`,
  linkInWords: 'If the button does not work, copy this address into your browser:',
  whyMoney: 'You get this letter because a payment was made with this address.',
  whyReminder: 'You get this letter because you asked us to remind you, once.',
  stopReminders: 'No more reminders',
  manageGift: 'Look after my gift',
  manageGiftText: 'You can change your card or end your gift at any time:',
  receipt: {
    title: 'Receipt',
    amount: 'Amount',
    coveredFees: 'Of which to cover fees',
    howOften: 'How often',
    paidOn: 'Paid on',
    reference: 'Reference',
    next: 'Next payment',
  },
  thankYou: {
    subject: (publication: string) => `Thank you for supporting ${publication}`,
    subjectDiscreet: 'Your receipt',
    once: (amount: string) => `Your gift of ${amount} has arrived. Thank you.`,
    month: (amount: string) =>
      `Your first ${amount} has arrived, and from now on you support us every month. Thank you.`,
    year: (amount: string) =>
      `Your first ${amount} has arrived, and from now on you support us every year. Thank you.`,
    whatItDoes:
      'It goes where all our money goes: into the time it takes to find out what happened and to write it down with care.',
  },
  renewed: {
    subject: (publication: string) => `Your receipt from ${publication}`,
    subjectDiscreet: 'Your receipt',
    text: (amount: string) => `Your gift of ${amount} has been renewed. Thank you for staying with us.`,
  },
  paymentFailed: {
    subject: 'Your payment did not go through',
    subjectDiscreet: 'Your payment did not go through',
    text: (amount: string) =>
      `We could not collect your gift of ${amount}. Nothing was charged. Often the card has simply expired.`,
    triedAgain: (onDay: string) =>
      `We will try again ${onDay}. You need not do anything unless your card has changed.`,
    lastTry: 'We will not try again. If you would like to go on, please give us another card.',
    button: 'Change my card',
  },
  cancelled: {
    subject: 'Your gift has ended',
    subjectDiscreet: 'Your payment has ended',
    atPeriodEnd: (onDay: string) =>
      `Your gift is set to end ${onDay}. Until then nothing changes, and nothing more will be charged.`,
    ended: 'Your gift has ended, and nothing more will be charged.',
    endedUnpaid:
      'We could not collect your gift several times, so it has ended. Nothing more will be charged.',
    thanks: 'Thank you for the time you were with us.',
  },
  refunded: {
    subject: 'Your refund',
    subjectDiscreet: 'Your refund',
    text: (amount: string) =>
      `We have sent ${amount} back to you. Banks usually take five to ten days to show it.`,
  },
  confirmReminder: {
    subject: 'Please confirm your request',
    subjectDiscreet: 'Please confirm your request',
    text: (onDay: string) =>
      `Someone, probably you, asked us to write to this address once, ${onDay}. Please confirm that we may.`,
    button: 'Confirm',
    ignore:
      'If it was not you, you need not do anything: without your word we will not write. The request vanishes after 7 days.',
    notMe: 'This was not me: never write to this address',
  },
  reminder: {
    subject: 'You asked us to remind you',
    subjectDiscreet: 'You asked us to remind you',
    text: (askedOn: string, publication: string) =>
      `On ${askedOn} you asked us to come back to you about supporting ${publication}. Here we are, once, as promised.`,
    article: 'It was after you had read this:',
    noPressure: 'If now is not the moment either, that is quite all right.',
    give: 'Give now',
    changeDay: 'Change the day',
    snooze: 'Remind me again in a month',
    stop: 'Stop',
  },
  giftLink: {
    subject: 'Your link',
    subjectDiscreet: 'Your link',
    text: 'Here is the link you asked for. It opens the page where you change your card or end your gift, and is good for 30 days.',
    ignore: 'If it was not you who asked, you can ignore this letter.',
  },
};
