// The reader's own pages: looking after a gift, in English.
export const account = {
  title: 'Your support',
  signInTitle: 'Come to your own pages',
  signInText:
    'Enter the address you give with. We mail you a link and a code that let you in; there is no password.',
  mailSignIn: 'Mail me a link',
  byLetterText:
    'To change the amount or the card of your gift, the link in any of our letters about it is enough for 30 days.',
  askedTitle: 'Look into your mail',
  /** The same for every address, known or not. */
  asked:
    'If somebody gives with this address, a letter with a link and a code is on its way. It may take a few minutes. Both are good for 10 minutes.',
  askedHere: 'Open the link in this browser, or enter the code here.',
  askedAside:
    'Nothing has come? It may lie among the unwanted letters, or you may give with another address.',
  askAgain: 'Ask for another letter',
  codeLabel: 'Code from the letter',
  letInTitle: 'Sign in',
  letInText: 'This is the browser in which you asked: one press, and you are in.',
  letInElsewhere:
    'This is another browser than the one in which you asked. Here the code from the same letter is needed as well.',
  overTitle: 'Another letter is needed',
  overviewGift: 'Your regular gift',
  beginGift: 'Begin a regular gift',
  overviewNone: 'You give nothing every month or year. Nothing will be charged.',
  historyTitle: 'What you gave',
  sentBack: (amount: string) => `${amount} sent back`,
  kind: { once: 'once', month: 'monthly gift', year: 'yearly gift' },
  yearsTitle: 'By year:',
  yearTitle: (year: number) => `Your gifts in ${year}`,
  yearText: (publication: string, date: string) => `Given to ${publication}. As of ${date}.`,
  backToAccount: 'Back to your support',
  signOutTitle: 'Leave',
  signOutText: 'On a device that others use as well, sign out when you are done.',
  signOut: 'Sign out',
  signOutEverywhere: 'Sign out on all devices',
  signedOut: 'You are signed out.',
  manageTitle: 'Look after your gift',
  openPortalText: 'On the next page, at Stripe, you can change your card or end your gift.',
  /** Where every gift that runs is set to end. */
  endingText: 'On the next page, at Stripe, you can keep your gift after all, or change your card.',
  openPortal: 'Go to Stripe',
  comesBackByLetter: 'Whatever you change there, we confirm by letter.',
  gift: 'Your gift',
  state: 'State',
  endedTitle: 'Your gift has ended',
  endedText: 'Nothing more will be charged. Thank you for the time you were with us.',
  openEnded: 'See it at Stripe',
  giveAgain: 'Begin again',
  noGiftTitle: 'There is no regular gift here',
  noGiftText:
    'This link belongs to an address that does not give every month or year, so nothing will be charged.',
  portalAway:
    'The page at Stripe cannot be reached right now. Nothing was changed. Please try again in a few minutes.',
  portalGone: 'Stripe no longer has a page for this gift, so nothing more will be charged.',
  backTitle: 'You can close this page',
  backText: 'What you changed at Stripe arrives here in a moment, and we confirm it by letter.',
  backAside: 'If you changed nothing, nothing happens.',
  expiredTitle: 'This link has expired',
  brokenTitle: 'This link does not work',
  lettersTitle: 'Your letters',
  lettersPlain:
    'Our letters to you show our name in the sender and the subject. If it is safer that nobody sees it there, we write to you discreetly.',
  lettersDiscreet:
    'We write to you discreetly: no sender, subject or preview names us. Only the letter itself says who wrote it.',
  writeDiscreetly: 'Write to me discreetly',
  writePlainly: 'Write to me as usual',
  changeAmount: 'Change the amount',
  changeCard: 'Change my card',
  overdueText:
    'A payment did not go through. With another card the gift goes on as before; a second gift is not needed.',
  amountTitle: 'Change the amount',
  amountText: (now: string, day: string) =>
    `Now it is ${now}. The new amount is collected for the first time on ${day}; until then nothing is charged.`,
  amountLabel: { month: 'New amount a month', year: 'New amount a year' },
  amountHint: (smallest: string, largest: string) => `From ${smallest} to ${largest}.`,
  amountAsked: (amount: string, day: string) =>
    `Stripe has taken on the change to ${amount}, from ${day} on. We confirm it by letter in a moment.`,
  amountAway: 'Stripe cannot be reached right now. Nothing was changed. Please try again in a few minutes.',
  back: 'Back to my gift',
  secondTitle: 'Your two gifts',
  secondText:
    'A gift was begun while another was running. Unless you say otherwise only one of them goes on, and nothing is charged twice for one time.',
  secondOlder: 'The older gift',
  secondNewer: 'The newer gift',
  keepBoth: 'Keep both',
  keepNewer: 'Keep only the newer one',
  keepOlder: 'Keep only the older one',
  keptBoth: 'Both gifts go on. Each is collected on its own day.',
  keptNewer: 'Only the newer gift goes on. The older one ends with the time that is paid for.',
  keptOlder:
    'Only the older gift goes on. The newer one ends with the time that is paid for, and until then the older one is not collected.',
  secondOver:
    'One of the two gifts is over, so there is nothing to choose any more. Nothing will be charged for it.',
  secondBroken: 'The link to the choice between your gifts is not whole, or its time is over.',
  standing: {
    active: 'Active',
    'past-due': 'Payment overdue',
    paused: 'Paused',
    ending: 'Ends at the end of the paid period',
    ended: 'Ended',
  },
  endsOn: (day: string) => `Ends on ${day}`,
  endedOn: (day: string) => `Ended on ${day}`,
};
