// Debit failed: money that was on its way from a bank account did not come after all; nothing was charged.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, givingAgain, greeting, onDay, type Writing, whyMoney } from './writing.ts';

export function debitFailed(writing: Writing<'debit-failed'>): Letter {
  const { facts, publication } = writing;
  const { letters } = writing.words;
  const words = letters.debitFailed;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words[facts.kind](amount(writing, facts), onDay(writing, facts.failedAt))),
      paragraph(words.why),
      paragraph(words.again),
      button(words.button, givingAgain(writing, facts), letters.linkInWords),
      signature(letters.signature(publication.name)),
      ...whyMoney(writing),
    ],
  };
}
