// Card expiring: the card behind a regular gift is about to run out; the way to the new one.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, type Writing, whyGift } from './writing.ts';

export function cardExpiring(writing: Writing<'card-expiring'>): Letter {
  const { facts, links, publication } = writing;
  const { common, letters } = writing.words;
  const words = letters.cardExpiring;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words[facts.kind](amount(writing, facts), common.date(facts.expiresOn))),
      paragraph(words.what),
      button(words.button, links.manage(), letters.linkInWords),
      signature(letters.signature(publication.name)),
      ...whyGift(writing, 'button'),
    ],
  };
}
