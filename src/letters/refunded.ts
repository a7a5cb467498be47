// Refunded: money was sent back, wholly or in part.
import { heading, type Letter, paragraph, receipt, signature } from './blocks.ts';
import { amount, day, greeting, reference, type Writing, whyMoney } from './writing.ts';

export function refunded(writing: Writing<'refunded'>): Letter {
  const { facts, publication } = writing;
  const { letters } = writing.words;
  const words = letters.refunded;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph((facts.whole ? words.whole : words.part)(amount(writing, facts))),
      receipt(letters.receipt.title, [
        [letters.receipt.amount, amount(writing, facts)],
        [letters.receipt.refundedOn, day(writing, facts.refundedAt)],
        [letters.receipt.reference, reference(facts.paymentId)],
      ]),
      signature(letters.signature(publication.name)),
      ...whyMoney(writing),
    ],
  };
}
