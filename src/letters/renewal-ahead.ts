// Renewal ahead: a yearly gift is collected again soon; when, how much, and the way to change one's mind.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, onDay, type Writing, whyGift } from './writing.ts';

export function renewalAhead(writing: Writing<'renewal-ahead'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.renewalAhead;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.text(amount(writing, facts), onDay(writing, facts.renewsAt))),
      paragraph(words.change),
      button(letters.manageGift, links.manage(), letters.linkInWords),
      paragraph(words.thanks),
      signature(letters.signature(publication.name)),
      ...whyGift(writing, 'button'),
    ],
  };
}
