// Manage link: the way to one's own gift, mailed anew because the reader asked for it.
import { button, fine, heading, type Letter, paragraph, signature } from './blocks.ts';
import { greeting, type Writing } from './writing.ts';

export function manageLink(writing: Writing<'manage-link'>): Letter {
  const { links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.giftLink;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.text),
      button(letters.manageGift, links.manage(), letters.linkInWords),
      signature(letters.signature(publication.name)),
      fine(words.ignore),
    ],
  };
}
