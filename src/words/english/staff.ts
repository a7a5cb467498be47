// The staff desk, in English.
export const staff = {
  signInTitle: 'Sign in to the desk',
  password: 'Password',
  newPassword: 'New password',
  setPasswordTitle: 'Set your password',
  setPasswordText: (shortest: number) =>
    `At least ${shortest} characters. A short sentence that only you would write works well.`,
  setPassword: 'Set password',
  lostPassword: 'No password yet, or lost? Someone with the admin role can send you a new link.',
  invitationOverTitle: 'This link is over',
  invitationOver:
    'It was used already, has been replaced by a newer one, or is older than three days. If you have a password, sign in with it; otherwise ask the person who invited you for a new link.',
  letters: {
    title: 'Letters to one supporter',
    text: 'How each letter looks to this supporter. None is sent from here, and the links in them open nothing.',
    supporter: (id: string) => `Supporter ${id}`,
    kind: 'Letter',
    newest: 'Newest',
    never: 'none yet',
    written: (day: string) => `Written to this supporter on ${day}.`,
    own: 'Not written yet. The gift is this supporter’s own; days and the rest are examples.',
    example: 'Not written yet. All that it tells is an example.',
    from: 'From',
    subject: 'Subject',
    preview: 'Preview',
    asText: 'As plain text',
  },
  roles: { viewer: 'Viewer', support: 'Support', finance: 'Finance', admin: 'Admin' },
};
