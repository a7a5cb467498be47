// Reports for staff, in English: every figure's name and how it is counted, and what stands around the tables.
import { englishPlural } from '../plural.ts';

/** A figure by the name of its place on the page of definitions: what it is called and how it is counted. */
export interface Figure {
  term: string;
  text: string;
}

export const reports = {
  desk: 'Desk',
  definitionsTitle: 'How we count',
  definitionsLead: 'One way of counting for every page, file and letter. Each figure on the desk leads here.',
  names: {
    income: 'Income',
    mrr: 'Promised income',
    movements: 'What moved it',
    giving: 'Once and regularly',
    churn: 'Leaving',
    retention: 'Giving again',
    growth: 'Growth in giving',
    cohorts: 'Cohorts',
    recovery: 'Failed payments',
    'recovery-times': 'How long it took',
    forecast: 'The coming year',
    lybunt: 'Gave last year, not this year',
    sybunt: 'Gave some year, not this year',
    supporters: 'Supporters',
    disputes: 'Disputes',
    gifts: 'Gifts',
    sources: 'Sources',
    reminders: 'Reminders',
    letters: 'Letters',
    'letter-problems': 'What stood in the way',
    suppressions: 'Addresses that get no letters',
    events: "Stripe's events",
    work: 'Health',
  },
  about: {
    income: 'What came in, what went back and what fees took, each on its own day.',
    mrr: 'What monthly and yearly gifts bring a month, and what moved it. Every column is rounded by itself, so a sum may miss by one unit.',
    movements:
      'Each change of promised income one by one, the newest first. A row is rounded by itself; the total is rounded once from the exact sum and is the figure of the report. In the reporting currency all promises of a supporter are one, and what exchange rates moved has rows of its own.',
    giving: 'The same gross income by how often it is given.',
    churn: 'How many members and how much promised income left, and what a member is worth.',
    retention:
      'Of those who gave in a period, how many gave again in the next one. A rate is told once the next period has ended.',
    growth:
      'What each period has more than the one before, and what it lost. Previous, plus gains, less losses, is the present; every column is rounded by itself.',
    cohorts:
      'Supporters by the month of their first gift: how many of them gave in each month since, and how many are still members.',
    recovery: 'Regular payments whose first attempt failed, and what of them was collected later.',
    'recovery-times':
      'Of the payments that failed at first in these days and were collected since: in how many days, from the first attempt to the payment.',
    forecast:
      'An estimate, not a promise: what running gifts will bring in the twelve months after this one, and what is likely to stay of it.',
    lybunt:
      'Whoever gave in the last fiscal year and has not given in this one. The largest gifts of last year come first.',
    sybunt:
      'Whoever gave in any earlier fiscal year, the last one included, and has not given in this one. The largest gifts of last year come first.',
    supporters:
      'Everybody who gives or gave, the newest first, as things stand now. Readers are named by the end of their number.',
    disputes:
      'Payments that a cardholder contests at the bank, or that a bank reports as fraud, the most urgent first. All that are open, and what was decided within a year.',
    gifts: 'One by one, the newest first. Readers are named by the end of their number.',
    sources: 'Which articles, campaigns and asks brought gifts.',
    reminders:
      'Of those who asked to be reminded, how many came how far. A reminder counts in the period in which it was asked for.',
    letters:
      'What became of the letters written in these days, kind by kind. Nobody’s address is on this page.',
    'letter-problems': 'Why letters were late, were not taken, or came back.',
    suppressions:
      'How many, and why. Which they are is kept as a keyed hash alone, and nobody can read it back.',
    events: 'What Stripe told us and what became of it, the newest first.',
    work: 'Whether everything that happens unasked keeps up, as of now.',
  },
  thisMonth: 'This month',
  regular: 'Monthly and yearly gifts',
  against: (days: string, yearBefore: string) => `Beside ${days} and ${yearBefore}`,
  barLeads: (what: string, period: string, amount: string) => `${what}, ${period}: ${amount}`,
  asOf: (moment: string, zone: string) => `As of ${moment}, ${zone} time`,
  copyBehind: (duration: string) =>
    `The copy of the database that reports are read from is ${duration} behind`,
  copyOfUnknownAge: 'Reports are read from a copy of the database that does not tell how far it is behind.',
  days: (from: string, through: string) => `${from} to ${through}`,
  change: {
    none: 'no change',
    sameDays: (month: string) => `in the same days of ${month}`,
    onDay: (day: string) => `on ${day}`,
  },
  plans: (count: number) => `${count} ${englishPlural(count, 'running gift', 'running gifts')}`,
  committedNote: (money: string) => `${money} of it not set to end`,
  returnedNote: (count: number) => `${count} came back`,
  disputesNote: (money: string) => `${money} of it disputed`,
  unconvertedNote: (amounts: string) =>
    `Not in these figures, since no exchange rate is known yet: ${amounts}.`,
  chartTitle: 'Income by month: once and regularly',
  chartText: (first: string, last: string, moneyIn: string) =>
    `A bar for each month from ${first} to ${last}, in ${moneyIn}: monthly gifts at the foot, yearly gifts above them, gifts given once on top. The same figures are in the table below.`,
  legend: 'The parts of each bar, from the top',
  showTable: 'The figures as a table',
  charts: {
    income: {
      title: 'What came in and what went out again',
      text: 'Upwards what came in, by period: what stayed, and what went out again as fees, refunds and disputes.',
    },
    mrr: {
      title: 'What moved promised income',
      text: 'Upwards what promised income gained in each period, downwards what it lost.',
    },
    churn: {
      title: 'Churn rates',
      text: 'A line for the share of members who left, and one for the share of promised income that left or was lowered.',
    },
    retention: {
      title: 'Share who gave again',
      text: 'A line for all givers, one for those who gave for the first time, and one for the others.',
    },
    growth: {
      title: 'Gains and losses in giving',
      text: 'Upwards what giving gained in each period, downwards what it lost.',
    },
    recovery: {
      title: 'Payments whose first attempt failed',
      text: 'For each period what was collected later, and above it what is still missing.',
    },
    'recovery-times': {
      title: 'Collected after so many days',
      text: 'A bar for each stretch of days: how many of the failed payments were collected in it.',
    },
    sources: {
      title: 'What each source brought',
      text: 'A bar for the gross income of each source, the largest first.',
    },
    forecast: {
      title: 'Due in the coming twelve months: an estimate',
      text: 'For each month what is likely to come, and above it what would come too if nobody left.',
    },
  },
  chartSays: (what: string, first: string, last: string, moneyIn: string | null) =>
    `${what} From ${first} to ${last}${moneyIn === null ? '' : `, in ${moneyIn}`}. The same figures are in the table below.`,
  otherSources: (count: number) => `${count} others`,
  wentOut: 'Fees, refunds, disputes',
  linesLegend: 'The lines of the chart',
  stillMissing: 'Still missing',
  mayBeLost: 'May be lost',
  heat: {
    giving: 'Share of each cohort who gave, by months since their first gift',
    not_churned: 'Share of each cohort who are members, by months since their first gift',
    people: (percent: string, people: string) => `${percent} (${people})`,
    reading:
      'A row for each month of first gifts, a column for each month since. The stronger the colour, the larger the share.',
  },
  yearLabel: 'Fiscal year',
  fiscalYear: (year: number) => `${year}–${String(year + 1).slice(-2)}`,
  anyChoice: 'Any',
  everyMovement: 'All',
  churnedChoice: 'Left or lost',
  movementsOf: (count: string, number: number, people: string, persons: number) =>
    `${count} ${englishPlural(number, 'movement', 'movements')} of ${people} ${englishPlural(persons, 'person', 'people')}.`,
  withinDays: {
    1: 'within a day',
    3: 'in 1 to 3 days',
    7: 'in 3 to 7 days',
    14: 'in 7 to 14 days',
  },
  laterThanAll: 'after 14 days',
  halfWithin: (bills: string, number: number, days: number) =>
    `Collected after all: ${bills} ${englishPlural(number, 'payment', 'payments')}, half of them within ${days} ${englishPlural(days, 'day', 'days')} (the median).`,
  sinceLabel: 'Gave since',
  amountLabel: 'Gave at least, in all',
  donorTypes: { none: 'not yet', 'one-time': 'once', repeat: 'repeatedly', member: 'member' },
  standings: {
    active: 'running',
    past_due: 'past due',
    paused: 'paused',
    unpaid: 'unpaid',
    ended: 'ended',
    incomplete: 'not begun',
  },
  disputeStates: {
    'to-answer': 'to be answered',
    'to-weigh': 'asked about',
    reported: 'reported as fraud',
    'at-the-bank': 'with the bank',
    'too-late': 'not answered in time',
    lost: 'lost',
    won: 'kept',
  },
  disputeReasons: {
    fraudulent: 'says it was not them',
    duplicate: 'charged twice',
    product_not_received: 'got nothing for it',
    subscription_canceled: 'had cancelled',
    credit_not_processed: 'was promised a refund',
    unrecognized: 'does not recognise it',
    general: 'no reason given',
    card_never_received: 'card was never received',
    fraudulent_card_application: 'card was got by fraud',
    made_with_counterfeit_card: 'card was copied',
    made_with_lost_card: 'card was lost',
    made_with_stolen_card: 'card was stolen',
    unauthorized_use_of_card: 'card was used without leave',
    misc: 'no reason given',
  },
  disputeAdvice: {
    'to-answer':
      'To be answered: open the payment at Stripe and answer before the day. Send the receipt, the date of the gift and how it was confirmed. If the reader is right, accept it: the money has been taken already, and a refund on top would pay it twice.',
    'to-weigh':
      'Asked about: the bank only asks so far, and nothing has been taken. A refund now avoids a dispute and its fee; a good answer may too.',
    reported:
      'Reported as fraud: the bank says that somebody else used the card. Nothing has been taken yet. Look at the payment at Stripe and at what else this reader gave; if you believe the bank, send it back whole there within a day or two. That usually prevents a dispute and its fee. Nothing is sent back by itself.',
    'at-the-bank': 'With the bank: there is nothing to do. Its decision can take two months.',
    'too-late': 'Not answered in time: the bank will almost surely decide for the cardholder.',
  },
  disputesOpen: (count: number, by: string) =>
    `${count} ${englishPlural(count, 'dispute has', 'disputes have')} to be answered, the first by ${by}.`,
  lookAtDisputes: 'Look at disputes',
  fraudWarnings: (count: number) =>
    `${count} ${englishPlural(count, 'payment was', 'payments were')} reported as fraud by the bank, and nobody has contested ${englishPlural(count, 'it', 'them')} yet.`,
  lookAtWarnings: 'Look at what was reported',
  cardTesting: (declined: string, since: string, given: string) =>
    `${declined} attempts to give were declined within ten minutes from ${since}, while ${given} came through: somebody may be testing stolen cards.`,
  noMovements: 'Nothing of this kind moved promised income in these days.',
  noDisputes:
    'No disputes. Should a cardholder contest a payment, it will stand here with the day to answer by.',
  overdueNow: (count: number, money: string) =>
    `${count} ${englishPlural(count, 'supporter is', 'supporters are')} past due, ${money} a month at risk. They have been written to, and Stripe tries again by itself.`,
  lookAtOverdue: 'Who they are',
  reconciled: {
    title: 'Compared with Stripe',
    never: 'not compared yet; it happens every night',
    agrees: 'The books agree',
    differs: 'Something differs',
    running: 'Under way',
  },
  movements: 'What moved it this month',
  atRiskNote: (money: string) => `${money} of it past due`,
  yearNote: (money: string) => `${money} a year`,
  beside: 'Reports on the same',
  newestGifts: 'Newest gifts',
  funnelTitle: 'Reminders asked for in the last twelve months',
  ofBefore: (percent: string) => `${percent} of the step before`,
  noReminders: 'Nobody has asked to be reminded yet. Each request will appear here, and how far it came.',
  noGifts: 'No gifts yet. The first one will appear here within seconds of being paid.',
  seconds: (count: number) => {
    if (count < 60) return `${count} s`;
    if (count < 3600) return `${Math.floor(count / 60)} min`;
    if (count < 172_800) return `${Math.floor(count / 3600)} h`;
    return `${Math.floor(count / 86_400)} days`;
  },
  needsPerson: 'What needs a person',
  deadEvents: (count: number) =>
    `${count} ${englishPlural(count, 'event of Stripe’s', 'events of Stripe’s')} could not be understood, so the books may lack what ${englishPlural(count, 'it tells', 'they tell')}.`,
  lookAtEvents: 'Look at them',
  eventStates: { waiting: 'Waiting', dead: 'Given up', ignored: 'Passed over', done: 'Done' },
  everyState: 'All',
  eventsOf: (state: string, count: string) => `${state}: ${count}`,
  eventsAbout: {
    waiting: 'Noted, and about to be applied. An event that fails is tried again for about a day.',
    dead: 'These failed about ten times. Once the cause is mended, replay them: nothing is counted twice. Each holds up only itself.',
    ignored: 'Nothing of ours, or nothing that changes anything here. The last thirty days.',
    done: 'Applied to the books. The last thirty days.',
  },
  noEvents: {
    waiting: 'Nothing waits. Every event that Stripe told has been dealt with.',
    dead: 'No event was given up. Should one fail for a day, it will stand here.',
    ignored: 'Nothing was passed over.',
    done: 'No events yet. The first will appear with the first gift.',
  },
  ignoredBy: 'Passed over, by reason',
  eventDelay: (half: string, nearlyAll: string, count: string) =>
    `From Stripe’s creation to our books in the last day: half within ${half} s, 99 of 100 within ${nearlyAll} s (of ${count}). Stripe tells its moment in whole seconds.`,
  noDelay: 'No event was applied in the last day, so there is no delay to tell.',
  newestOf: (shown: string, count: string) => `Newest ${shown} of ${count}`,
  partOf: (first: string, last: string, count: string) => `${first} to ${last} of ${count}, the newest first`,
  older: 'Older',
  newest: 'Newest',
  nextOnes: 'Next',
  firstOnes: 'First',
  placesOf: (first: string, last: string, count: string) => `${first} to ${last} of ${count}`,
  pages: 'Pages of this list',
  currencyAssumed: (currency: string) =>
    `All in ${currency}, as the desk does unless another choice is made; the files say so in their address (currency=reporting). An address without it answers programs with each currency by itself.`,
  newestShown: (most: number) => `The newest ${most} are shown; the file has more.`,
  replay: 'Replay',
  replayOne: (type: string, id: string) => `Replay ${type} ${id}`,
  replayAllShown: (count: number) => englishPlural(count, 'Replay it', `Replay these ${count}`),
  replayNeedsRole: 'Someone with the role Finance or Admin can replay them.',
  replayed: (count: number) =>
    `${count} ${englishPlural(count, 'event waits', 'events wait')} to be applied once more.`,
  waitingNow: (count: number, age: string) => `${count} waiting, the oldest for ${age}`,
  nothingWaiting: 'Nothing waiting',
  givenUp: (count: number) => `${count} given up`,
  lastDone: (moment: string) => `last ${moment}`,
  neverDone: 'none yet',
  state: { well: 'Well', slow: 'Behind', trouble: 'Needs a person' },
  workNames: {
    stripe_events: "Stripe's events",
    fees: 'Fees to be learnt',
    reminders: 'Reminders',
    letters: 'Letters',
  },
  from: 'From',
  to: 'Up to, not including',
  byLabel: 'In steps of',
  by: { day: 'Days', week: 'Weeks', month: 'Months', year: 'Years' },
  currencyLabel: 'Currency',
  reportingCurrency: (currency: string) => `All in ${currency}`,
  everyCurrency: 'Each by itself',
  oneCurrency: (currency: string) => `${currency} alone`,
  ofLabel: 'By',
  of: {
    article: 'Article',
    campaign: 'Campaign',
    component: 'Ask',
    referrer: 'Referring site',
    country: 'Country',
    currency: 'Currency',
    method: 'Means of payment',
    kind: 'How often',
  },
  show: 'Show',
  csv: 'CSV',
  json: 'JSON',
  downloadCsv: (table: string) => `${table} as a CSV file`,
  openJson: (table: string) => `${table} as JSON`,
  openReport: 'The whole report',
  total: 'Total',
  totalAll: 'All currencies',
  notDefined: 'not defined',
  unattributed: 'not attributed',
  nothingYet: 'Nothing in these days. Rows appear with the first gift.',
  atStripe: 'At Stripe',
  atStripeOf: (gift: string) => `The gift of ${gift} at Stripe`,
  tableScrolls: (table: string) => `${table}: this table can be scrolled sideways`,
  reminderWays: {
    stage: 'Before a gift, after one, after leaving',
    choice: 'By the day chosen',
    source: 'By where they were asked for',
    period: 'By period',
    together: 'All of it together',
  },
  sharesOfBefore: 'Beside each count: its share of the step before.',
  lookAtLetters: 'Look at the letters',
  noLetters: 'No letter was written in these days. Each will be counted here as soon as it is.',
  nothingInTheWay: 'Nothing stood in the way of any letter of these days.',
  whatToDo: 'What to do',
  pauses: {
    policy: (provider: string | null) =>
      `${provider ?? 'A mail provider'} turns our letters away for what we are, not for whom they are for.`,
    'sign-in': () => 'The mail server does not let us in, so no letter goes out.',
  },
  pauseSince: (problem: string, since: string, until: string, refusals: number) =>
    `Answered “${problem}” since ${since}, ${refusals} ${englishPlural(refusals, 'time', 'times')}. Tried again at ${until}.`,
  pauseAdvice: {
    policy:
      'Reminders there wait; receipts go on. See whether npm run favor -- doctor finds SPF, DKIM and DMARC in order, and what the provider’s page for senders says.',
    'sign-in': 'See what npm run favor -- doctor says of the mail server, and mend SMTP_URL.',
  },
  letterProblems: {
    'dead-address': 'No such address',
    'mailbox-full': 'Mailbox full',
    policy: 'Turned away for what we are',
    complaint: 'Called unwanted by its reader',
    'sign-in': 'The mail server did not let us in',
    unreachable: 'The mail server was away',
    later: 'Asked to come again later',
    refused: 'Refused',
    unknown: 'No answer after the last word',
    'too-late': 'Its time ran out',
    'not-written': 'Could not be written',
  },
  letterAdvice: {
    'dead-address': 'Nothing. The address is written to no more until its reader shows that it lives.',
    'mailbox-full': 'Nothing. After three of five letters the address counts as dead.',
    policy:
      'See whether npm run favor -- doctor finds SPF, DKIM and DMARC in order; at a great provider, look at its page for senders.',
    complaint: 'Nothing. Its reader gets no reminders any more. Many at once: look at what was sent.',
    'sign-in': 'Mend the name and password in SMTP_URL; npm run favor -- doctor tries them.',
    unreachable: 'If it lasts, see what npm run favor -- doctor says of the mail server.',
    later: 'Nothing. Each is tried again until its time runs out.',
    refused: 'Look at the log for the server’s code; the letter is not sent again.',
    unknown: 'Nothing. It may have gone out; once more at most, with the same number.',
    'too-late': 'Look at what kept letters waiting on that day.',
    'not-written': 'A fault of the program: look at the log.',
  },
  liftingNote:
    'A dead address is written to again once its reader shows that it lives: with the link of a letter, or by giving with it. What a reader has chosen only that reader changes.',
  suppressionReasons: {
    unsubscribed: 'unsubscribed from reminders',
    blocked: 'said “never write to me”',
    complaint: 'called a letter unwanted',
    'dead-address': 'no such address any more',
  },
  suppressionScopes: { reminders: 'reminders', all: 'all letters' },
  toldTitle: 'What the mail provider told in the last thirty days',
  toldStates: {
    'dead-address': 'no such address',
    'mailbox-full': 'mailbox full',
    policy: 'turned away for what we are',
    complaint: 'complaints',
    soft: 'did not arrive at once',
    unknown: 'of letters that are not ours',
  },
  toldNothing:
    'Nothing. Amazon SES, Mailgun and Postmark tell of letters that come back where MAIL_EVENTS_* is set; see README, “Mail”.',
  letterKinds: {
    'thank-you': 'Thanks for a gift',
    'renewal-receipt': 'Receipt of a renewal',
    'payment-failed': 'Payment failed',
    'action-required': 'Payment to confirm',
    recovered: 'Payment came after all',
    'card-changed': 'Card changed',
    'card-expiring': 'Card about to expire',
    'renewal-ahead': 'Yearly renewal ahead',
    'amount-changed': 'Amount changed',
    'second-gift': 'Second regular gift',
    paused: 'Gift paused',
    'debit-failed': 'Debit failed for good',
    'annual-statement': 'Statement of the year',
    'gift-ending': 'Gift ended by its reader',
    'gift-lost': 'Gift ended by failed payments',
    refunded: 'Refund',
    'sign-in': 'Sign-in link and code',
    'staff-invitation': 'Invitation to the desk',
    'report-summary': 'Figures of a week or a month',
    'reminder-confirmation': 'Reminder to confirm',
    reminder: 'Reminder',
  },
  stages: { before: 'before a gift', again: 'after a gift', 'win-back': 'after leaving' },
  choices: {
    week: 'in a week',
    month: 'in a month',
    quarter: 'in 3 months',
    'half-year': 'in half a year',
    year: 'in a year',
    date: 'on a day of their own',
  },
  components: {
    appeal: 'appeal under an article',
    donate: 'donate page',
    reminder: 'reminder',
    letter: 'letter',
    thanks: 'page of thanks',
  },
  groups: {
    time: 'Days and money',
    income: 'Income',
    regular: 'Promised income',
    leaving: 'Leaving, and what a member is worth',
    again: 'Giving again, growth and cohorts',
    recovery: 'Failed payments, and the coming year',
    people: 'Lists of people',
    disputes: 'Disputes',
    goals: 'Goals',
    sources: 'Where gifts come from',
    reminders: 'Reminders',
    gifts: 'Single gifts',
    letters: 'Letters',
    events: "Stripe's events",
    work: 'Health',
  },
  figures: {
    period: {
      term: 'Period',
      text: 'Days, weeks from Monday, months or fiscal years in the publication’s time zone. A period begins at midnight and ends just before the next one begins; what happens at midnight belongs to the day that begins. It is named by its first day inside the range. A period without gifts is a row of zeros.',
    },
    currency: {
      term: 'Currency',
      text: 'Amounts of different currencies are never added. “All in” one currency takes every payment at the rate that Stripe gave it when it settled; “alone” looks at gifts of that one currency only.',
    },
    unconverted: {
      term: 'Unconverted',
      text: 'Payments, less what went back, whose exchange rate is not known yet. They are shown in their own currency beside the total and are not in it. A missing rate is never taken for 1.',
    },
    payments: {
      term: 'Payments',
      text: 'Payments that succeeded in the period, counted at the moment they succeeded. Failed, pending and test payments are in no total.',
    },
    gross: {
      term: 'Gross',
      text: 'All payments that succeeded in the period, with what readers added to cover fees.',
    },
    'fees-covered': {
      term: 'Fees covered',
      text: 'The part of gross that readers added so that their gift arrives whole. Gross less this is the gifts themselves.',
    },
    refunds: {
      term: 'Refunds',
      text: 'Money given back, on the day of the refund and not of the gift. A refund that failed comes back on its own day.',
    },
    disputes: {
      term: 'Disputes',
      text: 'Money that banks took back because a cardholder disputed a payment, on the day it was taken. A dispute that is won comes back on its own day.',
    },
    fees: {
      term: 'Fees',
      text: 'What Stripe kept, by its own account of each payment and dispute, on the day of what it was kept for. A fee that Stripe has not told yet counts as nothing until it does, usually for a few seconds.',
    },
    net: { term: 'Net', text: 'Gross less refunds, disputes and fees.' },
    'first-gifts': {
      term: 'First gifts',
      text: 'Payments that were their supporter’s first ever; looking at one currency alone, their first in it. Whatever was refunded later.',
    },
    'repeat-gifts': { term: 'Repeat gifts', text: 'All other payments.' },
    once: { term: 'Once', text: 'Gross of gifts that were given once.' },
    month: { term: 'Monthly', text: 'Gross of payments of monthly gifts.' },
    year: { term: 'Yearly', text: 'Gross of payments of yearly gifts, whole in the month they were paid.' },
    mrr: {
      term: 'Promised monthly income',
      text: 'What running monthly and yearly gifts bring a month (MRR). A yearly gift counts as an exact twelfth and is rounded only when shown. A gift whose card is being retried still counts; paused, unfinished, unpaid and ended ones do not.',
    },
    start: { term: 'At the start', text: 'Promised monthly income as the period begins.' },
    new: { term: 'New', text: 'Promised by supporters who had never promised anything before.' },
    reactivation: { term: 'Came back', text: 'Promised by supporters who had left and promise again.' },
    expansion: {
      term: 'Raised',
      text: 'What supporters added to a running promise. A second gift of the same person counts here.',
    },
    contraction: { term: 'Lowered', text: 'What supporters took off a promise that still runs.' },
    'churn-voluntary': {
      term: 'Left',
      text: 'Promises ended by their supporter, on the day the paid time ends and not on the day of asking.',
    },
    'churn-involuntary': {
      term: 'Lost',
      text: 'Promises that ended because the card could not be charged any more, on the day Stripe gave up.',
    },
    paused: { term: 'Paused', text: 'Promises that were paused in the period.' },
    resumed: { term: 'Resumed', text: 'Promises that run again after a pause.' },
    fx: {
      term: 'Exchange rates',
      text: 'What newer exchange rates made of running promises, where everything is shown in one currency. A promise is worth what its supporter’s newest settled payment made of it; one without such a payment is left out.',
    },
    end: {
      term: 'At the end',
      text: 'Start and new, came back, raised and resumed, less lowered, left, lost and paused, with exchange rates.',
    },
    committed: {
      term: 'Committed',
      text: 'Promised income at the end, without promises that are already set to end.',
    },
    'paused-end': {
      term: 'Paused at the end',
      text: 'Monthly value of promises that are paused as the period ends.',
    },
    arr: { term: 'A year', text: 'Promised income at the end for a year (ARR), from exact yearly values.' },
    members: {
      term: 'Running gifts',
      text: 'Monthly and yearly gifts that run at the end. One person may have two.',
    },
    supporters: { term: 'Members', text: 'People with promised income at the end, each counted once.' },
    'new-supporters': { term: 'New members', text: 'People who promised for the first time in the period.' },
    'lost-supporters': {
      term: 'Lost members',
      text: 'People whose last promise ended in the period, by their own wish or because their card stopped working.',
    },
    'happened-at': {
      term: 'When',
      text: 'The moment at which it took effect; in files in UTC. What one supporter does at one moment is netted.',
    },
    movement: {
      term: 'Movement',
      text: 'What moved promised income: each kind as the column of that name. “Left or lost” are both together, and only of those who were members as the days asked for began. In the reporting currency all promises of a supporter are one: who ends a gift in euro and keeps one in dollars lowered it, and did not leave.',
    },
    'mrr-delta': {
      term: 'A month',
      text: 'By how much promised monthly income grew or, below zero, shrank. A twelfth of a yearly gift is rounded in its row; the total is rounded once from the exact sum.',
    },
    'active-at-start': {
      term: 'Members at the start',
      text: 'People with promised income as the period begins. Who is only paused is not among them.',
    },
    churned: {
      term: 'Left',
      text: 'Of the members at the start, those whose last promise ended in the period, by their own wish or because their card stopped working. Who began in the period is in neither figure.',
    },
    'cancellations-requested': {
      term: 'Asked to end',
      text: 'People who asked in the period to end a gift, on the day of asking and not of the end; also who thought again later.',
    },
    'supporter-churn-rate': {
      term: 'Members lost',
      text: 'Left, as a share of the members at the start. Not defined where there were none.',
    },
    'gross-mrr-churn-rate': {
      term: 'Income lost',
      text: 'Promised income that left, was lost or was lowered in the period, as a share of what was promised at its start.',
    },
    'net-mrr-churn-rate': {
      term: 'Income lost, net',
      text: 'The same less what was raised and what came back. Below zero where more was raised than lost.',
    },
    arpu: {
      term: 'A member’s month',
      text: 'Promised monthly income at the end by people with promised income (ARPU).',
    },
    ltv: {
      term: 'A member’s worth',
      text: 'A member’s month by the mean share of members lost a month, over the six full months up to the row’s end (LTV). Not defined where nobody left.',
    },
    'retention-donors': {
      term: 'Gave',
      text: 'People who gave in the period. A gift that was wholly refunded before the period’s end does not count its giver.',
    },
    retained: {
      term: 'Gave again',
      text: 'Of them, those who gave in the next period too, so far. For a range as a whole the next one is as long as it is.',
    },
    'retention-rate': {
      term: 'Share',
      text: 'Gave again, as a share of those who gave. Told once the next period has ended.',
    },
    'new-donors': {
      term: 'First-time givers',
      text: 'Of those who gave, people whose first gift ever was in the period, whatever became of it.',
    },
    'new-retained': { term: 'Of these again', text: 'First-time givers who gave in the next period too.' },
    'new-rate': {
      term: 'Share of first-time',
      text: 'First-time givers who gave again, as a share of all first-time givers.',
    },
    'repeat-donors': {
      term: 'Repeat givers',
      text: 'Of those who gave, people who had given before the period.',
    },
    'repeat-retained': { term: 'Of those again', text: 'Repeat givers who gave in the next period too.' },
    'repeat-rate': {
      term: 'Share of repeat',
      text: 'Repeat givers who gave again, as a share of all repeat givers.',
    },
    previous: {
      term: 'Period before',
      text: 'What was given in the period before, less what was refunded before that period’s end. For a range as a whole the one before is as long as it is.',
    },
    'growth-new': { term: 'New', text: 'Given by people whose first gift ever is in the period.' },
    recaptured: {
      term: 'Won back',
      text: 'Given by people who had given at some time, though not in the period before.',
    },
    upgraded: { term: 'Gave more', text: 'What people gave more than in the period before.' },
    lapsed: {
      term: 'Gave no more',
      text: 'What people had given in the period before who gave nothing in this one.',
    },
    downgraded: { term: 'Gave less', text: 'What people gave less than in the period before.' },
    current: {
      term: 'This period',
      text: 'What was given in the period, less what was refunded before its end: the period before, plus new, won back and more, less no more and less.',
    },
    'previous-donors': { term: 'Givers before', text: 'People who gave in the period before.' },
    'growth-new-donors': { term: 'New givers', text: 'People whose first gift ever is in the period.' },
    'recaptured-donors': {
      term: 'Givers won back',
      text: 'People who gave in the period and had given at some time, though not in the period before.',
    },
    'upgraded-donors': { term: 'Givers of more', text: 'People who gave more than in the period before.' },
    'lapsed-donors': {
      term: 'Givers no more',
      text: 'People who gave in the period before and not in this one.',
    },
    'downgraded-donors': { term: 'Givers of less', text: 'People who gave less than in the period before.' },
    'current-donors': {
      term: 'Givers now',
      text: 'People who gave in the period. Who gave as much as before is in no other count.',
    },
    cohort: { term: 'First gift in', text: 'The month of the first gift ever, whatever became of it.' },
    size: { term: 'People', text: 'How many gave for the first time in that month.' },
    offset: {
      term: 'Months since',
      text: 'Months after the month of the first gift; 0 is that month itself.',
    },
    giving: { term: 'Gave', text: 'How many of them had a payment in that month.' },
    'not-churned': {
      term: 'Still members',
      text: 'How many of them have a monthly or yearly gift, begun by then and paused or not, that had not ended at that month’s end. Empty where nobody of the month ever had one.',
    },
    attempted: {
      term: 'Attempted',
      text: 'Payments of regular gifts, in the period in which they were first attempted.',
    },
    'failed-first': { term: 'Failed at first', text: 'Of these, what failed at its first attempt.' },
    recovered: {
      term: 'Collected later',
      text: 'Of what failed at first, what was collected since, whenever.',
    },
    'failure-rate': { term: 'Share failed', text: 'Failed at first, as a share of what was attempted.' },
    'recovery-rate': {
      term: 'Share recovered',
      text: 'Collected later, as a share of what failed at first.',
    },
    'at-risk': {
      term: 'At risk',
      text: 'Monthly value of gifts that are past due as the period ends, or now where it has not ended: their card is being retried.',
    },
    'within-days': {
      term: 'Collected',
      text: 'Days from the first attempt to the payment, of 24 hours each. A payment stands in the first row whose days were enough, so the rows add up; in files a row is named by its last day, and the one for all others by none.',
    },
    bills: { term: 'Payments', text: 'How many payments that failed at first were collected then.' },
    share: { term: 'Share', text: 'Of all that were collected later, by number.' },
    'share-so-far': { term: 'So far', text: 'The same for this row and those above it together.' },
    'forecast-due': {
      term: 'Due',
      text: 'What running gifts pay in the month if nothing changes: monthly ones every month, yearly ones in theirs. None that is paused or set to end.',
    },
    expected: {
      term: 'Expected',
      text: 'An estimate: what is due, if members go on leaving at the mean monthly rate of the last six full months. Not defined without such a rate.',
    },
    'first-gift-on': { term: 'First gift', text: 'The day of the first payment, whatever became of it.' },
    'last-gift-on': {
      term: 'Last gift',
      text: 'The day of the latest payment; in lists of a year, of the latest up to its end that was not wholly refunded.',
    },
    gifts: {
      term: 'Gifts',
      text: 'How many payments; in lists of a year, up to its end and without those that were wholly refunded before the end of their own year.',
    },
    'last-year': {
      term: 'Last year',
      text: 'Given in the fiscal year before, less what was refunded before that year’s end.',
    },
    lifetime: {
      term: 'In all',
      text: 'Given up to the end of the year, each gift less what was refunded before the end of its own fiscal year.',
    },
    'donor-type': {
      term: 'Gives',
      text: 'Not yet, once, or repeatedly; a member is whoever has a running monthly or yearly gift, paused or not.',
    },
    standing: {
      term: 'Standing',
      text: 'How their monthly or yearly gift stands; of several the liveliest.',
    },
    country: { term: 'Country', text: 'Of the card or account of their latest payment.' },
    given: { term: 'Given in all', text: 'All payments, less refunds and disputes until now.' },
    'goal-target': {
      term: 'Target of a goal',
      text: 'What you set out to raise, in one currency, from the first day to the last, both included, in the publication’s time zone. Only gifts in this currency count: of all readers, or of one campaign.',
    },
    'goal-raised': {
      term: 'Raised for a goal',
      text: 'Payments received in the days of the goal, less refunds and disputes that fall into the same days, each on its own day. The share that readers add to cover fees counts; fees are not taken off.',
    },
    'goal-pace': {
      term: 'Even pace',
      text: 'What would have come by now if the target came in evenly, from the first instant of the first day to the last of the last. Rounded to whole units.',
    },
    'goal-estimate': {
      term: 'Estimate for the last day',
      text: 'What was raised so far, divided by the share of the time that has passed: what it comes to if it goes on as it did. An estimate, not a promise; not told on the first day, nor once the time is over.',
    },
    'answer-by': { term: 'Answer by', text: 'Until when the bank takes an answer; in files in UTC.' },
    'dispute-state': {
      term: 'State',
      text: 'What has to be done, or how it ended. What is only asked about has taken no money yet.',
    },
    reason: { term: 'The cardholder', text: 'Why the payment is contested, as the bank tells it.' },
    'opened-at': { term: 'Opened', text: 'When the dispute began; in files in UTC.' },
    'stripe-dispute-id': {
      term: 'Dispute at Stripe',
      text: 'The dispute’s or the warning’s number at Stripe.',
    },
    'card-testing': {
      term: 'Card testing',
      text: 'Whoever has stolen card numbers tries them on small gifts. The desk says so for a day when, in ten minutes by the clock, twenty attempts at new gifts or more were declined, and at least half as many as gifts came through. What to do: look at the newest payments at Stripe and send back those that nobody can have meant; ask for 3-D Secure more often in Stripe Radar, or block what the attempts have in common; if it goes on, take the donate page down for an hour. Nothing is blocked or sent back by itself.',
    },
    key: {
      term: 'Source',
      text: 'Where a gift came from, as noted when the reader was asked: article, campaign, which ask, or the site that led there. What nobody can say stands in a row of its own, so the rows always add up to the whole.',
    },
    donors: {
      term: 'Givers',
      text: 'People with at least one payment in the range, each counted once in a row.',
    },
    'new-members': {
      term: 'New members',
      text: 'People whose first monthly or yearly gift began in the range.',
    },
    source: { term: 'Ask', text: 'Which part of the site took the request to be reminded.' },
    stage: { term: 'Stage', text: 'Whether somebody asked before a gift, after one, or after ending one.' },
    choice: { term: 'When', text: 'When they wished to be reminded.' },
    asked: { term: 'Asked', text: 'Requests to be reminded.' },
    confirmed: { term: 'Confirmed', text: 'Requests whose address was proven by its owner.' },
    due: {
      term: 'Due',
      text: 'Confirmed reminders whose day has come and that nobody had stopped, and nobody had given before.',
    },
    sent: { term: 'Sent', text: 'Reminders that the mail server took.' },
    opened: {
      term: 'Opened',
      text: 'Reminders whose link was followed as far as sending the donate form. We count no opened letters: there is no pixel in them.',
    },
    gave: { term: 'Gave', text: 'Reminders whose own link led to a payment.' },
    'reminders-net': {
      term: 'Brought',
      text: 'What came in through reminders’ own links, less refunds and disputes.',
    },
    'paid-at': { term: 'Paid', text: 'The moment the payment succeeded; in files in UTC.' },
    id: { term: 'Payment', text: 'The payment’s number in this service.' },
    'reader-id': {
      term: 'Reader',
      text: 'The reader’s number in this service; pages show its end. Addresses are in no report.',
    },
    kind: { term: 'How often', text: 'Once, monthly or yearly.' },
    amount: { term: 'Amount', text: 'What was paid, with what was added to cover fees.' },
    fee: { term: 'Fee', text: 'What Stripe kept of this payment; empty until Stripe has told.' },
    returned: { term: 'Went back', text: 'Refunds and disputes of this payment until now.' },
    article: { term: 'Article', text: 'The article under which the reader was asked.' },
    campaign: { term: 'Campaign', text: 'The campaign named at the ask.' },
    component: {
      term: 'Ask',
      text: 'Which part of the site asked: the appeal, the donate page, a reminder, a letter.',
    },
    'stripe-payment-intent-id': {
      term: 'Number at Stripe',
      text: 'The payment intent. Its page at Stripe is where a gift can be refunded.',
    },
    'created-at': {
      term: 'Happened',
      text: 'The moment at which Stripe made the event, in whole seconds; in files in UTC.',
    },
    type: { term: 'Event', text: 'What happened, in Stripe’s words.' },
    state: {
      term: 'State',
      text: 'Waiting: noted and not applied yet. Given up: failed too often, and waits for a person. Passed over: changes nothing here. Done: in the books.',
    },
    problem: {
      term: 'Reason',
      text: 'Why an event was passed over, or what went wrong at the last try. Names and addresses are never in it.',
    },
    attempts: { term: 'Tries', text: 'How often it was tried to apply the event.' },
    'delay-s': {
      term: 'Delay',
      text: 'From the moment Stripe made the event until it was in our books; in files in seconds. Longer where the event was replayed.',
    },
    'event-id': {
      term: 'Number at Stripe',
      text: 'The event’s number at Stripe, by which it is noted once.',
    },
    'letters-kind': { term: 'Letter', text: 'What the letter is for.' },
    written: {
      term: 'Written',
      text: 'Letters that something caused in these days, each once. Every one of them is sent, waiting, refused, too late, held back, taken back or ambiguous.',
    },
    'letters-sent': {
      term: 'Sent',
      text: 'Taken by the mail server. A letter that comes back later stays sent, and is counted among the bounced too.',
    },
    queued: { term: 'Waiting', text: 'On its way, or to be tried again.' },
    late: {
      term: 'Late',
      text: 'Of the waiting: those whose turn was more than ten minutes ago, or that have been tried in vain for longer.',
    },
    refused: {
      term: 'Refused',
      text: 'The mail server would not take it for this address, and will not later.',
    },
    expired: {
      term: 'Too late',
      text: 'Not sent within the time in which it is of use: sign-in links 10 minutes, confirmations a day, reminders two days, letters about money three.',
    },
    'held-back': { term: 'Held back', text: 'Its address is one of those that get no such letters.' },
    'taken-back': {
      term: 'Taken back',
      text: 'No longer wanted before it went out: the reader gave, stopped the reminder or is gone, or another letter says the same.',
    },
    ambiguous: {
      term: 'Ambiguous',
      text: 'Nobody knows whether it went out once, twice or not at all: the connection broke after its last word. Both copies would carry one number.',
    },
    bounced: {
      term: 'Came back',
      text: 'Sent, and told later by the mail provider to have found no address, a full mailbox or a closed door.',
    },
    complaints: { term: 'Complaints', text: 'Sent, and called unwanted by its reader.' },
    'letter-problems-problem': {
      term: 'Reason',
      text: 'What the mail server answered at once or the provider told later, in a word of ours. Each letter stands under its last one.',
    },
    letters: { term: 'Letters', text: 'Letters of these days that met with it.' },
    trying: { term: 'Tried again', text: 'Of those: still tried again.' },
    'letter-problems-ended': { term: 'Not sent', text: 'Of those: given up, or ambiguous.' },
    'letter-problems-returned': {
      term: 'Told later',
      text: 'Of those: sent, and told later by the mail provider.',
    },
    'newest-at': { term: 'Newest', text: 'When it was so last; in files in UTC.' },
    'suppressions-reason': {
      term: 'Reason',
      text: 'Unsubscribing, “never write to me” and complaints are readers’ own; a dead address is told by mail servers.',
    },
    scope: {
      term: 'Held back',
      text: 'Which letters. Whoever said never to write to them still gets the receipt of a gift they make and the link they ask for; a dead address gets nothing.',
    },
    addresses: {
      term: 'Addresses',
      text: 'How many now. With two reasons an address is in both lines and once in the total.',
    },
    added: { term: 'Of these days', text: 'How many of them came in the days asked for.' },
    work: { term: 'Work', text: 'What happens unasked.' },
    waiting: { term: 'Waiting', text: 'What is due and has not been done yet.' },
    'oldest-waiting-s': {
      term: 'Oldest',
      text: 'How long the oldest of it has been due; in files in seconds.',
    },
    'given-up': {
      term: 'Given up',
      text: 'Events that failed too often and wait for somebody to replay them; letters and reminders of the last thirty days that could not be sent.',
    },
    'last-done-at': { term: 'Last done', text: 'When the newest one was done; in files in UTC.' },
  } satisfies Record<string, Figure>,
};
