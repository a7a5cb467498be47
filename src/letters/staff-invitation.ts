// Staff invitation: the one-time link with which somebody of the newsroom chooses a password.
import { button, fine, heading, type Letter, paragraph, signature } from './blocks.ts';
import { greeting, type Writing } from './writing.ts';

export function staffInvitation(writing: Writing<'staff-invitation'>): Letter {
  const { discreet, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.staffInvitation;
  return {
    subject: words.subject(publication.name),
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.text(discreet ? null : publication.name)),
      button(words.button, links.invitation(), letters.linkInWords),
      signature(letters.signature(publication.name)),
      fine(words.goodFor),
    ],
  };
}
