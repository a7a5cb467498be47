// Amount changed: from the next payment on another amount is collected, at the reader's own wish.
import { heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, howMuch, onDay, type Writing, whyGift } from './writing.ts';

export function amountChanged(writing: Writing<'amount-changed'>): Letter {
  const { facts } = writing;
  const { letters } = writing.words;
  const words = letters.amountChanged;
  const before = amount(writing, { amountMinor: facts.beforeMinor, currency: facts.currency });
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.text(before, howMuch(writing, facts), onDay(writing, facts.nextAt))),
      paragraph(words.thanks),
      signature(letters.signature(writing.publication.name)),
      ...whyGift(writing),
    ],
  };
}
