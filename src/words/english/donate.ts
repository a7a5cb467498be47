// The donate page and the thanks page, in English. Amounts come formatted.
export const donate = {
  title: (publication: string) => `Support ${publication}`,
  lead: 'Choose what suits you. Every gift, of any size, pays for reporting.',
  frequencyLegend: 'How often',
  amountLegend: 'How much',
  otherAmount: 'Other amount',
  from: {
    once: (minimum: string) => `from ${minimum}`,
    month: (minimum: string) => `from ${minimum} a month`,
    year: (minimum: string) => `from ${minimum} a year`,
  },
  coverFees: (extra: string) => `Add ${extra} so that the whole gift reaches us`,
  coverFeesWhy: 'Banks and the payment service keep a small part of every gift.',
  /** The button says exactly what happens. */
  support: {
    once: (amount: string) => `Give ${amount} once`,
    month: (amount: string) => `Support monthly with ${amount}`,
    year: (amount: string) => `Support yearly with ${amount}`,
  },
  /** The button while the amount is not yet known. */
  supportPlain: { once: 'Give once', month: 'Support monthly', year: 'Support yearly' },
  whatHappensNext: {
    once: 'You pay on the next page, at Stripe. We never see your card number.',
    month:
      'You pay on the next page, at Stripe, and then every month on this day. You can stop at any time, in two clicks.',
    year: 'You pay on the next page, at Stripe, and then every year on this day. We write to you before each renewal. You can stop at any time, in two clicks.',
  },
  notReady: 'Not ready to support today?',
  remindMeLater: 'Remind me later',
  cancelled: 'You came back without paying. Nothing was charged.',
  thanks: {
    paidTitle: 'Thank you',
    paidOnce: (amount: string) => `Your gift of ${amount} has arrived.`,
    paidMonth: (amount: string) =>
      `Your first ${amount} has arrived. From now on you support us every month.`,
    paidYear: (amount: string) => `Your first ${amount} has arrived. From now on you support us every year.`,
    receipt: 'A receipt is on its way to you by e-mail.',
    processingTitle: 'Your payment is on its way',
    processingText:
      'Your bank has not confirmed it yet. With some ways of paying this takes a few days. You need not do anything: we write to you as soon as it has arrived. This page refreshes itself.',
    notPaidTitle: 'There was no payment',
    notPaidText: 'Nothing was charged. If you like, you can try again with the same amount or another one.',
    expiredText: 'The payment page was open too long and has closed. Nothing was charged.',
    backToReading: 'Back to reading',
  },
};
