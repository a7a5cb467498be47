// Remind me later: form, confirmation and the reminder's own pages, in English. `onDay` reads "on Wednesday 24 February".
export const reminders = {
  title: 'Remind me later',
  lead: 'We will write to you once, on the day you choose, and then leave you in peace.',
  whenLegend: 'When should we write?',
  choices: {
    week: 'In a week',
    month: 'In a month',
    quarter: 'In three months',
    'half-year': 'In half a year',
    year: 'In a year',
    date: 'On a day of my choice',
  },
  day: 'Day',
  preview: (onDay: string) => `We will write to you once, ${onDay}, in the morning.`,
  calendarInstead: 'Save it to my calendar instead',
  calendarInsteadWhy: 'No address needed.',
  whatWeKeep: 'Your address is kept for this one letter only, and deleted afterwards.',
  submit: 'Remind me',
  /** The same for every address, known or not. */
  asked: {
    title: 'Please look at your mail',
    text: (onDay: string) =>
      `If the address is right, a short letter is on its way. Once you confirm it there, we will write to you ${onDay}, in the morning.`,
    noConfirmation: (onDay: string) =>
      `If we may write to this address, we will do so once, ${onDay}, in the morning.`,
  },
  confirm: {
    title: 'Confirm your reminder',
    text: (onDay: string) => `We will write to you once, ${onDay}, in the morning.`,
    button: 'Yes, remind me',
    done: (onDay: string) => `Good. We will write to you once, ${onDay}, in the morning.`,
    dayPassed: 'The day you chose has already passed. Please choose again.',
    notMe: 'This was not me: never write to this address',
    notMeDone: 'We will not write to this address again.',
  },
  manage: {
    title: 'Your reminder',
    due: (onDay: string) => `It is set: we will write to you ${onDay}, in the morning.`,
    change: 'Change the day',
    changed: (onDay: string) => `The day is changed: we will write to you ${onDay}, in the morning.`,
    snooze: 'Remind me again in a month',
    snoozed: (onDay: string) => `We will write to you again ${onDay}, in the morning.`,
    noMoreSnoozes: 'You have put this off three times, so we leave it there. You are welcome back any day.',
    stop: 'Stop the reminder',
    stopped: 'The reminder is stopped. No letter will come.',
    alreadySent: 'This reminder has been sent.',
    give: 'Give now',
  },
  unsubscribe: {
    title: 'No more reminders',
    text: 'Press the button and we will send no more reminders to this address.',
    button: 'Stop reminders',
    done: 'Done. We will send no more reminders to this address.',
  },
  afterGift: 'Would you like a reminder to give again?',
};
