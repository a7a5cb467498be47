// Recovered: a renewal that had failed came after all; thanks, with its receipt.
import { heading, type Letter, paragraph, receipt, signature } from './blocks.ts';
import { amount, day, greeting, reference, type Writing, whyGift } from './writing.ts';

export function recovered(writing: Writing<'recovered'>): Letter {
  const { facts, publication } = writing;
  const { common, letters } = writing.words;
  const words = letters.recovered;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words[facts.kind](amount(writing, facts))),
      receipt(letters.receipt.title, [
        [letters.receipt.amount, amount(writing, facts)],
        [letters.receipt.howOften, common.howOften[facts.kind]],
        [letters.receipt.paidOn, day(writing, facts.paidAt)],
        ...(facts.nextAt ? [[letters.receipt.next, day(writing, facts.nextAt)] as const] : []),
        [letters.receipt.reference, reference(facts.paymentId)],
      ]),
      signature(letters.signature(publication.name)),
      ...whyGift(writing),
    ],
  };
}
