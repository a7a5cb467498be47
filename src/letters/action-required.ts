// Action required: a renewal waits for the reader, whose bank wants them to confirm it; the way to do so.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, type Writing, whyGift } from './writing.ts';

export function actionRequired(writing: Writing<'action-required'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.actionRequired;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words[facts.kind](amount(writing, facts))),
      paragraph(words.how),
      button(words.button, links.openInvoice(facts.membershipId), letters.linkInWords),
      signature(letters.signature(publication.name)),
      ...whyGift(writing),
    ],
  };
}
