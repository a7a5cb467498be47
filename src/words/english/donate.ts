// The donate page and the thanks page, in English. Amounts come formatted.
export const donate = {
  title: (publication: string) => `Support ${publication}`,
  lead: 'Choose what suits you. Every gift, of any size, pays for reporting.',
  frequencyLegend: 'How often',
  amountLegend: 'How much',
  otherAmount: 'Other amount',
  ownAmount: 'Your amount',
  from: {
    once: (minimum: string) => `from ${minimum}`,
    month: (minimum: string) => `from ${minimum} a month`,
    year: (minimum: string) => `from ${minimum} a year`,
  },
  coverFees: (extra: string) => `Add ${extra} so that the whole gift reaches us`,
  /** While the amount is not yet known: the payment page then names the sum before anything is paid. */
  coverFeesPlain: 'Add a little, so that the whole gift reaches us',
  coverFeesWhy: 'Banks and the payment service keep a small part of every gift.',
  /** The button says exactly what happens. */
  support: {
    once: (amount: string) => `Give ${amount} once`,
    month: (amount: string) => `Support monthly with ${amount}`,
    year: (amount: string) => `Support yearly with ${amount}`,
  },
  /** The button while the amount is not yet known. */
  supportPlain: { once: 'Give once', month: 'Support monthly', year: 'Support yearly' },
  /** The button where the browser cannot follow the choice. */
  supportAny: 'Continue to payment',
  goingToPayment: 'Opening the payment page…',
  waysToPay: 'Ways to pay',
  otherCurrency: (currency: string) => `You give in ${currency}. Another currency?`,
  whatHappensNext: {
    once: 'You pay on the next page, at Stripe. We never see your card number.',
    month:
      'You pay on the next page, at Stripe, and then every month on this day. You can stop at any time, in two clicks.',
    year: 'You pay on the next page, at Stripe, and then every year on this day. We write to you before each renewal. You can stop at any time, in two clicks.',
  },
  /** To a reader who is known and gives every month or year already. `given` reads "$5 a month". */
  running: {
    question: 'You give already?',
    title: 'You give already',
    text: (given: string) => `You give ${given} already. Thank you.`,
    overdue: (given: string) =>
      `You give ${given} already, and the last payment did not go through. With another card it goes on as before; a second gift is not needed.`,
    lookAfter: 'Look after your gift',
    changeAmount: 'Change the amount instead',
    changeCard: 'Change my card',
    second: (given: string) => `Or do you mean both? Then ${given} comes on top of it.`,
    begin: 'Begin a second gift',
  },
  notReady: 'Not ready to support today?',
  remindMeLater: 'Remind me later',
  cancelled: 'You came back without paying. Nothing was charged.',
  /** What the payment page calls the gift. */
  product: {
    once: (publication: string) => `Gift to ${publication}`,
    month: (publication: string) => `Monthly gift to ${publication}`,
    year: (publication: string) => `Yearly gift to ${publication}`,
  },
  productDiscreet: { once: 'One payment', month: 'Monthly payment', year: 'Yearly payment' },
  productCover: (extra: string) => `Includes ${extra} to cover the fees`,
  thanks: {
    paidState: 'Received',
    paidTitle: 'Thank you',
    paidOnce: (amount: string) => `Your gift of ${amount} has arrived.`,
    paidMonth: (amount: string) =>
      `Your first ${amount} has arrived. From now on you support us every month.`,
    paidYear: (amount: string) => `Your first ${amount} has arrived. From now on you support us every year.`,
    receipt: 'A receipt is on its way to you by e-mail.',
    processingTitle: 'Your payment is on its way',
    processingText:
      'Your bank has not confirmed it yet. With some ways of paying this takes a few days. You need not do anything: we write to you as soon as it has arrived. This page refreshes itself.',
    /** Stripe could not be asked just now. */
    askingText:
      'We are waiting to hear how it went. This page looks again by itself; you need not pay a second time.',
    openTitle: 'The payment is not finished',
    openText: 'Nothing was charged so far. You can go on where you left off, or choose anew.',
    lookAfter: 'The letter also holds your own link: with it you change the card, or stop, at any time.',
    again: 'Choose again',
    notPaidTitle: 'There was no payment',
    notPaidText: 'Nothing was charged. If you like, you can try again with the same amount or another one.',
    expiredText: 'The payment page was open too long and has closed. Nothing was charged.',
    backToReading: 'Back to reading',
  },
};
