// The appeal at the end of an article, in English.
export const ask = {
  heading: 'You have read to the end',
  text: (publication: string) =>
    `${publication} exists because some of its readers pay for it, each what they can. If this article was worth your time, you can help us write the next one.`,
  fromAMonth: (amount: string) => `It starts at ${amount} a month.`,
  notReady: 'Not ready to support today?',
  remindMeLater: 'Remind me later',
  frameTitle: (publication: string) => `Support ${publication}`,
};
