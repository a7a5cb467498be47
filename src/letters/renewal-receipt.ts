// Renewal receipt: a monthly or yearly gift was collected again.
import { heading, type Letter, paragraph, receipt, signature } from './blocks.ts';
import { amount, day, greeting, reference, type Writing, whyGift } from './writing.ts';

export function renewalReceipt(writing: Writing<'renewal-receipt'>): Letter {
  const { facts, publication } = writing;
  const { common, letters } = writing.words;
  return {
    subject: letters.renewed.subject(publication.name),
    discreetSubject: letters.renewed.subjectDiscreet,
    blocks: [
      heading(letters.renewed.heading),
      greeting(writing),
      paragraph(letters.renewed[facts.kind](amount(writing, facts))),
      paragraph(letters.thankYou.whatItDoes),
      receipt(letters.receipt.title, [
        [letters.receipt.amount, amount(writing, facts)],
        [letters.receipt.howOften, common.howOften[facts.kind]],
        [letters.receipt.paidOn, day(writing, facts.paidAt)],
        ...(facts.nextAt ? [[letters.receipt.next, day(writing, facts.nextAt)] as const] : []),
        [letters.receipt.reference, reference(facts.paymentId)],
      ]),
      paragraph(letters.manageGiftText),
      signature(letters.signature(publication.name)),
      ...whyGift(writing),
    ],
  };
}
