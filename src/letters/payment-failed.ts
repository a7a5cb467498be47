// Payment failed: a renewal could not be collected; what happens next, and the way to another card.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, onDay, type Writing, whyGift } from './writing.ts';

export function paymentFailed(writing: Writing<'payment-failed'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.paymentFailed;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words[facts.kind](amount(writing, facts))),
      paragraph(
        facts.nextAttemptAt === null ? words.lastTry : words.triedAgain(onDay(writing, facts.nextAttemptAt)),
      ),
      button(words.button, links.manage(), letters.linkInWords),
      signature(letters.signature(publication.name)),
      ...whyGift(writing, 'button'),
    ],
  };
}
