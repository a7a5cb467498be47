// The reader's own pages: looking after a gift, in English.
export const account = {
  title: 'Your support',
  openPortalText:
    'On the next page, at Stripe, you can change your card or end your gift. This link opens nothing else.',
  openPortal: 'Look after my gift',
  mailLinkTitle: 'Get a new link',
  mailLinkText: 'Enter the address you give with, and we will mail you a fresh link.',
  mailLink: 'Mail me my link',
  /** The same for every address, known or not. */
  linkMailed:
    'If a gift belongs to this address, a letter with the link is on its way. It may take a few minutes.',
  standing: {
    active: 'Active',
    'past-due': 'Payment overdue',
    paused: 'Paused',
    ending: 'Ends at the end of the paid period',
    ended: 'Ended',
  },
};
