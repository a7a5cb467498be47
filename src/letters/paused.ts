// Paused: a monthly or yearly gift rests; nothing is charged meanwhile, and when it goes on.
import { button, heading, type Letter, paragraph, signature } from './blocks.ts';
import { amount, greeting, onDay, type Writing, whyGift } from './writing.ts';

export function paused(writing: Writing<'paused'>): Letter {
  const { facts, links, publication } = writing;
  const { letters } = writing.words;
  const words = letters.paused;
  return {
    subject: words.subject,
    discreetSubject: words.subjectDiscreet,
    blocks: [
      heading(words.heading),
      greeting(writing),
      paragraph(words[facts.kind](amount(writing, facts))),
      paragraph(
        facts.resumesAt === null ? words.untilTakenUp : words.resumes(onDay(writing, facts.resumesAt)),
      ),
      button(letters.manageGift, links.manage(), letters.linkInWords),
      signature(letters.signature(publication.name)),
      ...whyGift(writing, 'button'),
    ],
  };
}
