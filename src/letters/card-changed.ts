// Card changed: the gift is collected from another card from now on.
import { heading, type Letter, paragraph, signature } from './blocks.ts';
import { greeting, onDay, type Writing, whyGift } from './writing.ts';

export function cardChanged(writing: Writing<'card-changed'>): Letter {
  const { letters } = writing.words;
  const words = letters.cardChanged;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.text(onDay(writing, writing.facts.changedAt))),
      paragraph(words.notMe),
      signature(letters.signature(writing.publication.name)),
      ...whyGift(writing),
    ],
  };
}
