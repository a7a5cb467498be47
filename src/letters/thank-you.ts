// Thank you: the first letter after a gift, with its receipt.
import { button, heading, type Letter, paragraph, receipt, signature } from './blocks.ts';
import { amount, day, greeting, reference, type Writing, whyGift, whyMoney } from './writing.ts';

export function thankYou(writing: Writing<'thank-you'>): Letter {
  const { facts, links, publication } = writing;
  const { common, letters } = writing.words;
  const words = letters.thankYou;
  const regular = facts.kind !== 'once';
  return {
    subject: words.subject(publication.name),
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words[facts.kind](amount(writing, facts))),
      paragraph(words.whatItDoes),
      ...(regular ? [] : [paragraph(words.onceNothingMore)]),
      receipt(letters.receipt.title, [
        [letters.receipt.amount, amount(writing, facts)],
        ...coveredFees(writing),
        [letters.receipt.howOften, common.howOften[facts.kind]],
        [letters.receipt.paidOn, day(writing, facts.paidAt)],
        ...(facts.nextAt ? [[letters.receipt.next, day(writing, facts.nextAt)] as const] : []),
        [letters.receipt.reference, reference(facts.paymentId)],
      ]),
      ...(regular
        ? [paragraph(letters.manageGiftText), button(letters.manageGift, links.manage(), letters.linkInWords)]
        : []),
      signature(letters.signature(publication.name)),
      ...(regular ? whyGift(writing, 'button') : whyMoney(writing)),
    ],
  };
}

function coveredFees(writing: Writing<'thank-you'>): (readonly [string, string])[] {
  const { facts, words } = writing;
  if (BigInt(facts.feesCoveredMinor) === 0n) return [];
  return [
    [words.letters.receipt.coveredFees, amount(writing, { ...facts, amountMinor: facts.feesCoveredMinor })],
  ];
}
