// Gift lost: a gift ended because it could not be collected any more; not the reader's wish.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, type Writing, whyMoney } from './writing.ts';

export function giftLost(writing: Writing<'gift-lost'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.cancelled;
  return {
    subject: words.subject,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.endedUnpaid(amount(writing, facts))),
      paragraph(words.thanks),
      paragraph(words.comeBack),
      button(words.comeBackButton, links.donate(), letters.linkInWords),
      signature(letters.signature(publication.name)),
      ...whyMoney(writing),
    ],
  };
}
