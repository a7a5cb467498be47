// Gift lost: a gift ended because it could not be collected any more; not the reader's wish.
import { button, fineLink, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, givingAgain, greeting, type Writing, whyMoney } from './writing.ts';

export function giftLost(writing: Writing<'gift-lost'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.cancelled;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words.endedUnpaid(amount(writing, facts))),
      paragraph(words.thanks),
      paragraph(words.comeBack),
      button(words.comeBackButton, givingAgain(writing, facts), letters.linkInWords),
      signature(letters.signature(publication.name)),
      fineLink(words.remindLater, links.remindAgain()),
      ...whyMoney(writing),
    ],
  };
}
